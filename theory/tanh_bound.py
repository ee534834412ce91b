"""tanh_bound: how far the mean of a bounded variable moves under a bounded change of the law, as an inequality between numbers."""

from __future__ import annotations

from sympy import QQ, Expr, exp, factor, symbols, tanh
from sympy.polys.polyerrors import CoercionFailed

from theory import pointwise
from theory.certificate import BETWEEN
from theory.claim import Claim
from theory.formula import Formula, Step
from theory.record import Residual, Result

s, z, h, i, j, g, k = symbols("s z h i j g k", positive=True)
S = 1 + h
LOW = (i + j) / (i + j * S**2)
HIGH = LOW * S**2
RHO = LOW + (HIGH - LOW) * g / (g + k)
"""S = e^(w/2), m = LOW <= rho, 1 <= M = HIGH: as the symbols run over the positive numbers these fill the domain."""


def products(inequality: Formula) -> Residual:
    """The right side is a sum of three products; tanh(w/4) = (S - 1)/(S + 1)."""
    terms: list[Expr] = [
        s * (RHO - LOW) * (HIGH - 1) / (HIGH - LOW),
        z * (HIGH - RHO) * (1 - LOW) / (HIGH - LOW),
        (s + z) * (LOW * S - 1) ** 2 / (LOW * (S**2 - 1)),
    ]
    numbers = QQ.frac_field(s, z, h, i, j, g, k)  # far faster than expanding
    try:
        yield numbers.from_sympy(pointwise.gap(inequality).replace(tanh, in_S)) == sum(map(numbers.from_sympy, terms))
    except CoercionFailed:
        yield False
    yield [factor(term).is_nonnegative for term in terms]


def in_S(argument: Expr) -> Expr:
    """tanh a = (e^(2a) - 1)/(e^(2a) + 1)."""
    raised = exp(2 * argument)
    return (raised - 1) / (raised + 1)


RESULT = Result(
    name="tanh_bound",
    title="Means under a bounded log ratio",
    question="How far apart are the means of one function under two laws whose log ratio varies by at most w?",
    assumptions=("rho and 1 lie in [m, M] with M/m = e^w; s, z >= 0",),
    claims=(
        Claim(
            "pointwise",
            "upper bound",
            (
                pointwise.formula(
                    BETWEEN,
                    Step(
                        "With S = e^(w/2) it is s (rho - m)(M - 1)/(M - m) + z (M - rho)(1 - m)/(M - m) + (s + z)(m S - 1)^2/(m (S^2 - 1)).",
                        products,
                    ),
                    at=(s, z, RHO, LOW, HIGH),
                ),
            ),
            remark="with s and z the distances of a variable from the ends of its range and rho of mean 1, its mean bounds a difference of means "
            "by the range times tanh(w/4)",
        ),
    ),
    source="this project; the bound is known from contraction of Hilbert's metric",
    lemma=True,
)
