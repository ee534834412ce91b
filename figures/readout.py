"""Figure `readout`: the gap of a linear read-out with class features against the number of classes, beside the Bayes price."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    curves = report.get("curves", {}).get("readout")
    # Balanced labels have no gap; what is left is rounding.
    return bool(curves) and curves["price"] > 1e-20


def figure(report: dict[str, Any]) -> Figure:
    drawing, (top, bottom) = style.new_figure(height=3.6, nrows=2, sharex=True)
    curves, columns = report["curves"]["readout"], data(report)
    top.plot(columns["classes"], columns["gap"], color=style.CLASS_PART, marker="o", label="features $q(c|x)$")
    for key, words, dash in (
        ("constant", "a constant", ":"),
        ("random", "random features", "--"),
    ):
        top.axhline(curves[key], color=style.BOUND, linestyle=dash, label=words)
    top.axhline(curves["price"], color=style.IMBALANCED, label="Bayes price")
    top.set_ylabel("gap")
    top.set_ylim(bottom=0)
    style.legend_above(top)
    capacity = [value if value > 0 else float("nan") for value in columns["capacity"]]
    bottom.plot(columns["classes"], capacity, color=style.CLASS_PART, linestyle="--", marker="s", label="capacity part")
    bottom.set_yscale("log")
    bottom.set_ylabel("capacity part")
    style.classes_axis(bottom, columns["classes"])
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["readout"]
    rows = curves["per_classes"]
    columns = {key: [row[key] for row in rows] for key in ("classes", "gap", "capacity")}
    return columns | {key: [curves[key]] for key in ("constant", "random", "price")}


def caption(report: dict[str, Any]) -> str:
    curves, columns = report["curves"]["readout"], data(report)
    return (
        f"readout. What least squares on fixed features loses by being fitted under p, for label density {report['density']}: "
        f"{style.number(curves['constant'])} with a constant, {style.number(columns['gap'][-1])} with the class posteriors at "
        f"K = {columns['classes'][-1]}, where the Bayes price is {style.number(curves['price'])}: better features bring the gap to "
        "the price, not to zero. Below, the part of the gap that better features remove."
    )
