"""sample_size: the penalty of estimated priors, exactly and on drawn samples; the best number of classes."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import evidence, failing, finite_worlds, holds_and_rejects, masses, slack

from numerics import finite
from numerics.checks import sample_size
from numerics.evidence import Evidence
from numerics.finite import FiniteWorld, divergence
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold_and_reject(density: str) -> None:
    holds_and_rejects("sample_size", density)


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


def drawn(seed: int, full: bool = False, **knobs: float) -> list[str]:
    here = evidence("skewed", classes=(4, 16))
    run = Evidence(here.world, here.quantities, here.certificates, full=full)
    made = [check for check in sample_size.checks(run, seed=seed, **knobs) if check.evidence == "fitted"]
    return [check.status for check in made]


def test_monte_carlo_only_where_allowed() -> None:
    assert drawn(0) == []
    assert drawn(0, full=True) == ["holds", "holds"]
    assert "fails" in drawn(0, full=True, half=1.9)


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
    """exp(-6 y) with n = 10^6: the best of all whole numbers is within two of K*, and the bound there within 1 % of (3/4) K*/n_eff."""
    n, loss = 1e6, math.expm1(6) / 6 * -math.expm1(-6) / 6
    star = (36 * n / loss / 6) ** (1 / 3)
    assert abs(sample_size._grid_optimum(n, round(star)) - star) < 2
    assert f"{star:.1f}" == "81.3"


def test_discrete_labels_and_labels_never_sampled(tmp_path) -> None:
    from numerics.channels import Channel
    from numerics.laws.labels import from_file
    from numerics.posterior.quantities import quantities
    from numerics.world import World

    path = tmp_path / "ages.csv"
    path.write_text("age\n" + "".join(f"{1 + (i * i) % 7}\n" for i in range(400)))
    here = World(from_file(f"{path}:age", None), Channel("gaussian", 0.5), (2, 3))
    made = sample_size.checks(Evidence(here, quantities(here)))
    assert not failing(made)
    assert any(check.status == "not_applicable" for check in made)
