"""rates: W like K^-2, the corrected squared error like K^-4, constants and sides."""

from __future__ import annotations

import math

import mpmath
import pytest
from worlds import evidence, holds, rejected

from numerics import checks, corrected
from numerics.channels import Channel
from numerics.checks import rates
from numerics.checks.limits import richardson, seen
from numerics.laws import densities
from numerics.records import Estimate


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)", "2 + sin(9*y)"])
def test_checks_hold(density: str) -> None:
    holds("rates", density)


def test_every_check_can_fail() -> None:
    """Each check of a claim that has a statement or formula is rejected by a wrong version; the other two are stated in words."""
    own, wrong = rejected("rates", "skewed")
    assert {claim for claim, _ in own - wrong} == {"remainder", "remainder_second_order"}


def test_wrong_constants_are_refused() -> None:
    """24 and 12 stand in the limits of ratios whose errors are below 2 %; without the ends, with plus the 2880th, or with plus the covariance,
    both sides are farther apart than their errors."""
    run = checks.run("rates", evidence("uniform"))
    limits = [check for check in run if check.claim in ("remainder", "corrected_mean") and check.kind == "asymptotic"]
    limits = [check for check in limits if check.status == "holds" and check.classes is None]
    assert len(limits) >= 3
    assert max(check.tolerance for check in limits) < 0.02
    by_parts, definition = rates.kappa_at(-1.0)
    assert abs(by_parts.value - definition.value) > by_parts.error + definition.error
    here = rates.slopes(densities.typed(rates.CURVED, densities.UNIT))
    second, ends = here.second.value / 2880, here.ends.value / 2160
    size = abs(second) + abs(ends)
    (check,) = [
        check
        for check in run
        if (check.claim, check.kind) == ("remainder_second_order", "asymptotic") and check.where.endswith(rates.CURVED)
    ]
    assert check.status == "holds"
    assert min(abs(-second / size - check.numeric), abs((second + ends) / size - check.numeric)) > check.tolerance


@pytest.mark.parametrize("K", [8, 64, 256])
def test_remainder_against_many_digits(K: int) -> None:
    """Closed form: log(sinh u/u), u = 3/K, by 50 digits; the error that is stated covers what is off, and is small."""
    W = rates.remainders(densities.typed("exp(-6*y)", densities.UNIT))[K]
    with mpmath.workdps(50):
        u = mpmath.mpf(3) / K
        assert abs(W.value - mpmath.log(mpmath.sinh(u) / u)) <= W.error <= 1e-9 * W.value


def test_corrected_costs_against_the_other_road() -> None:
    """The numpy road of `numerics.corrected` and that of `numerics.posterior.quantities`, W, excess and squared error alike."""
    here = evidence("skewed", classes=(4, 16, 32))
    law = here.world.law
    rules = corrected.label_rules(law, corrected.equal_edges(law, 64))
    prepared = corrected.kernels(rules, Channel("gaussian", 0.1))
    for entry in here.quantities.per_classes:
        edges = corrected.equal_edges(law, entry.classes)
        made = corrected.costs(rules, prepared, edges)
        for found, told in (
            (corrected.remainder(rules, edges), entry.remainder),
            (made.excess, entry.corrected_excess_by_tilt),
            (made.squared_error, entry.corrected_squared_error),
        ):
            assert abs(found.value - told.value) <= found.error + told.error
    prices = corrected.costs(rules, prepared, law.support)
    for found, told in (
        (prices.excess, here.quantities.price_by_tilt),
        (prices.squared_error, here.quantities.squared_error_price_by_covariance),
    ):
        assert abs(found.value - told.value) <= found.error + told.error


def test_doubling_classes_give_the_run_its_own_limit() -> None:
    here = evidence("exp(-6*y)", classes=(8, 16, 32, 64))
    made = [
        check
        for check in checks.run("rates", here)
        if (check.claim, check.kind) == ("corrected_mean", "asymptotic") and not check.where
    ]
    assert [check.status for check in made] == ["holds"]
    assert made[0].tolerance < 1e-3


def test_sheet_table() -> None:
    """The asymptote column of the theory sheet."""
    curves = rates.curves(evidence("exp(-6*y)", classes=(8, 32, 64)))["squared_error"]
    assert [f"{value:.3e}" for value in curves["asymptote"][:1]] == ["5.513e-06"]
    assert [f"{value:.4e}" for value in curves["asymptote"][1:3]] == ["2.1534e-08", "1.3459e-09"]
    assert curves["classes"] == [8, 32, 64, *rates.FINE]
    # The picture goes as far as it takes to see the limit.
    assert abs(curves["found"][-1] / curves["asymptote"][-1] - 1) < 1e-3


def test_extrapolation() -> None:
    """A known series comes back within its error; a sequence that does not settle is not read."""
    values = [Estimate(1 + 3 / K**2 - 5 / K**4 + 9 / K**6, 0.0) for K in (8, 16, 32, 64)]
    limit = richardson(values, 2, (2, 4))
    assert abs(limit.value - 1) <= limit.error < 1e-4
    assert not seen(richardson([Estimate(float(v), 0.0) for v in (1, 2, 1, 2)], 2, (2, 4)))
    assert not seen(richardson([Estimate(math.sqrt(K), 0.0) for K in (8, 16, 32)], 2, (2, 4)))
