"""The picture that explains, in four frames: the labels; a posterior pulled to the crowd; class masses set right; what is left inside the classes."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

WIDTH, HEIGHT = 7.2, 2.15
CLASSES = 8
"""Few enough that what is left can be seen."""
TITLES = ("1  The labels", "2  One input", "3  Class masses set right", "4  What is left")


def _count(report: dict[str, Any]) -> int | None:
    """The number of classes that is drawn, or None."""
    counts = [row["classes"] for row in report.get("quantities", {}).get("per_classes", []) if row["classes"] > 1]
    return min(counts, key=lambda count: abs(count - CLASSES), default=None)


def drawable(report: dict[str, Any]) -> bool:
    at = report.get("curves", {}).get("posteriors", {}).get("at", [])
    finite = isinstance(report.get("quantities", {}).get("price"), float)
    return bool(at) and "corrected" in at[0] and not report["law"]["discrete"] and finite and _count(report) is not None


def _middle(report: dict[str, Any]) -> dict[str, Any]:
    """The input that is drawn."""
    at = report["curves"]["posteriors"]["at"]
    return at[len(at) // 2]


def _edges(report: dict[str, Any]) -> list[float]:
    return next(row["edges"] for row in report["bin_masses"] if row["classes"] == _count(report))


def figure(report: dict[str, Any]) -> Figure:
    drawing, frames = style.new_figure(HEIGHT, WIDTH, ncols=4)
    y, middle, count = report["curves"]["posteriors"]["y"], _middle(report), str(_count(report))
    finest = max(report["bin_masses"], key=lambda row: row["classes"])
    ends, heights = (
        finest["edges"],
        [p / q if q > 0 else 0.0 for p, q in zip(finest["p"], finest["q"], strict=True)],
    )
    labels, pulled, right, left = frames
    labels.stairs(heights, ends, fill=True, color=style.IMBALANCED, alpha=0.5)
    labels.plot([ends[0], ends[-1]], [1, 1], color=style.BALANCED)
    labels.text(ends[-1], 1.05, "the score", color=style.BALANCED, ha="right", va="bottom")
    labels.text(0.5 * (ends[0] + ends[-1]), 0.9 * max(heights), "training", color=style.IMBALANCED, ha="left", va="top")
    for frame in (pulled, right, left):
        frame.axvline(middle["x"], color=style.BOUND, linewidth=0.6, linestyle=":")
    pulled.plot(y, middle["q"], color=style.BALANCED)
    pulled.plot(y, middle["p"], color=style.IMBALANCED, linestyle="--")
    peaks = [max(range(len(y)), key=middle[name].__getitem__) for name in ("q", "p")]
    level = 0.55 * max(middle["q"])
    pulled.annotate(
        "", (y[peaks[1]], level), (y[peaks[0]], level), arrowprops={"arrowstyle": "->", "color": style.IMBALANCED}
    )
    pulled.text(y[peaks[0]], 1.02 * max(middle["q"]), " balanced", color=style.BALANCED, va="bottom", fontsize=7)
    pulled.text(
        y[peaks[1]], 1.02 * max(middle["p"]), "imbalanced ", color=style.IMBALANCED, ha="right", va="bottom", fontsize=7
    )
    for frame in (right, left):
        for edge in _edges(report)[1:-1]:
            frame.axvline(edge, color=style.BOUND, linewidth=0.5)
    right.plot(y, middle["p"], color=style.IMBALANCED, linestyle="--", linewidth=0.8)
    right.plot(y, middle["corrected"][count], color=style.CORRECTED)
    left.fill_between(y, middle["q"], middle["corrected"][count], color=style.CORRECTED, alpha=0.35, linewidth=0)
    left.plot(y, middle["q"], color=style.BALANCED)
    left.plot(y, middle["corrected"][count], color=style.CORRECTED)
    top = 1.08 * max(*middle["q"], *middle["p"], *middle["corrected"][count])
    for frame in (pulled, right, left):
        frame.set_ylim(0, top)
    for number, (frame, title, words) in enumerate(zip(frames, TITLES, _words(report), strict=True), 1):
        frame.set_title(title, loc="left", fontweight="bold")
        frame.set_xlabel(words, fontsize=7)
        frame.set_yticks([])
        frame.set_xticks([ends[0], ends[-1]], [f"{ends[0]:g}", f"{ends[-1]:g}"])
        frame.spines["left"].set_visible(False)
        frame.set_gid(f"frame-{number}")
    labels.set_ylim(bottom=0)
    return drawing


def _words(report: dict[str, Any]) -> tuple[str, str, str, str]:
    """What stands under each frame."""
    numbers = report["quantities"]
    row = next(row for row in numbers["per_classes"] if row["classes"] == _count(report))
    return (
        "many of some labels, few of others;\nthe score counts all the same",
        f"its posterior is pulled to the crowd:\nthat costs {style.number(numbers['price'])} nats",
        f"{row['classes']} classes, each over its frequency:\n{style.number(row['corrected_excess'])} nats stay",
        f"what is wrong inside the classes:\nat most $W$ = {style.number(row['remainder'])} nats",
    )


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    finest = max(report["bin_masses"], key=lambda row: row["classes"])
    middle = _middle(report)
    return {
        "edge": finest["edges"],
        "q_class": finest["q"],
        "p_class": finest["p"],
        "y": report["curves"]["posteriors"]["y"],
        "posterior_q": middle["q"],
        "posterior_p": middle["p"],
        "posterior_corrected": middle["corrected"][str(_count(report))],
    }


def caption(report: dict[str, Any]) -> str:
    numbers = report["quantities"]
    row = next(row for row in numbers["per_classes"] if row["classes"] == _count(report))
    return (
        f"four_frames. The labels of training ({report['density']}) and of the score. At one input the imbalanced posterior (dashed) is pulled to the frequent labels, which costs "
        f"{style.number(numbers['price'])} nats over all inputs. Dividing the mass of each of {row['classes']} classes by its frequency leaves "
        f"{style.number(row['corrected_excess'])} nats: what is wrong inside the classes, shaded, never more than W = {style.number(row['remainder'])}."
    )
