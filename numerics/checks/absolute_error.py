"""absolute_error: what the imbalanced median loses in absolute error, and how the log-loss price bounds it."""

from __future__ import annotations

import math
from contextlib import suppress
from fractions import Fraction
from typing import Any

import numpy as np

from numerics import quadrature
from numerics.checks import statements
from numerics.checks.common import Page, finite
from numerics.checks.limits import quotient
from numerics.evidence import Evidence
from numerics.records import Check, Estimate
from numerics.routes import medians, training_law
from numerics.routes.route import NeedsClasses, NotReached
from theory import ledger
from theory.formula import Formula
from theory.printing import text
from theory.record import Result
from theory.statement import Statement
from theory.terms import E
from theory.words import D, error_p, error_q, price
from theory.worlds import Evaluation, exact, real

SMALL = Fraction(1, 1000)
"""e of the two labels that make the constant sharp."""
TWO = exact(
    "two labels, an input that says nothing, p a tie",
    q=f"{Fraction(1, 2) - SMALL} {Fraction(1, 2) + SMALL}",
    p="1/2 1/2",
    k=("1", "1"),
    classes=(0, 0),
    labels="0 1",
)
MOVED, VARIANCE = 0.01, 0.04
"""m and v of the Gaussian posteriors."""


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by two routes to the medians and in finite worlds; labels that make the constant sharp; Gaussian posteriors."""
    page = Page(evidence, result.name)
    statements.add(page, result, medians.pairs(evidence))
    for share in shares(evidence, result):
        note = f"left over right: the loss is {math.sqrt(abs(share.value)):.3g} of its bound"
        page.add("bound", "upper bound", Estimate(1.0, 0.0), share, note)
    for line in statements.lines(result, "sharp", Formula):
        with page.elsewhere(TWO.name):
            _sharp(page, line)
    for line in statements.lines(result, "gaussian", Formula):
        with page.elsewhere("Gaussian posteriors of one variance"):
            _gaussian(page, line)
    return page.checks


def _sharp(page: Page, line: Formula) -> None:
    """Both sides of the limit against two labels, and their ratio near the limit: 4 e^2/(4 e^2 + (8/3) e^4 + ...)."""
    values = Evaluation(real(TWO))
    expected = [statements.side(side, e=float(SMALL), D=1.0) for side in (line.left, line.right)]
    for side, whole in zip(expected, (E(error_p - error_q) ** 2, 2 * D**2 * price), strict=True):
        measured = values.number(whole)
        note = f"{text(whole)} at e = {float(SMALL):g}"
        page.add("sharp", "asymptotic", side, Estimate(measured.value, measured.error), note)
    ratio = quotient(*expected)
    note = f"ratio at e = {float(SMALL):g}; allowance e^2 from the series of the right side"
    page.add("sharp", "asymptotic", Estimate(1.0, 0.0), ratio, note, allowance=float(SMALL) ** 2)


def shares(evidence: Evidence, result: Result) -> list[Estimate]:
    """Each bound's left side over its right side in the world of a run; none where there is nothing to lose, or no number."""
    route, _ = medians.pairs(evidence)[0]
    quotients = []
    for line in statements.lines(result, "bound", Statement):
        with suppress(NotReached, NeedsClasses):
            quotients.append(quotient(route.number(line.left), route.number(line.right)))
    return [share for share in quotients if finite(share) and share.error < abs(share.value)]


def _gaussian(page: Page, line: Formula) -> None:
    """What the wrong median loses, by quadrature on either side of both medians, and the ratio of the sides for a small shift."""
    reach = 9 * math.sqrt(VARIANCE)

    def lost(y: np.ndarray) -> np.ndarray:
        density: np.ndarray = np.exp(-(y**2) / (2 * VARIANCE)) / math.sqrt(2 * math.pi * VARIANCE)
        return density * (np.abs(y - MOVED) - np.abs(y))

    measured = quadrature.integrate(lost, [-reach, 0.0, MOVED, reach], math.sqrt(VARIANCE) / 2, tail=MOVED * 1e-18)
    left, right = (statements.side(side, m=MOVED, v=VARIANCE) for side in (line.left, line.right))
    note = f"medians {MOVED:g} apart, variance {VARIANCE:g}"
    page.add("gaussian", "asymptotic", left, measured, note)
    # The series is m^2/sqrt(2 pi v) (1 - m^2/(12 v) + ...), of falling terms of alternating sign.
    allowance = MOVED**2 / (12 * VARIANCE)
    note = f"ratio at {note}; allowance m^2/(12 v) from the series"
    page.add("gaussian", "asymptotic", Estimate(1.0, 0.0), quotient(measured, right), note, allowance=allowance)


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: the loss at every input and both bounds of it, for the inputs between the ends of the labels."""
    grids = () if evidence.world.law.discrete else training_law.grids(evidence.world)
    if not grids:
        return {}
    grid = grids[-1]
    losses = medians.on_grid(grid)
    posterior = grid.mass / grid.mass.sum(axis=1, keepdims=True)
    ratio = np.exp(grid.log_ratio)
    divergence = np.log((posterior * ratio).sum(axis=1)) - (posterior * grid.log_ratio).sum(axis=1)
    low, high = (float(end) for end in evidence.world.law.support)
    inside = (grid.x[:, 0] >= low) & (grid.x[:, 0] <= high)
    root = np.sqrt(2 * np.maximum(divergence, 0.0))
    return {
        "input": grid.x[inside, 0].tolist(),
        "loss": (losses.error_p - losses.error_q)[inside].tolist(),
        "by_shift": (np.abs(losses.median_p - losses.median_q) * root)[inside].tolist(),
        "by_length": (evidence.world.law.length * root)[inside].tolist(),
        "shares": [math.sqrt(max(share.value, 0.0)) for share in shares(evidence, ledger.load("absolute_error"))],
    }
