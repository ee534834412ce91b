"""squared_error: the price in squared error and its bounds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from worlds import evidence, failing, finite_worlds, holds, rejected_by, slack, square_slack

from numerics import checks, finite
from numerics.evidence import Evidence
from numerics.finite import FiniteWorld
from numerics.fits import Fits, Fitted, Options
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("squared_error", density)


def with_fits(here: Evidence) -> Evidence:
    """The evidence with made-up fits: eight seeds one per cent above and below the theory in turn."""

    def fitted(name: str, exact: float, classes: int | None = None) -> Fitted:
        off = tuple(0.01 * exact * (-1) ** seed for seed in range(8))
        return Fitted(name, tuple(exact + part for part in off), exact, exact, classes, off)

    price = here.quantities.squared_error_price.value
    entries = [fitted(name, price) for name in ("squared_error", "histogram_squared_error")]
    entries += [
        fitted("corrected_squared_error", entry.corrected_squared_error.value, entry.classes)
        for entry in here.quantities.per_classes
    ]
    return replace(here, fits=Fits(tuple(entries), {}, 8, 0, Options()))


def test_every_check_can_fail() -> None:
    """Each check of the skewed density that reads a statement of terms or a formula is rejected by a wrong version of it."""
    here = with_fits(evidence("skewed", classes=(2, 4)))
    assert not failing(checks.run("squared_error", here))
    own, wrong = rejected_by("squared_error", here)
    assert own <= wrong


def means(here: FiniteWorld, law: np.ndarray) -> list[float]:
    """The conditional mean at each input, 0 where the input never occurs."""
    return [finite.mean(here, here.posterior(law, j)) if j in here.inputs else 0.0 for j in range(here.k.shape[1])]


@given(finite_worlds())
def test_difference_of_risks(here: FiniteWorld) -> None:
    f_q, f_p = means(here, here.q), means(here, here.p)
    gap = finite.risk(here, here.q, f_p) - finite.risk(here, here.q, f_q)
    assert abs(gap - finite.squared_error_price(here)) <= square_slack(here)


@given(finite_worlds())
def test_shift_is_a_covariance(here: FiniteWorld) -> None:
    """f_p - f_q = Cov_{q(y|x)}(y, r)/Z(x), written as E[(y - f_q)(r - Z)]/Z."""
    ratio = here.p / here.q
    f_q, f_p = means(here, here.q), means(here, here.p)
    size = float(np.ptp(here.y)) + float(np.max(np.abs(here.y)))
    for j in here.inputs:
        balanced = np.array(here.posterior(here.q, j))
        Z = float(balanced @ ratio)
        told = float(balanced @ ((here.y - f_q[j]) * (ratio - Z))) / Z
        assert abs(told - (f_p[j] - f_q[j])) <= slack(here) * size


@given(finite_worlds())
def test_bounded_by_the_log_loss_price(here: FiniteWorld) -> None:
    length = float(np.ptp(here.y))
    bound = length**2 / 2 * (finite.price(here) + slack(here))
    assert finite.squared_error_price(here) <= bound + square_slack(here)
    assert finite.squared_error_price(here) <= length**2 + square_slack(here)


def test_reference_of_the_sheet() -> None:
    found = evidence("exp(-6*y)").quantities
    assert f"{found.squared_error_price.value:.3e}" == "2.614e-03"
    assert f"{found.balanced_risk.value:.3e}" == "8.194e-03"


@pytest.mark.parametrize(
    ("density", "applies"), [("exp(-6*y)", True), ("uniform", True), ("skewed", False), ("severe", False)]
)
def test_concavity_decides_whether_the_channel_bound_applies(density: str, applies: bool) -> None:
    made = [check for check in checks.run("squared_error", evidence(density)) if not check.where]
    statuses = {check.status for check in made if check.claim == "gaussian_channel_bound"}
    assert statuses == {"holds" if applies else "not_applicable"}
