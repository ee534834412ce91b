"""gradient_flow: closed forms of both losses against descent."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from worlds import evidence, failing, holds, rejected

from numerics.checks import gradient_flow
from numerics.checks.gradient_flow import FIVE, THREE, TURN, TWO, Classes, Course
from numerics.laws import densities
from theory import ledger


def every() -> tuple[Classes, ...]:
    return (TWO, THREE, FIVE, gradient_flow.long(), gradient_flow.balanced(THREE), TWO)


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("gradient_flow", density)


def test_every_check_can_fail() -> None:
    own, wrong = rejected("gradient_flow", "skewed")
    assert own <= wrong
    assert {claim for claim, _ in own} == {claim.name for claim in ledger.load("gradient_flow").claims}


@pytest.mark.parametrize("classes", [2, 3, 100])
def test_lambert_form_against_many_digits(classes: int) -> None:
    tau = np.array([0.0, 1e-3, 0.5, 3.0, 40.0, 1e4])
    found = gradient_flow.lambert_missing(tau, classes)
    with mpmath.workdps(40):
        for time, value in zip(tau, found, strict=True):
            # Root of (K - 1) z + e^z = 1 + K tau, by bisection: no Lambert function.
            low, high = mpmath.mpf(0), mpmath.mpf(60)
            for _ in range(140):
                z = (low + high) / 2
                low, high = (
                    (low, z) if (classes - 1) * z + mpmath.exp(z) > 1 + classes * mpmath.mpf(time) else (z, high)
                )
            told = (classes - 1) / (mpmath.exp(low) + classes - 1)
            # e^a is known to a units of its last place.
            assert abs(value - told) <= 16 * (2 + classes * time / (classes - 1)) * 2.3e-16 * told


def test_descent_by_plain_loops() -> None:
    """The compiled descent takes the steps that a loop with gradients by hand takes."""
    course = gradient_flow.courses(every())[1]
    inner = gradient_flow.STEPS[0]
    step = THREE.time / (gradient_flow.TIMES * inner)
    p, y = np.array(THREE.p), np.array(THREE.y)
    w, logits = np.zeros(3), np.zeros((3, 3))
    for _ in range(4 * inner):
        w = w + step * 2 * p * (y - w)
        share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        logits = logits + step * p[:, None] * (np.eye(3) - share)
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    # Both descents contract, so that roundings add up at most: on each side and step half a unit of the new weights, and of each of five operations
    # of the small addend (of logarithms and softmax, of products), which the step makes less than 1 unit together. Weights stay below 2 and logits below 1.
    assert step * 2 * 5 < 1
    assert np.abs(w).max() <= 2
    assert np.abs(logits).max() <= 1
    rounding = 4 * inner * 2 * 2**-53
    assert np.allclose(course.left[0, 4], y - w, rtol=0, atol=rounding * (2 + 1))
    assert np.allclose(course.missing[0, 4], 1 - np.diag(share), rtol=0, atol=rounding * (1 + 1))


def test_halving_the_step_halves_the_error() -> None:
    course = gradient_flow.courses(every())[1]
    tau = THREE.speed * course.t[:, None]
    told = np.array(THREE.y) * np.exp(-2 * tau), gradient_flow.lambert_missing(tau, 3)
    for closed, found in zip(told, (course.left, course.missing), strict=True):
        off = [float(np.abs(part - closed).max()) for part in found]
        assert 1.8 < off[0] / off[1] < 2.2
        assert 1.9 < off[1] / off[2] < 2.1


def test_stated_error_is_kept_and_small() -> None:
    course = gradient_flow.courses(every())[0]
    tau = TWO.speed * course.t[:, None]
    for closed, quantity in (
        (np.exp(-2 * tau), lambda part: part.left),
        (gradient_flow.lambert_missing(tau, 2), lambda part: part.missing),
    ):
        value, error = course.limit(quantity)
        assert np.all(np.abs(value - closed) <= error)
        assert error.max() < 1e-4


def test_steps_too_long_tell_nothing() -> None:
    course = gradient_flow.courses(every())[1]
    far = Course(course.left[::-1], course.margin, course.missing, course.t, course.steps)
    assert np.all(np.isinf(far.limit(lambda part: part.left)[1]))


def test_extra_term_turns_where_it_is_said_to() -> None:
    course = gradient_flow.courses(every())[0]
    change = np.array(TWO.q) - np.array(TWO.p)
    extra, error = course.limit(lambda part: (part.left**2 @ change)[..., None])
    place = int(np.argmax(extra))
    spacing = course.t[1]
    assert abs(course.t[place] - TURN) <= spacing
    at = round(TURN / spacing)
    assert math.isclose(course.t[at], TURN)
    assert abs(float(extra[at, 0]) - 0.3 * 0.75 * 0.25 ** (1 / 3)) <= float(error[at, 0])


def test_classes_that_p_never_samples_are_left_out() -> None:
    here = evidence("skewed")
    own = gradient_flow.own_classes(here)
    assert own is not None
    assert own.number == 4
    (entry,) = [part for part in here.quantities.per_classes if part.classes == 4]
    empty = replace(entry, bins=replace(entry.bins, p=np.array([0.0, 0.5, 0.25, 0.25])))
    without = replace(here, quantities=replace(here.quantities, per_classes=(empty,)))
    assert gradient_flow.own_classes(without) is None
    made = gradient_flow.checks(without, ledger.load("gradient_flow"))
    assert [check.status for check in made].count("not_applicable") == 1


@pytest.mark.parametrize("rare", [1e-3, 1e-9, 1e-12, 1e-100])
def test_very_rare_classes(rare: float) -> None:
    """Where a class has hardly moved, what is left of it is one but for rounding, and the bounds are told from that."""
    here = evidence("skewed")
    (entry,) = [part for part in here.quantities.per_classes if part.classes == 4]
    p = np.array([0.5, rare, 0.3, 0.2 - rare])
    seldom = replace(entry, bins=replace(entry.bins, p=p))
    made = gradient_flow.checks(
        replace(here, quantities=replace(here.quantities, per_classes=(seldom,))), ledger.load("gradient_flow")
    )
    assert not failing(made)
