"""risk: the balanced risk of any predictor as imbalanced risk plus a between-class and a within-class extra term."""

from __future__ import annotations

from sympy import QQ, exp, symbols, tanh
from sympy.polys.ring_series import rs_exp, rs_trunc
from sympy.polys.rings import PolyElement, ring

from theory.certificate import BETWEEN, Certificate, Piece, Positive, Slack
from theory.claim import AlsoTrue, Check, Claim, Worded, Wrong
from theory.formula import Formula, Range, Step
from theory.limits import in_exponentials
from theory.printing import text
from theory.record import Result
from theory.residual import Residual
from theory.statement import Statement
from theory.terms import C, E, Named, Y, inf, p, r, sup
from theory.words import R, f, risk, tanh_quarter, width, y

e = Named("e(y)", "e(y)", E((y - f) ** 2, Y))
"""The squared error of a prediction, label by label."""
e_q, e_p = Named("e_c^q", "e_c^q", E(e, C)), Named("e_c^p", "e_c^p", E(e, C, law=p))
oscillation = sup(e, C) - inf(e, C)

LABEL_SHIFT = "label shift: one channel k(x|y) for both laws, so e(y) = E[(y - f(x))^2 | y] is the same under both"


def local_series(twelfth: int = 12, sign: int = -1) -> Residual:
    """e_c^q - e_c^p in a bin of width d about m: sign (d^2/twelfth) e' l' + O(d^4), for any smooth e and l.

    y = m + d t with t uniform on [-1/2, 1/2]; both functions are expanded to third order in d.
    """
    _, d, t, e0, e1, e2, e3, l1, l2, l3 = ring("d,t,e0,e1,e2,e3,l1,l2,l3", QQ)
    e = e0 + e1 * d * t + e2 * (d * t) ** 2 * QQ(1, 2) + e3 * (d * t) ** 3 * QQ(1, 6)
    r = rs_exp(l1 * d * t + l2 * (d * t) ** 2 * QQ(1, 2) + l3 * (d * t) ** 3 * QQ(1, 6), d, 4)
    numerator = mean_over_bin(e * r) - mean_over_bin(e) * mean_over_bin(r)  # (e_c^p - e_c^q) E r, and E r = 1 + O(d^2)
    return [rs_trunc(numerator + sign * d**2 * e1 * l1 * QQ(1, twelfth), d, 4), rs_trunc(mean_over_bin(r) - 1, d, 2)]


def mean_over_bin(polynomial: PolyElement) -> PolyElement:
    """The mean over t uniform on [-1/2, 1/2]; t is the second symbol of the ring."""
    numbers = polynomial.ring
    mean = numbers.zero
    for exponents, coefficient in polynomial.terms():
        power = exponents[1]
        if power % 2 == 0:
            rest = (exponents[0], 0, *exponents[2:])
            mean += numbers.from_dict({rest: coefficient * QQ(1, (power + 1) * 2**power)})
    return mean


def midpoint(order: int = 2) -> Residual:
    """The mean of a smooth g over a bin is its midpoint value up to order d^2."""
    _, d, t, g0, g1, g2 = ring("d,t,g0,g1,g2", QQ)
    mean = mean_over_bin(g0 + g1 * d * t + g2 * (d * t) ** 2 * QQ(1, 2))
    return rs_trunc(mean - g0, d, order)


w, osc, rho = symbols("w osc rho", positive=True)
S = exp(w / 2)


def same(formula: Formula) -> Residual:
    """With exponentials of w/2 alone."""
    power = symbols("S", positive=True)
    return in_exponentials(formula.left - formula.right).rewrite(exp).subs(w, 2 * w).subs(exp(w), power)


FROM_LOW, FROM_HIGH = Piece((Slack(inf(e, C)),)), Piece((Slack(sup(e, C)),))


def within(near: Piece, far: Piece) -> Certificate:
    """osc(e) tanh(w_c/4) minus the difference of the class means, from the end of e that is called near."""
    lowest, highest = Slack(inf(r, C)), Slack(sup(r, C))
    scale = Positive(1 / R)
    domain = (
        near,
        far,
        Piece((scale, lowest)),
        Piece((scale, highest)),
        Piece((scale, Piece((lowest,), C))),
        Piece((scale, Piece((highest,), C))),
    )
    return (Piece((BETWEEN(near.product, far.product, r / R, inf(r, C) / R, sup(r, C) / R, domain=domain),), C),)


bound = oscillation * Named("tanh(w_c/4)", r"\tanh(w_c/4)", tanh_quarter(width(given=C)))

RESULT = Result(
    name="risk",
    title="Imbalanced risk plus two extra terms",
    question="What does the balanced risk of any predictor consist of, besides its imbalanced risk?",
    assumptions=(LABEL_SHIFT, "r = p/q positive and finite", "a partition of the labels"),
    claims=(
        Claim(
            "split",
            "identity",
            (Statement(risk(f), "=", risk(f, p) + (E(e_p) - E(e_p, law=p)) + E(e_q - e_p)),),
            remark="E_q e_c^p - E_p e_c^p is sum_c (q_c - p_c) e_c^p, and e_c^q, e_c^p are the means of e(y) = E[(y - f)^2|y] over class c",
        ),
        Claim(
            "within_bound",
            "upper bound",
            (
                Statement(e_q - e_p, "<=", bound, within(FROM_LOW, FROM_HIGH)),
                Statement(e_p - e_q, "<=", bound, within(FROM_HIGH, FROM_LOW)),
            ),
            also_true=(
                AlsoTrue("left: the mean under", "the left side is zero, the right side not negative"),
                AlsoTrue(f"right: {text(bound)} twice", "weaker: the right side is not negative"),
                *(
                    AlsoTrue(f"right: {mistake}", "weaker: e and tanh(w_c/4) are not negative")
                    for mistake in ("sup_{B_c} e(y) twice", "-inf_{B_c} e(y)", "half of -inf_{B_c} e(y)")
                ),
            ),
            remark="so |e_c^q - e_c^p| is at most the oscillation of e in the bin times tanh(w_c/4)",
        ),
        Claim(
            "within_bound_attained",
            "identity",
            (
                Formula(
                    osc * (rho * S / (1 + S) / (rho / (1 + S) + rho * S / (1 + S)) - 1 / (1 + S)),
                    "=",
                    osc * tanh(w / 4),
                    (Range(osc, 0, 4), Range(rho, 0, 4), Range(w, 0, 8)),
                    (Step("Both sides agree as functions of S = e^(w/2).", same),),
                    lead="A bin of two labels with q = (S, 1)/(1 + S), r = (rho/S, rho S), S = e^(w/2), and e = (0, osc) has e_c^p - e_c^q = osc tanh(w/4): ",
                    lead_latex=r"q_{y|c} = \frac{(S, 1)}{1 + S},\; r = (\rho/S, \rho S),\; S = e^{w/2}: \quad ",
                ),
            ),
        ),
        Claim(
            "within_asymptotic",
            "asymptotic",
            (
                Worded(
                    "q uniform, e and l smooth, K equal bins of width d: sum_c q_c (e_c^q - e_c^p) / (-(d^2/12) E_q[e' l']) -> 1 as d -> 0, "
                    "if E_q[e' l'] is not zero",
                    r"\sum_c q_c\,(e_c^q - e_c^p) \sim -\frac{d^2}{12}\,E_q[e'\,\ell'] \quad (d \to 0)",
                    "every law",
                    (
                        Check(
                            "In a bin about m, e_c^q - e_c^p = -Cov(e, r)/E r = -(d^2/12) e'(m) l'(m) + O(d^4): orders 2 and 3 exactly, for free "
                            "derivatives; the fourth derivatives are bounded.",
                            local_series,
                        ),
                        Check("sum_c q_c e'(m_c) l'(m_c) = E_q[e' l'] + O(d^2): the midpoint rule.", midpoint),
                    ),
                    (
                        Wrong("sign", "+(d^2/12)", lambda: local_series(sign=1)),
                        Wrong("constant", "d^2/24", lambda: local_series(24)),
                        Wrong("order", "the midpoint value is right to third order", lambda: midpoint(3)),
                    ),
                ),
            ),
            assumptions=("q uniform on an interval", "e and l four times differentiable", "E_q[e' l'] is not zero"),
        ),
    ),
    source="this project",
)
