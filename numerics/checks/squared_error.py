"""squared_error: what the imbalanced conditional mean loses in squared error, and how the log-loss price bounds it."""

from __future__ import annotations

from contextlib import suppress

from numerics.checks import gaussian_world, statements
from numerics.checks.common import Page, rounded
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate
from numerics.routes.route import NotReached
from theory import formula
from theory.claim import Line
from theory.formula import Formula
from theory.printing import text
from theory.record import Result
from theory.statement import Statement
from theory.terms import E, Number, Product, Term
from theory.words import D, at_phat, f_p, f_q, price
from theory.worlds import Evaluation, exact, real

SHARP = 1e-3
"""e of the two labels that make D^2/2 sharp."""
TWO = exact(
    "two labels, an input that says nothing",
    q="1/2 1/2",
    p="499/1000 501/1000",
    k=("1", "1"),
    classes=(0, 0),
    labels="0 1",
)


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route, on trained models and in finite worlds; the same for phat in place of p; labels that make the constant
    sharp; Gaussian labels."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    for claim in result.claims:
        for line in claim.lines:
            _special(page, claim.name, line)
    return page.checks


def _special(page: Page, claim: str, line: Line) -> None:
    """What a line says beyond what every route reads from it."""
    pairs = list(statements.route_pairs(page.evidence))
    match claim, line:
        case "covariance", Statement(left, _, right):
            squares = Statement(_mean_square(left), "=", _mean_square(right))
            for each in (squares, Statement(at_phat(squares.left), "=", at_phat(squares.right))):
                statements.add_line(page, claim, each, pairs)
        case "divergence_bound", Statement(left, relation, right):
            statements.add_line(page, claim, Statement(at_phat(left), relation, at_phat(right)), pairs)
        case "divergence_bound_sharp", Formula():
            with page.elsewhere(TWO.name):
                _sharp(page, line)
        case "sub_gaussian_bound", Statement(left, relation, right):
            route = gaussian_world.at_input(gaussian_world.ONE_VARIANCE)
            with page.elsewhere(gaussian_world.WHERE), suppress(NotReached):
                note = f"{text(left)} {relation} {text(right)}, {gaussian_world.ONE_VARIANCE.text}: equality"
                page.add(claim, "upper bound", route.number(right), route.number(left), note)
        case "gaussian" | "whole_line", Formula():
            with page.elsewhere(gaussian_world.WHERE):
                _whole_line(page, claim, line)


def _mean_square(side: Term) -> Term:
    """E_{q(x)} of the square of a side; a number in front comes out of the mean."""
    match side:
        case Product((Number(value), rest)):
            return value**2 * _mean_square(rest)
    return E(side**2)


def _sharp(page: Page, line: Formula) -> None:
    """Both sides of the limit against two labels, and their ratio near the limit: 2 e^2/(2 e^2 + 4 e^4 + ...)."""
    values = Evaluation(real(TWO))
    sides = [formula.value(side, {"e": SHARP, "D": 1.0}) for side in (line.left, line.right)]
    for (value, size), term in zip(sides, (E((f_p - f_q) ** 2), D**2 / 2 * price), strict=True):
        measured = values.number(term)
        page.add(
            "divergence_bound_sharp",
            "asymptotic",
            Estimate(value, 64 * EPSILON * size),
            Estimate(measured.value, measured.error),
            f"{text(term)} at e = {SHARP:g}",
        )
    ratio = sides[0][0] / sides[1][0]
    page.add(
        "divergence_bound_sharp",
        "asymptotic",
        Estimate(1.0, 0.0),
        rounded(ratio),
        f"ratio at e = {SHARP:g}; allowance 2 e^2 + 6 e^4 from the series of -(1/2) log(1 - 4 e^2)",
        allowance=2 * SHARP**2 + 6 * SHARP**4,
    )


def _whole_line(page: Page, claim: str, line: Formula) -> None:
    """The closed form of the shift, and the failure of bounds with D at D = 1."""
    labels = gaussian_world.ONE_VARIANCE if claim == "whole_line" else gaussian_world.LABELS
    shift, cost = gaussian_world.means(labels)
    own = {"D": 1.0, "m": labels.mean_p - labels.mean_q}
    left, right = (statements.side(side, **gaussian_world.numbers(labels), **own) for side in (line.left, line.right))
    measured = cost.scaled(1 / 2) if line.relation == "<" else shift
    page.add(claim, "identity", left, measured, f"{labels.text}: the left side of {line.text}")
    page.add(claim, "identity", right, shift, f"{labels.text}: the right side of {line.text}")
    if line.relation == "<":
        page.add(claim, "counterexample", left, shift, f"{labels.text}: {line.text}")
