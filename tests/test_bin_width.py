"""bin_width: two series, two thresholds, one rule."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath
import pytest
from worlds import evidence, failing, holds

from numerics import checks, sawtooth
from numerics.checks import bin_width
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("bin_width", density)


def test_wrong_constants_are_refused() -> None:
    """Both series with a factor or an exponent that is off by 1 %, W over the price with 12.1 for 12: farther off than the errors."""
    for width in bin_width.WIDTHS:
        log_loss, squares = bin_width.limits(width)
        for measured, series in (
            (log_loss, bin_width.log_loss_ratio),
            (squares, bin_width.squared_error_ratio),
        ):
            own, other = series(width), series(width * 1.005)
            tolerance = measured.error + own.error
            assert abs(measured.value - own.value) <= tolerance < 0.005 * own.value
            assert abs(measured.value - other.value) > measured.error + other.error
    ratio = bin_width.label_only(2.0)
    assert abs(ratio.value - 4 / 12.1) > ratio.error


def test_other_thresholds_and_rules_are_refused() -> None:
    """3.508 and 7.09 are no crossings, nor is either that of the other loss; classes four noises wide cost more than they save."""
    for certified, measured, rounded in zip(bin_width._certified(), bin_width.crossings(), (3.508, 7.09), strict=True):
        assert abs(rounded - measured.value) > measured.error
        assert abs(certified.value - measured.value) <= certified.error + measured.error < 1e-6
    wide = bin_width.limits(4.0)[0]
    assert wide.value - wide.error > 1


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
    made = checks.run("bin_width", replace(here, full=True))
    (check,) = [check for check in made if (check.claim, check.kind) == ("thresholds", "asymptotic")]
    assert check.status == "holds"
    assert check.tolerance < 0.02
    assert not failing(made)


def test_rule_in_the_sheets_world() -> None:
    """exp(-6 y), noise 0.1: two classes hurt, and D/(3.5 s) = 2.9, so three are the least that the rule allows."""
    here = evidence("exp(-6*y)", classes=(2, 3))
    two, three = (entry.corrected_excess.value for entry in here.quantities.per_classes)
    assert math.ceil(1 / (bin_width.RULE_WIDTH * 0.1)) == 3
    assert three < here.quantities.price.value < two
