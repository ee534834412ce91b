"""bin_width: two series, two thresholds, one rule."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath
import pytest
from worlds import evidence, failing, holds_and_rejects

from numerics import sawtooth
from numerics.checks import bin_width
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold_and_reject(density: str) -> None:
    holds_and_rejects("bin_width", density)


def test_every_check_rejects_some_wrong_version() -> None:
    here = replace(evidence("skewed"), full=True)
    held = {(check.claim, check.evidence) for check in bin_width.checks(here) if check.status == "holds"}
    wrong = (check for falsifier in bin_width.FALSIFIERS for check in failing(falsifier.checks(here)))
    assert not held - {(check.claim, check.evidence) for check in wrong}


@pytest.mark.parametrize("width", [0.7, 3.0, 12.0, 40.0])
def test_series_against_many_digits(width: float) -> None:
    with mpmath.workdps(40):
        a = 4 * (mpmath.pi / mpmath.mpf(width)) ** 2
        log_loss = 2 * mpmath.nsum(lambda k: (1 - mpmath.exp(-a * k * k)) / (a * k * k), [1, mpmath.inf])
        squares = 2 * mpmath.nsum(lambda k: mpmath.exp(-a * k * k), [1, mpmath.inf])
        for told, found in (
            (log_loss, bin_width.log_loss_ratio(width)),
            (squares, bin_width.squared_error_ratio(width)),
        ):
            assert abs(found.value - told) <= found.error <= 1e-12 * found.value


def test_thresholds_by_scanning_the_noise() -> None:
    """To the four digits of the sheet, the first of which it rounded the wrong way, and to the errors that are stated."""
    log_loss, squares = bin_width.crossings()
    assert f"{log_loss.value:.8f} {squares.value:.8f}" == "3.50743514 7.08976595"
    assert max(log_loss.error, squares.error) < 1e-7
    for place, found in enumerate((log_loss, squares)):
        below, above = (bin_width.limits(factor * found.value)[place] for factor in (0.999, 1.001))
        assert below.value + below.error < 1 < above.value - above.error


def test_large_slopes_are_no_limit() -> None:
    """At L d = 4 the leading order is off by far more than its error: the limit is a limit."""
    far = sawtooth.ratios(3.0, 4.0).log_loss
    assert abs(far.value / bin_width.log_loss_ratio(3.0).value - 1) > 100 * far.error


def test_ends_move_the_crossing_by_order_one_over_the_classes() -> None:
    here = evidence("skewed")
    made = bin_width.checks(replace(here, full=True))
    (check,) = [check for check in made if check.claim == "threshold_with_ends"]
    assert check.status == "holds"
    assert check.tolerance < 0.02
    assert not failing(made)


def test_rule_in_the_sheets_world() -> None:
    """exp(-6 y), noise 0.1: two classes hurt, and D/(3.5 s) = 2.9, so three are the least that the rule allows."""
    here = evidence("exp(-6*y)", classes=(2, 3))
    two, three = (entry.corrected_excess.value for entry in here.quantities.per_classes)
    assert math.ceil(1 / (bin_width.RULE_WIDTH * 0.1)) == 3
    assert three < here.quantities.price.value < two
