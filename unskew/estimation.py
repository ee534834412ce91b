"""What it costs that the posterior of the classes is itself estimated from the training samples (result `estimation`).

Inputs nearer to each other than the noise say the same, so a model with capacity for it has about one probability to learn for each class and each
stretch of inputs one noise wide: a table. Its expected cost is a sum over that table, and a rare class costs the more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from unskew.cells import Cells
from unskew.channel import REACH, centres_of, least_noise, phat
from unskew.class_edges import Edges

BEYOND = 3
"""Noises beyond the labels that the table covers; its two end cells hold all inputs further out."""
BLOCK = 64
"""Cells of the table at a time: a block sees the labels within reach alone."""


@dataclass(frozen=True)
class Cost:
    """What estimating costs one partition, in expectation and to leading order in 1/n.

    Attributes:
      log: nats, on top of the corrected excess: `(1/2n) sum_{x,c} q(x) (q(c|x) - qhat(c|x)^2)/p(x,c)`.
      squared: squared label units, of the decoded mean: `(1/n) sum_{x,c} q(x) qhat(c|x)^2 (m_c - fhat(x))^2/p(x,c)`.
    """

    log: float
    squared: float


def costs(cells: Cells, partitions: Sequence[Edges], noise: float) -> tuple[Cost, ...]:
    """The cost of each partition with a Gaussian channel; p(c|x) is learned from as many samples as there are labels."""
    return tuple(_cost(cells, edges, max(noise, least_noise(cells))) for edges in partitions)


def _cost(cells: Cells, edges: Edges, noise: float) -> Cost:
    starts = np.asarray(edges[:-1])
    ratio = np.add.reduceat(cells.p, starts) / np.add.reduceat(cells.q, starts)
    centres, corrected = centres_of(cells, edges)[starts], phat(cells, edges)
    number = np.repeat(np.arange(len(starts)), np.diff(edges))
    inputs = np.arange(cells.y[0] - BEYOND * noise, cells.y[-1] + (BEYOND + 1) * noise, noise)
    inputs[0], inputs[-1] = -np.inf, np.inf
    log = squared = 0.0
    for begin in range(0, len(inputs) - 1, BLOCK):
        ends = inputs[begin : begin + BLOCK + 1]
        low, high = np.searchsorted(cells.y, [ends[1] - (REACH + 1) * noise, ends[-2] + (REACH + 1) * noise])
        distance = (ends[:, None] - cells.y[None, low:high]) / noise
        # Beyond a label the upper tail is taken, whose digits a difference from one would lose.
        lower, upper = np.diff(ndtr(distance), axis=0), -np.diff(ndtr(-distance), axis=0)
        kernel = np.where(distance[1:] <= 0, lower, upper)
        seen, here = np.unique(number[low:high], return_index=True)
        if not len(seen):
            continue
        balanced, served = (np.add.reduceat(kernel * law[low:high], here, axis=1) for law in (cells.q, corrected))
        trained = served * ratio[seen]
        mass = balanced.sum(axis=1, keepdims=True)
        # Where no label is within reach nothing is served, and nothing lost.
        share = served / np.maximum(served.sum(axis=1, keepdims=True), np.finfo(float).tiny)
        away = centres[seen] - share @ centres[seen][:, None]
        filled = trained > 0
        below = np.where(filled, trained, 1.0)
        log += float(np.sum(np.where(filled, (balanced - mass * share**2) / below, 0.0)))
        squared += float(np.sum(np.where(filled, mass * share**2 * away**2 / below, 0.0)))
    return Cost(log / 2 / cells.n, squared / cells.n)
