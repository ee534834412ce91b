"""transfer: what a model that is wrong under the training law can lose after the correction."""

from __future__ import annotations

from theory.certificate import GIBBS, Piece, Positive, Slack, gibbs, pinsker
from theory.claim import AlsoTrue, Claim
from theory.record import Result
from theory.statement import Statement
from theory.terms import ALL, KL, ZERO, Atom, C, Density, E, Law, X, Y, log, p, q, r, sup
from theory.words import D, Z, f_q, phat, weight, y
from theory.worlds import exact

h = Atom("h(y|x)/q(y|x)", r"\tfrac{h(y|x)}{q(y|x)}", ALL, positive=True, unit=X)
model = Law("h", "h", h)
"""Any model of p(y|x)."""
corrected = Law("qhat", r"\hat q", h / r)
"""The model divided by r, and normalised."""
model_weight = E(1 / r, X, law=model)
largest = sup(1 / r)

LOSS_BOUND = (Piece((Positive(r), Slack(largest), GIBBS(h * Z / r))), gibbs(model_weight / weight))

LARGER = AlsoTrue("right: r(y) to the power -2", "sup 1/r is at least 1, since E_q r = 1, so its square is larger")

CLASSES = exact(
    "labels 0, 1, 2, two inputs, classes 0-1 and 2, q = 1/3 each, p = (1/6, 1/2, 1/3), k(.|y) = (1, 0), (0, 1), (1/2, 1/2)",
    q="1/3 1/3 1/3",
    p="1/6 1/2 1/3",
    k=("1 0", "0 1", "1/2 1/2"),
    classes=(0, 0, 1),
    labels="0 1 2",
)
"""Inputs tell labels of one class apart, so the classes themselves do not keep one channel."""

RESULT = Result(
    name="transfer",
    title="What a wrong model loses after the correction",
    question="My model is not the true posterior: how wrong can its corrected version be under the balanced law?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "0 < inf r, sup r < inf",
        "h(y|x) is any model of p(y|x); qhat(y|x) is h(y|x)/r(y), normalised; w(x) = E_p[1/r|x]",
    ),
    claims=(
        Claim(
            "split",
            "identity",
            (
                Statement(
                    KL(q, corrected, Y, given=X),
                    "=",
                    E(log(Density(p, Y, X) / Density(model, Y, X))) + E(log(model_weight / weight)),
                ),
            ),
        ),
        Claim(
            "bound",
            "upper bound",
            (Statement(KL(q, corrected, Y, given=X), "<=", largest * KL(p, model, Y, given=X), LOSS_BOUND),),
            also_true=(LARGER,),
            remark="what the model loses on its own training law, times the largest imbalance, is all that it can lose",
        ),
        Claim(
            "squared_error_bound",
            "upper bound",
            (
                Statement(
                    E((E(y, X, law=corrected) - f_q) ** 2),
                    "<=",
                    D**2 / 2 * largest * KL(p, model, Y, given=X),
                    (
                        *pinsker(h / r),
                        *(Piece((Positive(D**2 / 2), *piece.factors), piece.given) for piece in LOSS_BOUND),
                    ),
                ),
            ),
            also_true=(LARGER,),
        ),
        Claim(
            "not_for_classes",
            "counterexample",
            (Statement(ZERO, "<", KL(q, phat, C, given=X), world=CLASSES),),
            remark="a class model without any error still loses after the class masses are corrected, so the bound does not hold for classes",
        ),
    ),
    source="this project",
)
