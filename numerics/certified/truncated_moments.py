"""Closed forms in x, in ball arithmetic: int_piece f(y) N(x; y, s^2) dy for densities that are polynomials times exponentials of quadratics.

A density piece is written as a sum of terms P(y) exp(c0 + c1 y + c2 y^2) with exact rational coefficients. Completing the square turns each
into truncated Gaussian moments, which follow a two-term recurrence from an error-function difference. All are entire in x.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import acb, arb

from numerics.expression.balls import exact
from numerics.expression.tree import Call, Constant, Expression, Label

Polynomial = tuple[Fraction, ...]
"""Coefficients by rising power."""

MOST_TERMS = 12
MOST_DEGREE = 24


@dataclass(frozen=True)
class Term:
    """`P(y) exp(c0 + c1 y + c2 y^2)`.

    Attributes:
      polynomial: P.
      exponent: (c0, c1, c2).
    """

    polynomial: Polynomial
    exponent: tuple[Fraction, Fraction, Fraction]


ZERO, ONE = Fraction(0), Fraction(1)
FLAT = (ZERO, ZERO, ZERO)
FLAT_TERM = Term((ONE,), FLAT)


def terms(expression: Expression) -> tuple[Term, ...] | None:
    """The expression as a sum of terms; None where it is not of that form (or has more than `MOST_TERMS`)."""
    found = _terms(expression)
    if found is None or len(found) > MOST_TERMS or any(len(term.polynomial) > MOST_DEGREE + 1 for term in found):
        return None
    return found


def _terms(expression: Expression) -> tuple[Term, ...] | None:
    match expression:
        case Constant(value):
            return (Term((value,), FLAT),)
        case Label():
            return (Term((ZERO, ONE), FLAT),)
        case Call("neg", (operand,)):
            inner = _terms(operand)
            return None if inner is None else tuple(Term(tuple(-c for c in t.polynomial), t.exponent) for t in inner)
        case Call("exp", (operand,)):
            inner = _terms(operand)
            if inner is None or len(inner) != 1 or inner[0].exponent != FLAT or len(inner[0].polynomial) > 3:
                return None
            c0, c1, c2 = (*inner[0].polynomial, ZERO, ZERO)[:3]
            return (Term((ONE,), (c0, c1, c2)),)
        case Call("**", (base, Constant(exponent))) if exponent.denominator == 1 and 0 < exponent <= MOST_DEGREE:
            inner = _terms(base)
            power: tuple[Term, ...] | None = (Term((ONE,), FLAT),)
            for _ in range(int(exponent)):
                power = _product(power, inner)
            return power
        case Call("+" | "-" as sign, (left, right)):
            second = _terms(right if sign == "+" else Call("neg", (right,)))
            first = _terms(left)
            return None if first is None or second is None else _collected(first + second)
        case Call("*", (left, right)):
            return _product(_terms(left), _terms(right))
        case Call("/", (left, right)):
            below = _terms(right)
            if below is None or len(below) != 1 or len(below[0].polynomial) != 1:
                return None
            c0, c1, c2 = below[0].exponent
            return _product(_terms(left), (Term((1 / below[0].polynomial[0],), (-c0, -c1, -c2)),))
    return None


def _product(left: tuple[Term, ...] | None, right: tuple[Term, ...] | None) -> tuple[Term, ...] | None:
    if left is None or right is None or len(left) * len(right) > MOST_TERMS**2:
        return None
    products = []
    for a in left:
        for b in right:
            coefficients = [ZERO] * (len(a.polynomial) + len(b.polynomial) - 1)
            for i, u in enumerate(a.polynomial):
                for j, v in enumerate(b.polynomial):
                    coefficients[i + j] += u * v
            u0, u1, u2 = a.exponent
            v0, v1, v2 = b.exponent
            products.append(Term(tuple(coefficients), (u0 + v0, u1 + v1, u2 + v2)))
    return _collected(tuple(products))


def _collected(found: tuple[Term, ...]) -> tuple[Term, ...]:
    """One term for each exponent, zero coefficients at the top taken off."""
    by_exponent: dict[tuple[Fraction, Fraction, Fraction], list[Fraction]] = {}
    for term in found:
        total = by_exponent.setdefault(term.exponent, [])
        total.extend([ZERO] * (len(term.polynomial) - len(total)))
        for power, coefficient in enumerate(term.polynomial):
            total[power] += coefficient
    kept = []
    for exponent, total in by_exponent.items():
        while len(total) > 1 and total[-1] == 0:
            total.pop()
        if any(total):
            kept.append(Term(tuple(total), exponent))
    return tuple(kept)


def shifted(polynomial: Polynomial, center: Fraction) -> Polynomial:
    """Coefficients in powers of y - center (Horner's scheme, exact)."""
    coefficients = list(polynomial)
    for first in range(len(coefficients) - 1):
        for power in range(len(coefficients) - 2, first - 1, -1):
            coefficients[power] += center * coefficients[power + 1]
    return tuple(coefficients)


@dataclass(frozen=True)
class Smoothed:
    """`x -> sum_i weight_i int_{edge_i}^{edge_{i+1}} P(y) exp(c0 + c1 y + c2 y^2) N(x; y, s^2) dy`, with the constants worked out once.

    Attributes:
      edges: labels between which the weight is constant, from the center.
      jumps: weight before each edge less the weight after it (zero outside); they add up to zero.
      polynomial: P in powers of y - center, times spread over noise.
      mean: (slope, offset): the mean of the completed square is slope * x + offset, from the center.
      spread: its standard deviation.
      factor: (quadratic, linear, constant): coefficients in x of the logarithm of the factor in front.
    """

    edges: tuple[arb, ...]
    jumps: tuple[arb, ...]
    polynomial: tuple[arb, ...]
    mean: tuple[arb, arb]
    spread: arb
    factor: tuple[arb, arb, arb]

    def __call__(self, x: Any) -> Any:
        """The sum at x: a real or complex ball, or a power series in a displacement of x."""
        mean = self.mean[0] * x + self.mean[1]
        root = self.spread * arb(2).sqrt()
        distances = [(edge - mean) / root for edge in self.edges]
        # Both forms are the same entire function, since the jumps add up to zero; the branch picks the one that cancels less.
        if _constant_term(distances[0] + distances[-1]) > 0:
            moment = _weighted(self.jumps, [-distance.erfc() for distance in distances]) / 2
        else:
            moment = _weighted(self.jumps, [(-distance).erfc() for distance in distances]) / 2
        total = self.polynomial[0] * moment
        if len(self.polynomial) > 1:
            scale = self.spread / (2 * arb.pi()).sqrt()
            bumps = [(-distance * distance).exp() * scale for distance in distances]
            variance, previous = self.spread * self.spread, moment * 0
            coefficients = list(self.jumps)
            for power, coefficient in enumerate(self.polynomial[1:], 1):
                ends = _weighted(coefficients, bumps)
                previous, moment = moment, mean * moment + (power - 1) * variance * previous - ends
                total = total + coefficient * moment
                coefficients = [a * edge for a, edge in zip(coefficients, self.edges, strict=True)]
        quadratic, linear, constant = self.factor
        if quadratic.is_zero() and linear.is_zero():
            return total * constant.exp()
        return total * ((quadratic * x + linear) * x + constant).exp()


def _constant_term(value: Any) -> arb:
    if isinstance(value, arb | acb):
        return value.real.mid()
    return value[0].mid()


def _weighted(weights: Sequence[arb], values: Sequence[Any]) -> Any:
    total = values[0] * weights[0]
    for weight, value in zip(weights[1:], values[1:], strict=True):
        if not weight.is_zero():
            total = total + value * weight
    return total


def smoothed(term: Term, edges: Sequence[Fraction], weights: Sequence[arb], noise: Fraction) -> Smoothed | None:
    """The closed form of one term with weights between edges; None where the completed square is not a bump (c2 >= 1/(2 s^2)).

    Args:
      edges: ascending, one more than weights.
    """
    c0, c1, c2 = term.exponent
    precision = 1 / noise**2 - 2 * c2
    if precision <= 0:
        return None
    center = (edges[0] + edges[-1]) / 2
    # exp(-(x-y)^2/(2 s^2) + c0 + c1 y + c2 y^2): a bump in y of that precision about (x/s^2 + c1)/precision.
    factor = (
        1 / (2 * noise**4 * precision) - 1 / (2 * noise**2),
        c1 / (noise**2 * precision),
        c1**2 / (2 * precision) + c0,
    )
    spread = 1 / exact(precision).sqrt()
    before, after = [arb(0), *weights], [*weights, arb(0)]
    return Smoothed(
        tuple(exact(edge - center) for edge in edges),
        tuple(a - b for a, b in zip(before, after, strict=True)),
        tuple(exact(c) * spread / exact(noise) for c in shifted(term.polynomial, center)),
        (exact(1 / (noise**2 * precision)), exact(c1 / precision - center)),
        spread,
        (exact(factor[0]), exact(factor[1]), exact(factor[2])),
    )
