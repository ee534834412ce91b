"""tilt: imbalance multiplies the posterior by r(y)/Z(x), and the log-loss by an added extra error term."""

from __future__ import annotations

from sympy import QQ

from theory.claim import Check, Claim, Worded, Wrong
from theory.gaussian import ALPHA, BETA, S2, TWO_PI, Normal, number
from theory.gaussian import X as INPUT
from theory.gaussian import Y as LABEL
from theory.logarithms import positive
from theory.record import Result
from theory.residual import Residual
from theory.statement import Statement
from theory.terms import Density, X, Y, log, p, q, r
from theory.words import Delta, Z

CENTRE = Normal(number(INPUT), positive(S2))  # q(y|x); its mean is written x here


def affine(mean_shift: int = 1, sign: int = 1) -> Residual:
    """log q(y|x) + alpha y - log N(y; m + alpha s^2, s^2) is free of y, and equal to log Z."""
    slope, y = number(ALPHA), number(LABEL)
    moved = Normal(CENTRE.mean + slope * CENTRE.variance * mean_shift, CENTRE.variance)
    log_Z = slope * CENTRE.mean + slope * slope * CENTRE.variance * number(QQ(1, 2)) * sign
    return CENTRE.log_density(y) + slope * y - moved.log_density(y) - log_Z


def one_scale(factor: int = 1) -> Residual:
    """Both losses: a squared error over 2 s^2, plus (1/2) log(2 pi s^2)."""
    y = number(LABEL)
    moved = Normal(CENTRE.mean + number(ALPHA) * CENTRE.variance, CENTRE.variance)
    scale = (positive(TWO_PI) * CENTRE.variance).log * number(QQ(1, 2))
    for law in (CENTRE, moved):
        square = (y - law.mean) * (y - law.mean) / CENTRE.variance * number(QQ(factor, 2))
        yield -law.log_density(y) - square - scale


def quadratic(half: int = 2, tilt_mean: bool = True) -> Residual:
    """log q(y|x) + alpha y + beta y^2/2 - log N(y; m', s'^2) - log Z, with 1 - beta s^2 > 0."""
    y, shrink = number(LABEL), positive(1 - BETA * S2)
    slope, curve = number(ALPHA), number(BETA)
    mean = (CENTRE.mean + (slope * CENTRE.variance if tilt_mean else number(0))) / shrink
    moved = Normal(mean, CENTRE.variance / shrink)
    exponent = slope * y + curve * y * y * number(QQ(1, half))
    log_Z = shrink.log * number(QQ(-1, 2)) + (
        moved.mean * moved.mean / moved.variance - CENTRE.mean * CENTRE.mean / CENTRE.variance
    ) * number(QQ(1, 2))
    return CENTRE.log_density(y) + exponent - moved.log_density(y) - log_Z


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
                Worded(
                    "If q(y|x) = N(m, s^2) on the whole line and l = alpha y + const, then p(y|x) = N(m + alpha s^2, s^2): "
                    "both losses are squared errors over the same 2 s^2, plus the same constant",
                    r"q(y|x) = \mathcal{N}(m, s^2),\; \ell = \alpha y + \mathrm{const} \;\Rightarrow\; "
                    r"p(y|x) = \mathcal{N}(m + \alpha s^2, s^2)",
                    "closed form",
                    (
                        Check(
                            "log q(y|x) + alpha y - log N(y; m + alpha s^2, s^2) = alpha m + alpha^2 s^2/2 = log Z, free of y.",
                            affine,
                        ),
                        Check(
                            "Both negative log densities are a squared error over 2 s^2 plus (1/2) log(2 pi s^2).",
                            one_scale,
                        ),
                    ),
                    (
                        Wrong("twice", "a shift by 2 alpha s^2", lambda: affine(2)),
                        Wrong("sign", "log Z with the other sign of its square", lambda: affine(sign=-1)),
                        Wrong("scale", "a squared error over s^2", lambda: one_scale(2)),
                    ),
                ),
            ),
            assumptions=("label shift: one channel k(x|y) for both laws", "labels on the whole line"),
        ),
        Claim(
            "gaussian_variance",
            "identity",
            (
                Worded(
                    "If q(y|x) = N(m, s^2) on the whole line and l = alpha y + beta y^2/2 + const with beta s^2 < 1, then "
                    "p(y|x) = N((m + alpha s^2)/(1 - beta s^2), s^2/(1 - beta s^2)): the variance changes too",
                    r"\ell = \alpha y + \tfrac12\beta y^2 + \mathrm{const},\; \beta s^2 < 1 \;\Rightarrow\; "
                    r"p(y|x) = \mathcal{N}\Big(\frac{m + \alpha s^2}{1 - \beta s^2}, \frac{s^2}{1 - \beta s^2}\Big)",
                    "closed form",
                    (
                        Check(
                            "log q(y|x) + alpha y + beta y^2/2 minus the log density on the right is log Z, free of y: "
                            "-(1/2) log(1 - beta s^2) + m'^2/(2 s'^2) - m^2/(2 s^2).",
                            quadratic,
                        ),
                    ),
                    (
                        Wrong("factor", "l = alpha y + beta y^2 gives the same law", lambda: quadratic(half=1)),
                        Wrong("mean", "alpha does not move the mean", lambda: quadratic(tilt_mean=False)),
                    ),
                ),
            ),
            assumptions=("label shift: one channel k(x|y) for both laws", "labels on the whole line"),
        ),
    ),
    source="density form of Theorem 1 of Balanced MSE (Ren et al., CVPR 2022); Gaussian cases this project",
)
