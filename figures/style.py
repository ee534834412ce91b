"""One look for all figures: column width, fonts right at print size, one colour for one thing, safe for all eyes.

Colours are Okabe and Ito's; lines that share a panel also differ in dash or marker, so that a grey print stays legible.
"""

from __future__ import annotations

import io
import itertools
import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

# Before the import, which would refuse a backend that it does not know: drawing into files needs none of the user's.
os.environ["MPLBACKEND"] = "Agg"
import matplotlib
from matplotlib.figure import Figure

from numerics import provenance
from unskew.ground import files

COLUMN = 3.4
"""Width of one paper column, inches."""

# One colour for one thing, in every figure.
BALANCED = "#0072B2"  # the balanced world q, its predictor
IMBALANCED = "#D55E00"  # the imbalanced world p, the extra error term
CORRECTED = "#009E73"  # after the prior correction
REMAINDER = "#000000"  # W, what the labels alone certify
CLASS_PART = "#56B4E9"  # the class part of the extra term
WITHIN_PART = "#E69F00"  # the within-class part
FITTED = "#CC79A7"  # measured on fitted models
BOUND = "#7F7F7F"  # bounds and references

SETTINGS = {
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "font.family": "DejaVu Sans",
    "mathtext.fontset": "dejavusans",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "pdf.fonttype": 42,
    "svg.hashsalt": "unskew",
    "figure.constrained_layout.use": True,
}
matplotlib.rcParams.update(SETTINGS)
# Fonts that are embedded have no date worth a line on standard error.
logging.getLogger("fontTools").setLevel(logging.ERROR)


def new_figure(height: float = 2.4, width: float = COLUMN, **grid: Any) -> tuple[Figure, Any]:
    """A figure of one column and its axes.

    Args:
      height, width: inches.
      grid: what `Figure.subplots` takes (`nrows`, `ncols`, `width_ratios`, ...).
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(**grid)


def save(figure: Figure, folder: Path, name: str, *, svg: bool = False, origin: str = "") -> list[Path]:
    """Writes `name.pdf` (vector) and `name.png` (300 dpi) atomically and without dates: equal results, equal bytes.

    Args:
      svg: write `name.svg` too, for a page.
      origin: what the drawing was made from, kept in the files' metadata.
    """
    written = []
    # Laid out once: the files show the same drawing, and the third layout in a row fails in Matplotlib.
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    for suffix, options in (
        ("pdf", {"metadata": {"Subject": origin or None, "CreationDate": None, "ModDate": None}}),
        ("png", {"dpi": 300, "metadata": {"Description": origin or None, "Software": None}}),
        ("svg", {"metadata": {"Description": origin or None, "Date": None, "Creator": None}}),
    ):
        if suffix == "svg" and not svg:
            continue
        buffer = io.BytesIO()
        figure.savefig(buffer, format=suffix, **options)
        path = Path(folder) / f"{name}.{suffix}"
        files.write_bytes(path, buffer.getvalue())
        written.append(path)
    return written


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as csv: numbers with all their digits, nothing for None, quotes where a reader that skips comments after `#` would need them too.

    A text that a spreadsheet would take for a formula gets an apostrophe in front: names of files and columns may be anybody's.
    """

    def cell(value: Any) -> str:
        text = "" if value is None else repr(float(value)) if isinstance(value, float) else str(value)
        if isinstance(value, str) and re.match(r"[=+@\t\r]|-(?!\w*$)", text):
            text = f"'{text}"
        return '"' + text.replace('"', '""') + '"' if re.search(r'[#",\r\n]', text) else text

    return "".join(",".join(map(cell, row)) + "\n" for row in rows)


def save_data(columns: Mapping[str, Sequence[Any]], folder: Path, name: str, origin: str = "") -> Path:
    """Writes what a figure shows as `name.csv`, numbers with all their digits, under a comment that says what it was made from; columns may differ in length."""
    path = Path(folder) / f"{name}.csv"
    rows = itertools.zip_longest(*columns.values())
    files.write_text(path, provenance.comment(origin) + csv_text([list(columns), *rows]))
    return path


def number(value: Any, digits: int = 3) -> str:
    """A number for a caption; words (`infinite`) pass through."""
    return value if isinstance(value, str) else f"{value:.{digits}g}"


def percent(value: Any) -> str:
    """A share as a percentage without digits; words pass through, and nothing is said to be `-0 %`."""
    if isinstance(value, str):
        return value
    return "less than 0.5 %" if 0 < abs(value) < 0.005 else f"{100 * value + 0.0:.0f} %"


def finite(values: Sequence[Any]) -> list[float]:
    """Numbers for drawing: words (`infinite`, `undefined`) become gaps."""
    return [float("nan") if value is None or isinstance(value, str) else float(value) for value in values]


def legend_above(axes: Any, columns: int = 2) -> None:
    """A legend over the axes, where it hides no data."""
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0, 1.0, 0.0), mode="expand", ncols=columns, borderaxespad=0.3)


def noise_axis(axes: Any, noise: Sequence[float]) -> None:
    """A logarithmic axis of noise levels with the levels themselves as ticks."""
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(noise), [f"{level:.3g}" for level in noise])
    axes.minorticks_off()


def classes_axis(axes: Any, classes: Sequence[int]) -> None:
    """A logarithmic axis of class counts with the counts themselves as ticks."""
    axes.set_xscale("log", base=2)
    axes.set_xticks(list(classes), [str(count) for count in classes])
    axes.minorticks_off()
    axes.set_xlabel("number of classes $K$")


def label_lines(axes: Any, labels: Sequence[tuple[float, str, str]]) -> None:
    """Names of lines to the right of the axes, at the height where each line ends, moved apart where they would touch.

    Limits and scale of the y axis must be set.

    Args:
      labels: height in data units, words, colour; those without a finite height are left out.
    """
    low, high = axes.transLimits.inverted().transform([(0, 0), (0, 1)])[:, 1]
    scaled = axes.yaxis.get_transform().transform
    ends = [(float((scaled(height) - low) / (high - low)), words, colour) for height, words, colour in labels]
    ends = sorted(end for end in ends if end[0] == end[0])
    size = matplotlib.rcParams["legend.fontsize"]
    # A line of text with its leading, as a share of the axes' height; the axes are about 0.7 of their place in the drawing.
    place_height = axes.get_subplotspec().get_position(axes.figure).height
    line = 1.25 * size / 72 / (0.7 * axes.figure.get_figheight() * place_height)
    half = [line * (1 + words.count("\n")) / 2 for _, words, _ in ends]
    places = [min(max(place, 0.0), 1.0) for place, *_ in ends]
    for index in range(1, len(places)):
        places[index] = max(places[index], places[index - 1] + half[index - 1] + half[index])
    # Pushed beyond the top, all move down as far as they must.
    for index in reversed(range(len(places))):
        above = 1.0 if index == len(places) - 1 else places[index + 1] - half[index + 1] - half[index]
        places[index] = min(places[index], above)
    for (_, words, colour), place in zip(ends, places, strict=True):
        where = {"xycoords": "axes fraction", "va": "center", "annotation_clip": False}
        axes.annotate(words, (1.02, place), color=colour, fontsize=size, linespacing=1.05, **where)


def doublings(classes: Sequence[int]) -> list[int]:
    """Powers of two among class counts, every second one where they are many: ticks that can be read."""
    powers = [count for count in classes if count & (count - 1) == 0]
    return powers if len(powers) <= 8 else powers[::2]
