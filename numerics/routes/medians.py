"""Two routes to absolute errors: medians of p(y|x) and of q(y|x), and what each misses the label by, averaged over inputs.

Example: for q uniform on [0, 1] and an input that says nothing, med_q = 1/2 and E_q |y - med_q| = 1/4.

The first route takes the sums of a grid panel by panel, and finds a median inside its panel on the polynomial through the panel's nodes. The second
evaluates the densities themselves, and on the panel of the median again for every trial. They share the channel and the panels of the inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.polynomial import legendre

from numerics import quadrature
from numerics.evidence import Evidence
from numerics.laws.density import Density
from numerics.posterior.quantities import TAIL, input_panels
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Estimate
from numerics.routes import quadrature as by_quantity
from numerics.routes import training_law
from numerics.routes.route import Route
from numerics.world import World
from theory.terms import E, Term
from theory.words import error_p, error_q, shift

TERMS: tuple[Term, ...] = (E(error_p), E(error_q), E(error_p - error_q), E(shift**2))
Array = np.ndarray[Any, Any]
HALVINGS = 54
"""Of a panel: the last place of a double."""
ORDERS = ((13, 14), (9, 10))
"""Nodes a panel of the inputs and of the labels on the second route, the finer first."""
LARGEST = 400_000
"""Pairs of an input and a label on the second route."""
STEPS = 40
"""Of a search for a root; it takes about eight."""


@dataclass(frozen=True)
class Losses:
    """By input: its balanced mass, both medians, and what each misses the label by under q.

    Attributes:
      slack: how far a median may be off by rounding.
    """

    mass: Array
    median_p: Array
    median_q: Array
    error_p: Array
    error_q: Array
    slack: Array

    def table(self) -> dict[Term, float]:
        """The terms of the statements."""

        def mean(values: Array) -> float:
            return float((self.mass * values).sum() / self.mass.sum())

        distance = (self.median_p - self.median_q) ** 2
        values = (self.error_p, self.error_q, self.error_p - self.error_q, distance)
        return dict(zip(TERMS, map(mean, values), strict=True))


def on_grid(grid: training_law.Grid) -> Losses:
    """The losses by the sums of a grid."""
    balanced, y = grid.mass, grid.y[0]
    median_q, slack_q = _median(balanced, y, grid.order)
    median_p, slack_p = _median(balanced * np.exp(grid.log_ratio), y, grid.order)
    total, first = balanced.sum(axis=1), (balanced * y).sum(axis=1)

    def missed(at: Array) -> Array:
        below = _up_to(balanced, y, grid.order, at)
        first_below = _up_to(balanced * y, y, grid.order, at)
        lost: Array = (first - 2 * first_below - at * (total - 2 * below)) / total
        return lost

    return Losses(total, median_p, median_q, missed(median_p), missed(median_q), slack_p + slack_q)


def _panels(y: Array, order: int) -> tuple[Array, Array]:
    """Middles and half widths of the panels whose Gauss nodes these are."""
    nodes = y.reshape(-1, order)
    half = (nodes[:, -1] - nodes[:, 0]) / 2 / quadrature.rule(order)[0][-1]
    return (nodes[:, -1] + nodes[:, 0]) / 2, half


def _rise(masses: Array, order: int, place: Array) -> Array:
    """The integral from the left end of each row's panel to a place in [-1, 1] of the polynomial through its nodes; masses (rows, order)."""
    points, _ = quadrature.rule(order)
    degrees = np.arange(order)
    coefficients = masses @ (legendre.legvander(points, order - 1) * (2 * degrees + 1) / 2)
    above = legendre.legvander(place, order)
    integrals = np.empty((len(place), order))
    integrals[:, 0] = 1 + place
    integrals[:, 1:] = (above[:, 2:] - above[:, : order - 1]) / (2 * degrees[1:] + 1)
    risen: Array = (coefficients * integrals).sum(axis=1)
    return risen


def _own_panel(masses: Array, order: int, index: Array) -> Array:
    return masses.reshape(len(masses), -1, order)[np.arange(len(masses)), index]


def _median(masses: Array, y: Array, order: int) -> tuple[Array, Array]:
    """Each row's median, and its rounding."""
    middle, half = _panels(y, order)
    sums = masses.reshape(len(masses), -1, order).sum(axis=2)
    below = np.cumsum(sums, axis=1)
    index = np.minimum((below < below[:, -1:] / 2).sum(axis=1), len(half) - 1)
    rows = np.arange(len(masses))
    own = _own_panel(masses, order, index)
    goal = below[:, -1] / 2 - (below[rows, index] - sums[rows, index])
    low, high = np.full(len(masses), -1.0), np.ones(len(masses))
    for _ in range(HALVINGS):
        place = (low + high) / 2
        short = _rise(own, order, place) < goal
        low, high = np.where(short, place, low), np.where(short, high, place)
    place = (low + high) / 2
    steep = np.maximum(sums[rows, index] / (2 * half[index]), np.finfo(float).tiny)
    return middle[index] + half[index] * place, ROUNDING * EPSILON * below[:, -1] / steep


def _up_to(masses: Array, y: Array, order: int, at: Array) -> Array:
    """Each row's integral up to a label of its own."""
    middle, half = _panels(y, order)
    index = np.clip(np.searchsorted(middle + half, at), 0, len(half) - 1)
    sums = masses.reshape(len(masses), -1, order).sum(axis=2)
    rows = np.arange(len(masses))
    before = np.cumsum(sums, axis=1)[rows, index] - sums[rows, index]
    place = np.clip((at - middle[index]) / half[index], -1, 1)
    total: Array = before + _rise(_own_panel(masses, order, index), order, place)
    return total


def by_densities(world: World, orders: tuple[int, int]) -> Losses | None:
    """The losses from the densities; None where there are none, or too many pairs."""
    law, channel = world.law, world.channel
    if not isinstance(law, Density) or law.unsampled:
        return None
    inputs, labels = orders
    x, weight = (part.ravel() for part in quadrature.composite(input_panels(world, 1.0), inputs))
    edges = [float(edge) for edge in (law.support[0], *law.mesh, law.support[1])]
    panels = quadrature.split(edges, channel.noise / 2)
    if len(x) * (len(panels) - 1) * labels > LARGEST:
        return None
    points, shares = quadrature.rule(labels)
    rows = np.arange(len(x))
    nodes, weights = quadrature.composite(panels, labels)
    joint = weights * np.exp(channel.log_density(x[:, None, None], nodes)) / law.length
    by_label = law.density(nodes.ravel()).reshape(nodes.shape) * law.length

    def beginning(imbalanced: bool, index: Array, at: Array, power: int = 0) -> Array:
        """The integral from the left end of each input's panel up to a label in it, times a power of the label."""
        half = (at - panels[index])[:, None] / 2
        y = panels[index][:, None] + half * (1 + points)
        ratio = law.density(y.ravel()).reshape(y.shape) if imbalanced else 1 / law.length
        total: Array = (half * shares * ratio * np.exp(channel.log_density(x[:, None], y)) * y**power).sum(axis=1)
        return total

    def median(imbalanced: bool) -> Array:
        below = np.cumsum((joint * by_label if imbalanced else joint).sum(axis=2), axis=1)
        goal = below[:, -1] / 2
        index = np.minimum((below < goal[:, None]).sum(axis=1), len(panels) - 2)
        before = np.where(index > 0, below[rows, np.maximum(index - 1, 0)], 0.0)
        return _root(
            lambda at: (before + beginning(imbalanced, index, at) - goal) / goal, panels[index], panels[index + 1]
        )

    total, first = joint.sum(axis=(1, 2)), (joint * nodes).sum(axis=(1, 2))

    def missed(at: Array) -> Array:
        index = np.clip(np.searchsorted(panels, at) - 1, 0, len(panels) - 2)
        below, first_below = (
            np.cumsum(part.sum(axis=2), axis=1)[rows, index] - part.sum(axis=2)[rows, index]
            for part in (joint, joint * nodes)
        )
        below, first_below = below + beginning(False, index, at), first_below + beginning(False, index, at, 1)
        lost: Array = (first - 2 * first_below - at * (total - 2 * below)) / total
        return lost

    median_p, median_q = median(True), median(False)
    return Losses(weight * total, median_p, median_q, missed(median_p), missed(median_q), np.zeros(len(x)))


def _root(function: Callable[[Array], Array], low: Array, high: Array) -> Array:
    """Where each of many rising functions is zero, by secants of the ends of a bracket (Illinois)."""
    f_low, f_high, at = function(low), function(high), low
    kept_low, kept_high = np.zeros(len(low), bool), np.zeros(len(low), bool)
    for _ in range(STEPS):
        rise = f_high - f_low
        at = np.where(rise > 0, high - f_high * (high - low) / np.where(rise > 0, rise, 1.0), low)
        value = function(at)
        if float(np.abs(value).max()) < 8 * EPSILON:
            break
        left = value < 0
        # An end that stays twice is given half its value, so that both ends move.
        f_high = np.where(left, f_high * np.where(kept_high, 0.5, 1.0), value)
        f_low = np.where(left, value, f_low * np.where(kept_low, 0.5, 1.0))
        kept_high, kept_low = left, ~left
        low, high = np.where(left, at, low), np.where(left, high, at)
    return at


def _estimates(world: World, fine: Losses, coarse: Losses) -> dict[Term, Estimate]:
    size = world.law.length + max(abs(float(end)) for end in world.law.support)
    rounding = ROUNDING * EPSILON * size + TAIL * world.law.length
    moved = float((fine.mass * fine.slack).sum() / fine.mass.sum())
    first, second = fine.table(), coarse.table()
    return {
        term: Estimate(
            first[term],
            SAFETY * abs(first[term] - second[term]) + (rounding + moved) * (1 if term != E(shift**2) else 2 * size),
        )
        for term in first
    }


@lru_cache(maxsize=4)
def _tables(world: World) -> tuple[dict[Term, Estimate], dict[Term, Estimate]]:
    grids = () if world.law.discrete else training_law.grids(world)
    first = _estimates(world, *map(on_grid, grids)) if grids else {}
    fine, coarse = (by_densities(world, orders) for orders in ORDERS) if first else (None, None)
    return first, {} if fine is None or coarse is None else _estimates(world, fine, coarse)


def pairs(evidence: Evidence) -> tuple[tuple[Route, Route], ...]:
    """The routes of the left and of the right side; what is no absolute error comes from the quadrature."""
    plain, _ = by_quantity.routes(evidence)
    routes = []
    for name, table in zip(("medians on a grid", "medians of the densities"), _tables(evidence.world), strict=True):

        def lookup(whole: Term, classes: int | None, table: dict[Term, Estimate] = table) -> Estimate | None:
            own = table.get(whole)
            return own if own is not None or not table else plain.lookup(whole, classes)

        routes.append(Route(name, "quadrature", lookup))
    first, second = routes
    return (first, first), (second, first), (first, second)
