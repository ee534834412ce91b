"""risk: the three terms of the balanced risk."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import evidence, finite_worlds, holds, rejected, square_slack

from numerics import finite
from numerics.channels import NAMES, Channel
from numerics.checks.linear_predictor import class_errors, direct_risks, line, noise_rule, noise_variance
from numerics.checks.risk import known, ratio
from numerics.finite import FiniteWorld
from numerics.laws import densities
from numerics.records import Estimate
from numerics.world import World


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("risk", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density that reads a statement of terms or a formula is rejected by a wrong version of it."""
    own, wrong = rejected("risk", "skewed")
    assert own - wrong == {("within_asymptotic", "quadrature")}


def test_wrong_limits_are_rejected() -> None:
    """With +d^2/12 the ratio would tend to -1, with d^2/24 to 2."""
    measured = ratio(known, 1.0)
    assert isinstance(measured, Estimate)
    assert all(abs(measured.value - wrong) > measured.error for wrong in (-1.0, 2.0))


PREDICTIONS = st.lists(st.floats(-60, 60), min_size=4, max_size=4)


@given(finite_worlds(), PREDICTIONS)
def test_three_terms(here: FiniteWorld, f: list[float]) -> None:
    q, p = here.bin_masses(here.q), here.bin_masses(here.p)
    errors_q, errors_p = finite.class_errors(here, here.q, f), finite.class_errors(here, here.p, f)
    between = math.fsum((a - b) * e for a, b, e in zip(q, p, errors_p, strict=True))
    within = math.fsum(a * (e - g) for a, e, g in zip(q, errors_q, errors_p, strict=True))
    told = finite.risk(here, here.p, f) + between + within
    assert abs(told - finite.risk(here, here.q, f)) <= 8 * square_slack(here) + 64 * 2.3e-16 * 120**2


@given(finite_worlds(), PREDICTIONS)
def test_within_class_bound(here: FiniteWorld, f: list[float]) -> None:
    errors_q, errors_p = finite.class_errors(here, here.q, f), finite.class_errors(here, here.p, f)
    for members, w, e, g in zip(here.bins, finite.oscillation(here), errors_q, errors_p, strict=True):
        errors = [finite.label_error(here, i, f) for i in members]
        bound = (max(errors) - min(errors)) * math.tanh(w / 4)
        assert abs(e - g) <= bound + 64 * 2.3e-16 * (1 + max(errors))


@pytest.mark.parametrize("name", NAMES)
def test_noise_rule_knows_mass_and_variance(name: str) -> None:
    channel = Channel(name, 0.3)
    noise, weight = noise_rule(channel, 16)
    assert abs(weight.sum() - 1) < 1e-14
    assert abs(weight @ noise**2 - noise_variance(channel)) < 1e-14


@pytest.mark.parametrize("name", NAMES)
def test_a_line_by_two_routes(name: str) -> None:
    """Risks through e(y) on the labels, against quadrature over labels and noise, for every channel."""
    law = densities.named("bimodal")
    here = World(law, Channel(name, 0.2), (5,))
    model = line(here)
    (edges,) = here.edges
    q, p = law.bin_masses(edges)
    for errors, mass, risk in zip(class_errors(here, model, edges), (q, p), direct_risks(here, model), strict=True):
        told = sum(m * e.value for m, e in zip(mass, errors, strict=True))
        assert (
            abs(told - risk.value) <= risk.error + sum(m * e.error for m, e in zip(mass, errors, strict=True)) + 1e-15
        )


def test_the_line_is_the_least_squares_fit() -> None:
    """No line near it has a smaller risk under p."""
    here = evidence("skewed").world
    model = line(here)
    best = direct_risks(here, model)[1].value
    for step in (-1e-3, 1e-3):
        moved = type(model)(model.intercept + step, model.slope, model.variance)
        tilted = type(model)(model.intercept, model.slope + step, model.variance)
        assert direct_risks(here, moved)[1].value > best
        assert direct_risks(here, tilted)[1].value > best


def test_oscillation_of_the_line_is_that_of_a_fine_grid() -> None:
    model = line(evidence("uniform").world)
    grid = model.error(np.linspace(0.2, 0.9, 100_001))
    # A quadratic between grid points h apart exceeds them by at most h^2/4 (1 - slope)^2.
    assert abs(np.ptp(model.extremes(0.2, 0.9)) - np.ptp(grid)) <= (0.7e-5) ** 2
