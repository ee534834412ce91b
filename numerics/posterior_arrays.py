"""A label rule turned into the arrays that `posterior_rows.rows` multiplies kernels with, and its evaluation in blocks of x."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from numerics import label_side as labels
from numerics import quadrature, world
from numerics.world import World

CHUNK = 256
NEAR = 0.5
"""How far Z may be from 1 for a form in e^t - 1 to be more accurate than logarithms."""


@dataclass(frozen=True)
class Prepared:
    """Arrays of one label rule, ready for `posterior_rows.rows`."""

    world: World
    middle: float
    arrays: dict[str, np.ndarray]


def prepare(here: World, side: labels.LabelSide, index: int) -> Prepared:
    """Features of the label nodes of one order, padded to the finest order's number so that one program serves both."""
    rule = side.rule
    nodes = rule.nodes[index]
    low, high = (float(end) for end in here.law.support)
    middle = (low + high) / 2
    size = -(-len(rule.nodes[0].y) // 256) * 256
    q_cells, p_cells = here.law.bin_masses(rule.edges)
    cell_log = _log_mass(q_cells, p_cells)
    cell = world.bin_index(rule.edges, nodes.y)
    sampled = np.isfinite(nodes.log_ratio)
    t = np.where(sampled, nodes.log_ratio - cell_log[cell], 0.0)
    ratio = np.where(sampled, np.exp(t), 0.0)
    shift = np.where(sampled, np.expm1(t), -1.0)
    curve = np.where(np.abs(t) < 0.3, _curve_series(t), shift - t)
    y = nodes.y - middle
    columns = np.stack([np.ones_like(y), t, ratio, shift, curve, y, y * ratio, y * shift, y * y, y * y * ratio])
    features = np.zeros((size, len(columns), len(cell_log)))
    features[np.arange(len(y)), :, cell] = (columns * nodes.weight).T
    slope, bend, ends, jumps = _smooth_parts(here, rule, index)
    loose = np.zeros((size, 4))
    with_l = np.where(sampled, np.exp(nodes.log_ratio) * np.where(sampled, nodes.log_ratio, 0.0), 0.0)
    loose[: len(y)] = (np.stack([with_l, slope, bend, bend * y]) * nodes.weight).T
    bins = max(len(bin_side.q) for bin_side in side.bins)
    members = np.zeros((len(side.bins), len(cell_log), bins))
    mass = np.zeros((len(side.bins), bins))
    cell_middle = np.array([(float(a) + float(b)) / 2 for a, b in pairwise(rule.edges)])
    for row, bin_side in enumerate(side.bins):
        owner = world.bin_index(bin_side.edges, cell_middle)
        members[row, np.arange(len(cell_log)), owner] = 1.0
        mass[row, : len(bin_side.q)] = _log_mass(bin_side.q, bin_side.p)
    arrays = {
        "y": np.concatenate([nodes.y, np.full(size - len(y), nodes.y[-1])]),
        "features": features.reshape(size, -1),
        "loose": loose,
        "cell_log_mass": cell_log,
        "members": members,
        "log_mass": mass,
        "ends": ends,
        "end_weight": jumps,
    }
    return Prepared(here, middle, arrays)


def _log_mass(q: np.ndarray, p: np.ndarray) -> np.ndarray:
    """log(p/q), 0 for a bin or cell that is never sampled or has no labels (its numbers are set aside as undefined)."""
    fine = (q > 0) & (p > 0)
    return np.log(np.where(fine, p, 1.0) / np.where(fine, q, 1.0))


def _curve_series(t: np.ndarray) -> np.ndarray:
    """e^t - 1 - t by its series, for |t| < 0.3; 14 terms leave less than one unit in the last place."""
    t = np.where(np.abs(t) < 0.3, t, 0.0)
    series = np.zeros_like(t)
    for power in range(14, 2, -1):
        series = (series + 1.0) * t / power
    return t * t / 2 * (1.0 + series)


def _smooth_parts(
    here: World, rule: labels.LabelRule, index: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """l', l'' at the nodes (l'' by differentiating the interpolant of l' on each panel), panel ends and the jumps of q l' there."""
    nodes, order = rule.nodes[index], rule.orders[index]
    if here.law.discrete or not np.all(np.isfinite(nodes.slope)):
        zero = np.zeros_like(nodes.y)
        return zero, zero, np.full(128, nodes.y[0]), np.zeros(128)
    points, weights = quadrature.rule(order)
    degree = np.arange(order)
    basis = np.polynomial.legendre.legvander(points, order - 1)
    to_coefficients = (basis * weights[:, None]).T * (degree + 0.5)[:, None]
    slopes = nodes.slope.reshape(-1, order)
    coefficients = slopes @ to_coefficients.T
    y = nodes.y.reshape(-1, order)
    half = (y[:, -1] - y[:, 0]) / (points[-1] - points[0])
    center = (y[:, 0] + y[:, -1]) / 2
    derivative = np.polynomial.legendre.legder(coefficients.T)
    bend = np.polynomial.legendre.legval(points, derivative) / half[:, None]
    left, right = (np.polynomial.legendre.legval(end, coefficients.T) for end in (-1.0, 1.0))
    ends = np.concatenate([center - half, center[-1:] + half[-1:]])
    jumps = (np.concatenate([[0.0], right]) - np.concatenate([left, [0.0]])) / here.law.length
    # Padded with weightless ends, so that laws with about as many panels share one compiled program.
    spare = -len(ends) % 128
    ends, jumps = np.concatenate([ends, np.full(spare, ends[-1])]), np.concatenate([jumps, np.zeros(spare)])
    return nodes.slope, bend.ravel(), ends, jumps


def evaluate(prepared: Prepared, x: np.ndarray, weight: np.ndarray | None = None) -> dict[str, Any]:
    """`posterior_rows.rows` at any number of inputs, in blocks of `CHUNK`.

    Args:
      x: inputs (n,).
      weight: quadrature weights (n,); the integrands that have an entry for each bin come back summed with them, as `totals`, (counts, bins)
        each: they would not fit into memory otherwise.

    Returns:
      Arrays by name, the first axis over x.
    """
    import jax

    from numerics.posterior_rows import rows

    channel = prepared.world.channel
    fixed = {name: jax.numpy.asarray(array) for name, array in prepared.arrays.items()}
    weight = np.zeros_like(x) if weight is None else weight
    blocks: list[dict[str, Any]] = []
    totals: dict[str, Any] = {}
    for start in range(0, len(x), CHUNK):
        block, share = (np.resize(part[start : start + CHUNK], CHUNK) for part in (x, weight))
        share[len(x) - start :] = 0.0
        out = jax.tree.map(
            np.asarray, rows(channel.name, float(channel.noise), block, share, middle=prepared.middle, **fixed)
        )
        for name, total in out.pop("totals").items():
            totals[name] = totals.get(name, 0.0) + total
        blocks.append(out)
    joined = jax.tree.map(lambda *parts: np.concatenate(parts)[: len(x)], *blocks)
    return {**joined, "totals": totals}
