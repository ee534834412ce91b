"""class_split: the class part and the within-class part."""

from __future__ import annotations

import pytest
from hypothesis import given
from worlds import finite_worlds, holds, rejected, slack

from numerics import finite
from numerics.finite import FiniteWorld
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("class_split", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("class_split", "skewed")
    assert own <= wrong


@given(finite_worlds())
def test_parts_add_up_and_are_not_negative(here: FiniteWorld) -> None:
    classes, within = finite.class_part(here), finite.within_part(here)
    assert abs(classes + within - finite.price(here)) <= slack(here)
    assert min(classes, within) >= -slack(here)


@given(finite_worlds())
def test_class_part_by_the_chain_rule(here: FiniteWorld) -> None:
    told = finite.kl_classes(here) - finite.kl_inputs(here) + finite.kl_inputs_within(here)
    assert abs(finite.class_part(here) - told) <= slack(here)


@given(finite_worlds(bins="one"))
def test_one_class_has_no_class_part(here: FiniteWorld) -> None:
    assert abs(finite.class_part(here)) <= slack(here)


@given(finite_worlds(bins="all"))
def test_a_class_for_each_label_leaves_nothing_within(here: FiniteWorld) -> None:
    assert abs(finite.within_part(here)) <= slack(here)
