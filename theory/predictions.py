"""predictions: everything about the balanced law follows from a model's own probabilities under the training law."""

from __future__ import annotations

from theory.claim import Claim
from theory.record import Result
from theory.statement import Statement
from theory.terms import Density, E, X, Y, log, p, q, r
from theory.words import R, corrected_excess, f_p, f_q, price, weight, y

weight_classes = E(1 / R, X, law=p)
"""The same weight where only the class masses are corrected."""

RESULT = Result(
    name="predictions",
    title="What a fitted model tells",
    question="How do I know what imbalance costs my model, from its predictions on training-law inputs alone?",
    assumptions=("label shift: one channel k(x|y) for both laws", "0 < inf r, sup r < inf", "w(x) = E_p[1/r|x]"),
    claims=(
        Claim(
            "posterior",
            "identity",
            (Statement(Density(q, Y, X), "=", Density(p, Y, X) / (r * weight)),),
            remark="dividing a model's probabilities by r is the full correction, with as many classes as the model has",
        ),
        Claim(
            "corrected_mean",
            "identity",
            (Statement(f_q - f_p, "=", (E(y / r, X, law=p) - f_p * E(1 / r, X, law=p)) / weight),),
            remark="the right side is Cov_{p(y|x)}(y, 1/r)/w",
        ),
        Claim("price", "identity", (Statement(price, "=", -E(log(r) / r, law=p) - E(weight * log(weight), law=p)),)),
        Claim(
            "squared_error_price",
            "identity",
            (Statement(E((f_p - f_q) ** 2), "=", E(weight * (f_p - f_q) ** 2, law=p)),),
        ),
        Claim(
            "corrected_classes",
            "identity",
            (
                Statement(
                    corrected_excess,
                    "=",
                    E(log(R / r) / r, law=p) + E(weight * log(weight_classes / weight), law=p),
                ),
            ),
            remark="what K corrected classes leave, under the training law",
        ),
    ),
    source="this project",
)
