"""absolute_error: the price of imbalance for a median, and how the log-loss price bounds it."""

from __future__ import annotations

from fractions import Fraction

from sympy import erf, exp, limit, log, pi, sqrt, symbols

from theory.certificate import Certificate, Factor, Median, Nearer, Piece, Positive, Square, pinsker
from theory.claim import AlsoTrue, Claim
from theory.formula import Formula, Range, Step
from theory.record import Result
from theory.residual import Residual
from theory.squared_error import more_under_p
from theory.statement import Statement
from theory.terms import ALL, Atom, E, Term, X, p, q, r, term
from theory.words import D, divergence_at_x, error_p, error_q, price, shift, weight

any_error = Atom("|y - f(x)|", "|y - f(x)|", ALL)
"""What any prediction misses the label by."""
gap = error_p - error_q
OF_P, OF_Q = Median(p), Median(q)

AT_INPUT: Certificate = (
    *pinsker(r, 1, gap, 2 * shift, Nearer(shift), given=X),
    Piece((Square(OF_P.term),), X),
    Piece((Positive(term(2)), OF_P, OF_Q), X),
)
"""2 (med_p - med_q)^2 KL - (a + b)^2 + b^2 + 2 a b, for the losses a under q and b under p, of the other law's median."""

UNDER_P: Certificate = (
    *AT_INPUT[:2],
    Piece((Square(OF_Q.term),), X),
    Piece((Positive(term(2)), OF_P, OF_Q), X),
)
"""The same with b in the place of a."""


def on_average(square: Term, length: Term, inside: Factor) -> Certificate:
    """2 square E_q Delta - (E gap)^2, by Pinsker's inequality with one slope for all inputs."""
    return (
        *pinsker(r, 4 * square / length**2, gap, length, inside, E(gap) / (2 * square)),
        Piece((Positive(term(2)), Piece((OF_P,)), Piece((OF_Q,)))),
    )


BY_SHIFT = on_average(E(shift**2), 2 * shift, Nearer(shift))
BY_LENGTH = on_average(D**2, 2 * D, Nearer(D))

e, length, m, v = symbols("e D m v", positive=True)


def tends_to_one(formula: Formula) -> Residual:
    assert formula.limit is not None
    return limit(formula.left / formula.right, *formula.limit) - 1


RESULT = Result(
    name="absolute_error",
    title="The price in absolute error",
    question="How much absolute error does the imbalanced median lose, and how does the log-loss price bound it?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "0 < inf r, sup r < inf",
        "med_p(x) and med_q(x) are medians of p(y|x) and of q(y|x); labels in an interval [a, a + D]",
        "where the medians agree, |med_p - med_q| is the limit of distances l(x) > 0",
    ),
    claims=(
        Claim(
            "corrected_median",
            "identity",
            (Statement(E(any_error, X), "=", E(any_error / r, X, law=p) / weight),),
            remark="so the median of p(y|x)/r(y), normalised, is med_q: no other f(x) has less of either side",
        ),
        Claim("least", "upper bound", (Statement(E(error_q), "<=", E(error_p), (Piece((OF_Q,)),)),)),
        Claim(
            "at_input",
            "upper bound",
            (Statement(E(gap, X) ** 2, "<=", 2 * shift**2 * divergence_at_x, AT_INPUT),),
            also_true=(
                AlsoTrue(
                    "left: the mean under p", "the loss of the balanced median under p is bounded as well", UNDER_P
                ),
                more_under_p(2 * shift**2, AT_INPUT, X),
            ),
            remark="at every x",
        ),
        Claim(
            "bound",
            "upper bound",
            (
                Statement(E(gap) ** 2, "<=", 2 * E(shift**2) * price, BY_SHIFT),
                Statement(E(gap) ** 2, "<=", 2 * D**2 * price, BY_LENGTH),
            ),
            also_true=(more_under_p(2 * E(shift**2), BY_SHIFT), more_under_p(2 * D**2, BY_LENGTH)),
            remark="the second is MAE_q(med_p) - MAE_q(med_q) <= D sqrt(2 E_q Delta)",
        ),
        Claim(
            "sharp",
            "asymptotic",
            (
                Formula(
                    (length * (1 + 2 * e) / 2 - length * (1 - 2 * e) / 2) ** 2,
                    "~",
                    2 * length**2 * ((1 + 2 * e) * log(1 + 2 * e) + (1 - 2 * e) * log(1 - 2 * e)) / 2,
                    (Range(length, Fraction(1, 8), 8), Range(e, 0, Fraction(1, 4))),
                    (Step("The limit of the ratio is one.", tends_to_one),),
                    limit=(e, 0),
                    lead="Labels 0 and D, no information in x, q = (1/2 - e, 1/2 + e), p = (1/2, 1/2), of whose medians 0 is one, have "
                    "E_q[|y - med_p| - |y - med_q|]^2 ~ 2 D^2 E_q Delta: ",
                    lead_latex=r"y \in \{0, D\},\; q = \big(\tfrac12 - e, \tfrac12 + e\big),\; p = \big(\tfrac12, \tfrac12\big): \quad ",
                ),
            ),
        ),
        Claim(
            "gaussian",
            "asymptotic",
            (
                Formula(
                    m * erf(m / sqrt(2 * v)) + sqrt(2 * v / pi) * (exp(-(m**2) / (2 * v)) - 1),
                    "~",
                    m**2 / sqrt(v) / sqrt(2 * pi),
                    (Range(m, Fraction(1, 8), 8), Range(v, Fraction(1, 8), 8)),
                    (Step("The limit of the ratio is one.", tends_to_one),),
                    limit=(m, 0),
                    lead="Where p(y|x) and q(y|x) are Gaussian of variance v with means m apart, at_input reads E_q[|y - med_p| - |y - med_q| | x] "
                    "<= m^2/sqrt(v), and the left side is ",
                    lead_latex=r"q(y|x) = N(0, v),\; p(y|x) = N(m, v): \quad ",
                ),
            ),
            assumptions=("labels on the whole line",),
            remark="so for a small shift the bound at an input is sqrt(2 pi) = 2.51 times too large",
        ),
    ),
    source="this project; Pinsker's inequality for the bounds",
)
