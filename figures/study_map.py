"""Figure `study_map`: the relative change of test error by plain classification over conditions, and where no control explains it."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from figures import study, style

AXES = ("setting", "optimizer", "learning_rate", "scale", "decay", "noise")
WORDS = {"learning_rate": "rate", "scale": "$\\lambda$", "decay": "$\\mu$", "noise": "s"}


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("map"))


def _axes(report: dict[str, Any]) -> list[str]:
    """The axes that vary, the learning rate only where setting, optimizer and scale do not tell it."""
    conditions = [entry["condition"] for entry in report["map"]]
    varying = [name for name in AXES if len({condition[name] for condition in conditions}) > 1]
    distinct = len({(c["setting"], c["optimizer"], c["scale"], c["learning_rate"]) for c in conditions})
    if distinct == len({(c["setting"], c["optimizer"], c["scale"]) for c in conditions}):
        varying = [name for name in varying if name != "learning_rate"]
    return varying


def _row(entry: dict[str, Any], varying: list[str]) -> tuple[Any, ...]:
    return (entry["sampling"], *(entry["condition"][name] for name in varying))


def _table(report: dict[str, Any]) -> tuple[list[tuple[Any, ...]], list[tuple[int, int]], dict[Any, dict[str, Any]]]:
    varying = _axes(report)
    rows = list(dict.fromkeys(_row(entry, varying) for entry in report["map"]))
    columns = sorted({(entry["classes"], entry["condition"]["hidden"][-1]) for entry in report["map"]})
    entries = {
        (_row(entry, varying), (entry["classes"], entry["condition"]["hidden"][-1])): entry for entry in report["map"]
    }
    return rows, columns, entries


PANELS = (("relative", "over MSE"), ("relative_to_scale", "over $\\lambda$ MSE"))


def figure(report: dict[str, Any]) -> Figure:
    rows, columns, entries = _table(report)
    varying = _axes(report)
    wide = len(columns) > 5
    height = 1.1 + 0.13 * len(rows)
    drawing, grid = style.new_figure(height, width=study.WIDE if wide else style.COLUMN, ncols=2, sharey=True)
    change = np.full((2, len(rows), len(columns)), np.nan)
    for (row, column), entry in entries.items():
        for panel, (name, _) in enumerate(PANELS):
            change[panel, rows.index(row), columns.index(column)] = style.finite([entry[name]["value"]])[0]
        if entry["effect"] != "none":
            marker = "o" if entry["effect"] == "lower" else "x"
            grid[1].plot(columns.index(column), rows.index(row), marker=marker, color="black", markersize=3)
    limit = 100 * min(1.0, float(np.nanmax(np.abs(change), initial=0.05)))
    for axes, values, (_, words) in zip(grid, change, PANELS, strict=True):
        image = axes.imshow(100 * values, cmap="PuOr_r", vmin=-limit, vmax=limit, aspect="auto")
        axes.set_xticks(range(len(columns)), [f"{width}" for _, width in columns], fontsize=5)
        for classes in sorted({count for count, _ in columns}):
            places = [number for number, column in enumerate(columns) if column[0] == classes]
            where = (float(np.mean(places)), -0.6)
            axes.annotate(f"K = {classes}", where, ha="center", va="bottom", annotation_clip=False, fontsize=6)
            axes.axvline(places[0] - 0.5, color="white", linewidth=1.5)
        axes.set_title(words, fontsize=7, pad=12)
        axes.set_xlabel("last hidden width", fontsize=7)
    one_sampling = len({row[0] for row in rows}) == 1
    labels = []
    for row in rows:
        words_of_row = [_word(name, value) for name, value in zip(varying, row[1:], strict=True)]
        labels.append(", ".join(words_of_row if one_sampling else [str(row[0]), *words_of_row]))
    grid[0].set_yticks(range(len(rows)), labels, fontsize=5.5)
    bar = drawing.colorbar(image, ax=list(grid), shrink=0.8)
    bar.ax.tick_params(labelsize=6)
    bar.set_label("change of test error (%)", fontsize=6.5)
    return drawing


def _word(name: str, value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"{WORDS[name]} {text}" if name in WORDS else text


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    names = ("setting", "optimizer", "learning_rate", "scale", "decay", "noise", "hidden", "epochs")
    columns: dict[str, list[Any]] = {
        name: []
        for name in (*names, "sampling", "classes", "change", "change_over_scale", "p", "holm", "effect", "diverged")
    }
    for entry in report["map"]:
        condition = {**entry["condition"], "hidden": "-".join(map(str, entry["condition"]["hidden"]))}
        values = {**condition, **entry, "change": entry["relative"]["value"]}
        values["change_over_scale"] = entry["relative_to_scale"]["value"]
        for name in columns:
            columns[name].append(values[name])
    return columns


def caption(report: dict[str, Any]) -> str:
    entries = report["map"]
    lower, higher = (sum(entry["effect"] == effect for entry in entries) for effect in ("lower", "higher"))
    diverged = sum(entry["diverged"] > 0 for entry in entries)
    return (
        f"study_map. Relative change of test error by plain classification over {len(entries)} conditions, against MSE and against the same loss scale. Dots: lower error, crosses: higher "
        f"error, that neither the loss scale nor the placebo explains (Holm over all conditions): {lower} and {higher} conditions. "
        f"{diverged} conditions have diverged runs, which count with the variance of the test targets."
    )
