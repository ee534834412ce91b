"""Means of functions of the class: a table of terms for each class, and the sum over classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeGuard

import numpy as np

from numerics.posterior.label_side import BinSide
from numerics.quadrature import EPSILON
from numerics.records import Estimate
from numerics.routes.route import NotReached, Route, product, total
from theory.terms import NOTHING, C, Mean, Term, inf, log, p, q, r, sup
from theory.words import R

Table = Mapping[Term, Estimate]


def route(table: Table) -> Route:
    """The numbers of one class as a route."""
    return Route("one class", "quadrature", lambda whole, _: table.get(whole))


def ratios(bins: BinSide) -> list[Table]:
    """Of r in each class: its range, the range of its logarithm, and its mean."""
    tables: list[Table] = []
    for q_c, p_c, low, high, w, error in zip(
        bins.q, bins.p, bins.low, bins.high, bins.oscillation, bins.range_error, strict=True
    ):
        ends: dict[Term, float] = {inf(r, C): float(low), sup(r, C): float(high)}
        table = {end: _exponential(value, float(error)) for end, value in ends.items()}
        table[log(sup(r, C) / inf(r, C))] = Estimate(float(w), 2 * float(error))
        table[R.definition] = Estimate(float(p_c / q_c), 4 * EPSILON * float(p_c / q_c))
        tables.append(table)
    return tables


def _exponential(value: float, error: float) -> Estimate:
    size = float(np.exp(value))
    return Estimate(size, size * (float(np.expm1(error)) + EPSILON * (1 + abs(value))))


def is_mean(whole: Term) -> TypeGuard[Mean]:
    """Whether a term is a mean under q or p."""
    return isinstance(whole, Mean) and whole.given == NOTHING and whole.law in (q, p)


def lookup(whole: Term, bins: BinSide, tables: Sequence[Table]) -> Estimate | None:
    """The number of a mean of a function of the class; None of any other term."""
    if not is_mean(whole):
        return None
    try:
        return mean(whole.argument, bins.q if whole.law == q else bins.p, tables)
    except NotReached:
        return None


def mean(argument: Term, masses: np.ndarray, tables: Sequence[Table]) -> Estimate:
    """The sum over classes of mass times argument; each mass good to two roundings.

    Raises:
      NotReached: the tables lack a term.
    """
    weights = [Estimate(mass, 2 * EPSILON * mass) for mass in masses.tolist()]
    numbers = [route(table).number(argument) for table in tables]
    return total([product(weight, number) for weight, number in zip(weights, numbers, strict=True)])
