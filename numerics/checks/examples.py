"""Finite worlds with exact probabilities, on which every result is checked whatever the density of the run.

A uniform density has nothing to tilt and no wrong sign would show on it; these worlds make every wrong version visible in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from numerics import finite
from numerics.checks.common import rounded
from numerics.records import Estimate


@dataclass(frozen=True)
class Example:
    """A finite world.

    Attributes:
      name: a phrase.
      labels: numbers, one for each label.
      exact_q, exact_p: probabilities of the labels.
      exact_k: row y holds k(.|y).
      parts: the class of each label, counted from 0.
    """

    name: str
    labels: tuple[Fraction, ...]
    exact_q: tuple[Fraction, ...]
    exact_p: tuple[Fraction, ...]
    exact_k: tuple[tuple[Fraction, ...], ...]
    parts: tuple[int, ...]

    @cached_property
    def y(self) -> np.ndarray:
        return np.array(self.labels, float)

    @cached_property
    def q(self) -> np.ndarray:
        return np.array(self.exact_q, float)

    @cached_property
    def p(self) -> np.ndarray:
        return np.array(self.exact_p, float)

    @cached_property
    def k(self) -> np.ndarray:
        return np.array(self.exact_k, float)

    @cached_property
    def members(self) -> np.ndarray:
        """1 where a label belongs to a class, shape (classes, labels)."""
        return (np.arange(max(self.parts) + 1)[:, None] == np.array(self.parts)[None, :]).astype(float)

    @cached_property
    def world(self) -> finite.FiniteWorld:
        """The same as plain loops have it (`numerics.finite`), the side that the formulas of a check are set against."""
        bins = tuple(tuple(i for i, part in enumerate(self.parts) if part == c) for c in range(max(self.parts) + 1))
        return finite.FiniteWorld(self.q, self.p, self.k, self.y, bins)

    def found(self, quantity: Callable[[finite.FiniteWorld], float], size: float = 1.0) -> Estimate:
        """A quantity of `numerics.finite`: exact sums of terms of at most `size` nats or squared units, each good to some roundings."""
        value = quantity(self.world)
        return rounded(value, 32, size + abs(value))


def divergence(above: np.ndarray, below: np.ndarray) -> Estimate:
    """KL between two arrays of probabilities of one shape; zero where the first one is. Exact but for rounding."""
    there = above > 0
    terms = above[there] * np.log(above[there] / below[there])
    return rounded(float(terms.sum()), 8 + terms.size, float(np.abs(terms).sum() + above.sum()))


def exact(text: str) -> tuple[Fraction, ...]:
    """Exact numbers, written side by side."""
    return tuple(Fraction(part) for part in text.split())


THREE = Example(
    "three labels, two inputs equally likely in both worlds",
    exact("0 1 2"),
    exact("1/3 1/3 1/3"),
    exact("1/10 4/5 1/10"),
    (exact("9/10 1/10"), exact("1/2 1/2"), exact("1/10 9/10")),
    (0, 0, 1),
)
"""The sheet's example under `price`: inputs have the same law in both worlds, so the price is its upper end."""

REVEALED = Example(
    "four labels, the input reveals {1}, {2, 3}, {4}",
    exact("1 2 3 4"),
    exact("1/4 1/4 1/4 1/4"),
    exact("1/8 1/4 1/4 3/8"),
    (exact("1 0 0"), exact("0 1 0"), exact("0 1 0"), exact("0 0 1")),
    (0, 0, 1, 1),
)
"""The sheet's example under `offset`: the input determines r, the price is zero, and too few classes make the correction hurt."""

GENERIC = Example(
    "five labels, four inputs, two classes",
    exact("0 1 3 4 6"),
    exact("1/8 1/4 1/4 1/8 1/4"),
    exact("3/8 1/16 1/4 1/4 1/16"),
    (
        exact("1/2 1/4 1/8 1/8"),
        exact("1/4 1/2 1/8 1/8"),
        exact("1/8 1/4 3/8 1/4"),
        exact("1/8 1/8 1/4 1/2"),
        exact("1/16 3/16 1/4 1/2"),
    ),
    (0, 0, 1, 1, 1),
)
"""Nothing special: every identity has all of its terms."""

ALL = (THREE, REVEALED, GENERIC)
