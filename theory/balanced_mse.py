"""balanced_mse: what Balanced MSE converges to, when that is the balanced mean, and how far off it is elsewhere."""

from __future__ import annotations

from fractions import Fraction

from sympy import Expr, Symbol, diff, exp, expand, log, simplify, solve, sqrt, symbols, tanh

from theory.certificate import GIBBS, Piece, Positive
from theory.claim import AlsoTrue, Claim
from theory.formula import Formula, Range, Step
from theory.record import Result
from theory.residual import Residual
from theory.statement import Statement
from theory.terms import ALL, NOTHING, Atom, Density, E, Law, X, Y, p, r
from theory.terms import exp as raised
from theory.terms import log as logarithm
from theory.words import Z, f_p, y

fit = Atom("n(y|x)", "n(y|x)", ALL, positive=True)
"""N(y; f(x), s^2)/k(x|y), up to a factor that x decides."""
tilt = Atom("t(x)", "t(x)", X)
"""(g - f)/s^2 for another prediction g: N(y; g, s^2) is N(y; f, s^2) e^(t y), up to a factor that x decides."""
flat = Atom("c(x)", "c(x)", X, positive=True)
served = Law("bal", r"\mathrm{bal}", r * fit)
"""Given x proportional to p(y) N(y; f(x), s^2): Balanced MSE is the log-loss of this under p."""
other = Law("bal_g", r"\mathrm{bal}_g", r * fit * raised(tilt * y))
"""The same for g."""
matched = Law("bal_q", r"\mathrm{bal}_q", r * flat)
"""The same where q(y|x) is proportional to N(y; f(x), s^2)."""

more = E(logarithm(Density(served, Y, X) / Density(other, Y, X)), law=p)
"""What g loses more than f."""
mean = E(y, X, law=served)
grown = raised(tilt * y) * E(r * fit, X) / E(r * fit * raised(tilt * y), X)

variance = Atom("v(x)", "v(x)", X, positive=True)
scale = Atom("s^2", "s^2", NOTHING, positive=True)
slope = Atom("alpha", r"\alpha", NOTHING)

a, f, m, x_q = symbols("alpha f m f_q", real=True)
s, v = symbols("s v", positive=True)
label = Symbol("y", real=True)


def tilted_mean(centre: Expr, spread: Expr) -> Expr:
    """The mean of the law proportional to e^(alpha y) N(y; centre, spread): where its exponent is highest."""
    return solve(diff(a * label - (label - centre) ** 2 / (2 * spread), label), label)[0]


def optimum(target: Expr) -> Expr:
    """f whose law e^(alpha y) N(y; f, s^2) has the target as mean."""
    return solve(tilted_mean(f, s**2) - target, f)[0]


def bimodal_target() -> Expr:
    """The mean of e^(alpha y) times an even mixture of N(m, v) and N(-m, v), each part weighed by its mean of e^(alpha y)."""
    weights = {sign: exp(sign * a * m + a**2 * v / 2) for sign in (1, -1)}
    return sum(weight * tilted_mean(sign * m, v) for sign, weight in weights.items()) / sum(weights.values())


def agree(formula: Formula) -> Residual:
    return simplify(expand((formula.left - formula.right).rewrite(exp)))


def tilt_weighs(_: Formula) -> Residual:
    """int e^(alpha y) N(y; m, v) dy = e^(alpha m + alpha^2 v/2), and the tilted law is N(m + alpha v, v)."""
    density = exp(-((label - m) ** 2) / (2 * v)) / sqrt(2 * v)
    ratio = density * exp(a * label) / (density.subs(m, m + a * v) * exp(a * m + a**2 * v / 2))
    return [simplify(log(ratio).expand(force=True)), tilted_mean(m, v) - m - a * v]


AFFINE = (Step("A Gaussian law with a tilt e^(alpha y) is Gaussian, moved by alpha times its variance.", tilt_weighs),)
SPAN = (Range(a, -4, 4), Range(s, Fraction(1, 8), 2), Range(v, Fraction(1, 8), 2))

RESULT = Result(
    name="balanced_mse",
    title="What Balanced MSE converges to",
    question="When does Balanced MSE find the balanced mean, and how far off is it elsewhere?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "0 < inf r, sup r < inf",
        "bal(y|x) is proportional to p(y) N(y; f(x), s^2), bal_g to the same with g(x) = f(x) + s^2 t(x); Balanced MSE is E_p[-log bal(y|x)]",
    ),
    claims=(
        Claim(
            "moment_matching",
            "identity",
            (
                Statement(
                    more,
                    "=",
                    E(E(logarithm(Density(served, Y, X) / Density(other, Y, X)), X, law=served), law=p)
                    + E(tilt * (mean - f_p), law=p),
                ),
            ),
            remark="the derivative in g at f vanishes iff E_bal[y|x] = f_p",
        ),
        Claim(
            "minimum",
            "upper bound",
            (
                Statement(
                    E(tilt * (mean - f_p), law=p),
                    "<=",
                    more,
                    (Piece((Positive(Z * r * fit / E(r * fit, X)), GIBBS(grown))),),
                ),
            ),
            also_true=(
                AlsoTrue(
                    "right: bal_g(y|x) to the power -2",
                    "-log bal_g(y|x) is not negative where bal_g(y|x) is at most 1, as masses are",
                ),
            ),
            remark="so where E_bal[y|x] = f_p no g has less loss than f",
        ),
        Claim(
            "right",
            "identity",
            (Statement(E(y, X, law=matched), "=", f_p),),
            assumptions=("q uniform, q(y|x) proportional to N(y; f(x), s^2)",),
            remark="the optimum is that f, the balanced mean",
        ),
        Claim(
            "wrong_variance",
            "identity",
            (
                Formula(
                    optimum(tilted_mean(x_q, v)) - x_q,
                    "=",
                    a * v - a * s**2,
                    (*SPAN, Range(x_q, -2, 2)),
                    (*AFFINE, Step("The difference of the sides is exactly zero.", agree)),
                    name="f - f_q",
                    name_latex="f - f_q",
                    lead="For q(y|x) = N(f_q, v) and l = alpha y: ",
                    lead_latex=r"q(y|x) = N(f_q, v),\; \ell = \alpha y: \quad ",
                ),
            ),
            assumptions=("labels on the whole line",),
            remark="the mean of plain squared error is alpha v off",
        ),
        Claim(
            "one_scale",
            "identity",
            (
                Statement(
                    E((slope * (variance - scale)) ** 2) - E((slope * variance) ** 2),
                    "=",
                    slope**2 * scale * (scale - 2 * E(variance)),
                ),
            ),
            remark="with one s for all inputs Balanced MSE has more squared error than plain squared error iff s^2 exceeds twice the mean of v",
        ),
        Claim(
            "bimodal",
            "identity",
            (
                Formula(
                    optimum(bimodal_target()),
                    "=",
                    m * tanh(a * m) + a * v - a * s**2,
                    (*SPAN, Range(m, Fraction(1, 8), 2)),
                    (*AFFINE, Step("The difference of the sides is exactly zero.", agree)),
                    name="f - f_q",
                    name_latex="f - f_q",
                    lead="For q(y|x) an even mixture of N(m, v) and N(-m, v), and l = alpha y: ",
                    lead_latex=r"q(y|x) = \tfrac12 N(m, v) + \tfrac12 N(-m, v),\; \ell = \alpha y: \quad ",
                ),
            ),
            assumptions=("labels on the whole line",),
            remark="not zero even where s^2 = m^2 + v, the variance of q(y|x)",
        ),
    ),
    source="Ren, Zhang, Yu and Liu 2022 for the loss; this project",
)
