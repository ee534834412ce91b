"""price: what imbalance costs the best possible predictor, in nats."""

from __future__ import annotations

from theory.certificate import LARGER_UNDER_P, gibbs
from theory.claim import AlsoTrue, Check, Claim
from theory.formula import Formula, Step
from theory.gaussian_world import (
    GAUSSIAN_RANGES,
    M_P,
    M_Q,
    S2,
    V_P,
    V_Q,
    bayes_rule,
    divergence,
    price_of_gaussians,
    same,
)
from theory.record import Result
from theory.statement import Equality, Statement
from theory.terms import KL, ONE, ZERO, X, Y, log, p, q, r, term
from theory.words import Z, price, training_extra
from theory.worlds import exact

THREE = exact(
    "q uniform on three labels, p = (1/10, 4/5, 1/10), k(.|y) = (9/10, 1/10), (1/2, 1/2), (1/10, 9/10)",
    q="1/3 1/3 1/3",
    p="1/10 4/5 1/10",
    k=("9/10 1/10", "1/2 1/2", "1/10 9/10"),
    classes=(0, 0, 1),
    labels="0 1 2",
)
"""Inputs have the same law in both worlds, so the price is its upper end."""

RESULT = Result(
    name="price",
    title="The price of imbalance",
    question="How much log-loss does the best predictor under the imbalanced law lose under the balanced one?",
    assumptions=("label shift: one channel k(x|y) for both laws", "0 < inf r, sup r < inf"),
    claims=(
        Claim("posterior_divergence", "identity", (Statement(price, "=", KL(q, p, Y, given=X)),)),
        Claim("label_minus_input", "identity", (Statement(price, "=", KL(q, p, Y) - KL(q, p, X)),)),
        Claim(
            "non_negative",
            "upper bound",
            (Statement(ZERO, "<=", price, (gibbs(r / Z),), Equality(r, Z)),),
            remark="the price is zero only where x determines r(y), so noiseless labels y = f(x) pay nothing",
            also_true=(AlsoTrue("right: the mean under p", "E_p[r|x] >= Z(x)", (gibbs(r / Z), *LARGER_UNDER_P)),),
        ),
        Claim(
            "at_most_label_divergence",
            "upper bound",
            (Statement(price, "<=", KL(q, p, Y), (gibbs(Z),), Equality(Z, ONE)),),
            remark="the upper end is reached only where q_x = p_x",
        ),
        Claim(
            "training_gain",
            "upper bound",
            (
                Statement(training_extra, "=", KL(p, q, X) - KL(p, q, Y)),
                Statement(training_extra, "<=", ZERO, (gibbs(Z / r, weight=r),)),
            ),
            remark="on training data imbalance looks like a gain",
        ),
        Claim(
            "finite_example",
            "identity",
            (
                Statement(price, "=", log(term(5) / 3), world=THREE),
                Statement(KL(q, p, Y), "=", log(term(5) / 3), world=THREE),
            ),
        ),
        Claim(
            "gaussian",
            "identity",
            (
                Formula(
                    price_of_gaussians(),
                    "=",
                    divergence(M_Q, V_Q, M_P, V_P) - divergence(M_Q, V_Q + S2, M_P, V_P + S2),
                    GAUSSIAN_RANGES,
                    (Step("The mean of KL(q(y|x)||p(y|x)) over q(x) minus the right side is exactly zero.", same),),
                    lead="For q_y = N(m_q, v_q), p_y = N(m_p, v_p), k = N(y, s2): ",
                    lead_latex=r"q_y = N(m_q, v_q),\; p_y = N(m_p, v_p),\; k = N(y, s^2): \quad ",
                    name="E_q Delta",
                    name_latex=r"E_q\Delta",
                ),
            ),
            assumptions=("labels on the whole line",),
            cites=(Check("Bayes' rule: q(y) k(x|y) = q(y|x) q(x), and the same for p.", bayes_rule),),
        ),
    ),
    source="this project; the chain rule of the divergence",
)
