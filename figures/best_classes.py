"""Figure `best_classes`: W of the best, equal-width and equal-frequency classes, and where they put their edges."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

KINDS = (
    ("best", "best (dynamic programming)", style.CORRECTED, "-", "o"),
    ("equal_width", "equal width", style.REMAINDER, "--", "s"),
    ("equal_frequency", "equal frequency", style.IMBALANCED, ":", "^"),
)


def drawable(report: dict[str, Any]) -> bool:
    curves = report.get("curves", {}).get("best_classes")
    # Where r is constant W is zero but for rounding, and there is nothing to divide.
    return bool(curves) and max(curves["equal_frequency"] + curves["equal_width"]) > 1e-12


def figure(report: dict[str, Any]) -> Figure:
    drawing, (top, bottom) = style.new_figure(height=3.6, nrows=2, height_ratios=[3, 1])
    curves = report["curves"]["best_classes"]
    for row, (name, words, colour, dash, marker) in enumerate(KINDS):
        values = [value if value > 0 else float("nan") for value in style.finite(curves[name])]
        top.plot(curves["classes"], values, color=colour, linestyle=dash, marker=marker, label=words)
        bottom.vlines(curves[f"{name}_edges"], -row - 0.35, -row + 0.35, color=colour, linewidth=0.8)
    top.set_yscale("log")
    style.classes_axis(top, curves["classes"])
    top.set_ylabel("$W$ (nats)")
    style.legend_above(top)
    bottom.set_yticks([])
    bottom.spines["left"].set_visible(False)
    bottom.set_xlabel(f"edges of {curves['shown']} classes, label")
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["best_classes"]
    columns = {"classes": curves["classes"]} | {name: curves[name] for name, *_ in KINDS}
    return columns | {f"{name}_edges": curves[f"{name}_edges"] for name, *_ in KINDS}


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["best_classes"]
    at = curves["classes"].index(curves["shown"])
    best, width, frequency = (curves[name][at] for name, *_ in KINDS)
    return (
        f"best_classes. Label density {report['density']}: W of the best K intervals made of {curves['cells']} cells, of equal-width and of "
        f"equal-frequency classes: {style.number(best)}, {style.number(width)} and {style.number(frequency)} nats at "
        f"K = {curves['shown']}, whose edges are below in the same order."
    )
