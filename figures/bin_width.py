"""Figure `bin_width`: what is left after the correction over the price, by the width of a class in units of the noise."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

WIDEST, HIGHEST = 10.0, 2.0
"""Ends of the axes: what matters is where a line crosses one."""
SCORES = (
    ("log_loss", style.CORRECTED, "-", "o", "log-loss"),
    ("squared_error", style.BALANCED, "--", "s", "squared error"),
)


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("bin_width"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.9)
    curves = report["curves"]["bin_width"]
    for (key, colour, dash, marker, words), place in zip(SCORES, curves["thresholds"], strict=True):
        axes.plot(curves["width"], curves[key], color=colour, linestyle=dash, label=words)
        own = {"color": colour, "marker": marker, "markerfacecolor": "none", "linestyle": "none"}
        axes.plot([row["width"] for row in curves["own"]], [row[key] for row in curves["own"]], **own)
        axes.plot([place, place], [0, 1], color=colour, linestyle=":", linewidth=0.8)
        axes.text(place + 0.1, 0.04, f"{place:.3f} s", fontsize=6.5, color=colour)
    axes.axhline(1, color=style.BOUND, linewidth=0.8)
    axes.text(0.2, 1.55, "the correction costs\nmore than it saves", fontsize=6.5, color=style.BOUND)
    axes.set_xlim(0, WIDEST)
    axes.set_ylim(0, HIGHEST)
    axes.set_yticks([0, 0.5, 1, 1.5, 2])
    axes.set_xlabel("width of a class in units of the noise, $d/s$")
    axes.set_ylabel("left after the correction / price")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["bin_width"]
    columns = {key: curves[key] for key in ("width", "log_loss", "squared_error")}
    columns |= {f"scan_{key}": values for key, values in curves["scan"].items()}
    for key in ("classes", "width", "log_loss", "squared_error"):
        columns[f"own_{key}"] = [row[key] for row in curves["own"]]
    return columns


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["bin_width"]
    first, second = (style.number(place, 5) for place in curves["thresholds"])
    text = (
        "bin_width. What is left after the correction over the price, for a straight log ratio away from the ends (lines). It reaches one, where the "
        f"correction gains nothing, at d = {first} s in log-loss and at {second} s in squared error (dotted). "
    )
    own = [row for row in curves["own"] if row["width"] <= WIDEST and row["squared_error"] > 0]
    if own:
        narrow = min(own, key=lambda row: row["width"])
        text += (
            f"Symbols: the equal-width classes of this report (label density {report['density']}, noise {style.number(report['channel']['noise'])}), whose "
            f"log ratio bends and whose label interval has ends. There the lines are a guide. In squared error narrow classes leave a share of "
            f"{style.number(narrow['squared_error'])} at d = {style.number(narrow['width'])} s: little, but far more than the line, since ends and bends set it."
        )
    return text
