"""Class edges on the cells: three kinds, the remainder W and the estimation penalty of each, for every number of classes.

A class must hold at least `LEAST` training labels (or all of them, where there are fewer): the penalty of *sample_size* is an expectation where no
class is empty, and a class with five expected labels is empty in a resample with probability exp(-5). Classes that would hold fewer, or that
the reference does not know, are joined with a neighbour; best classes are searched among those that hold enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unskew import partitions
from unskew.cells import Cells

KINDS = ("optimal", "equal-width", "equal-frequency")
"""Of edges: the least W (result `best_classes`), equal widths, equally many labels."""
LEAST = 5
CANDIDATES = 1024
"""Edges that best classes are searched among."""

Edges = tuple[int, ...]


@dataclass(frozen=True)
class Remainder:
    """Classes of one kind against their number.

    Attributes:
      kind: one of `KINDS`.
      counts: numbers of classes K, ascending, (k,).
      used: classes that are left after joining, (k,).
      remainder: W, nats, (k,).
      penalty: expected price of estimating the class masses, nats, (k,) (result `sample_size`).
      width: d, the largest class width, label units, (k,).
    """

    kind: str
    counts: np.ndarray
    used: np.ndarray
    remainder: np.ndarray
    penalty: np.ndarray
    width: np.ndarray

    @property
    def bound(self) -> np.ndarray:
        """W plus the penalty: at most this much is left of the extra error, in expectation over the labels."""
        return self.remainder + self.penalty


def least_count(cells: Cells) -> int:
    """Training labels that a class must hold."""
    return min(LEAST, cells.n)


def kl_labels(q: np.ndarray, p: np.ndarray) -> np.ndarray:
    """KL(q||p) of masses (..., m), nats."""
    covered = q > 0
    return np.sum(q[covered] * (np.log(q[covered]) - np.log(p[..., covered])), axis=-1)


def kl_classes(q: np.ndarray, p: np.ndarray, edges: Edges) -> np.ndarray:
    """KL(q_C||p_C) of masses q (m,) and p (..., m)."""
    return kl_labels(_sums(q, edges), _sums(p, edges))


def penalty(cells: Cells, edges: Edges) -> float:
    """(1/2n) sum_c q_c (1 - q_c)/p_c with p_c the shares of the labels (result `sample_size`), nats."""
    q, counts = _sums(cells.q, edges), _sums(cells.counts, edges)
    return 0.0 if len(q) == 1 else float(np.sum(q * (1 - q) / counts) / 2)


def _sums(masses: np.ndarray, edges: Edges) -> np.ndarray:
    return np.add.reduceat(masses, edges[:-1], axis=-1)


def joined(edges: Sequence[int], cells: Cells) -> Edges:
    """The edges without those that leave a class with too few labels or without reference mass; from the left, what remains goes to the last."""
    enough = least_count(cells)
    counts = np.concatenate([[0], np.cumsum(cells.counts)])
    covered = np.concatenate([[0], np.cumsum(cells.q > 0)])
    last = edges[-1]
    inner = [0]
    for edge in edges[1:-1]:
        complete = counts[edge] - counts[inner[-1]] >= enough and covered[edge] > covered[inner[-1]]
        if complete and counts[last] - counts[edge] >= enough and covered[last] > covered[edge]:
            inner.append(edge)
    return (*inner, last)


def equal_width(cells: Cells, count: int) -> Edges:
    """K classes of equal width, edges moved to the nearest cell edge; empty ones are joined."""
    ends = cells.edges[0] + cells.length * np.arange(1, count) / count
    return joined((0, *np.unique(np.searchsorted(cells.y, ends)).tolist(), len(cells.y)), cells)


def equal_frequency(cells: Cells, count: int) -> Edges:
    """Classes that hold equally many training labels (histogram equalisation)."""
    return joined(partitions.equal_frequency(cells.counts.astype(float), count), cells)


def optimal(cells: Cells, counts: Sequence[int]) -> list[Edges]:
    """The classes with the least W for each K (result `best_classes`), exact among `CANDIDATES` edges that leave enough labels in each class.

    A K that cannot be had gives the most classes that can.
    """
    grouped = candidates(cells)
    q, p, labels = (_sums(column, grouped) for column in (cells.q, cells.p, cells.counts))
    most = most_classes(labels, least_count(cells))
    best = partitions.best(
        q, p, [min(count, most) for count in counts], counts=labels.astype(float), at_least=least_count(cells)
    )
    return [joined([grouped[edge] for edge in partition.edges], cells) for partition in best]


def candidates(cells: Cells) -> Edges:
    """Cell edges that best classes may have."""
    step = -(-len(cells.y) // CANDIDATES)
    return (*range(0, len(cells.y), step), len(cells.y))


def most_classes(counts: np.ndarray, enough: int) -> int:
    """Most intervals that hold `enough` labels each: cut as soon as there are enough."""
    count = held = 0
    for labels in counts.tolist():
        held += labels
        if held >= enough:
            count, held = count + 1, 0
    return max(1, count)


def edges_of(cells: Cells, kind: str, counts: Sequence[int]) -> list[Edges]:
    """The class edges of one kind for each K."""
    if kind == KINDS[0]:
        return optimal(cells, counts)
    one = equal_width if kind == KINDS[1] else equal_frequency
    return [one(cells, count) for count in counts]


def remainder(cells: Cells, kind: str, most: int) -> tuple[Remainder, list[Edges]]:
    """W, penalty and width for the numbers of classes in `numbers(most)`, and the edges."""
    counts = numbers(min(most, len(candidates(cells)) - 1))
    edges = edges_of(cells, kind, counts)
    total = float(kl_labels(cells.q, cells.p))
    rows = [
        (
            len(one) - 1,
            max(0.0, total - float(kl_classes(cells.q, cells.p, one))),
            penalty(cells, one),
            float(np.diff(cells.edges[list(one)]).max()),
        )
        for one in edges
    ]
    used, left, price, width = (np.array(column) for column in zip(*rows, strict=True))
    return Remainder(kind, np.array(counts), used, left, price, width), edges


def numbers(most: int) -> list[int]:
    """The K that are looked at: all up to 64, then eight to each doubling, and `most`."""
    fine = {round(64 * 2 ** (step / 8)) for step in range(33)}
    return sorted({k for k in {*range(1, 65), *fine, most} if k <= most})
