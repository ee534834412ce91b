"""hoeffding: the exponential moment of a bounded variable."""

from __future__ import annotations

from sympy import Expr, Function, Rational, Symbol, diff, exp, log, symbols

from theory.record import Claim, Falsifier, Residual, Result, Step

s = Symbol("s", real=True)
PI = symbols("pi1:4", positive=True)
VALUES = symbols("l1:4", real=True)
LOW, HIGH = symbols("m M", real=True)


def moment(order: int, size: int) -> Expr:
    """sum_i pi_i l_i^order exp(s l_i)."""
    return sum(w * v**order * exp(s * v) for w, v in zip(PI[:size], VALUES[:size], strict=True))


def starts_flat(order: int = 1) -> Residual:
    for size in (2, 3):
        cumulant = log(moment(0, size) / sum(PI[:size]))
        mean = sum(w * v**order for w, v in zip(PI[:size], VALUES[:size], strict=True)) / sum(PI[:size])
        yield cumulant.subs(s, 0)
        yield diff(cumulant, s).subs(s, 0) - mean


def second_derivative(cross: int = 1) -> Residual:
    for size in (2, 3):
        tilted = [moment(order, size) / moment(0, size) for order in (1, 2)]
        yield diff(log(moment(0, size)), s, 2) - (tilted[1] - cross * tilted[0] ** 2)


def variance_gap(quarter: int = 4, sign: int = 1) -> Residual:
    for size in (2, 3):
        law = [(w / sum(PI[:size]), v) for w, v in zip(PI[:size], VALUES[:size], strict=True)]
        mean = sum(w * v for w, v in law)
        variance = sum(w * v**2 for w, v in law) - mean**2
        inside = sum(w * (HIGH - v) * (v - LOW) for w, v in law)
        centre = (LOW + HIGH) / 2
        yield (HIGH - LOW) ** 2 / quarter - variance - (mean - centre) ** 2 - sign * inside


def taylor(constant: int = 8) -> Residual:
    """By parts, then the primitive of (1 - s)/4 between 0 and 1 against 1/constant."""
    psi = Function("psi")(s)
    yield diff((1 - s) * diff(psi, s) + psi, s) - (1 - s) * diff(psi, s, 2)
    primitive = (s - s**2 / 2) / 4
    yield diff(primitive, s) - (1 - s) / 4
    yield primitive.subs(s, 1) - primitive.subs(s, 0) - Rational(1, constant)


RESULT = Result(
    name="hoeffding",
    title="Hoeffding's lemma",
    question="How much can the logarithm of a mean of exponentials exceed the mean?",
    assumptions=("a law on finitely many values l in [m, M], w = M - m",),
    claims=(
        Claim(
            name="variance",
            kind="upper bound",
            statement="A law on [m, M] has variance at most (M - m)^2/4.",
            latex=r"m \le l \le M \;\Rightarrow\; \mathrm{Var}(l) \le \tfrac14 (M - m)^2",
            proof=(
                Step(
                    "On 2 and 3 values, (M - m)^2/4 - Var(l) = (E l - (m + M)/2)^2 + E (M - l)(l - m): a square, and a mean of "
                    "products of factors that are not negative.",
                    variance_gap,
                ),
            ),
            falsifiers=(
                Falsifier("eighth", "the constant 1/8", lambda: variance_gap(8)),
                Falsifier("sign", "the mean product is taken off", lambda: variance_gap(sign=-1)),
            ),
        ),
        Claim(
            name="exponential_moment",
            kind="upper bound",
            statement="log E e^l - E l <= w^2/8 for l in an interval of length w.",
            latex=r"\log E\,e^{l} - E\,l \le w^2/8, \qquad w = M - m",
            proof=(
                Step("psi(s) = log E e^(s l) - s E l has psi(0) = psi'(0) = 0 (2 and 3 values).", starts_flat),
                Step(
                    "psi''(s) is the variance of l under the law tilted by e^(s l); by variance it is at most w^2/4.",
                    second_derivative,
                ),
                Step(
                    "Taylor with the remainder as an integral, psi(1) = int_0^1 (1 - s) psi''(s) ds <= (w^2/4) int_0^1 (1 - s) ds "
                    "= w^2/8.",
                    taylor,
                ),
            ),
            falsifiers=(
                Falsifier("mean", "the first derivative is taken for E l^2", lambda: starts_flat(order=2)),
                Falsifier(
                    "raw moment", "the second derivative is taken for a raw second moment", lambda: second_derivative(0)
                ),
                Falsifier("constant", "w^2/12 in place of w^2/8", lambda: taylor(12)),
            ),
        ),
    ),
    source="Hoeffding 1963",
    lemma=True,
)
