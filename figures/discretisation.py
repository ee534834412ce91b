"""Figure `discretisation`: what cross-entropy over bins pays more than the regression log-loss, by the width of a bin in units of the noise."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

MARKERS = ("o", "s", "^")


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("discretisation"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.9)
    curves = report["curves"]["discretisation"]
    for entry, marker in zip(curves["at"], MARKERS, strict=True):
        axes.plot(
            curves["width"],
            style.finite(entry["mean"]),
            color=style.IMBALANCED,
            linestyle="none",
            marker=marker,
            markerfacecolor="none",
            label=f"mean error at $x = {entry['x']:.3g}$",
        )
    middle = curves["at"][1]["x"]
    words = f"$(d^2/24)\\,E_p[m'^2]$ at $x = {middle:.3g}$"
    axes.plot(curves["width"], curves["asymptote"], color=style.BOUND, linestyle="--", label=words)
    axes.axvline(1, color=style.BOUND, linewidth=0.6, linestyle=":")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(curves["width"], [f"{width:.3g}" for width in curves["width"]])
    axes.minorticks_off()
    axes.set_xlabel("width of a bin in units of the noise, $d/s$")
    axes.set_ylabel("nats")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["discretisation"]
    names = ("classes", "width", "asymptote", "sharp", "hoeffding")
    columns = {key: curves[key] for key in names if key in curves}
    return columns | {f"mean_at_{entry['x']:.6g}": entry["mean"] for entry in curves["at"]}


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["discretisation"]
    middle = curves["at"][1]
    near = min(range(len(curves["width"])), key=lambda place: abs(curves["width"][place] - 1))
    text = (
        f"discretisation. What cross-entropy over bins pays more than the regression log-loss, averaged over the posterior at an input, label density "
        f"{report['density']}. With bins about as wide as the noise (d = {style.number(curves['width'][near])} s) it is "
        f"{style.number(middle['mean'][near])} nats at x = {middle['x']:.3g}, beside {style.number(curves['asymptote'][near])} of the asymptote."
    )
    if "sharp" in curves:
        text += (
            f" The bound by the steepest slope of the posterior, which affine logarithms attain, allows {style.number(curves['sharp'][near])}: it is not drawn, "
            "since it takes the steepest slope of the whole interval everywhere."
        )
    return text
