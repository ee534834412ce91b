"""i_mmse: the price in nats as an integral of prices in squared error over the noise, against every other route to it."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np

from numerics import quadrature
from numerics.checks import formulas, gaussian_world, statements
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Check, Estimate
from numerics.routes import certified, noise
from numerics.routes import quadrature as by_quantity
from numerics.routes.route import Route
from theory import i_mmse
from theory.claim import Worded
from theory.formula import Formula
from theory.record import Result
from theory.words import corrected_excess, price

STEPS = (1 / 64, 1 / 128, 1 / 256)
"""Of gamma, either way, in differences of the price."""
POINTS = 33
"""Of the picture's lines."""
MARKS = 4
"""Of these, one is marked by the other route."""


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """The slope by differences of the input divergence, the integral against quadrature and certificates, Gaussian labels."""
    page = Page(evidence, result.name)
    reached = bool(noise.falls(evidence.world))
    for _ in statements.lines(result, "derivative", Worded):
        _slopes(page) if reached else page.skip("derivative", "identity", NOT_REACHED)
    for _ in statements.lines(result, "integral", Worded):
        _integrals(page) if reached else page.skip("integral", "identity", NOT_REACHED)
    for line in statements.lines(result, "gaussian", Formula):
        with page.elsewhere(gaussian_world.WHERE):
            _gaussian(page, line)
    return page.checks


NOT_REACHED = "the claim is about the Gaussian channel, of a noise that is not small, and labels that are all sampled"


def _slopes(page: Page) -> None:
    """The slope of each price in gamma, by central differences of minus the divergence of the inputs, extrapolated twice."""
    world = page.evidence.world
    gamma = 1 / world.channel.noise**2
    differences = []
    for step in STEPS:
        ends = [noise.divergences_of_inputs(world, math.sqrt(gamma * (1 + sign * step))) for sign in (1, -1)]
        differences.append((ends[1] - ends[0]) / (2 * gamma * step))
    wide, narrow = ((4 * fine - coarse) / 3 for coarse, fine in pairwise(differences))
    slopes = (16 * narrow - wide) / 15
    rounding = ROUNDING * EPSILON * (1 + page.evidence.quantities.kl_labels.value) / (gamma * STEPS[-1])
    expected = float(i_mmse.RATE) * noise.squared_errors(world)
    for index, classes in enumerate((None, *world.classes)):
        slope = Estimate(float(slopes[index]), SAFETY * abs(float(narrow[index] - wide[index])) + rounding)
        # The mean under q(x) of squares, each off by roundings of the length.
        unit = ROUNDING * EPSILON * world.law.length
        square = Estimate(float(expected[index]), unit * math.sqrt(2 * abs(expected[index])) + unit**2)
        note = f"slope in gamma at gamma = {gamma:g}, by differences of KL(q_x||{'p' if classes is None else 'phat'}_x)"
        page.add("derivative", "identity", square, slope, note, classes=classes)


def _integrals(page: Page) -> None:
    """Label divergence plus RATE times the integral of the squared-error prices, against each route to the price in nats."""
    evidence = page.evidence
    first, second = by_quantity.routes(evidence)
    for index, classes in enumerate((None, *evidence.world.classes)):
        whole = price if classes is None else corrected_excess
        numbers = evidence.quantities
        start = numbers.kl_labels if classes is None else numbers.per_classes[index - 1].remainder
        fall = noise.falls(evidence.world)[index].scaled(-2 * float(i_mmse.RATE))
        for route in (first, second, certified.route(evidence)):
            _compare(page, route, start - fall, route.lookup(whole, classes), classes)


def _compare(page: Page, route: Route, theory: Estimate, number: Estimate | None, classes: int | None) -> None:
    if number is not None:
        name = "E_q Delta" if classes is None else "corrected excess"
        note = f"{name} by the integral over the noise; {route.name}"
        page.add("integral", "identity", theory, number, note, source=route.evidence, classes=classes)


def _gaussian(page: Page, line: Formula) -> None:
    """Each side integrated over gamma, from twice the variance of the noise down to itself, against the fall of the price by quadrature."""
    labels = gaussian_world.LABELS
    ends = 1 / (2 * labels.noise), 1 / labels.noise
    fixed = {"m_q": labels.mean_q, "m_p": labels.mean_p, "v_q": labels.variance_q, "v_p": labels.variance_p}
    prices = [gaussian_world.means(gaussian_world.at_noise(labels, 1 / gamma))[1] for gamma in ends]
    for side in (line.left, line.right):

        def slope(gamma: np.ndarray, side: Any = side) -> np.ndarray:
            return formulas.values(side, {"gamma": gamma, **fixed})[0]

        fall = quadrature.integrate(slope, ends, orders=(8, 7))
        page.add("gaussian", "identity", fall, prices[1] - prices[0], f"{labels.text}, from twice the noise variance")


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: the price and one corrected excess against sigma = 1/s, by the integral, and some points by the inputs' divergence."""
    world = evidence.world
    if not noise.falls(world) or not math.isfinite(evidence.quantities.kl_labels.value):
        return {}
    sigma, falls = noise.course(world, POINTS)
    starts = [
        evidence.quantities.kl_labels.value,
        *(entry.remainder.value for entry in evidence.quantities.per_classes),
    ]
    marks = range(MARKS // 2, POINTS, MARKS)
    points = np.array([np.array(starts) - noise.divergences_of_inputs(world, float(sigma[i])) for i in marks])
    return {
        "noise": (1 / sigma).tolist(),
        "own": float(world.channel.noise),
        "classes": [None, *world.classes],
        "start": starts,
        "by_integral": (np.array(starts) - falls).T.tolist(),
        "marked": [1 / float(sigma[i]) for i in marks],
        "by_inputs": points.T.tolist(),
    }
