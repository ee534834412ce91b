"""specht: the reverse of Jensen's inequality for exponentials of a bounded variable, with its exact constant."""

from __future__ import annotations

from fractions import Fraction

from sympy import Expr, Rational, cancel, diff, exp, log, symbols

from theory import pointwise
from theory.certificate import CHORD, EIGHTH, largest_gap
from theory.claim import AlsoTrue, Claim
from theory.formula import Formula, Range, Step
from theory.limits import at_zero, ratio_tends_to_one, rational
from theory.record import Residual, Result
from theory.statement import Statement
from theory.terms import E
from theory.terms import log as logarithm
from theory.words import e_l, exponent, specht, width

rho, omega = map(pointwise.symbol, CHORD.parameters)
w = pointwise.symbol(EIGHTH.parameters[0])
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

AT_MOST_ONE = tuple(
    AlsoTrue(f"right: {mistake}", "weaker: g(w) <= 1 = g(0) for w >= 0, so -log(g(w)) >= 0")
    for mistake in ("-log(g(w", "inf for sup", "sup for inf")
)
WEAKER_EIGHTH = tuple(
    AlsoTrue(f"right: {mistake}", reason)
    for reason, mistakes in (
        (
            "weaker: w/(e^w - 1) > 0, and it is less if its denominator is larger",
            ("-w/(exp(w) - 1)", "-1 with the other sign", "-1 left out", "exp(w)"),
        ),
        ("h(w) and its derivative ", ()),
    )
    for mistake in mistakes
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
                    Step("With rho = 1 + s, omega = 1 + s + t: it is zero at rho = 1 and at rho = omega.", zero_at_the_ends),
                    Step(
                        "Its second derivative in rho is -1/rho^2: a concave function, not negative between its zeros.",
                        concave,
                    ),
                    at=(1 + s, 1 + s + t),
                ),
            ),
        ),
        Claim(
            "largest_gap",
            "upper bound",
            (Statement(logarithm(E(e_l)) - E(exponent), "<=", specht(width(e_l)), largest_gap(e_l)),),
            remark="h(w) = log((e^w - 1)/w) - 1 + w/(e^w - 1), w = sup l - inf l",
            also_true=AT_MOST_ONE,
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
                    ranges=(Range(w, Fraction(1, 8), 8),),
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
