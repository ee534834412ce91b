"""gibbs: a divergence of laws of equal mass is not negative, and zero only between equal laws."""

from __future__ import annotations

from sympy import Expr, Rational, Symbol, diff, log

from theory.logarithms import divergence, summed, weights
from theory.record import Claim, Falsifier, Residual, Result, Step

t = Symbol("t", positive=True)


def gap(half: int = 1, constant: int = 1) -> Expr:
    return t / half - Rational(constant, half) - log(t)


def touches(constant: int = 1) -> Residual:
    return gap(constant=constant).subs(t, 1)


def falls_then_rises(half: int = 1) -> Residual:
    square = (t - 1) ** 2 / t
    return [diff(gap(half), t) * (t - 1) - square, square.is_nonnegative]


def as_gaps(power: int = 1, masses: int = 1) -> Residual:
    for size in (2, 3):
        a, b = weights(size, "a", "b")
        pairs = list(zip(a, b, strict=True))
        terms = summed(((v / u).log * -1 + (v / u).ratio - (u / u).ratio) * (u if power else v) for u, v in pairs)
        yield divergence(a, b) - terms + summed(v.ratio - u.ratio for u, v in pairs) * masses


RESULT = Result(
    name="gibbs",
    title="Gibbs' inequality",
    question="Why is a Kullback-Leibler divergence never negative?",
    assumptions=("finitely many atoms, positive weights",),
    claims=(
        Claim(
            name="log_bound",
            kind="upper bound",
            statement="log t <= t - 1 for t > 0, with equality only at t = 1.",
            latex=r"\log t \le t - 1 \quad (t > 0), \qquad \text{equality only at } t = 1",
            proof=(
                Step("g(t) = t - 1 - log t is zero at t = 1.", touches),
                Step(
                    "g'(t) (t - 1) = (t - 1)^2 / t, not negative and zero only at t = 1: g falls before 1 and rises after.",
                    falls_then_rises,
                ),
            ),
            falsifiers=(
                Falsifier("constant", "log t <= t - 2", lambda: touches(constant=2)),
                Falsifier("slope", "log t <= (t - 1)/2", lambda: falls_then_rises(2)),
            ),
        ),
        Claim(
            name="non_negative",
            kind="upper bound",
            statement="If a and b have equal mass, KL(a||b) >= 0, with equality only for a = b.",
            latex=r"\sum_i a_i = \sum_i b_i \;\Rightarrow\; "
            r"\mathrm{KL}(a\|b) = \sum_i a_i \log\frac{a_i}{b_i} \ge 0, \qquad \text{equality only for } a = b",
            proof=(
                Step(
                    "KL(a||b) = sum_i a_i g(b_i/a_i) + sum_i a_i - sum_i b_i with g(t) = t - 1 - log t of log_bound, on 2 and 3 "
                    "atoms: every term is positive weight times g, zero only where b_i = a_i.",
                    as_gaps,
                ),
            ),
            falsifiers=(
                Falsifier("masses", "the difference of the masses is dropped", lambda: as_gaps(masses=0)),
                Falsifier("weight", "the terms are weighted with b", lambda: as_gaps(power=0)),
            ),
        ),
    ),
    source="Gibbs; Kullback and Leibler 1951",
    lemma=True,
)
