"""One cell of the study: its runs as arrays, the mean of each arm, every contrast, the attribution."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from numerics.study import statistics
from numerics.study.arms import ARMS
from numerics.study.contrasts import CONTRASTS
from numerics.study.grid import Cell

Array = np.ndarray


def errors(cell: Cell, arm: str, results: Mapping[str, Mapping[str, Any]], metric: str) -> tuple[Array, Array]:
    """Scores and divergence of one arm, each `(clusters, seeds, K)` with K = 1 without a class head.

    A diverged run enters with the error of the best constant prediction on its test data, so it is neither dropped nor able to swamp a
    mean.
    """
    counts = cell.counts(arm)
    shape = len(cell.functions), cell.seeds, len(counts)
    score, diverged = np.empty(shape), np.zeros(shape, bool)
    grid = product(enumerate(cell.functions), range(cell.seeds), enumerate(counts))
    for (i, function), seed, (j, classes) in grid:
        result = results[cell.job(arm, classes, function, seed).text()]
        value = float(result[metric])
        diverged[i, seed, j] = result["diverged"] or not np.isfinite(value)
        score[i, seed, j] = float(result["test_variance"]) if diverged[i, seed, j] else value
    return score, diverged


def _one_count(runs: tuple[Array, Array], place: int) -> tuple[Array, Array]:
    """Scores and divergence at one class count; an arm that does not depend on K has the same for all."""
    score, diverged = (array[..., place : place + 1] if array.shape[2] > 1 else array for array in runs)
    return score, diverged


def _contrast(base: tuple[Array, Array], arm: tuple[Array, Array], *, pooled: bool = True) -> dict[str, Any]:
    """A contrast of arrays `(F, S, K)`, pooled over the last axis; a single class count gets no interval of its relative change."""
    left, right = np.broadcast_arrays(base[0], arm[0])
    difference = (left - right).mean(axis=2)
    average = statistics.mean(difference)
    relative = statistics.ratio(-difference, left.mean(axis=2), with_interval=pooled)
    low, high = statistics.t_interval(difference)
    by_function = difference.mean(axis=1)
    return {
        "difference": average.value,
        "low": average.low,
        "high": average.high,
        "p": average.p,
        "note": average.note,
        "relative": {"value": relative.value, "low": relative.low, "high": relative.high, "note": relative.note},
        "win_rate": statistics.win_rate(left, right),
        "clusters_won": int((by_function > 0).sum()),
        "clusters": len(by_function),
        "pairs": int(left.size),
        "diverged_base": int(base[1].sum()),
        "diverged_arm": int(arm[1].sum()),
        "student_low": low,
        "student_high": high,
    }


def contrasts(cell: Cell, runs: Mapping[str, tuple[Array, Array]]) -> list[dict[str, Any]]:
    """Every contrast whose arms were run, pooled over class counts first, then for each class count."""
    rows = []
    for contrast in CONTRASTS:
        if contrast.base not in runs or contrast.arm not in runs:
            continue
        head = {"name": contrast.name, "base": contrast.base, "arm": contrast.arm, "role": contrast.role}
        base, arm = runs[contrast.base], runs[contrast.arm]
        rows.append({**head, "classes": None, **_contrast(base, arm)})
        if not (ARMS[contrast.base].classifies or ARMS[contrast.arm].classifies) or len(cell.classes) == 1:
            continue
        for j, classes in enumerate(cell.classes):
            rows.append(
                {**head, "classes": classes, **_contrast(_one_count(base, j), _one_count(arm, j), pooled=False)}
            )
    return rows


def arm_rows(cell: Cell, runs: Mapping[str, tuple[Array, Array]]) -> list[dict[str, Any]]:
    """The mean score of each arm, for each class count and pooled over them (`classes` None)."""
    rows = []
    for arm, (score, diverged) in runs.items():
        counts: list[int | None] = [None]
        if ARMS[arm].classifies:
            counts += cell.classes
        for classes in counts:
            part = (
                slice(None) if classes is None else slice(cell.classes.index(classes), cell.classes.index(classes) + 1)
            )
            average = statistics.mean(score[..., part].mean(axis=2))
            rows.append(
                {
                    "arm": arm,
                    "classes": classes,
                    "value": average.value,
                    "low": average.low,
                    "high": average.high,
                    "runs": int(score[..., part].size),
                    "diverged": int(diverged[..., part].sum()),
                }
            )
    return rows


def attribution(runs: Mapping[str, tuple[Array, Array]]) -> dict[str, Any] | None:
    """The share of `reg - reg_cls` that `reg - reg_scaled` already explains; None unless the three arms were run."""
    if not {"reg", "reg_cls", "reg_scaled"} <= set(runs):
        return None
    reg, scaled, both = (runs[name][0].mean(axis=2) for name in ("reg", "reg_scaled", "reg_cls"))
    share = statistics.ratio(reg - scaled, reg - both)
    return {
        "value": share.value,
        "low": share.low,
        "high": share.high,
        "note": share.note,
        "loss_scale": float((reg - scaled).mean()),
        "total": float((reg - both).mean()),
    }


def analyse(cell: Cell, results: Mapping[str, Mapping[str, Any]], metric: str = "test_mse") -> dict[str, Any]:
    """A cell's part of the report, before multiplicity is taken care of."""
    runs = {arm: errors(cell, arm, results, metric) for arm in cell.arms}
    return {
        "condition": cell.condition.as_json(),
        "sampling": cell.sampling,
        "metric": metric,
        "clusters": "functions",
        "arms": arm_rows(cell, runs),
        "contrasts": contrasts(cell, runs),
        "attribution": attribution(runs),
    }
