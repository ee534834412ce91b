"""Figure `offset`: what the prior-corrected model still loses, predicted and fitted, against what the labels certify."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return any(value > 0 for value in style.finite(data(report)["corrected_excess"]))


def _whiskers(
    axes: Any, classes: list[int], rows: list[dict[str, float]], colour: str, marker: str, label: str
) -> None:
    """Means with intervals; a lower end that is not positive is drawn to the foot of a log axis."""
    mean = [row["mean"] for row in rows]
    below = [row["mean"] - max(row["low"], 1e-12) for row in rows]
    above = [row["high"] - row["mean"] for row in rows]
    axes.errorbar(
        classes,
        mean,
        yerr=[below, above],
        color=colour,
        marker=marker,
        linestyle="none",
        capsize=2,
        label=label,
        zorder=5,
    )


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=3.0)
    columns = data(report)
    classes = columns["classes"]
    price = report["quantities"]["price"]
    if not isinstance(price, str):
        axes.axhline(price, color=style.IMBALANCED, linestyle="--", label="uncorrected")
    remainder = style.finite(columns["remainder"])
    axes.plot(classes, remainder, color=style.REMAINDER, marker="s", linestyle=":", label="$W$ (labels alone)")
    excess = style.finite(columns["corrected_excess"])
    axes.plot(classes, excess, color=style.CORRECTED, marker=".", label="corrected, predicted")
    fits = report["curves"].get("fits") if "curves" in report else None
    if fits:
        rows = fits["per_classes"]
        counts = [row["classes"] for row in rows]
        _whiskers(axes, counts, [row["plain"] for row in rows], style.IMBALANCED, "x", "fitted, plain CE")
        _whiskers(axes, counts, [row["corrected"] for row in rows], style.FITTED, "o", "fitted, corrected")
    axes.set_yscale("log")
    shown = [value for value in remainder + excess if value > 0]
    top = max([*shown, 0.0 if isinstance(price, str) else price])
    axes.set_ylim(0.5 * min(shown), 2 * top)
    style.classes_axis(axes, classes)
    axes.set_ylabel("excess log-loss under $q$ (nats)")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    rows = report["quantities"]["per_classes"]
    columns: dict[str, list[Any]] = {
        key: [row[key] for row in rows] for key in ("classes", "remainder", "corrected_excess")
    }
    columns["price"] = [report["quantities"]["price"]] * len(rows)
    fits = report.get("curves", {}).get("fits")
    if fits:
        for kind in ("plain", "corrected"):
            for end in ("mean", "low", "high"):
                columns[f"fitted_{kind}_{end}"] = [row[kind][end] for row in fits["per_classes"]]
    return columns


def caption(report: dict[str, Any]) -> str:
    quantities = report["quantities"]
    columns = data(report)
    text = (
        f"offset. Excess log-loss under the balanced world for label density {report['density']}. Uncorrected, the imbalanced "
        f"model loses {style.number(quantities['price'], 4)} nats, with a plain cross-entropy term as well as without. With the "
        f"class posterior corrected for the prior the loss is {style.number(columns['corrected_excess'][0])} nats at "
        f"K = {columns['classes'][0]} and {style.number(columns['corrected_excess'][-1])} at K = {columns['classes'][-1]}, "
        "never more than W."
    )
    if not isinstance(quantities["price"], str):
        worse = [
            str(count)
            for count, excess in zip(columns["classes"], columns["corrected_excess"], strict=True)
            if not isinstance(excess, str) and excess > quantities["price"]
        ]
        text += f" At K = {', '.join(worse)} the correction costs more than it saves." if worse else ""
    return text + (
        " Points: fitted models, mean and interval over seeds." if "fitted_corrected_mean" in columns else ""
    )
