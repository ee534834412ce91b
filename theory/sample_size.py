"""sample_size: what estimating the class priors costs, and how many classes a sample can carry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import QQ, Rational, cancel, diff, expand, expand_log, log, symbols
from sympy.polys.ring_series import rs_log, rs_pow
from sympy.polys.rings import ring

from theory.record import Claim, Falsifier, Residual, Result, Step
from theory.signs import positive

K, n, n_eff, A, B, C, ratio = symbols("K n n_eff A B C x", positive=True)


def excess_identity(prior: int = 1) -> Residual:
    """KL(q_y||phat_n) - W = sum_c q_c log(phat_c/p_c) + log sum_c q_c p_c/phat_c, labels {1, 2}, {3}, in logarithms.

    phat_n(y) = (q_c/phat_c) p(y)/N, N = sum_c q_c p_c/phat_c: prior-corrected with estimates phat_c.
    """
    q = symbols("q1:4", positive=True)
    p = symbols("p1:4", positive=True)
    est = symbols("e1:3", positive=True)
    member = (0, 0, 1)
    q_c = (q[0] + q[1], q[2])
    p_c = (p[0] + p[1], p[2])
    mass = symbols("N", positive=True)
    law = [q_c[c] / est[c] * p[y] / mass for y, c in enumerate(member)]
    yield cancel(sum(law).subs(mass, sum(a * b / c for a, b, c in zip(q_c, p_c, est, strict=True))) - 1)
    total = sum(q[y] * (log(q[y]) - log(law[y])) for y in range(3))
    within = sum(q[y] * (log(q[y] / q_c[c]) - log(p[y] / p_c[c])) for y, c in enumerate(member))
    extra = sum(q_c[c] * (log(est[c]) - prior * log(p_c[c])) for c in range(2)) + log(mass)
    # sum of q = 1 is used once, for the logarithm of the normaliser.
    gap = expand(expand_log(total - within - extra, force=True))
    yield cancel(gap - (q[0] + q[1] + q[2] - 1) * log(mass))


def penalty_series(divisor: int = 2) -> Residual:
    """With phat_c = p_c (1 + e delta_c): (e^2/2) (sum q delta^2 - (sum q delta)^2) + O(e^3), three classes, q_3 = 1 - q_1 - q_2."""
    _, e, q1, q2, d1, d2, d3 = ring("e q1 q2 d1 d2 d3", QQ)
    weights, deltas = (q1, q2, 1 - q1 - q2), (d1, d2, d3)
    logs = sum(q * rs_log(1 + e * d, e, 3) for q, d in zip(weights, deltas, strict=True))
    normaliser = sum(q * rs_pow(1 + e * d, -1, e, 3) for q, d in zip(weights, deltas, strict=True))
    mean = sum(q * d for q, d in zip(weights, deltas, strict=True))
    square = sum(q * d**2 for q, d in zip(weights, deltas, strict=True))
    return logs + rs_log(normaliser, e, 3) - e**2 * QQ(1, divisor) * (square - mean**2)


def laws(size: int) -> tuple[Sequence[Any], Sequence[Any]]:
    """Two symbolic laws on `size` classes."""
    q, p = (list(symbols(f"{name}1:{size}", positive=True)) for name in "qp")
    return [*q, 1 - sum(q)], [*p, 1 - sum(p)]


def expected_penalty(cross: int = 1) -> Residual:
    """E delta_c^2 = (1 - p_c)/(n p_c), E delta_c delta_d = -1/n: half the q-variance is sum q (1 - q)/p over 2 n."""
    for size in (2, 3):
        q, p = laws(size)
        square = sum(a * (1 - b) / b for a, b in zip(q, p, strict=True))
        mean_square = sum(
            q[i] * q[j] * ((1 - p[i]) / p[i] if i == j else -cross) for i in range(size) for j in range(size)
        )
        yield cancel(
            (square - mean_square) / (2 * n) - sum(a * (1 - a) / b for a, b in zip(q, p, strict=True)) / (2 * n)
        )


def multinomial_moments(sign: int = -1) -> Residual:
    """One draw: the indicators of classes c, d have covariance p_c (1 - p_c), or -p_c p_d; n draws: over n."""
    p, r = symbols("p_c p_d", positive=True)
    # E[1_c 1_d] = 0 for c != d, E[1_c^2] = p_c
    yield cancel((p - p**2) / (n * p**2) - (1 - p) / (n * p))
    yield cancel((0 - p * r) / (n * p * r) - sign * 1 / n)


def effective_sample(offset: int = 1, swapped: bool = False) -> Residual:
    """q_c = 1/K: (1/2n) sum q (1 - q)/p = (K - 1)(1 + chi^2(q_C||p_C))/(2 n)."""
    for size in (2, 3):
        _, p = laws(size)
        q = [Rational(1, size)] * size
        first, second = (p, q) if swapped else (q, p)
        chi = sum((a - b) ** 2 / b for a, b in zip(first, second, strict=True))
        left = sum(a * (1 - a) / b for a, b in zip(q, p, strict=True)) / (2 * n)
        yield cancel(left - (size - offset) * (1 + chi) / (2 * n))


def chi_falls() -> Residual:
    """a^2/u + b^2/v - (a + b)^2/(u + v) = (a v - b u)^2/(u v (u + v)): merging labels lowers 1 + chi^2 = sum q^2/p."""
    a, b, u, v = symbols("a b u v", positive=True)
    gap = a**2 / u + b**2 / v - (a + b) ** 2 / (u + v)
    yield cancel(gap - (a * v - b * u) ** 2 / (u * v * (u + v)))
    q, p = laws(3)
    chi = sum((x - y) ** 2 / y for x, y in zip(q, p, strict=True))
    yield cancel(1 + chi - sum(x**2 / y for x, y in zip(q, p, strict=True)))


def optimum(constant: int = 6) -> Residual:
    """K* = (D^2 E n_eff/constant)^(1/3) is stationary for D^2 E/(24 K^2) + K/(2 n_eff); in t = K*, D^2 E = constant t^3/n_eff."""
    bound = A / (24 * K**2) + K / (2 * n_eff)
    return cancel(diff(bound, K).subs(A, constant * K**3 / n_eff))


def is_global(quarters: int = 3) -> Residual:
    """At K = x K* the bound is (3/4)(K*/n_eff) plus (K*/(4 n_eff)) (x - 1)^2 (2 x + 1)/x^2."""
    star = symbols("K_star", positive=True)
    bound = 6 * star**3 / n_eff / (24 * (ratio * star) ** 2) + ratio * star / (2 * n_eff)
    yield cancel(
        bound - quarters * star / (4 * n_eff) - star / (4 * n_eff) * (ratio - 1) ** 2 * (2 * ratio + 1) / ratio**2
    )
    yield positive(2 * ratio + 1)


def decay(thirds: int = -2) -> Residual:
    """(3/4) K*/n_eff with K* = (A n_eff/6)^(1/3)."""
    value = Rational(3, 4) * (A * n_eff / 6) ** Rational(1, 3) / n_eff
    return diff(log(value), n_eff) * n_eff - Rational(thirds, 3)


RESULT = Result(
    name="sample_size",
    title="How many classes a sample can carry",
    question="What does estimating the class priors cost, and which number of classes is best for n labels?",
    assumptions=(
        "class priors estimated by the frequencies of n independent labels from p",
        "all p_c > 0; the expectation is taken where no class is empty (an event whose probability tends to 1 exponentially)",
    ),
    claims=(
        Claim(
            name="penalty_exact",
            kind="identity",
            statement=(
                "With estimates phat_c the label bound becomes KL(q_y||phat_n) = W + sum_c q_c log(phat_c/p_c) + log sum_c q_c p_c/phat_c."
            ),
            latex=(
                r"\mathrm{KL}(q_y\|\hat p_n) = W + \sum_c q_c\log\frac{\hat p_c}{p_c} + \log\sum_c \frac{q_c\,p_c}{\hat p_c}"
            ),
            proof=(Step("Logarithms collected on three labels in two classes.", excess_identity),),
            falsifiers=(
                Falsifier("no_truth", "the true prior left out", lambda: excess_identity(0)),
                Falsifier("wrong_way", "log(phat_c p_c)", lambda: excess_identity(-1)),
            ),
        ),
        Claim(
            name="penalty",
            kind="asymptotic",
            statement="The expected penalty on top of W is ~ (1/2n) sum_c q_c (1 - q_c)/p_c.",
            latex=r"E\bigl[\mathrm{KL}(q_y\|\hat p_n)\bigr] - W \sim \frac{1}{2n}\sum_c \frac{q_c(1 - q_c)}{p_c}",
            proof=(
                Step(
                    "To second order the penalty is half the variance under q of delta_c = phat_c/p_c - 1.",
                    penalty_series,
                ),
                Step("Moments of the frequencies.", multinomial_moments),
                Step("Expectation of the quadratic form, two and three classes.", expected_penalty),
            ),
            falsifiers=(
                Falsifier("no_half", "the variance in place of half of it", lambda: penalty_series(1)),
                Falsifier("independent", "frequencies treated as independent", lambda: expected_penalty(0)),
                Falsifier("positive", "positively correlated frequencies", lambda: multinomial_moments(1)),
            ),
        ),
        Claim(
            name="effective_sample",
            kind="identity",
            statement=(
                "For equal q_c the penalty is (K - 1)(1 + chi^2(q_C||p_C))/(2n), at most (K - 1)/(2 n_eff) with "
                "n_eff = n/(1 + chi^2(q_y||p_y)), and ~ K/(2 n_eff)."
            ),
            latex=(
                r"\frac{1}{2n}\sum_c\frac{q_c(1-q_c)}{p_c} = \frac{(K-1)\bigl(1 + \chi^2(q_C\|p_C)\bigr)}{2n} \le \frac{K-1}{2\,n_{\mathrm{eff}}},"
                r"\qquad n_{\mathrm{eff}} = \frac{n}{1 + \chi^2(q_y\|p_y)}"
            ),
            proof=(
                Step("For two and three classes the two forms agree.", effective_sample),
                Step(
                    "1 + chi^2 = sum q^2/p, and merging labels takes a square off it; narrow classes lose nothing in the limit.",
                    chi_falls,
                ),
            ),
            falsifiers=(
                Falsifier("all_classes", "K in place of K - 1", lambda: effective_sample(0)),
                Falsifier("reversed", "chi^2(p||q)", lambda: effective_sample(swapped=True)),
            ),
        ),
        Claim(
            name="best_number",
            kind="identity",
            statement=(
                "D^2 E_q[l'^2]/(24 K^2) + K/(2 n_eff) is least at K* = (D^2 E_q[l'^2] n_eff/6)^(1/3), where it is (3/4) K*/n_eff, "
                "which decays like n_eff^(-2/3)."
            ),
            latex=(
                r"K^* = \left(\frac{D^2 E_q[l'^2]\, n_{\mathrm{eff}}}{6}\right)^{1/3},\qquad "
                r"\frac{D^2E_q[l'^2]}{24K^{*2}} + \frac{K^*}{2n_{\mathrm{eff}}} = \frac{3K^*}{4\,n_{\mathrm{eff}}} \propto n_{\mathrm{eff}}^{-2/3}"
            ),
            proof=(
                Step("The derivative vanishes there.", optimum),
                Step("At x K* the bound exceeds the value by a multiple of (x - 1)^2 (2x + 1)/x^2.", is_global),
                Step("Its logarithmic slope in n_eff is -2/3.", decay),
            ),
            falsifiers=(
                Falsifier("twelve", "K* = (D^2 E n_eff/12)^(1/3)", lambda: optimum(12)),
                Falsifier("value", "value K*/n_eff", lambda: is_global(4)),
                Falsifier("parametric", "decay like 1/n_eff", lambda: decay(-3)),
            ),
        ),
    ),
    source="this project",
)
