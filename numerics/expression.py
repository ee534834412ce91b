"""Expressions in the label `y`: parsed from text, differentiated, evaluated in doubles and in balls. The one door to `expression_*`."""

from __future__ import annotations

from fractions import Fraction

import flint

from numerics.expression_balls import PRECISION, ball, exact, integral, interval, is_real, masses
from numerics.expression_calculus import antiderivative, derivative, logarithm, polynomial
from numerics.expression_parse import parse
from numerics.expression_pieces import prove_positive, smooth_pieces
from numerics.expression_tree import (
    Call,
    Constant,
    Expression,
    Label,
    TrigonometricSeries,
    Y,
    add,
    call,
    constant,
    divide,
    multiply,
    negate,
    power,
    series,
    substitute,
    subtract,
    text,
)
from numerics.expression_values import evaluate

__all__ = [
    "PRECISION",
    "Call",
    "Constant",
    "Expression",
    "Label",
    "TrigonometricSeries",
    "Y",
    "add",
    "antiderivative",
    "ball",
    "call",
    "certified_pieces",
    "constant",
    "derivative",
    "divide",
    "evaluate",
    "exact",
    "integral",
    "interval",
    "is_real",
    "logarithm",
    "masses",
    "multiply",
    "negate",
    "parse",
    "polynomial",
    "power",
    "prove_positive",
    "series",
    "smooth_pieces",
    "substitute",
    "subtract",
    "text",
]


def certified_pieces(
    expression: Expression, lower: Fraction, upper: Fraction, what: str
) -> list[tuple[Fraction, Fraction, Expression]]:
    """Smooth pieces of an expression on an interval, each proved positive and finite.

    Raises:
      InputError: no proof, naming a label where it fails.
    """
    with flint.ctx.workprec(PRECISION):
        pieces = smooth_pieces(expression, lower, upper)
        for left, right, branch in pieces:
            prove_positive(branch, left, right, what)
    return pieces
