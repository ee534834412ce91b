"""gradient_flow: what the choice of loss does on the way, under squared loss and under softmax cross-entropy."""

from __future__ import annotations

from typing import Any

from sympy import Rational, cancel, diff, exp, expand, log, symbols

from theory.record import Claim, Falsifier, Residual, Result, Step
from theory.signs import nonnegative, positive, rises_from_zero
from theory.softmax_flow import (
    before_the_peak,
    exceeds,
    exponential_beats_square,
    lambert_flow,
    lambert_property,
    margin_grows,
    margin_solution,
    peak_bound,
    relative_error,
    slope_bound,
    slope_half,
    slower_than_squared,
    softmax_velocity,
    velocities,
    z_rate,
)
from theory.softmax_flow import x as e_margin
from theory.softmax_flow import z as margin

t, p, q, u, z = symbols("t p q u z", positive=True)
x, s = symbols("x s", positive=True)  # x = exp(-4 t/5); s: the excess of the largest tau rho over 1


def squared_solution(rate: int = 2) -> Residual:
    y, w = symbols("y w")
    descent = -diff(p * (y - w) ** 2, w)  # dw/dt
    solution = u * exp(-rate * p * t)
    yield diff(solution, t) + descent.subs(w, y - solution)
    yield solution.subs(t, 0) - u


def squared_extra(rate: int = 4) -> Residual:
    return (q - p) * (u * exp(-2 * p * t)) ** 2 - (q - p) * u**2 * exp(-rate * p * t)


def example_extra() -> tuple:
    """The extra term of p = (4/5, 1/5), q = (1/2, 1/2), u(0) = (1, 1) in x = exp(-4 t/5), which falls from 1 to 0."""
    sizes = Rational(4, 5), Rational(1, 5)
    direct = sum((Rational(1, 2) - size) * exp(-4 * size * t) for size in sizes)
    return direct, Rational(3, 10) * (x - x**4)


def rises_then_falls(power: int = 3) -> Residual:
    direct, short = example_extra()
    yield expand(direct - short.subs(x, exp(-4 * t / 5)))
    yield diff(short, x) - Rational(3, 10) * (1 - 4 * x**power)
    yield short.subs(x, 1)
    yield short.subs(x, 0)
    yield positive(short.subs(x, Rational(1, 2)))
    yield 4 * exp(-4 * t / 5).subs(t, 5 * log(2) / 6) ** 3 - 1


def monotone_example() -> Residual:
    _, short = example_extra()
    return [nonnegative(short.subs(x, 1) - short.subs(x, Rational(1, 2)))]


def balanced_flows(weight: Any = q / p) -> Residual:
    """Both flows with the weighted loss against those of a class of probability q."""
    y, w = symbols("y w")
    yield expand(-diff(weight * p * (y - w) ** 2, w) - 2 * q * (y - w))
    own, other = velocities(weight * p)
    yield cancel(own - other - q * z_rate.subs(exp(margin), e_margin))


RESULT = Result(
    name="gradient_flow",
    title="What the loss does on the way",
    question="At equal training time, does cross-entropy serve rare classes better than squared loss?",
    assumptions=(
        "x reveals the class; one-hot class features; class probabilities p_c > 0",
        "gradient flow on the population loss; squared loss without the factor one half, and softmax cross-entropy",
        "u_c: what is left of the target of class c; pi: softmax probability of the true class; z: its logit margin",
        "tau = p_c t; rho = (1 - pi) K/(K - 1), which starts at 1",
    ),
    claims=(
        Claim(
            name="squared_loss",
            kind="identity",
            statement="Squared loss: u_c(t) = u_c(0) exp(-2 p_c t), extra term sum_c (q_c - p_c) u_c(0)^2 exp(-4 p_c t).",
            latex=r"u_c(t) = u_c(0)\,e^{-2p_ct},\qquad R_q - R_p = \sum_c (q_c - p_c)\,u_c(0)^2\,e^{-4p_ct}",
            proof=(
                Step("The solution satisfies dw/dt = -dL/dw, with its start.", squared_solution),
                Step("Its square, weighted with q_c - p_c, is the extra term.", squared_extra),
            ),
            falsifiers=(
                Falsifier("half_rate", "the gradient of u^2 taken as u", lambda: squared_solution(1)),
                Falsifier("unsquared", "the extra term decays as u does", lambda: squared_extra(2)),
            ),
        ),
        Claim(
            name="not_monotone",
            kind="counterexample",
            statement=(
                "The extra term need not be monotone in t: p = (4/5, 1/5), q = (1/2, 1/2), u(0) = (1, 1) gives "
                "(3/10)(x - x^4), x = exp(-4 t/5), which rises from 0 until t = (5/6) log 2 and falls back to 0."
            ),
            latex=(
                r"\sum_c (q_c - p_c)\,u_c(t)^2 = \tfrac{3}{10}(x - x^4),\quad x = e^{-4t/5},"
                r"\quad p = (\tfrac45, \tfrac15),\ q = (\tfrac12, \tfrac12)"
            ),
            proof=(
                Step(
                    "Value, slope, both ends, a positive value between, and the turning point, all exact.",
                    rises_then_falls,
                ),
            ),
            falsifiers=(
                Falsifier("falls_only", "the extra term is largest at the start", monotone_example),
                Falsifier("wrong_slope", "the slope as 1 - 4 x^2", lambda: rises_then_falls(2)),
            ),
        ),
        Claim(
            name="margin",
            kind="identity",
            statement=(
                "Cross-entropy from zero: dz/dtau = K/(e^z + K - 1), so (K - 1) z + e^z = 1 + K tau, and z > 0 for tau > 0 "
                "(the argmax is right from the start)."
            ),
            latex=r"\frac{dz}{d\tau} = \frac{K}{e^z + K - 1},\qquad (K-1)\,z + e^z = 1 + K\tau",
            proof=(
                Step(
                    "The softmax gradient of one class gives the velocity of its margin; its logits keep the sum zero.",
                    softmax_velocity,
                ),
                Step("The implicit solution satisfies the equation and its start.", margin_solution),
                Step(
                    "The velocity is positive, so the margin is positive from the start and the solution unique.",
                    margin_grows,
                ),
            ),
            falsifiers=(
                Falsifier("double", "the velocity twice as large", lambda: softmax_velocity(2)),
                Falsifier("classes", "K - 2 in place of K - 1", lambda: margin_solution(2)),
            ),
        ),
        Claim(
            name="lambert",
            kind="identity",
            statement="1 - pi = 1/(1 + W0(exp((1 + K tau)/(K - 1))/(K - 1))).",
            latex=r"1 - \pi = \frac{1}{1 + W_0\!\left(\frac{1}{K-1}\,e^{(1 + K\tau)/(K-1)}\right)}",
            proof=(
                Step(
                    "v = e^z/(K - 1) has v e^v = exp((1 + K tau)/(K - 1))/(K - 1), and 1 - pi = 1/(1 + v).",
                    lambert_property,
                ),
                Step(
                    "Substituted, the Lambert form satisfies the flow of 1 - pi and its start (K - 1)/K.", lambert_flow
                ),
            ),
            falsifiers=(
                Falsifier("start", "the one in 1 + K tau dropped", lambda: lambert_property(0)),
                Falsifier("time", "tau counted twice", lambda: lambert_flow(2)),
            ),
        ),
        Claim(
            name="tail",
            kind="asymptotic",
            statement=(
                "1 - pi ~ (K - 1)/(K tau) as tau -> infinity, with relative error exactly ((K - 1) z - K)/(e^z + K - 1)."
            ),
            latex=r"\frac{(1-\pi)\,K\tau}{K-1} = 1 + \frac{(K-1)z - K}{e^z + K - 1} \longrightarrow 1",
            proof=(
                Step("The relative error, with tau from the implicit solution.", relative_error),
                Step(
                    "e^z >= 1 + z + z^2/2, so the error is at most of order 1/z, and z grows without bound.",
                    exponential_beats_square,
                ),
            ),
            falsifiers=(
                Falsifier("start", "the margin started from e^z = K tau", lambda: relative_error(0)),
                Falsifier("square", "e^z >= 1 + z + z^2", lambda: rises_from_zero(exp(z) - 1 - z - z**2, z, exp(z), 3)),
            ),
        ),
        Claim(
            name="slower",
            kind="upper bound",
            statement=(
                "For every K >= 2 and tau > 0, exp(-2 tau) < exp(-tau/2) <= exp(-K tau/(4 (K - 1))) <= rho: at equal time "
                "cross-entropy leaves a larger relative residual than squared loss, for every class."
            ),
            latex=r"e^{-2\tau} < e^{-\tau/2} \le e^{-K\tau/(4(K-1))} \le \rho(\tau),\qquad \tau > 0,\ K \ge 2",
            proof=(
                Step(
                    "rho(0) = 1 and K/(4 (K - 1)) + d log(rho)/dtau = K (e^z - K + 1)^2 / (4 (K - 1) (e^z + K - 1)^2) >= 0.",
                    slope_bound,
                ),
                Step("1/2 + d log(rho)/dtau >= 0 too: (e^z - 1)^2 + K (K - 2) over twice a square.", slope_half),
                Step("tau/2 < 2 tau.", slower_than_squared),
            ),
            falsifiers=(
                Falsifier("quarter", "exp(-tau/4) for every K", lambda: slope_half(4)),
                Falsifier("limit", "K/(4 K) as the slope", lambda: slope_bound(Rational(1, 4))),
                Falsifier("faster", "cross-entropy is ahead of squared loss", lambda: slower_than_squared(4, 1)),
            ),
        ),
        Claim(
            name="rare_to_frequent",
            kind="upper bound",
            statement=(
                "rho_rare/rho_frequent < (1 + s) p_f/p_r at every time, s = W0((K - 1) exp(-(2K - 1)/(K - 1))), and -> p_f/p_r "
                "at late times; under squared loss the ratio is exp(2 (p_f - p_r) t)."
            ),
            latex=(
                r"\frac{\rho(p_r t)}{\rho(p_f t)} < (1 + s)\,\frac{p_f}{p_r},\qquad "
                r"s = W_0\!\left((K-1)\,e^{-(2K-1)/(K-1)}\right)"
            ),
            proof=(
                Step(
                    "tau rho <= 1 + s, because what is missing is (K - 1)(e^h - 1 - h) >= 0 over e^z + K - 1.",
                    peak_bound,
                ),
                Step(
                    "Up to z = (2K - 1)/(K - 1) the product tau rho rises, so the ratio is below p_f/p_r; "
                    "after it tau rho > 1, so the ratio is below (1 + s) p_f/p_r.",
                    before_the_peak,
                ),
                Step("tau rho -> 1, so the ratio tends to p_f/p_r (claim tail).", relative_error),
            ),
            falsifiers=(
                Falsifier("no_excess", "tau rho never above 1", lambda: peak_bound(0)),
                Falsifier("half", "half of the excess", lambda: peak_bound(s / 2)),
            ),
        ),
        Claim(
            name="above_the_ratio",
            kind="counterexample",
            statement=(
                "The rare/frequent ratio can exceed p_f/p_r: K = 2 and p_f/p_r = (e^6 + 5)/(e^3 + 2), at the time when the margins are 6 and 3."
            ),
            latex=r"\frac{\rho(p_rt)}{\rho(p_ft)} > \frac{p_f}{p_r}\quad\text{at}\quad K = 2,\ z_r = 3,\ z_f = 6",
            proof=(Step("e^6 + 1 > 4 (e^3 + 1), since e^3 >= 1 + 3 + 9/2 + 9/2.", exceeds),),
            falsifiers=(
                Falsifier("swapped", "rare and frequent exchanged", lambda: exceeds((6, 3))),
                Falsifier("equal", "equal margins", lambda: exceeds((3, 3))),
            ),
        ),
        Claim(
            name="balancing",
            kind="identity",
            statement="Weighting class c by q_c/p_c puts q_c in place of p_c in both flows: with equal q_c no class is rare.",
            latex=r"p_c\cdot\frac{q_c}{p_c} = q_c:\qquad \tau_c = q_c\,t",
            proof=(
                Step(
                    "The velocity of u_c under the weighted squared loss, and that of the margin under the weighted cross-entropy, are "
                    "those of a class of probability q_c.",
                    balanced_flows,
                ),
            ),
            falsifiers=(
                Falsifier("inverse", "weights p_c/q_c", lambda: balanced_flows(p / q)),
                Falsifier("root", "no weights", lambda: balanced_flows(1)),
            ),
        ),
    ),
    source="this project",
)
