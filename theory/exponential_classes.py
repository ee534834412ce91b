"""Equal-width and equal-frequency classes for p proportional to exp(-6 y), q uniform on [0, 1]: closed forms and enclosures."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from mpmath import MPIntervalContext
from sympy import Integral, Symbol, cancel, cosh, diff, exp, expand, integrate, log, sinh, symbols

from theory.formula import Formula, Range, Step
from theory.residual import Residual
from theory.signs import rises_from_zero

u, y, place = symbols("u y c", positive=True)
K = Symbol("K", positive=True, integer=True)
REACH = 1 - exp(-6)
"""The mass of exp(-6 y) on [0, 1], times 6."""


def by_primitive(formula: Formula) -> Residual:
    """Logarithms taken off: the mean of e^(l - l(c)) over a bin of width 1/K about c, against sinh(3/K)/(3/K)."""
    return expand((exp(formula.left).doit() - exp(formula.right)).rewrite(exp))


EQUAL_WIDTH = Formula(
    log(K * Integral(exp(-6 * (y - place)), (y, place - 1 / (2 * K), place + 1 / (2 * K)))),
    "=",
    log(sinh(3 / K) / (3 / K)),
    (Range(place, 0, 1), Range(K, 1, 20)),
    (Step("By a primitive; the mean of l - l(c) over the bin is zero.", by_primitive),),
    lead="log E e^l - E l on every bin of width 1/K, hence W of equal widths: ",
    lead_latex=r"W_{\text{equal width}} = ",
)


def equal_width_is_best(sign: int = 1) -> Residual:
    """With psi = log(sinh u/u), (u psi)'' = 2 psi' + u psi'', and both are not negative. S, C stand for sinh u, cosh u."""
    S, C = symbols("S C", positive=True)

    def slope(expression: Any) -> Any:
        return diff(expression, u) + diff(expression, S) * C + diff(expression, C) * S

    psi = log(S / u)
    first = slope(psi)
    second = slope(first)
    yield expand(slope(slope(u * psi)) - 2 * first - u * second)
    yield cancel(first - (u * C - sign * S) / (u * S))
    yield from rises_from_zero(u * cosh(u) - sinh(u), u, u * sinh(u))
    yield cancel(expand(second * S**2).subs(C**2, 1 + S**2) - (S**2 - u**2) / u**2)
    yield from rises_from_zero(sinh(u) - u, u, cosh(u) - 1)
    # The last derivatives are not negative.
    yield bool((u * sinh(u)).is_positive)
    yield expand((cosh(u) - 1 - 2 * sinh(u / 2) ** 2).rewrite(exp))


def intervals() -> Any:
    context = MPIntervalContext()
    context.prec = 100
    return context


def equal_frequency_ratio(classes: int, context: Any) -> Any:
    """Encloses W of equal-frequency over W of equal-width classes, W = KL(q_y||p_y) - KL(q_C||p_C)."""
    one = context.mpf(1)
    reach = one - context.exp(-6 * one)
    edges = [-context.log(one - reach * j / classes) / 6 for j in range(classes)] + [one]
    widths = [b - a for a, b in pairwise(edges)]
    divergence_of_classes = sum(width * context.log(width * classes) for width in widths)
    divergence_of_labels = 3 - context.log(6 / reach)
    half = 3 * one / classes
    sinh_half = (context.exp(half) - context.exp(-half)) / 2
    return (divergence_of_labels - divergence_of_classes) / context.log(sinh_half / half)


def encloses(classes: int, low: str, high: str) -> Residual:
    context = intervals()
    value = equal_frequency_ratio(classes, context)
    return [bool(value.a > context.mpf(low)), bool(value.b < context.mpf(high))]


def edges_and_divergence() -> Residual:
    """The mass of [0, y] under 6 exp(-6 y)/(1 - e^-6) is j/K at y = -log(1 - (1 - e^-6) j/K)/6; KL(q||p) in closed form."""
    part, reach = symbols("part reach", positive=True)
    mass = integrate(6 * exp(-6 * y), y) / reach
    edge = -log(1 - reach * part) / 6
    yield cancel(mass.subs(y, edge) - mass.subs(y, 0) - part)
    yield expand(integrate(6 * y, (y, 0, 1)) - log(6 / reach) - (3 - log(6 / reach)))


def by_limit(formula: Formula) -> Residual:
    """Bins of density p: int l'^2/p^2 over int l'^2 at uniform density is int 1/p^2 (density, with m = p)."""
    return expand(formula.left.doit() - formula.right)


def limit_enclosed(_: Formula) -> Residual:
    context = intervals()
    one = context.mpf(1)
    value = (context.exp(12 * one) - 1) * (1 - context.exp(-6 * one)) ** 2 / 432
    return [bool(value.a > context.mpf("374.87")), bool(value.b < context.mpf("374.88"))]


LIMIT = Formula(
    Integral((REACH / (6 * exp(-6 * y))) ** 2, (y, 0, 1)),
    "=",
    (exp(12) - 1) * REACH**2 / 432,
    (),
    (
        Step("By a primitive; the limit is int 1/p^2, by density with m = p.", by_limit),
        Step("Its value, by interval arithmetic.", limit_enclosed),
    ),
    lead="in the limit ",
    lead_latex=r"K \to \infty:\ ",
)
