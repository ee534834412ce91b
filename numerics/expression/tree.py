"""Expressions in one variable, the label `y`: frozen trees whose constants are exact rationals.

A tree is a `Constant`, the `Label`, a `Call` of a whitelisted function or operator, or a `TrigonometricSeries` (never
typed; a kernel estimate is one). The constructors below fold constants exactly, so that `text` and `parse` are
inverse to each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

FUNCTIONS: dict[str, tuple[int, int]] = {
    "exp": (1, 1),
    "log": (1, 1),
    "sqrt": (1, 1),
    "sin": (1, 1),
    "cos": (1, 1),
    "tanh": (1, 1),
    "abs": (1, 1),
    "min": (2, 8),
    "max": (2, 8),
}
"""Functions that may be typed, with the least and the largest number of arguments."""

KINKED = ("abs", "min", "max")
"""Functions that are not differentiable everywhere; `numerics.expression.pieces` removes them piece by piece."""


@dataclass(frozen=True)
class Constant:
    """An exact rational."""

    value: Fraction


@dataclass(frozen=True)
class Label:
    """The variable `y`."""


@dataclass(frozen=True)
class Call:
    """A function or operator and its arguments.

    `function` is one of `FUNCTIONS`, `+ - * / **` (two arguments; the exponent of `**` is a `Constant`), `neg`, `pi`
    (no argument) or `sign` (in derivatives of `abs` only).
    """

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, eq=False)
class Coefficients:
    """Of `sum_k cosine[k] cos(k t) + sine[k] sin(k t)`, both of one length: doubles, taken as the exact dyadic rationals that they are.

    Equal only to itself: hashing thousands of coefficients at every look-up would cost more than the sums.
    """

    cosine: tuple[float, ...]
    sine: tuple[float, ...]


@dataclass(frozen=True)
class TrigonometricSeries:
    """A derivative of such a sum with `t = pi (y - lower)/(upper - lower)`; see `series`.

    Attributes:
      lower, upper: ends of half a period.
      coefficients: shared by all derivatives, so that nothing is rounded and what is tabulated for one serves the others.
      order: how many times the sum is differentiated in `y`.
    """

    lower: Fraction
    upper: Fraction
    coefficients: Coefficients
    order: int = 0


Expression = Constant | Label | Call | TrigonometricSeries

ZERO = Constant(Fraction(0))
ONE = Constant(Fraction(1))
Y = Label()
PI = Call("pi", ())


def constant(value: int | str | Fraction) -> Constant:
    """The exact constant; a float is refused because its literal is not the rational that was meant."""
    if isinstance(value, float):
        raise TypeError("write a constant as an int, a Fraction or a string")
    return Constant(Fraction(value))


def add(left: Expression, right: Expression) -> Expression:
    """`left + right`, folded; `(u + 1) + 2` is `u + 3`."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant(left.value + right.value)
    match left, right:
        case Call("+", (u, Constant(first))), Constant(second):
            return add(u, Constant(first + second))
        case Call("-", (u, Constant(first))), Constant(second):
            return add(u, Constant(second - first))
    if left == ZERO:
        return right
    return left if right == ZERO else Call("+", (left, right))


def subtract(left: Expression, right: Expression) -> Expression:
    """`left - right`, folded; `(u + 1) - 3` is `u + (-2)`."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant(left.value - right.value)
    match left, right:
        case Call("+", (u, Constant(first))), Constant(second):
            return add(u, Constant(first - second))
        case Call("-", (u, Constant(first))), Constant(second):
            return subtract(u, Constant(first + second))
    if left == ZERO:
        return negate(right)
    return left if right == ZERO else Call("-", (left, right))


def negate(operand: Expression) -> Expression:
    """`-operand`, folded."""
    if isinstance(operand, Constant):
        return Constant(-operand.value)
    if isinstance(operand, Call) and operand.function == "neg":
        return operand.arguments[0]
    return Call("neg", (operand,))


def multiply(left: Expression, right: Expression) -> Expression:
    """`left * right`, folded; zero times anything is zero, so an operand that is undefined somewhere is forgotten."""
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant(left.value * right.value)
    if ZERO in (left, right):
        return ZERO
    if left == ONE:
        return right
    return left if right == ONE else Call("*", (left, right))


def divide(left: Expression, right: Expression) -> Expression:
    """`left / right`, folded.

    Raises:
      ZeroDivisionError: the right side is the constant zero.
    """
    if right == ZERO:
        raise ZeroDivisionError
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant(left.value / right.value)
    if left == ZERO:
        return ZERO
    return left if right == ONE else Call("/", (left, right))


def power(base: Expression, exponent: Fraction) -> Expression:
    """`base ** exponent` with a rational exponent; folded when the base is a constant and the exponent an integer.

    Raises:
      ZeroDivisionError: zero to a negative power.
    """
    if exponent == 0:
        return ONE
    if exponent == 1:
        return base
    if isinstance(base, Constant) and exponent.denominator == 1:
        return Constant(base.value**exponent.numerator)
    return Call("**", (base, Constant(exponent)))


def series(
    lower: Fraction, upper: Fraction, cosine: Sequence[float], sine: Sequence[float] = ()
) -> TrigonometricSeries:
    """The sum of `cosine[k] cos(k t) + sine[k] sin(k t)`, `t` running from 0 to pi over the interval."""
    terms = max(len(cosine), len(sine), 1)
    padded = [(*side, *([0.0] * (terms - len(side)))) for side in (cosine, sine)]
    return TrigonometricSeries(lower, upper, Coefficients(*padded))


def call(function: str, *arguments: Expression) -> Expression:
    """A function applied; nothing is folded."""
    return Call(function, arguments)


def children(expression: Expression) -> tuple[Expression, ...]:
    """The arguments of a call; nothing for a leaf."""
    return expression.arguments if isinstance(expression, Call) else ()


def contains(expression: Expression, functions: tuple[str, ...]) -> bool:
    """Whether any of the named functions occurs."""
    return (isinstance(expression, Call) and expression.function in functions) or any(
        contains(child, functions) for child in children(expression)
    )


def depends_on_label(expression: Expression) -> bool:
    """Whether `y` occurs."""
    if isinstance(expression, Label | TrigonometricSeries):
        return True
    return any(depends_on_label(child) for child in children(expression))


def substitute(expression: Expression, replacement: Expression) -> Expression:
    """The expression with `y` replaced.

    Raises:
      TypeError: the expression holds a `TrigonometricSeries`.
    """
    match expression:
        case Constant():
            return expression
        case Label():
            return replacement
        case Call(function, arguments):
            return rebuild(function, tuple(substitute(argument, replacement) for argument in arguments))
    raise TypeError("a series cannot be substituted into")


def rebuild(function: str, arguments: tuple[Expression, ...]) -> Expression:
    """A call made through the folding constructors."""
    match function, arguments:
        case "+", (left, right):
            return add(left, right)
        case "-", (left, right):
            return subtract(left, right)
        case "*", (left, right):
            return multiply(left, right)
        case "/", (left, right):
            return divide(left, right)
        case "neg", (operand,):
            return negate(operand)
        case "**", (base, Constant(exponent)):
            return power(base, exponent)
    return Call(function, arguments)


_STRENGTH = {"+": 1, "-": 1, "*": 2, "/": 2, "neg": 3, "**": 4}


def text(expression: Expression) -> str:
    """The expression as one would type it; `parse(text(e)) == e` for every typed `e`."""
    return _text(expression)[0]


def _text(expression: Expression) -> tuple[str, int]:
    match expression:
        case Label():
            return "y", 9
        case Constant(value):
            if value.denominator == 1:
                return str(value), 9 if value >= 0 else 3
            return str(value), 2
        case TrigonometricSeries(lower, upper, coefficients):
            return f"series({len(coefficients.cosine)} terms on [{lower}, {upper}])", 9
        case Call("pi", ()):
            return "pi", 9
        case Call("neg", (operand,)):
            return f"-{_wrapped(operand, 4)}", 3
        case Call("**", (base, exponent)):
            return f"{_wrapped(base, 5)}**{_wrapped(exponent, 4)}", 4
        case Call(function, (left, right)) if function in _STRENGTH:
            strength = _STRENGTH[function]
            return f"{_wrapped(left, strength)} {function} {_wrapped(right, strength + 1)}", strength
        case Call(function, arguments):
            return f"{function}({', '.join(text(argument) for argument in arguments)})", 9
    raise TypeError(expression)


def _wrapped(expression: Expression, least: int) -> str:
    written, strength = _text(expression)
    return written if strength >= least else f"({written})"
