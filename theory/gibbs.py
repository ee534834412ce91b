"""gibbs: a divergence of laws is not negative, and zero only between equal laws."""

from __future__ import annotations

from sympy import Expr, diff

from theory import pointwise
from theory.certificate import GIBBS, gibbs
from theory.claim import AlsoTrue, Claim
from theory.formula import Formula, Step
from theory.record import Result
from theory.residual import Residual
from theory.statement import Statement
from theory.terms import KL, NOTHING, ZERO, Atom, Law, Y

t = pointwise.symbol(GIBBS.parameters[0])
a = Law("a", "a", Atom("a(y)/q(y)", r"\tfrac{a(y)}{q(y)}", Y, positive=True, unit=NOTHING))
b = Law("b", "b", Atom("b(y)/q(y)", r"\tfrac{b(y)}{q(y)}", Y, positive=True, unit=NOTHING))
"""Any two laws, as densities against q."""


def gap() -> Expr:
    """t - 1 - log t."""
    return pointwise.expression(GIBBS.term)


def touches(inequality: Formula) -> Residual:
    return pointwise.gap(inequality).subs(t, 1)


def falls_then_rises(inequality: Formula) -> Residual:
    square = (t - 1) ** 2 / t
    return [diff(pointwise.gap(inequality), t) * (t - 1) - square, square.is_nonnegative]


RESULT = Result(
    name="gibbs",
    title="Gibbs' inequality",
    question="Why is a Kullback-Leibler divergence never negative?",
    assumptions=("both laws have positive densities against a third",),
    claims=(
        Claim(
            "log_bound",
            "upper bound",
            (
                pointwise.formula(
                    GIBBS,
                    Step("The right side is zero at t = 1.", touches),
                    Step(
                        "Its derivative times t - 1 is (t - 1)^2/t, not negative and zero only at t = 1: it falls before 1 and rises after.",
                        falls_then_rises,
                    ),
                ),
            ),
            remark="equality only at t = 1",
        ),
        Claim(
            "non_negative",
            "upper bound",
            (Statement(ZERO, "<=", KL(a, b, Y), (gibbs(b.density / a.density, a.density),)),),
            remark="zero only for a = b, by log_bound",
            also_true=(
                AlsoTrue(
                    "right: KL(a_y||b_y) in the other direction",
                    "a and b are any two laws",
                    (gibbs(a.density / b.density, b.density),),
                ),
            ),
        ),
    ),
    source="Gibbs; Kullback and Leibler 1951",
    lemma=True,
)
