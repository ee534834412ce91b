"""offset: the corrected excess between the within-class part and W."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import worlds
from hypothesis import given
from worlds import evidence, failing, finite_worlds, holds, rejected, rejected_by, slack

from numerics import checks, finite
from numerics.finite import FiniteWorld, divergence
from numerics.fits import Options, fits
from numerics.laws import densities
from theory.offset import REVEALED


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("offset", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("offset", "skewed")
    assert own <= wrong


def test_every_fitted_check_can_fail() -> None:
    """The same for the trained models of each result that has some, fitted once for all."""
    plain = evidence("skewed", classes=(4,))
    run = replace(plain, fits=fits(plain.world, 8, 0, Options(draws=1 << 17, test_draws=1 << 15)))
    for result in ("price", "class_split", "remainder", "offset", "squared_error", "risk"):
        own, wrong = ({claim for claim, kind in each if kind == "fitted"} for each in rejected_by(result, run))
        assert set() != own <= wrong


@given(finite_worlds())
def test_corrected_excess(here: FiniteWorld) -> None:
    excess, W = finite.corrected_excess(here), finite.remainder(here)
    assert abs(excess - (W - finite.kl_inputs_corrected(here))) <= slack(here)
    assert finite.within_part(here) - slack(here) <= excess <= W + slack(here)


@given(finite_worlds())
def test_corrected_model_is_a_posterior(here: FiniteWorld) -> None:
    """It is the posterior under phat, so its excess is the price of phat."""
    told = finite.price(FiniteWorld(here.q, np.array(here.corrected_prior), here.k, here.y, here.bins))
    assert abs(finite.corrected_excess(here) - told) <= slack(here)
    assert abs(divergence(here.q, here.corrected_prior) - finite.remainder(here)) <= slack(here)


@given(finite_worlds())
def test_guarantee(here: FiniteWorld) -> None:
    saved = finite.price(here) - finite.corrected_excess(here)
    assert saved >= finite.kl_classes(here) - finite.kl_inputs(here) - slack(here)


@given(finite_worlds(channel="silent"))
def test_the_worst_channel_says_nothing(here: FiniteWorld) -> None:
    assert abs(finite.corrected_excess(here) - finite.remainder(here)) <= slack(here)


@given(finite_worlds(bins="all"))
def test_a_class_for_each_label_corrects_everything(here: FiniteWorld) -> None:
    assert abs(finite.corrected_excess(here)) <= slack(here)


@given(finite_worlds(bins="one"))
def test_one_class_corrects_nothing(here: FiniteWorld) -> None:
    assert abs(finite.corrected_excess(here) - finite.price(here)) <= slack(here)


def test_counterexample_of_the_sheet() -> None:
    here = worlds.finite(REVEALED)
    assert abs(finite.price(here)) < 1e-16
    assert math.isclose(finite.corrected_excess(here), math.log(16 / 15) / 4, rel_tol=1e-14)
    assert math.isclose(finite.remainder(here), math.log(75 / 64) / 4, rel_tol=1e-14)


def test_the_ledger_says_the_same_numbers() -> None:
    from theory import ledger

    (claim,) = [claim for claim in ledger.load("offset").claims if claim.name == "can_hurt"]
    assert "(log(16/15))/4" in claim.statement
    assert "(log(75/64))/4" in claim.statement


def test_two_classes_hurt_the_exponential_density() -> None:
    """The sheet's table at K = 2, where the correction costs more than it saves; and the checks hold there too."""
    here = evidence("exp(-6*y)", classes=(2,))
    (entry,) = here.quantities.per_classes
    assert f"{entry.class_part.value:.6f} {entry.within_part.value:.4f}" == "0.032683 0.1146"
    assert f"{entry.corrected_excess.value:.4f} {entry.corrected_squared_error.value:.3e}" == "0.2123 1.481e-03"
    assert entry.corrected_excess.value > here.quantities.price.value
    assert not failing(checks.run("offset", here))
