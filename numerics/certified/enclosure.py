"""A certified number as text and as doubles, and the ball-arithmetic tools that certificates share."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import flint
from flint import acb, arb

from numerics import deadline
from numerics.expression.balls import ball, bounded_integral, exact, interval, is_real
from numerics.expression.calculus import derivative
from numerics.expression.tree import Expression
from numerics.records import Estimate
from unskew.ground.refusals import InputError

NARROW = 2.0**-52
"""A gap between a bound and a value so narrow, as a share of one plus its size, is left."""
DIGITS = 25
"""Decimals of a midpoint; 20 are promised."""


class NotCertified(InputError):
    """No finite enclosure was found: said in words, never a `nan` ball, which would overlap everything."""


@dataclass(frozen=True)
class Enclosure:
    """A certified interval, `midpoint +- radius`, as decimal strings.

    Attributes:
      midpoint: decimal, `DIGITS` significant digits.
      radius: decimal, rounded up; covers the rounding of the midpoint to decimals as well.
    """

    midpoint: str
    radius: str

    @property
    def estimate(self) -> Estimate:
        """The same as doubles: the radius also covers the midpoint's conversion (half a unit in the last place)."""
        value = float(self.midpoint)
        return Estimate(value, math.nextafter(float(self.radius) + math.ulp(value) / 2, math.inf))

    def contains(self, value: Fraction) -> bool:
        """Whether an exact number lies in the interval."""
        return abs(value - Fraction(self.midpoint)) <= Fraction(self.radius)

    def overlaps(self, other: Enclosure) -> bool:
        """Whether the two intervals have a point in common, decided exactly."""
        return abs(Fraction(self.midpoint) - Fraction(other.midpoint)) <= Fraction(self.radius) + Fraction(other.radius)


def enclosure(value: arb, what: str) -> Enclosure:
    """The enclosure of a finite ball.

    Raises:
      NotCertified: the ball is not finite.
    """
    if not value.is_finite():
        raise NotCertified(f"no certified {what}", "the integrand has no finite enclosure on this support")
    midpoint = value.mid().str(DIGITS, radius=False)
    with flint.ctx.workprec(max(flint.ctx.prec, 128)):
        away = (value - arb(midpoint)).abs_upper()
        # Three digits, rounded up by adding one unit of the third.
        radius = "0" if away.is_zero() else f"{float(away) * 1.01 + 5e-324:.3g}"
        if not arb(midpoint, arb(radius)).contains(value):
            raise AssertionError(f"the decimal interval of {what} does not cover its ball")
    return Enclosure(midpoint, radius)


def integral(
    function: Callable[[acb, bool], acb], lower: Fraction, upper: Fraction, what: str, *, bits: int = 84
) -> arb:
    """A certified integral of a real function of any sign.

    Args:
      function: takes a complex ball and the `analytic` flag; must give a ball that is not finite wherever the flag is set and the function is
        not analytic on all of the ball (else the result is wrong, see `tests/test_certified.py`).
      bits: goal of the error, 2^-bits, absolute or relative, whichever comes first; certified whether or not it is met.

    Raises:
      NotCertified: the enclosure is not finite.
    """
    value = bounded_integral(function, lower, upper, arb(2) ** -bits, arb(2) ** -bits)
    if not value.is_finite():
        raise NotCertified(f"no certified {what}", f"no finite enclosure over [{float(lower):g}, {float(upper):g}]")
    return value.real


def extremes(expression: Expression, lower: Fraction, upper: Fraction, tries: int = 200) -> tuple[arb, arb]:
    """Balls that hold the infimum and the supremum of a smooth expression on an interval.

    Where the derivative's ball has one sign the function is monotone and its ends decide; elsewhere the part with the largest bound (by the mean value
    form) is halved, until the bound meets a value that is taken or the tries run out: then the ball is as wide as the gap.

    Raises:
      NotCertified: no finite enclosure of the values.
    """
    slope = derivative(expression)
    ends = tuple(_real(ball(expression, acb(exact(end)))) for end in (lower, upper))
    steep = _rise(slope, lower, upper)
    if steep >= 0:
        return ends[0], ends[1]
    if steep <= 0:
        return ends[1], ends[0]
    return -_highest(expression, slope, lower, upper, ends, -1, tries), _highest(
        expression, slope, lower, upper, ends, 1, tries
    )


def _highest(
    expression: Expression,
    slope: Expression,
    lower: Fraction,
    upper: Fraction,
    ends: tuple[arb, ...],
    sign: int,
    tries: int,
) -> arb:
    """The supremum of `sign` times a smooth expression, by best bound first."""
    taken = (sign * ends[0]).max(sign * ends[1])
    heap = [(-math.inf, lower, upper, arb("inf"))]
    for _ in range(tries):
        deadline.check()
        _, low, high, _ = heapq.heappop(heap)
        middle = (low + high) / 2
        value = sign * _real(ball(expression, acb(exact(middle))))
        taken = taken.max(value)
        for left, right in ((low, middle), (middle, high)):
            rise = _rise(slope, left, right)
            if rise >= 0 or rise <= 0:
                # An end is the highest there: the middle just now, the other one before.
                continue
            inner = (left + right) / 2
            whole = ball(expression, interval(left, right))
            bound = sign * _real(whole) if whole.is_finite() else arb("inf")
            if rise.is_finite() and whole.is_finite():
                centre = sign * _real(ball(expression, acb(exact(inner))))
                bound = bound.intersection(centre + rise * exact((right - left) / 2) * arb(0, 1))
            if not bound.upper() <= taken.lower():
                heapq.heappush(heap, (-float(bound.upper()), left, right, bound))
        if not heap or -heap[0][0] - float(taken.mid()) <= NARROW * (1 + abs(float(taken.mid()))):
            break
    highest = taken.max(heap[0][3].upper()).union(taken) if heap else taken
    if not highest.is_finite():
        raise NotCertified("no certified range of the density", "its enclosure is not finite on this support")
    return highest


def _rise(slope: Expression, low: Fraction, high: Fraction) -> arb:
    """The derivative's ball on an interval; not a number where it is not finite and real."""
    steep = ball(slope, interval(low, high))
    return steep.real if is_real(steep) else arb("nan")


def _real(value: acb) -> arb:
    # A rounded-out ball may poke past an end into the negative side of a root; densities are proved real, so the real part encloses.
    if not value.is_finite() or not value.imag.contains(0):
        raise NotCertified("no certified range of the density", "its enclosure is not finite on this support")
    return value.real
