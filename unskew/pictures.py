"""Figures of a report, drawn from its numbers alone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from unskew.ground import files
from unskew.ground.refusals import InputError

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#777777"


def draw(report: dict[str, Any], folder: Path) -> list[Path]:
    """Draws what the report has numbers for; returns the files.

    Raises:
      InputError: Matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError("figures need matplotlib", "install it, or leave --out away and use --json") from None
    panels = {"maps": maps, "remedies": remedies, "stretches": stretches} if "map" in report else {"labels": labels}
    written = []
    for name, panel in panels.items():
        figure = Figure(figsize=(6.0, 4.0), layout="constrained")
        axes = figure.add_subplot()
        panel(axes, report)
        axes.spines[["top", "right"]].set_visible(False)
        content = io.BytesIO()
        figure.savefig(content, format="png", dpi=150, metadata={"Software": None})
        files.write_bytes(folder / f"{name}.png", content.getvalue())
        written.append(folder / f"{name}.png")
    return written


def maps(axes: Any, report: dict[str, Any]) -> None:
    """Held-out rows, and both maps of the prediction."""
    drawn = report["map"]
    t = np.asarray(drawn["prediction"])
    points = report["points"]
    axes.plot(points["prediction"], points["label"], ".", color=GREY, alpha=0.3, ms=3, label="held-out rows")
    axes.plot(t, t, color=GREY, lw=1, ls="--", label="unchanged")
    axes.plot(t, drawn["plain"], color=ORANGE, lw=2, label="best under the training law")
    axes.plot(t, drawn["corrected"], color=BLUE, lw=2, label="best under the target's")
    axes.set(xlabel="prediction", ylabel="label")
    axes.legend(frameon=False)


def stretches(axes: Any, report: dict[str, Any]) -> None:
    """Error in each stretch of the label, before and after."""
    edges = np.asarray(report["stretches"]["edges"])
    errors = report["stretches"]["errors"]
    middle, width = (edges[1:] + edges[:-1]) / 2, np.diff(edges)
    axes.bar(middle, errors["before"], width * 0.9, color=ORANGE, alpha=0.6, label="as it is")
    axes.bar(middle, errors["after"], width * 0.5, color=BLUE, label="recalibrated")
    axes.set(xlabel="label", ylabel=f"mean {report['score']} error (ten held-out labels or more)")
    axes.legend(frameon=False)


def remedies(axes: Any, report: dict[str, Any]) -> None:
    """Predicted saving of each remedy, with its interval."""
    rows = report["remedies"][1:]
    for place, row in enumerate(rows):
        share = row["saving"]["share"]
        axes.plot([100 * share["low"], 100 * share["high"]], [place, place], color=BLUE, lw=2)
        axes.plot(100 * share["value"], place, "o", color=BLUE, mfc="white" if row["retrains"] else BLUE)
    axes.axvline(0, color=GREY, lw=1)
    axes.set_yticks(range(len(rows)), [row["name"].replace("_", " ") for row in rows])
    axes.invert_yaxis()
    axes.set(xlabel="predicted saving, % (hollow: needs a new training)")


def labels(axes: Any, report: dict[str, Any]) -> None:
    """What imbalance costs and what classes leave, over the noise."""
    rows = report["noises"]
    noise = [row["noise"] for row in rows]
    axes.loglog(noise, [row["squared_error_price"] for row in rows], "o-", color=ORANGE, label="costs")
    axes.loglog(noise, [row["decoded_squared_error"] for row in rows], "o-", color=BLUE, label="left after correction")
    axes.set(xlabel="noise of the labels", ylabel="squared label units")
    axes.legend(frameon=False)
