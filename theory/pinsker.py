"""pinsker: the inequality between numbers that Pinsker's inequality is a mean of."""

from __future__ import annotations

from sympy import Expr, Rational, cancel, diff

from theory import pointwise
from theory.certificate import PINSKER
from theory.claim import AlsoTrue, Claim
from theory.formula import Formula, Range, Step
from theory.record import Result
from theory.residual import Residual

u, v = map(pointwise.symbol, PINSKER.parameters)
BEST = 3 * (u - 1) / (2 * (u + 2))


def least(inequality: Formula) -> Expr:
    """The gap at its least over v."""
    return pointwise.gap(inequality).subs(v, BEST)


def above_the_least(inequality: Formula) -> Residual:
    square = Rational(2, 3) * (u + 2) * (v - BEST) ** 2
    return [pointwise.gap(inequality) - least(inequality) - square, (u + 2).is_positive]


def touches(inequality: Formula) -> Residual:
    return [least(inequality).subs(u, 1), diff(least(inequality), u).subs(u, 1)]


def convex(inequality: Formula) -> Residual:
    curvature = (u - 1) ** 2 * (u + 8) / (u * (u + 2) ** 3)
    return [cancel(diff(least(inequality), u, 2) - curvature), curvature.is_nonnegative]


RESULT = Result(
    name="pinsker",
    title="Pinsker's inequality, pointwise",
    question="How far apart can the means of two laws of small divergence be?",
    assumptions=("u > 0, v real",),
    claims=(
        Claim(
            "pointwise",
            "upper bound",
            (
                pointwise.formula(
                    PINSKER,
                    Step(
                        "In v it is a parabola, least at v = 3 (u - 1)/(2 (u + 2)): there plus (2/3) (u + 2) times a square.",
                        above_the_least,
                    ),
                    Step("That least value and its derivative vanish at u = 1.", touches),
                    Step("Its second derivative is (u - 1)^2 (u + 8)/(u (u + 2)^3), not negative.", convex),
                    ranges=(Range(u, 0, 4), Range(v, -1, 1)),
                ),
            ),
            also_true=(
                AlsoTrue("right: -2*v*(u - 1) with the other sign", "-v for v"),
                AlsoTrue("right: -2*v*(u - 1) left out", "the mean of the inequalities at v and at -v"),
                AlsoTrue("right: -1 for -2", "three quarters of the inequality at v and a quarter of that at -v"),
            ),
            remark="at u = p/q and v proportional to a bounded variable its mean bounds a difference of means by a divergence",
        ),
    ),
    source="this project; after Pinsker 1964, with the constant of Csiszar and Kullback",
    lemma=True,
)
