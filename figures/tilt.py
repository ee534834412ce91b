"""Figure `tilt`: the two posteriors at a few inputs, and the extra error term as a map over inputs and labels."""

from __future__ import annotations

from typing import Any

from matplotlib.colors import TwoSlopeNorm
from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("map"))


def _drawn(report: dict[str, Any]) -> list[list[bool]]:
    """Where the balanced world puts more than next to nothing, so that colour is spent where the data are."""
    joint = report["curves"]["map"]["joint"]
    peak = max(max(row) for row in joint)
    return [[weight > 1e-3 * peak for weight in row] for row in joint]


def _occupied(report: dict[str, Any]) -> list[list[float]]:
    """The map with gaps where nothing is drawn."""
    return [
        [value if drawn else float("nan") for value, drawn in zip(values, row, strict=True)]
        for values, row in zip(report["curves"]["map"]["extra_error"], _drawn(report), strict=True)
    ]


def figure(report: dict[str, Any]) -> Figure:
    drawing, (left, right) = style.new_figure(height=3.6, nrows=2, height_ratios=(1, 1.25))
    posteriors = report["curves"]["posteriors"]
    discrete = report["law"]["discrete"]
    for index, slice_ in enumerate(posteriors["at"]):
        for key, colour, dash, label in (
            ("q", style.BALANCED, "-", "balanced $q(y|x)$"),
            ("p", style.IMBALANCED, "--", "imbalanced $p(y|x)$"),
        ):
            left.plot(
                posteriors["y"],
                slice_[key],
                color=colour,
                linestyle=dash,
                marker="." if discrete else "",
                markersize=1.5,
                label=label if index == 0 else None,
            )
        left.axvline(slice_["x"], color=style.BOUND, linewidth=0.5, linestyle=":")
    left.set_xlabel("label $y$ (dotted: the input $x$)")
    left.set_ylabel("posterior")
    left.set_ylim(bottom=0)
    style.legend_above(left)
    area = report["curves"]["map"]
    values = _occupied(report)
    seen = [value for row in values for value in row if value == value]
    largest = max(map(abs, seen)) or 1.0
    mesh = right.pcolormesh(
        area["x"],
        area["y"],
        list(zip(*values, strict=True)),
        cmap="RdBu_r",
        norm=TwoSlopeNorm(0.0, -largest, largest),
        shading="nearest",
        rasterized=True,
    )
    right.set_xlabel("input $x$")
    right.set_ylabel("label $y$")
    drawing.colorbar(mesh, ax=right, label=r"$\Delta(x,y)$ (nats)")
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    area = report["curves"]["map"]
    rows = [
        (x, y, value, int(drawn))
        for x, line, row in zip(area["x"], area["extra_error"], _drawn(report), strict=True)
        for y, value, drawn in zip(area["y"], line, row, strict=True)
    ]
    columns = {name: [row[column] for row in rows] for column, name in enumerate(("x", "y", "extra_error", "drawn"))}
    posteriors = report["curves"]["posteriors"]
    columns["posterior_y"] = list(posteriors["y"])
    for slice_ in posteriors["at"]:
        for key in ("q", "p"):
            columns[f"posterior_{key}_at_{slice_['x']:.6g}"] = list(slice_[key])
    return columns


def caption(report: dict[str, Any]) -> str:
    seen = [value for row in _occupied(report) for value in row if value == value]
    return (
        f"tilt. Above: the posterior of the balanced and of the imbalanced world at {len(report['curves']['posteriors']['at'])} "
        f"inputs, label density {report['density']}. Below: the extra error term Delta(x, y) = log Z(x) - l(y) where the "
        f"balanced world has data; it runs from {style.number(min(seen))} to {style.number(max(seen))} nats: positive where "
        "the label is rarer than its neighbours under p, negative where it is more frequent."
    )
