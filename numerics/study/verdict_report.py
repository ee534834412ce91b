"""The report of a study: cells, multiplicity, verdicts, the map of conditions. Same store, same bytes: no times, no paths, no machine."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from numerics.study import cell_contrasts, families, statistics
from numerics.study import published as outside
from numerics.study.contrasts import CONTRASTS, verdict
from numerics.study.grid import Cell

SCHEMA = "study/1"
Results = Mapping[str, Mapping[str, Any]]


def correct(
    grid_cells: Sequence[Cell], cells: Sequence[dict[str, Any]], sizes: Mapping[families.Family, int]
) -> list[dict[str, Any]]:
    """Adds `holm` to every contrast, in place, and returns the families with their sizes."""
    members: dict[families.Family, list[dict[str, Any]]] = {key: [] for key in sizes}
    for grid_cell, cell in zip(grid_cells, cells, strict=True):
        for (contrast, classes), row in zip(families.comparisons(grid_cell), cell["contrasts"], strict=True):
            members[families.family(grid_cell, cell["metric"], contrast, classes)].append(row)
    for rows in members.values():
        for row, adjusted in zip(rows, statistics.holm([row["p"] for row in rows]), strict=True):
            row["holm"] = adjusted
    return [{**asdict(key), "size": size} for key, size in sizes.items()]


def yardstick(
    published: Mapping[str, outside.Published] | None, grid_cell: Cell, reg: float | None
) -> dict[str, Any] | None:
    """The published effect of the same sampling and class counts as a share of the published `reg`, and that share of this cell's `reg`.

    The file has the clean setting; its share stands for the other settings too, whose errors are of another size.
    """
    share = None if published is None else outside.effect(published, grid_cell.sampling, grid_cell.classes)
    if share is None or reg is None:
        return None
    return {"share": share, "difference": share * reg}


def judge(cells: Sequence[dict[str, Any]]) -> None:
    """Adds `verdict` and `reason` to every cell, in place."""
    for cell in cells:
        pooled = {row["name"]: row for row in cell["contrasts"] if row["classes"] is None}
        sought = cell["yardstick"]
        cell["verdict"], cell["reason"] = verdict(pooled, None if sought is None else sought["difference"])


def map_of(cells: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Where plain classification has an effect that no control explains.

    One entry a cell and class count. An entry's p is the largest p of the claim and of its scale and placebo controls (an effect that none
    explains needs all three, so no correction is needed among them), 1 when their signs differ; Holm over all entries. Both directions count:
    `effect` is `lower` (test error), `higher` or `none`.
    """
    entries = []
    for cell in cells:
        rows = {(row["name"], row["classes"]): row for row in cell["contrasts"]}
        single = len({row["classes"] for row in cell["contrasts"]} - {None}) == 0
        counts = sorted({row["classes"] for row in cell["contrasts"] if row["classes"] is not None}) or [None]
        for classes in counts:
            needed = [rows.get((name, classes)) for name in ("claim", "scale", "placebo")]
            if any(row is None for row in needed):
                continue
            compared = [row for row in needed if row is not None]
            signs = {math.copysign(1.0, row["difference"]) for row in compared}
            p = max((row["p"] for row in compared), key=lambda value: (math.isnan(value), value))
            entries.append(
                {
                    "condition": cell["condition"],
                    "sampling": cell["sampling"],
                    "classes": cell["classes"][0] if single else classes,
                    **{row["name"]: {key: row[key] for key in ("difference", "low", "high", "p")} for row in compared},
                    "relative": compared[0]["relative"],
                    "relative_to_scale": compared[1]["relative"],
                    "diverged": sum(row["diverged_base"] + row["diverged_arm"] for row in compared),
                    "p": p if len(signs) == 1 or math.isnan(p) else 1.0,
                }
            )
    for entry, adjusted in zip(entries, statistics.holm([entry["p"] for entry in entries]), strict=True):
        entry["holm"] = adjusted
        significant = adjusted <= statistics.LEVEL
        entry["effect"] = "none" if not significant else "lower" if entry["claim"]["difference"] > 0 else "higher"
    return entries


def build(
    grid_cells: Sequence[Cell],
    results: Results,
    *,
    engine: int,
    published: Mapping[str, outside.Published] | None = None,
    with_map: bool = False,
    metrics: Sequence[str] = ("test_mse",),
    example: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The whole report.

    Args:
      grid_cells: the cells.
      results: by job text, complete for the cells.
      engine: version of the engine that trained.
      published: published runs, to set beside.
      with_map: add the map of conditions.
      metrics: scores to analyse.
      example: curves of one function, for its figure.
    """
    analyses = []
    sizes = families.sizes(grid_cells, metrics)
    for metric in metrics:
        for cell in grid_cells:
            entry = cell_contrasts.analyse(cell, results, metric, sizes)
            entry["classes"] = list(cell.classes)
            reg = next((row["value"] for row in entry["arms"] if row["arm"] == "reg"), None)
            entry["yardstick"] = yardstick(published, cell, reg)
            paired = not cell.drawn and cell.condition.setting == "clean" and {"reg", "reg_cls"} <= set(cell.arms)
            if published is not None and paired:
                sides = [cell_contrasts.errors(cell, arm, results, metric)[0] for arm in ("reg", "reg_cls")]
                entry["published"] = outside.beside(published, cell.sampling, cell.classes, *sides)
            analyses.append(entry)
    corrected = correct([cell for _ in metrics for cell in grid_cells], analyses, sizes)
    judge(analyses)
    report: dict[str, Any] = {
        "schema": SCHEMA,
        "engine": engine,
        "trainings": len(results),
        "diverged": sum(bool(result["diverged"]) for result in results.values()),
        "level": 1 - statistics.LEVEL,
        "resamples": statistics.RESAMPLES,
        "questions": {contrast.name: contrast.question for contrast in CONTRASTS},
        "power": statistics.POWER,
        "families": corrected,
        "cells": analyses,
    }
    if published is not None:
        report["published"] = outside.analyse(published)
    if with_map:
        report["map"] = map_of(analyses)
    if example is not None:
        report["example"] = example
    return report
