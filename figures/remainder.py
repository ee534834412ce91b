"""Figure `remainder`: the label-only remainder W and its bounds against the number of classes."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    bounds = report.get("curves", {}).get("bounds")
    return bool(bounds) and any(value > 0 for value in style.finite(data(report)["remainder"]))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.9)
    columns = data(report)
    classes = columns["classes"]
    for key, label, dash, marker in (
        ("hoeffding", r"$\sum_c q_c\, w_c^2/8$", ":", "v"),
        ("specht", r"$\sum_c q_c\, h(w_c)$", "--", "^"),
        ("lipschitz", r"$\log(\sinh u/u)$, $u=Ld/2$", "-.", "s"),
    ):
        if key in columns:
            values = style.finite(columns[key])
            axes.plot(classes, values, color=style.BOUND, linestyle=dash, marker=marker, label=label)
    axes.plot(classes, style.finite(columns["remainder"]), color=style.REMAINDER, marker="o", label="$W$")
    axes.plot(
        classes,
        style.finite(columns["within_part"]),
        color=style.WITHIN_PART,
        linestyle="--",
        marker="D",
        label="within-class part $E_q\\Delta_{in}$",
    )
    axes.set_yscale("log")
    style.classes_axis(axes, classes)
    axes.set_ylabel("nats")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    rows = report["quantities"]["per_classes"]
    bounds = report["curves"]["bounds"]
    columns = {key: [row[key] for row in rows] for key in ("classes", "remainder", "within_part")}
    return columns | {key: bounds[key] for key in ("specht", "hoeffding", "lipschitz") if bounds.get(key)}


def caption(report: dict[str, Any]) -> str:
    columns = data(report)
    return (
        f"remainder. W, what is left to lose inside classes in the worst channel, is computed from the labels alone: "
        f"{style.number(columns['remainder'][0])} nats at K = {columns['classes'][0]}, "
        f"{style.number(columns['remainder'][-1])} at K = {columns['classes'][-1]} (label density {report['density']}). Grey: "
        "its bounds by the range of the log ratio in each class and by its slope. It covers the within-class part of the extra "
        f"term under this channel ({style.number(columns['within_part'][-1])} at the finest classes)."
    )
