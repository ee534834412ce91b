"""tilt: imbalance multiplies the posterior by r(y)/Z(x), and the log-loss by an added extra error term."""

from __future__ import annotations

from fractions import Fraction

from sympy import Expr, cancel, diff, symbols

from theory.claim import Check, Claim
from theory.formula import Formula, Range, Step
from theory.gaussian_world import S2, log_density
from theory.record import Result
from theory.residual import Residual
from theory.statement import Statement
from theory.terms import Density, X, Y, log, p, q, r
from theory.words import Delta, Z

m, alpha, beta, label = symbols("m alpha beta y", real=True)
RANGES = (Range(m, -2, 2), Range(alpha, -2, 2), Range(S2, Fraction(1, 16), 4), Range(beta, -1, Fraction(1, 8)))


def exponent(bend: Expr | int) -> Expr:
    """log q(y|x) + l(y), for q(y|x) = N(m, s2) and l = alpha y + bend y^2/2."""
    return log_density(label, m, S2) + alpha * label + bend * label**2 / 2


def moments(bend: Expr | int) -> tuple[Expr, Expr]:
    """Mean and variance of the law whose log density is the exponent plus a constant: where its slope vanishes, and -1 over its curvature."""
    slope, curvature = diff(exponent(bend), label), diff(exponent(bend), label, 2)
    return cancel(label - slope / curvature), cancel(-1 / curvature)


def is_gaussian() -> Residual:
    """The exponent minus log N(y; mean, variance) is free of y: it is log Z."""
    for bend in (0, beta):
        yield diff(exponent(bend) - log_density(label, *moments(bend)), label)


def same(formula: Formula) -> Residual:
    """Left minus right."""
    return cancel(formula.left - formula.right)


SLOPE = Step("Where the slope of log q(y|x) + l vanishes.", same)
CURVATURE = Step("-1 over the curvature of log q(y|x) + l.", same)
GAUSSIAN = Check(
    "log q(y|x) + l - log N(y; mean, variance) is free of y: it is log Z, and p(y|x) is Gaussian.", is_gaussian
)


POSTERIOR, TILTED = Density(p, Y, X), Density(q, Y, X)

RESULT = Result(
    name="tilt",
    title="The tilted posterior",
    question="What does imbalance do to the best possible predictor?",
    assumptions=("r = p/q positive and finite",),
    claims=(
        Claim(
            "posterior",
            "identity",
            (
                Statement(POSTERIOR, "=", TILTED * r / Z),
                Statement(Density(p, X), "=", Density(q, X) * Z),
            ),
        ),
        Claim("extra_error", "identity", (Statement(-log(POSTERIOR), "=", -log(TILTED) + Delta),)),
        Claim(
            "gaussian_shift",
            "identity",
            (
                Formula(
                    moments(0)[0],
                    "=",
                    m + alpha * S2,
                    RANGES,
                    (SLOPE,),
                    lead="If q(y|x) = N(m, s2) on the whole line and l = alpha y + const, then p(y|x) is Gaussian: its ",
                    lead_latex=r"q(y|x) = \mathcal{N}(m, s_2),\; \ell = \alpha y + \mathrm{const} \;\Rightarrow\; ",
                    name="mean",
                    name_latex=r"E_{p(y|x)}\,y",
                ),
                Formula(
                    moments(0)[1],
                    "=",
                    S2,
                    RANGES,
                    (CURVATURE,),
                    name="its variance",
                    name_latex=r"\mathrm{Var}_{p(y|x)}\,y",
                ),
            ),
            assumptions=("label shift: one channel k(x|y) for both laws", "labels on the whole line"),
            remark="both losses are squared errors over the same 2 s2, plus the same constant",
            cites=(GAUSSIAN,),
        ),
        Claim(
            "gaussian_variance",
            "identity",
            (
                Formula(
                    moments(beta)[0],
                    "=",
                    (m + alpha * S2) / (1 - beta * S2),
                    RANGES,
                    (SLOPE,),
                    lead="If q(y|x) = N(m, s2) on the whole line and l = alpha y + beta y^2/2 + const with beta s2 < 1, then p(y|x) is Gaussian: its ",
                    lead_latex=r"\ell = \alpha y + \tfrac12\beta y^2 + \mathrm{const},\; \beta s_2 < 1 \;\Rightarrow\; ",
                    name="mean",
                    name_latex=r"E_{p(y|x)}\,y",
                ),
                Formula(
                    moments(beta)[1],
                    "=",
                    S2 / (1 - beta * S2),
                    RANGES,
                    (CURVATURE,),
                    name="its variance",
                    name_latex=r"\mathrm{Var}_{p(y|x)}\,y",
                ),
            ),
            assumptions=("label shift: one channel k(x|y) for both laws", "labels on the whole line"),
            remark="the variance changes too",
            cites=(GAUSSIAN,),
        ),
    ),
    source="density form of Theorem 1 of Balanced MSE (Ren et al., CVPR 2022); Gaussian cases this project",
)
