"""i_mmse: under a Gaussian channel the price in nats is an integral of prices in squared error over the noise."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from sympy import Derivative, Expr, Function, Rational, Symbol, diff, exp, limit, log, oo, pi, simplify, sqrt, symbols

from theory.claim import Check, Claim, Worded, Wrong
from theory.formula import Formula, Range, Step
from theory.prove import proved
from theory.record import Result
from theory.residual import Residual

RATE = Rational(-1, 2)
"""Of the price in nats, for each unit of the price in squared error: the checks integrate with it."""

x, y = symbols("x y", real=True)
t, g = Symbol("t", positive=True), Symbol("gamma", positive=True)
q, p = (Function(name, positive=True)(x, t) for name in "qp")


def heat(whole: Any) -> Any:
    """d/dt is half of d^2/dx^2 for the density of the input, as for the channel's."""
    return whole.subs({Derivative(each, t): Derivative(each, x, 2) / 2 for each in (q, p)})


def channel() -> Any:
    """N(x; y, t)."""
    return exp(-((x - y) ** 2) / (2 * t)) / sqrt(2 * pi * t)


def channel_diffuses(rate: Any = -RATE) -> Residual:
    return simplify((diff(channel(), t) - rate * diff(channel(), x, 2)) / channel())


def mean_is_slope(sign: int = 1) -> Residual:
    """(x + t d/dx) N = y N, so E[y|x] = x + t d/dx log of the density of the input."""
    return simplify((x * channel() + sign * t * diff(channel(), x)) / channel() - y)


def flux() -> Any:
    """Half of q' log(q/p) + q' - q p'/p, a prime for d/dx."""
    slope_q, slope_p = diff(q, x), diff(p, x)
    return (slope_q * log(q / p) + slope_q - q * slope_p / p) / 2


def divergence_falls(rate: Any = RATE) -> Residual:
    """d/dt of q log(q/p) is rate times q (d/dx log(q/p))^2, and a derivative in x, whose integral vanishes."""
    left = heat(diff(q * log(q / p), t))
    right = diff(flux(), x) + rate * q * diff(log(q / p), x) ** 2
    return simplify(left - right)


def flux_vanishes() -> Residual:
    """With q' = q (f_q - x)/t, p' = p (f_p - x)/t: q times a polynomial in x and the bounded log(q/p), f_q, f_p."""
    f_q, f_p, ratio, reach = symbols("f_q f_p L a", real=True)
    slope_q, slope_p = q * (f_q - x) / t, p * (f_p - x) / t
    ours = (slope_q * ratio + slope_q - q * slope_p / p) / 2
    yield simplify(ours - q * ((f_q - x) * ratio + f_q - f_p) / (2 * t))
    # q(x) is at most its largest channel density: beyond the labels, that of the nearest end.
    tail = exp(-((x - reach) ** 2) / (2 * t))
    yield from (limit(x**degree * tail, x, end) for degree in (0, 1) for end in (oo, -oo))


def in_gamma(rate: Any = RATE) -> Residual:
    """E_q Delta = KL(q_y||p_y) - KL(q_x||p_x), d/dx log(q/p) = (f_q - f_p)/t and t = 1/gamma."""
    square = Symbol("S", positive=True)
    divergence_in_t = RATE * square / t**2
    price_in_gamma = (-divergence_in_t).subs(t, 1 / g) * diff(1 / g, g)
    return simplify(price_in_gamma - rate * square)


m_q, m_p = symbols("m_q m_p", real=True)
v_q, v_p = symbols("v_q v_p", positive=True)


def divergence(variance_q: Any, variance_p: Any) -> Any:
    """KL of two Gaussian laws with means m_q and m_p."""
    return (log(variance_p / variance_q) + (variance_q + (m_q - m_p) ** 2) / variance_p - 1) / 2


GAUSSIAN_PRICE: Expr = divergence(v_q, v_p) - divergence(v_q + 1 / g, v_p + 1 / g)
A = v_p / (v_p + 1 / g) - v_q / (v_q + 1 / g)
B = (m_p - m_q) / g / (v_p + 1 / g)


def start(given: int = 1) -> Residual:
    """At gamma = 0 the law of the input is one for both, by the closed form of *price* for Gaussian labels, and by *price* for every law."""
    yield limit(GAUSSIAN_PRICE, g, 0) - given * divergence(v_q, v_p)
    yield proved("price", "label_minus_input")
    yield proved("offset", "corrected_excess")


def agree(formula: Formula) -> Residual:
    return simplify(formula.left - formula.right)


RESULT = Result(
    name="i_mmse",
    title="From squared error to nats, over the noise",
    question="How does the price in nats follow from prices in squared error?",
    assumptions=(
        "label shift: one channel k(x|y) for both laws",
        "0 < inf r, sup r < inf; labels in an interval",
        "Gaussian channel of noise s, gamma = 1/s^2",
    ),
    claims=(
        Claim(
            "derivative",
            "identity",
            (
                Worded(
                    "d/d(gamma) E_q Delta = -(1/2) E_{q(x)} (f_p - f_q)^2, and for the corrected excess the same with fhat in place of f_p",
                    r"\frac{d}{d\gamma} E_q\Delta = -\frac12 E_{q(x)}(f_p - f_q)^2",
                    "every law",
                    (
                        Check(
                            "The channel's density solves the heat equation in t = s^2, so q(x) and p(x) do.",
                            channel_diffuses,
                        ),
                        Check(
                            "Hence d/dt of q log(q/p) is -(1/2) q (d/dx log(q/p))^2 plus the derivative in x of a flux.",
                            divergence_falls,
                        ),
                        Check(
                            "f_q = x + t d/dx log q(x), and f_p alike, so d/dx log(q/p) = (f_q - f_p)/t.", mean_is_slope
                        ),
                        Check(
                            "The flux is q(x) times a polynomial in x with bounded coefficients, and vanishes at both ends.",
                            flux_vanishes,
                        ),
                        Check("E_q Delta = KL(q_y||p_y) - KL(q_x||p_x), by gamma in place of t.", in_gamma),
                    ),
                    (
                        Wrong("whole", "-E (f_p - f_q)^2, without the half", lambda: in_gamma(2 * RATE)),
                        Wrong("sign", "the price rises with gamma", lambda: in_gamma(-RATE)),
                        Wrong("diffusion", "the channel diffuses twice as fast", lambda: channel_diffuses(1)),
                        Wrong("fall", "the divergence falls twice as fast", lambda: divergence_falls(2 * RATE)),
                        Wrong("slope", "f_q = x - t d/dx log q(x)", lambda: mean_is_slope(-1)),
                    ),
                ),
            ),
            remark="phat has the channel too, so it may stand in the place of p",
        ),
        Claim(
            "integral",
            "identity",
            (
                Worded(
                    "E_q Delta at gamma is KL(q_y||p_y) - (1/2) int_0^gamma E_{q(x)} (f_p - f_q)^2, and the corrected excess is "
                    "W - (1/2) int_0^gamma E_{q(x)} (fhat - f_q)^2, each mean at its own noise",
                    r"E_q\Delta = \mathrm{KL}(q_y\|p_y) - \frac12 \int_0^\gamma E_{q(x)}(f_p - f_q)^2\,d\gamma', \qquad "
                    r"\text{corrected excess} = W - \frac12 \int_0^\gamma E_{q(x)}(\hat f - f_q)^2\,d\gamma'",
                    "every law",
                    (
                        Check(
                            "The derivative is that of *derivative*, and at gamma = 0 inputs say nothing: q_x = p_x, so the price is "
                            "KL(q_y||p_y), and with phat in place of p it is W.",
                            start,
                        ),
                    ),
                    (
                        Wrong("start", "the price without information is zero", lambda: start(0)),
                        Wrong("rate", "without the half", lambda: in_gamma(2 * RATE)),
                    ),
                ),
            ),
            remark="counted from no information",
        ),
        Claim(
            "gaussian",
            "identity",
            (
                Formula(
                    diff(GAUSSIAN_PRICE, g),
                    "=",
                    RATE * (A**2 * (v_q + 1 / g) + B**2),
                    tuple(Range(each, -2, 2) for each in (m_q, m_p))
                    + tuple(Range(each, Fraction(1, 8), 4) for each in (v_q, v_p, g)),
                    (
                        Step(
                            "The derivative of the closed form of *price* minus the right side is exactly zero.", agree
                        ),
                    ),
                    name="d/d(gamma) E_q Delta",
                    name_latex=r"\frac{d}{d\gamma} E_q\Delta",
                    lead="For q_y = N(m_q, v_q), p_y = N(m_p, v_p): ",
                    lead_latex=r"q_y = N(m_q, v_q),\; p_y = N(m_p, v_p): \quad ",
                ),
            ),
            assumptions=("labels on the whole line",),
        ),
    ),
    source="Guo, Shamai and Verdu 2005; Verdu 2010 for two laws",
)
