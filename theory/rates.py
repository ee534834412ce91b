"""rates: how fast the corrected predictor approaches the balanced one when the classes get narrower."""

from __future__ import annotations

from sympy import Expr, Function, Integral, Rational, cancel, diff, expand, expand_log, log, symbols

from theory import taylor
from theory.claim import Check, Claim, Worded, Wrong
from theory.formula import Formula, Range, Step
from theory.prove import proved
from theory.record import Result
from theory.residual import Residual
from theory.statement import Statement
from theory.taylor import DIVERGENCE_OF_UNIFORM, MOVED_MEAN, coefficient, left_over
from theory.terms import ZERO, Atom, C, E, X, Y, r
from theory.words import R, Zhat, f_hat, f_q, y

h, l1, l2, l3, g1 = symbols("h l1 l2 l3 g1")
L1, L2, L3, G0, G1, G2, G3 = symbols("L1 L2 L3 G0 G1 G2 G3", positive=True)
SQUARED_SLOPE = taylor.E("", "l1", "l1")
PRODUCT_OF_SLOPES = taylor.E("", "g1", "l1")
TAYLOR = Check(
    "Remainders are bounded by suprema, the same for every bin: lemma taylor.", lambda: proved("taylor", "remainder")
)
MOMENTS = Check("Derivatives of tilted means: lemma taylor.", lambda: proved("taylor", "derivative"))


def remainder_of_a_bin(constant: int = 24) -> Residual:
    """The expansion of KL of a bin and of (d^2/constant) times the bin's mean of l'^2, with d = 2 h, agree below h^3."""
    for order in range(3):
        leading = coefficient(SQUARED_SLOPE, order - 2) if order == 2 else 0
        yield coefficient(DIVERGENCE_OF_UNIFORM, order, 1) - Rational(4, constant) * leading


def remainder_left_over(third: int = 1) -> Residual:
    """What KL leaves over at h^3, and what h^2/6 times the mean of l'^2 leaves over."""
    bound = L1**3 + Rational(4, 3) * L1 * L2 + third * L3 / 3
    return expand(left_over(DIVERGENCE_OF_UNIFORM, 3, 1) + left_over(SQUARED_SLOPE, 1) / 6 - bound)


def second_order(boundary: int = 1) -> Residual:
    """W - (d^2/24) mean l'^2 at order d^4, per unit of label, is -(l'^4 + 4 l''^2)/2880 plus a total derivative."""
    rest = [
        coefficient(DIVERGENCE_OF_UNIFORM, order, 1) - (coefficient(SQUARED_SLOPE, order - 2) / 6 if order >= 2 else 0)
        for order in range(5)
    ]
    interior = -(l1**4 + 4 * l2**2) / 2880
    derivative = (3 * l1**2 * l2 - 3 * l2**2 - 3 * l1 * l3) / 2160
    yield rest[:4]
    yield expand(rest[4] - 16 * (interior + derivative * boundary))
    y = symbols("y")
    l = Function("l")(y)
    first, second, third = (diff(l, y, n) for n in (1, 2, 3))
    yield expand(diff(first**3 - 3 * first * second, y) - (3 * first**2 * second - 3 * second**2 - 3 * first * third))


def mean_of_a_bin(constant: int = 12) -> Residual:
    """E[G (rhat - 1)] over a bin and (d^2/constant) times the bin's mean of G' l' agree below h^3; rhat has mean one in every bin."""
    for order in range(3):
        leading = coefficient(PRODUCT_OF_SLOPES, 0) if order == 2 else 0
        yield coefficient(MOVED_MEAN, order) - Rational(4, constant) * leading


def mean_left_over() -> Residual:
    """What E[G (rhat - 1)] leaves over at h^3, and what h^2/3 times the mean of G' l' leaves over."""
    third = 13 * G0 * L1**3 / 3 + 3 * G0 * L1 * L2 + G0 * L3 / 3 + 3 * G1 * L1**2 + G1 * L2 + G2 * L1 + G3 / 3
    yield expand(left_over(MOVED_MEAN, 3) - third)
    yield expand(left_over(PRODUCT_OF_SLOPES, 1) - G1 * L2 - G2 * L1)


def squared(constant: int = 144) -> Residual:
    d, kappa = symbols("d kappa")
    return (d**2 / 12 * kappa) ** 2 - d**4 / constant * kappa**2


def kappa_by_parts(sign: int = -1) -> Residual:
    """With G = (y - f) q(y|x): G' l' = q(y|x) l' (1 + (y - f) d/dy log k) = d/dy [l' G] - q(y|x) (y - f) l''."""
    y, f = symbols("y f")
    l, k, evidence = Function("l")(y), Function("k")(y), symbols("evidence", positive=True)
    posterior = k / evidence  # uniform q: the evidence does not depend on y
    G = (y - f) * posterior
    as_stated = posterior * diff(l, y) * (1 + (y - f) * diff(log(k), y))
    yield cancel(expand(diff(G, y) * diff(l, y) - as_stated))
    yield cancel(expand(as_stated - diff(diff(l, y) * G, y) - sign * posterior * (y - f) * diff(l, y, 2)))


theta, ratio, u = symbols("theta R u", positive=True)
average = theta + (1 - theta) * ratio
JUMP = (Range(theta, 0, 1), Range(ratio, 1, 5))


def gap(t: Expr) -> Expr:
    """t - 1 - log t, not negative by gibbs."""
    return t - 1 - log(t)


def by_gibbs(formula: Formula) -> Residual:
    return cancel(expand(expand_log(formula.left - formula.right, force=True)))


def first_moment(formula: Formula) -> Residual:
    return cancel(expand(formula.left.doit() - formula.right))


def mean_zero() -> Residual:
    return cancel(theta * (1 / average - 1) + (1 - theta) * (ratio / average - 1))


curvature = Atom("l''(y)", r"\ell''(y)", Y)

RESULT = Result(
    name="rates",
    title="Rates in the number of classes",
    question="How fast do the two parts of the extra term vanish with the number of classes?",
    assumptions=("q uniform on [a, b], K equal bins of width d = D/K",),
    claims=(
        Claim(
            "remainder",
            "asymptotic",
            (
                Worded(
                    "|W - (d^2/24) E_q[l'^2]| <= (d^3/8) (L1^3 + (4/3) L1 L2 + L3/3) with Lj = sup |l^(j)|, so W ~ (d^2/24) E_q[l'^2] as K -> infinity",
                    r"\Bigl|W - \frac{d^2}{24}\,E_q\!\left[l'^2\right]\Bigr| \le \frac{d^3}{8}\Bigl(L_1^3 + \tfrac43 L_1L_2 + \tfrac13 L_3\Bigr),"
                    r"\qquad L_j = \sup|l^{(j)}|",
                    "every law",
                    (
                        Check(
                            "Expanded in the half-width h, a bin's divergence and h^2/6 times its mean of l'^2 agree below h^3.",
                            remainder_of_a_bin,
                        ),
                        Check("What both leave over at h^3, by suprema.", remainder_left_over),
                        MOMENTS,
                        TAYLOR,
                    ),
                    (
                        Wrong("twelfth", "(d^2/12) E l'^2", lambda: remainder_of_a_bin(12)),
                        Wrong("eighth", "Hoeffding's constant, d^2/8", lambda: remainder_of_a_bin(8)),
                        Wrong("no_third", "nothing left over by l'''", lambda: remainder_left_over(0)),
                    ),
                ),
            ),
            assumptions=("l three times continuously differentiable; for the ratio, l not constant",),
        ),
        Claim(
            "remainder_second_order",
            "asymptotic",
            (
                Worded(
                    "W - (d^2/24) E_q[l'^2] = -(d^4/2880) E_q[l'^4 + 4 l''^2] + (d^4/(2160 D)) [l'^3 - 3 l' l'']_a^b + O(d^5)",
                    r"W - \frac{d^2}{24}E_q[l'^2] = -\frac{d^4}{2880}\,E_q\!\left[l'^4 + 4\,l''^2\right]"
                    r" + \frac{d^4}{2160\,D}\Bigl[l'^3 - 3\,l'l''\Bigr]_a^b + O(d^5)",
                    "every law",
                    (
                        Check(
                            "The order h^4 of a bin against the bin average of l'^2, the rest a total derivative; no order h^3.",
                            second_order,
                        ),
                        MOMENTS,
                        TAYLOR,
                    ),
                    (
                        Wrong("no_ends", "the term of the ends dropped", lambda: second_order(0)),
                        Wrong("sign_of_ends", "the term of the ends with the other sign", lambda: second_order(-1)),
                    ),
                ),
            ),
            assumptions=("l five times continuously differentiable",),
            remark="from below for affine l, and whenever the bracket is not positive",
        ),
        Claim(
            "corrected_mean",
            "asymptotic",
            (
                Statement(f_hat - f_q, "=", E((y - f_q) * (r / R - 1), X) / Zhat),
                Statement(E(r / R - 1, C), "=", ZERO),
                Worded(
                    "E_q(x)[(fhat - f_q)^2] ~ (d^4/144) E_q(x)[kappa^2], kappa(x) = E_q(y|x)[l'(y) (1 + (y - f_q) d/dy log k(x|y))]",
                    r"E_{q(x)}\bigl(\hat f - f_q\bigr)^2 \sim \frac{d^4}{144}\,E_{q(x)}[\kappa^2],\qquad "
                    r"\kappa(x) = E_{q(y|x)}\!\left[l'(y)\bigl(1 + (y - f_q)\,\partial_y\log k(x|y)\bigr)\right]",
                    "every law",
                    (
                        Check(
                            "With G = (y - f_q) q(y|x), the mean of G (r/R - 1) over a bin and (d^2/12) times its mean of G' l' agree below "
                            "d^3, so the sum over bins is (d^2/12) int G' l' dy, and Zhat - 1 is O(d).",
                            mean_of_a_bin,
                        ),
                        Check("What both leave over at h^3, by suprema of G, l and their derivatives.", mean_left_over),
                        MOMENTS,
                        TAYLOR,
                        Check("int G' l' dy = kappa, as q is uniform.", lambda: next(iter(kappa_by_parts()))),
                        Check("Squared.", squared),
                    ),
                    (
                        Wrong("sixth", "d^2/6 for a bin", lambda: mean_of_a_bin(6)),
                        Wrong("not_squared", "d^4/12", lambda: squared(12)),
                    ),
                ),
            ),
            assumptions=(
                "l and k(x|y) three times continuously differentiable in y; the suprema over y of (y - f_q) q(y|x) and its first three derivatives are "
                "square integrable over x",
                "E kappa^2 > 0",
            ),
        ),
        Claim(
            "kappa",
            "identity",
            (
                Worded(
                    "kappa(x) = [l'(y) (y - f_q) q(y|x)]_a^b - E_q(y|x)[(y - f_q) l'']",
                    r"\kappa(x) = \Bigl[l'(y)\,(y - f_q)\,q(y|x)\Bigr]_a^b - E_{q(y|x)}[(y - f_q)\,l'']",
                    "every law",
                    (Check("The integrand is a total derivative minus q(y|x)(y - f_q) l''.", kappa_by_parts),),
                    (
                        Wrong("sign", "plus the covariance", lambda: kappa_by_parts(1)),
                        Wrong("ends_only", "the covariance dropped", lambda: kappa_by_parts(0)),
                    ),
                ),
                Statement(
                    E((y - f_q) * curvature, X),
                    "=",
                    E(y * curvature, X) - f_q * E(curvature, X),
                ),
            ),
            assumptions=("l twice and k(x|y) once continuously differentiable in y",),
            remark="the last is Cov_q(y|x)(y, l''), so for affine l only the ends of Y contribute",
        ),
        Claim(
            "jump",
            "asymptotic",
            (
                Formula(
                    theta * gap(1 / average) + (1 - theta) * gap(ratio / average),
                    "=",
                    log(average) - (1 - theta) * log(ratio),
                    JUMP,
                    (
                        Step("Logarithms collected.", by_gibbs),
                        Step("t - 1 - log t > 0 but at t = 1: lemma gibbs.", lambda _: proved("gibbs", "log_bound")),
                    ),
                    lead="A bin where r jumps from 1 to R at share theta has the divergence, whatever its width: ",
                    lead_latex=r"\mathrm{KL}:\ ",
                ),
                Formula(
                    Integral(u * (1 / average - 1), (u, 0, theta)) + Integral(u * (ratio / average - 1), (u, theta, 1)),
                    "=",
                    theta * (1 - theta) * (ratio - 1) / (2 * average),
                    JUMP,
                    (Step("The first moment of rhat - 1, by integration.", first_moment),),
                    lead="rhat - 1 has mean zero in that bin, and the first moment, in units of the width: ",
                    lead_latex=r"\hat r - 1:\ ",
                ),
                Worded(
                    "so the bin adds the order 1/K to W, but only d^2 G'(y) times the moment, and O(d^3), to fhat - f_q, whose square stays of order K^-4",
                    r"W:\ K^{-1},\qquad (\hat f - f_q)^2:\ K^{-4}",
                    "every law",
                    (Check("rhat - 1 has mean zero, so the constant part of G drops out.", mean_zero), TAYLOR),
                    (
                        Wrong(
                            "unnormalised",
                            "rhat not divided by its bin mean",
                            lambda: cancel(theta * 0 + (1 - theta) * (ratio - 1)),
                        ),
                    ),
                ),
            ),
            assumptions=(
                "l smooth but for one jump, R not 1, in place of the smoothness that the other claims assume",
            ),
        ),
    ),
    source="this project",
)
