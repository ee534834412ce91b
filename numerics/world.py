"""A world: a label law, a channel and the numbers of classes. Everything numeric starts from one.

The law gives both label densities (q, the balanced one, and p), the channel is shared by both (label shift), and each number of
classes K names a partition of the support into K bins of equal width.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from numerics.channels import Channel
from numerics.laws.law import Law
from unskew.ground.refusals import InputError

MOST_CLASSES = 4096


@dataclass(frozen=True)
class World:
    """What a run is about.

    Attributes:
      law: a density or atoms (see `numerics.laws.densities`, `numerics.laws.labels`).
      channel: k(x|y).
      classes: the numbers of classes K, without repeats, in the user's order.

    Raises:
      InputError: a number of classes that is not between 1 and `MOST_CLASSES`, or named twice.
    """

    law: Law
    channel: Channel
    classes: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.classes:
            raise InputError("no number of classes", "give at least one, such as 8")
        for count in self.classes:
            if not 1 <= count <= MOST_CLASSES:
                raise InputError(f"{count} classes", f"give between 1 and {MOST_CLASSES}")
        if len(set(self.classes)) < len(self.classes):
            raise InputError("a number of classes is named twice", "name each once")

    @property
    def edges(self) -> tuple[tuple[Fraction, ...], ...]:
        """The bin edges of each number of classes."""
        return tuple(class_edges(self.law, count) for count in self.classes)


def class_edges(law: Law, count: int) -> tuple[Fraction, ...]:
    """Edges of `count` bins of equal width on the law's support, exact.

    A discrete law may have no atom in a bin; such a bin has no meaning (0/0) and is joined to its neighbour, so fewer bins than
    `count` can come back. Bins are [e_i, e_{i+1}), the last one closed.
    """
    low, high = law.support
    edges = tuple(low + (high - low) * Fraction(i, count) for i in range(count + 1))
    if not law.discrete:
        return edges
    return _occupied(edges, np.sort(law.nodes((), 1, float("inf")).y))


def _occupied(edges: tuple[Fraction, ...], atoms: np.ndarray) -> tuple[Fraction, ...]:
    """Drops the left edge of every bin without an atom (the right neighbour's, for the first)."""
    inner = [float(edge) for edge in edges[1:-1]]
    occupied = sorted({bisect_right(inner, atom) for atom in atoms.tolist()})
    # One edge between consecutive occupied bins: the left edge of the later one.
    return (edges[0], *(edges[index] for index in occupied[1:]), edges[-1])


def common_cells(partitions: Sequence[Sequence[Fraction]]) -> tuple[Fraction, ...]:
    """The coarsest partition that refines all of them: the union of their edges."""
    return tuple(sorted({edge for edges in partitions for edge in edges}))


def bin_index(edges: Sequence[Fraction | float], y: np.ndarray) -> np.ndarray:
    """The bin of each label, shape of `y`: [e_i, e_{i+1}), the last one closed."""
    inner = np.array([float(edge) for edge in edges[1:-1]])
    return np.searchsorted(inner, y, side="right")
