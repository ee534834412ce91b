"""How a proof certifies a sign without a number: no negative coefficient, or a chain of derivatives that starts at zero."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Expr, Poly, Symbol, diff, expand, sympify


def nonnegative(polynomial: Any) -> bool:
    """Whether a polynomial in non-negative symbols has no negative coefficient; that is enough for it to be non-negative.

    A polynomial without terms is zero, hence non-negative. Only symbols and rational numbers may occur.

    Raises:
      ValueError: a symbol is not declared non-negative, or the expression is no polynomial in its symbols.
    """
    expanded = expand(sympify(polynomial))
    names = sorted(expanded.free_symbols, key=str)
    if not all(name.is_nonnegative for name in names):
        raise ValueError(f"{expanded}: every symbol must be declared non-negative")
    if not names:
        if not expanded.is_Rational:
            raise ValueError(f"{expanded} is not rational")
        return bool(expanded >= 0)
    coefficients = Poly(expanded, *names).coeffs() if expanded.is_polynomial(*names) else [expanded]
    if not all(c.is_Rational for c in coefficients):
        raise ValueError(f"{expanded} is not a polynomial with rational coefficients")
    return all(bool(c >= 0) for c in coefficients)


def positive(polynomial: Any) -> bool:
    """As `nonnegative`, with a term left when all symbols that are not declared positive are zero: hence strictly positive."""
    expanded = expand(sympify(polynomial))
    rest = expanded.subs({name: 0 for name in expanded.free_symbols if not name.is_positive})
    return nonnegative(expanded) and rest != 0


def rises_from_zero(function: Expr, name: Symbol, last: Any, derivatives: int = 1, start: Any = 0) -> Sequence[Any]:
    """Residuals that show f >= 0 from `start` on: f and its first derivatives vanish there, and the last one is `last`, not negative."""
    residuals = []
    for _ in range(derivatives):
        residuals.append(function.subs(name, start))
        function = diff(function, name)
    return [*residuals, function - last, visibly_nonnegative(sympify(last), name, start)]


def visibly_nonnegative(value: Expr, name: Symbol, start: Any = 0, depth: int = 4) -> bool:
    """Whether a function is not negative from `start` on: SymPy sees it, each factor is, or it vanishes at `start` and rises."""
    if value.is_nonnegative:
        return True
    if value.is_Mul:
        return all(visibly_nonnegative(factor, name, start, depth) for factor in value.args)
    return depth > 0 and value.subs(name, start) == 0 and visibly_nonnegative(diff(value, name), name, start, depth - 1)
