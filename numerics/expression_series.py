"""Trigonometric series in doubles and in balls: `S(t) = Re sum_k (a_k - i b_k) e^{ikt}` and its derivatives, which stay exact."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import flint
from flint import acb, acb_poly, arb, fmpq

from numerics.expression_tree import TrigonometricSeries

TAYLOR = 6
"""Order of the expansion about the middle by which a wide real ball is enclosed; Horner's rule overestimates there."""


def evaluate_series(series: TrigonometricSeries, y: Any, module: Any) -> Any:
    """Values in NumPy or `jax.numpy`: a polynomial in `e^{it}`, one pass for all terms, no matrix of labels times terms."""
    rate = math.pi / float(series.upper - series.lower)
    angle = (y - float(series.lower)) * rate
    turn = module.cos(angle) + 1j * module.sin(angle)
    terms = [
        complex(a, -b) * complex(0, k * rate) ** series.order if series.order else complex(a, -b)
        for k, (a, b) in enumerate(_pairs(series))
    ]
    return module.polyval(module.asarray(terms[::-1]), turn).real


def ball_series(series: TrigonometricSeries, y: acb) -> acb:
    """An enclosure on the ball `y`; entire, so there is no flag to honour."""
    rate = arb.pi() / _exact(series.upper - series.lower)
    angle = (y - _exact(series.lower)) * rate
    if not y.imag.is_zero():
        forward, backward = _polynomials(series, series.order, flint.ctx.prec)
        turn = acb(0, 1) * angle
        return (forward(turn.exp()) + backward((-turn).exp())) / 2 * rate**series.order
    radius = angle.real.rad()
    if radius * len(series.cosine) < arb(2) ** -30:
        return acb(_on_the_line(series, series.order, angle.real) * rate**series.order)
    middle = arb(angle.real.mid())
    step = angle.real - middle
    total = arb(0)
    for k in reversed(range(TAYLOR)):
        total = total * step / (k + 1) + _on_the_line(series, series.order + k, middle)
    # Lagrange's remainder: the next derivative is at most the sum of its coefficients' sizes.
    left_out = (
        _size(series, series.order + TAYLOR, flint.ctx.prec) * step.abs_upper() ** TAYLOR / math.factorial(TAYLOR)
    )
    return acb((total + arb(0, left_out.abs_upper())) * rate**series.order)


def series_masses(series: TrigonometricSeries, edges: list[Fraction]) -> list[arb]:
    """Exact integrals between consecutive edges, from the antiderivative term by term."""
    values = [_antiderivative(series, edge) for edge in edges]
    return [right - left for left, right in pairwise(values)]


def _antiderivative(series: TrigonometricSeries, y: Fraction) -> arb:
    rate = arb.pi() / _exact(series.upper - series.lower)
    angle = _exact((y - series.lower) / (series.upper - series.lower)) * arb.pi()
    value = _on_the_line(series, series.order - 1, angle) * rate ** (series.order - 1)
    return value if series.order else value + arb(series.cosine[0]) * _exact(y - series.lower)


def _on_the_line(series: TrigonometricSeries, order: int, angle: arb) -> arb:
    """The derivative of this order in `t` (the antiderivative without its linear term for -1) at a real angle."""
    return _polynomials(series, order, flint.ctx.prec)[0](acb(0, angle).exp()).real


@lru_cache(maxsize=128)
def _polynomials(series: TrigonometricSeries, order: int, precision: int) -> tuple[acb_poly, acb_poly]:
    """Of `e^{it}` with coefficients `(a - ib) (ik)^order`, and of `e^{-it}` with the conjugates."""
    del precision  # part of the key: coefficients are rounded to the present precision
    forward = [acb(arb(a), -arb(b)) for a, b in _pairs(series)]
    if order:
        forward = [acb(0), *(value * acb(0, k) ** order for k, value in enumerate(forward[1:], 1))]
    return acb_poly(forward), acb_poly([value.conjugate() for value in forward])


@lru_cache(maxsize=128)
def _size(series: TrigonometricSeries, order: int, precision: int) -> arb:
    del precision
    return sum((abs(acb(arb(a), arb(b))) * arb(k) ** order for k, (a, b) in enumerate(_pairs(series))), arb(0))


def _pairs(series: TrigonometricSeries) -> list[tuple[float, float]]:
    terms = max(len(series.cosine), len(series.sine))
    sides = [[*side, *([0.0] * (terms - len(side)))] for side in (series.cosine, series.sine)]
    return list(zip(*sides, strict=True))


def _exact(value: Fraction) -> arb:
    return arb(fmpq(value.numerator, value.denominator))
