"""Figure `study_samplings`: test error of every arm against the number of classes, one panel a sampling."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from figures import study, style


def drawable(report: dict[str, Any]) -> bool:
    return bool(study.cells(report))


def _panel(axes: Any, cell: dict[str, Any]) -> None:
    classes = sorted({row["classes"] for row in cell["arms"] if row["classes"] is not None})
    arms = list(dict.fromkeys(row["arm"] for row in cell["arms"]))
    for number, arm in enumerate(arms):
        colour, marker, dash, words = study.ARMS[arm]
        single = [row for row in cell["arms"] if row["arm"] == arm and row["classes"] is not None]
        rows = single or [row for row in cell["arms"] if row["arm"] == arm]
        shift = 0.09 * (number - (len(arms) - 1) / 2)
        place = [1 + classes.index(row["classes"]) + shift if single else shift for row in rows]
        value, below, above = np.array([study.ends(row) for row in rows]).T
        axes.errorbar(
            place,
            value,
            yerr=[below, above],
            color=colour,
            marker=marker,
            linestyle=dash if single else "none",
            markersize=2.6,
            linewidth=0.7,
            elinewidth=0.45,
            label=words,
        )
        if arm == "reg":
            axes.axhline(value[0], color=colour, linewidth=0.5, linestyle=(0, (1, 2)))
    axes.set_xticks(range(len(classes) + 1), ["none", *map(str, classes)], fontsize=6)


def figure(report: dict[str, Any]) -> Figure:
    settings, samplings = study.settings(report), study.samplings(report)
    several = len(settings) > 1 or len(samplings) == 1
    columns = len(samplings) if several else 2
    rows = len(settings) if several else -(-len(samplings) // 2)
    width = study.WIDE if several and columns > 2 else style.COLUMN
    drawing, grid = style.new_figure(
        1.65 * rows + 0.65, width, nrows=rows, ncols=columns, sharey="row" if several else True, squeeze=False
    )
    axes = None
    for cell in study.cells(report):
        place = samplings.index(cell["sampling"])
        row = settings.index(cell["condition"]["setting"]) if several else place // 2
        axes = grid[row][place if several else place % 2]
        _panel(axes, cell)
        axes.set_title(f"{cell['condition']['setting']}, {cell['sampling']}", fontsize=7)
    for row in grid:
        # After all panels: a limit that is set stops a shared axis from growing, and would cut the later panels.
        row[0].set_ylim(bottom=0)
        row[0].set_ylabel("test error (MSE)")
    for axes_below in grid[-1]:
        axes_below.set_xlabel("number of classes $K$")
    if axes is not None:
        study.legend(drawing, axes, 3 if width == style.COLUMN else 5)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    """No number of classes: an arm without them, or the mean over all of them."""
    names = ("setting", "sampling", "arm", "classes", "value", "low", "high", "runs", "diverged")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for cell in study.cells(report):
        for row in cell["arms"]:
            values = {**row, "setting": cell["condition"]["setting"], "sampling": cell["sampling"]}
            for name in names:
                columns[name].append(values[name])
    return columns


def caption(report: dict[str, Any]) -> str:
    cell = study.cells(report)[0]
    text = (
        "study_samplings. Mean squared error on the balanced test third against the number of classes, for every arm; 'none': arms without "
        f"a class head. Bars: 95 % intervals over {cell['clusters']} as clusters (they include the differences between functions, which cancel "
        "in matched pairs). Dotted: MSE alone."
    )
    return text + (f" {report['diverged']} of {report['trainings']} trainings diverged." if report["diverged"] else "")
