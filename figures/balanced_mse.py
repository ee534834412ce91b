"""Figure `balanced_mse`: how far the optimum of Balanced MSE is off, by its scale, for two shapes of q(y|x) of one variance."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

LOOKS = ((style.BALANCED, "-", "left", (6, -10)), (style.WITHIN_PART, "--", "right", (-6, 8)))
"""Colour and dash of each shape, and where its name stands."""


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("balanced_mse"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.5)
    curves = report["curves"]["balanced_mse"]
    axes.axhline(0, color=style.BOUND, linewidth=0.6)
    plain = curves["shapes"][0]["plain"]
    axes.axhline(plain, color=style.IMBALANCED, linestyle=":")
    name, above = "plain squared error, one mode", {"xytext": (0, 3), "textcoords": "offset points", "ha": "right"}
    axes.annotate(name, (2.5, plain), color=style.IMBALANCED, fontsize=7, **above)
    place = 3 * len(curves["share"]) // 4
    for shape, (colour, dash, align, offset) in zip(curves["shapes"], LOOKS, strict=True):
        axes.plot(curves["share"], shape["off"], color=colour, linestyle=dash)
        at = (curves["share"][place], shape["off"][place])
        axes.annotate(shape["name"], at, xytext=offset, textcoords="offset points", color=colour, fontsize=7, ha=align)
    axes.set_xlim(0, 2.5)
    axes.set_xlabel(r"$s^2$ over the variance of $q(y|x)$")
    axes.set_ylabel("$f - f_q$, label units")
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["balanced_mse"]
    columns = {"share": curves["share"]}
    for shape in curves["shapes"]:
        columns[shape["name"].replace(" ", "_")] = shape["off"]
    return columns


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["balanced_mse"]
    at_one = [
        shape["off"][min(range(len(curves["share"])), key=lambda i: abs(curves["share"][i] - 1))]
        for shape in curves["shapes"]
    ]
    return (
        f"balanced_mse. Where q(y|x) has one Gaussian mode (solid), Balanced MSE finds f_q if s^2 is the variance; at s^2 = 0 it is plain squared error, and at "
        f"twice the variance it is as far off on the other side. With two modes of the same variance (dashed) the right variance leaves "
        f"{style.number(at_one[1])}. Deviation {style.number(curves['deviation'])}, log ratio {style.number(curves['rate'])} y, whatever the density of the run."
    )
