"""Drawings, captions and tables as parts of a page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from figures import album, tables
from figures.collection import Collection
from figures.page_typeset import typeset
from unskew.ground.refusals import InputError

WIDE = 400
"""Drawings wider than this (points) are two columns wide and scroll inside their frame on a phone."""

PICTURED = {"four_frames": "The idea in four frames"}
"""Titles of `album.PICTURES`."""
MOST_FILLS = 10
"""A drawing with more colours of areas than this is a map of colours."""

STUDIED = {
    "study_samplings": "Test error by sampling and number of classes",
    "study_pairs": "Matched differences, with intervals",
    "study_attribution": "Where the gain comes from: scale or classes",
    "study_map": "Where the gain is, by noise and imbalance",
    "study_example": "One function, and what the models make of it",
    "study_residuals": "Mean error by label",
    "field": "Every remedy on every table",
    "field_predictions": "What was predicted, and what came",
}
"""Titles of figures that belong to no result of the ledger."""


def attributes(match: re.Match[str]) -> str:
    """`style="fill: none; stroke: #000"` as `fill="none" stroke="#000"`: the policy forbids styles in attributes, and a drawing needs none."""
    parts = [part.partition(":") for part in match.group(1).split(";") if part.strip()]
    return "".join(
        f' {name}="{value}"' for name, value in {name.strip(): value.strip() for name, _, value in parts}.items()
    )


def svg(path: Path, name: str, words: str) -> str:
    """A drawing of matplotlib for a page: no prologue, ids of its own, a name for readers that do not see it.

    Raises:
      InputError: it is not there or is none.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    drawing = re.search(r"<svg[ >].*</svg>", text, re.DOTALL)
    if drawing is None:
        raise InputError(f"{path} is no drawing", "run 'python -m figures --all DIR'")
    body = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", drawing.group(0), flags=re.DOTALL)
    body = re.sub(r'\sstyle="([^"]*)"', attributes, body)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'(href="|url\()#', rf"\1#{name}-", body)
    box = re.search(r'viewBox="0 0 ([\d.]+)', body)
    wide = box is not None and float(box.group(1)) > WIDE
    # Colours that carry numbers keep the paper that they were chosen on.
    paper = "<image" in body or len(set(re.findall(r'fill="(#[0-9a-f]{6})"', body))) > MOST_FILLS
    head = re.sub(r'\s(width|height)="[^"]*"', "", body[: body.index(">")])
    label = escape(words, quote=True)
    frame = f"drawing{' paper' if paper else ''}" + (' wide" tabindex="0' if wide else "")
    return (
        f'<div class="{frame}" role="img" aria-label="{label}">{head} aria-hidden="true"{body[body.index(">") :]}</div>'
    )


def captions(found: Collection, folder: Path) -> dict[str, str]:
    """The captions of the figures that are drawn, by name, without the name in front: results in the ledger's order, study, advice.

    Raises:
      InputError: a caption is empty.
    """
    results = [result["name"] for result in found.theory["results"]]
    texts = {}
    for name in (*album.PICTURES, *results, *album.STUDY, *album.FIELD):
        path = folder / "figures" / f"{name}.txt"
        if not path.is_file():
            continue
        words = path.read_text(encoding="utf-8").split("\n")[0].removeprefix(f"{name}. ")
        if not words:
            raise InputError(f"{path} holds no caption", "run 'python -m figures --all DIR'")
        texts[name] = words
    return texts


def titles(found: Collection) -> dict[str, str]:
    """The title of each figure, by its name."""
    return {**STUDIED, **PICTURED, **{result["name"]: result["title"] for result in found.theory["results"]}}


def figure(folder: Path, name: str, caption: str, title: str) -> str:
    """One figure with its caption; other figures that it speaks of by their titles."""
    for other, words in STUDIED.items():
        caption = re.sub(rf"\b{other}\b", f"“{words}”", caption) if "_" in other else caption
    drawing = svg(folder / "figures" / f"{name}.svg", name, f"{title}. {caption}")
    return f"<figure id='figure-{name}'>{drawing}<figcaption><strong>{escape(title)}.</strong> {typeset(caption)}</figcaption></figure>"


def folded(folder: Path, name: str, caption: str, title: str) -> str:
    """One figure behind its title."""
    return f"<details class='folded'><summary>figure: {escape(title)}</summary>{figure(folder, name, caption, title)}</details>"


def cells(head: Sequence[str], row: Sequence[Any]) -> list[str]:
    """The cells of a row, each with the name of its column for narrow windows, where rows become blocks."""
    return [
        f"<td data-name='{escape(name, quote=True)}'>{escape(tables.shown(cell))}</td>"
        for name, cell in zip(head, row, strict=True)
    ]


def html_table(table: tables.Table) -> str:
    """A table that scrolls inside its frame where it is too wide."""
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in table.head)
    rows = "".join("<tr>" + "".join(cells(table.head, row)) + "</tr>" for row in table.rows)
    label = escape(table.name, quote=True)
    return (
        f"<div class='scroll' tabindex='0' role='region' aria-label='table {label}'><table><caption>{escape(table.caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )
