"""recalibration: the best mend of a point prediction, from pairs of label and prediction."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.checks import statements, trained_models
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.grids.grid import grids
from numerics.grids.values import Values
from numerics.records import Check
from numerics.routes import training_law
from theory.record import Result
from theory.words import f_p, f_q

PAIRS, STRETCHES = 3_000, 12
"""Held-out pairs for the picture, and stretches of predictions in which they are averaged."""


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route and in finite worlds; with `full` on trained models as well."""
    page = Page(evidence, result.name)
    statements.add(page, result, training_law.pairs(evidence))
    if evidence.full and not evidence.world.law.unsampled:
        trained_models.add(page, result, "values")
    return page.checks


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: the prediction t = f_p(x), the mean label given it under both laws, and what held-out pairs of the training law give."""
    pair = grids(evidence.world)
    if not pair:
        return {}
    grid = pair[0]
    values = Values(grid)
    ratio = np.exp(grid.log_ratio)
    prediction, balanced = values.table(f_p)[:, 0], values.table(f_q)[:, 0]
    masses = grid.mass * ratio
    sample = trained_models.draws(masses, PAIRS, np.random.default_rng(0))
    t, label, weight = prediction[sample.x], grid.y[0][sample.y], 1 / ratio[0][sample.y]
    ends = np.linspace(prediction.min(), prediction.max(), STRETCHES + 1)
    stretch = np.searchsorted(ends[1:-1], t)
    count = np.bincount(stretch, minlength=STRETCHES)
    enough = count >= trained_models.LEAST

    def mean(weights: Any, what: Any) -> list[float]:
        above, below = (np.bincount(stretch, weights * part, STRETCHES) for part in (what, np.ones_like(what)))
        return (above[enough] / below[enough]).tolist()

    seen = masses.sum(axis=1) > 1e-9
    order = np.flatnonzero(seen)[np.argsort(prediction[seen])][:: max(1, int(seen.sum()) // 200)]
    return {
        "prediction": prediction[order].tolist(),
        "balanced": balanced[order].tolist(),
        "pairs": PAIRS,
        "least": trained_models.LEAST,
        "at": mean(np.ones_like(t), t),
        "plain": mean(np.ones_like(t), label),
        "weighted_at": mean(weight, t),
        "weighted": mean(weight, label),
        "gain": float(grid.mass.sum(axis=1) @ (prediction - balanced) ** 2),
    }
