"""Trigonometric series in doubles and in balls: `S(t) = Re sum_k (a_k - i b_k) e^{ikt}` and its derivatives, which stay exact.

Horner's rule in `e^{it}` loses half a bit a term when its steps are balls (each turn of a box is covered by a larger box), and hundreds
of terms are common. So the sum and its derivatives are tabulated once at even points by fast transforms in balls, and a value is
the Taylor expansion about the nearest point with Lagrange's remainder: a short polynomial, tight on wide balls too.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import flint
import numpy as np
from flint import acb, acb_poly, arb, arb_poly, fmpq

from numerics.expression.tree import Coefficients, TrigonometricSeries

TAYLOR = 28
"""Terms of the expansion; with `OVERSAMPLING` points a term the remainder of a damped series is far below 2^-128."""
DOUBLE_TAYLOR = 18
"""The same in doubles: even undamped terms leave out less than (pi/4)^18/18!, 2e-18 of their size."""
OVERSAMPLING = 4
LEAST_POINTS = 256
LEAST_PRECISION = 192
"""In bits, of the tables; a call at lower precision shares them."""


def evaluate_series(series: TrigonometricSeries, y: Any, module: Any) -> Any:
    """Values in NumPy or `jax.numpy`, by the same expansion in doubles: its cost does not grow with the number of terms."""
    coefficients = series.coefficients
    rate = math.pi / float(series.upper - series.lower)
    half = _points(coefficients) // 2
    angle = (y - float(series.lower)) * rate
    number = module.clip(module.round(angle * (half / math.pi)), 0, half).astype(int)
    step = angle - number * (math.pi / half)
    total = module.zeros_like(step)
    for row in _double_table(coefficients, series.order)[::-1]:
        total = total * step + module.asarray(row)[number]
    return total * rate**series.order


@lru_cache(maxsize=32)
def _double_table(coefficients: Coefficients, order: int) -> np.ndarray:
    """Taylor coefficients at the tabulated points, shape (DOUBLE_TAYLOR, half + 1)."""
    length = _points(coefficients)
    k = np.arange(len(coefficients.cosine))
    amplitudes = np.array(coefficients.cosine) - 1j * np.array(coefficients.sine)
    rows = []
    for degree in range(DOUBLE_TAYLOR):
        terms = amplitudes * (1j * k) ** (order + degree) / math.factorial(degree)
        rows.append(np.fft.ifft(terms, length).real[: length // 2 + 1] * length)
    return np.array(rows)


def ball_series(series: TrigonometricSeries, y: acb) -> acb:
    """An enclosure on the ball `y`; entire, so there is no flag to honour."""
    rate = arb.pi() / _exact(series.upper - series.lower)
    return _expansion(series.coefficients, series.order, (y - _exact(series.lower)) * rate) * rate**series.order


def series_masses(series: TrigonometricSeries, edges: list[Fraction]) -> list[arb]:
    """Exact integrals between consecutive edges, from the antiderivative term by term."""
    rate = arb.pi() / _exact(series.upper - series.lower)
    order = series.order - 1
    constant = arb(series.coefficients.cosine[0]) if series.order == 0 else arb(0)
    values = []
    for edge in edges:
        angle = _exact((edge - series.lower) / (series.upper - series.lower)) * arb.pi()
        periodic = _expansion(series.coefficients, order, acb(angle)).real * rate**order
        values.append(periodic + constant * _exact(edge - series.lower))
    return [right - left for left, right in pairwise(values)]


def _expansion(coefficients: Coefficients, order: int, angle: acb) -> acb:
    """The derivative of this order in `t` (the antiderivative without its linear term for -1) on a ball of angles."""
    precision = max(flint.ctx.prec, LEAST_PRECISION)
    half = _points(coefficients) // 2
    place = float(angle.real.mid()) * half / math.pi if angle.real.is_finite() else 0.0
    number = min(half, max(0, round(place)))
    step = angle - arb.pi() * number / half
    value = _polynomial(coefficients, order, number, precision)(step)
    # Lagrange: the remainder is at most the largest next derivative, itself at most the sum of its coefficients' sizes times e^(k|Im t|).
    rise = angle.imag.abs_upper()
    height = None if rise.is_zero() else math.ceil(4 * math.log2(max(1e-300, float(rise))) + 1e-6)
    with flint.ctx.workprec(64):
        size = _largest(coefficients, order + TAYLOR, height)
        left_out = (size * step.abs_upper() ** TAYLOR / math.factorial(TAYLOR)).abs_upper()
    around = arb(0, left_out)
    if angle.imag.is_zero():
        return acb(value.real + around)
    return value + acb(around, around)


def _points(coefficients: Coefficients) -> int:
    """Length of the transforms: a power of two, at least `OVERSAMPLING` times the terms."""
    return max(LEAST_POINTS, 1 << (OVERSAMPLING * len(coefficients.cosine) - 1).bit_length())


@lru_cache(maxsize=4096)
def _polynomial(coefficients: Coefficients, order: int, number: int, precision: int) -> acb_poly:
    """The Taylor polynomial of a derivative about a tabulated point."""
    with flint.ctx.workprec(precision + 32):
        terms = [_derivatives(coefficients, order + k, precision)[number] / math.factorial(k) for k in range(TAYLOR)]
        if order < 0:
            # What the antiderivative leaves out, its linear term, is not among its derivatives either.
            terms[1] -= arb(coefficients.cosine[0])
        return acb_poly(terms)


@lru_cache(maxsize=128)
def _derivatives(coefficients: Coefficients, order: int, precision: int) -> list[arb]:
    """The derivative of this order at `t = pi j/half`, j = 0 .. half, by one transform."""
    length = _points(coefficients)
    with flint.ctx.workprec(precision + 32):
        # The transform turns clockwise, so it is given the conjugate coefficients; the real part is the same.
        terms = [acb(arb(a), arb(b)) for a, b in _pairs(coefficients)]
        if order:
            terms = [acb(0), *(value * acb(0, -k) ** order for k, value in enumerate(terms[1:], 1))]
        return [value.real for value in acb.dft(terms + [acb(0)] * (length - len(terms)))[: length // 2 + 1]]


@lru_cache(maxsize=4096)
def _largest(coefficients: Coefficients, order: int, height: int | None) -> arb:
    """`sum_k |a_k - i b_k| k^order e^(k h)` with `h = 2^(height/4)`, or 0 for None: no derivative of this order exceeds it for `|Im t| <= h`."""
    with flint.ctx.workprec(64):
        grown = arb(1) if height is None else (arb(2) ** (arb(height) / 4)).exp()
        return _sizes(coefficients, order)(grown)


@lru_cache(maxsize=128)
def _sizes(coefficients: Coefficients, order: int) -> arb_poly:
    with flint.ctx.workprec(64):
        return arb_poly([abs(acb(arb(a), arb(b))) * arb(k) ** order for k, (a, b) in enumerate(_pairs(coefficients))])


def _pairs(coefficients: Coefficients) -> list[tuple[float, float]]:
    return list(zip(coefficients.cosine, coefficients.sine, strict=True))


def _exact(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))
