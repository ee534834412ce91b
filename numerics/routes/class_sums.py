"""The route by sums over classes: any mean of a term that is a number in each class, from the masses of the classes alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from numerics import corrected
from numerics.evidence import Evidence
from numerics.laws.law import Law
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Estimate
from numerics.routes.route import NeedsClasses, NotReached, Route, entry, power, product, total
from theory.sample_size import K_classes, n_labels
from theory.terms import NOTHING, C, Density, E, Mean, Term, p, q, r
from theory.words import R

INVERSE = E((1 / r - 1) ** 2, law=p)
"""chi^2(q_y||p_y)."""
WITHIN = E((1 - r / R) ** 2 / r)
"""What classes leave of it."""


def route(evidence: Evidence) -> Route:
    """The route of a run, for one label."""

    def lookup(whole: Term, classes: int | None) -> Estimate | None:
        law = evidence.world.law
        if whole == INVERSE:
            return inverse_ratio(law) - Estimate(1.0, 0.0)
        if whole == n_labels:
            return Estimate(1.0, 0.0)
        if whole in (WITHIN, K_classes) or (isinstance(whole, Mean) and whole.given == NOTHING):
            if classes is None:
                raise NeedsClasses
            bins = entry(evidence, classes).bins
            if whole == WITHIN:
                return _within(law, classes, tuple((bins.p / bins.q).tolist()))
            return of_masses(bins.q, bins.p).lookup(whole, None)
        return None

    return Route("sums over classes", "quadrature", lookup)


def of_masses(q_c: Sequence[float] | np.ndarray, p_c: Sequence[float] | np.ndarray, labels: float = 1.0) -> Route:
    """The route of classes of given masses, for so many labels."""
    masses = {q: _masses(q_c), p: _masses(p_c)}

    def lookup(whole: Term, _: int | None) -> Estimate | None:
        if whole == n_labels:
            return Estimate(labels, 0.0)
        if whole == K_classes:
            return Estimate(float(len(q_c)), 0.0)
        if isinstance(whole, Mean) and whole.given == NOTHING and whole.law in masses:
            inside = (at(c).number(whole.argument) for c in range(len(q_c)))
            return total([product(mass, each) for mass, each in zip(masses[whole.law], inside, strict=True)])
        return None

    def at(c: int) -> Route:
        known: dict[Term, Estimate] = {Density(law, C): each[c] for law, each in masses.items()}

        def inside(whole: Term, classes: int | None) -> Estimate | None:
            if whole == R:
                return product(masses[p][c], power(masses[q][c], -1))
            return known.get(whole) or lookup(whole, classes)

        return Route("a class", "quadrature", inside)

    return Route("sums over classes", "quadrature", lookup)


def _masses(values: Sequence[float] | np.ndarray) -> list[Estimate]:
    """Masses that sum to one up to rounding: each good to the roundings of a sum of so many."""
    share = abs(math.fsum(values) - 1) + (2 + len(values)) * EPSILON
    return [Estimate(float(value), share * float(value)) for value in values]


@lru_cache(maxsize=8)
def inverse_ratio(law: Law) -> Estimate:
    """1 + chi^2(q_y||p_y) = E_q[1/r]; infinite where p vanishes."""
    sums = []
    rules = corrected.label_rules(law, (), law.length / 512)
    if not all(np.all(np.isfinite(labels.log_ratio)) for labels in rules):
        return Estimate(math.inf, 0.0)
    for labels in rules:
        sums.append(float((labels.weight * np.exp(-labels.log_ratio)).sum()))
    return Estimate(sums[0], SAFETY * abs(sums[0] - sums[-1]) + 64 * EPSILON * sums[0])


@lru_cache(maxsize=32)
def _within(law: Law, classes: int, ratio: tuple[float, ...]) -> Estimate:
    """E_q[(1 - r/R)^2/r] by the rules of the labels."""
    if law.discrete:
        raise NotReached("classes of discrete labels may be fewer than asked for")
    sums, misplaced = [], 0.0
    for order in corrected.ORDERS:
        nodes = law.nodes(corrected.equal_edges(law, classes), order, law.length / 512)
        place = corrected.bin_index(corrected.equal_bins(law, classes), nodes.y)
        with np.errstate(divide="ignore", invalid="ignore"):
            r, R = np.exp(nodes.log_ratio), np.array(ratio)[place]
            sums.append(float((nodes.weight * (1 - r / R) ** 2 / r).sum()))
            # A node lies half a unit of its label off: within a spike of 1e-8 of the support that is 1e-8 of its width.
            moved = nodes.weight * np.abs((r / R**2 - 1 / r) * nodes.slope * nodes.y)
        misplaced = max(misplaced, EPSILON * float(moved[np.isfinite(moved)].sum()))
    size = abs(sums[0]) + inverse_ratio(law).value
    return Estimate(sums[0], SAFETY * abs(sums[0] - sums[-1]) + 64 * EPSILON * size + misplaced)
