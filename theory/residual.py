"""When a residual of a proof counts as zero: exactly, never numerically."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

Residual = Any
"""A SymPy expression or a bool, or an iterable of these; an expression must be exactly zero, a bool must be `True`."""

TEXT = 160  # characters of a residual worth showing


def vanishes(value: Any) -> bool:
    """Whether a residual is exactly zero (a number, a polynomial, a SymPy expression) or `True`.

    SymPy expressions are expanded, then brought over one denominator; no numerical test and no heuristic `simplify` shows that
    something vanishes. That something does not vanish one value shows, which is quicker.
    """
    if isinstance(value, bool):
        return value
    import sympy

    if isinstance(value, sympy.logic.boolalg.Boolean):
        return value is sympy.true
    if sympy.QQ.of_type(value) or sympy.ZZ.of_type(value) or isinstance(value, numbers.Rational):
        return value == 0
    if not isinstance(value, sympy.Expr):
        # A float, a None, anything that cannot be exactly zero: not shown to vanish.
        return getattr(value, "is_zero", False) is True
    if _has_a_value(value):
        return False
    expanded = sympy.expand(value)
    if expanded == 0:
        return True
    return sympy.cancel(sympy.together(expanded)) == 0


def _has_a_value(value: Any) -> bool:
    """Whether an expression is plainly not zero at one point of its domain, to 30 digits. No answer counts as no."""
    import sympy

    point = {}
    for i, symbol in enumerate(sorted(value.free_symbols, key=str)):
        if symbol.is_integer:
            point[symbol] = sympy.Integer(3 + i)
        else:
            point[symbol] = sympy.Rational(7 + 3 * i, 11 + 2 * i)
    try:
        number = value.subs(point).evalf(30)
    except (TypeError, ValueError, ZeroDivisionError, NotImplementedError):
        return False
    return bool(number.is_Float and number.is_finite and abs(number) > sympy.Float("1e-15"))


def _parts(value: Any) -> Iterable[Any]:
    """A step may return one residual or several; polynomials are mappings but count as one."""
    return value if isinstance(value, list | tuple) or hasattr(value, "__next__") else (value,)


def examine(value: Any) -> tuple[bool, str]:
    """Whether all residuals vanish, and the first that does not, as text. No residual at all counts as a failure."""
    parts = list(_parts(value))
    if not parts:
        return False, "nothing was computed"
    for part in parts:
        inner = isinstance(part, list | tuple)
        holds, text = examine(part) if inner else (vanishes(part), str(part))
        if not holds:
            return False, text if len(text) <= TEXT else text[: TEXT - 1] + "…"
    return True, "0"
