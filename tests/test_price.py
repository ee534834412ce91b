"""price: what imbalance costs the best predictor."""

from __future__ import annotations

import math

import pytest
import worlds
from hypothesis import given
from worlds import evidence, finite_worlds, holds, rejected, slack

from numerics import finite
from numerics.finite import FiniteWorld, divergence
from numerics.laws import densities
from theory.price import THREE


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("price", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("price", "skewed")
    assert own <= wrong


@given(finite_worlds())
def test_price_is_a_difference_of_divergences(here: FiniteWorld) -> None:
    price, labels = finite.price(here), finite.kl_labels(here)
    assert abs(price - (labels - finite.kl_inputs(here))) <= slack(here)
    assert -slack(here) <= price <= labels + slack(here)


@given(finite_worlds())
def test_training_data_show_a_gain(here: FiniteWorld) -> None:
    told = divergence(here.input_law(here.p), here.balanced) - divergence(here.p, here.q)
    assert abs(finite.training_extra(here) - told) <= slack(here)
    assert told <= slack(here)


@given(finite_worlds(channel="silent"))
def test_an_input_that_says_nothing_pays_the_whole_label_divergence(here: FiniteWorld) -> None:
    assert abs(finite.price(here) - finite.kl_labels(here)) <= slack(here)


@given(finite_worlds(channel="deterministic"))
def test_inputs_of_labels_with_one_ratio_pay_nothing(here: FiniteWorld) -> None:
    """x determines r: give all labels of an input the same ratio."""
    total = {j: sum(here.p[i] for i in here.labels if here.k[i, j] > 0) for j in here.inputs}
    base = {j: sum(here.q[i] for i in here.labels if here.k[i, j] > 0) for j in here.inputs}
    own = [next(j for j in here.inputs if here.k[i, j] > 0) for i in here.labels]
    p = here.q * [total[j] / base[j] for j in own]
    assert abs(finite.price(FiniteWorld(here.q, p, here.k, here.y, here.bins))) <= slack(here)


def test_example_of_the_sheet() -> None:
    found = finite.price(worlds.finite(THREE))
    assert f"{found:.4f}" == "0.5108"
    assert abs(found - math.log(5 / 3)) < 16 * 2.3e-16


def test_the_ledger_says_the_same_number() -> None:
    from theory import ledger

    (claim,) = [claim for claim in ledger.load("price").claims if claim.name == "finite_example"]
    assert "log(5/3)" in claim.statement


def test_reference_of_the_sheet() -> None:
    """Figures under `rates` in the theory sheet, to their printed digits."""
    found = evidence("exp(-6*y)").quantities
    assert f"{found.kl_labels.value:.4f}" == "1.2058"
    assert f"{found.kl_inputs.value:.4f}" == "1.0585"
    assert f"{found.price.value:.6f}" == "0.147269"
