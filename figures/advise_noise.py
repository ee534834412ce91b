"""Figure `advise_noise`: what the correction is predicted to save, against the noise, for the recommended classes and other numbers."""

from __future__ import annotations

import itertools
from typing import Any

from matplotlib.figure import Figure

from figures import style

LOOKS = ((style.CLASS_PART, ":", "v"), (style.WITHIN_PART, "-.", "D"), (style.FITTED, "--", "s"))


def drawable(report: dict[str, Any]) -> bool:
    return len(report.get("noises", [])) > 1


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.9)
    columns = data(report)
    noise = columns["noise"]
    axes.plot(noise, columns["price"], color=style.IMBALANCED, label="price of imbalance: most that can be saved")
    advised = report["recommended"]["classes"]
    looks = dict(zip(report["alternatives"], itertools.cycle(LOOKS), strict=False)) | {
        advised: (style.CORRECTED, "-", "o")
    }
    for count, (colour, dash, marker) in sorted(looks.items()):
        axes.plot(
            noise,
            columns[f"saved_{count}"],
            color=colour,
            linestyle=dash,
            marker=marker,
            markersize=3.5 if count == advised else 2.5,
            zorder=3 if count == advised else 2,
            label=f"saved by {count} classes" + (" (advised)" if count == advised else ""),
        )
    axes.axhline(0, color=style.REMAINDER, linewidth=0.6)
    if report["noise"] is not None:
        axes.axvline(report["noise"]["noise"], color=style.BOUND, linewidth=0.8)
    # Linear near zero, so that what is lost shows as well as what is gained.
    unit = max(report["epsilon"] / 10, 1e-6)
    axes.set_yscale("symlog", linthresh=unit)
    highest = max(style.finite(columns["price"]))
    if highest > unit:
        axes.set_ylim(top=2 * highest)
    axes.set_xscale("log")
    axes.set_xlabel("noise $s$ of the labels of one input" + (" (line: yours)" if report["noise"] else ""))
    axes.set_ylabel("nats (below 0: the correction hurts)")
    style.legend_above(axes, columns=1)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    rows = report["noises"]
    columns: dict[str, list[Any]] = {
        name: [row[name] for row in rows] for name in ("noise", "price", "squared_error_price")
    }
    for place, count in enumerate([report["recommended"]["classes"], *report["alternatives"]]):
        columns[f"saved_{count}"] = [row["benefit"][place] for row in rows]
        columns[f"decoded_squared_error_{count}"] = [row["decoded_squared_error"][place] for row in rows]
    return columns


def caption(report: dict[str, Any]) -> str:
    advised = report["recommended"]["classes"]
    return (
        "advise_noise. Predicted saving in log-loss (price of imbalance less what is left after the correction) against the noise s, Gaussian:"
        f" the standard deviation of the labels that one input can have. {advised} classes are advised; fewer need more noise before they pay,"
        " and where a curve is below zero that correction does harm. Class masses are taken as known here; the cost of estimating them is in"
        " advise_classes. Vertical scale linear near zero, logarithmic beyond."
    )
