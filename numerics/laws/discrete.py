"""A label law on finitely many atoms, exact throughout."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from numerics.laws.law import LabelNodes, Support
from unskew.label_files.report import runs


@dataclass(frozen=True)
class DiscreteLaw:
    """Labels on finitely many atoms; the reference `q` is uniform on them.

    Attributes:
      name: as the user gave it.
      support: `(a, b)`; covers the atoms.
      atoms: labels in order.
      counts: how often each occurs; zero where a label of the reference is never sampled.
      description: one line in words.
      report: what was found in the file.
    """

    name: str
    support: Support
    atoms: tuple[Fraction, ...]
    counts: tuple[int, ...]
    description: str = ""
    report: Any = None
    discrete: bool = True

    @property
    def length(self) -> float:
        """`D = b - a`, in label units."""
        return float(self.support[1] - self.support[0])

    @property
    def origin(self) -> Fraction:
        """Labels are counted from zero."""
        return Fraction(0)

    @property
    def breakpoints(self) -> tuple[Fraction, ...]:
        """None: there is nothing to integrate across."""
        return ()

    @property
    def mesh(self) -> tuple[Fraction, ...]:
        """None, as for `breakpoints`."""
        return ()

    @property
    def graded(self) -> tuple[Fraction, ...]:
        """None: there is no slope."""
        return ()

    @property
    def unsampled(self) -> list[str]:
        """Labels of the reference that never occur, neighbours joined; the log-loss price is infinite when there are any."""
        return list(runs(self.atoms, [count == 0 for count in self.counts]))

    @cached_property
    def masses(self) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
        """`(q, p)` of the atoms, exact."""
        total = sum(self.counts)
        return (Fraction(1, len(self.atoms)),) * len(self.atoms), tuple(Fraction(c, total) for c in self.counts)

    def nodes(self, cuts: Sequence[Fraction] = (), order: int = 0, width: float = 0.0) -> LabelNodes:
        """The atoms; the arguments are those of `Density.nodes` and are ignored."""
        y = np.array([float(atom) for atom in self.atoms])
        ratio = np.array(self.counts, dtype=float) / sum(self.counts) * len(self.atoms)
        with np.errstate(divide="ignore"):
            log_ratio = np.log(ratio)
        return LabelNodes(y, np.full(len(y), 1 / len(y)), log_ratio, np.full(len(y), math.nan))

    def bin_masses(self, edges: Sequence[Fraction]) -> tuple[np.ndarray, np.ndarray]:
        """`(q_c, p_c)`, shape (K,) each, of the bins `[e_i, e_{i+1})`, the last one closed; exact, rounded once."""
        q, p = self.masses
        totals = [[Fraction(0), Fraction(0)] for _ in edges[1:]]
        number = 0
        for atom, q_atom, p_atom in zip(self.atoms, q, p, strict=True):
            if not edges[0] <= atom <= edges[-1]:
                continue
            while number < len(totals) - 1 and atom >= edges[number + 1]:
                number += 1
            totals[number][0] += q_atom
            totals[number][1] += p_atom
        return np.array([float(t[0]) for t in totals]), np.array([float(t[1]) for t in totals])

    def sample(self, key: Any, n: int) -> Any:
        """`n` independent labels from `p`, shape (n,), by exact integer counts: same key, same bits."""
        import jax
        import jax.numpy as jnp

        ends = np.cumsum(self.counts)
        place = jax.random.randint(key, (n,), 0, int(ends[-1]))
        return jnp.asarray(self.nodes().y)[jnp.searchsorted(jnp.asarray(ends), place, side="right")]
