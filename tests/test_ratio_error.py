"""ratio_error: what an estimated label law costs in the correction."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import evidence, finite_worlds, holds, masses, rejected, slack

from numerics import finite
from numerics.checks import ratio_error
from numerics.finite import FiniteWorld, divergence
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("ratio_error", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("ratio_error", "skewed")
    assert own <= wrong


@given(finite_worlds(), st.data())
def test_the_excess_is_the_price_of_the_law_that_is_served(here: FiniteWorld, data: st.DataObject) -> None:
    estimate = data.draw(masses(len(here.q)))
    served = here.q * here.p / estimate
    served /= served.sum()
    other = FiniteWorld(here.q, served, here.k, here.y, here.bins)
    # The served law's masses may be 1e24 apart, and their logarithms twice as large.
    assert finite.price(other) <= divergence(here.q, served) + 3 * slack(here)


def test_a_smoothed_label_law_costs_between_nothing_and_the_price() -> None:
    drawn = ratio_error.curves(evidence("skewed"))
    assert drawn["excess"][0] == pytest.approx(0, abs=1e-12)
    assert drawn["excess"][-1] == pytest.approx(drawn["price"], rel=1e-12)
    assert np.all(np.diff(drawn["excess"]) > 0)
    assert np.all(np.array(drawn["excess"]) <= np.array(drawn["bound"]) + 1e-12)
