"""Figure `bin_width`: what the correction costs against what it saves, by the width of a class in units of the noise."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("bin_width"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=3.0)
    curves = report["curves"]["bin_width"]
    own = curves["own"]
    for key, colour, dash, marker, words in (
        ("log_loss", style.CORRECTED, "-", "o", "log-loss"),
        ("squared_error", style.BALANCED, "--", "s", "squared error"),
    ):
        axes.plot(curves["width"], curves[key], color=colour, linestyle=dash, label=f"{words}, series")
        if own:
            axes.plot(
                [row["width"] for row in own],
                [row[key] for row in own],
                color=colour,
                marker=marker,
                markerfacecolor="none",
                linestyle="none",
                label=f"{words}, this report",
            )
    axes.axhline(1, color=style.BOUND, linewidth=0.8)
    for place in curves["thresholds"]:
        axes.axvline(place, color=style.BOUND, linestyle=":", linewidth=0.8)
        axes.text(
            place, 0.03, f"{place:.3f} ", fontsize=6.5, ha="right", rotation=90, transform=axes.get_xaxis_transform()
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    least = min([row["squared_error"] for row in own if row["squared_error"] > 0], default=1e-4)
    axes.set_ylim(min(1e-4, 0.5 * least), 30)
    widths = [row["width"] for row in own] + [1, 16]
    axes.set_xlim(0.9 * min(widths), 1.1 * max(widths))
    ticks = [2.0**power for power in range(-3, 7) if 0.9 * min(widths) <= 2.0**power <= 1.1 * max(widths)]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("width of a class in units of the noise, $d/s$")
    axes.set_ylabel("cost after correction / price")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["bin_width"]
    columns = {key: curves[key] for key in ("width", "log_loss", "squared_error")}
    columns |= {f"scan_{key}": values for key, values in curves["scan"].items()}
    for key in ("classes", "width", "log_loss", "squared_error"):
        columns[f"own_{key}"] = [row[key] for row in curves["own"]]
    return columns


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["bin_width"]
    first, second = (style.number(place, 5) for place in curves["thresholds"])
    text = (
        f"bin_width. Cost after the correction over the price, for a straight log ratio away from the ends: above one, in log-loss "
        f"from d = {first} s on, in squared error from {second} s on (dotted). "
    )
    if curves["own"]:
        text += (
            f"Symbols: the equal-width classes of this report (label density {report['density']}, noise "
            f"{style.number(report['channel']['noise'])}), whose log ratio is not straight and whose label interval has ends."
        )
    return text
