"""The route at one pair of an input and a label: each posterior from its own normaliser, integrated from the density, and Z(x) from the
nodes of the law, so that the sides of a statement about posteriors share nothing but the channel."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from numerics import quadrature
from numerics.laws.density import Density as LabelDensity
from numerics.laws.discrete import DiscreteLaw
from numerics.quadrature import EPSILON, ROUNDING
from numerics.records import Estimate
from numerics.routes.route import Route, product
from numerics.world import World
from theory.terms import Density, E, Log, Term, X, Y, p, q, r

ORDERS = (16, 11)
LABELS = 31
SHARES = (0.1, 0.5, 0.9)
"""Where the inputs are, as shares of the label interval."""
FARTHEST = -600.0
"""Logarithm of the smallest k(x|y), against the largest one: beyond, a posterior is below the smallest double."""


@lru_cache(maxsize=8)
def pairs(here: World) -> tuple[tuple[str, Route], ...]:
    """Three pairs in words, each with its route: at each input the label where the extra error term is largest."""
    low, high = (float(end) for end in here.law.support)
    return tuple(_pair(here, low + share * (high - low)) for share in SHARES)


def _pair(here: World, x: float) -> tuple[str, Route]:
    labels, p_y, q_y, log_ratio = _labels(here)
    if here.law.discrete:
        x = float(labels[np.argmin(np.abs(labels - x))])
    log_k = here.channel.log_density(x, labels)
    log_z = _log_mean_ratio(here, x)
    worst = int(np.argmax(np.where(log_k > log_k.max() + FARTHEST, np.abs(log_z.value - log_ratio), -1.0)))
    k = _rounded(math.exp(log_k[worst]), abs(float(log_k[worst])))
    p_x, q_x = _input_density(here, x, True), _input_density(here, x, False)
    ratio, z = float(log_ratio[worst]), math.exp(log_z.value)
    table: dict[Term, Estimate] = {
        Density(p, X): p_x,
        Density(q, X): q_x,
        Density(p, Y, X): product(product(_rounded(float(p_y[worst])), k), _inverse(p_x)),
        Density(q, Y, X): product(product(_rounded(float(q_y[worst])), k), _inverse(q_x)),
        r: _rounded(math.exp(ratio), abs(ratio)),
        Log(r): Estimate(ratio, ROUNDING * EPSILON * (1 + abs(ratio))),
        E(r, X): Estimate(z, z * (math.expm1(log_z.error) + EPSILON)),
    }
    return f"x = {x:.4g}, y = {labels[worst]:.4g}", Route("at a pair", "quadrature", lambda whole, _: table.get(whole))


def _rounded(value: float, size: float = 0.0) -> Estimate:
    """A number good to some roundings, or to those of an exponent of this size."""
    return Estimate(value, ROUNDING * EPSILON * (1 + size) * value)


def _inverse(number: Estimate) -> Estimate:
    value = 1 / number.value
    return Estimate(value, value * (number.error / (number.value - number.error) + EPSILON))


def _labels(here: World) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Labels, p and q there (masses of a discrete law, else densities), and l; labels that p never samples are left out."""
    law = here.law
    if isinstance(law, DiscreteLaw):
        counts = np.array(law.counts, float)
        seen = counts > 0
        labels = np.array([float(atom) for atom in law.atoms])[seen]
        log_ratio = law.nodes((), 1, float("inf")).log_ratio[seen]
        return labels, counts[seen] / counts.sum(), np.full(len(labels), 1 / len(counts)), log_ratio
    assert isinstance(law, LabelDensity)
    low, high = (float(end) for end in law.support)
    labels = low + (high - low) * (np.arange(LABELS) + 0.5) / LABELS
    log_ratio = np.asarray(law.log_density(labels)) + np.log(law.length)
    return labels, np.asarray(law.density(labels)), np.full(LABELS, 1 / law.length), log_ratio


def _log_mean_ratio(here: World, x: float) -> Estimate:
    """log Z(x) = log E_{q(y|x)}[r] on the nodes of the law, by two orders."""
    values = []
    for order in ORDERS:
        nodes = here.law.nodes((), order, here.channel.noise)
        log_weight = here.channel.log_density(x, nodes.y)
        weight = nodes.weight * np.exp(log_weight - log_weight.max())
        values.append(float(np.log(np.sum(weight * np.exp(nodes.log_ratio)) / np.sum(weight))))
    gap = abs(values[0] - values[-1])
    return Estimate(values[0], quadrature.SAFETY * gap + 2 * ROUNDING * EPSILON * (1 + abs(values[0])))


def _input_density(here: World, x: float, imbalanced: bool) -> Estimate:
    """p(x), or q(x), from the density itself (for a discrete law: from its counts) on panels of half a noise."""
    law, channel = here.law, here.channel
    if isinstance(law, DiscreteLaw):
        atoms, counts = np.array([float(atom) for atom in law.atoms]), np.array(law.counts, float)
        mass = counts / counts.sum() if imbalanced else np.full(len(atoms), 1 / len(atoms))
        terms = mass * np.exp(channel.log_density(x, atoms))
        return _rounded(float(terms.sum()))

    assert isinstance(law, LabelDensity)

    def integrand(y: np.ndarray) -> np.ndarray:
        density = law.density(y) if imbalanced else np.full_like(y, 1 / law.length)
        return density * np.exp(channel.log_density(x, y))

    edges = [float(edge) for edge in (law.support[0], *law.mesh, law.support[1])]
    return quadrature.integrate(integrand, edges, channel.noise / 2)
