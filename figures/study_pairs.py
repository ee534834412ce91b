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
    settings, samplings = study.settings(report), study.samplings(report)
    present = [name for name in NAMES if any(name in study.pooled(cell) for cell in study.cells(report))]
    height = 0.5 + 0.085 * len(present) * (len(samplings) + 1) + 0.35
    width = style.COLUMN if len(settings) == 1 else study.WIDE
    drawing, grid = style.new_figure(height, width, ncols=len(settings), sharey=True, squeeze=False)
    for cell in study.cells(report):
        axes = grid[0][settings.index(cell["condition"]["setting"])]
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
    for axes, setting in zip(grid[0], settings, strict=True):
        axes.axvline(0, color=style.BOUND, linewidth=0.6)
        axes.set_title(setting, fontsize=7)
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
        "name",
        "base",
        "arm",
        "difference",
        "low",
        "high",
        "p",
        "holm",
        "win_rate",
        "pairs",
    )
    columns: dict[str, list[Any]] = {name: [] for name in names}
    for cell in study.cells(report):
        for row in study.pooled(cell).values():
            values = {**row, "setting": cell["condition"]["setting"], "sampling": cell["sampling"]}
            for name in names:
                columns[name].append(values[name])
    return columns


def caption(report: dict[str, Any]) -> str:
    verdicts = "; ".join(
        f"{cell['condition']['setting']} {cell['sampling']}: {cell['verdict']} ({cell['reason']})"
        for cell in study.cells(report)
    )
    return (
        "study_pairs. Mean matched difference of test error, to the right when the second arm is better, with 95 % intervals (bootstrap over "
        f"functions, then seeds, studentised). Filled: Holm-adjusted p at most 0.05. Verdicts: {verdicts}."
    )
