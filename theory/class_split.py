"""class_split: the regression loss is a classification loss plus a within-class regression loss, and so is the extra error term."""

from __future__ import annotations

from theory.certificate import gibbs, larger_under_p
from theory.claim import AlsoTrue, Claim
from theory.record import Result
from theory.statement import Equality, Statement
from theory.terms import KL, ZERO, C, Density, X, Y, log, p, q, r
from theory.words import Delta, Delta_classes, Delta_within, V, Z, class_part, price, within_part

RESULT = Result(
    name="class_split",
    title="The class part and the within-class part",
    question="How much of the extra error is about classes, and how much about labels within a class?",
    assumptions=(
        "r = p/q positive and finite",
        "a partition of the labels",
    ),
    claims=(
        Claim(
            "loss_split",
            "identity",
            (
                Statement(-log(Density(p, Y, X)), "=", -log(Density(p, C, X)) - log(Density(p, Y, X | C))),
                Statement(Delta, "=", Delta_classes + Delta_within),
                Statement(Delta_classes, "=", log(Density(q, C, X) / Density(p, C, X))),
                Statement(Delta_within, "=", log(Density(q, Y, X | C) / Density(p, Y, X | C))),
            ),
        ),
        Claim(
            "price_split",
            "identity",
            (Statement(price, "=", KL(q, p, C, given=X) + KL(q, p, Y, given=X | C)),),
        ),
        Claim(
            "class_part",
            "identity",
            (Statement(class_part, "=", KL(q, p, C) + KL(q, p, X, given=C) - KL(q, p, X)),),
        ),
        Claim(
            "non_negative",
            "upper bound",
            (
                Statement(ZERO, "<=", class_part, (gibbs(V / Z),), Equality(V, Z)),
                Statement(ZERO, "<=", within_part, (gibbs(r / V),), Equality(r, V)),
            ),
            also_true=(
                AlsoTrue(
                    "right: the mean under p",
                    "E_p[r|x,c] >= V(x,c)",
                    (gibbs(r / V), *larger_under_p(X | C)),
                ),
            ),
        ),
    ),
    source="this project; the chain rule of probability",
)
