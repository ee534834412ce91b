"""The finite world that the adviser works in: labels on at most `CELLS` fine cells, with reference masses q and training masses p.

Discrete labels are their own cells. Continuous labels are rounded to the centres of equal cells of the support, and p is the kernel estimate's
mass of each cell. All results of the theory hold exactly for such a finite alphabet; what rounding hides is `hidden` (result `rates`).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from numerics.advise.columns import Counted, check_covers, counted, joint_support
from numerics.label_files.column import Column
from numerics.label_files.reader import read_column
from numerics.laws import kernel_estimate
from numerics.laws.density import Density, Support
from numerics.laws.discrete import runs
from unskew.ground.refusals import InputError

CELLS = 4096
HALF_LABEL = 0.5
"""Stands for an atom that a resample leaves empty, as the floor of the kernel estimate does for an empty bandwidth."""


@dataclass(frozen=True)
class Cells:
    """Labels on fine cells.

    Attributes:
      y: position of each cell (atom or centre), (m,), label units.
      edges: (m + 1,); between atoms half way, so that a label's class does not hang on its last digit.
      q, p: masses, (m,) each, sum 1; p > 0 wherever q > 0.
      counts: training labels in each cell, (m,).
      discrete: whether the cells are atoms.
      bandwidth, floor: of the kernel estimate (shares); nan where discrete.
      slope_square: E_q[l'^2], per squared label unit; nan where discrete.
      unsampled: reference labels without training labels, in words; q is then the reference on the others.
      uniform: whether q is uniform.
      labels: what was read.
      reference: q in words.
    """

    y: np.ndarray
    edges: np.ndarray
    q: np.ndarray
    p: np.ndarray
    counts: np.ndarray
    discrete: bool
    bandwidth: float
    floor: float
    slope_square: float
    unsampled: tuple[str, ...]
    uniform: bool
    labels: Counted
    reference: str

    @property
    def n(self) -> int:
        return int(self.counts.sum())

    @property
    def length(self) -> float:
        """D, label units."""
        return float(self.edges[-1] - self.edges[0])

    @property
    def hidden(self) -> float:
        """What rounding to cells takes off W and KL(q_y||p_y), nats, to leading order (d^2/24) E_q[l'^2]; 0 where discrete."""
        return 0.0 if self.discrete else (self.length / len(self.y)) ** 2 * self.slope_square / 24

    def smoothed(self, counts: np.ndarray) -> np.ndarray:
        """Training masses from counts (..., m): shares of atoms, or the kernel estimate with the same bandwidth and floor."""
        if self.discrete:
            held = np.where((counts == 0) & (self.q > 0), HALF_LABEL, counts)
            return held / held.sum(axis=-1, keepdims=True)
        from scipy.fft import dct

        share = counts / counts.sum(axis=-1, keepdims=True)
        order = np.arange(len(self.y))
        damping = (1 - self.floor) * np.exp(-((order * np.pi * self.bandwidth) ** 2) / 2) * _cell_average(len(self.y))
        damping[0] = 1.0
        return np.maximum(dct(dct(share, type=2, axis=-1) * damping, type=3, axis=-1) / (2 * len(self.y)), 1e-300)


MASS_ERROR = 1e-9
"""Of the sum of a reference's masses: far below what any number of labels could show."""


def make(column: Column, reference: str, support: Support | None) -> Cells:
    """Reads the reference and puts both label laws on one set of cells.

    Args:
      reference: see `numerics.advise.options.Options`.

    Raises:
      InputError: labels or reference that cannot be used, or a reference that does not cover the labels.
    """
    if reference != "uniform" and _is_file(reference):
        second = read_column(reference)
        label, other = counted(column, support), counted(second, support)
        check_covers(other, label)
        if support is None:
            label = counted(column, joint_support(label, other))
        return _with_q(label, *_from_counts(label, other), f"labels from {reference}")
    label = counted(column, support)
    if reference == "uniform":
        atoms = label.atoms if label.discrete else np.empty(0)
        return _with_q(label, atoms, None, "uniform")
    from numerics.laws.densities import typed

    density = typed(reference, label.support)
    if label.discrete:
        return _with_q(label, label.atoms, np.asarray(density.density(label.atoms)), f"p(y) ~ {reference}")
    return _with_q(label, np.empty(0), reference_masses(density, CELLS), reference)


def reference_masses(density: Density, cells: int) -> np.ndarray:
    """Masses of equal cells, (cells,), on panels that miss no feature of the density.

    Raises:
      InputError: their sum is not the one that is certified.
    """
    lower, upper = density.support
    inner = density.from_lower_end()
    ends = [(upper - lower) * Fraction(cell, cells) for cell in range(cells + 1)]
    nodes = inner.nodes(ends, 8, inner.length)
    place = np.clip((nodes.y / inner.length * cells).astype(np.int64), 0, cells - 1)
    q = np.bincount(place, nodes.weight * np.exp(nodes.log_ratio), cells)
    # The nodes are normalised by the certified integral.
    if not abs(q.sum() - 1) <= MASS_ERROR:
        raise InputError(
            f"reference {density.name!r} has mass {q.sum():.6g} by quadrature, 1 certified",
            "give one with wider features or a narrower range",
        )
    return q


def _is_file(reference: str) -> bool:
    """A file, or something that can only have been meant as one; an expression holds none of these."""
    head = reference.rsplit(":", 1)[0]
    known = (".csv", ".tsv", ".txt", ".npy", ".npz", ".parquet")
    try:
        return Path(reference).exists() or Path(head).exists() or head.lower().endswith(known) or ":" in reference
    except (OSError, ValueError):
        return False


def _from_counts(label: Counted, other: Counted) -> tuple[np.ndarray, np.ndarray]:
    """Atoms (empty for continuous labels) and reference masses from a reference file."""
    if not label.discrete:
        unit = np.clip((other.points - float(label.support[0])) / label.length, 0, 1)
        share = other.length / label.length
        bandwidth = None if other.discrete else other.bandwidth * share
        made = kernel_estimate.estimate(unit, other.counts, bandwidth)
        return np.empty(0), _masses(np.array(made.coefficients))
    if other.discrete:
        atoms = np.union1d(label.points, other.points)
        q = np.zeros(len(atoms))
        q[np.searchsorted(atoms, other.points)] = other.counts
        return atoms, q
    atoms = label.atoms
    inner = (atoms[1:] + atoms[:-1]) / 2
    return atoms, np.bincount(np.searchsorted(inner, other.points), weights=other.counts, minlength=len(atoms))


def _with_q(label: Counted, atoms: np.ndarray, q: np.ndarray | None, words: str) -> Cells:
    lower, upper = (float(end) for end in label.support)
    nan = float("nan")
    unsampled: tuple[str, ...] = ()
    if label.discrete:
        y, slope_square = atoms, nan
        edges = np.concatenate([[lower], (atoms[1:] + atoms[:-1]) / 2, [upper]])
        counts = np.zeros(len(atoms), np.int64)
        counts[np.searchsorted(atoms, label.points)] = label.counts
        p = counts / counts.sum()
        weights = np.ones(len(atoms)) if q is None else q
        empty = (counts == 0) & (weights > 0)
        unsampled = tuple(runs([Fraction(repr(float(atom))) for atom in atoms], empty.tolist()))
        weights = np.where(counts > 0, weights, 0.0)
        # Cells that neither law keeps say nothing.
        kept = counts > 0
        y, counts, p, weights = y[kept], counts[kept], p[kept], weights[kept]
        edges = np.concatenate([[lower], (y[1:] + y[:-1]) / 2, [upper]])
        if not weights.sum() > 0:
            raise InputError("reference has no label in common with the labels", "give one that covers them")
    else:
        y = _centres(label)
        edges = lower + (upper - lower) * np.arange(CELLS + 1) / CELLS
        place = np.clip(((label.points - lower) / (upper - lower) * CELLS).astype(np.int64), 0, CELLS - 1)
        counts = np.bincount(place, weights=label.counts, minlength=CELLS).astype(np.int64)
        unit = np.clip((label.points - lower) / (upper - lower), 0, 1)
        made = kernel_estimate.estimate(unit, label.counts, label.bandwidth, label.floor)
        coefficients = np.array(made.coefficients)
        p = _masses(coefficients)
        weights = np.ones(CELLS) if q is None else np.maximum(q, 0.0)
        slope = _derivative(coefficients) / _values(coefficients) / (upper - lower)
        slope_square = float(np.mean(slope**2)) if q is None else nan
        if q is not None:
            with np.errstate(divide="ignore", invalid="ignore"):
                ratio = np.log(weights / weights.sum() / p)
                steep = np.gradient(ratio, label.length / CELLS)
            share = weights / weights.sum()
            slope_square = float(
                np.sum(np.where(share > 0, share, 0.0) * np.nan_to_num(steep, posinf=0, neginf=0) ** 2)
            )
    return Cells(
        y=y,
        edges=edges,
        q=weights / weights.sum(),
        p=p / p.sum(),
        counts=counts,
        discrete=label.discrete,
        bandwidth=label.bandwidth,
        floor=label.floor,
        slope_square=slope_square,
        unsampled=unsampled,
        uniform=q is None,
        labels=label,
        reference=words,
    )


def _centres(label: Counted) -> np.ndarray:
    return float(label.support[0]) + label.length * (np.arange(CELLS) + 0.5) / CELLS


def _cell_average(terms: int) -> np.ndarray:
    """The average of cos(k pi u) over a cell is its value at the centre times this, (terms,)."""
    return np.sinc(np.arange(terms) / (2 * CELLS)) if terms else np.empty(0)


def _values(coefficients: np.ndarray) -> np.ndarray:
    """The cosine series sum_k a_k cos(k pi u) at the cell centres, (CELLS,)."""
    from scipy.fft import dct

    terms = np.zeros(CELLS)
    kept = min(CELLS, len(coefficients))
    terms[:kept] = coefficients[:kept] / 2
    terms[0] *= 2
    return dct(terms, type=3)


def _masses(coefficients: np.ndarray) -> np.ndarray:
    """Exact cell masses of the series, (CELLS,)."""
    return _values(coefficients[:CELLS] * _cell_average(min(CELLS, len(coefficients)))) / CELLS


def _derivative(coefficients: np.ndarray) -> np.ndarray:
    """d/du of the cosine series at the cell centres, (CELLS,)."""
    from scipy.fft import dst

    kept = min(CELLS, len(coefficients))
    terms = np.zeros(CELLS)
    terms[: kept - 1] = -coefficients[1:kept] * np.arange(1, kept) * np.pi / 2
    return dst(terms, type=3)
