"""Figure `risk`: the balanced risk of one predictor as imbalanced risk plus between-class and within-class extra terms."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("risk"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure()
    columns = data(report)
    classes = columns["classes"]
    axes.axhline(columns["balanced_risk"][0], color=style.BALANCED, label="balanced risk $R_q$")
    axes.axhline(columns["imbalanced_risk"][0], color=style.IMBALANCED, linestyle="--", label="imbalanced risk $R_p$")
    places = range(len(classes))
    base = columns["imbalanced_risk"]
    axes.bar(
        places,
        columns["between"],
        0.6,
        bottom=base,
        color=style.CLASS_PART,
        label="between classes",
        edgecolor="black",
        linewidth=0.4,
    )
    top = [low + step for low, step in zip(base, columns["between"], strict=True)]
    axes.bar(
        places,
        columns["within"],
        0.3,
        bottom=top,
        color=style.WITHIN_PART,
        label="within classes",
        hatch="///",
        edgecolor="black",
        linewidth=0.4,
    )
    axes.set_xticks(list(places), [str(count) for count in classes])
    axes.set_xlabel("number of classes $K$")
    axes.set_ylabel("squared error")
    axes.set_ylim(bottom=0)
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    rows = report["curves"]["risk"]["per_classes"]
    return {
        key: [row[key] for row in rows] for key in ("classes", "imbalanced_risk", "between", "within", "balanced_risk")
    }


def caption(report: dict[str, Any]) -> str:
    columns = data(report)
    return (
        f"risk. The balanced risk of {report['curves']['risk']['predictor']} is its imbalanced risk "
        f"({style.number(columns['imbalanced_risk'][0])}) plus a between-class and a within-class extra term, for every K; label "
        f"density {report['density']}. At K = {columns['classes'][-1]} the within-class term is "
        f"{style.number(columns['within'][-1])} of {style.number(columns['balanced_risk'][-1])}."
    )
