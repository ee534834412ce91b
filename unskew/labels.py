"""A column of labels, looked at: its distinct values and counts, whether it is discrete, and the kernel estimate where it is not.

Labels are discrete when they lie on a lattice (a common step) of which at least half the points between the least and
the largest occur, with at least `PER_POINT` labels a lattice point. With that many, a point of a smooth law stays
empty with probability about `exp(-5)`, so a lattice half full or better is no accident of rounding, and each atom's
probability is known well enough to stand for itself. Everything else, and a lattice of more than
`MOST_POINTS` points, is continuous.

Beyond `LARGE` continuous labels the fine histogram of the kernel estimate stands for them, so that ten million take a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from unskew import kernel_estimate
from unskew.ground.refusals import InputError
from unskew.kernel_estimate import KernelEstimate
from unskew.label_files.column import Column
from unskew.label_files.report import LabelReport, decimal, runs

Support = tuple[Fraction, Fraction]

PER_POINT = 5
MOST_POINTS = 10_000
"""Of a lattice; a finer one is finer than any bandwidth, and its labels are continuous for all purposes here."""
LARGEST = 1e12
"""Labels beyond this in size, or a range below `1/LARGEST` of their size, leave doubles too few digits."""
LARGE = 400_000
GAPS = 100_000
"""Gaps between neighbouring labels that the median spacing of a large column is taken from."""


@dataclass(frozen=True)
class Labels:
    """Labels as counts.

    Attributes:
      points: distinct labels (or, for large continuous columns, centres of fine cells) in ascending order, (m,).
      counts: how often each occurs, (m,) integers.
      support: (a, b).
      atoms: of the reference, in order, where discrete: the points, or the whole lattice where a support was given; else none.
      kernel: the kernel estimate on the support as unit interval, where continuous.
      report: the same in numbers and words, for readers.
    """

    points: np.ndarray
    counts: np.ndarray
    support: Support
    atoms: tuple[Fraction, ...]
    kernel: KernelEstimate | None
    report: LabelReport

    @property
    def discrete(self) -> bool:
        return self.kernel is None

    @property
    def n(self) -> int:
        return self.report.used

    @property
    def length(self) -> float:
        """D = b - a, label units."""
        return float(self.support[1] - self.support[0])


def labels_of(column: Column, support: Support | None = None) -> Labels:
    """Looks at a column.

    Args:
      support: the label range; by default from the least to the largest label. Given for discrete labels, the
        reference is uniform on the whole lattice in it, labels that never occur included.

    Raises:
      InputError: labels that are infinite, too few, all equal, outside the support or too far apart for doubles.
    """
    values = column.values
    if len(values) == 0:
        raise InputError(f"{column.where} has no labels ({column.missing} missing)", "give at least two")
    ordered = np.sort(values)
    least, largest = float(ordered[0]), float(ordered[-1])
    _check(column, ordered, support)
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    points = ordered[first]
    counts = np.diff(np.flatnonzero(first), append=len(ordered))
    step = lattice_step(points, len(values), column.single)
    ends = support or (decimal(points[0], column.single), decimal(points[-1], column.single))
    atoms: tuple[Fraction, ...] = ()
    absent: tuple[str, ...] = ()
    kernel = None
    if step is not None:
        atoms, absent = _atoms([decimal(point, column.single) for point in points], step, support)
    else:
        points, counts, kernel = _estimated(ordered, points, counts, ends)
    report = LabelReport(
        source=column.source,
        column=column.name,
        rows=len(column.cells),
        missing=column.missing,
        used=len(values),
        distinct=int(np.count_nonzero(first)),
        least=least,
        largest=largest,
        discrete=kernel is None,
        step=None if step is None else float(step),
        bandwidth=None if kernel is None else kernel.bandwidth * float(ends[1] - ends[0]),
        floor=None if kernel is None else kernel.floor,
        rule="" if kernel is None else kernel.rule,
        absent=absent,
        covers_lattice=len(atoms) > len(points),
        points=points,
        counts=counts,
    )
    return Labels(points, counts, ends, atoms, kernel, report)


def _check(column: Column, ordered: np.ndarray, support: Support | None) -> None:
    """Refuses labels that no law can be made of."""
    where, least, largest = column.where, float(ordered[0]), float(ordered[-1])
    if not (math.isfinite(least) and math.isfinite(largest)):
        raise InputError(f"{where} has {int(np.isinf(ordered).sum())} infinite labels", "take them out")
    if len(ordered) == 1:
        raise InputError(f"{where} has one label", "give at least two")
    if least == largest:
        raise InputError(f"{where} has {len(ordered)} labels that all equal {least:g}", "give labels that differ")
    size = max(abs(least), abs(largest))
    if size > LARGEST or largest - least < size / LARGEST:
        raise InputError(
            f"{where} has labels from {least:g} to {largest:g}", "shift or scale them to fit in double precision"
        )
    if support is None:
        return
    lower, upper = (float(end) for end in support)
    if not lower < upper:
        raise InputError(f"support {lower:g} {upper:g}", "give a lower end below the upper end")
    outside = int(np.searchsorted(ordered, lower) + len(ordered) - np.searchsorted(ordered, upper, side="right"))
    if outside:
        raise InputError(
            f"{where} has {outside} labels outside the support {lower:g} {upper:g}",
            f"they run from {least:g} to {largest:g}",
        )


def lattice_step(points: np.ndarray, n: int, single: bool = False) -> Fraction | None:
    """The step of the lattice that discrete labels lie on; None for continuous labels (the rule is in the module's docstring).

    Args:
      points: distinct labels in ascending order.
      n: number of labels.
      single: labels were single precision, so their decimals are read to 7 digits.
    """
    if n < PER_POINT * len(points):
        return None
    # The step is at most the least gap, which bounds the lattice from below before any exact arithmetic.
    at_least = (points[-1] - points[0]) / float(np.diff(points).min()) * (1 - 1e-6)
    if at_least > min(2 * len(points), n / PER_POINT, MOST_POINTS):
        return None
    exact = [decimal(value, single) for value in points]
    scale = math.lcm(*(value.denominator for value in exact))
    offsets = [int((value - exact[0]) * scale) for value in exact]
    step = math.gcd(*offsets)
    lattice = offsets[-1] // step + 1
    if 2 * len(points) < lattice or n < PER_POINT * lattice or lattice > MOST_POINTS:
        return None
    return Fraction(step, scale)


def _atoms(
    exact: list[Fraction], step: Fraction, support: Support | None
) -> tuple[tuple[Fraction, ...], tuple[str, ...]]:
    """The reference's atoms, and the lattice points that never occur, in words."""
    first, last = exact[0], exact[-1]
    below, above = (0, 0) if support is None else (int((first - support[0]) // step), int((support[1] - last) // step))
    count = int((last - first) / step) + 1
    if below + above + count > MOST_POINTS:
        assert support is not None
        raise InputError(
            f"support {float(support[0]):g} {float(support[1]):g} holds too many labels in steps of {float(step):g}",
            "give a shorter one",
        )
    lattice = tuple(first + step * k for k in range(-below, count + above))
    present = set(exact)
    absent = tuple(runs(lattice, [label not in present for label in lattice]))
    return (tuple(exact) if support is None else lattice), absent


def _estimated(
    ordered: np.ndarray, points: np.ndarray, counts: np.ndarray, ends: Support
) -> tuple[np.ndarray, np.ndarray, KernelEstimate]:
    """The kernel estimate, and the points and counts that stand for the labels."""
    lower, length = float(ends[0]), float(ends[1] - ends[0])
    unit = np.clip((points - lower) / length, 0, 1)
    if len(ordered) <= LARGE:
        return points, counts, kernel_estimate.estimate(unit, counts)
    cells = kernel_estimate.CELLS
    inner = lower + length * np.arange(1, cells) / cells
    histogram = np.diff(np.searchsorted(ordered, inner), prepend=0, append=len(ordered))
    moments = kernel_estimate.cosine_moments(histogram / len(ordered))
    centres = (np.arange(cells) + 0.5) / cells
    if 2 * len(points) <= len(ordered):
        bandwidth, rule = kernel_estimate.choose_bandwidth(moments, unit, counts)
    else:
        bandwidth, rule = _bandwidth(moments, unit, histogram, centres)
    return lower + length * centres, histogram, kernel_estimate.estimate(centres, histogram, bandwidth, rule=rule)


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


def check_covers(reference: Labels, label: Labels) -> None:
    """Refuses a reference whose labels do not reach over the training labels.

    Raises:
      InputError: with both ranges.
    """
    ends = [float(points[place]) for points in (reference.points, label.points) for place in (0, -1)]
    slack = (ends[3] - ends[2]) / kernel_estimate.CELLS
    if ends[0] > ends[2] + slack or ends[1] < ends[3] - slack:
        source = reference.report.source + (f":{reference.report.column}" if reference.report.column else "")
        raise InputError(
            f"reference {source} runs from {ends[0]:g} to {ends[1]:g}, the labels from {ends[2]:g} to {ends[3]:g}",
            "give a reference that covers the labels, or leave out the labels that it does not speak of",
        )


def joint_support(first: Labels, second: Labels) -> Support:
    """The support that covers both."""
    return min(first.support[0], second.support[0]), max(first.support[1], second.support[1])
