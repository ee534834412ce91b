"""Figure `first_order`: what a small plain term does to the balanced risk and to the training loss, in a one-parameter example."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("first_order"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.6)
    curves = report["curves"]["first_order"]
    axes.plot(curves["weight"], curves["risk"], color=style.BALANCED, label="change of $R_q$")
    axes.plot(
        curves["weight"],
        curves["risk_expected"],
        color=style.BALANCED,
        linestyle=":",
        label="its first order, predicted",
    )
    axes.plot(curves["weight"], curves["loss"], color=style.IMBALANCED, label="rise of the training loss")
    axes.plot(
        curves["weight"],
        curves["loss_expected"],
        color=style.IMBALANCED,
        linestyle=":",
        label="its second order, predicted",
    )
    axes.axhline(0, color=style.BOUND, linewidth=0.5)
    axes.set_xlabel(r"weight $\lambda$ of the plain term")
    axes.set_ylabel("change")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["first_order"]
    return {key: curves[key] for key in ("weight", "risk", "risk_expected", "loss", "loss_expected")}


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["first_order"]
    return (
        "first_order. A model of one parameter without capacity to spare, and a plain term of weight λ. The balanced risk moves to first order in λ, here by "
        f"{style.number(curves['slope'])} λ; the training loss rises to second order only. With the opposite sign of either gradient the risk would fall."
    )
