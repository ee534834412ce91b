"""readout: the gap of a linear read-out, its parts, and what class features do to it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import evidence, finite_worlds, holds_and_rejects

from numerics.checks import formulas, readout
from numerics.finite import FiniteWorld
from numerics.laws import densities
from theory import ledger, matrices
from theory.numbers import Exact
from theory.readout import FEW, KNOWN, SYMMETRIC
from theory.worlds import World


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold_and_reject(density: str) -> None:
    holds_and_rejects("readout", density)


def seen(here: FiniteWorld) -> readout.Inputs:
    joint_q, joint_p = ((law[:, None] * here.k).T for law in (here.q, here.p))
    there = (joint_q.sum(axis=1) > 0) & (joint_p.sum(axis=1) > 0)
    return readout.inputs(here.y, joint_q[there], joint_p[there])


@given(finite_worlds(channel="generic"), st.integers(0, 2**31))
def test_statements_on_random_worlds(here: FiniteWorld, seed: int) -> None:
    """Random features: the two routes to the gap, and both sides of every formula between matrices."""
    world = seen(here)
    made = readout.gap(world, np.random.default_rng(seed).normal(size=(len(world.q), 2)))
    assert abs(made.by_distance - made.by_risks) <= 4 * made.error
    for _, line in formulas.lines(ledger.load("readout")):
        left, right = (matrices.value(side, made.numbers, np.linalg.inv) for side in (line.left, line.right))
        assert np.all(np.abs(left - right) <= 4 * made.error / min(made.size, 1.0))


@pytest.mark.parametrize(
    ("example", "constant", "classes"),
    [
        (SYMMETRIC, Fraction(0), Fraction(25, 1944)),
        (KNOWN, Fraction(9, 100), Fraction(0)),
        (FEW, None, Fraction(1325, 17672)),
    ],
)
def test_exact_examples(example: World[Exact], constant: Fraction | None, classes: Fraction) -> None:
    """The numbers of the examples by least squares on their features."""
    here, features = readout.example(example)
    if constant is not None:
        assert abs(readout.gap(here, np.ones((len(here.q), 1))).by_distance - float(constant)) < 1e-15
    assert abs(readout.gap(here, features).by_distance - float(classes)) < 1e-14


def test_class_features_tend_to_the_bayes_price() -> None:
    """With 4, 8, 16 classes the gap comes ever nearer to the price, the capacity part vanishes, and neither is zero in the limit."""
    drawn = readout.curves(evidence("exp(-6*y)", classes=(4,)))
    rows = [row for row in drawn["per_classes"] if row["classes"] in (4, 8, 16)]
    off = [abs(row["gap"] - drawn["price"]) for row in rows]
    assert off[2] < off[1] < off[0]
    assert off[2] < 0.02 * drawn["price"]
    capacity = [row["capacity"] for row in rows]
    assert capacity[2] < capacity[1] < capacity[0]


def test_features_that_the_imbalanced_law_cannot_tell_apart_are_left_out() -> None:
    """Nearly all of p lies on a 233rd of the labels: S_p is singular to rounding, and the old code compared 808960 with 2586.691."""
    made = readout.checks(evidence("exp(-233*y)", classes=(16,)), ledger.load("readout"))
    assert all(check.status != "fails" for check in made)
    assert any("singular to rounding" in check.note for check in made)
