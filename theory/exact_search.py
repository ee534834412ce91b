"""Partitions into intervals with an exact cost: labels and training counts are integers, so costs compare as rationals."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import combinations, pairwise
from math import prod

from theory.record import Residual

# exp(N cost) is a rational number, N the sum of the reference weights, and sums of costs become products.
REFERENCE, COUNTS = (1, 1, 1, 1), (3, 2, 1, 2)
TIED = (4, 3, 1, 4)
"""Here the first cuts after labels 1 and 3 tie, and the second of them leads to the optimum: no counterexample to greedy splitting."""
LONG_REFERENCE, LONG_COUNTS = (1, 2, 1, 1, 3, 1, 2), (5, 4, 1, 7, 2, 2, 6)


def exact_cost(q: Sequence[int], p: Sequence[int]) -> Fraction:
    """prod (q_i/p_i)^q_i / (Q/P)^Q: the exponential of the unnormalised cost of one bin."""
    inside = prod((Fraction(a, b) ** a for a, b in zip(q, p, strict=True)), start=Fraction(1))
    return inside / Fraction(sum(q), sum(p)) ** sum(q)


def exact_remainder(edges: Sequence[int], q: Sequence[int], p: Sequence[int]) -> Fraction:
    """The exponential of the unnormalised W of the bins between edges 0 < edges < len(q)."""
    return prod((exact_cost(q[i:j], p[i:j]) for i, j in pairwise((0, *edges, len(q)))), start=Fraction(1))


def by_recursion(q: Sequence[int], p: Sequence[int], last_best: bool = True) -> list[Fraction]:
    """V_K(n) for K = 1..n by V_K(j) = min_i V_{K-1}(i) cost(i, j)."""
    n = len(q)
    cost = cache(lambda i, j: exact_cost(q[i:j], p[i:j]))
    values = {j: cost(0, j) for j in range(1, n + 1)}
    found = [values[n]]
    for classes in range(2, n + 1):
        starts = range(classes - 1, n)
        values = {
            j: min(values[i] * cost(i, j) for i in (starts if last_best else range(j - 1, j)) if i < j)
            for j in range(classes, n + 1)
        }
        found.append(values[n])
    return found


def recursion_is_exhaustive(last_best: bool = True) -> Residual:
    for q, p in ((REFERENCE, COUNTS), (LONG_REFERENCE, LONG_COUNTS)):
        for classes, value in enumerate(by_recursion(q, p, last_best), 1):
            best = min(exact_remainder(edges, q, p) for edges in combinations(range(1, len(q)), classes - 1))
            yield value == best


def first_cuts(counts: Sequence[int]) -> list[int]:
    """The best single cuts of four labels, several where they tie; q = 1/4 each, p proportional to counts."""
    left = {cut: exact_remainder((cut,), REFERENCE, counts) for cut in (1, 2, 3)}
    least = min(left.values())
    return [cut for cut in left if left[cut] == least]


def first_cut_is_unique(counts: Sequence[int] = COUNTS) -> Residual:
    """Greedy splitting has no choice but to cut after the first label."""
    yield first_cuts(counts) == [1]


def greedy_loses(counts: Sequence[int] = COUNTS) -> Residual:
    """Every second cut beside every best first one is worse than the best two cuts, so however ties are broken."""
    pairs = {edges: exact_remainder(edges, REFERENCE, counts) for edges in combinations((1, 2, 3), 2)}
    least = min(pairs.values())
    for edges, left in pairs.items():
        if set(edges) & set(first_cuts(counts)):
            yield left > least
