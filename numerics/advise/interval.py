"""How well the labels determine W: a bootstrap on cell counts, which is exactly the bootstrap on labels.

Resampling n labels with replacement gives multinomial counts of the cells; so the counts are drawn, never the labels. The edges stay as they are. W
is convex in p, so a resample's W is too large on average by as much as the estimate itself is; the basic (reflected) interval takes this off
twice where the percentile interval would add it twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from numerics.advise.cells import Cells
from numerics.advise.classes import Edges, kl_classes, kl_labels

RESAMPLES = 400
LEVEL = 0.95


def intervals(
    cells: Cells, partitions: Sequence[Edges], seed: int, resamples: int = RESAMPLES
) -> list[tuple[float, float]]:
    """Basic bootstrap intervals of W at `LEVEL`, clipped at zero, for each partition."""
    random = np.random.default_rng(seed)
    drawn = random.multinomial(cells.n, cells.counts / cells.n, size=resamples)
    p = np.concatenate([cells.smoothed(cells.counts)[None], cells.smoothed(drawn)])
    labels = kl_labels(cells.q, p)
    total = float(kl_labels(cells.q, cells.p))
    found = []
    for edges in partitions:
        values = labels - kl_classes(cells.q, p, edges)
        estimate = total - float(kl_classes(cells.q, cells.p, edges))
        low, high = np.quantile(values[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        # About the estimate; `values[0]` is the same up to the finer histogram that the estimate is made from.
        found.append((max(0.0, float(estimate + values[0] - high)), max(0.0, float(estimate + values[0] - low))))
    return found
