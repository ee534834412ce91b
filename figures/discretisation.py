"""Figure `discretisation`: what cross-entropy over bins pays more than the regression log-loss, against the number of bins."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

DASHES, MARKERS = ("-", "--", ":"), ("o", "s", "^")


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("discretisation"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.9)
    curves = report["curves"]["discretisation"]
    classes = curves["classes"]
    for key, words, dash in (
        ("hoeffding", "$(Md)^2/8$", ":"),
        ("sharp", "sharp bound", "--"),
        ("asymptote", r"$(d^2/24)\,E_p[m'^2]$", "-."),
    ):
        if key in curves:
            axes.plot(classes, curves[key], color=style.BOUND, linestyle=dash, label=words)
    for entry, dash, marker in zip(curves["at"], DASHES, MARKERS, strict=True):
        axes.plot(
            classes,
            style.finite(entry["mean"]),
            color=style.IMBALANCED,
            linestyle=dash,
            marker=marker,
            markerfacecolor="none",
            label=f"$E_p$ Err, $x = {entry['x']:.3g}$",
        )
    axes.set_yscale("log")
    style.classes_axis(axes, classes)
    axes.set_ylabel("nats")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["discretisation"]
    columns = {key: curves[key] for key in ("classes", "asymptote", "sharp", "hoeffding") if key in curves}
    return columns | {f"mean_at_{entry['x']:.6g}": entry["mean"] for entry in curves["at"]}


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["discretisation"]
    middle = curves["at"][1]
    text = (
        f"discretisation. E_p Err, what cross-entropy over equal bins costs on top of the regression log-loss, for label density "
        f"{report['density']} at three inputs: {style.number(middle['mean'][0])} nats at K = {curves['classes'][0]} and "
        f"{style.number(middle['mean'][-1])} at K = {curves['classes'][-1]} for x = {style.number(middle['x'])}; "
        "the asymptote is that of the middle input."
    )
    return text + (" Bounds by the steepest slope of the log posterior." if "sharp" in curves else "")
