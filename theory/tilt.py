"""tilt: imbalance multiplies the posterior by r(y)/Z(x), and the log-loss by an added extra error term."""

from __future__ import annotations

from sympy import QQ

from theory.alphabet import small_worlds
from theory.gaussian import ALPHA, BETA, S2, TWO_PI, Normal, X, Y, number
from theory.logarithms import difference, positive, total
from theory.quantities import extra_error
from theory.record import Claim, Falsifier, Residual, Result, Step


def ratio_of_evidence(own_posterior: bool = True) -> Residual:
    for world in small_worlds():
        for x in world.inputs:
            law = world.q if own_posterior else world.p
            mean = total([world.posterior(law, x, y) * world.p[y] / world.q[y] for y in world.reaching(x)])
            yield difference(mean, world.evidence(world.p, x) / world.evidence(world.q, x))


def tilted(flip: bool = False, normalised: bool = True) -> Residual:
    for world in small_worlds():
        for x, y in world.pairs:
            ratio = world.q[y] / world.p[y] if flip else world.p[y] / world.q[y]
            Z = world.evidence(world.p, x) / world.evidence(world.q, x)
            right = world.posterior(world.q, x, y) * ratio / (Z if normalised else Z / Z)
            yield difference(world.posterior(world.p, x, y), right)


def added(sign: int = 1, labels_only: bool = False) -> Residual:
    for world in small_worlds():
        for x, y in world.pairs:
            term = (world.q[y] / world.p[y]).log if labels_only else extra_error(world, x, y)
            yield world.posterior(world.p, x, y).log - world.posterior(world.q, x, y).log + term * sign


CENTRE = Normal(number(X), positive(S2))  # q(y|x); its mean is written x here


def affine(mean_shift: int = 1, sign: int = 1) -> Residual:
    """log q(y|x) + alpha y - log N(y; m + alpha s^2, s^2) is free of y, and equal to log Z."""
    slope = number(ALPHA)
    moved = Normal(CENTRE.mean + slope * CENTRE.variance * mean_shift, CENTRE.variance)
    log_Z = slope * CENTRE.mean + slope * slope * CENTRE.variance * number(QQ(1, 2)) * sign
    return CENTRE.log_density(number(Y)) + slope * number(Y) - moved.log_density(number(Y)) - log_Z


def one_scale(factor: int = 1) -> Residual:
    """Both losses: a squared error over 2 s^2, plus (1/2) log(2 pi s^2)."""
    moved = Normal(CENTRE.mean + number(ALPHA) * CENTRE.variance, CENTRE.variance)
    scale = (positive(TWO_PI) * CENTRE.variance).log * number(QQ(1, 2))
    for law in (CENTRE, moved):
        square = (number(Y) - law.mean) * (number(Y) - law.mean) / CENTRE.variance * number(QQ(factor, 2))
        yield -law.log_density(number(Y)) - square - scale


def quadratic(half: int = 2, tilt_mean: bool = True) -> Residual:
    """log q(y|x) + alpha y + beta y^2/2 - log N(y; m', s'^2) - log Z, with 1 - beta s^2 > 0."""
    shrink = positive(1 - BETA * S2)
    slope, curve = number(ALPHA), number(BETA)
    mean = (CENTRE.mean + (slope * CENTRE.variance if tilt_mean else number(0))) / shrink
    moved = Normal(mean, CENTRE.variance / shrink)
    exponent = slope * number(Y) + curve * number(Y) * number(Y) * number(QQ(1, half))
    log_Z = shrink.log * number(QQ(-1, 2)) + (
        moved.mean * moved.mean / moved.variance - CENTRE.mean * CENTRE.mean / CENTRE.variance
    ) * number(QQ(1, 2))
    return CENTRE.log_density(number(Y)) + exponent - moved.log_density(number(Y)) - log_Z


RESULT = Result(
    name="tilt",
    title="The tilted posterior",
    question="What does imbalance do to the best possible predictor?",
    assumptions=("label shift: one channel k(x|y) for both laws", "r = p/q positive and finite"),
    claims=(
        Claim(
            name="posterior",
            kind="identity",
            statement="p(y|x) = q(y|x) r(y)/Z(x), with Z(x) = p(x)/q(x) = E_{q(y|x)}[r].",
            latex=r"p(y|x) = q(y|x)\,\frac{r(y)}{Z(x)}, \qquad Z(x) = \frac{p(x)}{q(x)} = E_{q(y|x)}[r]",
            proof=(
                Step(
                    "E_{q(y|x)}[r] - p(x)/q(x) is exactly zero at every x of the symbolic alphabets.", ratio_of_evidence
                ),
                Step("p(y|x) - q(y|x) r(y)/Z(x) is exactly zero at every (x, y).", tilted),
            ),
            falsifiers=(
                Falsifier("inverted", "q/p in place of r = p/q", lambda: tilted(flip=True)),
                Falsifier("not normalised", "Z is left out", lambda: tilted(normalised=False)),
                Falsifier("wrong mean", "Z is taken as the mean of r under p(y|x)", lambda: ratio_of_evidence(False)),
            ),
        ),
        Claim(
            name="extra_error",
            kind="identity",
            statement="-log p(y|x) = -log q(y|x) + Delta(x, y), with the extra error term Delta(x, y) = log Z(x) - l(y).",
            latex=r"-\log p(y|x) = -\log q(y|x) + \Delta(x, y), \qquad \Delta(x, y) = \log Z(x) - l(y)",
            proof=(Step("The two sides differ by exactly zero at every (x, y) of the symbolic alphabets.", added),),
            falsifiers=(
                Falsifier("sign", "Delta is taken off", lambda: added(-1)),
                Falsifier("labels only", "log Z is left out of Delta", lambda: added(labels_only=True)),
            ),
        ),
        Claim(
            name="gaussian_shift",
            kind="identity",
            statement="If q(y|x) = N(m, s^2) on the whole line and l = alpha y + const, then p(y|x) = N(m + alpha s^2, s^2): "
            "both losses are squared errors over the same 2 s^2, plus the same constant.",
            latex=r"q(y|x) = \mathcal{N}(m, s^2),\; l = \alpha y + \mathrm{const} \;\Rightarrow\; "
            r"p(y|x) = \mathcal{N}(m + \alpha s^2, s^2)",
            assumptions=("labels on the whole line",),
            proof=(
                Step(
                    "log q(y|x) + alpha y - log N(y; m + alpha s^2, s^2) = alpha m + alpha^2 s^2/2 = log Z, free of y.",
                    affine,
                ),
                Step("Both negative log densities are a squared error over 2 s^2 plus (1/2) log(2 pi s^2).", one_scale),
            ),
            falsifiers=(
                Falsifier("twice", "a shift by 2 alpha s^2", lambda: affine(2)),
                Falsifier("sign", "log Z with the other sign of its square", lambda: affine(sign=-1)),
                Falsifier("scale", "a squared error over s^2", lambda: one_scale(2)),
            ),
        ),
        Claim(
            name="gaussian_variance",
            kind="identity",
            statement="If q(y|x) = N(m, s^2) on the whole line and l = alpha y + beta y^2/2 + const with beta s^2 < 1, then "
            "p(y|x) = N((m + alpha s^2)/(1 - beta s^2), s^2/(1 - beta s^2)): the variance changes too.",
            latex=r"l = \alpha y + \tfrac12\beta y^2 + \mathrm{const},\; \beta s^2 < 1 \;\Rightarrow\; "
            r"p(y|x) = \mathcal{N}\Big(\frac{m + \alpha s^2}{1 - \beta s^2}, \frac{s^2}{1 - \beta s^2}\Big)",
            assumptions=("labels on the whole line",),
            proof=(
                Step(
                    "log q(y|x) + alpha y + beta y^2/2 minus the log density on the right is log Z, free of y: "
                    "-(1/2) log(1 - beta s^2) + m'^2/(2 s'^2) - m^2/(2 s^2).",
                    quadratic,
                ),
            ),
            falsifiers=(
                Falsifier("factor", "l = alpha y + beta y^2 gives the same law", lambda: quadratic(half=1)),
                Falsifier("mean", "alpha does not move the mean", lambda: quadratic(tilt_mean=False)),
            ),
        ),
    ),
    source="density form of Theorem 1 of Balanced MSE (Ren et al., CVPR 2022); Gaussian cases this project",
)
