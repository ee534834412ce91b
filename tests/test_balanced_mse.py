"""balanced_mse: what Balanced MSE converges to."""

from __future__ import annotations

import math

import numpy as np
import pytest
from worlds import evidence, holds, rejected

from numerics.checks import balanced_mse
from numerics.checks.balanced_mse import CASES, ONE_MODE, TWO_MODES, Posterior, by_loss, by_moments
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("balanced_mse", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("balanced_mse", "skewed")
    assert own <= wrong


@pytest.mark.parametrize(("here", "scale"), CASES)
def test_root_and_minimum_agree(here: Posterior, scale: float) -> None:
    root, least = by_moments(here, scale), by_loss(here, scale)
    assert abs(root.value - least.value) <= root.error + least.error
    assert root.error < 1e-12
    assert least.error < 1e-6


def test_it_is_right_for_one_gaussian_mode_of_its_scale_and_not_for_two_modes_of_the_same_variance() -> None:
    assert by_moments(ONE_MODE, ONE_MODE.deviation).value == pytest.approx(0.5, abs=1e-12)
    assert abs(by_moments(TWO_MODES, math.sqrt(TWO_MODES.variance)).value - 0.5) > 0.02


def test_a_scale_of_twice_the_variance_is_as_bad_as_plain_squared_error() -> None:
    drawn = balanced_mse.curves(evidence("skewed"))
    one = drawn["shapes"][0]
    at_two = np.interp(2.0, drawn["share"], one["off"])
    assert at_two == pytest.approx(-one["plain"], abs=1e-9)
