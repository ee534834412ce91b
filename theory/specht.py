"""specht: the reverse of Jensen's inequality for exponentials of a bounded variable, with its exact constant."""

from __future__ import annotations

from sympy import QQ, Expr, diff, exp, symbols
from sympy.polys.ring_series import rs_exp, rs_log, rs_series_inversion, rs_trunc
from sympy.polys.rings import ring

from theory.logarithms import positive
from theory.record import Claim, Falsifier, Residual, Result, Step

t, w, E = symbols("t w E", positive=True)  # E stands for e^w
PI = symbols("pi1:4", positive=True)
VALUES = symbols("t1:4", positive=True)  # l - m, between 0 and w


def chord(at: Expr) -> Expr:
    """The chord of the exponential over [0, w], minus the exponential."""
    return 1 + (exp(w) - 1) / w * at - exp(at)


def chord_is_above(sign: int = 1) -> Residual:
    second = diff(chord(t), t, 2)
    return [chord(t).subs(t, 0), chord(t).subs(t, w), second + sign * exp(t), exp(t).is_positive]


def chord_of_mean() -> Residual:
    for size in (2, 3):
        law = [(p / sum(PI[:size]), v) for p, v in zip(PI[:size], VALUES[:size], strict=True)]
        mean = sum(p * v for p, v in law)
        yield 1 + (exp(w) - 1) / w * mean - sum(p * exp(v) for p, v in law) - sum(p * chord(v) for p, v in law)


def best_mean(constant: int = 1, sign: int = 1) -> Residual:
    """h - (log(1 + A t) - t) against u - 1 - log u with u = (1 + A t)/A."""
    _, A, mean = ring("A,t", QQ)
    slope, raised = positive(A), positive(1 + A * mean)
    u = raised / slope
    h = slope.log + (u / raised).ratio + -(u / u).ratio * constant
    gap = u.log * -1 + u.ratio + -(u / u).ratio
    return h - raised.log + positive(mean).ratio * sign - gap


def two_points(swap: bool = False) -> Residual:
    """Mass theta = 1/w - 1/(E - 1) on the upper value, against A = (E - 1)/w and the tangent point 1 - 1/A."""
    theta = 1 / w - 1 / (E - 1)
    upper, lower = (1 - theta, theta) if swap else (theta, 1 - theta)
    return [lower + upper * E - (E - 1) / w, upper * w - (1 - w / (E - 1))]


def masses(sign: int = 1) -> Residual:
    theta = 1 / w - 1 / (E - 1)

    def gap(at: Expr, log_at: Expr) -> Expr:
        return at - 1 - log_at

    return [theta * w * (E - 1) - gap(E, w), (1 - theta) * w * (E - 1) / E - gap(1 / E, -sign * w)]


def small(eighth: int = 8, first: int = 1) -> Residual:
    """h(w) to fifth order: w^2/8 - w^4/576."""
    _, v = ring("w", QQ)
    raised = rs_exp(v, v, 8)
    A = (raised - 1).exquo(v)
    h = rs_trunc(rs_log(A, v, 6) - 1 + first * rs_series_inversion(A, v, 6), v, 6)
    return h - QQ(1, eighth) * v**2 + QQ(1, 576) * v**4


RESULT = Result(
    name="specht",
    title="Specht's ratio",
    question="What is the largest log E e^l - E l over all laws on an interval of length w?",
    assumptions=("a law on values l in [m, M], w = M - m > 0",),
    claims=(
        Claim(
            name="largest_gap",
            kind="upper bound",
            statement="log E e^l - E l <= h(w) = log((e^w - 1)/w) - 1 + w/(e^w - 1).",
            latex=r"\log E\,e^{l} - E\,l \le h(w) = \log\frac{e^w - 1}{w} - 1 + \frac{w}{e^w - 1}",
            proof=(
                Step(
                    "On [0, w] the chord c(t) = 1 + (e^w - 1) t/w - e^t is zero at both ends and concave (c'' = -e^t < 0), so c >= 0.",
                    chord_is_above,
                ),
                Step(
                    "With t = E l - m and A = (e^w - 1)/w: 1 + A t - E e^(l - m) = E c(l - m) >= 0 (2 and 3 values), so "
                    "log E e^l - E l <= log(1 + A t) - t.",
                    chord_of_mean,
                ),
                Step(
                    "h - (log(1 + A t) - t) = u - 1 - log u with u = (1 + A t)/A: not negative, by gibbs (log_bound).",
                    best_mean,
                ),
            ),
            falsifiers=(
                Falsifier("constant", "-2 in place of -1 in h", lambda: best_mean(constant=2)),
                Falsifier("sign", "the mean is added instead of taken off", lambda: best_mean(sign=-1)),
                Falsifier("convex chord", "the chord is taken for convex", lambda: chord_is_above(sign=-1)),
            ),
        ),
        Claim(
            name="attained",
            kind="identity",
            statement="A law on two values at distance w with mass theta = 1/w - 1/(e^w - 1) on the larger one attains h(w).",
            latex=r"\theta = \frac1w - \frac1{e^w - 1} \in (0, 1):\qquad \log(1 - \theta + \theta e^w) - \theta w = h(w)",
            proof=(
                Step(
                    "1 - theta + theta e^w = (e^w - 1)/w and theta w = 1 - w/(e^w - 1), so the gap is h(w) term by term.",
                    two_points,
                ),
                Step(
                    "theta w (e^w - 1) = g(e^w) and (1 - theta) w (1 - e^-w) = g(e^-w) with g(t) = t - 1 - log t > 0 of gibbs: "
                    "0 < theta < 1.",
                    masses,
                ),
            ),
            falsifiers=(
                Falsifier("swapped", "the masses of the two values change places", lambda: two_points(swap=True)),
                Falsifier("sign of log", "log e^-w is taken for w", lambda: masses(sign=-1)),
            ),
        ),
        Claim(
            name="at_most_eighth",
            kind="upper bound",
            statement="h(w) <= w^2/8.",
            latex=r"h(w) \le w^2/8",
            proof=(
                Step(
                    "h(w) is log E e^l - E l of the two-point law of attained, whose values have range w; hoeffding "
                    "(exponential_moment) bounds that by w^2/8.",
                    two_points,
                ),
                Step("As a check on the constant: h(w) = w^2/8 - w^4/576 + O(w^6), below w^2/8.", small),
            ),
            falsifiers=(
                Falsifier("twelfth", "w^2/12 in place of w^2/8", lambda: small(12)),
                Falsifier(
                    "swapped", "h is not the gap of the two-point law with its masses swapped", lambda: two_points(True)
                ),
            ),
        ),
        Claim(
            name="small_range",
            kind="asymptotic",
            statement="h(w) / (w^2/8) -> 1 as w -> 0: the constant of Hoeffding's bound cannot be improved.",
            latex=r"h(w) \big/ \tfrac{w^2}{8} \to 1 \quad (w \to 0)",
            proof=(Step("The power series of h to fifth order is w^2/8 - w^4/576, computed exactly.", small),),
            falsifiers=(
                Falsifier("twelfth", "limit w^2/12", lambda: small(12)),
                Falsifier("dropped sign", "w/(e^w - 1) is taken off", lambda: small(first=-1)),
            ),
        ),
    ),
    source="Specht 1960; the logarithm of his ratio",
    lemma=True,
)
