"""Two kinds of numbers for finite worlds: floats that carry a bound of their rounding error, and exact sums of logarithms.

Example: `Real(0.1, 0.0) + Real(0.2, 0.0)` is `Real(0.30000000000000004, 6.7e-17)`: the truth is within the second number of the first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, Self, TypeVar

EPSILON = 2.0**-52
"""Twice the unit roundoff of double precision: also covers a logarithm that is off by one unit in the last place."""


class Numeric(Protocol):
    """What the evaluation of a term needs of a number."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __mul__(self, other: Self, /) -> Self: ...
    def __truediv__(self, other: Self, /) -> Self: ...
    def log(self) -> Self: ...
    @classmethod
    def of(cls, value: Fraction, /) -> Self: ...


N = TypeVar("N", bound=Numeric)


@dataclass(frozen=True, slots=True)
class Real:
    """A float and a bound of its distance from the truth."""

    value: float
    error: float = 0.0

    @classmethod
    def of(cls, value: Fraction) -> Real:
        near = float(value)
        return cls(near, 0.0 if Fraction(near) == value else EPSILON * abs(near))

    def __add__(self, other: Real) -> Real:
        value = self.value + other.value
        return Real(value, self.error + other.error + EPSILON * abs(value))

    def __sub__(self, other: Real) -> Real:
        value = self.value - other.value
        return Real(value, self.error + other.error + EPSILON * abs(value))

    def __mul__(self, other: Real) -> Real:
        value = self.value * other.value
        error = abs(self.value) * other.error + abs(other.value) * self.error + self.error * other.error
        return Real(value, error + EPSILON * abs(value))

    def __truediv__(self, other: Real) -> Real:
        least = abs(other.value) - other.error
        if not least > 0:
            return Real(math.nan, math.inf)
        value = self.value / other.value
        return Real(value, (self.error + abs(value) * other.error) / least + EPSILON * abs(value))

    def log(self) -> Real:
        least = self.value - self.error
        if not least > 0:
            return Real(math.nan, math.inf)
        value = math.log(self.value)
        return Real(value, self.error / least + EPSILON * abs(value))


@dataclass(frozen=True, slots=True)
class Exact:
    """A rational number plus rational multiples of logarithms of primes: `(rational, ((prime, coefficient), ...))`, exact.

    Unequal numbers have unequal records, since logarithms of primes are independent over the rationals.
    """

    rational: Fraction
    logs: tuple[tuple[int, Fraction], ...] = ()

    @classmethod
    def of(cls, value: Fraction) -> Exact:
        return cls(value)

    def __add__(self, other: Exact) -> Exact:
        total = dict(self.logs)
        for prime, coefficient in other.logs:
            total[prime] = total.get(prime, Fraction(0)) + coefficient
        return Exact(self.rational + other.rational, tuple(sorted((k, v) for k, v in total.items() if v)))

    def __sub__(self, other: Exact) -> Exact:
        return self + other * Exact(Fraction(-1))

    def __mul__(self, other: Exact) -> Exact:
        if self.logs and other.logs:
            raise ValueError("a product of logarithms has no exact record")
        number, whole = (self, other) if not self.logs else (other, self)
        factor = number.rational
        return Exact(whole.rational * factor, tuple((k, v * factor) for k, v in whole.logs if v * factor))

    def __truediv__(self, other: Exact) -> Exact:
        if other.logs:
            raise ValueError("a quotient by a logarithm has no exact record")
        return self * Exact(1 / other.rational)

    def log(self) -> Exact:
        if self.logs or self.rational <= 0:
            raise ValueError("the logarithm of such a number has no exact record")
        total: dict[int, Fraction] = {}
        for number, sign in ((self.rational.numerator, 1), (self.rational.denominator, -1)):
            divisor = 2
            while number > 1:
                divisor = divisor if divisor * divisor <= number else number
                while number % divisor == 0:
                    number //= divisor
                    total[divisor] = total.get(divisor, Fraction(0)) + sign
                divisor += 1
        return Exact(Fraction(0), tuple(sorted((k, v) for k, v in total.items() if v)))

    def real(self) -> Real:
        """The same with a bound of its rounding error."""
        whole = Real.of(self.rational)
        for prime, coefficient in self.logs:
            whole = whole + Real.of(coefficient) * Real(float(prime)).log()
        return whole
