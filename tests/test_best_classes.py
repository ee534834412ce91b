"""best_classes: which edges leave the least W."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import evidence, failing, finite_worlds, holds, masses, rejected, slack

from numerics import checks, finite
from numerics.channels import Channel
from numerics.checks import best_classes, statements
from numerics.checks.common import Page
from numerics.closed_form import log_sinh_ratio
from numerics.evidence import Evidence
from numerics.finite import FiniteWorld
from numerics.laws import densities
from numerics.laws.labels import from_file
from numerics.posterior.quantities import quantities
from numerics.world import World
from theory import ledger
from theory.formula import Formula
from unskew import partitions
from unskew.ground.refusals import InputError


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("best_classes", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("best_classes", "skewed")
    assert own <= wrong


def test_wrong_constants_of_limits_are_refused() -> None:
    """1 % off the constant of the best density, or off what equal frequency costs, is more than their errors."""
    assert abs(best_classes.density_ratio().value - 1) <= best_classes.density_ratio().error < 0.01
    for K, least in best_classes.FACTORS:
        cost = best_classes.factor(K)
        assert least < cost.value - cost.error < cost.value + cost.error < 1.01 * least


def test_what_is_not_the_best_is_refused() -> None:
    """Seven labels: greedy splitting and intervals of labels miss the optimum by more than rounding; the quadrangle inequality needs order."""
    q, p = best_classes.SEVEN_Q, best_classes.SEVEN_P
    best = max(best_classes.value(q, p, edges) for edges in best_classes.intervals(7, 3))
    sets = max(
        math.fsum(best_classes.gain(float(q[part].sum()), float(p[part].sum())) for part in parts)
        for parts in best_classes.set_partitions(7, 3)
    )
    assert best < sets - 1e-6
    first = max(best_classes.intervals(7, 2), key=lambda edges: best_classes.value(q, p, edges))
    greedy = max(best_classes.value(q, p, edges) for edges in best_classes.intervals(7, 3) if set(first) <= set(edges))
    assert greedy <= best
    ledger_result = ledger.load("best_classes")
    (chord,) = (line for line in statements.lines(ledger_result, "quadrangle", Formula))
    page = Page(evidence("uniform"), "best_classes")
    best_classes._quadrangle(page, q, p, chord)
    assert failing(page.checks)


@pytest.mark.parametrize(("counts", "first", "loses"), [((3, 2, 1, 2), [1], True), ((4, 3, 1, 4), [1, 3], False)])
def test_greedy_loses_only_where_its_first_cut_is_unique(
    counts: tuple[int, ...], first: list[int], loses: bool
) -> None:
    """Exact: e^(4 KL(q_C||p_C)) is a product of (n_c/P_c)^n_c up to a factor, n_c the number of labels of a class."""

    def gained(*cuts: int) -> Fraction:
        return math.prod(Fraction(b - a, sum(counts[a:b])) ** (b - a) for a, b in pairwise((0, *cuts, 4)))

    most = max(map(gained, (1, 2, 3)))
    assert [cut for cut in (1, 2, 3) if gained(cut) == most] == first
    pairs = list(combinations((1, 2, 3), 2))
    reached = max(gained(*pair) for pair in pairs if set(first) & set(pair))
    assert (reached < max(gained(*pair) for pair in pairs)) is loses


def test_the_usual_classes_can_each_be_the_worse() -> None:
    """Neither of the two comparisons of the seven labels follows from the other."""
    made = [check for check in checks.run("best_classes", evidence("uniform")) if check.where == best_classes.SEVEN]
    width, frequency = (
        {check.classes: check.theory for check in made if check.note.endswith(f"against equal {name}")}
        for name in ("width", "frequency")
    )
    assert {K: width[K] > frequency[K] for K in (3, 6)} == {3: True, 6: False}


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
    made = checks.run("best_classes", Evidence(here, quantities(here)))
    assert not failing(made)
    against = [check for check in made if check.note.endswith("against equal frequency") and not check.where]
    assert len(against) >= 3
    assert all(check.numeric < check.theory for check in against)
