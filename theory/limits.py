"""Values and limits at zero of functions built from w, e^w and logarithms, by Taylor polynomials with a free remainder.

Example: e^w = 1 + w + w^2/2 + w^3 c(w) with c bounded; so w/(e^w - 1) = 1/(1 + w/2 + w^2 c) tends to 1, whatever c is.
"""

from __future__ import annotations

from sympy import Dummy, Expr, Symbol, cancel, cosh, coth, diff, exp, factorial, log, sinh

from theory.residual import Residual

ORDER = 6
REMAINDER = Dummy("c")
EXPONENTIAL = Dummy("E", positive=True)


def in_exponentials(value: Expr) -> Expr:
    """With exponentials for sinh and cosh, over one denominator where no logarithm stands in the way."""
    return value.rewrite([sinh, cosh, coth], exp)


def rational(value: Expr, w: Symbol) -> Expr:
    """A rational function of w and e^w over one denominator; zero only if it is zero identically."""
    return cancel(in_exponentials(value).subs(exp(-w), 1 / EXPONENTIAL).subs(exp(w), EXPONENTIAL))


def at_zero(value: Expr, w: Symbol) -> Expr:
    """The limit as w -> 0 of an expression in w, e^w and logarithms of quotients of these."""
    series = sum((w**k / factorial(k) for k in range(ORDER)), w**ORDER * REMAINDER)
    polynomial = in_exponentials(value).subs(exp(-w), 1 / EXPONENTIAL).subs(exp(w), series).subs(EXPONENTIAL, series)
    return cancel(polynomial.replace(log, lambda inside: log(cancel(inside)))).subs(w, 0)


def ratio_tends_to_one(left: Expr, right: Expr, w: Symbol) -> Residual:
    """Both vanish at zero, and the ratio of their derivatives tends to 1 (l'Hospital)."""
    return [at_zero(left, w), at_zero(right, w), at_zero(cancel(diff(left, w) / diff(right, w)), w) - 1]
