"""Figure `remainder`: W, the part of the extra error that it covers, and the tightest of its bounds, against the number of classes."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

BOUNDS = {
    "specht": (r"$\sum_c q_c\, h(w_c)$", "by the range of the log ratio in each class"),
    "hoeffding": (r"$\sum_c q_c\, w_c^2/8$", "by the square of that range"),
    "lipschitz": (r"$\log(\sinh u/u)$", "by the steepest slope of the log ratio, u = L d/2"),
}


def drawable(report: dict[str, Any]) -> bool:
    bounds = report.get("curves", {}).get("bounds")
    return bool(bounds) and any(value > 0 for value in style.finite(data(report)["remainder"]))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.6)
    columns = data(report)
    classes, labels = columns["classes"], []
    best = tightest(columns)
    for key, words, colour, dash, marker in (
        (best, BOUNDS[best][0], style.BOUND, "--", "s"),
        ("remainder", "$W$", style.REMAINDER, "-", "o"),
        ("within_part", "within-class\npart", style.WITHIN_PART, ":", "D"),
    ):
        values = style.finite(columns[key])
        axes.plot(classes, values, color=colour, linestyle=dash, marker=marker)
        labels.append((values[-1], words, colour))
    axes.set_yscale("log")
    style.classes_axis(axes, classes)
    axes.set_ylabel("nats")
    style.label_lines(axes, labels)
    return drawing


def tightest(columns: dict[str, list[Any]]) -> str:
    """The bound that is least at the finest classes."""
    return min((key for key in BOUNDS if key in columns), key=lambda key: columns[key][-1])


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    rows = report["quantities"]["per_classes"]
    bounds = report["curves"]["bounds"]
    columns = {key: [row[key] for row in rows] for key in ("classes", "remainder", "within_part")}
    return columns | {key: bounds[key] for key in BOUNDS if bounds.get(key)}


def caption(report: dict[str, Any]) -> str:
    columns = data(report)
    best, finest = tightest(columns), columns["classes"][-1]
    others = [key for key in BOUNDS if key in columns and key != best]
    text = (
        f"remainder. W, what is left to lose inside classes in the worst channel, is computed from the labels alone: "
        f"{style.number(columns['remainder'][0])} nats at K = {columns['classes'][0]}, "
        f"{style.number(columns['remainder'][-1])} at K = {finest} (label density {report['density']}). It covers the within-class part "
        f"of the extra term under this channel, {style.number(columns['within_part'][-1])} at K = {finest}. "
        f"Dashed: the tightest bound on W here, {BOUNDS[best][1]}, {style.number(columns[best][-1])}."
    )
    if others:
        words = " and ".join(f"{style.number(columns[key][-1])} {BOUNDS[key][1]}" for key in others)
        text += f" Not drawn: {words}."
    return text
