"""predictions: what a fitted model's own probabilities tell, as means under the training law."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.checks import statements
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.grids.grid import Array, grids, places
from numerics.grids.values import Values
from numerics.records import Check
from numerics.routes import training_law
from theory.predictions import weight_classes
from theory.record import Result
from theory.terms import E, Term, X, log, p, r
from theory.words import R, corrected_excess, price, weight

INPUTS = (30, 100, 300, 1_000, 3_000, 10_000, 30_000)
"""Numbers of unlabelled inputs for the picture."""

COST: Term = E(-log(r) / r, X, law=p) - weight * log(weight)
"""What the claim *price* averages over the inputs of the training law."""
LEFT: Term = E(log(R / r) / r, X, law=p) + weight * log(weight_classes / weight)
"""The same of *corrected_classes*."""


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route and in finite worlds."""
    page = Page(evidence, result.name)
    statements.add(page, result, training_law.pairs(evidence))
    return page.checks


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: what unlabelled inputs tell of the price and of what K classes leave, with two standard errors, against how many there are."""
    pair = grids(evidence.world)
    if not pair:
        return {}
    grid = pair[0]
    K = evidence.world.classes[len(evidence.world.classes) // 2]
    values = Values(grid, places(grid, K))
    with np.errstate(all="ignore"):
        masses = values.masses(p).sum(axis=1)

        def spread(whole: Term) -> float:
            terms: Array = values.table(whole)[:, 0]
            mean = float(masses @ terms)
            return float(np.sqrt(masses @ (terms - mean) ** 2))

        spreads = spread(COST), spread(LEFT)
    return {
        "classes": K,
        "inputs": list(INPUTS),
        "price": training_law.number(grid, price),
        "left": training_law.number(grid, corrected_excess, K),
        "price_error": [2 * spreads[0] / n**0.5 for n in INPUTS],
        "left_error": [2 * spreads[1] / n**0.5 for n in INPUTS],
    }
