"""readout: what imbalance does to a linear read-out on fixed features, and what class features change."""

from __future__ import annotations

from fractions import Fraction

from theory.certificate import Certificate, High, Low, Piece, Positive, Slack, Square
from theory.claim import AlsoTrue, Check, Claim
from theory.formula import Formula, Step
from theory.matrices import BETA_P, BETA_P_ROW, BETA_Q, BETA_Q_ROW, DEFINED, S_P, S_Q, V_ROW, V, in_moments, transposed
from theory.record import Result
from theory.residual import Residual
from theory.statement import Statement
from theory.terms import NOTHING, ONE, Atom, C, E, Named, Term, X, Y, inf, p, r, sup, term
from theory.words import Z, f, f_p, f_q, risk, y
from theory.worlds import exact

feature, shifted = Atom("phi(x)", r"\phi(x)", X), Atom("h(x)", "h(x)", X)
"""Any feature, and any prediction in the place of phi.S_p^-1 E_p[phi (f_q - phi.beta_q)]; `f` is one in the place of phi.beta_q."""
d = Atom("d", "d", NOTHING, positive=True)
place = Atom("s(y)", "s(y)", Y, low=Fraction(-1), high=Fraction(1))
"""Where a label lies between the edges of its class: y - m_c = (d/2) s, with m_c the centre."""
centres = Named("m(x)", "m(x)", E(y - d / 2 * place, X))
"""sum_c q(c|x) m_c."""
missed = f_q - f
models = Atom("a(c)", "a(c)", C)

mean_q, mean_p = E(y), E(y, law=p)
linear = mean_p + (E(f_q * y, law=p) - E(f_q, law=p) * mean_p) / (E(f_q**2, law=p) - E(f_q, law=p) ** 2) * (
    f_q - E(f_q, law=p)
)
"""The least-squares line through f_q, under p: the read-out on q(c|x) where there are two labels, a class each."""
CONSTANT_GAP = (mean_p - mean_q) ** 2
"""The gap with phi = 1."""
BAYES_PRICE, LINE_GAP = E((f_p - f_q) ** 2), E((linear - f_q) ** 2)

THREE_BY_THREE = ("1/2 1/4 1/4", "1/4 1/2 1/4", "1/4 1/4 1/2")
SYMMETRIC = exact(
    "labels -1, 0, 1, q uniform, p = (1/8, 3/4, 1/8), inputs right with probability 1/2 and wrong with 1/4 each",
    "1/3 1/3 1/3",
    "1/8 3/4 1/8",
    THREE_BY_THREE,
    (0, 1, 2),
    "-1 0 1",
)
COMPLETE = exact(
    "labels -1, 0, 1, as many inputs, a class a label",
    "1/3 1/3 1/3",
    "1/6 1/6 2/3",
    THREE_BY_THREE,
    (0, 1, 2),
    "-1 0 1",
)
FEW = exact(
    "labels 0 and 1, q = (1/2, 1/2), p = (4/5, 1/5), k = (1/2, 1/3, 1/6), (1/6, 1/3, 1/2)",
    "1/2 1/2",
    "4/5 1/5",
    ("1/2 1/3 1/6", "1/6 1/3 1/2"),
    (0, 1),
    "0 1",
)
KNOWN = exact("labels 0 and 1, p = (4/5, 1/5), x = y", "1/2 1/2", "4/5 1/5", ("1 0", "0 1"), (0, 1), "0 1")


def by_moments(formula: Formula) -> Residual:
    """Left minus right, in terms of S_w = E_w[phi phi^T] and b_w = E_w[phi y]."""
    return in_moments(formula.left - formula.right)


def by_moments_of_numbers(formula: Formula) -> Residual:
    """The same for 1 x 1 matrices, each of which is its own transpose."""
    rest = by_moments(formula)
    return (rest + transposed(rest)).expand()


def attained() -> Residual:
    """S_w^-1 E_w[phi phi.gamma] = gamma."""
    gamma = DEFINED[BETA_P]
    return [S_P**-1 * (S_P * gamma) - gamma, S_Q**-1 * (S_Q * gamma) - gamma]


def at_least(square: Term) -> Certificate:
    """(1 - inf r) E[square]."""
    return (Piece((Positive(square), Piece((Slack(inf(r)),)))),)


def at_most(root: Term, weight: Term = ONE) -> Certificate:
    """(sup r - 1) E[weight root^2]."""
    return (Piece((Positive(weight), Square(root), Piece((Slack(sup(r)),)))),)


def near(weight: Term) -> Certificate:
    """E[weight (d^2/4 - (f_q - m)^2)]: the mean of s at x varies less than s, which is within [-1, 1]."""
    return (
        Piece((Positive(weight), Square(d / 2 * (place - E(place, X))))),
        Piece((Positive(weight * d**2 / 4), High(place), Low(place))),
    )


ATTAINED = Check("S_w^-1 E_w[phi phi.gamma] = gamma: a target in the span is its own least-squares fit.", attained)

RESULT = Result(
    name="readout",
    title="A linear read-out",
    question="What does imbalance do to weighted least squares on fixed features, and do class features help?",
    assumptions=(
        "S_w = E_w[phi phi^T] invertible for w = p, q; beta_w the least-squares coefficients; eps = y - phi.beta_q",
        "gap = R_q(beta_p) - R_q(beta_q)",
    ),
    claims=(
        Claim(
            "shift",
            "identity",
            (
                Formula(
                    BETA_P - BETA_Q,
                    "=",
                    S_P**-1 * V,
                    (),
                    (
                        Step(
                            "beta_w = S_w^-1 E_w[phi y], E_p[phi eps] = E_p[phi y] - S_p beta_q: any number of features.",
                            by_moments,
                        ),
                    ),
                ),
            ),
        ),
        Claim(
            "gap",
            "identity",
            (
                Formula(
                    BETA_P_ROW * S_Q * (BETA_P - 2 * BETA_Q) + BETA_Q_ROW * S_Q * BETA_Q,
                    "=",
                    V_ROW * S_P**-1 * S_Q * S_P**-1 * V,
                    (),
                    (
                        Step(
                            "R_q(beta) = E_q y^2 - 2 beta.S_q beta_q + beta.S_q beta; with the moments in place the two sides are "
                            "transposes of each other but for equal terms: any number of features.",
                            by_moments_of_numbers,
                        ),
                    ),
                    name="R_q(beta_p) - R_q(beta_q)",
                    name_latex=r"R_q(\beta_p) - R_q(\beta_q)",
                ),
            ),
            remark="zero iff E_p[phi eps] = 0, since S_q is positive definite",
        ),
        Claim(
            "split",
            "identity",
            (
                Statement(
                    E(feature * (y - f), law=p),
                    "=",
                    E(feature * (f_p - f_q), law=p) + E(feature * missed, law=p),
                ),
            ),
            remark="a label-shift part and a capacity part, for every feature phi and every prediction f, f = phi.beta_q among them",
        ),
        Claim(
            "capacity",
            "upper bound",
            (
                Statement(
                    inf(r) * E(shifted**2), "<=", E(shifted**2, law=p), (Piece((Slack(inf(r)), Positive(shifted**2))),)
                ),
                Statement(
                    E(missed**2, law=p),
                    "=",
                    E(shifted**2, law=p)
                    + E((missed - shifted) ** 2, law=p)
                    + 2 * E(shifted * (missed - shifted), law=p),
                ),
                Statement(E(missed**2, law=p), "<=", sup(r) * E(missed**2), (Piece((Slack(sup(r)), Square(missed))),)),
                Statement(
                    E((f_q - centres) ** 2),
                    "=",
                    E(missed**2) + E((f - centres) ** 2) + 2 * E(missed * (f - centres)),
                ),
                Statement(
                    E((f_q - centres) ** 2),
                    "<=",
                    d**2 / 4,
                    near(ONE),
                ),
            ),
            assumptions=("label shift: one channel k(x|y) for both laws", "0 < inf r, sup r < inf"),
            also_true=(
                AlsoTrue("left: the mean under p", "inf r <= 1", at_least(r * shifted**2)),
                AlsoTrue("right: the mean under q", "inf r <= 1", at_least(shifted**2)),
                AlsoTrue("left: the mean under q", "1 <= sup r", at_most(missed)),
                AlsoTrue("right: the mean under p", "1 <= sup r", at_most(missed, r)),
                AlsoTrue("left: the mean under p", "|f_q - m| <= d/2 at every x", near(Z)),
            ),
            remark="so with f = phi.beta_q and h = phi.S_p^-1 E_p[phi (f_q - f)] the capacity part's own gap E_q h^2 is at most "
            "(sup r/inf r) d^2/4 where all q(c|x) are among the features: h and f - m, m(x) = sum_c q(c|x) m_c, are in their span, and the "
            "mean of a product with what least squares leaves is zero",
        ),
        Claim(
            "bayes_price",
            "identity",
            (
                Statement(risk(f_p) - risk(f_q), "=", BAYES_PRICE),
                Statement(E(shifted * E(models, X)), "=", E(models * E(shifted, C))),
            ),
            remark="so the gap is the Bayes price, not zero, where the features represent f_p and f_q; what is orthogonal to all q(c|x) has mean zero "
            "in every class, so as d -> 0 only h with E[h(x)|y] = 0 are left, and there are none where the channel is complete",
            cites=(ATTAINED,),
        ),
        Claim(
            "incomplete",
            "counterexample",
            (
                Statement(BAYES_PRICE, "<", LINE_GAP, world=FEW),
                Statement(LINE_GAP, "=", term(Fraction(1325, 17672)), world=FEW),
                Statement(BAYES_PRICE, "=", term(Fraction(123261, 1656200)), world=FEW),
            ),
            remark="without completeness the gap can exceed the Bayes price, even with one class a label",
        ),
        Claim(
            "raises",
            "counterexample",
            (
                Statement(CONSTANT_GAP, "<", BAYES_PRICE, world=SYMMETRIC),
                Statement(BAYES_PRICE, "=", term(Fraction(25, 1944)), world=SYMMETRIC),
            ),
            remark="class features, which represent both means here, can raise the gap, from 0 with phi = 1",
            cites=(ATTAINED,),
        ),
        Claim(
            "lowers",
            "counterexample",
            (
                Statement(BAYES_PRICE, "<", CONSTANT_GAP, world=KNOWN),
                Statement(CONSTANT_GAP, "=", term(Fraction(9, 100)), world=KNOWN),
            ),
            remark="class features, which represent both means here, can lower the gap to 0, from that with phi = 1",
            cites=(ATTAINED,),
        ),
    ),
    source="this project",
)
