"""Labels counted: the points and counts that everything else works on, in seconds for ten million labels.

Up to `LARGE` labels the work is `numerics.laws.labels.from_column`'s. Beyond it the same rules are applied to one sorted copy: whether the labels
are discrete, and the bandwidth of the kernel estimate, whose fine histogram (65,536 cells) then stands for the labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.label_files.column import Column
from numerics.label_files.report import decimal
from numerics.laws import kernel_estimate, labels
from numerics.laws.density import Support
from unskew.ground.refusals import InputError

LARGE = 400_000
GAPS = 100_000
"""Gaps between neighbouring labels that the median spacing of a large column is taken from."""


@dataclass(frozen=True)
class Counted:
    """Labels as counts.

    Attributes:
      points: distinct labels (or, for large continuous columns, centres of fine cells) in ascending order, (m,).
      counts: how often each occurs, (m,) integers.
      support: (a, b).
      discrete: whether the points are atoms.
      atoms: of the reference, (k,), where discrete: the points, or the whole lattice where a support was given.
      bandwidth, floor: of the kernel estimate, as shares of the support and of the uniform; nan where discrete.
      missing: cells that were empty or NA.
      where: source and column, for messages.
      words: sentences about what was found.
    """

    points: np.ndarray
    counts: np.ndarray
    support: Support
    discrete: bool
    atoms: np.ndarray
    bandwidth: float
    floor: float
    missing: int
    where: str
    words: tuple[str, ...]

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def length(self) -> float:
        """D = b - a, label units."""
        return float(self.support[1] - self.support[0])


def counted(column: Column, support: Support | None = None) -> Counted:
    """Counts a column.

    Raises:
      InputError: as `numerics.laws.labels.from_column`.
    """
    if len(column.values) > LARGE:
        found = _large(column, support)
        if found is not None:
            return found
    law = labels.from_column(column, "labels", support)
    report = law.report
    atoms = np.array([float(atom) for atom in law.atoms]) if isinstance(law, labels.DiscreteLaw) else np.empty(0)
    nan = float("nan")
    return Counted(
        points=report.points,
        counts=report.counts,
        support=law.support,
        discrete=law.discrete,
        atoms=atoms,
        bandwidth=nan if law.discrete else report.bandwidth / law.length,
        floor=nan if law.discrete else report.floor,
        missing=column.missing,
        where=_where(column),
        words=tuple(report.words),
    )


def _where(column: Column) -> str:
    return f"{column.source}:{column.name}" if column.name else column.source


def _large(column: Column, support: Support | None) -> Counted | None:
    """The counts of a large continuous column; None where `from_column` is to have it (discrete labels, and all bad input)."""
    ordered = np.sort(column.values)
    least, largest = float(ordered[0]), float(ordered[-1])
    size = max(abs(least), abs(largest))
    if not size <= labels.LARGEST or largest - least < max(size / labels.LARGEST, 1e-300):
        return None
    lower, upper = support or (decimal(ordered[0], column.single), decimal(ordered[-1], column.single))
    if support is not None and (least < float(lower) or largest > float(upper)):
        return None
    n = len(ordered)
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    distinct = int(np.count_nonzero(first))
    if n >= labels.PER_POINT * distinct and distinct <= labels.MOST_POINTS:
        return None
    cells = kernel_estimate.CELLS
    edges = float(lower) + float(upper - lower) * np.arange(1, cells) / cells
    counts = np.diff(np.searchsorted(ordered, edges), prepend=0, append=n)
    moments = kernel_estimate.cosine_moments(counts / n)
    unit = (np.arange(cells) + 0.5) / cells
    points = (ordered[first] - float(lower)) / float(upper - lower)
    if 2 * distinct <= n:
        repeats = np.diff(np.flatnonzero(first), append=n)
        bandwidth, rule = kernel_estimate.choose_bandwidth(moments, points, repeats)
    else:
        bandwidth, rule = _bandwidth(moments, points, counts, unit)
    made = kernel_estimate.estimate(unit, counts, bandwidth)
    words = (
        f"{n} labels from {_where(column)}",
        *((f"{column.missing} of {n + column.missing} cells are missing and left out",) if column.missing else ()),
        f"{distinct} distinct labels from {least:g} to {largest:g}, treated as continuous",
        f"kernel bandwidth {made.bandwidth * float(upper - lower):.4g} in label units, by {rule}",
    )
    return Counted(
        float(lower) + float(upper - lower) * unit,
        counts,
        (lower, upper),
        False,
        np.empty(0),
        made.bandwidth,
        made.floor,
        column.missing,
        _where(column),
        words,
    )


def _bandwidth(moments: np.ndarray, points: np.ndarray, counts: np.ndarray, unit: np.ndarray) -> tuple[float, str]:
    """`choose_bandwidth` for labels that are mostly distinct: the median spacing from `GAPS` evenly spread ones."""
    root = kernel_estimate.sheather_jones(moments, len(points))
    places = np.linspace(1, len(points) - 2, GAPS).astype(int)
    spacing = float(np.median(np.minimum(points[places] - points[places - 1], points[places + 1] - points[places])))
    if root is None or root < 2 * spacing:
        return kernel_estimate.choose_bandwidth(moments, unit, counts)
    if root < kernel_estimate.SMALLEST_BANDWIDTH:
        return kernel_estimate.SMALLEST_BANDWIDTH, "the smallest allowed (improved Sheather-Jones asks for less)"
    return root, "improved Sheather-Jones"


def check_covers(reference: Counted, label: Counted) -> None:
    """Refuses a reference whose labels do not reach over the training labels.

    Raises:
      InputError: with both ranges.
    """
    ends = [float(points[place]) for points in (reference.points, label.points) for place in (0, -1)]
    slack = (ends[3] - ends[2]) / kernel_estimate.CELLS
    if ends[0] > ends[2] + slack or ends[1] < ends[3] - slack:
        raise InputError(
            f"reference {reference.where} runs from {ends[0]:g} to {ends[1]:g}, the labels from {ends[2]:g} to {ends[3]:g}",
            "give a reference that covers the labels, or leave out the labels that it does not speak of",
        )


def joint_support(first: Counted, second: Counted) -> Support:
    """The support that covers both."""
    return min(first.support[0], second.support[0]), max(first.support[1], second.support[1])
