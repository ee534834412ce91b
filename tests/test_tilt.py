"""tilt: the extra error term, pair by pair."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from worlds import finite_worlds, holds, rejected, slack

from numerics import finite
from numerics.finite import FiniteWorld
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("tilt", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version of its statement."""
    own, wrong = rejected("tilt", "skewed")
    assert own <= wrong


@given(finite_worlds())
def test_extra_error_is_the_gap_of_the_posteriors(here: FiniteWorld) -> None:
    for j in here.inputs:
        balanced, imbalanced = here.posterior(here.q, j), here.posterior(here.p, j)
        for i in here.labels:
            if here.k[i, j] > 0:
                gap = math.log(balanced[i]) - math.log(imbalanced[i])
                assert abs(gap - finite.extra_error(here, i, j)) <= slack(here)


@given(finite_worlds())
def test_posterior_is_tilted(here: FiniteWorld) -> None:
    """p(y|x) = q(y|x) r(y)/Z(x) with Z(x) = E_{q(y|x)}[r]: relative, since probabilities may be tiny."""
    ratio = here.p / here.q
    for j in here.inputs:
        balanced, imbalanced = here.posterior(here.q, j), here.posterior(here.p, j)
        Z = math.fsum(a * b for a, b in zip(balanced, ratio, strict=True))
        for i in here.labels:
            told = balanced[i] * ratio[i] / Z
            assert abs(told - imbalanced[i]) <= slack(here) * told
