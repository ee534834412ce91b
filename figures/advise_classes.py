"""Figure `advise_classes`: what K classes leave at most, for three kinds of edges, with the numbers that the rules name."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style
from figures.advise_labels import KINDS

MARKERS = ("o", "s", "^")
RULES = {
    "epsilon": ("$W\\leq\\epsilon$", ":"),
    "sample_size": ("sample_size", "--"),
    "bin_width": ("bin_width", "-."),
}


def drawable(report: dict[str, Any]) -> bool:
    return any(row["W"] > 0 for rows in report.get("remainder", {}).values() for row in rows)


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=3.1)
    floor = report["epsilon"] / 100
    for (kind, (colour, words)), marker in zip(KINDS.items(), MARKERS, strict=True):
        rows = [row for row in report["remainder"][kind] if row["W"] > 0]
        classes = [row["classes"] for row in rows]
        axes.fill_between(
            classes,
            [max(row["low"], floor) for row in rows],
            [max(row["high"], floor) for row in rows],
            color=colour,
            alpha=0.2,
            linewidth=0,
        )
        axes.plot(classes, [row["W"] for row in rows], color=colour, marker=marker, label=f"$W$, {words}")
    mine = report["remainder"][report["recommended"]["kind"]]
    axes.plot(
        [row["classes"] for row in mine if row["penalty"] > 0],
        [row["penalty"] for row in mine if row["penalty"] > 0],
        color=style.BOUND,
        linestyle="--",
        label="estimating class masses",
    )
    axes.axhline(report["epsilon"], color=style.BOUND, linewidth=0.6, linestyle=":")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_ylim(bottom=floor)
    low, high = axes.get_ylim()
    named = {name: report["rules"][name] for name in RULES if report["rules"][name] is not None}
    for place, (name, count) in enumerate(named.items()):
        words, dash = RULES[name]
        axes.axvline(count, color=style.BOUND, linestyle=dash, linewidth=0.7)
        axes.text(count, low * (high / low) ** (0.03 + 0.08 * place), f" {words}: {count}", fontsize=6)
    axes.axvline(report["recommended"]["classes"], color=style.REMAINDER, linewidth=1.0)
    axes.text(
        report["recommended"]["classes"],
        low * (high / low) ** 0.94,
        f" advice: {report['recommended']['classes']}",
        fontsize=6,
    )
    most = max(row["classes"] for rows in report["remainder"].values() for row in rows)
    ticks = [2**power for power in range(11) if 2**power <= most]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("number of classes $K$")
    axes.set_ylabel("nats left of the extra error, at most")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {}
    for kind, rows in report["remainder"].items():
        for name in ("classes", "W", "low", "high", "penalty"):
            columns[f"{kind}_{name}"] = [row[name] for row in rows]
    return columns


def caption(report: dict[str, Any]) -> str:
    advice = report["recommended"]
    return (
        "advise_classes. W: what is left of the extra error at most, whatever the inputs, after a prior-corrected classification term with K"
        " classes, for three kinds of edges (bands: 95 % bootstrap intervals with the bias taken off). Grey, dashed: expected cost of estimating"
        f" the class masses from these labels. Dotted: epsilon = {style.number(report['epsilon'])} nats. Thin lines: the K that each rule names."
        f" Advice: {advice['classes']} classes ({advice['kind']} edges), W = {style.number(advice['W'])} nats."
    )
