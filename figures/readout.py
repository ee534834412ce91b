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
    drawing, axes = style.new_figure(height=2.9)
    curves, columns = report["curves"]["readout"], data(report)
    price = curves["price"]
    for key, words, dash in (("constant", "gap, a constant", ":"), ("random", "gap, random features", "--")):
        if curves[key] > 1e-3 * price:
            axes.axhline(curves[key] / price, color=style.BOUND, linestyle=dash, label=words)
    axes.axhline(1, color=style.IMBALANCED, label="Bayes price")
    shares = [value / price for value in columns["gap"]]
    axes.plot(columns["classes"], shares, color=style.CLASS_PART, marker="o", label="gap, features $q(c|x)$")
    known = [
        value / price if value > error else float("nan")
        for value, error in zip(columns["capacity"], columns["error"], strict=True)
    ]
    axes.plot(columns["classes"], known, color=style.WITHIN_PART, linestyle="--", marker="s", label="its capacity part")
    axes.set_yscale("log")
    style.classes_axis(axes, columns["classes"])
    axes.set_ylabel("share of the Bayes price")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["readout"]
    rows = curves["per_classes"]
    columns = {key: [row[key] for row in rows] for key in ("classes", "gap", "capacity", "error")}
    return columns | {key: [curves[key]] for key in ("constant", "random", "price")}


def caption(report: dict[str, Any]) -> str:
    curves, columns = report["curves"]["readout"], data(report)
    return (
        f"readout. What least squares on fixed features loses by being fitted under p, for label density {report['density']}: "
        f"{style.number(curves['constant'])} with a constant, {style.number(columns['gap'][-1])} with the class posteriors at "
        f"K = {columns['classes'][-1]}, where the Bayes price is {style.number(curves['price'])}: better features bring the gap to "
        "the price, not to zero. The capacity part is what better features remove; it is drawn as far as it is known."
    )
