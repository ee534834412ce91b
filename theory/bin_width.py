"""bin_width: how narrow the classes must be before the correction saves more than it costs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mpmath import MPIntervalContext
from sympy import (
    I,
    Rational,
    Symbol,
    cancel,
    diff,
    exp,
    expand,
    integrate,
    log,
    oo,
    pi,
    summation,
    symbols,
)

from theory.claim import Check, Claim, Worded, Wrong
from theory.prove import proved
from theory.record import Result
from theory.residual import Residual

k = Symbol("k", integer=True, positive=True)
d, s, L, a, n = symbols("d s L a n", positive=True)
x, y, f = symbols("x y f", real=True)
e, m1, m2, c = symbols("epsilon m1 m2 c")
SPREAD = -2 * pi**2 * k**2 * s**2 / d**2  # exponent of the Gaussian factor of the k-th harmonic
DIGITS = 10  # width of the enclosures of the thresholds


def sawtooth_coefficient(size: Any = I / (2 * pi * k)) -> Residual:
    """int_0^1 (y - 1/2) e^(-2 pi i k y) dy by a primitive, checked by its derivative."""
    wave = exp(-2 * pi * I * k * y)
    primitive = wave * ((y - Rational(1, 2)) * I / (2 * pi * k) + 1 / (4 * pi**2 * k**2))
    yield expand(diff(primitive, y) - (y - Rational(1, 2)) * wave)
    yield expand(primitive.subs(y, 1) - primitive.subs(y, 0) - size)
    yield integrate(y - Rational(1, 2), (y, 0, 1))  # no constant term


def parseval() -> Residual:
    """2 sum_k 1/(4 pi^2 k^2) is the variance of the sawtooth."""
    return 2 * summation(1 / (4 * pi**2 * k**2), (k, 1, oo)) - integrate((y - Rational(1, 2)) ** 2, (y, 0, 1))


def gaussian_factor(exponent: Any = SPREAD) -> Residual:
    """-(y - x)^2/(2 s^2) + i w y is a Gaussian exponent about x + i w s^2, plus i w x + exponent, w = 2 pi k/d."""
    w = 2 * pi * k / d
    moved = -((y - x - I * w * s**2) ** 2) / (2 * s**2) + I * w * x + exponent
    return expand(-((y - x) ** 2) / (2 * s**2) + I * w * y - moved)


def tilted_divergence(divisor: int = 2) -> Residual:
    """log E e^(e h) - e E h = (e^2/2) Var h + O(e^3), from the moments m1, m2 of h."""
    moments = m1 * e + m2 * e**2 / 2
    to_second_order = moments - moments**2 / 2
    gap = expand(to_second_order - e * m1 - (m2 - m1**2) * e**2 / divisor)
    return [gap.coeff(e, power) for power in range(3)]


def price_exactly(divisor: int = 2) -> Residual:
    """A Gaussian of variance s^2 tilted by e^(L y) moves its mean by L s^2; the divergence is (L s^2)^2/(2 s^2)."""
    log_density = -((y - f) ** 2) / (2 * s**2)
    shifted = -((y - f - L * s**2) ** 2) / (2 * s**2)
    yield diff(expand(log_density + L * y - shifted), y)
    cost = expand(log_density - shifted)
    # What is linear in y - f has mean zero, so the divergence is the constant term.
    yield expand(cost - L**2 * s**2 / divisor + L * (y - f))


def log_loss_ratio(double: int = 4) -> Residual:
    """Term k of (1/2)(L d)^2 2 |c_k|^2 (1 - factor^2), over L^2 s^2/2, with sigma = s/d."""
    sigma = s / d
    size = (I / (2 * pi * k)) * (-I / (2 * pi * k))
    ours = Rational(1, 2) * (L * d) ** 2 * 2 * size * (1 - exp(2 * SPREAD)) / (L**2 * s**2 / 2)
    term = (1 - exp(-double * pi**2 * k**2 * sigma**2)) / k**2 / (2 * pi**2 * sigma**2)
    return cancel(expand(ours) - expand(term))


def covariance_is_slope(power: int = 2) -> Residual:
    """Under N(x, s^2), Cov(y, h) = s^2 d/dx E h: the score of the mean is (y - x)/s^2."""
    density = exp(-((y - x) ** 2) / (2 * s**2))
    return expand((s**power * diff(density, x) / density) - (y - x))


def squared_error_ratio(double: int = 4) -> Residual:
    """Term k of |s^2 L d c_k (2 pi i k/d) factor|^2, both signs of k, over (L s^2)^2."""
    slope = s**2 * L * d * (I / (2 * pi * k)) * (2 * pi * I * k / d) * exp(SPREAD)
    ours = 2 * slope**2 / (L * s**2) ** 2  # slope is real
    return expand(ours - 2 * exp(-double * pi**2 * k**2 * s**2 / d**2))


def terms_fall() -> Residual:
    """(1 - e^-u)/u falls: its slope is -(e^u - 1 - u) e^-u/u^2; and e^(-a k^2) falls in a."""
    u, t = symbols("u t", positive=True)
    falling = (1 - exp(-u)) / u
    yield expand(diff(falling, u) * u**2 + (exp(u) - 1 - u) * exp(-u))
    # e^u - 1 - u is t - 1 - log t at t = e^u.
    yield expand((exp(u) - 1 - u) - (t - 1 - log(t)).subs(t, exp(u)))
    yield proved("gibbs", "log_bound")
    yield expand(diff(exp(-a * k**2), a) + k**2 * exp(-a * k**2))


TERMS = 12


def harmonics(a: Any, weight: Callable[[int], int], context: Any) -> Any:
    """An interval holding sum_{k>=1} e^(-a k^2)/weight(k), weight >= 1; the terms left out are a geometric series at most."""
    total = sum(context.exp(-a * j * j) / weight(j) for j in range(1, TERMS))
    first_left = context.exp(-a * TERMS * TERMS)
    return total + context.mpf([0, 1]) * first_left / (1 - context.exp(-a))


def log_loss_excess(width: Any, context: Any) -> Any:
    """Encloses (ratio - 1) a/2 at d = width * s, a = 4 pi^2/width^2: above zero iff the correction costs more log-loss."""
    rate = 4 * context.pi**2 / width**2
    return context.pi**2 / 6 - harmonics(rate, lambda j: j * j, context) - rate / 2


def squared_error_excess(width: Any, context: Any) -> Any:
    """Encloses (ratio - 1)/2 at d = width * s."""
    return harmonics(4 * context.pi**2 / width**2, lambda j: 1, context) - context.mpf(1) / 2


def changes_sign(excess: Callable[[Any, Any], Any], low: str, digits: int = DIGITS) -> Residual:
    """Below 1 at the decimal `low`, above 1 one unit of its last digit later; interval arithmetic with outward rounding."""
    context = MPIntervalContext()
    context.prec = 120
    unit = context.mpf(10) ** (-digits)
    start = context.mpf(low)
    yield bool(excess(start, context).b < 0)
    yield bool(excess(start + unit, context).a > 0)


def wide_noise(twelfth: int = 12) -> Residual:
    """Without the exponentials the ratio is d^2/(12 s^2): W over the price."""
    full = summation(1 / k**2, (k, 1, oo)) / (2 * pi**2 * (s / d) ** 2)
    yield full - d**2 / (twelfth * s**2)
    yield cancel((L * d) ** 2 / 24 / (L**2 * s**2 / 2) - full)


LOG_LOSS = "3.5074351421"
SQUARED_ERROR = "7.0897659460"

RESULT = Result(
    name="bin_width",
    title="How wide a class may be",
    question="How many classes are needed before the correction saves more than it costs?",
    assumptions=(
        "uniform q, l' = L constant, equal bins of width d, away from the ends of Y",
        "Gaussian channel of noise s, sigma = s/d; L d small (leading order)",
    ),
    claims=(
        Claim(
            "log_loss_ratio",
            "asymptotic",
            (
                Worded(
                    (
                        "corrected excess / price -> (1/(2 pi^2 sigma^2)) sum_{k>=1} (1 - exp(-4 pi^2 k^2 sigma^2))/k^2 as L d -> 0"
                    ),
                    (
                        r"\frac{\text{corrected excess}}{\text{price}} \longrightarrow \frac{1}{2\pi^2\sigma^2}"
                        r"\sum_{k\ge1} \frac{1 - e^{-4\pi^2k^2\sigma^2}}{k^2}"
                    ),
                    "closed form",
                    (
                        Check(
                            "Within a bin log rhat is L d times a sawtooth; its Fourier coefficients are i/(2 pi k).",
                            sawtooth_coefficient,
                        ),
                        Check("Their squares sum to the variance of the sawtooth, 1/12.", parseval),
                        Check("The noise multiplies harmonic k by exp(-2 pi^2 k^2 sigma^2).", gaussian_factor),
                        Check(
                            "A small tilt e^(e h) has divergence (e^2/2) Var h; Var is total minus explained.",
                            tilted_divergence,
                        ),
                        Check("The price is exactly L^2 s^2/2.", price_exactly),
                        Check("Term by term, the ratio.", log_loss_ratio),
                    ),
                    (
                        Wrong("coefficient", "coefficients i/(pi k)", lambda: sawtooth_coefficient(I / (pi * k))),
                        Wrong(
                            "amplitude",
                            "2 pi^2 in the exponent: the mean in place of its square",
                            lambda: log_loss_ratio(2),
                        ),
                        Wrong("no_half", "divergence taken as the variance", lambda: tilted_divergence(1)),
                    ),
                ),
            ),
        ),
        Claim(
            "squared_error_ratio",
            "asymptotic",
            (
                Worded(
                    "squared-error ratio -> 2 sum_{k>=1} exp(-4 pi^2 k^2 sigma^2) as L d -> 0",
                    (r"\frac{E(\hat f - f_q)^2}{E(f_p - f_q)^2} \longrightarrow 2\sum_{k\ge1} e^{-4\pi^2k^2\sigma^2}"),
                    "closed form",
                    (
                        Check("A small tilt moves the mean by Cov(y, h) = s^2 d/dx E h.", covariance_is_slope),
                        Check("Term by term, over (L s^2)^2.", squared_error_ratio),
                    ),
                    (
                        Wrong("amplitude", "2 pi^2 in the exponent", lambda: squared_error_ratio(2)),
                        Wrong("deviation", "Cov(y, h) = s d/dx E h", lambda: covariance_is_slope(1)),
                    ),
                ),
            ),
        ),
        Claim(
            "thresholds",
            "identity",
            (
                Worded(
                    (
                        "Both ratios rise with d/s; the log-loss ratio passes 1 at d = 3.5074351421... s, the squared-error ratio at "
                        "d = 7.0897659460... s"
                    ),
                    r"d = 3.5074351421\ldots\,s \quad\text{(log-loss)},\qquad d = 7.0897659460\ldots\,s \quad\text{(squared error)}",
                    "closed form",
                    (
                        Check("With a = 4 pi^2 s^2/d^2 each term falls in a, so each ratio passes 1 once.", terms_fall),
                        Check(
                            "Interval arithmetic, tails bounded: the log-loss ratio is below 1 at 3.5074351421 s and above at 3.5074351422 s.",
                            lambda: changes_sign(log_loss_excess, LOG_LOSS),
                        ),
                        Check(
                            "The same for the squared-error ratio at 7.0897659460 s and 7.0897659461 s.",
                            lambda: changes_sign(squared_error_excess, SQUARED_ERROR),
                        ),
                    ),
                    (
                        Wrong(
                            "rounded_up",
                            "3.508 to four digits (between 3.5075 and 3.5085)",
                            lambda: changes_sign(log_loss_excess, "3.5075", 3),
                        ),
                        Wrong(
                            "swapped",
                            "the log-loss threshold for the squared error",
                            lambda: changes_sign(squared_error_excess, LOG_LOSS),
                        ),
                    ),
                ),
            ),
        ),
        Claim(
            "rule",
            "upper bound",
            (
                Worded(
                    (
                        "To leading order in L d and away from the ends of Y, at least D/(3.5 s) classes save log-loss; there d <= sqrt(12) s "
                        "suffices by W alone, since W/price -> d^2/(12 s^2)"
                    ),
                    r"K \ge \frac{D}{3.5\,s}\ \Rightarrow\ \text{corrected excess} < \text{price};\qquad \frac{W}{\text{price}} \to \frac{d^2}{12\,s^2} \quad (L\,d \to 0)",
                    "closed form",
                    (
                        Check(
                            "W ~ (L d)^2/24 over L^2 s^2/2, which is also the ratio without the exponentials.",
                            wide_noise,
                        ),
                        Check("The ratio rises with d, and at d = 3.5 s it is below 1.", lambda: below_at("3.5")),
                    ),
                    (
                        Wrong("coarser", "D/(3.6 s) classes", lambda: below_at("3.6")),
                        Wrong("variance", "W/price = d^2/(24 s^2)", lambda: wide_noise(24)),
                    ),
                ),
            ),
        ),
    ),
    source="this project",
)


def below_at(width: str) -> Residual:
    """The log-loss ratio is below 1 at this width."""
    context = MPIntervalContext()
    context.prec = 120
    return [bool(log_loss_excess(context.mpf(width), context).b < 0)]
