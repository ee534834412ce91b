"""i_mmse: the price in nats as an integral of prices in squared error over the noise."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import Rational
from worlds import evidence, failing, holds, rejected

from numerics import checks
from numerics.checks import i_mmse
from numerics.laws import densities
from numerics.routes import noise
from theory import i_mmse as proofs


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("i_mmse", density)


def test_checks_of_the_formula_can_fail() -> None:
    own, wrong = rejected("i_mmse", "skewed")
    assert {pair for pair in own if pair[0] == "gaussian"} <= wrong


@pytest.mark.parametrize("rate", [Rational(-1), Rational(-1, 4), Rational(1, 2)])
def test_another_rate_is_rejected_by_slope_and_integral(rate: Rational, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "RATE", rate)
    made = {(check.claim, check.evidence) for check in failing(checks.run("i_mmse", evidence("skewed")))}
    assert {("derivative", "quadrature"), ("integral", "quadrature"), ("integral", "certified")} <= made


@pytest.mark.parametrize("density", ["skewed", "severe", "exp(-6*y)"])
def test_the_integral_meets_the_certified_price_to_twelve_digits(density: str) -> None:
    run = evidence(density)
    assert run.certificates is not None
    assert run.certificates.price is not None
    ball, own = run.certificates.price.estimate, noise.route(run).number(noise.price)
    assert abs(ball.value - own.value) <= own.error + ball.error
    assert own.value == pytest.approx(ball.value, rel=1e-12)


def test_the_price_starts_from_the_labels_and_falls_with_the_noise() -> None:
    drawn = i_mmse.curves(evidence("skewed"))
    line = np.array(drawn["by_integral"][0])
    assert line[0] == pytest.approx(drawn["start"][0], rel=1e-2)
    assert np.all(np.diff(line) < 0)
    marks = np.interp(-np.log(drawn["marked"]), -np.log(drawn["noise"]), line)
    assert drawn["by_inputs"][0] == pytest.approx(marks.tolist(), rel=1e-9)
