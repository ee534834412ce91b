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
    counts: set[int] = set()
    for axes, key, colour, words, smooth, jumping in (
        (top, "remainder", style.REMAINDER, "$W$", -2, -1),
        (bottom, "squared_error", style.CORRECTED, "squared error", -4, -4),
    ):
        own, jump = curves.get(key), curves["jump"]
        if own:
            counts |= set(own["classes"])
            axes.plot(own["classes"], own["found"], color=colour, marker="o", linestyle="none", label=words)
            line = f"limit, $K^{{{smooth}}}$"
            axes.plot(own["classes"], own["asymptote"], color=style.BOUND, linestyle="--", label=line)
        counts |= set(jump["classes"])
        with_jump = f"jump, $K^{{{jumping}}}$"
        axes.plot(jump["classes"], jump[key], color=style.IMBALANCED, marker="x", linestyle=":", label=with_jump)
        axes.set_yscale("log")
    top.set_ylabel("$W$ (nats)")
    bottom.set_ylabel("squared label units")
    style.legend_above(top, columns=3)
    style.legend_above(bottom, columns=3)
    style.classes_axis(bottom, style.doublings(sorted(counts)))
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
    words = {
        "remainder": ("W", "(d^2/24) E l'^2", "nats"),
        "squared_error": ("the corrected squared error", "(d^4/144) E kappa^2", ""),
    }
    parts = []
    for key, (name, asymptote, unit) in words.items():
        if own := curves.get(key):
            beside = f"{style.number(own['found'][-1])} beside {style.number(own['asymptote'][-1])} {unit}".strip()
            parts.append(f"{name} and its limit {asymptote} are {beside} at K = {own['classes'][-1]}")
    text += "; ".join(parts) if parts else "the log ratio is not smooth, so no asymptotes"
    return text + (
        ". Crosses: a law whose ratio jumps by 8 inside a bin, at the same place of the bin each time: W falls like 1/K, the "
        "squared error still like 1/K^4."
    )
