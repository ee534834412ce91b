"""hoeffding: the variance and the exponential moment of a bounded variable."""

from __future__ import annotations

from theory.certificate import EIGHTH, Inside, Piece, Square, largest_gap
from theory.claim import Claim
from theory.record import Result
from theory.statement import Statement
from theory.terms import E, Named, log
from theory.words import D, a, e_l, exponent, width, y

variance = Named("Var(y)", r"\mathrm{Var}(y)", E((y - E(y)) ** 2))

RESULT = Result(
    name="hoeffding",
    title="Hoeffding's lemma",
    question="How much can the logarithm of a mean of exponentials exceed the mean?",
    assumptions=("y in an interval [a, a + D]; l in an interval of length w = sup l - inf l",),
    claims=(
        Claim(
            "variance",
            "upper bound",
            (Statement(variance, "<=", D**2 / 4, (Piece((Square(E(y) - a - D / 2),)), Piece((Inside(),)))),),
        ),
        Claim(
            "exponential_moment",
            "upper bound",
            (
                Statement(
                    log(E(e_l)) - E(exponent),
                    "<=",
                    width(e_l) ** 2 / 8,
                    (*largest_gap(e_l), Piece((EIGHTH(width(e_l)),))),
                ),
            ),
        ),
    ),
    source="Hoeffding 1963",
    lemma=True,
)
