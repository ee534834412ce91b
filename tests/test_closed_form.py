"""The closed-form world against quadrature, against certificates, and against SciPy's truncated normal."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from numerics.certified.certificates import certificates
from numerics.channels import Channel
from numerics.closed_form import ExponentialWorld, log_sinh_ratio, numbers
from numerics.laws.densities import typed
from numerics.posterior.quantities import quantities
from numerics.records import Estimate
from numerics.world import World

CASES = [(6.0, 0.1), (-6.0, 0.1), (40.0, 0.02), (0.25, 0.1), (6.0, 3.0), (12.0, 0.3)]
CLASSES = (2, 5, 64)
SHARED = ("kl_labels", "kl_inputs", "price", "squared_error_price", "balanced_risk", "curvature_square")
PER_CLASSES = ("remainder", "kl_classes", "kl_inputs_corrected", "corrected_excess", "corrected_squared_error")


def agree(first: Estimate, second: Estimate, allowance: float = 0.0) -> bool:
    return abs(first.value - second.value) <= first.error + second.error + allowance


def pair(rate: float, noise: float) -> tuple[ExponentialWorld, World]:
    return ExponentialWorld(rate, noise), World(typed(f"exp({-rate}*y)"), Channel("gaussian", noise), CLASSES)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_closed_form_vs_quadrature(case: tuple[float, float]) -> None:
    closed, world = pair(*case)
    found = quantities(world, with_curves=False)
    for row in found.per_classes:
        theirs = numbers(closed, row.classes)
        for name in SHARED:
            assert agree(getattr(found, name), theirs[name]), name
        for name in PER_CLASSES:
            assert agree(getattr(row, name), theirs[name]), (row.classes, name)
        assert agree(row.corrected_excess_by_tilt, theirs["corrected_excess"])


@pytest.mark.parametrize("case", CASES[:4], ids=str)
def test_closed_form_vs_certificate(case: tuple[float, float]) -> None:
    closed, world = pair(*case)
    certified = certificates(world)
    assert certified.inputs is not None
    theirs = numbers(closed, 2)
    for name in ("price", "kl_inputs", "squared_error_price"):
        assert agree(getattr(certified.inputs, name).estimate, theirs[name]), name
    for row in certified.inputs.corrections:
        theirs = numbers(closed, row.classes)
        for name in ("kl_inputs_corrected", "corrected_excess", "corrected_squared_error"):
            assert agree(getattr(row, name).estimate, theirs[name]), (row.classes, name)
    for labels in certified.per_classes:
        assert labels.remainder is not None
        assert agree(labels.remainder.estimate, numbers(closed, labels.classes)["remainder"])


@pytest.mark.parametrize("noise", [0.05, 0.1, 1.0])
def test_means_vs_truncated_normal(noise: float) -> None:
    world = ExponentialWorld(6.0, noise)
    x = np.linspace(-3 * noise, 1 + 3 * noise, 41)
    # Both sides are location + noise (phi(a) - phi(b))/Z with ends a, b up to `reach` deviations away: a density good to reach^2 (its exponent is half of
    # that) units and eight for the rest, of terms no larger than the distance to the farther end (the mean), its square (the variance).
    reach = (1 + 3 * noise) / noise + 6 * noise
    unit = (reach**2 + 8) * np.finfo(float).eps
    for mean, location in ((world.f_q(x), x), (world.f_p(x), x - 6 * noise**2)):
        law = stats.truncnorm((0 - location) / noise, (1 - location) / noise, loc=location, scale=noise)
        assert np.allclose(mean, law.mean(), rtol=0, atol=unit * noise * reach)
    law = stats.truncnorm((0 - x) / noise, (1 - x) / noise, loc=x, scale=noise)
    assert np.allclose(world.variance_q(x), law.var(), rtol=0, atol=unit * (noise * reach) ** 2)


def test_curves_vs_quadrature() -> None:
    closed, world = pair(6.0, 0.1)
    curves = quantities(world).curves
    x = curves["x"]
    # Pointwise: quadrature in y to rounding (rate D + 4.5 units of logarithm), closed form likewise.
    slack = 64 * np.finfo(float).eps * (6 + 4.5 + 1)
    assert np.abs(curves["f_q"] - closed.f_q(x)).max() <= slack
    assert np.abs(curves["f_p"] - closed.f_p(x)).max() <= slack
    assert np.abs(curves["log_z"] - closed.log_z(x)).max() <= 4 * slack
    for row, classes in enumerate(CLASSES):
        assert np.abs(curves["f_hat"][row] - closed.corrected(x, classes)[1]).max() <= slack


def test_one_class_is_no_correction() -> None:
    closed = ExponentialWorld(6.0, 0.1)
    x = np.linspace(-0.3, 1.3, 33)
    log_ratio, mean = closed.corrected(x, 1)
    assert np.abs(log_ratio - closed.log_z(x)).max() < 1e-13 * 20
    assert np.abs(mean - closed.f_p(x)).max() < 1e-13


def test_a_wrong_tilt_is_rejected() -> None:
    """The falsifier: shifting the imbalanced mean by half of rate s^2 is far outside the errors. (The wrong sign would go unseen in this number:
    the mirror image of the world has the same squared-error price.)"""

    class Wrong(ExponentialWorld):
        def _shifted(self, x: np.ndarray) -> np.ndarray:
            return x - self.rate * self.noise**2 / 2

    _, world = pair(6.0, 0.1)
    found = quantities(world, with_curves=False)
    assert not agree(found.squared_error_price, numbers(Wrong(6.0, 0.1), 2)["squared_error_price"])


@pytest.mark.parametrize("u", [1e-8, 0.01, 0.0999, 0.1, 0.1001, 1.0, 30.0, 800.0])
def test_log_sinh_ratio(u: float) -> None:
    import flint

    with flint.ctx.workprec(200):
        exact = float((flint.arb(u).sinh() / flint.arb(u)).log().mid())
    # Just above the switch the closed form loses log sinh's cancellation against log 2u: 64 units of u + 1.
    allowance = 4 * np.spacing(exact) if u < 0.1 else 4 * np.finfo(float).eps * (u + 1)
    assert abs(log_sinh_ratio(u) - exact) <= allowance
    assert log_sinh_ratio(-u) == log_sinh_ratio(u)
    assert log_sinh_ratio(u) <= u * u / 6 * (1 + 1e-15)


def test_balanced_labels_cost_nothing() -> None:
    found = numbers(ExponentialWorld(0.0, 0.1), 4)
    for name in ("price", "remainder", "corrected_excess", "squared_error_price", "corrected_squared_error"):
        assert math.isfinite(found[name].error)
        assert abs(found[name].value) <= found[name].error
