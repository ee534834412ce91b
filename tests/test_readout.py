"""readout: the gap of a linear read-out, its parts, and what class features do to it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import evidence, finite_worlds, holds_and_rejects

from numerics.checks import readout
from numerics.finite import FiniteWorld
from numerics.laws import densities


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold_and_reject(density: str) -> None:
    holds_and_rejects("readout", density)


def seen(here: FiniteWorld) -> readout.Inputs:
    joint_q, joint_p = ((law[:, None] * here.k).T for law in (here.q, here.p))
    there = (joint_q.sum(axis=1) > 0) & (joint_p.sum(axis=1) > 0)
    return readout.inputs(here.y, joint_q[there], joint_p[there])


@given(finite_worlds(channel="generic"), st.integers(0, 2**31))
def test_gap_by_three_routes(here: FiniteWorld, seed: int) -> None:
    world = seen(here)
    features = np.random.default_rng(seed).normal(size=(len(world.q), 2))
    made = readout.gap(world, features)
    assert abs(made.by_formula - made.by_risks) <= 4 * made.error
    assert abs(made.by_formula - made.by_distance) <= 4 * made.error
    assert np.all(np.abs(made.whole - made.label_shift - made.capacity) <= made.error / made.size * 4)


@pytest.mark.parametrize(
    ("example", "constant", "classes"),
    [
        (readout.SYMMETRIC, Fraction(0), Fraction(25, 1944)),
        (readout.KNOWN, Fraction(9, 100), Fraction(0)),
        (readout.FEW, None, Fraction(1325, 17672)),
    ],
)
def test_exact_examples(example: readout.Example, constant: Fraction | None, classes: Fraction) -> None:
    here, features = readout._example(example)
    if constant is not None:
        assert abs(readout.gap(here, np.ones((len(here.q), 1))).by_distance - float(constant)) < 1e-15
    assert abs(readout.gap(here, features).by_distance - float(classes)) < 1e-14
    if example is readout.FEW:
        price = float(here.q @ (here.f_p - here.f_q) ** 2)
        assert abs(price - 123261 / 1656200) < 1e-15


def test_class_features_tend_to_the_bayes_price() -> None:
    """With 4, 8, 16 classes the gap comes ever nearer to the price, the capacity part vanishes, and neither is zero in the limit."""
    drawn = readout.curves(evidence("exp(-6*y)", classes=(4,)))
    rows = [row for row in drawn["per_classes"] if row["classes"] in (4, 8, 16)]
    off = [abs(row["gap"] - drawn["price"]) for row in rows]
    assert off[2] < off[1] < off[0]
    assert off[2] < 0.02 * drawn["price"]
    capacity = [row["capacity"] for row in rows]
    assert capacity[2] < capacity[1] < capacity[0]
