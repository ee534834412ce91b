"""What every label law offers, whether it is a density or sits on atoms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from unskew.label_files.report import LabelReport

Support = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class LabelNodes:
    """Labels with weights: `E_q[g] ~ sum(weight * g(y))`, exact for discrete laws.

    Attributes:
      y: labels, shape (n,).
      weight: quadrature weight times q(y), shape (n,), sums to 1.
      log_ratio: `l(y) = log p(y)/q(y)`, shape (n,), -inf where p is zero.
      slope: `l'(y)`, shape (n,); nan for discrete laws.
    """

    y: np.ndarray
    weight: np.ndarray
    log_ratio: np.ndarray
    slope: np.ndarray


class Law(Protocol):
    """A label law p on a support, with its reference q: uniform on the support, or on the atoms.

    `discrete` says which.
    """

    def __hash__(self) -> int: ...

    @property
    def name(self) -> str:
        """As the user gave it."""

    @property
    def support(self) -> Support:
        """`(a, b)`."""

    @property
    def description(self) -> str:
        """One line in words, or nothing."""

    @property
    def report(self) -> LabelReport | None:
        """What a label file held, where the law is from one."""

    @property
    def origin(self) -> Fraction:
        """Labels are counted from here: the support, the edges and the nodes are differences to it."""

    @property
    def mesh(self) -> tuple[Fraction, ...]:
        """Ends, within the support, of panels on which no feature is missed; none for labels on atoms."""

    @property
    def discrete(self) -> bool:
        """Whether the law sits on atoms."""

    @property
    def length(self) -> float:
        """`D = b - a`, in label units."""

    @property
    def breakpoints(self) -> tuple[Fraction, ...]:
        """Where two smooth pieces meet."""

    @property
    def graded(self) -> tuple[Fraction, ...]:
        """Cuts that quadrature needs beside the breakpoints."""

    @property
    def unsampled(self) -> list[str]:
        """Where p is zero and q is not, in words."""

    def nodes(self, cuts: Sequence[Fraction], order: int, width: float) -> LabelNodes:
        """Labels with weights, see `numerics.laws.density.Density.nodes`; a discrete law has its atoms."""

    def bin_masses(self, edges: Sequence[Fraction]) -> tuple[np.ndarray, np.ndarray]:
        """`(q_c, p_c)`, shape (K,) each, of the bins between K + 1 ascending edges."""

    def sample(self, key: Any, n: int) -> Any:
        """`n` independent labels from p: same key, same bits."""
