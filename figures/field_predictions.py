"""Figure `field_predictions`: the gain that validation rows promise against the gain on test rows, one point a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from figures import style

PANELS = (("cost", "MSE"), ("saving", "MSE"), ("division", "HL-Gauss"))
TITLES = ("imbalance alone\n($g_q$ over $g_p$)", "recalibration", "class probabilities\ndivided by $r$")
MARKS = "osD^v<>Pph*Xd8H1"


def drawable(report: dict[str, Any]) -> bool:
    return bool(report["predictions"]) and bool(report["tables"])


def _kind(report: dict[str, Any], name: str, arm: str) -> dict[str, Any]:
    return next(kind for kind in report["predictions"] if (kind["name"], kind["arm"]) == (name, arm))


def figure(report: dict[str, Any]) -> Figure:
    drawing, row = style.new_figure(3.35, 7.2, ncols=len(PANELS))
    drawing.set_layout_engine("none")
    for number, (axes, panel, title) in enumerate(zip(row, PANELS, TITLES, strict=True)):
        axes.set_position((0.075 + 0.32 * number, 0.31, 0.255, 0.548))
        _panel(axes, _kind(report, *panel), title)
    row[0].set_ylabel("measured on test rows")
    handles, names = row[0].get_legend_handles_labels()
    drawing.legend(handles, names, loc="lower center", ncols=8, fontsize=6, bbox_to_anchor=(0.5, 0.0))
    return drawing


def _panel(axes: Any, kind: dict[str, Any], title: str) -> None:
    """One kind of prediction; what lies beyond the frame of the measured values stands at its edge with its number."""
    measured = [table["measured"] for table in kind["tables"]]
    low, high = min(0.0, *measured) - 0.06, max(measured) + 0.1
    for number, table in enumerate(kind["tables"]):
        pairs = np.array([(split["predicted"][0], split["measured"][0]) for split in table["splits"]])
        axes.plot(*pairs.T, ".", color=style.CLASS_PART, markersize=1.4, alpha=0.6, zorder=1)
        x, y = table["predicted"], table["measured"]
        place = min(max(x, low), high)
        axes.plot(
            place,
            y,
            MARKS[number % len(MARKS)],
            color=style.BALANCED,
            markersize=4,
            label=table["name"],
            zorder=2,
            clip_on=False,
        )
        if place != x:
            side = "left" if x < low else "right"
            axes.annotate(
                f"{x:.2f}", (place, y), (6 if x < low else -6, 5), textcoords="offset points", ha=side, fontsize=6
            )
    axes.plot([low, high], [low, high], color=style.BOUND, linewidth=0.6, zorder=0)
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_xlabel("predicted on validation rows")
    said = f"slope {style.number(kind['slope']['value'], 2)}, {style.percent(kind['coverage']['value'])} agree"
    axes.set_title(f"{title}\n{said}", fontsize=7)


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    names = ("predicted", "measured", "hits", "inside")
    columns: dict[str, list[Any]] = {"kind": [], "arm": [], "table": [], **{name: [] for name in names}}
    for kind in report["predictions"]:
        for table in kind["tables"]:
            columns["kind"].append(kind["name"])
            columns["arm"].append(kind["arm"])
            columns["table"].append(table["name"])
            for name in names:
                columns[name].append(table[name])
    return columns


def caption(report: dict[str, Any]) -> str:
    words = []
    for panel in PANELS:
        kind = _kind(report, *panel)
        slope = kind["slope"]
        words.append(
            f"{kind['words']}: slope {style.number(slope['value'])} [{style.number(slope['low'])}, {style.number(slope['high'])}], "
            f"{style.percent(kind['coverage']['value'])} of splits agree at 95 %"
        )
    return (
        "field_predictions. Gain in balanced squared error as a share of the error before, predicted from validation rows and measured on test rows: "
        f"large marks are tables (means over {report['splits']} splits), small ones splits; grey: equality. {'; '.join(words)}."
    )
