"""How well the labels determine W: a bootstrap on cell counts, which is exactly the bootstrap on labels.

Resampling n labels with replacement gives multinomial counts of the cells; so the counts are drawn, never the labels. The edges stay as they are. W
is convex in p, so a resample's W is too large on average, by as much as the estimate itself: the quantiles of the resamples are moved down by
twice that bias, and the interval can lie below the estimate. For continuous labels it speaks of the kernel estimate's noise, not of its smoothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from numerics.advise.cells import Cells
from numerics.advise.classes import Edges, kl_classes, kl_labels

RESAMPLES = 300
LEVEL = 0.95


def intervals(
    cells: Cells, partitions: Sequence[Edges], seed: int, resamples: int = RESAMPLES
) -> list[tuple[float, float]]:
    """Bootstrap intervals of W at `LEVEL`, without bias and not below zero, for each partition."""
    random = np.random.default_rng(seed)
    drawn = random.multinomial(cells.n, cells.counts / cells.n, size=resamples)
    # The first row is the estimate, up to the finer histogram that it is made from.
    p = np.concatenate([cells.smoothed(cells.counts)[None], cells.smoothed(drawn)])
    labels = kl_labels(cells.q, p)
    found = []
    for edges in partitions:
        values = labels - kl_classes(cells.q, p, edges)
        found.append(unbiased(float(values[0]), values[1:]))
    return found


def unbiased(estimate: float, values: np.ndarray) -> tuple[float, float]:
    """Quantiles of resampled values, moved by twice their bias about the estimate and clipped at zero."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]) - 2 * (float(values.mean()) - estimate)
    return max(0.0, float(low)), max(0.0, float(high))
