"""soft_labels: what smoothed class targets cost, and how they are corrected."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import evidence, holds, rejected

from numerics.certified.soft_bias import soft_bias, soft_bias_bound
from numerics.checks import soft_labels
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("soft_labels", density)


def test_checks_of_the_statements_can_fail() -> None:
    own, wrong = rejected("soft_labels", "skewed")
    assert {pair for pair in own if pair[0] in ("prior", "served")} <= wrong


@given(st.fractions(0, 1, max_denominator=64), st.fractions(Fraction(1, 4), 2, max_denominator=16))
def test_sum_over_bins_and_sines_meet_the_ball(place: Fraction, ratio: Fraction) -> None:
    ball = soft_bias(place, ratio).estimate
    for route in (soft_labels.by_sines, soft_labels.by_bins):
        own = route(float(place), float(ratio))
        assert abs(own.value - ball.value) <= own.error + ball.error
    # At the middle and the ends of a bin the bias is zero by symmetry, within the balls.
    most = soft_bias_bound(ratio).estimate
    assert abs(ball.value) <= most.value + most.error + ball.error


def test_a_factor_in_the_exponent_would_be_seen() -> None:
    wrong = soft_labels.by_sines(0.25, 0.5 / np.sqrt(2))
    ball = soft_bias(Fraction(1, 4), Fraction(1, 2)).estimate
    assert abs(wrong.value - ball.value) > 100 * (wrong.error + ball.error)


def test_the_bound_of_the_sheet_to_its_three_digits_is_nearly_but_not_attained() -> None:
    most = soft_bias_bound(Fraction(1, 2)).estimate
    assert most.value == pytest.approx(0.00229, abs=5e-6)
    highest = max(soft_labels.by_bins(place, 0.5).value for place in np.linspace(0, 1, 2001))
    assert 0 < most.value - highest < 1e-6 * most.value


def test_masses_of_the_smoothed_labels_have_the_better_certificate() -> None:
    drawn = soft_labels.curves(evidence("skewed"))
    assert np.all(np.array(drawn["smoothed"]) < np.array(drawn["own"]))
    assert np.all(np.diff(drawn["smoothed"]) > 0)
