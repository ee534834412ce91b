"""sample_size: the penalty of estimated priors, exactly and on drawn samples; the best number of classes."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import evidence, failing, finite_worlds, holds, masses, rejected_by, slack

from numerics import checks, finite
from numerics.checks import sample_size
from numerics.closed_form import log_sinh_ratio
from numerics.evidence import Evidence
from numerics.finite import FiniteWorld, divergence
from numerics.laws import densities
from numerics.records import Estimate
from theory import ledger


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("sample_size", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density, drawn samples included, is rejected by a wrong version."""
    own, wrong = rejected_by("sample_size", full())
    assert ("penalty", "fitted") in own <= wrong


@given(finite_worlds(), st.data())
def test_penalty_is_exact(here: FiniteWorld, data: st.DataObject) -> None:
    q, p = (np.array(here.bin_masses(law)) for law in (here.q, here.p))
    estimate = data.draw(masses(len(q)))
    law = [here.p[i] * q[c] / estimate[c] for i, c in zip(here.labels, here.bin_of, strict=True)]
    told = finite.remainder(here) + float(sample_size.penalty(q, p, estimate))
    found = divergence(here.q, [value / math.fsum(law) for value in law])
    assert abs(found - told) <= 8 * slack(here)
    assert sample_size.penalty(q, p, estimate) >= -slack(here)


def test_expected_penalty_by_listing_every_sample() -> None:
    """n = 7 labels in three classes: all 3^7 samples, one by one."""
    p, q, n = np.array([0.2, 0.5, 0.3]), np.array([0.5, 0.25, 0.25]), 7
    mass = total = 0.0
    for sample in itertools.product(range(3), repeat=n):
        count = Counter(sample)
        if len(count) == 3:
            here = math.prod(p[c] for c in sample)
            mass += here
            shares = np.array([count[c] / n for c in range(3)])
            total += here * float(sample_size.penalty(q, p, shares))
    found = sample_size.expected_penalty(q, p, n)
    assert abs(found.value - total / mass) <= found.error


def full() -> Evidence:
    """A run with --full, without fits."""
    own = evidence("skewed", classes=(4, 16))
    return Evidence(own.world, own.quantities, own.certificates, full=True)


def drawn(run: Evidence) -> list[str]:
    made = sample_size.checks(run, ledger.load("sample_size"), seed=0)
    return [check.status for check in made if check.evidence == "fitted"]


def test_monte_carlo_only_where_allowed() -> None:
    assert drawn(evidence("skewed", classes=(4, 16))) == []
    assert drawn(full()) == ["holds", "holds"]


def test_monte_carlo_tells_a_twentieth() -> None:
    """A limit 5 % too large is refused."""
    (entry,) = evidence("skewed", classes=(4,)).quantities.per_classes
    q, p = entry.bins.q, entry.bins.p
    limit = sample_size.leading(q, p).scaled(1.05)
    ratio = sample_size.monte_carlo(q, p, sample_size.MANY, (0, 4), limit, 4.0)
    assert abs(ratio.value - 1) > ratio.error


def test_false_alarms() -> None:
    """200 runs with fresh seeds and everything true: at most 1 % raise an alarm."""
    (entry,) = evidence("skewed", classes=(8,)).quantities.per_classes
    q, p = entry.bins.q, entry.bins.p
    told = sample_size.leading(q, p)
    quantile = sample_size.normal_quantile(sample_size.FALSE_ALARM)
    alarms = 0
    for seed in range(200):
        found = sample_size.monte_carlo(q, p, 1000, (seed, 8), told, quantile)
        alarms += abs(found.value - 1) > found.error
    assert alarms <= 2


def test_best_number_is_a_minimum_of_the_exact_bound() -> None:
    """exp(-6 y) with n = 10^6: of all whole numbers one within two of K* leaves the least W and penalty."""
    n, loss = 1e6, math.expm1(6) / 6 * -math.expm1(-6) / 6
    star = sample_size.best_number(Estimate(36.0, 0.0), 1.0, Estimate(n / loss, 0.0)).value
    bound = {K: log_sinh_ratio(3 / K) + sample_size._penalty(K).value / n for K in range(60, 100)}
    assert abs(min(bound, key=bound.__getitem__) - star) < 2
    assert f"{star:.1f}" == "81.3"


def test_discrete_labels_and_labels_never_sampled(tmp_path) -> None:
    from numerics.channels import Channel
    from numerics.laws.labels import from_file
    from numerics.posterior.quantities import quantities
    from numerics.world import World

    path = tmp_path / "ages.csv"
    path.write_text("age\n" + "".join(f"{1 + (i * i) % 7}\n" for i in range(400)))
    here = World(from_file(f"{path}:age", None), Channel("gaussian", 0.5), (2, 3))
    made = checks.run("sample_size", Evidence(here, quantities(here)))
    assert not failing(made)
    assert any(check.status == "not_applicable" for check in made)
