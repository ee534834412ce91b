"""recalibration: the best mend of a point prediction is a one-dimensional regression of the label on it."""

from __future__ import annotations

from theory.certificate import gibbs, square
from theory.claim import Claim
from theory.record import Result
from theory.statement import Equality, Statement
from theory.terms import KL, Atom, E, T, Y, p, q, r
from theory.words import Z, f_q, price, risk, y

g_q = E(y, T)
g_p = E(y, T, law=p)
mend = Atom("f(t)", "f(t)", T)
"""Any function of the prediction."""
Z_t = E(r, T)

RESULT = Result(
    name="recalibration",
    title="Mending a point prediction",
    question="All I have is a regressor's prediction t(x): how far can it be mended, and what will that gain?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "0 < inf r, sup r < inf",
        "t = t(x) is a function of the input",
    ),
    claims=(
        Claim(
            "from_training_pairs",
            "identity",
            (Statement(g_q, "=", E(y / r, T, law=p) / E(1 / r, T, law=p)),),
            remark="the balanced recalibration is a regression on pairs (label, prediction) of the training law with weights 1/r",
        ),
        Claim("best", "identity", (Statement(risk(mend) - risk(g_q), "=", E((mend - g_q) ** 2)),)),
        Claim(
            "gain",
            "identity",
            (Statement(risk(g_p) - risk(g_q), "=", E((g_p - g_q) ** 2)),),
            remark="known before anything is mended",
        ),
        Claim("loss", "identity", (Statement(risk(g_q) - risk(f_q), "=", E((f_q - g_q) ** 2)),)),
        Claim(
            "nothing_lost",
            "upper bound",
            (Statement(risk(f_q), "<=", risk(g_q), (square(f_q - g_q),), Equality(f_q, g_q)),),
            remark="nothing is lost where f_q is a function of the prediction",
        ),
        Claim(
            "price",
            "upper bound",
            (
                Statement(KL(q, p, Y, given=T), "=", KL(q, p, Y) - KL(q, p, T)),
                Statement(price, "<=", KL(q, p, Y, given=T), (gibbs(Z / Z_t),), Equality(Z, Z_t)),
            ),
            remark="the price of imbalance given the prediction alone is at least that given the input",
        ),
    ),
    source="this project",
)
