"""Figure `class_split`: the price split into its class part and its within-class part, against the number of classes."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return not isinstance(report["quantities"]["price"], str)


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure()
    columns = data(report)
    places = range(len(columns["classes"]))
    axes.bar(
        places,
        columns["class_part"],
        0.65,
        color=style.CLASS_PART,
        label="class part",
        edgecolor="black",
        linewidth=0.4,
    )
    axes.bar(
        places,
        columns["within_part"],
        0.65,
        bottom=columns["class_part"],
        color=style.WITHIN_PART,
        label="within-class part",
        hatch="///",
        edgecolor="black",
        linewidth=0.4,
    )
    axes.axhline(report["quantities"]["price"], color=style.IMBALANCED, linestyle="--", label="price $E_q\\Delta$")
    axes.set_xticks(list(places), [str(count) for count in columns["classes"]])
    axes.set_xlabel("number of classes $K$")
    axes.set_ylabel("extra error term (nats)")
    style.legend_above(axes, columns=3)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    rows = report["quantities"]["per_classes"]
    return {key: [row[key] for row in rows] for key in ("classes", "class_part", "within_part")}


def caption(report: dict[str, Any]) -> str:
    columns = data(report)
    price = report["quantities"]["price"]
    last, first = columns["class_part"][-1], columns["class_part"][0]
    return (
        f"class_split. The extra error term, {style.number(price, 4)} nats for label density {report['density']}, is the sum "
        f"of a class part and a within-class part for every K. The class part is {style.number(first)} nats at "
        f"K = {columns['classes'][0]} and {style.number(last)} at K = {columns['classes'][-1]}: with fine classes nearly all "
        "of the extra term is a matter of classification."
    )
