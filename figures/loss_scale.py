"""Figure `loss_scale`: both risks and the extra term against the scale of the squared loss at one weight decay, in two worlds."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure

from figures import style

LINES = (
    ("balanced", "$R_q$", style.BALANCED, "-", "o"),
    ("imbalanced", "$R_p$", style.IMBALANCED, "--", "s"),
    ("extra", "extra term $R_q - R_p$", style.BOUND, "-.", "^"),
)
BOX = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("loss_scale"))


def figure(report: dict[str, Any]) -> Figure:
    curves = report["curves"]["loss_scale"]
    drawing, panels = style.new_figure(height=3.9, nrows=2, sharex=True)
    for axes, world, words in zip(panels, curves["worlds"], ("separate classes", "overlapping features"), strict=True):
        for key, label, colour, dash, marker in LINES:
            axes.plot(curves["scale"], world[key], color=colour, linestyle=dash, label=label)
            axes.plot(
                curves["trained_scale"],
                world[f"trained_{key}"],
                color=colour,
                marker=marker,
                markerfacecolor="none",
                linestyle="none",
            )
        axes.axhline(0, color="black", linewidth=0.5)
        axes.text(0.02, 0.04, words, transform=axes.transAxes, fontsize=7, va="bottom", bbox=BOX)
        axes.set_ylabel("squared error")
        low = min(min(world[key]) for key, *_ in LINES)
        high = max(max(world[key]) for key, *_ in LINES)
        axes.set_ylim(low - 0.22 * (high - low), 1.05 * high)
    style.legend_above(panels[0], columns=3)
    panels[1].set_xscale("log", base=2)
    ticks = [1 / 16, 1 / 4, 1, 4, 16]
    panels[1].set_xticks(ticks, ["1/16", "1/4", "1", "4", "16"])
    panels[1].minorticks_off()
    panels[1].set_xlabel(r"scale of the squared loss, $\lambda$")
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["loss_scale"]
    columns: dict[str, list[Any]] = {"scale": curves["scale"], "trained_scale": curves["trained_scale"]}
    for number, world in enumerate(curves["worlds"], 1):
        for key, *_ in LINES:
            columns |= {f"{prefix}{key}_{number}": world[f"{prefix}{key}"] for prefix in ("", "trained_")}
    return columns


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["loss_scale"]
    first, second = curves["worlds"]
    return (
        "loss_scale. The scale of a squared loss under weight decay; lines the closed form, symbols gradient descent to the optimum. Above: "
        f"separate classes, {first['world']}, labels 1, decay {first['decay']:g}: both risks fall, the extra term rises to "
        f"{style.number(max(first['extra']))} before it falls. Below: {second['world']}, decay {second['decay']:g}: the balanced risk itself is "
        f"{course(curves['scale'], second['balanced'])}{', while the training risk falls throughout' if falls(second['imbalanced']) else ''}."
    )


def falls(values: Sequence[float]) -> bool:
    """Every value is below the one before."""
    return all(after < before for before, after in itertools.pairwise(values))


def course(scale: Sequence[float], values: Sequence[float]) -> str:
    """A curve in words: where it starts, its least value before the largest, the largest, where it ends."""
    top = max(range(len(values)), key=values.__getitem__)
    low = min(range(top + 1), key=values.__getitem__)
    text = f"{values[0]:.3f} at lambda = {style.number(scale[0])}"
    if low > 0:
        text += f", dips to {values[low]:.3f} near {style.number(scale[low])}"
    if top > low:
        text += f", rises to {values[top]:.3f} near {style.number(scale[top])}"
    if top < len(values) - 1:
        text += f", falls to {values[-1]:.3f} at {style.number(scale[-1])}"
    return text
