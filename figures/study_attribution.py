"""Figure `study_attribution`: how much of the paper's effect the loss scale alone explains."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import study, style

PARTS = (
    ("loss_scale", style.WITHIN_PART, "MSE − $\\lambda$MSE"),
    ("scale", style.CLASS_PART, "$\\lambda$MSE − ($\\lambda$MSE + CE)"),
)


def _complete(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell for cell in study.cells(report) if cell["attribution"] is not None]


def _short(cell: dict[str, Any]) -> str:
    """The group of a cell under its bar."""
    setting = str(cell["condition"]["setting"])
    return f"{setting}\n{cell['functions']} drawn" if cell["drawn"] else setting


def _unknown(share: dict[str, Any]) -> bool:
    """A share of something that may be zero."""
    return str(share["note"]).startswith("undefined")


def drawable(report: dict[str, Any]) -> bool:
    return bool(_complete(report))


def figure(report: dict[str, Any]) -> Figure:
    cells = _complete(report)
    drawing, axes = style.new_figure(height=2.6, width=style.COLUMN if len(cells) <= 4 else study.WIDE)
    for place, cell in enumerate(cells):
        rows = study.pooled(cell)
        for number, (name, colour, words) in enumerate(PARTS):
            value, below, above = study.ends(rows[name])
            x = place + 0.28 * (number - 1)
            axes.bar(x, value, 0.26, color=colour, label=words if place == 0 else None)
            axes.errorbar([x], [value], yerr=[[below], [above]], color="black", elinewidth=0.7, capsize=1.5)
        value, below, above = study.ends(rows["claim"])
        axes.errorbar(
            [place + 0.28], [value], yerr=[[below], [above]], color=style.IMBALANCED, marker="o", markersize=3.5, elinewidth=0.9, capsize=1.5, linestyle="none",
            label="both: MSE − ($\\lambda$MSE + CE)" if place == 0 else None,
        )  # fmt: skip
        beside = cell.get("published")
        if beside:
            effect = beside["effect"]["published"]
            value, below, above = study.ends(effect)
            axes.errorbar(
                [place + 0.42], [value], yerr=[[below], [above]], color=style.BOUND, marker="D", markersize=3, elinewidth=0.7, markerfacecolor="white", capsize=1.5,
                linestyle="none", label="both, published runs" if place == 0 else None,
            )  # fmt: skip
        share = cell["attribution"]
        words = "–" if _unknown(share) else style.percent(share["value"]).replace("less than ", "<")
        axes.annotate(words, (place, 1.0), xycoords=("data", "axes fraction"), ha="center", va="bottom", fontsize=6)
    axes.axhline(0, color="black", linewidth=0.6)
    axes.annotate(
        "share that the loss scale explains:", (0, 1.0), (-3, 9), xycoords="axes fraction", textcoords="offset points", ha="left", va="bottom", fontsize=6
    )  # fmt: skip
    several = len(study.groups(report)) > 1
    labels = [f"{cell['sampling']}\n{_short(cell)}" if several else cell["sampling"] for cell in cells]
    axes.set_xticks(range(len(cells)), labels)
    axes.set_ylabel("test error saved")
    study.legend(drawing, axes, 2)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    cells = _complete(report)
    places = [study.place(cell) for cell in cells]
    columns: dict[str, list[Any]] = {name: [place[name] for place in places] for name in places[0]}
    for name in ("value", "low", "high", "loss_scale", "total"):
        values = [cell["attribution"][name] for cell in cells]
        columns[name] = [None if value == "undefined" else value for value in values]
    columns["note"] = [cell["attribution"]["note"] for cell in cells]
    return columns


def caption(report: dict[str, Any]) -> str:
    shares = "; ".join(
        f"{study.group_words(study.group(cell))}, {cell['sampling']}: "
        + (
            "no share (the total effect may be zero)"
            if _unknown(cell["attribution"])
            else f"{style.percent(cell['attribution']['value'])} [{style.percent(cell['attribution']['low'])}, "
            f"{style.percent(cell['attribution']['high'])}]"
        )
        for cell in _complete(report)
    )
    return (
        "study_attribution. The test error that the paper's method saves over MSE, split into what the larger loss scale saves by itself and what "
        f"classification adds at that scale. Bars: {study.INTERVALS}. The percentages above are the share of the saving that the loss scale alone explains, – where the saving "
        f"may be zero; with their 95 % intervals: {shares}."
    )
