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

    SymPy expressions are expanded, then brought over one denominator; no numerical test and no heuristic `simplify` is
    involved.
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
    expanded = sympy.expand(value)
    if expanded == 0:
        return True
    return sympy.cancel(sympy.together(expanded)) == 0


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
