"""Figure `study_residuals`: the mean residual of every arm by label, on the function of `study_example`."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import study, style

SHOWN = ("reg", "reg_scaled", "reg_cls", "reg_weighted", "cls_decoded")
"""Five curves that differ; the other arms stand in the csv file."""


def drawable(report: dict[str, Any]) -> bool:
    example = report.get("example")
    return example is not None and any(entry["bin_bias"] for entry in example["arms"].values())


def _places(count: int) -> list[float]:
    """Middles of equal bins of the label, from its least (0) to its largest value (1)."""
    return [(number + 0.5) / count for number in range(count)]


def figure(report: dict[str, Any]) -> Figure:
    example = report["example"]
    drawing, axes = style.new_figure(height=2.7)
    ends = []
    for arm in (arm for arm in SHOWN if example["arms"].get(arm, {}).get("bin_bias")):
        entry = example["arms"][arm]
        colour, marker, dash, words = study.ARMS[arm]
        bias = style.finite(entry["bin_bias"])
        ends.append((next((value for value in reversed(bias) if value == value), float("nan")), words, colour))
        axes.plot(
            _places(len(bias)),
            bias,
            color=colour,
            marker=marker,
            linestyle=dash,
            markersize=2.2,
            linewidth=0.8,
        )
    axes.axhline(0, color="black", linewidth=0.5)
    axes.set_xlabel("label, from the least (0) to the largest (1)")
    axes.set_ylabel("mean of prediction − label")
    axes.set_xlim(0, 1)
    style.label_lines(axes, ends)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    arms = report["example"]["arms"]
    # A bin without test points has no mean.
    columns = {
        arm: [None if isinstance(value, str) else value for value in entry["bin_bias"]]
        for arm, entry in arms.items()
        if entry["bin_bias"]
    }
    return {"label": _places(max(map(len, columns.values()))), **columns}


def caption(report: dict[str, Any]) -> str:
    example = report["example"]
    return (
        f"study_residuals. Mean of prediction minus label in 20 equal bins of the label, balanced test third, function {example['function']}, "
        f"sampling {example['sampling']}, first data seed, K = {example['classes']}. One training of each arm, so no intervals. Arms that are not drawn stand in the csv file."
    )
