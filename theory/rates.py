"""rates: how fast the corrected predictor approaches the balanced one when the classes get narrower."""

from __future__ import annotations

from sympy import QQ, Function, cancel, diff, expand, expand_log, integrate, log, symbols

from theory.bin_local import (
    G_DERIVATIVES,
    L_DERIVATIVES,
    ORDER,
    below,
    divergence_of_uniform,
    exponential,
    g0,
    g1,
    h,
    l1,
    l2,
    l3,
    mean,
    product,
    taylor,
    tilt,
)
from theory.prove import proved
from theory.record import Claim, Falsifier, Residual, Result, Step

y, f, x = symbols("y f x", real=True)
share, ratio, u = symbols("theta R u", positive=True)


def remainder_of_a_bin(constant: int = 24) -> Residual:
    """KL of a bin is (d^2/24) l'^2 + O(d^4), with d = 2 h."""
    divergence = divergence_of_uniform(taylor(L_DERIVATIVES))
    leading = l1**2 * (2 * h) ** 2 * QQ(1, constant)
    yield below(divergence - leading, 4)


def second_order(boundary: int = 1) -> Residual:
    """W - (d^2/24) mean l'^2 at order d^4, per unit of label, is -(l'^4 + 4 l''^2)/2880 plus a total derivative."""
    log_ratio = taylor(L_DERIVATIVES)
    slope = taylor(L_DERIVATIVES[1:], l1)
    rest = divergence_of_uniform(log_ratio) - h**2 * QQ(1, 6) * mean(product(slope, slope))
    wide = (2 * h) ** 4
    interior = -(l1**4 + 4 * l2**2) * QQ(1, 2880)
    derivative = (3 * l1**2 * l2 - 3 * l2**2 - 3 * l1 * l3) * QQ(1, 2160)
    yield below(rest - wide * (interior + derivative * boundary), ORDER)
    l = Function("l")(y)
    first, second, third = (diff(l, y, n) for n in (1, 2, 3))
    yield expand(diff(first**3 - 3 * first * second, y) - (3 * first**2 * second - 3 * second**2 - 3 * first * third))


def mean_of_a_bin(constant: int = 12) -> Residual:
    """The bin's part of E[G (rhat - 1)] is d (d^2/12) G' l' + O(d^5) for smooth G; rhat has mean one in every bin."""
    log_ratio = taylor(L_DERIVATIVES)
    _, log_mean = tilt(log_ratio)
    corrected = exponential(log_ratio - log_mean)
    yield mean(corrected) - 1
    part = mean(product(taylor(G_DERIVATIVES, g0), corrected - 1)) - g1 * l1 * (2 * h) ** 2 * QQ(1, constant)
    yield below(part, 4)


def kappa_by_parts(sign: int = -1) -> Residual:
    """With G = (y - f) q(y|x): G' l' = q(y|x) l' (1 + (y - f) d/dy log k) = d/dy [l' G] - q(y|x) (y - f) l''."""
    l, k, evidence = Function("l")(y), Function("k")(y), symbols("evidence", positive=True)
    posterior = k / evidence  # uniform q: the evidence does not depend on y
    G = (y - f) * posterior
    as_stated = posterior * diff(l, y) * (1 + (y - f) * diff(log(k), y))
    yield cancel(expand(diff(G, y) * diff(l, y) - as_stated))
    yield cancel(expand(as_stated - diff(diff(l, y) * G, y) - sign * posterior * (y - f) * diff(l, y, 2)))


def covariance() -> Residual:
    """E[(y - f) h] = Cov(y, h) as f = E y: on two labels, whose law is symbolic."""
    first, a, b, ya, yb = symbols("pi a b y_a y_b")
    mean_label = first * ya + (1 - first) * yb
    centred = first * (ya - mean_label) * a + (1 - first) * (yb - mean_label) * b
    return expand(centred - (first * ya * a + (1 - first) * yb * b - mean_label * (first * a + (1 - first) * b)))


def squared(constant: int = 144) -> Residual:
    d, kappa = symbols("d kappa")
    return (d**2 / 12 * kappa) ** 2 - d**4 / constant * kappa**2


def jump_in_remainder(mass: bool = True) -> Residual:
    """A bin with ratio 1 on its share theta and R on the rest: its divergence, whatever its width."""
    average = share + (1 - share) * ratio
    direct = share * log(average / 1) + (1 - share) * log(average / ratio)
    yield expand(expand_log(direct - (log(average) - (1 - share) * log(ratio)), force=True))
    # Positive by Gibbs: it is KL((theta, 1 - theta) || (theta, (1 - theta) R)/average), of laws of mass one.
    laws = [share / average, (1 - share) * ratio / average]
    yield cancel(sum(laws) - (1 if mass else average))
    yield expand(
        expand_log(share * log(share / laws[0]) + (1 - share) * log((1 - share) / laws[1]) - direct, force=True)
    )


def jump_in_mean(divisor: int = 2) -> Residual:
    """First moment of rhat - 1 in units of the width: theta (1 - theta)/2 times the jump; its zeroth moment is zero."""
    average = share + (1 - share) * ratio
    left, right = 1 / average - 1, ratio / average - 1
    yield cancel(left * share + right * (1 - share))
    moment = left * integrate(u, (u, 0, share)) + right * integrate(u, (u, share, 1))
    yield cancel(moment - share * (1 - share) / divisor * (right - left))


RESULT = Result(
    name="rates",
    title="Rates in the number of classes",
    question="How fast do the two parts of the extra term vanish with the number of classes?",
    assumptions=(
        "q uniform on [a, b], K equal bins of width d = D/K",
        "l four times continuously differentiable; for the corrected mean also k(x|y) smooth in y",
    ),
    claims=(
        Claim(
            name="remainder",
            kind="asymptotic",
            statement="W ~ (d^2/24) E_q[l'^2] as K -> infinity.",
            latex=r"W \sim \frac{d^2}{24}\,E_q\!\left[l'^2\right]",
            proof=(
                Step(
                    "Expanded in the half-width, a bin's divergence is (d^2/24) l'^2 + O(d^4); the bins sum to an integral.",
                    remainder_of_a_bin,
                ),
            ),
            falsifiers=(
                Falsifier("twelfth", "(d^2/12) E l'^2", lambda: remainder_of_a_bin(12)),
                Falsifier("eighth", "Hoeffding's constant, d^2/8", lambda: remainder_of_a_bin(8)),
            ),
        ),
        Claim(
            name="remainder_second_order",
            kind="asymptotic",
            statement=(
                "W - (d^2/24) E_q[l'^2] ~ -(d^4/2880) E_q[l'^4 + 4 l''^2] + (d^4/(2160 D)) [l'^3 - 3 l' l'']_a^b: from below "
                "for affine l, and whenever the bracket is not positive."
            ),
            latex=(
                r"W - \frac{d^2}{24}E_q[l'^2] \sim -\frac{d^4}{2880}\,E_q\!\left[l'^4 + 4\,l''^2\right]"
                r" + \frac{d^4}{2160\,D}\Bigl[l'^3 - 3\,l'l''\Bigr]_a^b"
            ),
            proof=(
                Step(
                    "The order d^4 of a bin against the bin average of l'^2, the rest a total derivative.", second_order
                ),
            ),
            falsifiers=(
                Falsifier("no_ends", "the term of the ends dropped", lambda: second_order(0)),
                Falsifier("sign_of_ends", "the term of the ends with the other sign", lambda: second_order(-1)),
            ),
        ),
        Claim(
            name="corrected_mean",
            kind="asymptotic",
            statement="E_q(x)[(fhat - f_q)^2] ~ (d^4/144) E_q(x)[kappa^2], kappa(x) = E_q(y|x)[l'(y) (1 + (y - f_q) d/dy log k(x|y))].",
            latex=(
                r"E_{q(x)}\bigl(\hat f - f_q\bigr)^2 \sim \frac{d^4}{144}\,E_{q(x)}[\kappa^2],\qquad "
                r"\kappa(x) = E_{q(y|x)}\!\left[l'(y)\bigl(1 + (y - f_q)\,\partial_y\log k(x|y)\bigr)\right]"
            ),
            proof=(
                Step(
                    "fhat - f_q = E_q(y|x)[(y - f_q)(rhat - 1)]/E_q(y|x)[rhat]; rhat - 1 has mean zero in each bin, so with "
                    "G = (y - f_q) q(y|x) a bin gives d (d^2/12) G' l' + O(d^5).",
                    mean_of_a_bin,
                ),
                Step(
                    "The sum over bins is (d^2/12) int G' l' dy = (d^2/12) kappa.", lambda: next(iter(kappa_by_parts()))
                ),
                Step("Squared.", squared),
            ),
            falsifiers=(
                Falsifier("sixth", "d^2/6 for a bin", lambda: mean_of_a_bin(6)),
                Falsifier("not_squared", "d^4/12", lambda: squared(12)),
            ),
        ),
        Claim(
            name="kappa",
            kind="identity",
            statement=(
                "kappa(x) = [l'(y) (y - f_q) q(y|x)]_a^b - Cov_q(y|x)(y, l''): for affine l only the ends of Y contribute."
            ),
            latex=r"\kappa(x) = \Bigl[l'(y)\,(y - f_q)\,q(y|x)\Bigr]_a^b - \mathrm{Cov}_{q(y|x)}(y, l'')",
            proof=(
                Step("The integrand is a total derivative minus q(y|x)(y - f_q) l''.", kappa_by_parts),
                Step("E[(y - f_q) l''] is the covariance.", covariance),
            ),
            falsifiers=(
                Falsifier("sign", "plus the covariance", lambda: kappa_by_parts(1)),
                Falsifier("ends_only", "the covariance dropped", lambda: kappa_by_parts(0)),
            ),
        ),
        Claim(
            name="jump",
            kind="asymptotic",
            statement=(
                "A jump of r from 1 to R at share theta of a bin adds q_c (log(theta + (1 - theta) R) - (1 - theta) log R) ~ 1/K "
                "to W, but only d^2 G'(y) (theta (1 - theta)/2) (R - 1)/(theta + (1 - theta) R) to fhat - f_q, so its square stays ~ K^-4."
            ),
            latex=(
                r"W:\ \frac{d}{D}\Bigl(\log(\theta + (1-\theta)R) - (1-\theta)\log R\Bigr),\qquad "
                r"\hat f - f_q:\ d^2\,G'(y)\,\frac{\theta(1-\theta)}{2}\,\frac{R - 1}{\theta + (1-\theta)R}"
            ),
            proof=(
                Step(
                    "The bin's divergence does not depend on its width, and is a KL of two different laws: positive.",
                    jump_in_remainder,
                ),
                Step("A divergence is not negative: lemma gibbs.", lambda: proved("gibbs", "non_negative")),
                Step(
                    "rhat - 1 has mean zero in the bin; its first moment is of order d, times the bin's width d.",
                    jump_in_mean,
                ),
            ),
            falsifiers=(
                Falsifier("whole", "the factor 1/2 of the moment dropped", lambda: jump_in_mean(1)),
                Falsifier("unnormalised", "rhat not divided by its bin mean", lambda: jump_in_remainder(False)),
            ),
        ),
    ),
    source="this project",
)
