"""The finite world that the adviser works in: labels on at most `CELLS` fine cells, with reference masses q and training masses p.

Discrete labels are their own cells. Continuous labels are rounded to the centres of equal cells of the support, and p is the kernel estimate's
mass of each cell. All results of the theory hold exactly for such a finite alphabet; what rounding hides is `hidden` (result `rates`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unskew import kernel_estimate
from unskew.enclosure import hidden
from unskew.expression import Typed
from unskew.ground.refusals import InputError
from unskew.label_files.report import runs
from unskew.labels import Labels, check_covers

Target = Labels | Callable[[np.ndarray], np.ndarray] | None
"""Label law of the score that matters: that of other labels, a density up to a factor, or None for the uniform one."""

CELLS = 4096


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
    labels: Labels
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


def make(label: Labels, target: Target = None, words: str = "uniform") -> Cells:
    """Puts both label laws on one set of cells.

    Args:
      label: of the training data; on a support that covers the target's labels.
      words: the target, for readers.

    Raises:
      InputError: a target that does not cover the labels, is not a density or has no label in common with them.
    """
    if target is None:
        atoms = _floats(label) if label.discrete else np.empty(0)
        return _with_q(label, atoms, None, words)
    if isinstance(target, Labels):
        check_covers(target, label)
        return _with_q(label, *_from_counts(label, target), words)
    if label.discrete:
        return _with_q(label, _floats(label), _density(target, _floats(label)), words)
    points, weights = np.polynomial.legendre.leggauss(8)
    at = _centres(label)[:, None] + points * label.length / CELLS / 2
    q = _density(target, at.ravel()).reshape(at.shape) @ weights
    if isinstance(target, Typed):
        edges = float(label.support[0]) + label.length * np.arange(CELLS + 1) / CELLS
        place = hidden(target.tree, edges, q * label.length / CELLS / 2)
        if place is not None:
            raise InputError(
                f"the target density has a feature near y = {place:.6g} that is narrower than 1/{CELLS} of the labels, or infinite",
                "give wider features",
            )
    return _with_q(label, np.empty(0), q, words)


def is_file(text: str) -> bool:
    """A file, or something that can only have been meant as one; an expression holds none of these."""
    head = text.rsplit(":", 1)[0]
    known = (".csv", ".tsv", ".txt", ".npy", ".npz", ".parquet")
    try:
        return Path(text).exists() or Path(head).exists() or head.lower().endswith(known) or ":" in text
    except (OSError, ValueError):
        return False


def _floats(label: Labels) -> np.ndarray:
    return np.array([float(atom) for atom in label.atoms])


def _density(target: Callable[[np.ndarray], np.ndarray], y: np.ndarray) -> np.ndarray:
    """The target's values; refused where they are no density."""
    with np.errstate(all="ignore"):
        values = np.broadcast_to(np.asarray(target(y), float), y.shape)
    if not np.isfinite(values).all() or values.min() < 0 or not values.max() > 0:
        raise InputError("the target density is negative, infinite or zero on the labels", "give one that is positive")
    return values


def _from_counts(label: Labels, other: Labels) -> tuple[np.ndarray, np.ndarray]:
    """Atoms (empty for continuous labels) and reference masses from a reference file."""
    if not label.discrete:
        unit = np.clip((other.points - float(label.support[0])) / label.length, 0, 1)
        share = other.length / label.length
        bandwidth = None if other.kernel is None else other.kernel.bandwidth * share
        made = kernel_estimate.estimate(unit, other.counts, bandwidth)
        return np.empty(0), _masses(np.array(made.coefficients))
    if other.discrete:
        atoms = np.union1d(label.points, other.points)
        q = np.zeros(len(atoms))
        q[np.searchsorted(atoms, other.points)] = other.counts
        return atoms, q
    atoms = _floats(label)
    inner = (atoms[1:] + atoms[:-1]) / 2
    return atoms, np.bincount(np.searchsorted(inner, other.points), weights=other.counts, minlength=len(atoms))


def _with_q(label: Labels, atoms: np.ndarray, q: np.ndarray | None, words: str) -> Cells:
    lower, upper = (float(end) for end in label.support)
    nan = float("nan")
    unsampled: tuple[str, ...] = ()
    if label.discrete:
        slope_square = nan
        counts = np.zeros(len(atoms), np.int64)
        counts[np.searchsorted(atoms, label.points)] = label.counts
        p = counts / counts.sum()
        weights = np.ones(len(atoms)) if q is None else q
        unsampled = tuple(runs(atoms.tolist(), ((counts == 0) & (weights > 0)).tolist()))
        weights = np.where(counts > 0, weights, 0.0)
        # Cells that neither law keeps say nothing.
        kept = counts > 0
        y, counts, p, weights = atoms[kept], counts[kept], p[kept], weights[kept]
        edges = np.concatenate([[lower], (y[1:] + y[:-1]) / 2, [upper]])
        if not weights.sum() > 0:
            raise InputError("reference has no label in common with the labels", "give one that covers them")
    else:
        y = _centres(label)
        edges = lower + (upper - lower) * np.arange(CELLS + 1) / CELLS
        place = np.clip(((label.points - lower) / (upper - lower) * CELLS).astype(np.int64), 0, CELLS - 1)
        counts = np.bincount(place, weights=label.counts, minlength=CELLS).astype(np.int64)
        unit = np.clip((label.points - lower) / (upper - lower), 0, 1)
        assert label.kernel is not None
        made = kernel_estimate.estimate(unit, label.counts, label.kernel.bandwidth, label.kernel.floor)
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
        bandwidth=nan if label.kernel is None else label.kernel.bandwidth,
        floor=nan if label.kernel is None else label.kernel.floor,
        slope_square=slope_square,
        unsampled=unsampled,
        uniform=q is None,
        labels=label,
        reference=words,
    )


def _centres(label: Labels) -> np.ndarray:
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
