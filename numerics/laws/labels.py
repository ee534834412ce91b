"""Labels from a file as a law: a kernel estimate where they are continuous, atoms where they are discrete.

Labels are discrete when they lie on a lattice (a common step) of which at least half the points between the least and
the largest occur, with at least `PER_POINT` labels a lattice point. With that many, a point of a smooth law stays
empty with probability about `exp(-5)`, so a lattice half full or better is no accident of rounding, and each atom's
probability is known well enough to stand for itself. Everything else, and a lattice of more than
`MOST_POINTS` points, is continuous.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.label_files.column import Column
from numerics.label_files.reader import read_column
from numerics.label_files.report import LabelReport, decimal
from numerics.laws.densities import Density, Piece, Support
from numerics.laws.discrete import DiscreteLaw, runs
from unskew.ground.refusals import InputError

__all__ = ["DiscreteLaw", "LabelReport", "Law", "from_column", "from_file", "lattice_step"]

PER_POINT = 5
MOST_POINTS = 10_000
"""Of a lattice; a finer one is finer than any bandwidth, and its labels are continuous for all purposes here."""
LARGEST = 1e12
"""Labels beyond this in size, or a range below `1/LARGEST` of their size, leave doubles too few digits."""


Law = Density | DiscreteLaw


def from_file(spec: str, support: Support | None = None) -> Law:
    """Reads labels and makes their law.

    Args:
      spec: `FILE[:COLUMN]`, see `numerics.label_files.reader.read_column`.
      support: the label range; by default from the least to the largest label. Given for discrete labels, the
        reference is uniform on the whole lattice in it, labels that never occur included.

    Raises:
      InputError: as `read_column`, and for labels that are infinite, too few, all equal or outside the support.
    """
    return from_column(read_column(spec), f"labels:{spec}", support)


def from_column(column: Column, name: str, support: Support | None = None) -> Law:
    """The law of a column of labels; see `from_file`."""
    where = f"{column.source}:{column.name}" if column.name else column.source
    values = column.values
    if len(values) == 0:
        raise InputError(f"{where} has no labels ({column.missing} missing)", "give at least two")
    if not np.isfinite(values).all():
        raise InputError(f"{where} has {int(np.isinf(values).sum())} infinite labels", "take them out")
    if len(values) == 1:
        raise InputError(f"{where} has one label", "give at least two")
    points, counts = np.unique(values, return_counts=True)
    if len(points) == 1:
        raise InputError(f"{where} has {len(values)} labels that all equal {points[0]:g}", "give labels that differ")
    size = max(abs(points[0]), abs(points[-1]))
    if size > LARGEST or points[-1] - points[0] < size / LARGEST:
        raise InputError(
            f"{where} has labels from {points[0]:g} to {points[-1]:g}", "shift or scale them to fit in double precision"
        )
    if support is not None:
        lower, upper = support
        if not lower < upper:
            raise InputError(f"support {float(lower):g} {float(upper):g}", "give a lower end below the upper end")
        outside = int(counts[(points < float(lower)) | (points > float(upper))].sum())
        if outside:
            raise InputError(
                f"{where} has {outside} labels outside the support {float(lower):g} {float(upper):g}",
                f"they run from {points[0]:g} to {points[-1]:g}",
            )
    facts = {
        "source": column.source,
        "column": column.name,
        "rows": len(values) + column.missing,
        "missing": column.missing,
        "used": len(values),
        "distinct": len(points),
        "least": float(points[0]),
        "largest": float(points[-1]),
        "points": points,
        "counts": counts,
    }
    step = lattice_step(points, len(values), column.single)
    if step is None:
        return _continuous(points, counts, name, support, facts, column.single)
    return _discrete(points, counts, name, support, facts, step, column.single)


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


def _continuous(
    points: np.ndarray, counts: np.ndarray, name: str, support: Support | None, facts: dict[str, Any], single: bool
) -> Density:
    from numerics.expression.tree import series
    from numerics.laws.kernel_estimate import estimate

    lower, upper = support or (decimal(points[0], single), decimal(points[-1], single))
    unit = np.clip((points - float(lower)) / float(upper - lower), 0, 1)
    found = estimate(unit, counts)
    expression = series(lower, upper, found.coefficients)
    report = LabelReport(
        **facts, discrete=False, bandwidth=found.bandwidth * float(upper - lower), floor=found.floor, rule=found.rule
    )
    description = f"kernel estimate of {report.used} labels, bandwidth {report.bandwidth:.4g} ({found.rule})"
    return Density(name, (lower, upper), (Piece(lower, upper, expression),), description, report)


def _discrete(
    points: np.ndarray,
    counts: np.ndarray,
    name: str,
    support: Support | None,
    facts: dict[str, Any],
    step: Fraction,
    single: bool,
) -> DiscreteLaw:
    found = {decimal(point, single): int(count) for point, count in zip(points, counts, strict=True)}
    first, last = min(found), max(found)
    lattice = [first + step * k for k in range(int((last - first) / step) + 1)]
    absent = tuple(runs(lattice, [label not in found for label in lattice]))
    if support is None:
        atoms, support = tuple(found), (first, last)
    else:
        below = math.floor((first - support[0]) / step)
        above = math.floor((support[1] - last) / step)
        if below + above + len(lattice) > MOST_POINTS:
            raise InputError(
                f"support {float(support[0]):g} {float(support[1]):g} holds too many labels in steps of {float(step):g}",
                "give a shorter one",
            )
        atoms = tuple(first + step * k for k in range(-below, len(lattice) + above))
        absent = tuple(runs(atoms, [label not in found for label in atoms]))
    report = LabelReport(
        **facts, discrete=True, step=float(step), absent=absent, covers_lattice=len(atoms) > len(found)
    )
    description = f"{report.used} discrete labels on {len(atoms)} atoms, step {float(step):g}"
    return DiscreteLaw(name, support, atoms, tuple(found.get(atom, 0) for atom in atoms), description, report)
