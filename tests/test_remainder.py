"""remainder: W and its bounds."""

from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import evidence, finite_worlds, holds, rejected, slack

from numerics import finite
from numerics.checks.remainder import log_sinh_ratio
from numerics.finite import FiniteWorld
from numerics.laws import densities
from numerics.records import Estimate
from numerics.routes.route import applied
from theory.words import specht


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("remainder", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("remainder", "skewed")
    assert own <= wrong


def test_a_steeper_bound_is_rejected() -> None:
    """W of an exponential density is log(sinh u/u): with 0.9 L in place of L it exceeds the bound."""
    (entry,) = evidence("exp(-6*y)", classes=(4,)).quantities.per_classes
    assert entry.remainder.value - entry.remainder.error > log_sinh_ratio(0.9 * 6 / 8).value


@given(finite_worlds())
def test_remainder_is_a_difference_of_label_divergences(here: FiniteWorld) -> None:
    W = finite.remainder(here)
    assert abs(W - (finite.kl_labels(here) - finite.kl_classes(here))) <= slack(here)


@given(finite_worlds())
def test_within_part_is_at_most_the_remainder(here: FiniteWorld) -> None:
    W, within = finite.remainder(here), finite.within_part(here)
    assert abs(within - (W - finite.kl_inputs_within(here))) <= slack(here)
    assert within <= W + slack(here)


@given(finite_worlds())
def test_bounds_by_the_range_of_the_log_ratio(here: FiniteWorld) -> None:
    weights, ranges = here.bin_masses(here.q), finite.oscillation(here)
    sharp = math.fsum(a * specht.value(w) for a, w in zip(weights, ranges, strict=True))
    assert finite.remainder(here) <= sharp + slack(here)
    assert sharp <= math.fsum(a * w * w / 8 for a, w in zip(weights, ranges, strict=True)) * (1 + 1e-15) + slack(here)


@given(finite_worlds())
def test_a_ratio_constant_on_classes_leaves_nothing(here: FiniteWorld) -> None:
    share = np.array(here.bin_masses(here.p)) / np.array(here.bin_masses(here.q))
    flat = FiniteWorld(here.q, here.q * share[here.bin_of], here.k, here.y, here.bins)
    assert abs(finite.remainder(flat)) <= slack(here)


@given(st.floats(1e-8, 600.0))
def test_closed_forms_against_many_digits(w: float) -> None:
    """Both constants, series and closed form alike, against 60 digits, within the error that they state."""
    with mpmath.workdps(60):
        v = mpmath.mpf(w)
        grown = mpmath.exp(v) - 1
        for number, expected in (
            (applied(specht, Estimate(w, 0.0)), mpmath.log(grown / v) - 1 + v / grown),
            (log_sinh_ratio(w), mpmath.log(mpmath.sinh(v) / v)),
        ):
            assert abs(number.value - expected) <= number.error
            assert number.error <= 1e-13 * (1 + number.value)


@pytest.mark.parametrize("L", [1, 6, 40])
def test_an_exponential_density_attains_the_lipschitz_bound(L: int) -> None:
    """Closed form, third route: p proportional to exp(-L y) on [0, 1] has W = log(sinh u/u), u = L/(2 K), for every K."""
    here = evidence(f"exp(-{L}*y)", classes=(1, 3, 8))
    assert here.certificates is not None
    for entry, ball in zip(here.quantities.per_classes, here.certificates.per_classes, strict=True):
        told = log_sinh_ratio(L / 2 / entry.classes)
        assert abs(entry.remainder.value - told.value) <= entry.remainder.error + told.error
        with mpmath.workdps(40):
            u = mpmath.mpf(L) / 2 / entry.classes
            exact = mpmath.log(mpmath.sinh(u) / u)
            assert ball.remainder is not None
            assert ball.remainder.contains(Fraction(mpmath.nstr(exact, 35)))
