"""Figure `recalibration`: the mean label given a prediction under both laws, and what held-out pairs of the training law tell of it."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("recalibration"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.8)
    curves = report["curves"]["recalibration"]
    axes.plot(curves["prediction"], curves["balanced"], color=style.BALANCED, label="$g_q(t)$: best under $q$")
    axes.plot(
        curves["prediction"],
        curves["prediction"],
        color=style.IMBALANCED,
        linestyle="--",
        label="$g_p(t) = t$: as trained",
    )
    axes.plot(
        curves["weighted_at"],
        curves["weighted"],
        color=style.CORRECTED,
        marker="o",
        linestyle="none",
        label="pairs, weights $1/r$",
    )
    axes.plot(
        curves["at"],
        curves["plain"],
        color=style.FITTED,
        marker="x",
        linestyle="none",
        label="pairs, not weighted",
    )
    axes.set_xlabel("prediction $t$ of a model fitted under $p$")
    axes.set_ylabel("mean label given $t$")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["recalibration"]
    return {key: curves[key] for key in ("prediction", "balanced", "at", "plain", "weighted_at", "weighted")}


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["recalibration"]
    return (
        f"recalibration. A model that is right under p predicts t; under q the mean label at that prediction is another (solid line). {curves['pairs']} "
        "held-out pairs of p (label, prediction) find the solid line once they are weighted by 1/r, and the dashed one if they are not. Stretches with "
        f"fewer than {curves['least']} pairs are left out. The mend gains {style.number(curves['gain'])} of squared error under q. Label density "
        f"{report['density']}."
    )
