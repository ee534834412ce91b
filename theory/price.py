"""price: what imbalance costs the best possible predictor, in nats."""

from __future__ import annotations

from theory.certificate import LARGER_UNDER_P, gibbs
from theory.claim import AlsoTrue, Check, Claim, Worded, Wrong
from theory.gaussian_prices import bayes_rule, gaussian_divergence, log_loss_price
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
                Worded(
                    "For q_y = N(m_q, v_q), p_y = N(m_p, v_p), k = N(y, s^2): E_q Delta = G(v_q, v_p) - G(v_q + s^2, v_p + s^2), "
                    "G(v, u) = (1/2)[log(u/v) + v/u - 1 + (m_q - m_p)^2/u]",
                    r"E_q\Delta = G(v_q, v_p) - G(v_q + s^2, v_p + s^2), \quad "
                    r"G(v, u) = \tfrac12\Big[\log\frac uv + \frac vu - 1 + \frac{(m_q - m_p)^2}{u}\Big]",
                    "closed form",
                    (
                        Check(
                            "Posterior and evidence: log q(y) + log k(x|y) = log q(y|x) + log q(x) identically, and for p.",
                            bayes_rule,
                        ),
                        Check(
                            "G is KL: the mean of the difference of log densities, by the first two moments.",
                            gaussian_divergence,
                        ),
                        Check(
                            "E_{q(x)} KL(q(y|x)||p(y|x)), by the moments of x, minus the right side is exactly zero.",
                            log_loss_price,
                        ),
                    ),
                    (
                        Wrong("plus", "the second G is added", lambda: log_loss_price(-1)),
                        Wrong("factor", "G without its factor 1/2", lambda: gaussian_divergence(2)),
                    ),
                ),
            ),
            assumptions=("labels on the whole line",),
        ),
    ),
    source="this project; the chain rule of the divergence",
)
