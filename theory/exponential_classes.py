"""Equal-width and equal-frequency classes for p ∝ exp(-6 y), q uniform on [0, 1]: closed forms and enclosures."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from mpmath import MPIntervalContext
from sympy import cancel, cosh, diff, exp, expand, integrate, log, sinh, symbols

from theory.record import Residual
from theory.signs import rises_from_zero

u, d, y = symbols("u d y", positive=True)


def equal_width_value(half: int = 2) -> Residual:
    """l' = -6: a bin of width d has log mean e^l - mean l = log(sinh u/u), u = 3 d, wherever it lies."""
    centre = symbols("centre")
    mean_exp = integrate(exp(-6 * (y - centre)), (y, centre - d / 2, centre + d / 2)) / d
    return expand((mean_exp - sinh(6 * d / half) / (6 * d / half)).rewrite(exp))


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


def intervals() -> Any:
    context = MPIntervalContext()
    context.prec = 100
    return context


def equal_frequency_ratio(classes: int, context: Any) -> Any:
    """Encloses W of equal-frequency over W of equal-width classes, p ∝ exp(-6 y) on [0, 1], q uniform."""
    one = context.mpf(1)
    reach = one - context.exp(-6 * one)  # the mass of exp(-6 y), times 6
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


def edge_of_equal_frequency() -> Residual:
    """The mass of [0, y] under 6 exp(-6 y)/(1 - e^-6) is j/K at y = -log(1 - (1 - e^-6) j/K)/6; KL(q||p) in closed form."""
    part, reach = symbols("part reach", positive=True)
    mass = integrate(6 * exp(-6 * y), y) / reach
    edge = -log(1 - reach * part) / 6
    yield cancel(mass.subs(y, edge) - mass.subs(y, 0) - part)
    yield expand(integrate(6 * y, (y, 0, 1)) - log(6 / reach) - (3 - log(6 / reach)))


def limit_ratio(power: int = 2) -> Residual:
    """Bins of density p: int l'^2/p^2 over int l'^2 at uniform density is int 1/p^2."""
    density = 6 * exp(-6 * y) / (1 - exp(-6))
    value = integrate(expand(1 / (36 * exp(-12 * y))), (y, 0, 1)) * (1 - exp(-6)) ** power
    yield expand(cancel(density ** (-2) * 36 * exp(-12 * y)) - (1 - exp(-6)) ** 2)
    yield expand(value - (exp(12) - 1) * (1 - exp(-6)) ** 2 / 432)


def limit_enclosed() -> Residual:
    context = intervals()
    one = context.mpf(1)
    value = (context.exp(12 * one) - 1) * (1 - context.exp(-6 * one)) ** 2 / 432
    return [bool(value.a > context.mpf("374.87")), bool(value.b < context.mpf("374.88"))]
