"""Partitions of the labels into K intervals: the best ones by exact dynamic programming, equal width, equal frequency.

Among partitions into K intervals of given cells the one with the least remainder W has the largest `KL(q_C||p_C)` (result
`best_classes`), since `W = KL(q_y||p_y) - KL(q_C||p_C)`. The gain `q_c log(q_c/p_c)` adds over bins, so with `V_k(j)` the best gain of the
first j cells in k intervals, `V_k(j) = max_i V_{k-1}(i) + gain(i, j)`: exact for every p, monotone or not. Beyond intervals the optimum is
level sets of r; intervals keep neighbouring labels together, which is what a classification loss on ordered labels is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unskew.ground.refusals import InputError

MOST_CELLS = 4096
"""The gain matrix holds a number for each pair of edges: 128 MiB, three times over at this size."""


@dataclass(frozen=True)
class Partition:
    """K intervals of cells.

    Attributes:
      edges: (K + 1,) indices into the cell edges, from 0 to the number of cells.
      kl_classes: KL(q_C||p_C), nats; infinite where a class has q > 0 = p.
    """

    edges: tuple[int, ...]
    kl_classes: float

    @property
    def classes(self) -> int:
        return len(self.edges) - 1


def kl_classes(q: np.ndarray, p: np.ndarray, edges: Sequence[int]) -> float:
    """KL(q_C||p_C) of the classes with the given edges.

    Args:
      q, p: (n,) masses of the cells.
      edges: (K + 1,) increasing indices from 0 to n.
    """
    # Sums of each class, not differences of running sums: a class far rarer than the rest keeps its digits.
    starts = list(edges)[:-1]
    mass_q, mass_p = np.add.reduceat(q, starts), np.add.reduceat(p, starts)
    with np.errstate(divide="ignore"):
        terms = np.where(mass_q > 0, mass_q * (np.log(np.maximum(mass_q, 1e-300)) - np.log(mass_p)), 0.0)
    return float(terms.sum())


def best(
    q: np.ndarray, p: np.ndarray, classes: Sequence[int], *, counts: np.ndarray | None = None, at_least: int = 0
) -> list[Partition]:
    """The partition into K intervals of cells with the largest KL(q_C||p_C), for each K asked for.

    Args:
      q, p: (n,) non-negative masses of the cells, each summing to 1.
      classes: numbers of classes, each from 1 to n.
      counts, at_least: a class is admitted only with at least this many samples (`counts` (n,) of each cell). Raw empirical masses need
        this, or smoothing, because an empty class has an infinite KL and would always win.

    Returns:
      One partition for each K, in the order of `classes`.

    Raises:
      InputError: a class could be empty under p (infinite gain) and nothing forbids it; more cells than `MOST_CELLS`; K out of range; no
        partition has enough samples in each class.
    """
    n = len(q)
    if n > MOST_CELLS:
        raise InputError(f"{n} candidate edges", f"use at most {MOST_CELLS}")
    if not classes or min(classes) < 1 or max(classes) > n:
        raise InputError(f"{list(classes)} classes from {n} cells", f"ask for between 1 and {n}")
    if at_least < 1 and bool(((p <= 0) & (q > 0)).any()):
        raise InputError("some cells have no samples", "smooth the masses or require a count in each class")
    gain = _gains(q, p, counts, at_least)
    values = _programme(gain, max(classes))
    return [_trace(values, gain, count) for count in classes]


def equal_width(n: int, classes: int) -> tuple[int, ...]:
    """Edges of K intervals of (nearly, where K does not divide n) equally many cells; cells of equal width are meant."""
    return tuple(round(n * c / classes) for c in range(classes + 1))


def equal_frequency(p: np.ndarray, classes: int) -> tuple[int, ...]:
    """Edges at the quantiles of p (histogram equalisation), each moved to the nearest cell edge; coinciding edges are dropped, so fewer
    than K classes can come back."""
    n = len(p)
    cumulative = _cumulative(p) / p.sum()
    targets = np.arange(1, classes) / classes
    right = np.clip(np.searchsorted(cumulative, targets), 1, n)
    nearer_left = targets - cumulative[right - 1] < cumulative[right] - targets
    inner = sorted({int(edge) for edge in np.where(nearer_left, right - 1, right)} - {0, n})
    return (0, *inner, n)


def _cumulative(masses: np.ndarray) -> np.ndarray:
    return np.concatenate([[0.0], np.cumsum(masses, dtype=np.float64)])


def _interval_masses(masses: np.ndarray) -> np.ndarray:
    """The mass from edge i to edge j, (n + 1, n + 1), zero where i >= j.

    Each row is a running sum from its own start, so every entry has the relative accuracy of a sum of non-negative numbers; a
    difference of running sums from 0 would lose all digits of intervals far rarer than the rest.
    """
    n = len(masses)
    rows = np.triu(np.broadcast_to(np.asarray(masses, np.float64), (n, n)))
    masses_between = np.zeros((n + 1, n + 1))
    np.cumsum(rows, axis=1, out=masses_between[:n, 1:])
    return masses_between


def _gains(q: np.ndarray, p: np.ndarray, counts: np.ndarray | None, at_least: int) -> np.ndarray:
    """gain[i, j] of the interval from edge i to edge j, (n + 1, n + 1); -inf where i >= j or where the samples are too few."""
    mass_q, mass_p = _interval_masses(q), _interval_masses(p)
    admitted = np.triu(np.ones(mass_q.shape, bool), 1)
    if counts is not None:
        admitted &= _interval_masses(counts) >= at_least
    safe_q, safe_p = np.where(admitted & (mass_q > 0), mass_q, 1.0), np.where(admitted & (mass_p > 0), mass_p, 1.0)
    gain = np.where(mass_q > 0, safe_q * np.log(safe_q / safe_p), 0.0)
    return np.where(admitted, gain, -np.inf)


def _programme(gain: np.ndarray, most: int) -> np.ndarray:
    """The recursion: row k of the values (most + 1, n + 1) is the best gain of the first j cells in k intervals."""
    values = np.full((most + 1, gain.shape[0]), -np.inf)
    values[0, 0] = 0.0
    # By last edge: the maximum then runs along memory.
    by_last = np.ascontiguousarray(gain.T)
    sums = np.empty_like(by_last)
    for k in range(most):
        np.add(by_last, values[k], out=sums)
        np.max(sums, axis=1, out=values[k + 1])
    return values


def _trace(values: np.ndarray, gain: np.ndarray, count: int) -> Partition:
    """Walks back from the last edge; the choice of each edge is recomputed, so only values are stored."""
    edge = gain.shape[0] - 1
    if not np.isfinite(values[count, edge]):
        raise InputError(
            f"no partition into {count} classes has enough samples in each", "ask for fewer classes or samples"
        )
    edges = [edge]
    for k in range(count, 0, -1):
        edge = int(np.argmax(values[k - 1] + gain[:, edge]))
        edges.append(edge)
    return Partition(tuple(reversed(edges)), float(values[count, -1]))
