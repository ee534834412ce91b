"""balanced_mse: its optimum by moment matching and by minimising its loss, where it is the balanced mean and where it is not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from numerics import quadrature
from numerics.checks import statements
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Check, Estimate
from numerics.routes import training_law
from theory.formula import Formula
from theory.record import Result

Array = np.ndarray[Any, Any]
RATE = -6.0
"""alpha: labels with density proportional to exp(-6 y) on `SUPPORT`, q uniform."""
SUPPORT = (-1.0, 2.0)
WHERE = "q(y|x) far from the ends of [-1, 2], p proportional to exp(-6*y)"
MIDDLE, APART, NARROW, WIDE = 0.5, 0.15, 0.03, 0.06
"""Where q(y|x) is, how far the two modes are from there, and deviations: the ends are 8 deviations away from every law at least."""
ORDERS = (16, 11)
BROADEST = 0.15
"""The deviation of q(y|x) in the picture."""
STEP = 1e-3
"""Of f, in the curvature of the loss."""


@dataclass(frozen=True)
class Posterior:
    """q(y|x) at one input: an even mixture of two Gaussian laws of one variance about the middle, or one where they coincide."""

    apart: float
    deviation: float

    @property
    def variance(self) -> float:
        return self.apart**2 + self.deviation**2

    @property
    def text(self) -> str:
        """In words."""
        shape = f"N({MIDDLE:g}, {self.deviation:g}^2)"
        return (
            f"q(y|x) = {shape}"
            if not self.apart
            else f"modes {2 * self.apart:g} apart, each of deviation {self.deviation:g}"
        )


@dataclass(frozen=True)
class Rule:
    """Labels with weights, and the masses under q(y|x) and p(y) that they carry."""

    y: Array
    balanced: Array
    label_law: Array

    @property
    def imbalanced(self) -> Array:
        masses: Array = self.balanced * np.exp(RATE * self.y)
        return masses / masses.sum()


@lru_cache(maxsize=16)
def rules(posterior: Posterior) -> tuple[Rule, ...]:
    """The finer rule first."""
    pair = []
    for order in ORDERS:
        y, weight = (part.ravel() for part in quadrature.composite(np.linspace(*SUPPORT, 193), order))
        centres = (MIDDLE - posterior.apart, MIDDLE + posterior.apart)
        balanced = weight * sum(np.exp(-(((y - centre) / posterior.deviation) ** 2) / 2) for centre in centres)
        law = weight * np.exp(RATE * y)
        pair.append(Rule(y, balanced / balanced.sum(), law / law.sum()))
    return tuple(pair)


def _mean_under(rule: Rule, f: float, scale: float) -> float:
    """The mean of the law proportional to p(y) N(y; f, s^2)."""
    masses = rule.label_law * np.exp(-(((rule.y - f) / scale) ** 2) / 2)
    return float((masses * rule.y).sum() / masses.sum())


def _loss(rule: Rule, f: float, scale: float) -> float:
    """E_p of minus the logarithm of that law, but for what does not depend on f."""
    fit = float((rule.imbalanced * (rule.y - f) ** 2).sum()) / (2 * scale**2)
    return fit + math.log(float((rule.label_law * np.exp(-(((rule.y - f) / scale) ** 2) / 2)).sum()))


def _gap(f: float, rule: Rule, scale: float, goal: float) -> float:
    return _mean_under(rule, f, scale) - goal


def by_moments(posterior: Posterior, scale: float) -> Estimate:
    """The optimum as the root of moment matching."""
    roots = []
    for rule in rules(posterior):
        goal = float((rule.imbalanced * rule.y).sum())
        # The root to four units, which the rounding of the means below exceeds.
        roots.append(float(brentq(_gap, *SUPPORT, args=(rule, scale, goal), xtol=4 * EPSILON)))
    # The mean under b rises with f at the rate of its variance over s^2, about one posterior; roundings of means are of size one.
    return Estimate(roots[0], SAFETY * abs(roots[0] - roots[1]) + 4 * ROUNDING * EPSILON)


def by_loss(posterior: Posterior, scale: float) -> Estimate:
    """The optimum by minimising the loss, whose values alone are used: good to the root of their rounding over the curvature."""
    rule = rules(posterior)[0]
    least = minimize_scalar(lambda f: _loss(rule, f, scale), bounds=SUPPORT, method="bounded", options={"xatol": 1e-10})
    f = float(least.x)
    ends = [_loss(rule, f + sign * STEP, scale) for sign in (1, -1)]
    curvature = (ends[0] + ends[1] - 2 * float(least.fun)) / STEP**2
    size = 1 + abs(float(least.fun)) + (1 / scale) ** 2
    return Estimate(f, math.sqrt(4 * ROUNDING * EPSILON * size / curvature))


ONE_MODE, BROAD, TWO_MODES = Posterior(0.0, NARROW), Posterior(0.0, WIDE), Posterior(APART, NARROW)
CASES = (
    (ONE_MODE, NARROW),
    (ONE_MODE, WIDE),
    (BROAD, NARROW),
    (TWO_MODES, math.sqrt(TWO_MODES.variance)),
)
"""q(y|x) with a scale: the right one, one too wide, one too narrow; two modes with a scale whose square is the variance."""


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route and in finite worlds; the optimum by two routes against its closed forms."""
    page = Page(evidence, result.name)
    statements.add(page, result, training_law.pairs(evidence))
    with page.elsewhere(WHERE):
        for claim, cases in (("wrong_variance", CASES[:3]), ("bimodal", CASES[3:])):
            for line in statements.lines(result, claim, Formula):
                for posterior, scale in cases:
                    _optimum(page, claim, line, posterior, scale)
    return page.checks


def _optimum(page: Page, claim: str, line: Formula, posterior: Posterior, scale: float) -> None:
    numbers = {"alpha": RATE, "s": scale, "v": posterior.deviation**2, "m": posterior.apart, "f_q": MIDDLE}
    middle = Estimate(MIDDLE, 0.0)
    for side in (line.left, line.right):
        expected = statements.side(side, **numbers)
        for name, f in (("moment matching", by_moments(posterior, scale)), ("least loss", by_loss(posterior, scale))):
            note = f"{posterior.text}, s = {scale:.3g}: f = {f.value:.4f} by {name}, f_q = {MIDDLE:g}"
            page.add(claim, "identity", expected, f - middle, note)


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: how far the optimum is off against s^2 over the variance of q(y|x), for one mode and for two, and plain squared error."""
    shares = np.linspace(0.1, 2.5, 25)
    shapes = []
    for name, posterior in (
        ("one mode", Posterior(0.0, BROADEST)),
        ("two modes", Posterior(math.sqrt(BROADEST**2 - NARROW**2), NARROW)),
    ):
        off = [by_moments(posterior, math.sqrt(share * posterior.variance)).value - MIDDLE for share in shares]
        rule = rules(posterior)[0]
        shapes.append({"name": name, "off": off, "plain": float((rule.imbalanced * rule.y).sum()) - MIDDLE})
    return {"share": shares.tolist(), "shapes": shapes, "deviation": BROADEST, "rate": RATE}
