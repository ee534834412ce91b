"""Which figures a saved report has, and how one becomes files: `.pdf`, `.png`, data as `.csv`, caption as `.txt`, each of which says what it was made from.

A figure's module has four functions of the report: `drawable` (are its numbers there), `figure` (the drawing), `data`
(its numbers as columns) and `caption` (words with the numbers filled in). None returns anything that is not in the report.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from figures import style
from numerics import provenance
from unskew.ground import files
from unskew.ground.refusals import InputError

VERIFY = (
    "tilt",
    "price",
    "class_split",
    "remainder",
    "offset",
    "squared_error",
    "rates",
    "bin_width",
    "sample_size",
    "best_classes",
    "discretisation",
    "risk",
    "decoder",
    "readout",
    "gradient_flow",
    "loss_scale",
    "predictions",
    "transfer",
    "recalibration",
    "ratio_error",
    "estimation",
    "first_order",
    "beyond_label_shift",
    "absolute_error",
    "i_mmse",
    "balanced_mse",
    "soft_labels",
)
STUDY = (
    "study_samplings",
    "study_pairs",
    "study_attribution",
    "study_map",
    "study_example",
    "study_residuals",
)
FIELD = ("field", "field_predictions")
FIRST_ORDER = ("first_order_networks",)
PICTURES = ("four_frames",)
"""Of no single result: made from the same report as `VERIFY`."""
NAMES = {"verify": (*VERIFY, *PICTURES), "study": STUDY, "field": FIELD, "first_order": FIRST_ORDER}


def names(report: dict[str, Any]) -> tuple[str, ...]:
    """The figures that this kind of report has.

    Raises:
      InputError: a schema that this version does not know.
    """
    known = {f"{kind}/1": figures for kind, figures in NAMES.items()}
    schema = str(report["schema"])
    if schema not in known:
        raise InputError(f"unknown schema {schema[:40]!r}", f"this version draws {', '.join(known)}")
    return known[schema]


def origin(report: dict[str, Any]) -> str:
    """What a figure says that it was made from: what its report says, and the sources that draw it where they are others."""
    record = report.get("made")
    line = provenance.line(record)
    if record is None or (now := provenance.commit()) == record["commit"]:
        return line
    return f"{line}; drawn at commit {now}"


def draw_all(
    report: dict[str, Any], folder: Path, only: Sequence[str] | None = None, *, svg: bool = False
) -> Iterator[Path]:
    """Draws the report's figures into `folder`; yields each path once written. Figures without numbers are left out.

    Args:
      only: these figures.
      svg: as SVG too, for a page.

    Raises:
      InputError: a schema that this version does not know; `only` names a figure that this report does not have, or has no numbers for.
    """
    available = names(report)
    source = origin(report)
    for name in only or ():
        if name not in available:
            raise InputError(f"no figure {name!r} in this report", f"choose from {', '.join(available) or 'none'}")
    for name in only or available:
        module = importlib.import_module(f"figures.{name}")
        if not module.drawable(report):
            if only:
                raise InputError(f"the figure {name!r} cannot be drawn", "this report does not hold its numbers")
            continue
        yield from style.save(module.figure(report), folder, name, svg=svg, origin=source)
        yield style.save_data(module.data(report), folder, name, source)
        path = folder / f"{name}.txt"
        files.write_text(path, module.caption(report) + "\n" + provenance.comment(source))
        yield path
