"""Composite Gauss-Legendre quadrature with an error estimate that can be carried into a tolerance.

One integral is computed on the same panels by several orders. The value is the finest; the error is

- `SAFETY` times the sum *over panels* of the largest difference between the finest and a coarser order (over panels, so that
  errors of opposite sign cannot hide each other). For a smooth integrand the difference is the coarser rule's error, orders of
  magnitude above the finest rule's; two orders are enough, and label laws name their kinks and jumps, so panels never straddle one. For a kink or
  a jump inside a panel every order has an error of the same size, of a sign that depends on where it lies; several coarser orders
  and `SAFETY` cover the positions where some agree by chance (`tests/test_quadrature.py` scans the positions).
- plus a rounding term, `ROUNDING` units in the last place of the sum of absolute terms,
- plus whatever bound of a tail the caller adds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

import numpy as np

from numerics.records import Estimate

EPSILON = float(np.finfo(np.float64).eps)
ROUNDING = 32.0
"""A term is a product of a weight, a node's function (a few library calls, each good to some units) and a dot product that is summed
in blocks: 5 roundings each for weight and node, up to about 20 for exponentials of arguments near 40."""
SAFETY = 4.0
ORDERS = (16, 15, 14, 13, 12, 11)
"""For integrands whose kinks may lie inside a panel: five comparisons do not agree with the finest by chance. The finest alone sees a kink
that is closer to a panel's end than 1.1 % of half its width, and none sees it beyond its first node: name known kinks as edges."""


@cache
def rule(order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of `order` points on [-1, 1], shape (order,) each; exact to degree 2 order - 1."""
    return np.polynomial.legendre.leggauss(order)


def split(edges: Sequence[float], width: float) -> np.ndarray:
    """The edges with further ones between, evenly, so that no panel is wider than `width`; shape (panels + 1,)."""
    edges = [float(edge) for edge in edges]
    pieces = [
        np.linspace(low, high, max(1, int(np.ceil((high - low) / width * (1 - 1e-12)))) + 1)[:-1]
        for low, high in pairwise(edges)
        if high > low
    ]
    return np.concatenate([*pieces, [edges[-1]]])


def composite(edges: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on panels between consecutive edges, shape (panels, order) each."""
    points, weights = rule(order)
    half = np.diff(edges)[:, None] / 2
    middle = (edges[1:] + edges[:-1])[:, None] / 2
    return middle + half * points, half * weights


def estimate(panel_sums: Sequence[np.ndarray], magnitude: float, tail: float = 0.0) -> Estimate:
    """The estimate from each order's sums over panels.

    Args:
      panel_sums: one array (panels,) for each order, finest first, on the same panels.
      magnitude: the sum of the absolute terms, for the rounding error.
      tail: a bound of what the panels leave out.
    """
    finest = panel_sums[0]
    gap = np.zeros_like(finest)
    for coarser in panel_sums[1:]:
        gap = np.maximum(gap, np.abs(finest - coarser))
    error = SAFETY * float(gap.sum()) + ROUNDING * EPSILON * magnitude + tail
    return Estimate(float(finest.sum()), error)


def integrate(
    function: Callable[[np.ndarray], np.ndarray],
    edges: Sequence[float],
    width: float = float("inf"),
    orders: Sequence[int] = ORDERS,
    tail: float = 0.0,
) -> Estimate:
    """The integral of a function of one variable.

    Args:
      function: vectorised; never called at an edge.
      edges: ends and the known kinks and jumps between them.
      width: widest panel.
      orders: finest first.
      tail: a bound of what lies outside the edges.
    """
    panels = split(edges, width)
    sums = []
    magnitude = 0.0
    for order in orders:
        nodes, weights = composite(panels, order)
        terms = function(nodes) * weights
        sums.append(terms.sum(axis=1))
        magnitude = magnitude or float(np.abs(terms).sum())
    return estimate(sums, magnitude, tail)
