"""absolute_error: what the imbalanced median loses in absolute error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from worlds import evidence, finite_worlds, holds, rejected, slack, square_slack

from numerics import finite
from numerics.checks import absolute_error
from numerics.finite import FiniteWorld
from numerics.laws import densities
from numerics.routes import medians


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("absolute_error", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("absolute_error", "skewed")
    assert own <= wrong


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_two_routes_to_medians_agree(density: str) -> None:
    (first, _), (second, _), _ = medians.pairs(evidence(density))
    for term in medians.TERMS:
        left, right = first.number(term), second.number(term)
        assert abs(left.value - right.value) <= left.error + right.error
        assert left.error < 2e-3


@given(finite_worlds())
def test_no_finite_world_loses_more(here: FiniteWorld) -> None:
    lost = 0.0
    for j in here.inputs:
        balanced, imbalanced = (np.array(here.posterior(law, j)) for law in (here.q, here.p))
        errors = np.abs(here.y[:, None] - here.y)
        lost += here.input_law(here.q)[j] * float(
            balanced @ errors[:, _median(imbalanced)] - balanced @ errors[:, _median(balanced)]
        )
    length = float(np.ptp(here.y))
    assert -square_slack(here) <= lost
    assert lost**2 <= 2 * length**2 * (finite.price(here) + slack(here)) + square_slack(here)


def _median(masses: np.ndarray) -> int:
    return int((np.cumsum(masses) < masses.sum() / 2).sum())


def test_the_bound_with_the_distance_of_the_medians_is_the_better() -> None:
    drawn = absolute_error.curves(evidence("skewed"))
    loss, near, far = (np.array(drawn[key]) for key in ("loss", "by_shift", "by_length"))
    assert np.all(loss <= near + 1e-12)
    assert np.all(near <= far + 1e-12)
    assert 0.3 < np.median(loss / near) < 0.5
