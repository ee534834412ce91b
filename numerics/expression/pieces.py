"""An expression on an interval, cut where `abs`, `min` or `max` change branch, and proved positive and finite on it."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import flint
from flint import acb, arb

from numerics import deadline
from numerics.expression.balls import PRECISION, ball, exact, interval, is_real
from numerics.expression.calculus import derivative, polynomial
from numerics.expression.tree import (
    KINKED,
    Call,
    Constant,
    Expression,
    add,
    call,
    children,
    constant,
    contains,
    negate,
    power,
    rebuild,
    subtract,
)
from unskew.ground.refusals import InputError

KINK_PLACES = 60
"""A kink at an irrational label is moved to a rational within `10**-KINK_PLACES` of the length; the density so defined is the one certified."""

MOST_CELLS = 20_000
MOST_BRANCH_CELLS, MOST_STRETCHES = 4_000, 600
NEGLIGIBLE = 2.0**-150
"""Branches that differ by no more than this share of one plus their squares are one branch: 45 digits."""


def smooth_pieces(
    expression: Expression, lower: Fraction, upper: Fraction
) -> list[tuple[Fraction, Fraction, Expression]]:
    """Cuts `[lower, upper]` where a branch changes and writes each piece without `abs`, `min` and `max`.

    Raises:
      InputError: branches change too often to be followed.
    """
    inner = _innermost_kink(expression)
    if inner is None:
        return [(lower, upper, expression)]
    difference = inner.arguments[0] if inner.function == "abs" else subtract(inner.arguments[0], inner.arguments[1])
    size = add(power(inner.arguments[0], Fraction(2)), power(inner.arguments[-1], Fraction(2)))
    cuts = [lower, *_roots(difference, add(size, constant(1)), lower, upper), upper]
    pieces = []
    for left, right in pairwise(cuts):
        sign = _sign(difference, (left + right) / 2)
        branch = _branch(inner, sign)
        pieces += smooth_pieces(_replace(expression, inner, branch), left, right)
    return pieces


def kinks_named(expression: Expression) -> Expression:
    """The expression with `sqrt(u**2)` written as `abs(u)`: a root of an even power is a kink."""
    if not isinstance(expression, Call):
        return expression
    arguments = tuple(kinks_named(argument) for argument in expression.arguments)
    match expression.function, arguments:
        case "sqrt", (Call("**", (u, Constant(exponent))),) if exponent % 2 == 0 and exponent > 0:
            return power(call("abs", u), exponent / 2)
    return Call(expression.function, arguments)


def _innermost_kink(expression: Expression) -> Call | None:
    for child in children(expression):
        found = _innermost_kink(child)
        if found is not None:
            return found
    return expression if isinstance(expression, Call) and expression.function in KINKED else None


def _branch(kink: Call, sign: int) -> Expression:
    first = kink.arguments[0]
    if kink.function == "abs":
        return first if sign >= 0 else negate(first)
    second, rest = kink.arguments[1], kink.arguments[2:]
    chosen = second if (sign >= 0) == (kink.function == "min") else first
    return Call(kink.function, (chosen, *rest)) if rest else chosen


def _replace(expression: Expression, old: Expression, new: Expression) -> Expression:
    if expression == old:
        return new
    if not contains(expression, KINKED):
        return expression
    assert isinstance(expression, Call)
    return rebuild(expression.function, tuple(_replace(child, old, new) for child in expression.arguments))


def _sign(expression: Expression, y: Fraction) -> int:
    """The certified sign at a point; 0 where the ball holds zero or is not real."""
    value = ball(expression, acb(exact(y)))
    if not is_real(value):
        return 0
    return 1 if value.real > 0 else -1 if value.real < 0 else 0


def _simplest(lower: Fraction, upper: Fraction) -> Fraction:
    """The rational of least denominator in `[lower, upper]`, so that a kink at 1/3 becomes exactly 1/3."""
    whole = -(-lower.numerator // lower.denominator)
    if whole <= upper:
        return Fraction(whole)
    floor = whole - 1
    return floor + 1 / _simplest(1 / (upper - floor), 1 / (lower - floor))


@dataclass(frozen=True)
class _Stretch:
    """A stretch on which an expression has one sign, or (0) is negligible."""

    lower: Fraction
    upper: Fraction
    sign: int


def _roots(expression: Expression, size: Expression, lower: Fraction, upper: Fraction) -> list[Fraction]:
    """Where a smooth expression changes sign strictly inside the interval, to `KINK_PLACES`, however often it touches zero.

    Args:
      size: what is compared; where the expression is below `NEGLIGIBLE` of it, either branch will do.
    """
    coefficients = polynomial(expression)
    if coefficients is not None and not any(coefficients):
        return []
    slope = derivative(expression)
    stretches: list[_Stretch] = []
    stack = [(lower, upper)]
    cells = 0
    while stack:
        left, right = stack.pop()
        deadline.check()
        cells += 1
        cell = interval(left, right)
        steepness = ball(slope, cell)
        value = _range(expression, steepness, left, right)
        if value > 0 or value < 0:
            stretches.append(_Stretch(left, right, 1 if value > 0 else -1))
        elif value.abs_upper() <= NEGLIGIBLE * ball(size, cell).abs_lower():
            stretches.append(_Stretch(left, right, 0))
        elif is_real(steepness) and (steepness.real > 0 or steepness.real < 0):
            stretches += _bisect(expression, left, right, upper - lower)
        elif cells > MOST_BRANCH_CELLS or len(stretches) > MOST_STRETCHES:
            raise InputError(
                f"abs, min or max changes branch too often, or for too long hardly at all, near y = {float(left):.6g}",
                "write the branches so that they cross, fewer than some hundred times, or shorten the support",
            )
        else:
            middle = (left + right) / 2
            stack += [(middle, right), (left, middle)]
    signed = [stretch for stretch in stretches if stretch.sign]
    cuts = [_simplest(one.upper, two.lower) for one, two in pairwise(signed) if one.sign != two.sign]
    return [cut for cut in cuts if lower < cut < upper]


def _range(expression: Expression, steepness: acb, left: Fraction, right: Fraction) -> arb:
    """An enclosure of the values on a cell, the mean value form's too; real, since a density is proved so afterwards."""
    value = ball(expression, interval(left, right)).real
    if not is_real(steepness):
        return value
    centre = ball(expression, acb(exact((left + right) / 2))).real
    better = centre + steepness.real * exact((right - left) / 2) * arb(0, 1)
    return value.intersection(better) if value.is_finite() and better.is_finite() else better


def _bisect(expression: Expression, left: Fraction, right: Fraction, length: Fraction) -> list[_Stretch]:
    """A monotone expression in a cell: its one sign, or both on their sides of the simplest rational of a tiny bracket."""
    first, last = _sign(expression, left), _sign(expression, right)
    if first == last or first == 0 or last == 0:
        return [_Stretch(left, right, first or last)]
    low, high = left, right
    with flint.ctx.workprec(2 * PRECISION):
        while high - low > length / 10**KINK_PLACES:
            middle = (low + high) / 2
            sign = _sign(expression, middle)
            if sign == 0:
                low = high = middle
            else:
                low, high = (middle, high) if sign == first else (low, middle)
    root = _simplest(low, high)
    return [_Stretch(left, root, first), _Stretch(root, right, last)]


def prove_positive(expression: Expression, lower: Fraction, upper: Fraction, what: str) -> None:
    """Proves by subdivision in balls that the expression is real, finite and above zero on all of `[lower, upper]`.

    Args:
      what: the expression as typed, for the message.

    Raises:
      InputError: it is not, naming a label where it fails, or no proof was found within the caps.
    """
    for point in (lower, upper):
        _refuse_at(expression, point, what)
    slope = derivative(expression)
    heap = [(Fraction(0), lower, upper)]
    for _ in range(MOST_CELLS):
        if not heap:
            return
        _, left, right = heapq.heappop(heap)
        deadline.check()
        middle = (left + right) / 2
        _refuse_at(expression, middle, what)
        if _positive_on(expression, slope, left, right, lower, upper):
            continue
        for cell in ((left, middle), (middle, right)):
            heapq.heappush(heap, (cell[0] - cell[1], *cell))
    left = heap[0][1]
    raise InputError(
        f"density {what!r} is not proved positive and finite near y = {float(left):.6g}",
        "keep it above zero and bounded on the support",
    )


def _refuse_at(expression: Expression, y: Fraction, what: str) -> None:
    value = ball(expression, acb(exact(y)))
    place = f"at y = {float(y):.6g}"
    if not value.is_finite() or not value.imag.contains(0):
        raise InputError(f"density {what!r} is not a finite number {place}", "choose one that is finite on the support")
    if not value.real > 0:
        raise InputError(
            f"density {what!r} is not positive {place}", "keep it above zero on the support, or change --support"
        )


def _positive_on(
    expression: Expression, slope: Expression, left: Fraction, right: Fraction, lower: Fraction, upper: Fraction
) -> bool:
    cell = interval(left, right)
    value = ball(expression, cell)
    if not value.is_finite():
        return False
    if not value.imag.is_zero():
        # The rounded-out ball may poke past the end of the support into the negative side of a root.
        end = lower if left == lower else upper if right == upper else None
        return end is not None and value.real > 0 and _roots_defined(expression, left, right, end)
    if value.real > 0:
        return True
    # Mean-value form: overestimates only to second order in the width.
    middle = exact((left + right) / 2)
    change = ball(slope, cell)
    better = ball(expression, acb(middle)) + change * (cell - middle)
    return is_real(better) and bool(better.real > 0)


def _roots_defined(expression: Expression, left: Fraction, right: Fraction, end: Fraction) -> bool:
    """Whether what stands under every root is certainly not negative in a cell at an end: not at the end, and monotone away from it."""
    for child in children(expression):
        if not _roots_defined(child, left, right, end):
            return False
    match expression:
        case Call("sqrt", (u,)):
            pass
        case Call("**", (u, Constant(exponent))) if exponent.denominator != 1:
            pass
        case _:
            return True
    cell = interval(left, right)
    if ball(u, cell).real > 0:
        return True
    slope = ball(derivative(u), cell)
    rising = slope.real > 0 if end == left else slope.real < 0
    coefficients = polynomial(u)
    if coefficients is None:
        start = ball(u, acb(exact(end)))
        return is_real(slope) and rising and is_real(start) and bool(start.real >= 0)
    value = Fraction(0)
    for coefficient in reversed(coefficients):
        value = value * end + coefficient
    return is_real(slope) and rising and value >= 0


def certified_pieces(
    expression: Expression, lower: Fraction, upper: Fraction, what: str
) -> list[tuple[Fraction, Fraction, Expression]]:
    """Smooth pieces of an expression on an interval, each proved positive and finite.

    Raises:
      InputError: no proof, naming a label where it fails.
    """
    with flint.ctx.workprec(PRECISION):
        pieces = smooth_pieces(kinks_named(expression), lower, upper)
        for left, right, branch in pieces:
            prove_positive(branch, left, right, what)
    return pieces
