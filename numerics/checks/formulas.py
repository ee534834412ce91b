"""Sides of formulas of the ledger on arrays of numbers, in double precision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import sympy

from numerics.quadrature import EPSILON
from theory.formula import Formula
from theory.record import Result

ROUNDINGS = 64
"""Of a closed form with a dozen operations, each good to some units of the last place."""


def lines(result: Result) -> Iterator[tuple[str, Formula]]:
    """The formulas of a result, each with the name of its claim."""
    for claim in result.claims:
        yield from ((claim.name, line) for line in claim.lines if isinstance(line, Formula))


def values(side: sympy.Expr, numbers: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """A side at numbers and its rounding error, in the shape that the numbers have together; nan where it is not finite.

    Args:
      numbers: a number or array for each symbol, by the symbol's name; those that the side lacks are left out.
    """
    symbols = sorted(side.free_symbols, key=str)
    terms = sympy.lambdify(symbols, sympy.Add.make_args(side), ["scipy", "numpy"])
    arguments = [np.asarray(numbers[each.name], float) for each in symbols]
    shape = np.broadcast_shapes(*(np.shape(number) for number in numbers.values()))
    with np.errstate(all="ignore"):  # a wrong version may divide by zero or overflow: it is then not finite
        parts = np.array([np.broadcast_to(np.real(term), shape) for term in terms(*arguments)], float)
        parts[~np.isfinite(parts)] = np.nan
        return parts.sum(axis=0), ROUNDINGS * EPSILON * np.abs(parts).sum(axis=0)
