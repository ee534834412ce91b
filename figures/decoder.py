"""Figure `decoder`: squared error of values decoded from class probabilities, plain and corrected, against the number of classes."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

LINES = (
    ("plain_hard", "argmax", style.IMBALANCED, ":", "^"),
    ("plain_soft", "mean", style.IMBALANCED, "-", "o"),
    ("corrected_hard", "argmax,\ncorrected", style.CORRECTED, ":", "^"),
    ("corrected_soft", "mean,\ncorrected", style.CORRECTED, "-", "o"),
)


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("decoder"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.9)
    columns, labels = data(report), []
    for key, words, colour, dash, marker in LINES:
        if key in columns:
            axes.plot(columns["classes"], columns[key], color=colour, linestyle=dash, marker=marker)
            labels.append((columns[key][-1], words, colour))
    floor = report["curves"]["decoder"]["balanced_risk"]
    axes.axhline(floor, color=style.BALANCED, linewidth=0.8)
    labels.append((floor, "$R_q(f_q)$", style.BALANCED))
    style.classes_axis(axes, columns["classes"])
    axes.set_ylabel("squared error under $q$")
    style.label_lines(axes, labels)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    rows = report["curves"]["decoder"]["per_classes"]
    keys = ("classes", *(line[0] for line in LINES), "plain_bound")
    return {key: [row[key] for row in rows] for key in keys if key in rows[0]}


def caption(report: dict[str, Any]) -> str:
    columns = data(report)
    text = (
        f"decoder. Squared error under q of values decoded from the class posterior of the imbalanced world, label density "
        f"{report['density']}: by the mean of the centres {style.number(columns['plain_soft'][0])} at K = {columns['classes'][0]} and "
        f"{style.number(columns['plain_soft'][-1])} at K = {columns['classes'][-1]}"
    )
    if "corrected_soft" in columns:
        text += (
            f", corrected for the prior {style.number(columns['corrected_soft'][-1])}, beside "
            f"{style.number(report['curves']['decoder']['balanced_risk'])} of the best predictor (blue)"
        )
    return text + (
        f". The bound, {style.number(columns['plain_bound'][-1])} at K = {columns['classes'][-1]}, is not drawn: it speaks for every class "
        "predictor with these misses, and a calibrated one is far below it."
    )
