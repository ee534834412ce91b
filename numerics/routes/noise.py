"""The route over the noise: a price in nats as an integral of prices in squared error, from no information down to the channel's own noise.

Example: without information the price is KL(q_y||p_y). With sigma = 1/s and S the price in squared error, it falls by the integral of sigma S(sigma)
from 0 to 1/s (result *i_mmse*). Only for the Gaussian channel. Nothing but the label divergences is shared with another route.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import quadrature
from numerics.evidence import Evidence
from numerics.posterior.label_side import LabelRule, label_rule
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Estimate
from numerics.routes.route import NeedsClasses, Route
from numerics.world import World, bin_index
from theory.terms import KL, Term, X, Y, p, q
from theory.words import at_phat, corrected_excess, phat, price

WORLD: tuple[Term, ...] = (price, KL(q, p, Y, given=X))
CLASSES: tuple[Term, ...] = (corrected_excess, at_phat(price), KL(q, phat, Y, given=X))
Array = np.ndarray[Any, Any]
ORDERS = ((9, 10), (7, 7))
"""Nodes a panel of sigma and of the inputs, the finer first."""
REACH = 9.0
"""Noises beyond the labels; q(x) has mass 2e-19 there."""
LARGEST = 60_000_000
"""Values of the channel's density: half a second. A noise below about 1/70 of the support goes without this route."""


def _panels(world: World) -> Array:
    """Panels of sigma: each as wide as all before it, since S changes with the logarithm of sigma, and none wider than the labels resolve at 0."""
    last, edges = 1 / world.channel.noise, [0.0, 0.5 / world.law.length]
    while edges[-1] < last:
        edges.append(2 * edges[-1])
    return np.array([*(edge for edge in edges if edge < last), last])


def _rows(world: World, nodes: Any) -> Array:
    """Masses of the balanced law, of the imbalanced one and of the corrected one for each K, (2 + K's, n), each beside its product with the label."""
    ratio = np.exp(nodes.log_ratio)
    rows = [nodes.weight, nodes.weight * ratio]
    for edges in world.edges:
        index = bin_index(edges, nodes.y)
        count = int(index.max()) + 1
        own = np.bincount(index, nodes.weight, count), np.bincount(index, rows[1], count)
        rows.append(rows[1] * (own[0] / own[1])[index])
    return np.stack([*rows, *(row * _centred(world, nodes) for row in rows)])


def _centred(world: World, nodes: Any) -> Array:
    low, high = (float(end) for end in world.law.support)
    centred: Array = nodes.y - (low + high) / 2
    return centred


def _inputs(world: World, sigma: float, rows: Array, labels: Array, order: int) -> tuple[Array, Array, Array]:
    """Inputs in units of the noise 1/sigma, their weights, and the rows summed with the channel's density, (inputs, rows)."""
    reach = sigma * world.law.length / 2 + REACH
    x, weight = (part.ravel() for part in quadrature.composite(quadrature.split([-reach, 0.0, reach], 1.0), order))
    # In place: most of the route's time goes by.
    density = x[:, None] - sigma * labels
    density *= density
    density *= -0.5
    np.exp(density, out=density)
    return x, weight, density @ (rows.T / math.sqrt(2 * math.pi))


def _squared_errors(world: World, sigma: float, rows: Array, labels: Array, order: int) -> Array:
    """E_{q(x)} of the squared distance of each law's mean from the balanced one's, at noise 1/sigma."""
    _, weight, sums = _inputs(world, sigma, rows, labels, order)
    half = len(rows) // 2
    means = sums[:, half:] / sums[:, :half]
    errors: Array = (weight * sums[:, 0]) @ (means[:, 1:] - means[:, :1]) ** 2
    return errors


def _falls(world: World, rule: LabelRule, index: int, panels: Array) -> Array:
    """What every price in nats loses on each panel of sigma, (panels, laws)."""
    of_sigma, of_inputs = ORDERS[index]
    nodes = rule.nodes[min(index, len(rule.nodes) - 1)]
    rows, labels = _rows(world, nodes), _centred(world, nodes)
    sigma, weight = quadrature.composite(panels, of_sigma)
    errors = np.array([[_squared_errors(world, each, rows, labels, of_inputs) for each in panel] for panel in sigma])
    # d(gamma)/2 is sigma d(sigma).
    falls: Array = np.einsum("ij,ijk->ik", weight * sigma, errors)
    return falls


@lru_cache(maxsize=4)
def _rule(world: World) -> LabelRule | None:
    """Labels with weights; None where the channel is not Gaussian, labels are never sampled, or the route would take long."""
    if world.channel.name != "gaussian" or world.law.unsampled:
        return None
    rule = label_rule(world.law, world.edges, min(world.channel.noise, world.law.length / 8))
    inputs = world.law.length / world.channel.noise + 2 * REACH
    return rule if len(rule.nodes[0].y) * inputs * math.prod(ORDERS[0]) * len(_panels(world)) <= LARGEST else None


def course(world: World, points: int) -> tuple[Array, Array]:
    """What every price in nats loses from no information down to each of some noises, without an error: sigma (points,) and falls (points, laws)."""
    rule = _rule(world)
    if rule is None:
        return np.empty(0), np.empty((0, 1))
    panels = np.geomspace(0.1 / world.law.length, 1 / world.channel.noise, points)
    return panels, np.cumsum(_falls(world, rule, 1, np.array([0.0, *panels])), axis=0)


def divergences_of_inputs(world: World, sigma: float) -> Array:
    """KL(q_x||p_x), and KL(q_x||phat_x) of each K, at noise 1/sigma, without an error: what the integral knows nothing of."""
    rule = _rule(world)
    assert rule is not None, "the route has numbers"
    nodes = rule.nodes[0]
    _, weight, sums = _inputs(world, sigma, _rows(world, nodes), _centred(world, nodes), ORDERS[0][1])
    laws = sums[:, : sums.shape[1] // 2]
    kl: Array = (weight * laws[:, 0]) @ (np.log(laws[:, :1]) - np.log(laws[:, 1:]))
    return kl


def squared_errors(world: World) -> Array:
    """The same at the world's own noise, without an error."""
    rule = _rule(world)
    assert rule is not None, "the route has numbers"
    nodes = rule.nodes[0]
    return _squared_errors(world, 1 / world.channel.noise, _rows(world, nodes), _centred(world, nodes), ORDERS[0][1])


@lru_cache(maxsize=4)
def falls(world: World) -> tuple[Estimate, ...]:
    """What the price and the corrected excess of each K lose, down to the world's own noise; none where the route has no numbers."""
    rule = _rule(world)
    if rule is None:
        return ()
    fine, coarse = (_falls(world, rule, index, _panels(world)).sum(axis=0) for index in range(len(ORDERS)))
    # A difference of means is good to some roundings of the length; over sigma its square adds up as below.
    unit, last = ROUNDING * EPSILON * world.law.length, 1 / world.channel.noise
    return tuple(
        Estimate(
            float(first),
            SAFETY * abs(float(first - second))
            + 2 * unit * last * math.sqrt(max(float(first), 0.0))
            + (unit * last) ** 2,
        )
        for first, second in zip(fine, coarse, strict=True)
    )


def route(evidence: Evidence) -> Route:
    """The route of a run."""
    world = evidence.world

    def lookup(whole: Term, classes: int | None) -> Estimate | None:
        if whole not in (*WORLD, *CLASSES) or not falls(world):
            return None
        if whole in WORLD:
            return evidence.quantities.kl_labels - falls(world)[0]
        if classes is None:
            raise NeedsClasses
        index = world.classes.index(classes)
        return evidence.quantities.per_classes[index].remainder - falls(world)[1 + index]

    return Route("squared errors over the noise", "quadrature", lookup)
