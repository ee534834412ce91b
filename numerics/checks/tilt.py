"""tilt: p(y|x) = q(y|x) r(y)/Z(x), so the log-loss gains the extra error term Delta(x, y) = log Z(x) - l(y)."""

from __future__ import annotations

import numpy as np

from numerics import quadrature
from numerics.checks import formulas, statements
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate
from numerics.routes import pointwise
from numerics.routes.route import NotReached
from theory.formula import Formula
from theory.printing import text
from theory.record import Result
from theory.statement import Statement
from theory.tilt import m

REACH = 12.0
"""Half-width in standard deviations on the whole line: a Gaussian has less than 4e-33 of its mass beyond."""
AFFINE, QUADRATIC = (-0.7, 0.0), (0.4, -0.5)
"""alpha and beta in units of 1/s and 1/s^2."""
CENTRE = 0.5
"""m in units of s."""


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement in finite worlds and at three inputs of the run's world; the Gaussian tilt on the whole line."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    for claim in result.claims:
        for line in claim.lines:
            if isinstance(line, Statement):
                _at_pairs(page, claim.name, line)
    for name, formula in formulas.lines(result):
        with page.elsewhere("Gaussian labels on the whole line"):
            _whole_line(page, name, formula, *(QUADRATIC if name == "gaussian_variance" else AFFINE))
    return page.checks


def _at_pairs(page: Page, claim: str, statement: Statement) -> None:
    """Both sides at three pairs of an input and a label."""
    for where, route in pointwise.pairs(page.evidence.world):
        try:
            left, right = route.number(statement.left), route.number(statement.right)
        except NotReached:
            return
        page.add(claim, "identity", right, left, f"{text(statement.left)} = {text(statement.right)} at {where}")


def _whole_line(page: Page, claim: str, line: Formula, slope: float, bend: float) -> None:
    """A Gaussian posterior of standard deviation s and mean m = s/2 under a quadratic log ratio; slope and bend in units of 1/s and 1/s^2."""
    s = float(page.evidence.world.channel.noise)
    mean, variance = tilted_moments(slope + CENTRE, bend)
    numbers = {"m": CENTRE * s, "alpha": slope / s, "beta": bend / (s * s), "s2": s * s}
    is_mean = m in line.left.free_symbols | line.right.free_symbols
    words = f"l = {slope:g} (y/s)" + (f" + {bend / 2:g} (y/s)^2" if bend else "")
    measured = mean.scaled(s) if is_mean else variance.scaled(s * s)
    for side in (line.left, line.right):
        page.add(claim, "identity", statements.side(side, **numbers), measured, f"{words}: {line.text}")


def tilted_moments(slope: float, bend: float) -> tuple[Estimate, Estimate]:
    """Mean and variance of exp(-t^2/2 + slope t + bend t^2/2), normalised."""

    def moment(power: int) -> Estimate:
        def integrand(t: np.ndarray) -> np.ndarray:
            return t**power * np.exp(-t * t / 2 + slope * t + bend * t * t / 2)

        return quadrature.integrate(integrand, [-REACH, 0.0, REACH], 0.5)

    moments = [moment(power) for power in (0, 1, 2)]
    mass = moments[0]

    def over_mass(top: Estimate) -> Estimate:
        value = top.value / mass.value
        return Estimate(value, (top.error + abs(value) * mass.error) / mass.value + EPSILON * abs(value))

    mean, second = over_mass(moments[1]), over_mass(moments[2])
    square = Estimate(mean.value**2, 2 * abs(mean.value) * mean.error + EPSILON * mean.value**2)
    return mean, second - square
