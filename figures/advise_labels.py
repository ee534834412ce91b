"""Figure `advise_labels`: the labels, the density estimated from them, and the class edges of the three kinds."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

KINDS = {
    "optimal": (style.CORRECTED, "optimal"),
    "equal-width": (style.BALANCED, "equal width"),
    "equal-frequency": (style.WITHIN_PART, "equal frequency"),
}
"""Colour and words of a kind of edges."""


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("histogram", {}).get("y"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, (top, below) = style.new_figure(height=3.0, nrows=2, height_ratios=(3, 1), sharex=True)
    bars = report["histogram"]
    n = report["labels"]["n"]
    step = min((b - a for a, b in zip(bars["y"], bars["y"][1:], strict=False)), default=1.0)
    top.bar(
        bars["y"],
        bars["counts"],
        width=step,
        color=style.IMBALANCED,
        alpha=0.35,
        label=f"{n} labels, worth $n_{{\\mathrm{{eff}}}}$ = {style.number(report['imbalance']['n_eff'], 4)}",
    )
    top.step(bars["y"], [n * mass for mass in bars["p"]], where="mid", color=style.IMBALANCED, label="law $p$")
    top.step(
        bars["y"],
        [n * mass for mass in bars["q"]],
        where="mid",
        color=style.BALANCED,
        linestyle="--",
        label="reference $q$",
    )
    top.set_ylabel("labels a bar")
    top.set_ylim(bottom=0)
    style.legend_above(top, columns=2)
    for place, (kind, (colour, _)) in enumerate(KINDS.items()):
        edges = report["edges"].get(kind, [])
        below.vlines(edges, place - 0.4, place + 0.4, color=colour, linewidth=0.8)
        below.hlines([place - 0.4, place + 0.4], edges[0], edges[-1], color=colour, linewidth=0.4)
    below.set_yticks(range(len(KINDS)), [words for _, words in KINDS.values()])
    below.set_ylim(len(KINDS) - 0.4, -0.6)
    below.set_xlabel("label $y$ (below: class edges)")
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    edges = {f"edges_{kind}": list(values) for kind, values in report["edges"].items()}
    return {**{name: list(column) for name, column in report["histogram"].items()}, **edges}


def caption(report: dict[str, Any]) -> str:
    imbalance, advice = report["imbalance"], report["recommended"]
    kl = "infinite" if imbalance["price_is_infinite"] else f"{style.number(imbalance['kl'])} nats"
    return (
        f"advise_labels. {report['labels']['n']} training labels (bars), the law p that they are taken to follow, and the reference q"
        f" ({report['reference']}). The most commonly sampled label is {style.number(imbalance['ratio'])} times as frequent, against q, as the"
        f" rarest; imbalance costs at most {kl} in log-loss; the labels are worth n_eff = {style.number(imbalance['n_eff'], 4)} balanced ones."
        f" Below: the edges of {advice['classes']} classes (or the next number that exists) of each kind."
    )
