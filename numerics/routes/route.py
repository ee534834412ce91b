"""What a route is: a table from terms to estimates, and the arithmetic that carries it from parts to the whole."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from numerics.evidence import Evidence
from numerics.posterior.records import PerClasses
from numerics.quadrature import EPSILON
from numerics.records import Estimate, EvidenceKind
from theory.printing import text
from theory.terms import Apply, Function, Log, Named, Number, Power, Product, Sum, Term

Lookup = Callable[[Term, int | None], Estimate | None]
"""The estimate that a route has for a term and a number of classes K (None: for what needs none); None where it has none.

Raises:
  NeedsClasses: the term speaks of classes, and K is None.
"""


class NeedsClasses(Exception):
    """A term speaks of classes, and no number of classes was named."""


class NotReached(Exception):
    """A route has no number for a term (the message names it, printed when it is read), or none in this world (the message says why)."""

    def __str__(self) -> str:
        (what,) = self.args
        return f"no number for {text(what)}" if isinstance(what, Term) else str(what)


@dataclass(frozen=True)
class Route:
    """A way to numbers.

    Attributes:
      name: in a few words, as a check's note gives it.
      evidence: the kind of evidence that its numbers are.
      lookup: its numbers.
    """

    name: str
    evidence: EvidenceKind
    lookup: Lookup

    def number(self, whole: Term, classes: int | None = None) -> Estimate:
        """The estimate of a constant term.

        Raises:
          NeedsClasses, NotReached: see there.
        """
        known = self.lookup(whole, classes)
        if known is not None:
            return known
        match whole:
            case Number(value):
                return _rational(value)
            case Named(_, _, definition):
                return self.number(definition, classes)
            case Sum(terms):
                return total([self.number(each, classes) for each in terms])
            case Product(factors):
                result = Estimate(1.0, 0.0)
                for each in factors:
                    result = product(result, self.number(each, classes))
                return result
            case Power(base, exponent):
                return power(self.number(base, classes), exponent)
            case Log(Number(value)) if value > 0:
                size = abs(math.log(value.numerator)) + abs(math.log(value.denominator))
                return Estimate(math.log(value.numerator) - math.log(value.denominator), 2 * EPSILON * size)
            case Log(argument):
                return logarithm(self.number(argument, classes))
            case Apply(function, argument):
                return applied(function, self.number(argument, classes))
        raise NotReached(whole)


def _rational(value: Fraction) -> Estimate:
    near = float(value)
    return Estimate(near, 0.0 if Fraction(near) == value else EPSILON * abs(near))


def total(terms: list[Estimate]) -> Estimate:
    """The sum, errors added, with the rounding of the summation."""
    size = math.fsum(abs(term.value) for term in terms if math.isfinite(term.value))
    rounding = EPSILON * size * (len(terms) - 1)
    return Estimate(sum(term.value for term in terms), sum(term.error for term in terms) + rounding)


def product(first: Estimate, second: Estimate) -> Estimate:
    """The product, errors to first and second order."""
    error = abs(first.value) * second.error + abs(second.value) * first.error + first.error * second.error
    value = first.value * second.value
    return Estimate(value, error + EPSILON * abs(value) * (error > 0))


def power(base: Estimate, exponent: int) -> Estimate:
    """An integer power; of a number that may be zero only a positive one."""
    result = Estimate(1.0, 0.0)
    for _ in range(abs(exponent)):
        result = product(result, base)
    if exponent >= 0:
        return result
    least = abs(result.value) - result.error
    if not least > 0:
        return Estimate(math.nan, math.inf)
    value = 1 / result.value
    return Estimate(value, result.error * abs(value) / least + EPSILON * abs(value))


def logarithm(number: Estimate) -> Estimate:
    """The natural logarithm of a positive number."""
    least = number.value - number.error
    if not least > 0:
        return Estimate(math.nan, math.inf)
    value = math.log(number.value)
    return Estimate(value, number.error / least + EPSILON * abs(value))


def applied(function: Function, number: Estimate) -> Estimate:
    """A monotone function of a number, its error by its change over the error of the argument."""
    if not math.isfinite(number.value):
        return Estimate(math.nan, math.inf)
    value = function.value(number.value)
    ends = [function.value(number.value - number.error), function.value(number.value + number.error)]
    return Estimate(value, max(abs(end - value) for end in ends) + 16 * EPSILON * (1 + abs(value)))


def entry(evidence: Evidence, classes: int | None) -> PerClasses:
    """The numbers of one partition.

    Raises:
      NeedsClasses: no K is named.
    """
    if classes is None:
        raise NeedsClasses
    return next(each for each in evidence.quantities.per_classes if each.classes == classes)
