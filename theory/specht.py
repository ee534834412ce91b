"""specht: the reverse of Jensen's inequality for exponentials of a bounded variable, with its exact constant."""

from __future__ import annotations

from sympy import Expr, Rational, cancel, diff, exp, log, symbols

from theory import pointwise
from theory.certificate import CHORD, EIGHTH, TANGENT, largest_gap
from theory.claim import AlsoTrue, Claim
from theory.formula import Formula, Range, Step
from theory.limits import at_zero, ratio_tends_to_one, rational
from theory.record import Result
from theory.residual import Residual
from theory.statement import Statement
from theory.terms import E
from theory.terms import log as logarithm
from theory.words import e_l, exponent, specht, width

rho, omega = map(pointwise.symbol, CHORD.parameters)
m, w = map(pointwise.symbol, TANGENT.parameters)
s, t = symbols("s t", positive=True)
v, power = symbols("w E", positive=True)  # E stands for e^w
THETA = 1 / v - 1 / (exp(v) - 1)
H = log((exp(v) - 1) / v) - 1 + v / (exp(v) - 1)


def in_range(inequality: Formula) -> Expr:
    """The gap at rho = 1 + s and omega = 1 + s + t, by rho and omega again."""
    return pointwise.gap(inequality).subs({s: rho - 1, t: omega - rho}, simultaneous=True)


def zero_at_the_ends(inequality: Formula) -> Residual:
    return [in_range(inequality).subs(rho, end) for end in (1, omega)]


def concave(inequality: Formula) -> Residual:
    return [diff(in_range(inequality), rho, 2) + 1 / rho**2, (rho**2).is_positive]


def touches(inequality: Formula) -> Residual:
    """At the point where log has the slope g(w)."""
    gap, point = pointwise.gap(inequality), (exp(w) - 1) / w
    return [gap.subs(m, point), diff(gap, m).subs(m, point)]


def convex(inequality: Formula) -> Residual:
    return [diff(pointwise.gap(inequality), m, 2) - 1 / m**2, (m**2).is_positive]


def zero_at_zero(inequality: Formula) -> Residual:
    return at_zero(pointwise.gap(inequality), w)


def slope_is_a_square(inequality: Formula) -> Residual:
    """h'(w) = w theta (1 - theta), theta the mass of *attained*."""
    return rational(diff(pointwise.gap(inequality), w) - w * (Rational(1, 2) - 1 / w + 1 / (exp(w) - 1)) ** 2, w)


def same_slope(formula: Formula) -> Residual:
    return rational(diff(formula.left, v) - diff(formula.right, v), v)


def same_start(formula: Formula) -> Residual:
    return at_zero(formula.left - formula.right, v)


def tends_to_one(formula: Formula) -> Residual:
    return ratio_tends_to_one(formula.left, formula.right, v)


def inside(formula: Formula) -> Residual:
    """w (e^w - 1) theta = e^w - 1 - w and w (1 - e^-w) (1 - theta) = e^-w - 1 + w: gibbs at e^w and e^-w."""
    return [
        cancel(power * v * (power - 1) * THETA.subs(exp(v), power) - power * (power - 1 - v)),
        cancel(v * (power - 1) * (1 - THETA.subs(exp(v), power)) - (1 - power + power * v)),
    ]


ATTAINED = Formula(
    log(1 - THETA + THETA * exp(v)) - THETA * v,
    "=",
    H,
    (Range(v, 0, 8),),
    (
        Step("Both sides have one derivative in w.", same_slope),
        Step("Both vanish as w -> 0.", same_start),
        Step("The mass is between 0 and 1: gibbs at e^w and e^-w.", inside),
    ),
    lead="Two values at distance w, mass theta = 1/w - 1/(e^w - 1) on the larger one, have log E e^l - E l = h(w): ",
    lead_latex=r"\theta = \frac1w - \frac1{e^w - 1} \in (0, 1):\quad ",
)

WEAKER_CHORD = tuple(
    AlsoTrue(f"right: {mistake}", "weaker: the logarithm increases")
    for mistake in ("1 left out", "s left out", "t left out", "1 twice", "s twice")
)
WEAKER_EIGHTH = tuple(
    AlsoTrue(f"right: {mistake}", "weaker: w/(e^w - 1) is positive, and less if its denominator is larger")
    for mistake in ("-w/(exp(w) - 1)", "-1 with the other sign", "-1 left out", "exp(w)")
)

RESULT = Result(
    name="specht",
    title="Specht's ratio",
    question="What is the largest log E e^l - E l over all laws on an interval of length w?",
    assumptions=("l is bounded",),
    claims=(
        Claim(
            "chord",
            "upper bound",
            (
                pointwise.formula(
                    CHORD,
                    Step(
                        "With rho = 1 + s, omega = 1 + s + t: it is zero at rho = 1 and at rho = omega.",
                        zero_at_the_ends,
                    ),
                    Step(
                        "Its second derivative in rho is -1/rho^2: a concave function, not negative between its zeros.",
                        concave,
                    ),
                    at=(1 + s, 1 + s + t),
                ),
            ),
            also_true=WEAKER_CHORD,
        ),
        Claim(
            "tangent",
            "upper bound",
            (
                pointwise.formula(
                    TANGENT,
                    Step("It and its derivative in t vanish at t = (e^w - 1)/w.", touches),
                    Step("Its second derivative is 1/t^2.", convex),
                    ranges=(Range(m, 0, 8), Range(w, -4, 4)),
                ),
            ),
            also_true=tuple(
                AlsoTrue(f"right: {mistake}", "weaker: w/(e^w - 1) is positive")
                for mistake in ("w/(exp(w) - 1) twice", "-1 with the other sign", "-1 left out", "t twice")
            ),
            remark="at t = 1 it says that h is not negative",
        ),
        Claim(
            "largest_gap",
            "upper bound",
            (Statement(logarithm(E(e_l)) - E(exponent), "<=", specht(width(e_l)), largest_gap(e_l)),),
            remark="h(w) = log((e^w - 1)/w) - 1 + w/(e^w - 1), w = sup l - inf l",
        ),
        Claim(
            "attained",
            "identity",
            (ATTAINED,),
        ),
        Claim(
            "at_most_eighth",
            "upper bound",
            (
                pointwise.formula(
                    EIGHTH,
                    Step("It tends to zero as w -> 0.", zero_at_zero),
                    Step(
                        "Its derivative is w times the square of 1/2 - 1/w + 1/(e^w - 1): it falls before 0 and rises after.",
                        slope_is_a_square,
                    ),
                ),
            ),
            remark="h(w) <= w^2/8",
            also_true=WEAKER_EIGHTH,
        ),
        Claim(
            "small_range",
            "asymptotic",
            (
                Formula(
                    H,
                    "~",
                    v**2 / 8,
                    (Range(v, 0, 1),),
                    (Step("The limit of the ratio is one.", tends_to_one),),
                    limit=(v, 0),
                ),
            ),
            remark="the constant of Hoeffding's bound cannot be improved",
        ),
    ),
    source="Specht 1960; the logarithm of his ratio",
    lemma=True,
)
