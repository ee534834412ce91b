"""Figure `study_example`: one function and the fit of every arm."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import study, style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("example"))


def figure(report: dict[str, Any]) -> Figure:
    example = report["example"]
    arms = list(example["arms"])
    rows = -(-len(arms) // 3)
    drawing, grid = style.new_figure(0.35 + 1.05 * rows, nrows=rows, ncols=3, sharex=True, sharey=True, squeeze=False)
    for axes, arm in zip(grid.flat, arms, strict=False):
        colour, _, _, words = study.ARMS[arm]
        axes.plot(example["x"], example["truth"], color=style.BOUND, linewidth=0.7)
        axes.plot(example["x"], style.finite(example["arms"][arm]["curve"]), color=colour, linewidth=1.0)
        axes.axhspan(*example["window"], color=style.WITHIN_PART, alpha=0.25, linewidth=0) if example[
            "window"
        ] else None
        axes.set_title(words, fontsize=6.5, pad=2)
    for axes in list(grid.flat)[len(arms) :]:
        axes.set_visible(False)
    for axes in grid[-1]:
        axes.set_xlabel("$x$")
    for row in grid:
        row[0].set_ylabel("$y$")
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    example = report["example"]
    curves = {arm: entry["curve"] for arm, entry in example["arms"].items()}
    return {"x": example["x"], "truth": example["truth"], **curves}


def caption(report: dict[str, Any]) -> str:
    example = report["example"]
    return (
        f"study_example. Function {example['function']} (grey), sampling {example['sampling']}, first data seed, K = {example['classes']}: the fit "
        "of every arm." + (" Band: the labels around the sampling's peak." if example["window"] else "")
    )
