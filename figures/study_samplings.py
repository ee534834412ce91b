"""Figure `study_samplings`: test error of the claim's arms against the number of classes, one panel a sampling."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from figures import study, style


def drawable(report: dict[str, Any]) -> bool:
    return bool(study.cells(report))


SHOWN = ("reg", "reg_scaled", "reg_cls", "reg_cls_placebo", "reg_weighted")
"""The claim, its controls at one decay, the balanced reference. The other arms stand in the csv file and, as differences, in `study_pairs`."""


def _panel(axes: Any, cell: dict[str, Any]) -> list[tuple[float, str, str]]:
    """Draws one cell; where each arm's line ends, with its name and colour."""
    classes = sorted({row["classes"] for row in cell["arms"] if row["classes"] is not None})
    arms = [arm for arm in SHOWN if any(row["arm"] == arm for row in cell["arms"])]
    ends = []
    for number, arm in enumerate(arms):
        colour, marker, dash, words = study.ARMS[arm]
        single = [row for row in cell["arms"] if row["arm"] == arm and row["classes"] is not None]
        rows = single or [row for row in cell["arms"] if row["arm"] == arm]
        shift = 0.1 * (number - (len(arms) - 1) / 2)
        place = [1 + classes.index(row["classes"]) + shift if single else shift for row in rows]
        value, below, above = np.array([study.ends(row) for row in rows]).T
        axes.errorbar(
            place, value, yerr=[below, above], color=colour, marker=marker, linestyle=dash, markersize=2.8, linewidth=0.9, elinewidth=0.5
        )  # fmt: skip
        if not single:
            axes.axhline(value[0], color=colour, linewidth=0.6, linestyle=(0, (1, 2)))
        ends.append((float(value[-1]), words, colour))
    axes.set_xticks(range(len(classes) + 1), ["none", *map(str, classes)], fontsize=6)
    return ends


def figure(report: dict[str, Any]) -> Figure:
    groups, samplings = study.groups(report), study.samplings(report)
    width = study.WIDE if len(samplings) > 2 else style.COLUMN
    drawing, grid = style.new_figure(
        1.75 * len(groups) + 0.3, width, nrows=len(groups), ncols=len(samplings), sharey="row", squeeze=False
    )
    last = {}
    for cell in study.cells(report):
        row, column = groups.index(study.group(cell)), samplings.index(cell["sampling"])
        last[row, column] = _panel(grid[row][column], cell)
        grid[row][column].set_title(f"{study.group_words(groups[row])}: {cell['sampling']}", fontsize=6.5)
    for number, row in enumerate(grid):
        # After all panels: a limit that is set stops a shared axis from growing, and would cut the later panels.
        row[0].set_ylim(bottom=0)
        row[0].set_ylabel("test error (MSE)")
        place = max(column for line, column in last if line == number)
        style.label_lines(row[place], last[number, place])
    for axes_below in grid[-1]:
        axes_below.set_xlabel("classes $K$")
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    """No number of classes: an arm without them, or the mean over all of them."""
    names = ("setting", "sampling", "functions", "drawn", "arm", "classes", "value", "low", "high", "runs", "diverged")
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for cell in study.cells(report):
        for row in cell["arms"]:
            values = {**row, **study.place(cell)}
            for name in names:
                columns[name].append(values[name])
    return columns


def caption(report: dict[str, Any]) -> str:
    text = (
        "study_samplings. Mean squared error on the balanced test third against the number of classes; 'none' and dotted: arms without a class head. "
        f"Bars: {study.INTERVALS}. They include the differences between functions, which cancel in the matched pairs of study_pairs; overlapping bars "
        "here do not mean that two arms agree. Arms that are not drawn stand in the csv file."
    )
    return text + (f" {report['diverged']} of {report['trainings']} trainings diverged." if report["diverged"] else "")
