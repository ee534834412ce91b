"""beyond_label_shift: what the correction leaves where the channels differ too."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import evidence, finite_worlds, holds, masses, rejected, slack

from numerics.checks import beyond_label_shift
from numerics.finite import FiniteWorld, divergence
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("beyond_label_shift", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("beyond_label_shift", "skewed")
    assert own <= wrong


@given(finite_worlds(channel="generic"), st.data())
def test_the_channels_add_their_divergence(here: FiniteWorld, data: st.DataObject) -> None:
    other = np.stack([data.draw(masses(here.k.shape[1])) for _ in here.labels])
    balanced, imbalanced = here.q[:, None] * here.k, here.p[:, None] * other
    price = sum(
        balanced[:, j].sum()
        * divergence(balanced[:, j] / balanced[:, j].sum(), imbalanced[:, j] / imbalanced[:, j].sum())
        for j in here.inputs
    )
    channels = sum(here.q[i] * divergence(here.k[i], other[i]) for i in here.labels)
    expected = divergence(here.q, here.p) - divergence(balanced.sum(axis=0), imbalanced.sum(axis=0)) + channels
    assert abs(price - expected) <= 3 * slack(here)


def test_the_correction_is_best_where_the_channels_agree() -> None:
    drawn = beyond_label_shift.curves(evidence("skewed"))
    assert drawn["ratio"][int(np.argmin(drawn["left"]))] == 1.0
    assert drawn["channels"][drawn["ratio"].index(1.0)] == pytest.approx(0, abs=1e-15)
