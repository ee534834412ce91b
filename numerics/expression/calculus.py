"""Derivative, logarithm and antiderivative of an expression, as expressions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import reduce

from numerics.expression.tree import (
    ONE,
    PI,
    ZERO,
    Call,
    Constant,
    Expression,
    Label,
    TrigonometricSeries,
    add,
    call,
    constant,
    depends_on_label,
    divide,
    multiply,
    negate,
    power,
    subtract,
)

HIGHEST_DEGREE = 128


def derivative(expression: Expression) -> Expression:
    """The derivative with respect to `y`; of `abs`, `min` and `max` it holds away from their kinks."""
    match expression:
        case Constant() | Call("pi", ()):
            return ZERO
        case Label():
            return ONE
        case TrigonometricSeries():
            return replace(expression, order=expression.order + 1)
        case Call("neg", (u,)):
            return negate(derivative(u))
        case Call("+", (u, v)):
            return add(derivative(u), derivative(v))
        case Call("-", (u, v)):
            return subtract(derivative(u), derivative(v))
        case Call("*", (u, v)):
            return add(multiply(derivative(u), v), multiply(u, derivative(v)))
        case Call("/", (u, v)):
            if not depends_on_label(v):
                return divide(derivative(u), v)
            change = subtract(multiply(derivative(u), v), multiply(u, derivative(v)))
            return divide(change, power(v, Fraction(2)))
        case Call("**", (u, Constant(exponent))):
            return multiply(multiply(Constant(exponent), power(u, exponent - 1)), derivative(u))
        case Call("exp", (u,)):
            return multiply(expression, derivative(u))
        case Call("log", (u,)):
            return divide(derivative(u), u)
        case Call("sqrt", (u,)):
            return divide(derivative(u), multiply(constant(2), expression))
        case Call("sin", (u,)):
            return multiply(call("cos", u), derivative(u))
        case Call("cos", (u,)):
            return negate(multiply(call("sin", u), derivative(u)))
        case Call("tanh", (u,)):
            return multiply(subtract(ONE, power(expression, Fraction(2))), derivative(u))
        case Call("abs", (u,)):
            return multiply(call("sign", u), derivative(u))
        case Call("sign", _):
            return ZERO
        case Call("min" | "max" as name, arguments):
            return derivative(reduce(lambda u, v: _as_absolute(name, u, v), arguments))
    raise TypeError(f"no derivative of {expression}")


def _as_absolute(name: str, u: Expression, v: Expression) -> Expression:
    gap = call("abs", subtract(u, v))
    both = add(u, v)
    return divide(add(both, gap) if name == "max" else subtract(both, gap), constant(2))


def logarithm(expression: Expression) -> Expression:
    """`log(expression)` for a positive expression, with the logarithm pushed inward as far as the signs are certain.

    `log(exp(u))` is `u`, and products, quotients and powers of surely positive factors become sums, so that a density
    such as `exp(-600*y)` has a logarithm that neither overflows nor underflows.
    """
    match expression:
        case Constant(value) if value == 1:
            return ZERO
        case Call("exp", (u,)):
            return u
        case Call("*", (u, v)) if _surely_positive(u) or _surely_positive(v):
            return add(logarithm(u), logarithm(v))
        case Call("/", (u, v)) if _surely_positive(u) or _surely_positive(v):
            return subtract(logarithm(u), logarithm(v))
        case Call("sqrt", (u,)):
            return divide(logarithm(u), constant(2))
        case Call("**", (u, Constant(exponent))) if (
            exponent.denominator != 1 or exponent % 2 == 1 or _surely_positive(u)
        ):
            return multiply(Constant(exponent), logarithm(u))
    return call("log", expression)


def _surely_positive(expression: Expression) -> bool:
    match expression:
        case Constant(value):
            return value > 0
        case Call("exp" | "pi", _):
            return True
        case Call("+" | "*" | "/", (u, v)):
            return _surely_positive(u) and _surely_positive(v)
        case Call("**", (u, _)):
            return _surely_positive(u)
        case Call("sqrt", (u,)):
            return _surely_positive(u)
    return False


def polynomial(expression: Expression) -> tuple[Fraction, ...] | None:
    """Coefficients, lowest first, when the expression is a polynomial with rational coefficients; None otherwise."""
    match expression:
        case Constant(value):
            return (value,)
        case Label():
            return (Fraction(0), Fraction(1))
        case Call("neg", (u,)):
            inner = polynomial(u)
            return None if inner is None else tuple(-c for c in inner)
        case Call("+" | "-" as sign, (u, v)):
            left, right = polynomial(u), polynomial(v)
            if left is None or right is None:
                return None
            return _sum(left, right if sign == "+" else tuple(-c for c in right))
        case Call("*", (u, v)):
            left, right = polynomial(u), polynomial(v)
            return None if left is None or right is None else _product(left, right)
        case Call("/", (u, Constant(value))):
            inner = polynomial(u)
            return None if inner is None else tuple(c / value for c in inner)
        case Call("**", (u, Constant(exponent))) if exponent.denominator == 1 and exponent > 0:
            inner = polynomial(u)
            if inner is None or (len(inner) - 1) * exponent > HIGHEST_DEGREE:
                return None
            result: tuple[Fraction, ...] = (Fraction(1),)
            for _ in range(exponent.numerator):
                result = _convolved(result, inner)
            return result
    return None


def _sum(left: tuple[Fraction, ...], right: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    length = max(len(left), len(right))
    padded = [side + (Fraction(0),) * (length - len(side)) for side in (left, right)]
    return tuple(u + v for u, v in zip(*padded, strict=True))


def _product(left: tuple[Fraction, ...], right: tuple[Fraction, ...]) -> tuple[Fraction, ...] | None:
    return None if len(left) + len(right) - 2 > HIGHEST_DEGREE else _convolved(left, right)


def _convolved(left: tuple[Fraction, ...], right: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    result = [Fraction(0)] * (len(left) + len(right) - 1)
    for i, u in enumerate(left):
        for j, v in enumerate(right):
            result[i + j] += u * v
    return tuple(result)


def from_coefficients(coefficients: tuple[Fraction, ...]) -> Expression:
    """The polynomial in Horner's form."""
    result: Expression = ZERO
    for coefficient in reversed(coefficients):
        result = add(multiply(result, Label()), Constant(coefficient))
    return result


def antiderivative(expression: Expression) -> Expression | None:
    """An antiderivative in `y`, for sums of multiples of polynomials, powers of linear terms `exp`, `sin`, `cos` of linear terms and `exp` of a
    concave quadratic.

    Returns:
      None where none of these applies; the caller then integrates by quadrature in balls.
    """
    coefficients = polynomial(expression)
    if coefficients is not None:
        return from_coefficients((Fraction(0), *(c / (k + 1) for k, c in enumerate(coefficients))))
    match expression:
        case Call("neg", (u,)):
            inner = antiderivative(u)
            return None if inner is None else negate(inner)
        case Call("+" | "-" as sign, (u, v)):
            left, right = antiderivative(u), antiderivative(v)
            if left is None or right is None:
                return None
            return add(left, right) if sign == "+" else subtract(left, right)
        case Call("*", (u, v)) if not depends_on_label(u) or not depends_on_label(v):
            factor, rest = (u, v) if not depends_on_label(u) else (v, u)
            inner = antiderivative(rest)
            return None if inner is None else multiply(factor, inner)
        case Call("/", (u, v)) if not depends_on_label(v):
            inner = antiderivative(u)
            return None if inner is None else divide(inner, v)
        case Call("/", (u, v)) if not depends_on_label(u):
            inner = antiderivative(_reciprocal(v))
            return None if inner is None else multiply(u, inner)
        case Call("**", (u, Constant(exponent))) if exponent != -1:
            slope = _slope(u)
            if slope is None:
                return None
            return divide(power(u, exponent + 1), Constant(slope * (exponent + 1)))
        case Call("exp", (u,)) if (quadratic := polynomial(u)) is not None and len(quadratic) == 3 and quadratic[2] < 0:
            return _error_function(quadratic)
        case Call("exp" | "sin" | "cos" as name, (u,)):
            slope = _slope(u)
            if slope is None:
                return None
            outer = {"exp": expression, "sin": negate(call("cos", u)), "cos": call("sin", u)}[name]
            return divide(outer, Constant(slope))
    return None


def _slope(expression: Expression) -> Fraction | None:
    """The slope of a linear term that does depend on `y`."""
    coefficients = polynomial(expression)
    if coefficients is None or len(coefficients) < 2 or coefficients[1] == 0 or any(coefficients[2:]):
        return None
    return coefficients[1]


def _error_function(quadratic: tuple[Fraction, ...]) -> Expression:
    """An antiderivative of `exp(c - a (y - m)^2)` with `a > 0`: `exp(c) sqrt(pi/a)/2 erf(sqrt(a) (y - m))`."""
    a = -quadratic[2]
    m = quadratic[1] / (2 * a)
    top = quadratic[0] + a * m**2
    scale = multiply(call("exp", Constant(top)), divide(call("sqrt", divide(PI, Constant(a))), constant(2)))
    return multiply(scale, call("erf", multiply(call("sqrt", Constant(a)), subtract(Label(), Constant(m)))))


def _reciprocal(expression: Expression) -> Expression:
    match expression:
        case Call("**", (u, Constant(exponent))):
            return power(u, -exponent)
    return power(expression, Fraction(-1))
