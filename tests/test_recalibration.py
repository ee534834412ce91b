"""recalibration: the best mend of a point prediction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from worlds import evidence, failing, finite_worlds, holds, rejected, rejected_by, square_slack

from numerics import checks
from numerics.checks import recalibration, trained_models
from numerics.finite import FiniteWorld
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("recalibration", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("recalibration", "skewed")
    assert own <= wrong


@given(finite_worlds())
def test_weighted_means_of_training_pairs_are_the_best_mend(here: FiniteWorld) -> None:
    """Inputs 0 and 1 share a prediction, 2 and 3 another."""
    joint = here.q[:, None] * here.k
    mend = np.zeros(joint.shape[1])
    for cell in (slice(0, 2), slice(2, 4)):
        pairs = here.p[:, None] * here.k[:, cell]
        weights = pairs * (here.q / here.p)[:, None]
        if weights.sum() > 0:
            mend[cell] = (weights.sum(axis=1) @ here.y) / weights.sum()
    risk = [(joint * (here.y[:, None] - guess) ** 2).sum() for guess in (mend, mend + 1.0)]
    # Any other prediction of the cells costs its squared distance: one, for one label more.
    assert abs(risk[1] - risk[0] - 1.0) <= square_slack(here)


def test_held_out_pairs_find_the_mend() -> None:
    """Of the picture: weighted stretches lie nearer to the balanced line, others nearer to the diagonal."""
    drawn = recalibration.curves(evidence("skewed"))
    balanced = np.interp(drawn["weighted_at"], drawn["prediction"], drawn["balanced"])
    weighted = np.abs(np.array(drawn["weighted"]) - balanced)
    plain = np.abs(np.array(drawn["plain"]) - drawn["at"])
    assert weighted.mean() < 0.02
    assert plain.mean() < 0.02
    assert drawn["gain"] == pytest.approx(evidence("skewed").quantities.squared_error_price.value, rel=1e-9)


def test_trained_models_and_wrong_versions_of_what_is_said_of_them() -> None:
    """A network and boosted trees of scikit-learn: what a mend gains and what a prediction loses, and each can fail."""
    run = replace(evidence("skewed", classes=(4,)), full=True)
    own = [check for check in checks.run("recalibration", run) if check.evidence == "fitted"]
    assert not failing(own)
    assert len(own) == 3 * len(trained_models.NAMES)
    expected, wrong = (
        {claim for claim, kind in each if kind == "fitted"} for each in rejected_by("recalibration", run)
    )
    assert set() != expected <= wrong
