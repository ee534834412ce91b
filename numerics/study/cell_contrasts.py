"""One cell of the study: its runs as arrays, the mean of each arm, every contrast, the attribution."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from numerics.study import families, statistics
from numerics.study.arms import ARMS
from numerics.study.contrasts import Contrast
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


def _contrast(base: tuple[Array, Array], arm: tuple[Array, Array], family: int, *, pooled: bool) -> dict[str, Any]:
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
        "family": family,
        "detectable": statistics.detectable(difference, family),
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


def contrasts(
    cell: Cell, runs: Mapping[str, tuple[Array, Array]], family_of: Callable[[Contrast, int | None], int]
) -> list[dict[str, Any]]:
    """Every contrast whose arms were run, pooled over class counts first, then for each class count.

    Args:
      family_of: how many comparisons are corrected together with one.
    """
    rows = []
    for contrast, classes in families.comparisons(cell):
        sides = runs[contrast.base], runs[contrast.arm]
        if classes is not None:
            place = cell.classes.index(classes)
            sides = _one_count(sides[0], place), _one_count(sides[1], place)
        head = {"name": contrast.name, "base": contrast.base, "arm": contrast.arm, "role": contrast.role}
        row = _contrast(*sides, family_of(contrast, classes), pooled=classes is None)
        rows.append({**head, "classes": classes, **row})
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


def analyse(
    cell: Cell, results: Mapping[str, Mapping[str, Any]], metric: str, sizes: Mapping[families.Family, int]
) -> dict[str, Any]:
    """A cell's part of the report, before p-values are adjusted.

    Args:
      sizes: how many comparisons each family of the report has.
    """
    runs = {arm: errors(cell, arm, results, metric) for arm in cell.arms}
    return {
        "condition": cell.condition.as_json(),
        "sampling": cell.sampling,
        "metric": metric,
        "clusters": "functions",
        "functions": len(cell.functions),
        "drawn": cell.drawn,
        "arms": arm_rows(cell, runs),
        "contrasts": contrasts(cell, runs, lambda *one: sizes[families.family(cell, metric, *one)]),
        "attribution": attribution(runs),
    }
