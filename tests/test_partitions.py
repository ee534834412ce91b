"""Partitions: the dynamic programme against all partitions of small alphabets, and what it refuses."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unskew import partitions
from unskew.ground.refusals import InputError

EPSILON = np.finfo(np.float64).eps


def loop_gain(q: np.ndarray, p: np.ndarray, edges: tuple[int, ...]) -> float:
    total = 0.0
    for low, high in pairwise(edges):
        a, b = sum(q[low:high]), sum(p[low:high])
        total += a * np.log(a / b) if a > 0 else 0.0
    return total


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.sampled_from([0.05, 1.0, 20.0]))
def test_programme_against_all_partitions(seed: int, classes: int, spread: float) -> None:
    random = np.random.default_rng(seed)
    n = 8
    q, p = random.dirichlet(np.full(n, spread)) + 1e-9, random.dirichlet(np.full(n, spread)) + 1e-9
    q, p = q / q.sum(), p / p.sum()
    gains = [loop_gain(q, p, (0, *inner, n)) for inner in combinations(range(1, n), classes - 1)]
    (found,) = partitions.best(q, p, [classes])
    assert found.classes == classes
    # Interval masses are sums of at most n positive numbers: relative rounding n eps, which log(q/p) <= log 1e9 carries on.
    tolerance = 4 * n * EPSILON * (2 + np.log(1e9))
    assert abs(found.kl_classes - max(gains)) <= tolerance
    assert abs(loop_gain(q, p, found.edges) - max(gains)) <= tolerance
    assert abs(partitions.kl_classes(q, p, found.edges) - max(gains)) <= tolerance


def test_more_classes_never_lose_and_equal_frequency_is_far_worse() -> None:
    n = 256
    y = (np.arange(n) + 0.5) / n
    p = np.exp(-6 * y) / np.exp(-6 * y).sum()
    q = np.full(n, 1 / n)
    total = float((q * np.log(q / p)).sum())
    found = partitions.best(q, p, [1, 2, 4, 8, 16])
    gains = [partition.kl_classes for partition in found]
    assert gains == sorted(gains)
    # Constant l': equal width is the optimum of the theory sheet, and equal frequency loses by the factor it states for K = 4.
    assert found[2].edges == partitions.equal_width(n, 4)
    frequency = total - partitions.kl_classes(q, p, partitions.equal_frequency(p, 4))
    assert 6.0 < frequency / (total - gains[2]) < 7.0


def test_empty_cells_do_not_win() -> None:
    q = np.full(6, 1 / 6)
    counts = np.array([5.0, 0.0, 3.0, 9.0, 0.0, 3.0])
    p = counts / counts.sum()
    with pytest.raises(InputError, match="no samples"):
        partitions.best(q, p, [3])
    (found,) = partitions.best(q, p, [3], counts=counts, at_least=3)
    samples = [counts[a:b].sum() for a, b in pairwise(found.edges)]
    assert min(samples) >= 3
    assert np.isfinite(found.kl_classes)
    with pytest.raises(InputError, match="fewer classes"):
        partitions.best(q, p, [5], counts=counts, at_least=3)


def test_bad_requests_are_refused() -> None:
    q = np.full(4, 0.25)
    for classes in ([], [0], [5]):
        with pytest.raises(InputError):
            partitions.best(q, q, classes)
    with pytest.raises(InputError):
        partitions.best(np.ones(partitions.MOST_CELLS + 1), np.ones(partitions.MOST_CELLS + 1), [2])


def test_equal_frequency_drops_coinciding_edges() -> None:
    p = np.array([0.01, 0.97, 0.01, 0.01])
    edges = partitions.equal_frequency(p, 4)
    assert edges[0] == 0
    assert edges[-1] == 4
    assert list(edges) == sorted(set(edges))


def test_classes_far_rarer_than_the_rest_keep_their_digits() -> None:
    """exp(-36 y): the last cells have 1e-16 of the mass, where differences of running sums have no digit left."""
    n = 256
    p = np.exp(-36 * (np.arange(n) + 0.5) / n)
    p, q = p / p.sum(), np.full(n, 1 / n)
    for found in partitions.best(q, p, [4, 16, 64, 128]):
        # The slope of l is constant, so equal width is the best (theory: best_classes, equal_width).
        equal = partitions.equal_width(n, found.classes)
        assert found.edges == equal
        expected = loop_gain(q, p, equal)
        assert abs(found.kl_classes - expected) <= 4 * n * EPSILON * (2 + 36)
        assert abs(partitions.kl_classes(q, p, equal) - expected) <= 4 * n * EPSILON * (2 + 36)
