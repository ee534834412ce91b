"""Figure `gradient_flow`: what squared loss and cross-entropy leave of a frequent and a rare class as they train, and the extra term on the way."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

LOSSES = (("squared", "squared loss", style.BALANCED, "o"), ("entropy", "cross-entropy", style.CORRECTED, "s"))
DASHES = ("-", "--")
LEAST = 1e-4


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("gradient_flow"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, (upper, lower) = style.new_figure(height=4.0, nrows=2, sharex=True, height_ratios=(3, 2))
    curves = report["curves"]["gradient_flow"]
    descent = curves["found"]
    for key, words, colour, marker in LOSSES:
        for line, dots, dash, p in zip(curves[key], descent[key], DASHES, curves["p"], strict=True):
            upper.plot(curves["time"], line, color=colour, linestyle=dash, label=f"{words}, $p_c$ = {p:g}")
            # Every third symbol, so that the dashes are seen.
            upper.plot(
                descent["time"],
                dots,
                color=colour,
                marker=marker,
                markerfacecolor="none",
                linestyle="none",
                markevery=3,
            )
    upper.set_yscale("log")
    upper.set_ylim(LEAST, 1.6)
    upper.set_ylabel("left of a class, relative")
    style.legend_above(upper)
    lower.plot(curves["time"], curves["extra"], color=style.IMBALANCED)
    lower.plot(
        descent["time"],
        descent["extra"],
        color=style.IMBALANCED,
        marker="o",
        markerfacecolor="none",
        linestyle="none",
        clip_on=False,
    )
    lower.axvline(curves["turn"], color=style.BOUND, linestyle=":", linewidth=0.8)
    lower.text(curves["turn"], 0.04, r" $t = \frac{5}{6}\,\log\,2$", transform=lower.get_xaxis_transform(), fontsize=7)
    lower.set_ylim(bottom=0)
    lower.set_xlim(0, curves["time"][-1])
    lower.set_ylabel("$R_q - R_p$, squared loss")
    lower.set_xlabel("time $t$ of gradient flow")
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["gradient_flow"]
    columns: dict[str, list[Any]] = {}
    for prefix, part in (("", curves), ("descent_", curves["found"])):
        columns[f"{prefix}time"] = part["time"]
        for key, *_ in LOSSES:
            columns |= {f"{prefix}{key}_{p:g}": line for p, line in zip(curves["p"], part[key], strict=True)}
        columns[f"{prefix}extra"] = part["extra"]
    return columns


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["gradient_flow"]
    return (
        "gradient_flow. Two classes told by the input, p = (4/5, 1/5), q = (1/2, 1/2), both losses from zero. Above: what is left of "
        "each class, lines the closed forms, symbols gradient descent with the step taken to zero; at equal time cross-entropy leaves more "
        "of either class. Below: the extra term of squared loss, zero at the start, largest "
        f"({style.number(max(curves['extra']))}) near t = {style.number(curves['turn'])}, zero at the end."
    )
