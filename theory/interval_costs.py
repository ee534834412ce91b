"""The cost of a class: additive over classes, lowered by splitting, and what follows for the search of the best ones."""

from __future__ import annotations

from typing import Any

from sympy import cancel, diff, expand, log, symbols

from theory.logarithms import divergence, gibbs_terms, total, weights
from theory.record import Residual
from theory.signs import nonnegative

K = symbols("K", positive=True)


def criterion(sign: int = 1) -> Residual:
    """sum_c q_c KL(q_{y|c}||p_{y|c}) = KL(q_y||p_y) - KL(q_C||p_C) on four labels in two intervals."""
    q, p = weights(4, "q", "p")
    for cut in (1, 2):
        bins = [(q[:cut], p[:cut]), (q[cut:], p[cut:])]
        inner = [(total(a), [entry / total(a) for entry in a], [entry / total(b) for entry in b]) for a, b in bins]
        outer = divergence([total(a) for a, _ in bins], [total(b) for _, b in bins])
        remainder, masses = gibbs_terms(inner)
        yield remainder - divergence(q, p) + outer * sign
        yield masses


def refinement(sign: int = 1) -> Residual:
    """cost(A and B) - cost(A) - cost(B) is the mass times a KL of two-point laws: not negative by gibbs."""
    (a, b), (c, e) = weights(2, "q", "p")  # masses of two neighbouring bins; labels inside cancel
    merged_cost = -((total([a, b]) / total([c, e])).log * total([a, b]))
    apart_cost = -((a / c).log * a) - (b / e).log * b
    whole = total([a, b])
    gap, masses = gibbs_terms([(whole, [a / whole, b / whole], [c / total([c, e]), e / total([c, e])])])
    yield merged_cost - apart_cost - gap * sign
    yield masses


def quadrangle(order: int = 1) -> Residual:
    """r rising over bins A, B, C: the ratios of B and of A+B+C lie between those of X = A+B and Y = B+C."""
    a, b, c, r = symbols("a b c r", positive=True)
    step, further = symbols("step further", nonnegative=True)
    rates = (r, r + step, r + step + order * further)
    masses = [(a, a * rates[0]), (b, b * rates[1]), (c, c * rates[2])]

    def joined(*parts: int) -> tuple[Any, Any]:
        return sum(masses[i][0] for i in parts), sum(masses[i][1] for i in parts)

    x, z, whole, middle = joined(0, 1), joined(1, 2), joined(0, 1, 2), masses[1]
    for inner in (whole, middle):
        for lower, upper in ((x, inner), (inner, z)):
            # upper ratio minus lower ratio, times both masses
            yield nonnegative(expand(upper[1] * lower[0] - lower[1] * upper[0]))
    # Same mass and same mean ratio, so the chord of the convex -log over [r_X, r_Y] has the same value on both sides.
    yield [expand(x[i] + z[i] - whole[i] - middle[i]) for i in (0, 1)]


def chord_above(power: int = 2) -> Residual:
    """-log is convex: its second derivative is 1/r^2."""
    r = symbols("r", positive=True)
    return [diff(-log(r), r, 2) - 1 / r**power]


def tangent_reward(sign: int = 1) -> Residual:
    """q log(q/p) - (q log t - p t + q) = p t g with g = x log x - x + 1, x = q/(p t); zero at t = q/p."""
    q, p, t, x = symbols("q p t x", positive=True)
    log_x, log_t = symbols("log_x log_t")
    yield expand(
        (q * (log_x + log_t) - (q * log_t - sign * p * t + q) - p * t * (x * log_x - x + 1)).subs(q, x * p * t)
    )
    grows = x * log(x) - x + 1
    yield grows.subs(x, 1)
    yield expand(diff(grows, x) - log(x))  # falls before 1, rises after


def reward_difference() -> Residual:
    """Per unit of q(y), class t beats class t' by log(t/t') - r (t - t'): affine in r, so it changes sign once."""
    q, r, t, other = symbols("q r t t_other", positive=True)
    gap = (q * log(t) - q * r * t + q) - (q * log(other) - q * r * other + q)
    yield expand(gap - q * (log(t) - log(other) - r * (t - other)))
    yield diff(gap, r, 2)


def empty_bin(extra: int = 1) -> Residual:
    """A bin of smoothed mass a/(n + K a) and reference mass q: its term is q log(q (n + K a)/a), and its slope in p is -q/p."""
    q, p, a, n = symbols("q p a n", positive=True)
    term = q * log(q / p)
    yield cancel(diff(term, p) + q / p)
    yield expand(term.subs(p, a / (n + K * a)) - q * log(q * (n + extra * K * a) / a))
