"""Figure `decoder`: squared error of values decoded from class probabilities, plain and corrected, against the number of classes."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

LINES = (
    ("plain_hard", "argmax of $p(c|x)$", style.IMBALANCED, ":", "^"),
    ("plain_soft", "mean of $p(c|x)$", style.IMBALANCED, "-", "o"),
    ("corrected_hard", "argmax, corrected", style.CORRECTED, ":", "^"),
    ("corrected_soft", "mean, corrected", style.CORRECTED, "-", "o"),
    ("plain_bound", "soft bound, plain", style.BOUND, "--", ""),
)


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("decoder"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=3.1)
    columns = data(report)
    for key, words, colour, dash, marker in LINES:
        if key in columns:
            axes.plot(columns["classes"], columns[key], color=colour, linestyle=dash, marker=marker, label=words)
    floor = report["curves"]["decoder"]["balanced_risk"]
    axes.axhline(floor, color=style.BALANCED, linewidth=0.8, label="$R_q(f_q)$")
    axes.set_yscale("log")
    style.classes_axis(axes, columns["classes"])
    axes.set_ylabel("squared error under $q$")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    rows = report["curves"]["decoder"]["per_classes"]
    return {key: [row[key] for row in rows] for key in ("classes", *(line[0] for line in LINES)) if key in rows[0]}


def caption(report: dict[str, Any]) -> str:
    columns = data(report)
    text = (
        f"decoder. Squared error under q of values decoded from the class posterior of the imbalanced world, label density "
        f"{report['density']}: by the mean of the centres {style.number(columns['plain_soft'][0])} at K = {columns['classes'][0]} and "
        f"{style.number(columns['plain_soft'][-1])} at K = {columns['classes'][-1]}"
    )
    if "corrected_soft" in columns:
        text += f", corrected for the prior {style.number(columns['corrected_soft'][-1])}"
    return text + ". The bound speaks for every class predictor; a calibrated one is far below it."
