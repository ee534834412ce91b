"""Figure `field`: every remedy on every table, balanced squared error relative to a network with squared error."""

from __future__ import annotations

import math
from typing import Any

from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure

from figures import style

WIDE = 7.2
REACH = 0.5
"""Of the colours, in logarithms: beyond a factor of 1.65 they stay the same."""
COLOURS = LinearSegmentedColormap.from_list("remedies", [style.BALANCED, "#FFFFFF", style.IMBALANCED])
OVER, PLAIN = "all tables", "plain error"


def drawable(report: dict[str, Any]) -> bool:
    return bool(report["tables"])


def _cells(report: dict[str, Any]) -> list[tuple[int, int, float, float, bool]]:
    """Row, column, relative error, half its interval, whether it is the least of the column."""
    over = {row["arm"]: row for row in report["arms_over_tables"]}
    cells = []
    for place, arm in enumerate(report["arms"]):
        for column, table in enumerate(report["tables"]):
            for row in table["arms"]:
                if row["arm"] == arm:
                    half = (row["high"] - row["low"]) / 2
                    cells.append((place, column, row["relative"], half, table["best"] == arm))
        count = len(report["tables"])
        if arm in over and not isinstance(over[arm]["low"], str):
            half = (over[arm]["high"] - over[arm]["low"]) / 2
            least = min(row["change"] for row in report["arms_over_tables"])
            cells.append((place, count, 1 + over[arm]["change"], half, over[arm]["change"] == least))
        plain = [
            math.log(row["errors"]["plain"]) for table in report["tables"] for row in table["arms"] if row["arm"] == arm
        ]
        cells.append((place, count + 1, math.exp(sum(plain) / len(plain)), math.nan, False))
    return cells


def figure(report: dict[str, Any]) -> Figure:
    names = [table["name"] for table in report["tables"]]
    height = 0.215 * len(report["arms"]) + 0.75
    drawing, axes = style.new_figure(height, WIDE)
    # The automatic layout leaves no room for names that stand aslant.
    drawing.set_layout_engine("none")
    axes.set_position((0.225, 0.01, 0.755, 1 - 0.7 / height))
    norm = Normalize(-REACH, REACH)
    for row, column, value, half, best in _cells(report):
        shade = COLOURS(norm(math.log(value)))
        axes.add_patch(_square(column, row, shade))
        dark = abs(math.log(value)) > 0.8 * REACH
        interval = "" if math.isnan(half) else f" ±{100 * half:.0f}"
        axes.text(
            column,
            row,
            f"{value:.2f}",
            ha="center",
            va="center" if not interval else "bottom",
            fontsize=5.4,
            fontweight="bold" if best else "normal",
            color="white" if dark else "black",
        )
        if interval:
            axes.text(
                column,
                row + 0.06,
                interval + " %",
                ha="center",
                va="top",
                fontsize=3.9,
                color="white" if dark else "#444444",
            )
    count = len(names)
    axes.set_xlim(-0.5, count + 1.5)
    axes.set_ylim(len(report["arms"]) - 0.5, -0.5)
    axes.set_xticks(range(count + 2), [*names, OVER, PLAIN], rotation=50, ha="left", fontsize=6)
    axes.xaxis.tick_top()
    axes.set_yticks(range(len(report["arms"])), report["arms"], fontsize=6)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.axvline(count - 0.5, color="black", linewidth=0.8)
    axes.axvline(count + 0.5, color="black", linewidth=0.8)
    return drawing


def _square(column: int, row: int, colour: Any) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor="white", linewidth=0.5)


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    names = ("relative", "low", "high", "holm", "balanced")
    columns: dict[str, list[Any]] = {"table": [], "arm": [], **{name: [] for name in names}, "plain": []}
    for table in report["tables"]:
        for row in table["arms"]:
            columns["table"].append(table["name"])
            columns["arm"].append(row["arm"])
            for name in names:
                columns[name].append(row[name])
            columns["plain"].append(row["errors"]["plain"])
    return columns


def caption(report: dict[str, Any]) -> str:
    return (
        "field. Squared error averaged over stretches of the label, relative to a network with squared error (first row), mean over "
        f"{report['splits']} random splits; below it half of the 95 % interval (Nadeau and Bengio). Bold: the least of the column, chosen on the rows that it is "
        "measured on. All tables: geometric mean, tables as clusters. Plain error: ordinary squared error, geometric mean over tables."
    )
