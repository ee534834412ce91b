"""Figure `i_mmse`: the price in nats, and what K classes leave of it, against the noise: label numbers less an integral of squared errors."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("i_mmse"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.5)
    curves = report["curves"]["i_mmse"]
    for index, colour, start in ((0, style.IMBALANCED, r"$\mathrm{KL}(q_y\|p_y)$"), (1, style.CORRECTED, "$W$")):
        name = "price" if index == 0 else f"left by {curves['classes'][1]} corrected classes"
        line = curves["by_integral"][index]
        axes.plot(curves["noise"], line, color=colour)
        axes.plot(curves["marked"], curves["by_inputs"][index], color=colour, marker="o", linestyle="none")
        axes.axhline(curves["start"][index], color=colour, linestyle=":", linewidth=0.8)
        axes.annotate(
            f"{start}: {name}",
            (curves["noise"][0], curves["start"][index]),
            xytext=(-2, 3),
            textcoords="offset points",
            color=colour,
            fontsize=7,
            ha="right",
            va="bottom",
        )
    axes.set_xscale("log")
    axes.set_xlim(curves["noise"][-1], curves["noise"][0])
    axes.set_ylim(0, 1.15 * max(curves["start"][:2]))
    axes.set_xlabel("noise $s$, label units")
    axes.set_ylabel("nats under $q$")
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["i_mmse"]
    columns = {"noise": curves["noise"], "marked": curves["marked"]}
    for index, name in enumerate(("price", "corrected")):
        columns |= {f"{name}_{route}": curves[route][index] for route in ("by_integral", "by_inputs")}
    return columns


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["i_mmse"]
    return (
        "i_mmse. Lines: label numbers (dotted) less half of the integral of squared-error prices over gamma = 1/s^2, from noise without end (right) down to s. "
        f"Points: the same numbers from the inputs' divergence, which no squared error enters. At s = {style.number(curves['own'])} the price is "
        f"{style.number(curves['by_integral'][0][-1], 4)} nats and {curves['classes'][1]} corrected classes leave "
        f"{style.number(curves['by_integral'][1][-1], 4)}. Label density {report['density']}."
    )
