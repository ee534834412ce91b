"""beyond_label_shift: what the correction cannot mend where the channels differ too."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from numerics.channels import log_density
from numerics.checks import statements
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.grids.grid import Array, grids
from numerics.records import Check
from numerics.routes import training_law
from theory.beyond_label_shift import channels, p_k, phat_k
from theory.record import Result
from theory.terms import KL, X, Y, q
from theory.words import channel_ratio

RATIOS = tuple(float(ratio) for ratio in np.linspace(0.7, 1.5, 9).round(2))
"""Of the noise of the training law's channel to that of the balanced one."""


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route and in finite worlds."""
    page = Page(evidence, result.name)
    statements.add(page, result, training_law.pairs(evidence))
    return page.checks


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: the price, what the finest classes leave of it, and the divergence of the channels, against the ratio of the noises."""
    pair = grids(evidence.world)
    if not pair:
        return {}
    # A picture shows no more than the coarser grid knows.
    grid, channel = pair[-1], evidence.world.channel
    K = max(evidence.world.classes)

    def ratio(share: float) -> Array:
        """k_p/k_q where the noises have this ratio."""
        own = log_density(channel.name, share * channel.noise, grid.x, grid.y)
        quotient: Array = np.exp(own - log_density(channel.name, channel.noise, grid.x, grid.y))
        return quotient

    drawn = [replace(grid, trained={channel_ratio.name: ratio(share)}) for share in RATIOS]
    return {
        "classes": K,
        "ratio": list(RATIOS),
        "price": [training_law.number(each, KL(q, p_k, Y, given=X)) for each in drawn],
        "left": [training_law.number(each, KL(q, phat_k, Y, given=X), K) for each in drawn],
        "channels": [training_law.number(each, channels) for each in drawn],
    }
