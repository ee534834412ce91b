"""Which comparisons a cell has, and which are corrected for multiplicity together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from numerics.study.arms import ARMS
from numerics.study.contrasts import CONTRASTS, Contrast
from numerics.study.grid import Cell


@dataclass(frozen=True)
class Family:
    """The contrasts that Holm corrects together.

    Those of one setting and score; the protocol's functions apart from drawn ones, which are a design of their own; claim and controls apart
    from descriptions; pooled over class counts apart from single ones.
    """

    setting: str
    drawn: bool
    metric: str
    role: str
    over: str


def comparisons(cell: Cell) -> Iterator[tuple[Contrast, int | None]]:
    """Every contrast whose arms were run, pooled over class counts (None) first, then at each where there are several."""
    for contrast in CONTRASTS:
        if contrast.base not in cell.arms or contrast.arm not in cell.arms:
            continue
        yield contrast, None
        if (ARMS[contrast.base].classifies or ARMS[contrast.arm].classifies) and len(cell.classes) > 1:
            for classes in cell.classes:
                yield contrast, classes


def family(cell: Cell, metric: str, contrast: Contrast, classes: int | None) -> Family:
    """The family of one comparison."""
    role = "description" if contrast.role == "description" else "verdict"
    return Family(cell.condition.setting, cell.drawn, metric, role, "pooled" if classes is None else "each K")


def sizes(cells: Sequence[Cell], metrics: Sequence[str]) -> dict[Family, int]:
    """How many comparisons each family has, in the order of the report."""
    count: dict[Family, int] = {}
    for metric in metrics:
        for cell in cells:
            for contrast, classes in comparisons(cell):
                key = family(cell, metric, contrast, classes)
                count[key] = count.get(key, 0) + 1
    return count
