"""Figure `absolute_error`: what the imbalanced median loses at every input, and both bounds of it."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

SERIES = (
    ("by_length", style.BOUND, ":", r"$D\sqrt{2\,\mathrm{KL}}$", "bottom"),
    ("by_shift", style.BOUND, "-", r"$|\mathrm{med}_p - \mathrm{med}_q|\sqrt{2\,\mathrm{KL}}$", "bottom"),
    ("loss", style.IMBALANCED, "-", r"loss of $\mathrm{med}_p$ under $q$", "top"),
)
LEAST = 1e-3
"""Of the largest loss: what lies lower is not drawn."""


def drawable(report: dict[str, Any]) -> bool:
    return max(report.get("curves", {}).get("absolute_error", {}).get("loss", [0])) > 0


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.4)
    curves = report["curves"]["absolute_error"]
    middle = 11 * len(curves["input"]) // 20
    for name, colour, dash, label, side in SERIES:
        axes.plot(curves["input"], curves[name], color=colour, linestyle=dash)
        place = (curves["input"][middle], curves[name][middle] * (1.4 if side == "bottom" else 0.22))
        axes.annotate(label, place, color=colour, fontsize=7, ha="center", va=side)
    axes.set_yscale("log")
    axes.set_ylim(LEAST * max(curves["loss"]), 3 * max(curves["by_length"]))
    axes.set_xlabel("input $x$")
    axes.set_ylabel("absolute error, label units")
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["absolute_error"]
    return {key: curves[key] for key in ("input", "loss", "by_shift", "by_length")}


def caption(report: dict[str, Any]) -> str:
    shares = report["curves"]["absolute_error"]["shares"]
    near, far = (style.number(share) for share in shares) if len(shares) == 2 else ("0", "0")
    return (
        "absolute_error. The median of p(y|x) loses absolute error under q (lower line). Its distance from the median of q(y|x), times the root of twice the "
        "divergence at the input, bounds the loss (solid grey) and follows it; with the length D in place of the distance the bound (dotted) does not. Over all "
        f"inputs the loss is {near} of the first bound and {far} of the second. Label density {report['density']}."
    )
