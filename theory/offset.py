"""offset: what a prior-corrected classification term takes off the extra error term, and what it leaves."""

from __future__ import annotations

from theory.certificate import LARGER_UNDER_P, gibbs
from theory.claim import AlsoTrue, Claim
from theory.record import Result
from theory.statement import Equality, Statement
from theory.terms import ALL, KL, NOTHING, ONE, ZERO, Atom, C, Density, E, Law, Term, X, Y, log, p, q, term
from theory.words import R, V, W, Zhat, corrected_excess, phat, price, within_part
from theory.worlds import exact

REVEALED = exact(
    "labels 1, 2, 3, 4, inputs that reveal 1, 2 or 3, 4, q = 1/4 each, p = (1/8, 1/4, 1/4, 3/8), classes 1-2, 3-4",
    q="1/4 1/4 1/4 1/4",
    p="1/8 1/4 1/4 3/8",
    k=("1 0 0", "0 1 0", "0 1 0", "0 0 1"),
    classes=(0, 0, 1, 1),
    labels="1 2 3 4",
)
"""The input determines r, so there is nothing to correct, and too few classes make the correction hurt."""

a = Atom("a(c|x)/q(c|x)", r"\tfrac{a(c|x)}{q(c|x)}", X | C, positive=True, unit=X)
b = Atom("b(y|x,c)/q(y|x,c)", r"\tfrac{b(y|x,c)}{q(y|x,c)}", ALL, positive=True, unit=X | C)
"""Any class model and any within-class model, as densities against q."""
class_model, within_model = Law("a", "a", a), Law("b", "b", b)
weight = Atom("lambda", r"\lambda", NOTHING, positive=True)


def population_loss(classes: Law, within: Law) -> Term:
    """E_p[-log a(c|x) b(y|x,c)] + lambda E_p[-log a(c|x)]: the joint loss with a plain cross-entropy term."""
    a_cx, b_yxc = Density(classes, C, X), Density(within, Y, X | C)
    return E(-log(a_cx) - log(b_yxc), law=p) + weight * E(-log(a_cx), law=p)


RESULT = Result(
    name="offset",
    title="What a prior-corrected classification term offsets",
    question="How much of the extra error does a classification term remove, and what certifies it?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "0 < inf r, sup r < inf",
        "a partition of the labels; phat(y) = q_c p(y|c) is the label law of the corrected model",
    ),
    claims=(
        Claim(
            "corrected_posterior",
            "identity",
            (Statement(Density(phat, Y, X), "=", Density(p, C, X) / R / E(1 / R, X, law=p) * Density(p, Y, X | C)),),
            remark="dividing p(c|x) by p_c/q_c and keeping p(y|x,c) is the posterior under phat",
        ),
        Claim("corrected_excess", "identity", (Statement(corrected_excess, "=", W - KL(q, phat, X)),)),
        Claim(
            "at_most_remainder",
            "upper bound",
            (Statement(corrected_excess, "<=", W, (gibbs(Zhat),), Equality(Zhat, ONE)),),
            remark="whatever the channel",
        ),
        Claim(
            "within_at_most_corrected",
            "upper bound",
            (Statement(within_part, "<=", corrected_excess, (gibbs(V / (R * Zhat)),), Equality(V, R * Zhat)),),
        ),
        Claim(
            "worst_channel",
            "identity",
            (Statement(KL(q, phat, Y), "=", W),),
            remark="a channel that says nothing about y has corrected excess W, so W is the worst case over channels",
        ),
        Claim(
            "guaranteed_help",
            "upper bound",
            (
                Statement(price - W, "=", KL(q, p, C) - KL(q, p, X)),
                Statement(KL(q, p, C) - KL(q, p, X), "<=", price - corrected_excess, (gibbs(Zhat),)),
            ),
            also_true=(AlsoTrue("right: the mean under p", "E_p[r|x] >= Z(x)", (gibbs(Zhat), *LARGER_UNDER_P)),),
            remark="the correction helps for certain if KL(q_C||p_C) > KL(q_x||p_x)",
        ),
        Claim(
            "can_hurt",
            "counterexample",
            (
                Statement(price, "=", ZERO, world=REVEALED),
                Statement(corrected_excess, "=", log(term(16) / 15) / 4, world=REVEALED),
                Statement(W, "=", log(term(75) / 64) / 4, world=REVEALED),
                Statement(price, "<", corrected_excess, world=REVEALED),
            ),
            remark="with too few classes the correction hurts",
        ),
        Claim(
            "plain_cross_entropy",
            "identity",
            (
                Statement(
                    population_loss(class_model, within_model) - population_loss(p, p),
                    "=",
                    (1 + weight) * KL(p, class_model, C, given=X) + KL(p, within_model, Y, given=X | C),
                ),
            ),
            remark="for every lambda >= 0 the optimum of a plain term is a b = p(y|x), with the same price",
        ),
    ),
    source="this project; the correction is logit adjustment (Menon et al., ICLR 2021)",
)
