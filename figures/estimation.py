"""Figure `estimation`: what is lost against the number of classes when the posterior is learned from n samples, expected and on trained models."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

MARKERS = {"table": "o", "network": "s"}
"""Boosted trees are in the data; their losses with many classes lie far above the picture."""


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("estimation"))


def figure(report: dict[str, Any]) -> Figure:
    curves = report["curves"]["estimation"]
    samples = curves["samples"]
    drawing, grid = style.new_figure(height=3.4, nrows=2, ncols=2, sharex=True, sharey=True)
    for axes, sample in zip(grid.flat, samples, strict=True):
        axes.plot(curves["classes"], sample["log"], color=style.CORRECTED, label="expected")
        axes.plot(
            curves["classes"], sample["priors_only"], color=style.BOUND, linestyle="--", label="only priors estimated"
        )
        for trained in sample["trained"]:
            if trained["model"] in MARKERS:
                axes.errorbar(
                    curves["classes"],
                    trained["log"],
                    yerr=[2 * error for error in trained["log_error"]],
                    color=style.FITTED,
                    marker=MARKERS[trained["model"]],
                    linestyle=":",
                    linewidth=0.7,
                    label=trained["model"],
                )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(curves["classes"], [str(count) for count in curves["classes"]], minor=False)
        axes.set_xticks([], minor=True)
        axes.set_title(f"n = {sample['n']:,}")
    drawing.supxlabel("classes K", fontsize=8)
    drawing.supylabel("log-loss above the balanced posterior (nats)", fontsize=8)
    handles, labels = grid.flat[0].get_legend_handles_labels()
    drawing.legend(handles, labels, loc="outside upper center", ncols=2)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["estimation"]
    columns = {"classes": curves["classes"]}
    for sample in curves["samples"]:
        columns |= {f"{key}_{sample['n']}": sample[key] for key in ("log", "squared", "priors_only")}
        for trained in sample["trained"]:
            name = trained["model"].replace(" ", "_")
            columns |= {
                f"{name}_{key}_{sample['n']}": trained[key] for key in ("log", "log_error", "squared", "squared_error")
            }
    return columns


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["estimation"]
    text = (
        f"estimation. A posterior over K classes is learned from n samples of p, on {curves['inputs']} input cells, and corrected. Solid: corrected excess plus the "
        "expected cost of estimating, to leading order in 1/n. Dashed: the same if only the priors were estimated. "
    )
    for sample in curves["samples"]:
        best = [
            curves["classes"][min(range(len(sample[key])), key=sample[key].__getitem__)]
            for key in ("log", "priors_only")
        ]
        text += f"n = {sample['n']}: best K {best[0]} (by priors only {best[1]}). "
    trained = curves["samples"][0]["trained"]
    if trained:
        seeds = ", ".join(f"{each['model']} {each['seeds']}" for each in trained)
        text += f"Symbols: means over seeds ({seeds}) with two standard errors. "
    return f"{text}Label density {report['density']}."
