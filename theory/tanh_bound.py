"""tanh_bound: how far the mean of a bounded variable moves under a bounded change of the law, as an inequality between numbers."""

from __future__ import annotations

from sympy import QQ, Expr, exp, factor, symbols, tanh

from theory import pointwise
from theory.certificate import BETWEEN
from theory.claim import Check, Claim, Worded, Wrong
from theory.printing import latex, text
from theory.record import Result
from theory.residual import Residual

s, z, h, i, j, g, k = symbols("s z h i j g k", positive=True)
S = 1 + h
LOW = (i + j) / (i + j * S**2)
HIGH = LOW * S**2
RHO = LOW + (HIGH - LOW) * g / (g + k)
"""S = e^(w/2), m = LOW <= rho, 1 <= M = HIGH: as the symbols run over the positive numbers these fill the domain."""


def products(quarter: int = 4, power: int = 2, sign: int = 1) -> Residual:
    """The lemma's term is a sum of three products, with (S - 1)/(S + 1) for tanh(w/4)."""
    terms: list[Expr] = [
        s * (RHO - LOW) * (HIGH - 1) / (HIGH - LOW),
        sign * z * (HIGH - RHO) * (1 - LOW) / (HIGH - LOW),
        (s + z) * (LOW * S - 1) ** power / (LOW * (S**2 - 1)),
    ]
    whole = pointwise.formula(BETWEEN, at=(s, z, RHO, LOW, HIGH)).right
    numbers = QQ.frac_field(s, z, h, i, j, g, k)  # far faster than expanding
    in_S = whole.replace(tanh, lambda a: exponential(a * 4 / quarter))
    yield numbers.from_sympy(in_S) == sum(map(numbers.from_sympy, terms))
    yield [factor(term).is_nonnegative for term in terms]


def exponential(argument: Expr) -> Expr:
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
                Worded(
                    f"0 <= {text(BETWEEN.term)} for s, z >= 0 and rho, 1 in [m, M], T(w) = tanh(w/4), B(w) = 1/(e^w - 1)",
                    rf"0 \le {latex(BETWEEN.term)} \quad (s, z \ge 0;\; m \le \rho, 1 \le M;\; T(w) = \tanh(w/4),\; B(w) = 1/(e^w - 1))",
                    "closed form",
                    (
                        Check(
                            "With S = e^(w/2) it is s (rho - m)(M - 1)/(M - m) + z (M - rho)(1 - m)/(M - m) + (s + z)(m S - 1)^2/(m (S^2 - 1)), "
                            "three products that are not negative. At w = 0, rho is 1 and it is zero.",
                            products,
                        ),
                    ),
                    (
                        Wrong("half", "tanh(w/2)", lambda: products(quarter=2)),
                        Wrong("power", "m S - 1 without its square", lambda: products(power=1)),
                        Wrong("sign", "the second product is taken off", lambda: products(sign=-1)),
                    ),
                ),
            ),
            remark="with s and z the distances of a variable from the ends of its range and rho of mean 1, its mean bounds a difference of means "
            "by the range times tanh(w/4)",
        ),
    ),
    source="this project; the bound is known from contraction of Hilbert's metric",
    lemma=True,
)
