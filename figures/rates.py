"""Figure `rates`: W and the corrected squared error against the number of classes, with their asymptotes; and what a jump does."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("rates"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, (top, bottom) = style.new_figure(height=4.2, nrows=2, sharex=True)
    curves = report["curves"]["rates"]
    ticks: set[int] = set()
    for axes, key, colour, words in (
        (top, "remainder", style.REMAINDER, "$W$"),
        (bottom, "squared_error", style.CORRECTED, "squared error"),
    ):
        own, jump = curves.get(key), curves["jump"]
        if own:
            ticks |= set(own["classes"])
            axes.plot(own["classes"], own["found"], color=colour, marker="o", linestyle="none", label=words)
            axes.plot(own["classes"], own["asymptote"], color=style.BOUND, linestyle="--", label="asymptote")
        ticks |= set(jump["classes"])
        axes.plot(jump["classes"], jump[key], color=style.IMBALANCED, marker="x", linestyle=":", label="with a jump")
        axes.set_yscale("log")
    top.set_ylabel("nats")
    bottom.set_ylabel("squared label units")
    style.legend_above(top, columns=3)
    style.legend_above(bottom, columns=3)
    style.classes_axis(bottom, sorted(ticks))
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["rates"]
    columns: dict[str, list[Any]] = {}
    for key in ("remainder", "squared_error"):
        for name, values in curves.get(key, {}).items():
            columns[f"{key}_{name}"] = values
    return columns | {f"jump_{name}": values for name, values in curves["jump"].items()}


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["rates"]
    text = f"rates. Label density {report['density']}: "
    own = curves.get("remainder")
    if own:
        text += (
            f"W and (d^2/24) E l'^2, {style.number(own['found'][-1])} and {style.number(own['asymptote'][-1])} nats at "
            f"K = {own['classes'][-1]}; below, the corrected squared error and (d^4/144) E kappa^2. "
        )
    else:
        text += "the log ratio is not smooth, so no asymptotes. "
    return text + (
        "Crosses: a law whose ratio jumps by 8 inside a bin, at the same place of the bin each time: W falls like 1/K, the "
        "squared error still like 1/K^4."
    )
