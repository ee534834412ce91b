"""What was found in a label file, in numbers and in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

SHOWN = 8
POINT_MASS = 0.02
"""A continuous label with this share or more is named in the report."""


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
            if share >= POINT_MASS and len(self.points) == self.distinct:
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
        inner = np.array([ceiling(edge) for edge in edges[1:-1]])
        bins = np.searchsorted(inner, self.points, side="right")
        return np.bincount(bins, weights=self.counts, minlength=len(edges) - 1) / self.used


def decimal(value: float, single: bool = False) -> Fraction:
    """The rational that the shortest decimal of a double (or of a single) stands for: 0.1 is 1/10."""
    return Fraction(str(np.float32(value)) if single else repr(float(value)))


def ceiling(edge: Fraction) -> float:
    """The least double at or above a rational, so that `label >= edge` is decided as for exact labels."""
    nearest = float(edge)
    return nearest if Fraction(nearest) >= edge or decimal(nearest) == edge else math.nextafter(nearest, math.inf)


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - SHOWN} more" if len(items) > SHOWN else ""
    return f"label{'s' if len(items) > 1 else ''} {', '.join(items[:SHOWN])}{more}"


def runs(atoms: Sequence[Fraction | float], marked: Sequence[bool]) -> list[str]:
    """Marked atoms in words, neighbours joined: "2", "102 to 110"."""
    runs: list[list[Fraction | float]] = []
    for number, (atom, here) in enumerate(zip(atoms, marked, strict=True)):
        if here and number and marked[number - 1]:
            runs[-1][1] = atom
        elif here:
            runs.append([atom, atom])
    return [f"{float(low):g}" if low == high else f"{float(low):g} to {float(high):g}" for low, high in runs]
