"""Labels from a file as a law: a kernel estimate where they are continuous, atoms where they are discrete.

Labels are discrete when they lie on a lattice (a common step) of which at least half the points between the least and
the largest occur, with at least `PER_POINT` labels a lattice point. With that many, a point of a smooth law stays
empty with probability about `exp(-5)`, so a lattice half full or better is no accident of rounding, and each atom's
probability is known well enough to stand for itself. Everything else, and a lattice of more than
`MOST_POINTS` points, is continuous.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from numerics.densities import Density, LabelNodes, Piece, Support
from numerics.label_files import Column, read_column
from numerics.problems import InputError

PER_POINT = 5
MOST_POINTS = 10_000
"""Of a lattice; a finer one is finer than any bandwidth, and its labels are continuous for all purposes here."""
SHOWN = 8
POINT_MASS = 0.02
"""A continuous label with this share or more is named in the report."""
LARGEST = 1e12
"""Labels beyond this in size, or a range below `1/LARGEST` of their size, leave doubles too few digits."""


@dataclass(frozen=True)
class LabelReport:
    """What was found in a label file, in numbers; `words` says it in sentences.

    Attributes:
      source, column: where the labels are from.
      rows: labels read, missing ones included.
      missing: cells that were empty or NA.
      used: labels used.
      distinct: different labels.
      least, largest: of the labels.
      discrete: whether they are treated as atoms.
      step: the lattice step, where discrete.
      bandwidth, floor: of the kernel estimate in label units and as a share of the uniform, where continuous.
      rule: how the bandwidth was chosen.
      absent: lattice points between the least and the largest label that never occur, where discrete.
      points, counts: the distinct labels in order and how often each occurs.
    """

    source: str
    column: str
    rows: int
    missing: int
    used: int
    distinct: int
    least: float
    largest: float
    discrete: bool
    step: float | None = None
    bandwidth: float | None = None
    floor: float | None = None
    rule: str = ""
    absent: tuple[str, ...] = ()
    covers_lattice: bool = False
    points: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False, compare=False)
    counts: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False, compare=False)

    @property
    def words(self) -> list[str]:
        """Sentences for a reader."""
        lines = [f"{self.used} labels from {self.source}{f', column {self.column}' if self.column else ''}"]
        if self.missing:
            lines.append(f"{self.missing} of {self.rows} cells are missing and left out")
        if not self.discrete:
            assert self.bandwidth is not None
            assert self.floor is not None
            lines.append(
                f"{self.distinct} distinct labels from {self.least:g} to {self.largest:g}, treated as continuous"
            )
            lines.append(f"kernel bandwidth {self.bandwidth:.4g} in label units, by {self.rule}")
            lines.append(f"a share {self.floor:.3g} of the uniform keeps the estimate positive")
            most = int(np.argmax(self.counts))
            share = float(self.counts[most]) / self.used
            if share >= POINT_MASS:
                lines.append(
                    f"label {self.points[most]:g} alone is {100 * share:.1f} % of them; the estimate spreads it over a bandwidth"
                )
            return lines
        lines.append(
            f"{self.distinct} distinct labels from {self.least:g} to {self.largest:g} in steps of {self.step:g}: discrete"
        )
        if self.absent:
            never = f"{_listed(self.absent)} never occur{'s' if len(self.absent) == 1 else ''}"
            if self.covers_lattice:
                lines.append(f"{never}; the reference covers the whole lattice, so the log-loss price is infinite")
            else:
                lines.append(
                    f"{never}; the reference covers the labels that occur"
                    " (on the full lattice, asked for by --support, the log-loss price would be infinite)"
                )
        return lines

    def as_json(self) -> dict[str, Any]:
        """The numbers and the words, without the labels themselves."""
        names = ("source", "column", "rows", "missing", "used", "distinct", "least", "largest", "discrete")
        record = {name: getattr(self, name) for name in names}
        if self.discrete:
            record |= {"step": self.step, "absent": list(self.absent)}
        else:
            record |= {"bandwidth": self.bandwidth, "floor": self.floor, "rule": self.rule}
        return record | {"words": self.words}

    def empirical_masses(self, edges: Sequence[Fraction]) -> np.ndarray:
        """Share of the labels in each bin `[e_i, e_{i+1})`, the last one closed; shape (K,)."""
        inner = np.array([_ceiling(edge) for edge in edges[1:-1]])
        bins = np.searchsorted(inner, self.points, side="right")
        return np.bincount(bins, weights=self.counts, minlength=len(edges) - 1) / self.used


@dataclass(frozen=True)
class DiscreteLaw:
    """Labels on finitely many atoms; the reference `q` is uniform on them.

    Attributes:
      name: as the user gave it.
      support: `(a, b)`; covers the atoms.
      atoms: labels in order.
      counts: how often each occurs; zero where a label of the reference is never sampled.
      description: one line in words.
      report: what was found in the file.
    """

    name: str
    support: Support
    atoms: tuple[Fraction, ...]
    counts: tuple[int, ...]
    description: str = ""
    report: LabelReport | None = None
    discrete: bool = True

    @property
    def length(self) -> float:
        """`D = b - a`, in label units."""
        return float(self.support[1] - self.support[0])

    @property
    def breakpoints(self) -> tuple[Fraction, ...]:
        """None: there is nothing to integrate across."""
        return ()

    @property
    def unsampled(self) -> list[str]:
        """Labels of the reference that never occur, neighbours joined; the log-loss price is infinite when there are any."""
        return list(_runs(self.atoms, [count == 0 for count in self.counts]))

    @cached_property
    def masses(self) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
        """`(q, p)` of the atoms, exact."""
        total = sum(self.counts)
        return (Fraction(1, len(self.atoms)),) * len(self.atoms), tuple(Fraction(c, total) for c in self.counts)

    def nodes(self, cuts: Sequence[Fraction] = (), order: int = 0, width: float = 0.0) -> LabelNodes:
        """The atoms; the arguments are those of `Density.nodes` and are ignored."""
        y = np.array([float(atom) for atom in self.atoms])
        ratio = np.array(self.counts, dtype=float) / sum(self.counts) * len(self.atoms)
        with np.errstate(divide="ignore"):
            log_ratio = np.log(ratio)
        return LabelNodes(y, np.full(len(y), 1 / len(y)), log_ratio, np.full(len(y), math.nan))

    def bin_masses(self, edges: Sequence[Fraction]) -> tuple[np.ndarray, np.ndarray]:
        """`(q_c, p_c)`, shape (K,) each, of the bins `[e_i, e_{i+1})`, the last one closed; exact, rounded once."""
        q, p = self.masses
        totals = [[Fraction(0), Fraction(0)] for _ in edges[1:]]
        number = 0
        for atom, q_atom, p_atom in zip(self.atoms, q, p, strict=True):
            if not edges[0] <= atom <= edges[-1]:
                continue
            while number < len(totals) - 1 and atom >= edges[number + 1]:
                number += 1
            totals[number][0] += q_atom
            totals[number][1] += p_atom
        return np.array([float(t[0]) for t in totals]), np.array([float(t[1]) for t in totals])

    def sample(self, key: Any, n: int) -> Any:
        """`n` independent labels from `p`, shape (n,), by exact integer counts: same key, same bits."""
        import jax
        import jax.numpy as jnp

        ends = np.cumsum(self.counts)
        place = jax.random.randint(key, (n,), 0, int(ends[-1]))
        return jnp.asarray(self.nodes().y)[jnp.searchsorted(jnp.asarray(ends), place, side="right")]


Law = Density | DiscreteLaw


def from_file(spec: str, support: Support | None = None) -> Law:
    """Reads labels and makes their law.

    Args:
      spec: `FILE[:COLUMN]`, see `numerics.label_files.read_column`.
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
    exact = [_decimal(value, single) for value in points]
    scale = math.lcm(*(value.denominator for value in exact))
    offsets = [int((value - exact[0]) * scale) for value in exact]
    step = math.gcd(*offsets)
    lattice = offsets[-1] // step + 1
    if 2 * len(points) < lattice or n < PER_POINT * lattice or lattice > MOST_POINTS:
        return None
    return Fraction(step, scale)


def _decimal(value: float, single: bool = False) -> Fraction:
    """The rational that the shortest decimal of a double (or of a single) stands for: 0.1 is 1/10."""
    return Fraction(str(np.float32(value)) if single else repr(float(value)))


def _ceiling(edge: Fraction) -> float:
    """The least double at or above a rational, so that `label >= edge` is decided as for exact labels."""
    nearest = float(edge)
    return nearest if Fraction(nearest) >= edge or _decimal(nearest) == edge else math.nextafter(nearest, math.inf)


def _continuous(
    points: np.ndarray, counts: np.ndarray, name: str, support: Support | None, facts: dict[str, Any], single: bool
) -> Density:
    from numerics.expression import TrigonometricSeries
    from numerics.kernel_estimate import estimate

    lower, upper = support or (_decimal(points[0], single), _decimal(points[-1], single))
    unit = np.clip((points - float(lower)) / float(upper - lower), 0, 1)
    found = estimate(unit, counts)
    series = TrigonometricSeries(lower, upper, found.coefficients)
    report = LabelReport(
        **facts, discrete=False, bandwidth=found.bandwidth * float(upper - lower), floor=found.floor, rule=found.rule
    )
    description = f"kernel estimate of {report.used} labels, bandwidth {report.bandwidth:.4g} ({found.rule})"
    return Density(name, (lower, upper), (Piece(lower, upper, series),), description, report)


def _discrete(
    points: np.ndarray,
    counts: np.ndarray,
    name: str,
    support: Support | None,
    facts: dict[str, Any],
    step: Fraction,
    single: bool,
) -> DiscreteLaw:
    found = {_decimal(point, single): int(count) for point, count in zip(points, counts, strict=True)}
    first, last = min(found), max(found)
    lattice = [first + step * k for k in range(int((last - first) / step) + 1)]
    absent = tuple(_runs(lattice, [label not in found for label in lattice]))
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
        absent = tuple(_runs(atoms, [label not in found for label in atoms]))
    report = LabelReport(
        **facts, discrete=True, step=float(step), absent=absent, covers_lattice=len(atoms) > len(found)
    )
    description = f"{report.used} discrete labels on {len(atoms)} atoms, step {float(step):g}"
    return DiscreteLaw(name, support, atoms, tuple(found.get(atom, 0) for atom in atoms), description, report)


def _runs(atoms: Sequence[Fraction], marked: Sequence[bool]) -> list[str]:
    """Marked atoms in words, neighbours joined: "2", "102 to 110"."""
    runs: list[list[Fraction]] = []
    for number, (atom, here) in enumerate(zip(atoms, marked, strict=True)):
        if here and number and marked[number - 1]:
            runs[-1][1] = atom
        elif here:
            runs.append([atom, atom])
    return [f"{float(low):g}" if low == high else f"{float(low):g} to {float(high):g}" for low, high in runs]


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return f"label{'s' if len(items) > 1 else ''} {', '.join(items[:SHOWN])}{more}"
