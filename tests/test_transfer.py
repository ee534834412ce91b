"""transfer: what a wrong model loses after the correction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import evidence, failing, finite_worlds, holds, rejected, rejected_by, slack

from numerics import checks
from numerics.checks import trained_models, transfer
from numerics.finite import FiniteWorld, divergence
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("transfer", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("transfer", "skewed")
    assert own <= wrong


@given(finite_worlds(), st.randoms(use_true_random=False))
def test_a_wrong_model_loses_at_most_the_largest_imbalance_times_its_loss(
    here: FiniteWorld, dice: st.DataObject
) -> None:
    ratio = here.p / here.q
    lost, excess = 0.0, 0.0
    for j in here.inputs:
        own, balanced = (np.array(here.posterior(law, j)) for law in (here.p, here.q))
        if here.input_law(here.p)[j] > 0:
            model = own * np.array([dice.uniform(0.1, 10) for _ in here.labels])
            model /= model.sum()
            mended = model / ratio / (model / ratio).sum()
            lost += here.input_law(here.p)[j] * divergence(own, model)
            excess += here.input_law(here.q)[j] * divergence(balanced, mended)
    # Relative to the bound: the masses under p may be 1e12 times too small to see a loss beside rounding.
    assert excess <= (lost + slack(here)) * float((1 / ratio).max())


def test_an_error_about_rare_labels_comes_close_to_the_bound() -> None:
    drawn = transfer.curves(evidence("skewed"))
    losses = {model["wrong_about"]: model["balanced"][0] / model["training"][0] for model in drawn["models"]}
    assert 0.9 * drawn["largest"] < losses["rare labels"] <= drawn["largest"]
    assert losses["frequent labels"] < 1


def test_trained_models_and_wrong_versions_of_what_is_said_of_them() -> None:
    """A network and boosted trees of scikit-learn: the exact split and both bounds, and each can fail."""
    run = replace(evidence("skewed", classes=(4,)), full=True)
    own = [check for check in checks.run("transfer", run) if check.evidence == "fitted"]
    assert not failing(own)
    assert len(own) == 3 * len(trained_models.NAMES)
    expected, wrong = ({claim for claim, kind in each if kind == "fitted"} for each in rejected_by("transfer", run))
    assert set() != expected <= wrong
