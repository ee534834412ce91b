"""Figure `ratio_error`: what is left when the label law in the correction is drawn towards the balanced one."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("ratio_error"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.6)
    curves = report["curves"]["ratio_error"]
    axes.plot(curves["share"], curves["bound"], color=style.BOUND, linestyle=":", label="bound from the labels alone")
    axes.plot(curves["share"], curves["excess"], color=style.CORRECTED, label="excess of the corrected model")
    axes.axhline(curves["price"], color=style.IMBALANCED, linestyle="--", label="price: no correction")
    axes.set_xlim(0, 1)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(r"share of $q$ in the estimate of $p$")
    axes.set_ylabel("nats under $q$")
    style.legend_above(axes, columns=1)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["ratio_error"]
    columns = {key: curves[key] for key in ("share", "excess", "bound")}
    return {**columns, "price": [curves["price"]] * len(curves["share"])}


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["ratio_error"]
    tenth = curves["share"].index(0.1)
    return (
        "ratio_error. The correction divides by an estimate of p that is smoothed: a share of it is the balanced law. With the right p nothing is left; with the "
        f"balanced law nothing is corrected, and the price of {style.number(curves['price'])} nats stays. A share of a tenth costs "
        f"{style.number(curves['excess'][tenth])} nats, where the labels alone allow {style.number(curves['bound'][tenth])}. Label density {report['density']}."
    )
