"""ratio_error: what an estimated label law costs in the correction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from numerics.checks import statements
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.grids.grid import grids
from numerics.records import Check
from numerics.routes import training_law
from theory.ratio_error import estimate, served
from theory.record import Result
from theory.terms import KL, X, Y, q
from theory.words import price

SHARES = tuple(step / 20 for step in range(21))
"""Of the balanced law in the estimate."""


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route and in finite worlds."""
    page = Page(evidence, result.name)
    statements.add(page, result, training_law.pairs(evidence))
    return page.checks


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: the excess and its bound where the estimate is drawn towards the balanced law."""
    pair = grids(evidence.world)
    if not pair:
        return {}
    grid = pair[0]
    ratio = np.exp(grid.log_ratio)
    drawn = [replace(grid, trained={estimate.name: (1 - share) * ratio + share}) for share in SHARES]
    return {
        "share": list(SHARES),
        "excess": [training_law.number(each, KL(q, served, Y, given=X)) for each in drawn],
        "bound": [training_law.number(each, KL(q, served, Y)) for each in drawn],
        "price": training_law.number(grid, price),
    }
