"""transfer: what a wrong model loses after the correction, against what it loses on its own training law."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from numerics.checks import statements, trained_models
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.grids.grid import Array, Grid, grids
from numerics.records import Check
from numerics.routes import training_law
from theory.record import Result
from theory.terms import KL, X, Y, p, q
from theory.transfer import corrected, h, largest, model

AMOUNTS = (0.01, 0.03, 0.1, 0.3, 0.7)
"""By what share the model is too large or too small at most."""


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route and in finite worlds; with `full` on trained models as well."""
    page = Page(evidence, result.name)
    statements.add(page, result, training_law.pairs(evidence))
    if evidence.full and not evidence.world.law.unsampled:
        trained_models.add(page, result, "labels")
    return page.checks


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: models that are wrong about all labels alike, about frequent ones, about rare ones."""
    pair = grids(evidence.world)
    if not pair:
        return {}
    grid = pair[0]
    return {
        "largest": training_law.number(grid, largest),
        "models": [
            {"wrong_about": name, **_course(grid, where)}
            for name, where in (
                ("all labels alike", np.ones_like(grid.log_ratio)),
                ("frequent labels", _bump(grid, float(grid.y[0][grid.log_ratio.argmax()]))),
                ("rare labels", _bump(grid, float(grid.y[0][grid.log_ratio.argmin()]))),
            )
        ],
    }


def _bump(grid: Grid, middle: float) -> Array:
    """One near a label, nothing a tenth of the interval away."""
    bump: Array = np.exp(-(((grid.y - middle) / (0.05 * grid.world.law.length)) ** 2))
    return bump


def _course(grid: Grid, where: Array) -> dict[str, list[float]]:
    """Losses on the training law, and under the balanced law after the correction, by how wrong the model is."""
    rows = []
    for amount in AMOUNTS:
        wrong = np.exp(grid.log_ratio) * (1 + amount * where * np.cos(20 * grid.share))
        balanced = grid.mass / grid.mass.sum(axis=1, keepdims=True)
        ratio = wrong / (balanced * wrong).sum(axis=1, keepdims=True)
        own = replace(grid, trained={h.name: ratio})
        rows.append(
            [training_law.number(own, term) for term in (KL(p, model, Y, given=X), KL(q, corrected, Y, given=X))]
        )
    return {"training": [row[0] for row in rows], "balanced": [row[1] for row in rows]}
