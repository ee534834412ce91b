"""Everything that the labels alone decide: both label KLs, W for each number of classes, and the ingredients of the bounds.

Plain numpy on a law's nodes; nothing here knows of a channel. `W` comes by two routes, as the sum over bins and as a difference of KLs
(result `remainder`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.polynomial import legendre

from numerics import quadrature, world
from numerics.laws.density import Density
from numerics.laws.law import Law
from numerics.quadrature import EPSILON, ROUNDING
from numerics.records import Estimate

INFINITE = Estimate(math.inf, 0.0)
UNDEFINED = Estimate(math.nan, 0.0)
MOST_NODES = 64_000
TARGET = 1e-13
ROUNDS = 40
LABEL_ORDERS = (12, 8)


@dataclass(frozen=True)
class LabelRule:
    """Quadrature nodes of a law, by falling order, all on the same panels.

    Attributes:
      nodes: one `LabelNodes` for each order, finest first; one entry for a discrete law.
      orders: nodes a panel; 1 for a discrete law.
      edges: the cells' edges (union over the numbers of classes).
    """

    nodes: tuple[Any, ...]
    orders: tuple[int, ...]
    edges: tuple[Fraction, ...]

    def integrate(self, term: Any, tail: float = 0.0) -> Estimate:
        """E_q of `term(nodes)`, an array (n,) of values at the nodes; -0.0 where the weight is zero."""
        sums, magnitude = [], 0.0
        for nodes, order in zip(self.nodes, self.orders, strict=True):
            values = nodes.weight * term(nodes)
            if not np.all(np.isfinite(values)):
                return INFINITE
            sums.append(values.reshape(-1, order).sum(axis=1))
            magnitude = magnitude or float(np.abs(values).sum())
        return quadrature.estimate(sums, magnitude, tail)


@dataclass(frozen=True)
class BinSide:
    """What one partition decides on the label side.

    Attributes:
      classes: K as asked for; `edges` may hold fewer bins on a discrete law.
      edges: bin edges.
      q, p: bin masses, shape (bins,).
      low, high: inf and sup of l over each bin, shape (bins,); `range_error` bounds both.
      kl_classes: KL(q_C||p_C).
      remainder: W = sum_c q_c KL(q_{y|c}||p_{y|c}).
      remainder_by_difference: KL(q_y||p_y) - KL(q_C||p_C).
    """

    classes: int
    edges: tuple[Fraction, ...]
    q: np.ndarray
    p: np.ndarray
    low: np.ndarray
    high: np.ndarray
    range_error: np.ndarray
    kl_classes: Estimate
    remainder: Estimate
    remainder_by_difference: Estimate

    @property
    def oscillation(self) -> np.ndarray:
        """w_c = sup l - inf l over each bin, shape (bins,); infinite where p vanishes, also where it vanishes on the whole bin."""
        sampled = np.isfinite(self.low)
        return np.where(sampled, self.high, np.inf) - np.where(sampled, self.low, 0.0)

    @property
    def width(self) -> float:
        """d, the largest bin width."""
        return float(max(high - low for low, high in pairwise(self.edges)))


@dataclass(frozen=True)
class LabelSide:
    """What the labels decide. KLs in nats; `slope_square` is E_q[l'^2], `lipschitz` sup |l'|, `chi_square` E_q[r^2] - 1;
    `log_ratio_error` bounds the rounding of l itself."""

    rule: LabelRule
    kl_labels: Estimate
    kl_labels_reversed: Estimate
    chi_square: Estimate
    slope_square: Estimate
    lipschitz: Estimate
    log_ratio_low: float
    log_ratio_high: float
    log_ratio_error: float
    bins: tuple[BinSide, ...]

    @property
    def log_ratio_span(self) -> float:
        """sup l - inf l over the labels that p samples; finite."""
        values = self.rule.nodes[0].log_ratio
        values = values[np.isfinite(values)]
        return float(values.max() - values.min())


def _ratio(nodes: Any) -> np.ndarray:
    return np.exp(nodes.log_ratio)


def label_rule(law: Law, partitions: Sequence[Sequence[Fraction]], width: float) -> LabelRule:
    """Nodes fine enough for the labels' own integrals and for a channel that varies over `width`.

    A panel on which the two orders differ by more than its share of `TARGET` (in either label KL or in E_q l) is halved, up to `ROUNDS` times
    or `MOST_NODES` nodes; what is then left shows in every error estimate.
    """
    cells = world.common_cells(partitions)
    if law.discrete:
        return LabelRule((law.nodes(cells, 1, math.inf),), (1,), cells)
    cuts = _evenly(sorted({*cells, *law.mesh}), width)
    for _ in range(ROUNDS):
        rule = LabelRule(tuple(law.nodes(cuts, order, math.inf) for order in LABEL_ORDERS), LABEL_ORDERS, cells)
        fine, coarse = (_panel_sums(nodes, order) for nodes, order in zip(rule.nodes, LABEL_ORDERS, strict=True))
        rough = np.abs(fine - coarse).max(axis=0)
        scale = 1.0 + np.abs(fine).sum(axis=1).max()
        bad = np.flatnonzero(rough > TARGET * scale / len(rough))
        if not len(bad) or len(rule.nodes[0].y) + LABEL_ORDERS[0] * len(bad) > MOST_NODES:
            break
        cuts = sorted({*cuts, *((cuts[panel] + cuts[panel + 1]) / 2 for panel in bad)})
    return rule


def _evenly(ends: Sequence[Fraction], width: float) -> list[Fraction]:
    """The ends with exact points between, so that no panel is wider than `width`."""
    points = [ends[0]]
    for low, high in pairwise(ends):
        count = max(1, math.ceil(float(high - low) / width * (1 - 1e-12)))
        points.extend(low + (high - low) * Fraction(step, count) for step in range(1, count + 1))
    return points


def _panel_sums(nodes: Any, order: int) -> np.ndarray:
    """Sums over panels of the integrands of both label KLs, shape (2, panels)."""
    sampled = np.isfinite(nodes.log_ratio)
    log_ratio = np.where(sampled, nodes.log_ratio, 0.0)
    terms = np.stack([log_ratio, np.exp(log_ratio) * sampled * log_ratio])
    return (terms * nodes.weight).reshape(2, -1, order).sum(axis=2)


def label_side(law: Law, classes: Sequence[int], width: float) -> LabelSide:
    """The label side of a law for the numbers of classes asked for; no panel is wider than `width` (the channel's noise)."""
    partitions = [world.class_edges(law, count) for count in classes]
    rule = label_rule(law, partitions, min(width, law.length / 8))
    kl_labels = rule.integrate(lambda nodes: -nodes.log_ratio)
    reverse = rule.integrate(lambda nodes: _ratio(nodes) * np.where(_ratio(nodes) > 0, nodes.log_ratio, 0.0))
    chi_square = rule.integrate(lambda nodes: (_ratio(nodes) - 1) ** 2)
    finest = rule.nodes[0]
    own_error = log_ratio_error(law, finest.log_ratio)
    kl_labels, reverse = (widened(number, own_error) for number in (kl_labels, reverse))
    if law.discrete:
        slope_square = lipschitz = UNDEFINED
        low, high, error = finest.log_ratio, finest.log_ratio, np.zeros(len(finest.y))
        owner = finest.y
    else:
        slope_square = rule.integrate(lambda nodes: np.where(np.isfinite(nodes.log_ratio), nodes.slope, np.inf) ** 2)
        low, high, error = panel_range(finest.log_ratio, rule.orders[0])
        low, high = with_roots(law, finest.y, rule.orders[0], low, high)
        # Of a density that is 1e-6 throughout l is about 0, and yet no better known than log 1e-6 is.
        error = error + own_error
        steep_low, steep_high, steep_error = panel_range(finest.slope, rule.orders[0])
        lipschitz = Estimate(float(max(np.max(steep_high), -np.min(steep_low))), float(np.max(steep_error)))
        if law.graded or not np.all(np.isfinite(finest.log_ratio)):
            lipschitz = INFINITE
        if isinstance(law, Density) and law.slope_power > 0.49:
            slope_square = INFINITE
        owner = finest.y.reshape(-1, rule.orders[0]).mean(axis=1)
    bins = tuple(
        _bin_side(law, count, edges, rule, kl_labels, owner, (low, high, error), own_error)
        for count, edges in zip(classes, partitions, strict=True)
    )
    return LabelSide(
        rule,
        kl_labels,
        reverse,
        chi_square,
        slope_square,
        lipschitz,
        float(np.min(low)),
        float(np.max(high)),
        own_error,
        bins,
    )


def log_ratio_error(law: Law, log_ratio: np.ndarray) -> float:
    """How far l itself can be off by rounding: l = log shape - log normaliser + log D, each good to some units of its size."""
    largest = float(np.abs(log_ratio[np.isfinite(log_ratio)]).max())
    offset = abs(law.log_normaliser) + abs(math.log(law.length)) if isinstance(law, Density) else 0.0
    return 4 * EPSILON * (1.0 + largest + 2 * offset)


def widened(number: Estimate, error: float) -> Estimate:
    """The estimate with more error."""
    return Estimate(number.value, number.error + error) if math.isfinite(number.value) else number


def _bin_side(
    law: Law,
    count: int,
    edges: tuple[Fraction, ...],
    rule: LabelRule,
    kl_labels: Estimate,
    owner: np.ndarray,
    ranges: tuple[np.ndarray, np.ndarray, np.ndarray],
    own_error: float,
) -> BinSide:
    q, p = (np.asarray(mass, float) for mass in law.bin_masses(edges))
    bins = len(edges) - 1
    low, high, error = np.full(bins, np.inf), np.full(bins, -np.inf), np.zeros(bins)
    place = world.bin_index(edges, owner)
    np.minimum.at(low, place, ranges[0])
    np.maximum.at(high, place, ranges[1])
    np.maximum.at(error, place, ranges[2])
    if np.all(p > 0):
        terms = q * np.log(q / p)
        kl_classes = Estimate(float(terms.sum()), ROUNDING * EPSILON * float(np.abs(terms).sum() + 1.0))
        # A bin mass good to rounding moves log(p_c/q_c) by that much, bin by bin: the `+ 1.0` above and below.
        log_mass = np.log(p / q)
        remainder = rule.integrate(lambda nodes: log_mass[world.bin_index(edges, nodes.y)] - nodes.log_ratio, own_error)
        difference = kl_labels - kl_classes if math.isfinite(kl_labels.value) else INFINITE
    else:
        # p(y|c) is 0/0 in a bin that is never sampled; KL(q_C||p_C) is infinite.
        kl_classes, remainder, difference = INFINITE, UNDEFINED, UNDEFINED
    return BinSide(count, edges, q, p, low, high, error, kl_classes, remainder, difference)


def with_roots(law: Any, y: np.ndarray, order: int, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The ranges of l on panels, with its values at roots, which no interpolant reaches."""
    from numerics.expression.values import accurate

    first = y.reshape(-1, order)[:, 0]
    offset = math.log(law.length) - law.log_normaliser
    for piece in law.pieces:
        ends = np.array([float(piece.lower), float(piece.upper)])
        places = np.searchsorted(first, ends, side="left") - np.array([0, 1])
        for place, end, value in zip(
            places, (piece.lower, piece.upper), accurate(piece.log_expression, ends), strict=True
        ):
            if end in law.graded:
                low[place], high[place] = min(low[place], value + offset), max(high[place], value + offset)
    return low, high


def panel_range(values: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least and greatest value on each panel of a function known at Gauss-Legendre nodes, ends included.

    The interpolating polynomial is evaluated on 65 Chebyshev points, both ends among them. The error is that of interpolation (distance to
    the interpolant with its upper third of Legendre coefficients dropped) and, where the derivative changes sign inside a panel, what an
    extremum can exceed its neighbours on the grid by: h^2/8 sup |second derivative|.

    Args:
      values: shape (panels * order,); a panel with an infinite value is taken at its nodes.

    Returns:
      low, high, error, shape (panels,) each.
    """
    panels = values.reshape(-1, order)
    points, weights = quadrature.rule(order)
    degree = np.arange(order)
    to_coefficients = (legendre.legvander(points, order - 1) * weights[:, None]).T * (degree + 0.5)[:, None]
    grid = np.cos(np.pi * np.arange(65) / 64)
    finite = np.all(np.isfinite(panels), axis=1)
    coefficients = np.where(finite[:, None], panels, 0.0) @ to_coefficients.T
    on_grid = legendre.legval(grid, coefficients.T)
    tail = np.abs(coefficients[:, -(order // 3) :]).sum(axis=1)
    slope = legendre.legval(grid, legendre.legder(coefficients.T))
    bend = np.abs(legendre.legval(grid, legendre.legder(coefficients.T, 2))).max(axis=1)
    turns = (slope.max(axis=1) > 0) & (slope.min(axis=1) < 0)
    spacing = np.abs(np.diff(grid)).max()
    error = tail + np.where(turns, spacing**2 / 8 * bend, 0.0) + ROUNDING * EPSILON * np.abs(on_grid).max(axis=1)
    low = np.where(finite, on_grid.min(axis=1), panels.min(axis=1))
    high = np.where(finite, on_grid.max(axis=1), panels.max(axis=1))
    return low, high, np.where(finite, error, 0.0)
