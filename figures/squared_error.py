"""Figure `squared_error`: the predictors under both worlds, and the squared-error price before and after the correction."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style
from figures.offset import _whiskers


def drawable(report: dict[str, Any]) -> bool:
    return any(value > 0 for value in style.finite(data(report)["corrected_squared_error"])) and "curves" in report


def _coarsest(means: dict[str, Any]) -> str:
    """The fewest classes, where the correction leaves most."""
    return min(means["corrected"], key=int)


def figure(report: dict[str, Any]) -> Figure:
    drawing, (above, below) = style.new_figure(height=3.9, nrows=2)
    means = report["curves"]["means"]
    coarse = _coarsest(means)
    above.plot(means["x"], means["balanced"], color=style.BALANCED, label="$f_q$, balanced")
    above.plot(means["x"], means["imbalanced"], color=style.IMBALANCED, linestyle="--", label="$f_p$, imbalanced")
    above.plot(
        means["x"], means["corrected"][coarse], color=style.CORRECTED, linestyle="-.", label=f"corrected, $K={coarse}$"
    )
    above.set_xlabel("input $x$")
    above.set_ylabel("predicted label")
    above.legend(loc="best")
    columns = data(report)
    classes = columns["classes"]
    price = report["quantities"]["squared_error_price"]
    below.axhline(price, color=style.IMBALANCED, linestyle="--", label="price, uncorrected")
    error = style.finite(columns["corrected_squared_error"])
    below.plot(classes, error, color=style.CORRECTED, marker=".", label="corrected, predicted")
    fits = report["curves"].get("fits")
    if fits:
        rows = fits["per_classes"]
        counts = [row["classes"] for row in rows]
        fitted = [row["corrected_squared_error"] for row in rows]
        _whiskers(below, counts, fitted, style.FITTED, "o", "corrected, fitted")
    below.set_yscale("log")
    shown = [value for value in error if value > 0]
    below.set_ylim(0.3 * min(shown), 3 * max(*shown, price))
    style.classes_axis(below, classes)
    below.set_ylabel(r"$E_{q}(f-f_q)^2$")
    style.legend_above(below)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    numbers = report["quantities"]
    rows = numbers["per_classes"]
    columns: dict[str, list[Any]] = {key: [row[key] for row in rows] for key in ("classes", "corrected_squared_error")}
    columns |= {
        name: [numbers[key]] * len(rows)
        for name, key in (("price", "squared_error_price"), ("balanced_risk", "balanced_risk"))
    }
    fits = report.get("curves", {}).get("fits")
    if fits:
        for end in ("mean", "low", "high"):
            columns[f"fitted_{end}"] = [row["corrected_squared_error"][end] for row in fits["per_classes"]]
    means = report.get("curves", {}).get("means")
    if means:
        coarse = _coarsest(means)
        columns |= {
            "x": means["x"],
            "predictor_balanced": means["balanced"],
            "predictor_imbalanced": means["imbalanced"],
        }
        columns[f"predictor_corrected_{coarse}"] = means["corrected"][coarse]
    return columns


def caption(report: dict[str, Any]) -> str:
    quantities = report["quantities"]
    columns = data(report)
    return (
        f"squared_error. Above: the best predictors of the two worlds, label density {report['density']}. Below: what the "
        f"imbalanced one loses in squared error under q, {style.number(quantities['squared_error_price'], 4)} on top of "
        f"{style.number(quantities['balanced_risk'], 4)}; after the prior correction "
        f"{style.number(columns['corrected_squared_error'][0])} at K = {columns['classes'][0]} and "
        f"{style.number(columns['corrected_squared_error'][-1])} at K = {columns['classes'][-1]}."
    )
