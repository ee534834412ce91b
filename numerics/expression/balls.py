"""Expressions in ball arithmetic: values, certified positivity, certified integrals.

Every function keeps the promise that `acb.integral` needs: with `analytic` set, a ball on which the expression is not
certainly analytic gives a ball that is not finite.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from itertools import pairwise

import flint
import numpy as np
from flint import acb, arb, fmpq

from numerics import deadline
from numerics.expression.calculus import antiderivative
from numerics.expression.series import ball_series, series_masses
from numerics.expression.tree import Call, Constant, Expression, Label, TrigonometricSeries
from unskew.ground.refusals import InputError

ROUNDING_PRECISIONS = (96, 192, 384, 1_536)
"""Bits that are tried in turn to round a value to a double."""
DOUBLE = 2.0**-56
"""Largest radius of a ball, as a share of one plus its size, that is rounded to a double."""
MOST_EVALUATIONS = 100_000
"""Of an integrand: seconds, where a smooth one takes hundredths."""
PRECISION = 192
"""Working precision in bits: 20 digits are asked for, the rest is for cancellation."""


def exact(value: Fraction) -> arb:
    """The rational as a ball at the present precision."""
    return arb(fmpq(value.numerator, value.denominator))


def ball(expression: Expression, y: acb, analytic: bool = False) -> acb:
    """An enclosure of the expression on the ball `y`.

    Args:
      y: a complex ball.
      analytic: as `acb.integral` passes it; then the result is finite only where the expression is analytic on all of
        `y`.

    Returns:
      A ball that holds every value on `y`; not finite where none can be given.
    """
    match expression:
        case Constant(value):
            return acb(exact(value))
        case Label():
            return acb(y)
        case TrigonometricSeries():
            return ball_series(expression, y)
        case Call("pi", ()):
            return acb.pi()
        case Call("**", (base, Constant(exponent))):
            return _power(ball(base, y, analytic), exponent, analytic)
        case Call(function, arguments):
            return _apply(function, [ball(argument, y, analytic) for argument in arguments], analytic)
    raise TypeError(expression)


RISING = {"exp": arb.exp, "log": arb.log, "sqrt": arb.sqrt, "tanh": arb.tanh, "erf": arb.erf}
"""Real functions whose range on an interval is that between its ends; Arb's own enclosure of a wide ball is far wider."""
WIDE = 2.0**-10


def _apply(function: str, values: list[acb], analytic: bool) -> acb:
    first = values[0]
    if not analytic and function in RISING and _is_wide(first):
        low, high = RISING[function](first.real.lower()), RISING[function](first.real.upper())
        if low.is_finite() and high.is_finite():
            return acb(low.union(high))
    match function:
        case "neg":
            return -first
        case "+":
            return first + values[1]
        case "-":
            return first - values[1]
        case "*":
            return first * values[1]
        case "/":
            return first / values[1]
        case "exp":
            return first.exp()
        case "log":
            return first.log(analytic=analytic)
        case "sqrt":
            return first.sqrt(analytic=analytic)
        case "sin":
            return first.sin()
        case "cos":
            return first.cos()
        case "tanh":
            return first.tanh()
        case "erf":
            return first.erf()
        case "abs":
            return first.real_abs(analytic=analytic)
        case "sign":
            return first.real_sgn(analytic=analytic)
        case "min":
            return reduce(lambda u, v: u.real_min(v, analytic=analytic), values)
        case "max":
            return reduce(lambda u, v: u.real_max(v, analytic=analytic), values)
    raise TypeError(function)


def _is_wide(value: acb) -> bool:
    return value.imag.is_zero() and value.real.is_finite() and bool(value.real.rad() > WIDE)


def _may_vanish(value: acb) -> bool:
    return value.imag.is_zero() and value.real.is_finite() and bool(value.real.contains(0))


def _power(base: acb, exponent: Fraction, analytic: bool) -> acb:
    numerator, denominator = exponent.numerator, exponent.denominator
    if denominator == 1 and numerator > 0 and numerator % 2 == 0 and not analytic and _may_vanish(base):
        return acb((base.real.abs_lower() ** numerator).union(base.real.abs_upper() ** numerator))
    if denominator == 1:
        return base**numerator if numerator >= 0 else 1 / base**-numerator
    if denominator == 2:
        return _power(base.sqrt(analytic=analytic), Fraction(numerator), analytic)
    if not analytic and numerator > 0 and base.contains(acb(0)):
        # The principal power near the branch point is at most |base|^exponent in modulus.
        bound = arb(0, (base.abs_upper() ** exact(exponent)).abs_upper())
        return acb(bound, bound)
    return base.pow(acb(exact(exponent)), analytic=analytic)


def interval(lower: Fraction, upper: Fraction) -> acb:
    """The real ball that covers `[lower, upper]`."""
    return acb(arb(exact((lower + upper) / 2), exact((upper - lower) / 2)))


def rounded(expression: Expression, y: np.ndarray) -> np.ndarray:
    """Values at doubles, each rounded once from a ball: to a unit of rounding of one plus its size; nan where no ball is finite."""
    found = np.full(len(y), np.nan)
    missing = np.arange(len(y))
    for bits in ROUNDING_PRECISIONS:
        with flint.ctx.workprec(bits):
            value_at = real_function(expression)
            for number, place in enumerate(missing.tolist()):
                if number % 256 == 0:
                    deadline.check()
                value = value_at(arb(y[place].item()))
                if value.is_finite() and value.rad() <= (1 + abs(value.mid())) * DOUBLE:
                    found[place] = float(value.mid())
        missing = np.flatnonzero(np.isnan(found))
        if not len(missing):
            break
    return found


Real = Callable[[arb], arb]
UNARY: dict[str, Real] = {
    "neg": lambda u: -u,
    "exp": arb.exp,
    "log": arb.log,
    "sqrt": arb.sqrt,
    "sin": arb.sin,
    "cos": arb.cos,
    "tanh": arb.tanh,
    "erf": arb.erf,
    "abs": abs,
    "sign": arb.sgn,
}


def real_function(expression: Expression) -> Real:
    """The expression as a function of real balls, constants made once at the present precision: ten times as fast as `ball` at many points."""
    match expression:
        case Constant(value):
            constant = exact(value)
            return lambda y: constant
        case Call("pi", ()):
            circle = arb.pi()
            return lambda y: circle
        case Label():
            return lambda y: y
        case TrigonometricSeries():
            return lambda y: ball(expression, acb(y)).real
        case Call("**", (base, Constant(exponent))):
            return _real_power(real_function(base), exponent)
        case Call(function, (argument,)):
            outer, inner = UNARY[function], real_function(argument)
            return lambda y: outer(inner(y))
        case Call(function, arguments):
            return reduce(lambda u, v: _real_pair(function, u, v), map(real_function, arguments))
    raise TypeError(expression)


def _real_pair(function: str, u: Real, v: Real) -> Real:
    match function:
        case "+":
            return lambda y: u(y) + v(y)
        case "-":
            return lambda y: u(y) - v(y)
        case "*":
            return lambda y: u(y) * v(y)
        case "/":
            return lambda y: u(y) / v(y)
        case "min":
            return lambda y: u(y).min(v(y))
        case "max":
            return lambda y: u(y).max(v(y))
    raise TypeError(function)


def _real_power(base: Real, exponent: Fraction) -> Real:
    power = exact(exponent)
    if exponent.denominator == 2:
        top = exponent.numerator
        return lambda y: base(y).sqrt() ** top
    return lambda y: base(y) ** power


def is_real(value: acb) -> bool:
    """Finite with an imaginary part that is exactly zero."""
    return value.is_finite() and value.imag.is_zero()


def integral(function: Callable[[acb, bool], acb], lower: Fraction, upper: Fraction) -> arb:
    """A certified enclosure of the integral of a positive real function.

    The goal is a relative one (30 digits at `PRECISION`, fewer at a lower precision), so that bins of tiny mass keep theirs;
    the enclosure is certified whether or not the goal is met.

    Args:
      function: takes a ball and the `analytic` flag, and honours it.

    Raises:
      InputError: the enclosure is not finite: the integrand is not integrable as far as can be proved.
    """
    value = bounded_integral(function, lower, upper, arb(2) ** -min(100, flint.ctx.prec - 20), arb(0))
    if not value.real.is_finite():
        raise InputError(
            f"no finite integral over [{float(lower):g}, {float(upper):g}]", "choose a density that is integrable there"
        )
    return value.real


def bounded_integral(
    function: Callable[[acb, bool], acb], lower: Fraction, upper: Fraction, relative: arb, absolute: arb
) -> acb:
    """`acb.integral` that ends: after `MOST_EVALUATIONS`, and soon after the run's time is spent.

    Raises:
      OutOfTime: it is.
    """

    def integrand(y: acb, analytic: bool) -> acb:
        return acb("nan") if deadline.spent() else function(y, bool(analytic))

    value = acb.integral(
        integrand, acb(exact(lower)), acb(exact(upper)), rel_tol=relative, abs_tol=absolute, eval_limit=MOST_EVALUATIONS
    )
    deadline.check()
    return value


def masses(expression: Expression, edges: list[Fraction]) -> list[arb]:
    """Certified integrals of the expression between consecutive edges: by antiderivative where there is one, else by quadrature in balls."""
    if isinstance(expression, TrigonometricSeries):
        return series_masses(expression, edges)
    primitive = antiderivative(expression)
    found = [arb("nan")] * (len(edges) - 1)
    if primitive is not None:
        points = [ball(primitive, acb(exact(edge))) for edge in edges]
        found = [
            right.real - left.real if is_real(left) and is_real(right) else arb("nan")
            for left, right in pairwise(points)
        ]
    # Differences in a tail may cancel; those are integrated instead.
    enough = flint.ctx.prec // 2
    return [
        mass
        if mass.is_finite() and mass.rel_accuracy_bits() >= enough
        else integral(lambda y, analytic: ball(expression, y, analytic), left, right)
        for mass, (left, right) in zip(found, pairwise(edges), strict=True)
    ]
