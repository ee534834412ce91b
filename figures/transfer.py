"""Figure `transfer`: what a wrong model loses after the correction, against what it loses on its own training law."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

LOOKS = (("o", "-", style.BALANCED), ("s", "--", style.CLASS_PART), ("^", ":", style.IMBALANCED))


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("transfer"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=3.0)
    curves = report["curves"]["transfer"]
    columns = data(report)
    axes.plot(columns["line"], columns["bound"], color=style.BOUND, label=r"bound: $\sup(1/r)$ times that")
    axes.plot(columns["line"], columns["line"], color=style.BOUND, linestyle=":", label="the same loss in both worlds")
    for model, (marker, dash, colour) in zip(curves["models"], LOOKS, strict=True):
        axes.plot(
            model["training"],
            model["balanced"],
            color=colour,
            marker=marker,
            linestyle=dash,
            label=f"wrong about {model['wrong_about']}",
        )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel(r"loss of the model under $p$ (nats)")
    axes.set_ylabel("loss of the corrected model\nunder $q$ (nats)")
    style.legend_above(axes, columns=1)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["transfer"]
    losses = [loss for model in curves["models"] for loss in model["training"]]
    line = [min(losses), max(losses)]
    columns: dict[str, list[Any]] = {"line": line, "bound": [curves["largest"] * loss for loss in line]}
    for model in curves["models"]:
        name = model["wrong_about"].replace(" ", "_")
        columns |= {f"{name}_{key}": model[key] for key in ("training", "balanced")}
    return columns


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["transfer"]
    factors = [
        model["balanced"][0] / model["training"][0] if model["training"][0] > 0 else 0.0 for model in curves["models"]
    ]
    return (
        "transfer. Three models that are wrong about p(y|x), each a little and more, divided by r. What the corrected model loses under q is at most "
        f"sup(1/r) = {style.number(curves['largest'])} times what the model loses under p (grey line). An error about rare labels costs "
        f"{style.number(factors[2])} times as much after the correction, close to the bound; one about frequent labels {style.number(factors[1])} times, "
        f"one about all labels alike {style.number(factors[0])} times. Label density {report['density']}."
    )
