"""sinh_bound: the logarithm of sinh(u)/u grows, and stays below u^2/6."""

from __future__ import annotations

from sympy import Symbol, cosh, coth, diff, log, sinh

from theory import pointwise
from theory.claim import AlsoTrue, Claim
from theory.formula import Formula, Range, Step
from theory.limits import at_zero, ratio_tends_to_one, rational
from theory.record import Result
from theory.residual import Residual
from theory.signs import rises_from_zero

u = Symbol("u", positive=True)
n = Symbol("n", integer=True, nonnegative=True)
RATIO = log(sinh(u) / u)


def termwise(sixth: int = 6) -> Residual:
    """1/ratio of successive coefficients: of sinh(u)/u against exp(u^2/sixth)."""
    excess = (2 * n + 2) * (2 * n + 3) - sixth * (n + 1)
    product = 4 * n * (n + 1)
    return [excess - product, product.is_nonnegative]


def derivative_is_positive(inequality: Formula) -> Residual:
    above = u * cosh(u) - sinh(u)
    yield rational(pointwise.gap(inequality) * u * sinh(u) - above, u)
    yield rational(diff(RATIO, u) * u * sinh(u) - above, u)
    yield rises_from_zero(above, u, u * sinh(u))
    yield [u.is_positive, sinh(u).is_positive]


def vanishes_at_zero(inequality: Formula) -> Residual:
    return at_zero(pointwise.gap(inequality), u)


def gap_rises(inequality: Formula) -> Residual:
    """3 u sinh u times the derivative of the gap, and its own rise from zero."""
    above = (u**2 + 3) * sinh(u) - 3 * u * cosh(u)
    inner = u * cosh(u) - sinh(u)
    yield rational(diff(pointwise.gap(inequality), u) * 3 * u * sinh(u) - above, u)
    yield rises_from_zero(above, u, u * inner)
    yield rises_from_zero(inner, u, u * sinh(u))
    yield [u.is_positive, sinh(u).is_positive]


def tends_to_one(formula: Formula) -> Residual:
    return ratio_tends_to_one(formula.left, formula.right, u)


BELOW_SIXTH = Formula(
    RATIO,
    "<=",
    u**2 / 6,
    (Range(u, 0, 4),),
    (
        Step(
            "The derivative of the gap is (u^2 + 3) sinh u - 3 u cosh u over 3 u sinh u; that rises from zero, since its derivative is u "
            "times u cosh u - sinh u, which rises from zero with derivative u sinh u.",
            gap_rises,
        ),
        Step("The gap tends to zero as u -> 0.", vanishes_at_zero),
    ),
)
WEAKER = AlsoTrue("left: half", "weaker: log(sinh(u)/u) > 0, since it increases from 0")

RESULT = Result(
    name="sinh_bound",
    title="A Gaussian bound on sinh(u)/u",
    question="How does log(sinh(u)/u) compare with a parabola?",
    assumptions=("u > 0",),
    claims=(
        Claim(
            "increasing",
            "upper bound",
            (
                Formula(
                    pointwise.ZERO,
                    "<",
                    coth(u) - 1 / u,
                    (Range(u, 0, 4),),
                    (
                        Step(
                            "It is the derivative, and u cosh u - sinh u over u sinh u, and u cosh u - sinh u rises from zero with derivative u sinh u.",
                            derivative_is_positive,
                        ),
                    ),
                ),
            ),
            also_true=(AlsoTrue("right: u to the power 0", "coth u > 1"),),
            remark="the right side is the derivative of log(sinh(u)/u), which therefore increases from its limit 0 at u = 0",
        ),
        Claim("sixth", "upper bound", (BELOW_SIXTH,), also_true=(WEAKER,)),
        Claim(
            "small_argument",
            "asymptotic",
            (
                Formula(
                    RATIO,
                    "~",
                    u**2 / 6,
                    (Range(u, 0, 1),),
                    (Step("Both vanish at zero, and the ratio of their derivatives tends to one.", tends_to_one),),
                    limit=(u, 0),
                ),
            ),
        ),
    ),
    source="standard",
    lemma=True,
)
