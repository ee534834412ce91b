"""best_classes: which edges leave the least W."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import failing, finite_worlds, holds_and_rejects, masses, slack

from numerics import finite, partitions
from numerics.channels import Channel
from numerics.checks import best_classes
from numerics.closed_form import log_sinh_ratio
from numerics.evidence import Evidence
from numerics.finite import FiniteWorld
from numerics.laws import densities
from numerics.laws.labels import from_file
from numerics.posterior.quantities import quantities
from numerics.problems import InputError
from numerics.world import World


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold_and_reject(density: str) -> None:
    holds_and_rejects("best_classes", density)


@given(finite_worlds(bins="some"))
def test_criterion_and_refinement(here: FiniteWorld) -> None:
    W = finite.remainder(here)
    assert abs(W - (finite.kl_labels(here) - finite.kl_classes(here))) <= slack(here)
    finer = tuple(part for members in here.bins for part in ((members[:1], members[1:]) if members[1:] else (members,)))
    assert finite.remainder(FiniteWorld(here.q, here.p, here.k, here.y, finer)) <= W + slack(here)


@given(st.integers(2, 6), st.data())
def test_level_sets_meet_the_best_of_all(n: int, data: st.DataObject) -> None:
    """Random alphabets: no partition into K sets beats the best one into intervals of r."""
    q, p = data.draw(masses(n)), data.draw(masses(n))
    order = np.argsort(p / q)
    for classes in range(1, n + 1):
        sets = max(
            math.fsum(best_classes.gain(float(q[part].sum()), float(p[part].sum())) for part in parts)
            for parts in best_classes.set_partitions(n, classes)
        )
        level = max(best_classes.value(q[order], p[order], edges) for edges in best_classes.intervals(n, classes))
        assert sets <= level + 64 * np.finfo(float).eps * (1 + abs(level))


def test_set_partitions_are_all_there() -> None:
    """Stirling's numbers of the second kind."""
    assert [sum(1 for _ in best_classes.set_partitions(6, k)) for k in range(1, 7)] == [1, 31, 90, 65, 15, 1]


def test_two_thousand_edges_and_256_classes() -> None:
    """exp(-6 y) on 2,048 cells: equal width is found, with the closed form's W, to the rounding of sums over cells."""
    n = 2048
    edges = np.arange(n + 1) / n
    p = -np.exp(-6 * edges[:-1]) * math.expm1(-6 / n) / -math.expm1(-6)
    (found,) = partitions.best(np.full(n, 1 / n), p, [256])
    W = log_sinh_ratio(3.0) - found.kl_classes
    assert abs(W - log_sinh_ratio(3 / 256)) <= 8 * n * np.finfo(float).eps * math.exp(6)
    widths = np.diff(found.edges)
    assert (widths.min(), widths.max()) == (8, 8)


def test_factors_of_the_sheet() -> None:
    """6.5 times at K = 4, 235 times at K = 128."""
    factors = [best_classes.equal_frequency(K).value / log_sinh_ratio(3 / K) for K in (4, 128)]
    assert [f"{factors[0]:.1f}", f"{factors[1]:.0f}"] == ["6.5", "235"]
    assert 6.473 < factors[0] < 6.474
    assert 234.90 < factors[1] < 234.91


def test_raw_counts_are_refused_and_smoothing_mends() -> None:
    counts = np.array([5.0, 0.0, 3.0, 2.0, 7.0])
    q = np.full(5, 0.2)
    with pytest.raises(InputError, match="no samples"):
        partitions.best(q, counts / counts.sum(), [2])
    smoothed = (counts + 0.5) / (counts.sum() + 2.5)
    (found,) = partitions.best(q, smoothed, [2])
    assert math.isfinite(found.kl_classes)


@pytest.mark.parametrize("name", ["agedb_ages.csv", "stsb_scores.csv"])
def test_real_labels(name: str, real_data: Any) -> None:
    """The best classes of real labels, smoothed, are no worse than the usual ones, and much better than equal frequency."""
    law = from_file(str(real_data(name)), None)
    here = World(law, Channel("gaussian", 0.1 * law.length), (4, 16))
    made = best_classes.checks(Evidence(here, quantities(here)))
    assert not failing(made)
    against = [check for check in made if check.claim == "best_against_equal_frequency"]
    assert len(against) >= 3
    assert all(check.numeric < check.theory for check in against)
