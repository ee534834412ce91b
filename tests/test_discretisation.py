"""discretisation: cross-entropy over bins against the regression log-loss."""

from __future__ import annotations

import math

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from worlds import evidence, failing, holds, masses, rejected

from numerics import checks
from numerics.channels import Channel
from numerics.checks import discretisation
from numerics.evidence import Evidence
from numerics.laws import densities
from numerics.posterior.quantities import quantities
from numerics.world import World


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("discretisation", density)


def test_every_check_can_fail() -> None:
    """Each check of a claim that has a statement or formula is rejected by a wrong version; the other two are stated in words."""
    own, wrong = rejected("discretisation", "skewed")
    assert {claim for claim, _ in own - wrong} == {"mean", "leading"}


def test_wrong_constants_are_refused() -> None:
    """w^2/9 is below the mean of two labels; d^2/12, and d^2/24 that is 2 % off, are farther from the limit than its error."""
    for w in (0.01, 0.5):
        mean = discretisation.two_labels(w)
        assert w * w / 9 < mean.value - mean.error < w * w / 8
    limit = discretisation.gaussian_limit()
    assert abs(limit.value - 1) <= limit.error < 0.02


@pytest.mark.parametrize("name", ["logistic", "student"])
def test_other_channels(name: str) -> None:
    here = World(densities.named("skewed", densities.UNIT), Channel(name, 0.05), (4,))
    made = checks.run("discretisation", Evidence(here, quantities(here)))
    assert not failing(made)
    assert sum(check.claim == "pointwise" and not check.where for check in made) >= 6


@given(st.integers(2, 7), st.data())
def test_divergence_from_uniform_is_at_most_an_eighth_of_the_range_squared(n: int, data: st.DataObject) -> None:
    p = data.draw(masses(n))
    found = math.fsum(float(a) * math.log(float(a) * n) for a in p)
    w = math.log(float(p.max() / p.min()))
    assert found <= w * w / 8 + 64 * np.finfo(float).eps * (1 + w)


@example(0.28125)
@example(0.39999)
@given(st.floats(1e-6, 300.0))
def test_sharp_bound_against_many_digits(u: float) -> None:
    with mpmath.workdps(50):
        v = mpmath.mpf(u)
        told = v * mpmath.coth(v) - 1 - mpmath.log(mpmath.sinh(v) / v)
        found = discretisation.sharp(u)
        assert abs(found.value - told) <= found.error <= 1e-13 * (1 + u) + 1e-11 * found.value


def test_one_nat_in_twenty_four_at_the_noise() -> None:
    """Far from the ends 24 E Err/(d/s)^2 is below 1 at d = s, and four times nearer to it at d = s/2."""
    page = evidence("uniform", classes=(16,), noise=0.0625)
    here = discretisation._posteriors(page.world.law, page.world.channel, 0.5)[0]
    off = []
    for bins in (16, 32):
        place = np.minimum((here.labels.y * bins).astype(int), bins - 1)
        off.append(1 - 24 * discretisation.mean_error(here, place) * (0.0625 * bins) ** 2)
    assert 0 < off[1] < off[0] < 0.05
    assert 3.5 < off[0] / off[1] < 4.5
