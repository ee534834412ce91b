"""Figure `beyond_label_shift`: what the correction leaves where the training law's channel is another one."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("beyond_label_shift"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.8)
    curves = report["curves"]["beyond_label_shift"]
    for key, colour, dash, words in (
        ("price", style.IMBALANCED, "--", "not corrected"),
        ("left", style.CORRECTED, "-", f"corrected, {curves['classes']} classes"),
        ("channels", style.BOUND, ":", r"$E_q\,\mathrm{KL}(k_q\|k_p)$: the channels alone"),
    ):
        axes.plot(curves["ratio"], curves[key], color=colour, linestyle=dash, label=words)
    axes.axvline(1, color=style.BOUND, linewidth=0.6)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("noise under $p$ / noise under $q$")
    axes.set_ylabel("excess under $q$ (nats)")
    style.legend_above(axes, columns=1)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["beyond_label_shift"]
    return {key: curves[key] for key in ("ratio", "price", "left", "channels")}


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["beyond_label_shift"]
    same, narrow, wide = curves["ratio"].index(1.0), 0, len(curves["ratio"]) - 1

    def at(place: int) -> str:
        return f"{style.number(curves['left'][place])} nats of {style.number(curves['price'][place])}"

    return (
        f"beyond_label_shift. With one channel {curves['classes']} corrected classes leave {at(same)}. Where the training law's noise is "
        f"{style.number(curves['ratio'][narrow])} times that of the balanced law they leave {at(narrow)}, and at {style.number(curves['ratio'][wide])} times "
        f"{at(wide)}. The dotted line is the divergence of the channels, which no correction of labels touches; inputs take some of it back. Label density "
        f"{report['density']}."
    )
