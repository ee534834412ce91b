"""Expressions in double precision, in NumPy or `jax.numpy`."""

from __future__ import annotations

from functools import reduce
from typing import Any

from numerics.expression.series import evaluate_series
from numerics.expression.tree import Call, Constant, Expression, Label, TrigonometricSeries


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
            return float(value)
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
