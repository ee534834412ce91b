"""log_concave: a density at least as curved as a Gaussian of variance s2 is sub-Gaussian with proxy s2."""

from __future__ import annotations

from sympy import Function, Rational, Symbol, diff, log, symbols

from theory.claim import Check, Claim, Worded, Wrong
from theory.record import Result
from theory.residual import Residual

y, m = symbols("y m", real=True)
s2 = Symbol("s2", positive=True)
t = Symbol("t", real=True)
density = Function("rho", positive=True)(y)
T = Function("T", real=True)(y)  # integral of (z - m) rho(z) over z from y to b
psi = Function("psi", real=True)(t)


def tail_derivative(expression: Residual, sign: int = -1) -> Residual:
    """Puts T' = -(y - m) rho into an expression."""
    return expression.subs(diff(T, y), sign * (y - m) * density)


def by_parts(sign: int = -1) -> Residual:
    return tail_derivative(diff((y - m) * T, y), sign) - (T - (y - m) ** 2 * density)


def bracket(power: int = 1) -> Residual:
    slope = tail_derivative(diff(s2 * density - T, y))
    return slope - s2 * density * (diff(log(density), y) + (y - m) / s2**power)


def bracket_falls(half: int = 1) -> Residual:
    """The bracket's derivative, with (log rho)'' = -1/s2 - c and c >= 0, is -c."""
    c = Symbol("c", nonnegative=True)
    second = -1 / (half * s2) - c
    return [second + diff((y - m) / s2, y) + c, (-c).is_nonpositive]


def tilt_keeps_curvature(order: int = 1) -> Residual:
    return diff(t * y**order, y, 2)


def taylor(half: int = 2) -> Residual:
    """(1 - r) psi''(r t) t^2 integrates to psi(t) - psi(0) - t psi'(0); and the primitive of 1 - r at 1 is 1/2."""
    r = Symbol("r", real=True)
    path = Function("f", real=True)(r)
    primitive = r - r**2 / 2
    return [
        diff((1 - r) * diff(path, r) + path, r) - (1 - r) * diff(path, r, 2),
        diff(primitive, r) - (1 - r),
        primitive.subs(r, 1) - primitive.subs(r, 0) - Rational(1, half),
    ]


VARIANCE = (
    Check(
        "Let T(y) be the integral of (z - m) rho(z) from y to b, m the mean: T(a) = T(b) = 0 and T' = -(y - m) rho. By parts, "
        "((y - m) T)' = T - (y - m)^2 rho, so the variance is the integral of T.",
        by_parts,
    ),
    Check("(s2 rho - T)' = s2 rho B with B = (log rho)' + (y - m)/s2.", bracket),
    Check(
        "B falls, because (log rho)'' <= -1/s2. So s2 rho - T first rises and then falls; at both ends it is s2 rho >= 0, hence T <= s2 "
        "rho everywhere, and the variance is at most s2.",
        bracket_falls,
    ),
)

RESULT = Result(
    name="log_concave",
    title="Strong log-concavity makes sub-Gaussian",
    question="What is the sub-Gaussian proxy of a posterior under a Gaussian channel?",
    assumptions=("a density rho on an interval [a, b], possibly unbounded, with (log rho)'' <= -1/s2",),
    claims=(
        Claim(
            "variance",
            "upper bound",
            (
                Worded(
                    "The variance of rho is at most s2",
                    r"(\log\rho)'' \le -1/s^2 \;\Rightarrow\; \mathrm{Var}_\rho(y) \le s^2",
                    "every law",
                    VARIANCE,
                    (
                        Wrong("sign of T'", "T' = (y - m) rho", lambda: by_parts(1)),
                        Wrong("scale", "B with (y - m)/s2^2", lambda: bracket(2)),
                        Wrong("half the curvature", "(log rho)'' <= -1/(2 s2) is not enough", lambda: bracket_falls(2)),
                    ),
                ),
            ),
        ),
        Claim(
            "sub_gaussian",
            "upper bound",
            (
                Worded(
                    "log E e^(t (y - m)) <= s2 t^2/2 for all t",
                    r"(\log\rho)'' \le -1/s^2 \;\Rightarrow\; \log E_\rho e^{t(y - m)} \le \tfrac12 s^2 t^2",
                    "every law",
                    (
                        *VARIANCE,
                        Check(
                            "The tilted density rho e^(t y) has the same (log rho)'', so its variance too is at most s2.",
                            tilt_keeps_curvature,
                        ),
                        Check(
                            "psi(t) = log E e^(t (y - m)) has psi(0) = psi'(0) = 0 and psi'' the tilted variance (hoeffding); Taylor with the "
                            "remainder as an integral gives psi(t) <= s2 t^2/2.",
                            taylor,
                        ),
                    ),
                    (
                        Wrong(
                            "quadratic tilt", "a tilt by e^(t y^2) keeps the curvature", lambda: tilt_keeps_curvature(2)
                        ),
                        Wrong("constant", "s2 t^2/4 in place of s2 t^2/2", lambda: taylor(4)),
                    ),
                ),
            ),
        ),
    ),
    source="Brascamp and Lieb 1976 in one dimension; the proof by the Stein kernel",
    lemma=True,
)
