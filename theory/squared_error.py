"""squared_error: the extra error term of the conditional mean, and how the log-loss price bounds it."""

from __future__ import annotations

from fractions import Fraction

from sympy import Expr, Function, Symbol, cancel, diff, limit, log, symbols

from theory.certificate import (
    GIBBS,
    PINSKER,
    Certificate,
    End,
    Inside,
    Piece,
    Positive,
    Square,
    SubGaussian,
    larger_under_p,
)
from theory.claim import AlsoTrue, Check, Claim
from theory.formula import Formula, Range, Step
from theory.gaussian_world import (
    GAUSSIAN_RANGES,
    M_P,
    M_Q,
    S2,
    V_P,
    V_Q,
    attained_by_shift,
    attained_by_tilt,
    bayes_rule,
    price_of_gaussians,
    shift_of_gaussians,
)
from theory.prove import proved
from theory.record import Result
from theory.residual import Residual
from theory.statement import Statement
from theory.terms import NOTHING, ONE, E, Field, Named, Term, X, exp, p, r
from theory.words import D, Z, a, divergence_at_x, f, f_p, f_q, price, proxy, risk, y

covariance = Named("Cov_{q(y|x)}(y, r)", r"\mathrm{Cov}_{q(y|x)}(y, r)", E(y * r, X) - E(y, X) * E(r, X))

pull = 2 * (f_q - f_p) / D**2
t = (f_q - f_p) / proxy
tilted = exp(t * (y - f_p))
variational = GIBBS(r * tilted / (Z * E(tilted, X, law=p)))
"""KL(q(y|x)||p(y|x)) exceeds t (f_q - f_p) - log E_p[e^(t (y - f_p))|x] by the mean of this (Donsker and Varadhan)."""

FROM_BELOW, FROM_ABOVE = End(upper=False), End(upper=True)


def apart(given_p: Field = X, given_q: Field = X, weight: Term = ONE) -> Certificate:
    """E[weight (D^2 - (f_p - f_q)^2)], by (f_q - a) + (a + D - f_p) = D - (f_p - f_q) times the same with p and q exchanged."""

    def under_q(end: End) -> Piece:
        return Piece((end,), given_q)

    def under_p(end: End) -> Piece:
        return Piece((Positive(r / E(r, given_p)), end), given_p)

    return tuple(
        Piece((Positive(weight), one, other))
        for one in (under_q(FROM_BELOW), under_p(FROM_ABOVE))
        for other in (under_p(FROM_BELOW), under_q(FROM_ABOVE))
    )


def sub_gaussian(given: Field) -> Certificate:
    """2 sigma^2 KL(q(y|x)||p(y|x)) - (f_p - f_q)^2, or its mean."""
    weight = Positive(2 * proxy)
    return Piece((weight, variational), given), Piece((weight, SubGaussian(t)), given)


PINSKER_MEAN: Certificate = (
    Piece((Positive(D**2 / 2 * r / Z), PINSKER(Z / r, pull * (y - a - D / 2)))),
    Piece((Positive(D**2 / 3 * r / Z * (Z / r + 2)), Square(pull), Inside())),
)


def more_under_p(scale: Term, certificate: Certificate, given: Field = NOTHING) -> AlsoTrue:
    """The mutant with E_p[r|x] for Z(x) on the right."""
    growth = tuple(Piece((Positive(scale), *piece.factors), given) for piece in larger_under_p(X))
    return AlsoTrue("right: the mean under p", "E_p[r|x] >= Z(x)", (*certificate, *growth))


e, length = symbols("e D", positive=True)


def tends_to_one(formula: Formula) -> Residual:
    return limit(formula.left / formula.right, e, 0) - 1


apart_by = Symbol("m", positive=True)
ONE_VARIANCE = (Range(length, Fraction(1, 8), 8), Range(apart_by, Fraction(1, 8), 8), Range(M_Q, -2, 2))


def of_one_variance(value: Expr) -> Expr:
    """At v_q = v_p = s2 = D^2 and m_p = m_q + m."""
    return value.subs({V_Q: length**2, V_P: length**2, S2: length**2, M_P: M_Q + apart_by}, simultaneous=True)


def exactly(formula: Formula) -> Residual:
    return formula.left - formula.right


def grows(formula: Formula) -> Residual:
    return bool(cancel(formula.right - formula.left).is_positive)


def curvature(sign: int = -1) -> Residual:
    """(log p(y|x))'' under a Gaussian channel is l'' - 1/s^2."""
    x, label = symbols("x y", real=True)
    s = Symbol("s", positive=True)
    ratio = Function("l", real=True)(label)
    exponent = ratio + sign * (x - label) ** 2 / (2 * s**2)
    return diff(exponent, label, 2) - diff(ratio, label, 2) + 1 / s**2


RESULT = Result(
    name="squared_error",
    title="The price in squared error",
    question="How much squared error does the imbalanced conditional mean lose, and how does the log-loss price bound it?",
    assumptions=("labels are square integrable under q and p",),
    claims=(
        Claim(
            "pythagoras",
            "identity",
            (
                Statement(risk(f_p) - risk(f_q), "=", E((f_p - f_q) ** 2)),
                Statement(risk(f) - risk(f_q), "=", E((f - f_q) ** 2)),
            ),
        ),
        Claim(
            "covariance",
            "identity",
            (Statement(f_p - f_q, "=", covariance / Z),),
            assumptions=("p << q: r = p/q exists",),
        ),
        Claim(
            "divergence_bound",
            "upper bound",
            (
                Statement(
                    E((f_p - f_q) ** 2),
                    "<=",
                    D**2 / 2 * price,
                    PINSKER_MEAN,
                ),
            ),
            also_true=(more_under_p(D**2 / 2, PINSKER_MEAN),),
            assumptions=("labels in an interval [a, a + D]",),
        ),
        Claim(
            "divergence_bound_sharp",
            "asymptotic",
            (
                Formula(
                    (length * (1 + 2 * e) / 2 - length / 2) ** 2,
                    "~",
                    length**2 / 2 * (-log(1 - 2 * e) - log(1 + 2 * e)) / 2,
                    (Range(length, Fraction(1, 8), 8), Range(e, 0, Fraction(1, 4))),
                    (Step("The limit of the ratio is one.", tends_to_one),),
                    limit=(e, 0),
                    lead="Labels 0 and D, no information in x, q = (1/2, 1/2), p = (1/2 - e, 1/2 + e) have "
                    "E_{q(x)}[(f_p - f_q)^2] ~ D^2/2 E_q Delta: ",
                    lead_latex=r"y \in \{0, D\},\; p = \big(\tfrac12 - e, \tfrac12 + e\big): \quad ",
                ),
            ),
        ),
        Claim(
            "sub_gaussian_bound",
            "upper bound",
            (Statement((f_p - f_q) ** 2, "<=", 2 * proxy * divergence_at_x, sub_gaussian(X)),),
            assumptions=("log E_{p(y|x)} e^{t (y - f_p)} <= sigma^2 t^2/2 for all t, at the x in question",),
            also_true=(more_under_p(2 * proxy, sub_gaussian(X), X),),
            remark="at every x, with equality for Gaussian labels of one variance",
            cites=(Check("Gaussian labels of one variance attain it at every x.", attained_by_shift),),
        ),
        Claim(
            "gaussian_channel_bound",
            "upper bound",
            (
                Statement(
                    E((f_p - f_q) ** 2),
                    "<=",
                    2 * proxy * price,
                    sub_gaussian(NOTHING),
                ),
            ),
            also_true=(more_under_p(2 * proxy, sub_gaussian(NOTHING)),),
            remark="sigma = s for a Gaussian channel of noise s, q uniform and l concave",
            assumptions=("Gaussian channel", "q uniform on an interval, so that log p(y) is concave as l is"),
            cites=(
                Check("(log p(y|x))'' = l'' - 1/s^2 <= -1/s^2.", curvature),
                Check(
                    "So p(y|x) has the sub-Gaussian proxy s^2 at every x: lemma log_concave.",
                    lambda: proved("log_concave", "sub_gaussian"),
                ),
                Check(
                    "The constant cannot be lowered: for an affine l away from the ends both sides agree.",
                    attained_by_tilt,
                ),
            ),
        ),
        Claim(
            "at_most_squared_length",
            "upper bound",
            (
                Statement(
                    E((f_p - f_q) ** 2),
                    "<=",
                    D**2,
                    apart(),
                ),
            ),
            assumptions=(
                "labels in an interval [a, a + D]",
                "p(x) > 0 wherever q(x) > 0, so that f_p is defined",
            ),
            also_true=(
                AlsoTrue("left: the mean under p", "f_p and f_q lie in [a, a + D]", apart(weight=r)),
                AlsoTrue("left: the mean given nothing", "E_p y and f_q lie in [a, a + D]", apart(given_p=NOTHING)),
                AlsoTrue("left: the mean given nothing", "f_p and E_q y lie in [a, a + D]", apart(given_q=NOTHING)),
            ),
            remark="also where p = 0 < q and the log-loss price is infinite, since the proof needs no logarithm",
        ),
        Claim(
            "gaussian",
            "identity",
            (
                Formula(
                    shift_of_gaussians(),
                    "=",
                    (V_P / (V_P + S2) - V_Q / (V_Q + S2)) ** 2 * (V_Q + S2) + ((M_P - M_Q) * S2 / (V_P + S2)) ** 2,
                    GAUSSIAN_RANGES,
                    (
                        Step(
                            "The mean of (f_p - f_q)^2 over q(x), by two moments, minus the right side is exactly zero.",
                            exactly,
                        ),
                    ),
                    lead="For q_y = N(m_q, v_q), p_y = N(m_p, v_p), k = N(y, s2): f_q = (s2 m_q + v_q x)/(v_q + s2), f_p alike, and ",
                    lead_latex=r"f_q = \frac{s_2 m_q + v_q x}{v_q + s_2}, \quad ",
                    name="E_{q(x)} (f_p - f_q)^2",
                    name_latex=r"E_{q(x)}(f_p - f_q)^2",
                ),
            ),
            assumptions=("label shift: one channel k(x|y) for both laws", "labels on the whole line"),
            cites=(Check("Bayes' rule: q(y) k(x|y) = q(y|x) q(x), and the same for p.", bayes_rule),),
        ),
        Claim(
            "whole_line",
            "counterexample",
            (
                Formula(
                    of_one_variance(shift_of_gaussians()),
                    "=",
                    apart_by**2 / 4,
                    ONE_VARIANCE,
                    (Step("By two moments.", exactly),),
                    lead="On the whole line bounds with D fail: for every D, Gaussian labels with v_q = v_p = s2 = D^2 and means m apart have ",
                    lead_latex=r"v_q = v_p = s_2 = D^2: \quad ",
                    name="E_{q(x)} (f_p - f_q)^2",
                    name_latex=r"E_{q(x)}(f_p - f_q)^2",
                ),
                Formula(
                    length**2 / 2 * of_one_variance(price_of_gaussians()),
                    "<",
                    apart_by**2 / 4,
                    ONE_VARIANCE,
                    (Step("The difference is a square.", grows),),
                    name="(D^2/2) E_q Delta",
                    name_latex=r"\tfrac{D^2}{2}\,E_q\Delta",
                ),
            ),
            assumptions=("label shift: one channel k(x|y) for both laws", "labels on the whole line"),
        ),
    ),
    source="this project; Pinsker, Bobkov and Goetze for the two bounds",
)
