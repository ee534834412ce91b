"""first_order: closed forms against minima found by bisection, and the first order of a loss that is not quadratic, extrapolated."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

from numerics.checks import statements
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate
from theory.formula import Formula
from theory.record import Result

Curve = Callable[[float], float]
WEIGHTS = (0.2, 0.1, 0.05)
"""Weights of the term at which slopes are measured; their error is even in the weight."""
NUMBERS = {"lambda": 0.3, "h": 1.7, "c": 0.6, "g": -0.8, "G": 0.9}
HEAD = {"lambda": 0.3, "K": 4.0, "b": 0.7, "a": 0.4, "mu": 0.2}


def root(slope: Curve) -> float:
    """Where a rising function is zero, by bisection to the last digit."""
    low, high = -8.0, 8.0
    for _ in range(64):
        middle = (low + high) / 2
        low, high = (middle, high) if slope(middle) < 0 else (low, middle)
    return (low + high) / 2


def trained_slope(weight: float, at: float) -> float:
    """Of L_p + weight CE*."""
    return loss_slope(at) + weight * entropy_slope(at)


def loss(at: float) -> float:
    return math.log(2 * math.cosh(at - 1 / 3)) + at**2 / 4


def loss_slope(at: float) -> float:
    return math.tanh(at - 1 / 3) + at / 2


def entropy_slope(at: float) -> float:
    """Of CE* = log(1 + e^theta)."""
    return 1 / (1 + math.exp(-at))


def slope_beside_head(at: float, w: float) -> float:
    """d/dtheta of CE(theta, w) = log(1 + e^(theta - w)) + w^2/2, the head held."""
    return 1 / (1 + math.exp(w - at))


def risk(at: float) -> float:
    return (at - 1) ** 2


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Each formula of the ledger at numbers, and as the limit of a smooth example."""
    page = Page(evidence, result.name)
    for claim in ("effect", "training_loss", "decayed_head"):
        for line in statements.lines(result, claim, Formula):
            with page.elsewhere("numbers, minima by bisection"):
                _closed(page, claim, line)
            if claim != "decayed_head":
                with page.elsewhere(
                    "L_p = log 2 cosh(theta - 1/3) + theta^2/4, CE* = log(1 + e^theta), R_q = (theta - 1)^2"
                ):
                    _limit(page, claim, line)
    with page.elsewhere("CE(theta, w) = log(1 + e^(theta - w)) + w^2/2"):
        _gradient(page)
    return page.checks


def _gradient(page: Page) -> None:
    """The slope of a minimum over the head, by central differences without their first two orders, against the slope at the best head."""

    def head(at: float) -> float:
        return root(lambda w: w - 1 / (1 + math.exp(w - at)))

    def least(at: float) -> float:
        return math.log1p(math.exp(at - head(at))) + head(at) ** 2 / 2

    at = 0.4
    values = [(least(at + weight) - least(at - weight)) / (2 * weight) for weight in WEIGHTS]
    once = [(4 * fine - coarse) / 3 for coarse, fine in pairwise(values)]
    twice = (16 * once[1] - once[0]) / 15
    error = abs(twice - once[1]) + 64 * EPSILON / WEIGHTS[-1]
    expected = Estimate(slope_beside_head(at, head(at)), 64 * EPSILON)
    page.add("gradient", "identity", expected, Estimate(twice, error), "extrapolated to step zero")


def _closed(page: Page, claim: str, line: Formula) -> None:
    numbers = HEAD if claim == "decayed_head" else NUMBERS
    weight = numbers["lambda"]
    if claim == "decayed_head":
        K, b, a, mu = (numbers[name] for name in ("K", "b", "a", "mu"))
        w = root(lambda w: weight * (a * w - b) + mu * w)
        value = weight * (math.log(K) - b * w + a * w**2 / 2) + mu * w**2 / 2
    else:
        h, c, g, G = (numbers[name] for name in ("h", "c", "g", "G"))
        d = root(lambda d: h * d + weight * c)
        value = g * d + G * d**2 / 2 if claim == "effect" else h * d**2 / 2
    page.add(claim, "identity", statements.side(line.right, **numbers), Estimate(value, 256 * EPSILON), line.text)


def _limit(page: Page, claim: str, line: Formula) -> None:
    """Odd in the weight for the effect, even for the rise; two orders are taken off."""
    start = root(loss_slope)
    step = 1 - math.tanh(start - 1 / 3) ** 2 + 0.5
    numbers = {"h": step, "c": entropy_slope(start), "g": 2 * (start - 1), "G": 2.0}

    def moved(weight: float) -> float:
        return root(partial(trained_slope, weight))

    def order(value: Curve, weight: float) -> float:
        above, below = value(weight), value(-weight)
        return (above - below) / (2 * weight) if claim == "effect" else (above + below) / (2 * weight**2)

    def measured(weight: float) -> float:
        if claim == "effect":
            return risk(moved(weight)) - risk(start)
        return loss(moved(weight)) - loss(start)

    values = [order(measured, weight) for weight in WEIGHTS]
    once = [(4 * fine - coarse) / 3 for coarse, fine in pairwise(values)]
    twice = (16 * once[1] - once[0]) / 15
    expected = order(lambda weight: statements.side(line.right, **{**numbers, "lambda": weight}).value, 1.0)
    error = abs(twice - once[1]) + 64 * EPSILON / WEIGHTS[-1] ** 2
    page.add(
        claim, "asymptotic", Estimate(expected, 64 * EPSILON), Estimate(twice, error), "extrapolated to weight zero"
    )


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: the smooth example over weights, and what is predicted at weight zero."""
    start = root(loss_slope)
    curvature, slope = 1 - math.tanh(start - 1 / 3) ** 2 + 0.5, entropy_slope(start)
    weights = [step / 50 for step in range(51)]
    places = [root(partial(trained_slope, weight)) for weight in weights]
    first = -2 * (start - 1) * slope / curvature
    return {
        "weight": weights,
        "risk": [risk(at) - risk(start) for at in places],
        "risk_expected": [first * weight for weight in weights],
        "loss": [loss(at) - loss(start) for at in places],
        "loss_expected": [weight**2 / 2 * slope**2 / curvature for weight in weights],
        "slope": first,
    }
