"""What the figures of the study share: the look of an arm, the cells of a report in order, names beside lines. No figure of its own."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

# Colour, marker, dash, words. One look for an arm in every figure; markers and dashes differ so that a grey print stays legible.
ARMS: dict[str, tuple[str, str, str, str]] = {
    "reg": ("#000000", "o", "-", "MSE"),
    "reg_scaled": (style.WITHIN_PART, "s", "--", "$\\lambda$ MSE"),
    "reg_nodecay": (style.BOUND, "D", ":", "MSE, no decay"),
    "reg_cls": (style.IMBALANCED, "o", "-", "$\\lambda$ MSE + CE"),
    "reg_cls_nodecay": (style.CLASS_PART, "D", ":", "+ CE, no decay"),
    "reg_cls_corrected": (style.CORRECTED, "^", "-", "+ corrected CE"),
    "reg_cls_placebo": (style.FITTED, "x", "--", "+ placebo CE"),
    "reg_weighted": (style.BALANCED, "P", "-.", "weighted MSE"),
    "cls_decoded": ("#332288", "*", "-.", "CE alone, decoded"),
}
SAMPLINGS = {
    "uniform": (style.BALANCED, "o"),
    "mild": (style.CORRECTED, "s"),
    "moderate": (style.WITHIN_PART, "D"),
    "severe": (style.IMBALANCED, "^"),
    "data": ("#000000", "o"),
}
INTERVALS = "95 % intervals: bootstrap over functions, then seeds, studentised"
WIDE = 7.0
"""Width of two paper columns, for reports of several settings."""


Group = tuple[str, bool, int]
"""Setting, whether the functions are drawn, how many they are: the cells that a row or a panel shows together."""


def group(cell: dict[str, Any]) -> Group:
    """The group of a cell."""
    return cell["condition"]["setting"], cell["drawn"], cell["functions"]


def place(cell: dict[str, Any]) -> dict[str, Any]:
    """The columns that say which cell a row of a csv file belongs to."""
    return {
        "setting": cell["condition"]["setting"],
        **{name: cell[name] for name in ("sampling", "functions", "drawn")},
    }


def cells(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The cells of the plain score; with several conditions of one group and sampling, the first."""
    first: dict[tuple[Group, str], dict[str, Any]] = {}
    for cell in report["cells"]:
        if cell["metric"] == "test_mse":
            first.setdefault((group(cell), cell["sampling"]), cell)
    return list(first.values())


def groups(report: dict[str, Any]) -> list[Group]:
    """Groups in the order of the report."""
    return list(dict.fromkeys(map(group, cells(report))))


def group_words(one: Group) -> str:
    """A group in words: the setting, and the functions where they are drawn."""
    setting, drawn, functions = one
    return f"{setting}, {functions} drawn functions" if drawn else setting


def samplings(report: dict[str, Any]) -> list[str]:
    """Samplings in the order of the report."""
    return list(dict.fromkeys(cell["sampling"] for cell in cells(report)))


def pooled(cell: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Contrasts pooled over class counts, by name."""
    return {row["name"]: row for row in cell["contrasts"] if row["classes"] is None}


def ends(row: dict[str, Any]) -> tuple[float, float, float]:
    """Value, distance to the lower end and to the upper end; gaps where an end is a word."""
    value, low, high = style.finite([row.get("difference", row.get("value")), row["low"], row["high"]])
    return value, value - low, high - value


def legend(drawing: Figure, axes: Any, columns: int) -> None:
    """A legend below the whole figure, from the artists of one panel."""
    handles, labels = axes.get_legend_handles_labels()
    drawing.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=columns,
        fontsize=6.5,
        frameon=False,
        handlelength=2.2,
        columnspacing=1.2,
    )
