"""Figure `study_pairs`: every matched difference with its interval, a forest."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import study, style

NAMES = {
    "claim": "MSE − ($\\lambda$MSE + CE)",
    "scale": "$\\lambda$MSE − ($\\lambda$MSE + CE)",
    "placebo": "placebo − CE",
    "decay": "no decay: MSE − (+ CE)",
    "loss_scale": "MSE − $\\lambda$MSE",
    "no_decay": "MSE − MSE no decay",
    "any_auxiliary": "$\\lambda$MSE − placebo",
    "offset": "CE − corrected CE",
    "corrected": "MSE − corrected CE",
    "weighted": "MSE − weighted MSE",
    "decoded": "MSE − CE decoded",
}


def drawable(report: dict[str, Any]) -> bool:
    return any(study.pooled(cell) for cell in study.cells(report))


def figure(report: dict[str, Any]) -> Figure:
    groups, samplings = study.groups(report), study.samplings(report)
    present = [name for name in NAMES if any(name in study.pooled(cell) for cell in study.cells(report))]
    height = 0.5 + 0.085 * len(present) * (len(samplings) + 1) + 0.35
    width = style.COLUMN if len(groups) == 1 else study.WIDE
    drawing, grid = style.new_figure(height, width, ncols=len(groups), sharey=True, squeeze=False)
    for cell in study.cells(report):
        axes = grid[0][groups.index(study.group(cell))]
        number = samplings.index(cell["sampling"])
        colour, marker = study.SAMPLINGS[cell["sampling"]]
        shift = (number - (len(samplings) - 1) / 2) / (len(samplings) + 1)
        for place, name in enumerate(present):
            row = study.pooled(cell).get(name)
            if row is None:
                continue
            value, below, above = study.ends(row)
            known = not isinstance(row["holm"], str) and row["holm"] <= 1 - report["level"] + 1e-12
            axes.errorbar(
                [value],
                [place + shift],
                xerr=[[below], [above]],
                color=colour,
                marker=marker,
                markersize=2.8,
                elinewidth=0.7,
                markerfacecolor=colour if known else "white",
                linestyle="none",
                label=cell["sampling"] if place == 0 else None,
            )
    for axes, one in zip(grid[0], groups, strict=True):
        axes.axvline(0, color=style.BOUND, linewidth=0.6)
        axes.set_title(study.group_words(one), fontsize=7)
        axes.set_xlabel("difference of test error")
    grid[0][0].set_yticks(range(len(present)), [NAMES[name] for name in present])
    grid[0][0].set_ylim(len(present) - 0.5, -0.5)
    if len(samplings) > 1:
        study.legend(drawing, grid[0][0], len(samplings))
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    names = (
        "setting",
        "sampling",
        "functions",
        "drawn",
        "name",
        "base",
        "arm",
        "difference",
        "low",
        "high",
        "p",
        "holm",
        "detectable",
        "win_rate",
        "pairs",
    )
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for cell in study.cells(report):
        for row in study.pooled(cell).values():
            values = {**row, **study.place(cell)}
            for name in names:
                columns[name].append(values[name])
    return columns


def caption(report: dict[str, Any]) -> str:
    verdicts = "; ".join(
        f"{study.group_words(study.group(cell))}, {cell['sampling']}: {cell['verdict']} ({cell['reason']})"
        for cell in study.cells(report)
    )
    return (
        f"study_pairs. Mean matched difference of test error, to the right when the second arm is better, with {study.INTERVALS}. "
        f"An interval that excludes 0 is not enough: filled markers have a Holm-adjusted p of at most 0.05. Verdicts: {verdicts}."
    )
