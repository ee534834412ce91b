"""Expressions in double precision, in NumPy or `jax.numpy`; and doubles that are right to rounding however much the expression cancels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from numerics.expression.series import evaluate_series
from numerics.expression.tree import Call, Constant, Expression, Label, TrigonometricSeries

UNIT = 2.0**-53
"""Of rounding, relative."""
LIBRARY = 4 * UNIT
"""Of a function of the mathematics library."""
GOOD, GOOD_SLOPE = 32 * UNIT, (64 * UNIT, 512 * UNIT)
"""Errors that call for no second look: of a logarithm, as a share of one plus its size; of its first and second derivative, of their own plus the
typical size."""


def evaluate(expression: Expression, y: Any, module: Any) -> Any:
    """Values at `y`.

    Args:
      y: array or scalar of any shape.
      module: `numpy` or `jax.numpy`.

    Returns:
      An array of the shape of `y`; not finite where the expression overflows or is undefined.
    """
    y = module.asarray(y)
    return module.broadcast_to(module.asarray(_value(expression, y, module)), y.shape)


def _value(expression: Expression, y: Any, module: Any) -> Any:
    match expression:
        case Constant(value):
            return double(value)
        case Label():
            return y
        case TrigonometricSeries():
            return evaluate_series(expression, y, module)
        case Call("pi", ()):
            return float(module.pi)
        case Call("**", (base, Constant(exponent))):
            inner = module.asarray(_value(base, y, module))
            return inner**exponent.numerator if exponent.denominator == 1 and exponent > 0 else inner ** float(exponent)
        case Call(function, arguments):
            values = [_value(argument, y, module) for argument in arguments]
            return _apply(function, values, module)
    raise TypeError(expression)


def _apply(function: str, values: list[Any], module: Any) -> Any:
    match function:
        case "neg":
            return -values[0]
        case "+":
            return values[0] + values[1]
        case "-":
            return values[0] - values[1]
        case "*":
            return values[0] * values[1]
        case "/":
            return module.divide(values[0], values[1])
        case "min":
            return reduce(module.minimum, values)
        case "max":
            return reduce(module.maximum, values)
        case "exp" | "log" | "sqrt" | "sin" | "cos" | "tanh" | "abs" | "sign":
            return getattr(module, function)(module.asarray(values[0]))
    raise TypeError(function)


def double(value: Fraction) -> float:
    """The nearest double, infinite where it lies beyond them all."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def accurate(expression: Expression, y: np.ndarray, derivative: int = 0) -> np.ndarray:
    """Values at `y` to a few units of rounding of `1 + |value|` (for a derivative: of its typical size in place of 1), one by one in ball arithmetic where
    doubles would lose more than that.

    `1.000001 - cos(0.01*y)` keeps 4 digits fewer in doubles than its label has; the loss is bounded operation by operation (`bounded`).
    """
    with np.errstate(all="ignore"):
        found = bounded(expression, y)
        value = np.array(np.broadcast_to(found.value, y.shape))
        size = np.abs(value)
        allowed = GOOD_SLOPE[derivative - 1] * (_typical(size) + size) if derivative and y.size else GOOD * (1 + size)
        lost = np.flatnonzero(~(np.broadcast_to(found.error, y.shape) <= allowed))
    if len(lost):
        from numerics.expression.balls import rounded

        value[lost] = rounded(expression, y[lost])
    return value


def _typical(size: np.ndarray) -> float:
    """The root mean square: a slope that is e^-500 off a step may be off by more than itself, since every number that it enters weighs it so."""
    there = np.isfinite(size)
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(size[there] ** 2))) if there.any() else 0.0


@dataclass(frozen=True)
class Bounded:
    """A value in doubles, and a bound of its distance from the exact one (to first order in the rounding); arrays of one shape, or scalars."""

    value: Any
    error: Any


def bounded(expression: Expression, y: np.ndarray) -> Bounded:
    """Value and rounding error of an expression at doubles `y`, taken as exact; a series is taken as good to a unit."""
    match expression:
        case Constant(value):
            near = double(value)
            exact = math.isfinite(near) and Fraction(near) == value
            return Bounded(near, 0.0 if exact else UNIT * abs(near))
        case Label():
            return Bounded(y, 0.0)
        case TrigonometricSeries():
            found = evaluate_series(expression, y, np)
            return Bounded(found, UNIT * np.abs(found))
        case Call("pi", ()):
            return Bounded(np.pi, UNIT * np.pi)
        case Call("**", (base, Constant(exponent))):
            return _bounded_power(bounded(base, y), exponent)
        case Call(function, arguments):
            sides = [bounded(argument, y) for argument in arguments]
            if function in ("min", "max"):
                return reduce(lambda u, v: _bounded(function, [u, v]), sides)
            return _bounded(function, sides)
    raise TypeError(expression)


def _bounded(function: str, sides: list[Bounded]) -> Bounded:
    u, v = sides[0], sides[-1]
    value = _apply(function, [side.value for side in sides], np)
    size = np.abs(value)
    match function:
        case "neg" | "abs":
            return Bounded(value, u.error)
        case "+" | "-":
            return Bounded(value, u.error + v.error + UNIT * size)
        case "*":
            moved = np.abs(u.value) * v.error + np.abs(v.value) * u.error + u.error * v.error
            return Bounded(value, moved + UNIT * size)
        case "/":
            below = np.abs(v.value) - v.error
            moved = (u.error + size * v.error) / np.where(below > 0, below, 0.0)
            return Bounded(value, np.where(below > 0, moved, np.inf) + UNIT * size)
        case "min" | "max":
            return Bounded(value, np.maximum(u.error, v.error))
        case "exp":
            return Bounded(value, size * (np.expm1(u.error) + LIBRARY))
        case "log":
            share = u.error / np.abs(u.value)
            return Bounded(value, np.where(share < 1, -np.log1p(-np.minimum(share, 1.0)), np.inf) + LIBRARY * size)
        case "sqrt":
            share = u.error / np.abs(u.value)
            return Bounded(value, np.where(share < 1, size * share, np.sqrt(np.abs(u.value) + u.error)) + UNIT * size)
        case "sin" | "cos":
            return Bounded(value, np.minimum(u.error, 2.0) + LIBRARY * size)
        case "tanh":
            steep = 1 - np.maximum(size - u.error, 0.0) ** 2
            return Bounded(value, np.minimum(u.error * np.minimum(steep, 1.0), 2.0) + LIBRARY * size)
        case "sign":
            return Bounded(value, np.where(np.abs(u.value) > u.error, 0.0, 2.0))
    raise TypeError(function)


def _bounded_power(base: Bounded, exponent: Fraction) -> Bounded:
    inner, power = np.asarray(base.value, float), float(exponent)
    value = inner**exponent.numerator if exponent.denominator == 1 and exponent > 0 else inner**power
    share = base.error / np.abs(inner)
    moved = np.abs(value) * np.expm1(abs(power) * -np.log1p(-np.minimum(share, 1.0)))
    lost = (np.abs(inner) + base.error) ** power if power > 0 else np.inf
    return Bounded(value, np.where(share < 1, moved, lost) + (LIBRARY + abs(power) * UNIT) * np.abs(value))
