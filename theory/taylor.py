"""taylor: the cost of a bin in powers of its half-width, with a bound of what is left over that holds for every smooth function.

A bin has centre c and half-width h; its labels are y = c + h t with t uniform on [-1, 1]. Write l_j for the j-th derivative of l at c + h t.
Every cost of a bin is a polynomial in moments E_w[t^a l_0^b l_1^c ...], where w is the uniform law or is tilted by e^l, e^g or both. A moment
has a derivative in h, which is again such a polynomial:

    d/dh E_w[m] = E_w[dm/dh] + E_w[m s] - E_w[m] E_w[s],  s = t l_1 for a law tilted by e^l, and dl_j/dh = t l_(j+1).

At h = 0 a moment is a number times derivatives at c: the coefficients of Taylor's formula. In between, a moment is at most the product of the
suprema of |l_j|: the bound of its remainder, which is the same for every bin.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import factorial
from typing import TypeAlias

import sympy
from sympy import Expr, Integral, Rational, Symbol, diff, log, symbols

from theory.claim import Check, Claim, Worded, Wrong
from theory.formula import Formula, Range, Step
from theory.record import Result
from theory.residual import Residual

Factors: TypeAlias = tuple[tuple[str, int], ...]
"""A product such as t^2 l_1: names with their exponents, in order. A name is `t`, or a function's letter and the number of its derivative."""

Moment: TypeAlias = tuple[str, Factors]
"""The letters of the functions whose exponential tilts the uniform law (none: the uniform law), and what is averaged."""

Moments: TypeAlias = Mapping[tuple[Moment, ...], Fraction]
"""A polynomial in moments."""

ONE: Moments = {(): Fraction(1)}


def times(factors: Factors, *more: str) -> Factors:
    """A product with further factors."""
    powers = dict(factors)
    for name in more:
        powers[name] = powers.get(name, 0) + 1
    return tuple(sorted(powers.items()))


def E(law: str, *names: str) -> Moments:
    """The mean of a product of names under the law that the letters tilt: `E("l", "t", "l1")`."""
    return {((law, times((), *names)),): Fraction(1)}


def total(*parts: tuple[Fraction | int, Moments]) -> Moments:
    """A sum of multiples."""
    whole: dict[tuple[Moment, ...], Fraction] = {}
    for scale, part in parts:
        for moments, coefficient in part.items():
            whole[moments] = whole.get(moments, Fraction(0)) + scale * coefficient
    return {moments: coefficient for moments, coefficient in whole.items() if coefficient}


def product(left: Moments, right: Moments) -> Moments:
    """A product of two polynomials."""
    return total(*((x * y, {tuple(sorted((*a, *b))): Fraction(1)}) for a, x in left.items() for b, y in right.items()))


def slope(law: str) -> Moments:
    """d/dh log of the mean of e^(the tilt): the mean of t times the first derivatives."""
    return total(*((1, E(law, "t", f"{letter}1")) for letter in law))


def _moment_derivative(moment: Moment) -> Moments:
    law, factors = moment
    parts: list[tuple[Fraction | int, Moments]] = []
    for name, exponent in factors:
        if name != "t":
            rest = tuple((other, power - (other == name)) for other, power in factors if power > (other == name))
            moved = times(rest, "t", f"{name[0]}{int(name[1:]) + 1}")
            parts.append((exponent, {((law, moved),): Fraction(1)}))
    for letter in law:
        parts.append((1, {((law, times(factors, "t", f"{letter}1")),): Fraction(1)}))
    parts.append((-1, product({(moment,): Fraction(1)}, slope(law))))
    return total(*parts)


def derivative(whole: Moments) -> Moments:
    """The derivative in h."""
    parts = []
    for moments, coefficient in whole.items():
        for i, moment in enumerate(moments):
            rest = {(*moments[:i], *moments[i + 1 :]): Fraction(1)}
            parts.append((coefficient, product(rest, _moment_derivative(moment))))
    return total(*parts)


def at_centre(whole: Moments) -> Expr:
    """The value at h = 0: every law is uniform, so t^a has mean 1/(a + 1) or 0; l_0 - l(c) is zero."""
    value = sympy.Integer(0)
    for moments, coefficient in whole.items():
        part = Rational(coefficient.numerator, coefficient.denominator)
        for _, factors in moments:
            powers = dict(factors)
            even = powers.pop("t", 0)
            part *= 0 if even % 2 else Rational(1, even + 1)
            part *= sympy.prod(Symbol(name) ** power if name != "l0" else 0 for name, power in powers.items())
        value += part
    return sympy.expand(value)


def supremum(whole: Moments) -> Expr:
    """A bound for every h: |t| <= 1, and l_j at most its supremum, which is named in capitals: L1 for sup |l'|."""
    value = sympy.Integer(0)
    for moments, coefficient in whole.items():
        part = abs(Rational(coefficient.numerator, coefficient.denominator))
        for _, factors in moments:
            part *= sympy.prod(Symbol(name.upper(), positive=True) ** power for name, power in factors if name != "t")
        value += part
    return sympy.expand(value)


def higher(cost: Moments, order: int, first: int = 0) -> Moments:
    """The derivative of an order of a cost that is given by its derivative of order `first`."""
    for _ in range(order - first):
        cost = derivative(cost)
    return cost


def coefficient(cost: Moments, order: int, first: int = 0) -> Expr:
    """The coefficient of h^order."""
    return (
        sympy.expand(at_centre(higher(cost, order, first)) / factorial(order)) if order >= first else sympy.Integer(0)
    )


def left_over(cost: Moments, order: int, first: int = 0) -> Expr:
    """A bound of |cost - its Taylor polynomial below order|/h^order, for every bin."""
    return sympy.expand(supremum(higher(cost, order, first)) / factorial(order))


DIVERGENCE_OF_UNIFORM = total((1, slope("l")), (-1, derivative(E("", "l0"))))
"""d/dh of KL(uniform || tilted by e^l) = log E e^l - E l."""
DIVERGENCE_TO_UNIFORM = total((1, derivative(E("l", "l0"))), (-1, slope("l")))
"""d/dh of KL(tilted by e^l || uniform) = E_l[l] - log E e^l."""
DIVERGENCE_UNDER_G = total((1, slope("gl")), (-1, slope("g")), (-1, derivative(E("g", "l0"))))
"""d/dh of KL(tilted by e^g || tilted by e^(g + l)) = log E e^(g + l) - log E e^g - E_g[l]."""
MOVED_MEAN = total((1, E("l", "g0")), (-1, E("", "g0")))
"""E[g (rhat - 1)] over a bin, with rhat = e^l/E e^l."""


def quotient_rule(sign: int = -1) -> Residual:
    """With a = E[m e^l], b = E[e^l] over the bin: a' = E[m' e^l] + E[m s e^l] and b' = E[s e^l] as means under the uniform law."""
    h = Symbol("h")
    m_moved, m_s, s = symbols("m_moved m_s s")  # tilted means of dm/dh, m s and s
    a, b = sympy.Function("a")(h), sympy.Function("b")(h)
    slopes = {diff(a, h): b * (m_moved + m_s), diff(b, h): b * s}
    return sympy.expand(diff(a / b, h).subs(slopes) - (m_moved + m_s + sign * s * a / b))


def by_parts(power: int = 1) -> Residual:
    """Taylor's remainder of order n + 1 is that of order n less its term: with g = h - s, so d/ds = -d/dg,

    d/ds of -g^n f/n! is g^(n-1) f/(n-1)! - g^n f'/n!.
    """
    g, n = symbols("g n", positive=True)
    f = sympy.Function("f")(g)
    stated = g ** (n - power) * f * n / sympy.gamma(n + 1) + g**n * diff(f, g) / sympy.gamma(n + 1)
    return -diff(-(g**n) * f / sympy.gamma(n + 1), g) - stated


def weight_of_the_remainder(shift: int = 1) -> Residual:
    """int_0^h g^(n-1)/(n-1)! dg = h^n/n!: by a primitive that is zero at g = 0."""
    g, n = symbols("g n", positive=True)
    return sympy.expand_func(diff(g**n / sympy.gamma(n + shift), g) - g ** (n - 1) / sympy.gamma(n))


T, S = symbols("t s", positive=True)
RANGE = (Range(T, Fraction(1, 64), 4),)


def as_integral(formula: Formula) -> Residual:
    """Both sides are zero at t = 1 and have one slope."""
    yield formula.left.subs(T, 1)
    yield formula.right.subs(T, 1).doit()
    yield sympy.cancel(diff(formula.left, T) - diff(formula.right, T))


def sign(formula: Formula) -> Residual:
    """The slope over (t - 1)^3 is positive: the integral from 1 to t is not negative on either side of 1."""
    return bool(sympy.cancel(diff(formula.right, T) / (T - 1) ** 3).is_positive)


BY_INTEGRAL = (
    Step("Both sides are zero at t = 1 and have the same derivative.", as_integral),
    Step("The integrand has the sign of s - 1, so the integral is not negative.", sign),
)

RESULT = Result(
    name="taylor",
    title="The cost of a narrow bin",
    question="What is the cost of a bin in powers of its width, and how much is left over?",
    assumptions=(
        "a bin of centre c and half-width h, labels c + h t with t uniform on [-1, 1]",
        "l (and g) n + 1 times continuously differentiable, with the suprema of their derivatives finite",
    ),
    claims=(
        Claim(
            "derivative",
            "identity",
            (
                Worded(
                    "d/dh E_w[m] = E_w[dm/dh] + E_w[m s] - E_w[m] E_w[s], where w is proportional to e^l on the bin and s = t l'(c + h t)",
                    r"\frac{d}{dh}E_w[m] = E_w\Bigl[\frac{dm}{dh}\Bigr] + \mathrm{Cov}_w(m, s),\qquad s = t\,l'(c + ht)",
                    "every law",
                    (Check("The quotient rule for E[m e^l]/E[e^l].", quotient_rule),),
                    (
                        Wrong("plus", "the product of the means added", lambda: quotient_rule(1)),
                        Wrong("dropped", "the product of the means left out", lambda: quotient_rule(0)),
                    ),
                ),
            ),
            remark="so every derivative in h of a cost of a bin is a polynomial in moments, and is bounded by suprema of derivatives of l",
        ),
        Claim(
            "remainder",
            "upper bound",
            (
                Worded(
                    "|F(h) - sum_{k<n} F^(k)(0) h^k/k!| <= (h^n/n!) sup |F^(n)|",
                    r"\Bigl|F(h) - \sum_{k<n} F^{(k)}(0)\frac{h^k}{k!}\Bigr| \le \frac{h^n}{n!}\,\sup|F^{(n)}|",
                    "every law",
                    (
                        Check(
                            "Integration by parts takes the next term from the remainder int_0^h (h - s)^(n-1) F^(n)(s)/(n-1)! ds: induction.",
                            by_parts,
                        ),
                        Check("The weight of the remainder is h^n/n!.", weight_of_the_remainder),
                    ),
                    (
                        Wrong("power", "the power of h - s not lowered by parts", lambda: by_parts(0)),
                        Wrong("factorial", "h^n/(n+1)!", lambda: weight_of_the_remainder(2)),
                    ),
                ),
            ),
            remark="with F(h) the cost of the bin, the bound is the same for all bins, so that it survives the sum over bins",
        ),
        Claim(
            "logarithm",
            "upper bound",
            (
                Formula(
                    T - 1 - (T - 1) ** 2 / 2 + (T - 1) ** 3 / 3 - log(T),
                    "=",
                    Integral((S - 1) ** 3 / S, (S, 1, T)),
                    RANGE,
                    BY_INTEGRAL,
                ),
                Formula(
                    log(T) - (T - 1) + (T - 1) ** 2 / 2 - (T - 1) ** 3 / (3 * T),
                    "=",
                    Integral((S - 1) ** 3 / (3 * S**2), (S, 1, T)),
                    RANGE,
                    BY_INTEGRAL,
                ),
            ),
            remark="neither integral is negative, so log t lies between its cubic Taylor polynomial and the same with t in the last denominator",
        ),
    ),
    source="Taylor; the recursion is this project's",
    lemma=True,
)
