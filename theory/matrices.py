"""Formulas between matrices: symbols that do not commute, with numbers by their definitions.

Example: `beta_p - beta_q = S_p^-1 E_p[phi eps]` of *readout*, for any number of features. A step of a proof puts definitions in the place of
symbols and multiplies out; trials put rational matrices there.
"""

from __future__ import annotations

import functools
import operator
import random
from collections.abc import Callable, Mapping
from typing import Any

import sympy
from sympy import Expr, Mul, Symbol

SIZE = 3
"""Features of a trial."""


def matrix(name: str) -> Symbol:
    """A matrix of any size that fits."""
    return Symbol(name, commutative=False)


S_P, S_Q, B_P, B_Q = (matrix(name) for name in ("S_p", "S_q", "b_p", "b_q"))
"""E_w[phi phi^T], which is symmetric, and E_w[phi y]."""
B_P_ROW, B_Q_ROW = matrix("b_p^T"), matrix("b_q^T")
BETA_P, BETA_Q, V = matrix("beta_p"), matrix("beta_q"), matrix("E_p[phi eps]")
BETA_P_ROW, BETA_Q_ROW, V_ROW = matrix("beta_p^T"), matrix("beta_q^T"), matrix("E_p[phi eps]^T")
"""Least-squares coefficients, and E_p[phi eps] for eps = y - phi.beta_q; each as a column and as a row."""
OTHER = {S_P: S_Q, S_Q: S_P, BETA_P: BETA_Q, BETA_Q: BETA_P}
"""What a mistake takes for what."""

DEFINED = {
    BETA_P: S_P**-1 * B_P,
    BETA_Q: S_Q**-1 * B_Q,
    BETA_P_ROW: B_P_ROW * S_P**-1,
    BETA_Q_ROW: B_Q_ROW * S_Q**-1,
    V: B_P - S_P * S_Q**-1 * B_Q,
    V_ROW: B_P_ROW - B_Q_ROW * S_Q**-1 * S_P,
}


def in_moments(whole: Expr) -> Expr:
    """In terms of S_w and b_w, multiplied out."""
    return whole.subs(DEFINED, simultaneous=True).expand()


def transposed(whole: Expr) -> Expr:
    """The transpose of a sum of products of moments: factors in reverse order, rows for columns."""
    rows = {B_P: B_P_ROW, B_P_ROW: B_P, B_Q: B_Q_ROW, B_Q_ROW: B_Q}
    return sympy.Add(*(_reversed(each, rows) for each in sympy.Add.make_args(whole.expand())))


def _reversed(whole: Expr, rows: Mapping[Expr, Expr]) -> Expr:
    coefficient, factors = whole.args_cnc()
    return Mul(*coefficient, *(rows.get(each, each) for each in reversed(factors)))


def value(whole: Expr, numbers: Mapping[str, Any], inverse: Callable[[Any], Any]) -> Any:
    """An expression at matrices of any kind that has `@`, by the names of its symbols."""
    if whole.is_Add:
        return functools.reduce(operator.add, (value(each, numbers, inverse) for each in whole.args))
    if whole.is_Mul:
        coefficient, factors = whole.args_cnc()
        product = functools.reduce(operator.matmul, (value(each, numbers, inverse) for each in factors))
        return (
            product * Mul(*coefficient) if isinstance(product, sympy.MatrixBase) else product * float(Mul(*coefficient))
        )
    if whole.is_Pow:
        base = value(whole.base, numbers, inverse)
        return functools.reduce(operator.matmul, [inverse(base) if whole.exp < 0 else base] * abs(int(whole.exp)))
    return float(whole) if whole.is_number else numbers[whole.name]


def exactly(whole: Expr, numbers: Mapping[str, sympy.Matrix]) -> sympy.Matrix:
    """An expression at rational matrices."""
    return value(whole, numbers, lambda square: square.inv())


@functools.cache
def trial(number: int) -> dict[str, sympy.Matrix]:
    """Rational moments of three features under both laws, and all that is defined by them."""
    dice = random.Random(f"matrices {number}")

    def drawn(columns: int) -> sympy.Matrix:
        return sympy.Matrix(SIZE, columns, lambda *_: sympy.Integer(dice.randint(-3, 3)))

    roots = drawn(SIZE), drawn(SIZE)
    s_p, s_q = (root * root.T + sympy.eye(SIZE) for root in roots)
    b_p, b_q = drawn(1), drawn(1)
    numbers = {"S_p": s_p, "S_q": s_q, "b_p": b_p, "b_q": b_q, "b_p^T": b_p.T, "b_q^T": b_q.T}
    return numbers | {symbol.name: exactly(meaning, numbers) for symbol, meaning in DEFINED.items()}


def refuted(left: Expr, right: Expr, trials: int) -> str:
    """Where two expressions are other matrices, in words; empty where they agree in all trials."""
    gap = (left - right).expand()
    there = (number for number in range(trials) if gap != 0 and any(exactly(gap, trial(number))))
    return next((f"{SIZE} features, matrices {number}" for number in there), "")
