"""A label rule turned into the arrays that `numerics.posterior.rows` multiplies kernels with, and its evaluation in blocks of x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics import deadline, quadrature, world
from numerics.posterior import label_side as labels
from numerics.world import World

CHUNK = 256
PANELS = 32
LITTLE_WORK = 4_000_000
"""Kernel entries up to which the program that compiles sooner is taken."""


@dataclass(frozen=True)
class Prepared:
    """Arrays of one label rule, ready for `numerics.posterior.rows`."""

    world: World
    middle: float
    span: float
    arrays: dict[str, np.ndarray]


def prepare(here: World, side: labels.LabelSide, index: int) -> Prepared:
    """Features of the label nodes of one order by panel, padded to the finest order and to a multiple of `PANELS` panels (nodes without weight), so
    that one compiled program serves both orders and most laws."""
    rule = side.rule
    nodes = rule.nodes[index]
    low, high = (float(end) for end in here.law.support)
    middle = (low + high) / 2
    shape = (len(nodes.y) // rule.orders[index], rule.orders[index])
    q_cells, p_cells = here.law.bin_masses(rule.edges)
    cell_log = _log_mass(q_cells, p_cells)
    y_panels = nodes.y.reshape(shape)
    center = y_panels.mean(axis=1)
    panel_log_mass = cell_log[world.bin_index(rule.edges, center)]
    sampled = np.isfinite(nodes.log_ratio)
    t = np.where(sampled, nodes.log_ratio - np.repeat(panel_log_mass, shape[1]), 0.0)
    ratio = np.where(sampled, np.exp(t), 0.0)
    shift = np.where(sampled, np.expm1(t), -1.0)
    curve = np.where(np.abs(t) < 0.3, _curve_series(t), shift - t)
    y = nodes.y - middle
    features = [np.ones_like(y), t, ratio, shift, curve, y, y * ratio, y * shift, y * y, y * y * ratio]
    slope, bend, ends, jumps = _smooth_parts(here, rule, index)
    with_l = np.where(sampled, np.exp(nodes.log_ratio) * np.where(sampled, nodes.log_ratio, 0.0), 0.0)
    loose = [with_l, slope, bend, bend * y]
    padded = (-(-shape[0] // PANELS) * PANELS, rule.orders[0])
    bins = max(len(bin_side.q) for bin_side in side.bins)
    owner = np.zeros((len(side.bins), padded[0]), np.int32)
    mass = np.zeros((len(side.bins), bins))
    for row, bin_side in enumerate(side.bins):
        places = world.bin_index(bin_side.edges, center)
        owner[row] = np.concatenate([places, np.full(padded[0] - len(places), places[-1])])
        mass[row, : len(bin_side.q)] = _log_mass(bin_side.q, bin_side.p)
    arrays = {
        "y": _padded(y_panels, padded, nodes.y[-1]),
        "features": _stacked(features, nodes.weight, shape, padded),
        "loose": _stacked(loose, nodes.weight, shape, padded),
        "panel_log_mass": np.concatenate([panel_log_mass, np.full(padded[0] - shape[0], panel_log_mass[-1])]),
        "owner": owner,
        "log_mass": mass,
        "ends": ends,
        "end_weight": jumps,
    }
    return Prepared(here, middle, side.log_ratio_span, arrays)


def _padded(values: np.ndarray, shape: tuple[int, int], filler: float) -> np.ndarray:
    out = np.full(shape, filler)
    out[: values.shape[0], : values.shape[1]] = values
    return out


def _stacked(
    columns: list[np.ndarray], weight: np.ndarray, shape: tuple[int, int], padded: tuple[int, int]
) -> np.ndarray:
    """Columns times the weight, (panels, order, columns), zero where padded."""
    return np.stack([_padded((column * weight).reshape(shape), padded, 0.0) for column in columns], axis=2)


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
    """`numerics.posterior.rows` at any number of inputs, in blocks of `CHUNK`.

    Args:
      x: inputs (n,).
      weight: quadrature weights (n,); the integrands that have an entry for each bin come back summed with them, as `totals`, (counts, bins)
        each: they would not fit into memory otherwise.

    Returns:
      Arrays by name, the first axis over x.
    """
    import jax

    from numerics.posterior import rows as posterior_rows

    little = len(x) * prepared.arrays["y"].size < LITTLE_WORK
    rows = posterior_rows.rows_at_once if little else posterior_rows.rows
    channel = prepared.world.channel
    weight = np.zeros_like(x) if weight is None else weight
    blocks: list[dict[str, Any]] = []
    totals: dict[str, Any] = {}
    starts = range(0, len(x), CHUNK)
    for start, arrays in zip(starts, _windows(prepared, [x[i : i + CHUNK] for i in starts]), strict=True):
        deadline.check()
        block, share = (np.resize(part[start : start + CHUNK], CHUNK) for part in (x, weight))
        share[len(x) - start :] = 0.0
        out = rows(channel.name, float(channel.noise), block, share, middle=prepared.middle, **arrays)
        out = jax.tree.map(np.asarray, out)
        for name, total in out.pop("totals").items():
            totals[name] = totals.get(name, 0.0) + total
        blocks.append(out)
    joined = jax.tree.map(lambda *parts: np.concatenate(parts)[: len(x)], *blocks)
    return {**joined, "totals": totals}


def _windows(prepared: Prepared, blocks: list[np.ndarray]) -> list[dict[str, Any]]:
    """The arrays for each block of x, cut to the panels that it sees where the noise is small against the support.

    A label at distance u from the nearest label to x weighs at most k(u)/k(0) relative to it, times e^span under p. Panels where that is below
    e^-41 of a noise's share of the support are left out: less than a unit in the last place of any sum.
    """
    here, arrays = prepared.world, prepared.arrays
    name, noise = here.channel.name, here.channel.noise
    import jax

    fixed = {key: jax.numpy.asarray(array) for key, array in arrays.items()}
    needed = 41.0 + prepared.span + np.log1p(here.law.length / noise)
    if name == "student":
        return [fixed] * len(blocks)
    reach = noise * (np.sqrt(2 * needed) if name == "gaussian" else needed)
    first = arrays["y"][:, 0]
    low, high = (float(end) for end in here.law.support)
    # Panels are in order; one starts before its first node and ends before the next one's.
    cuts = [
        (
            max(0, int(np.searchsorted(first, np.clip(block.min(), low, high) - reach)) - 1),
            int(np.searchsorted(first, np.clip(block.max(), low, high) + reach)),
        )
        for block in blocks
    ]
    size = -(-max(stop - start for start, stop in cuts) // PANELS) * PANELS
    if 2 * size > len(first):
        return [fixed] * len(blocks)
    found = []
    for start, _ in cuts:
        window = slice(min(start, len(first) - size), min(start, len(first) - size) + size)
        cut = {key: arrays[key][window] for key in ("y", "features", "loose", "panel_log_mass")}
        found.append({**fixed, **cut, "owner": arrays["owner"][:, window]})
    return found
