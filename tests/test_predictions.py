"""predictions: what a model's own probabilities tell under the training law."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from worlds import evidence, finite_worlds, holds, rejected, slack

from numerics import finite
from numerics.channels import Channel
from numerics.checks import predictions
from numerics.finite import FiniteWorld
from numerics.grids.grid import grids
from numerics.laws import densities
from numerics.posterior.quantities import quantities
from numerics.routes import training_law
from numerics.routes.route import NotReached
from theory.terms import KL, E, X, Y, p, q
from theory.words import price


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("predictions", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("predictions", "skewed")
    assert own <= wrong


@given(finite_worlds())
def test_price_from_probabilities_under_p(here: FiniteWorld) -> None:
    """-E_p[(1/r) log r] - E_p[w log w], by sums over posteriors alone."""
    ratio, inputs = here.p / here.q, here.input_law(here.p)
    terms = []
    for j in here.inputs:
        if inputs[j] > 0:
            own = here.posterior(here.p, j)
            weight = math.fsum(own / ratio)
            terms += [-inputs[j] * part for part in (own / ratio * np.log(ratio)).tolist()]
            terms.append(-inputs[j] * weight * math.log(weight))
    # Sums under p weigh by 1/r, which may be 1e12; what they sum to is a balanced mean of logarithms again.
    assert abs(math.fsum(terms) - finite.price(here)) <= slack(here)


@given(finite_worlds())
def test_probabilities_divided_by_the_ratio_are_the_balanced_ones(here: FiniteWorld) -> None:
    for j in here.inputs:
        if here.input_law(here.p)[j] > 0:
            divided = np.array(here.posterior(here.p, j)) * here.q / here.p
            assert np.allclose(divided / divided.sum(), here.posterior(here.q, j), rtol=1e-12, atol=0)


@pytest.mark.parametrize("channel", ["gaussian", "logistic", "student"])
def test_two_routes_agree_for_every_channel(channel: str) -> None:
    run = evidence("severe", classes=(4,))
    world = replace(run.world, channel=Channel(channel, 0.2))
    run = replace(run, world=world, quantities=quantities(world, with_curves=False))
    own, theirs = training_law.route(run).number(price), run.quantities.price_by_tilt
    assert abs(own.value - theirs.value) <= own.error + theirs.error < 1e-9


def test_an_error_is_larger_where_the_grid_is_coarse() -> None:
    """The estimate of the error is the distance of two orders, so a number that needs a finer grid says so."""
    run = evidence("bimodal")
    fine, coarse = grids(run.world)
    gap = abs(training_law.number(fine, price) - training_law.number(coarse, price))
    assert training_law.route(run).number(price).error >= gap


def test_what_the_route_has_no_value_for_is_said() -> None:
    with pytest.raises(NotReached, match="no number for E_q"):
        training_law.route(evidence("skewed")).number(E(price, X) * E(KL(q, p, Y), Y) * predictions.COST)


def test_the_picture_averages_what_the_claims_say() -> None:
    """The spread is that of terms whose means are the two claims."""
    run = evidence("skewed")
    drawn = predictions.curves(run)
    (grid, _) = grids(run.world)
    for term, key in ((E(predictions.COST, law=p), "price"), (E(predictions.LEFT, law=p), "left")):
        assert math.isclose(training_law.number(grid, term, drawn["classes"]), drawn[key], rel_tol=1e-11)
