"""Figure `soft_labels`: what the width of smoothed targets gains (less bias) and costs (a weaker certificate)."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

HALF = 0.5


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("soft_labels"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, (above, below) = style.new_figure(height=3.2, nrows=2, sharex=True)
    curves = report["curves"]["soft_labels"]
    ratio = curves["ratio"]
    above.plot(ratio, curves["bound"], color=style.BOUND)
    above.plot(ratio, curves["bias"], color=style.FITTED, marker="o", linestyle="none")
    above.annotate("line: bound\npoints: largest bias", (0.05, 0.1), xycoords="axes fraction", fontsize=7)
    above.set_yscale("log")
    above.set_ylabel("bias, bin widths")
    for name, colour, dash, label, place in (
        ("own", style.IMBALANCED, "--", "with class masses\nof the labels", (0.42, 0.7)),
        ("smoothed", style.REMAINDER, "-", "with class masses of\nthe smoothed labels: $W$", (0.98, 0.15)),
    ):
        below.plot(ratio, curves[name], color=colour, linestyle=dash)
        below.annotate(label, place, xycoords="axes fraction", color=colour, fontsize=7, ha="right")
    for axes in (above, below):
        axes.axvline(HALF, color=style.BOUND, linewidth=0.6, linestyle=":")
    below.set_ylim(bottom=0)
    below.set_ylabel("certificate, nats")
    below.set_xlabel(r"width of the targets $\tau/d$")
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["soft_labels"]
    return {key: curves[key] for key in ("ratio", "bias", "bound", "smoothed", "own")}


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["soft_labels"]
    half = min(range(len(curves["ratio"])), key=lambda i: abs(curves["ratio"][i] - HALF))
    return (
        "soft_labels. Above: away from the ends a centre decoder of smoothed targets is off by less than the line; at half a bin by "
        f"{style.number(curves['bound'][half])} bin widths. Below: what the labels alone certify after the correction, for {curves['classes']} classes: "
        f"{style.number(curves['smoothed'][half])} nats at half a bin with the class masses of the smoothed labels, {style.number(curves['own'][half])} with "
        f"those of the labels themselves, {style.number(curves['smoothed'][0])} for a width of a tenth. Label density {report['density']}."
    )
