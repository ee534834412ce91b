"""Weighted least squares on finite worlds, in exact rationals: what class features do to the gap of a linear read-out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sympy import Expr, Matrix, Rational, expand, symbols, zeros

from theory.residual import Residual

World = tuple[list[Any], list[Any], Matrix, list[Any], list[Any]]


def world(channel: Sequence[Sequence[Any]], q: Sequence[Any], p: Sequence[Any], labels: Sequence[Any]) -> World:
    """q(x), p(x), the matrix q(y|x) (inputs x labels), f_q, f_p of a finite world; channel[y][x] = k(x|y)."""
    inputs, sizes = range(len(channel[0])), range(len(q))
    q_x, p_x = ([sum(law[y] * channel[y][x] for y in sizes) for x in inputs] for law in (q, p))
    posterior = Matrix(len(q_x), len(q), lambda x, y: q[y] * channel[y][x] / q_x[x])
    f_q, f_p = (
        [sum(law[y] * channel[y][x] * labels[y] for y in sizes) / mass[x] for x in inputs]
        for law, mass in ((q, q_x), (p, p_x))
    )
    return q_x, p_x, posterior, f_q, f_p


def coefficients(features: Matrix, weight: Sequence[Any], target: Sequence[Any]) -> Matrix:
    """Weighted least squares, by Cramer's rule."""
    size = features.shape[1]
    gram, moment = zeros(size, size), zeros(size, 1)
    for x, mass in enumerate(weight):
        gram += mass * features[x, :].T * features[x, :]
        moment += mass * features[x, :].T * target[x]
    return gram.LUsolve(moment)


def readout_gap(features: Matrix, here: World) -> Expr:
    """R_q(beta_p) - R_q(beta_q)."""
    q_x, p_x, _, f_q, f_p = here
    moved = features * (coefficients(features, p_x, f_p) - coefficients(features, q_x, f_q))
    return sum(mass * moved[x] ** 2 for x, mass in enumerate(q_x))


def bayes_price(here: World) -> Expr:
    """E_q(f_p - f_q)^2."""
    q_x, _, _, f_q, f_p = here
    return sum(mass * (b - a) ** 2 for mass, a, b in zip(q_x, f_q, f_p, strict=True))


def rationals(*rows: str) -> list[list[Rational]]:
    return [[Rational(entry) for entry in row.split()] for row in rows]


def full_span(features: str = "classes") -> Residual:
    """Two inputs: q(y|x) as a symbolic 2 x 2 matrix fits every target. Three inputs, exact: the gap is the Bayes price."""
    a, b, *target = symbols("a b f1 f2")
    posterior = Matrix([[a, 1 - a], [b, 1 - b]])
    fitted = posterior * (posterior.adjugate() * Matrix(target))  # times 1/det, det = a - b
    yield [expand(entry - (a - b) * goal) for entry, goal in zip(fitted, target, strict=True)]
    yield expand(posterior.det() - (a - b))
    here = symmetric("1/6 1/6 2/3")
    yield readout_gap(here[2] if features == "classes" else Matrix([1, 1, 1]), here) - bayes_price(here)


def symmetric(law: str) -> World:
    """Labels -1, 0, 1, the channel right with probability 1/2 and wrong with 1/4 each, q uniform."""
    channel = rationals("1/2 1/4 1/4", "1/4 1/2 1/4", "1/4 1/4 1/2")
    return world(channel, [Rational(1, 3)] * 3, rationals(law)[0], [-1, 0, 1])


def too_few_labels(inputs: int = 3, above: bool = True) -> Residual:
    """Two labels, three inputs: the span of q(y|x) has dimension 2, and the gap is not the Bayes price, but larger here."""
    rows = rationals("1/2 1/3 1/6", "1/6 1/3 1/2") if inputs == 3 else rationals("3/4 1/4", "1/4 3/4")
    here = world(rows, rationals("1/2 1/2")[0], rationals("4/5 1/5")[0], [0, 1])
    gap, price = readout_gap(here[2], here), bayes_price(here)
    yield bool(gap > price) is above
    if inputs == 3:
        yield [gap - Rational(1325, 17672), price - Rational(123261, 1656200)]


def raises(law: str = "1/8 3/4 1/8") -> Residual:
    """Symmetric p: with phi = 1 the gap is zero, with class features it is 25/1944."""
    here = symmetric(law)
    yield readout_gap(Matrix([1, 1, 1]), here)
    yield readout_gap(here[2], here) - Rational(25, 1944)


def lowers(noise: str = "0") -> Residual:
    """Labels 0, 1, p = (4/5, 1/5), x = y: with phi = 1 the gap is 9/100, with class features zero."""
    off = Rational(noise)
    here = world([[1 - off, off], [off, 1 - off]], rationals("1/2 1/2")[0], rationals("4/5 1/5")[0], [0, 1])
    yield readout_gap(Matrix([1, 1]), here) - Rational(9, 100)
    yield readout_gap(here[2], here)
