"""The target's label law from unlabelled predictions: expectation maximisation over stretches of the label.

Under label shift predictions of the target are a mixture, `q(t) = sum_s q_s p(t|s)`, with the same `p(t|s)` as on held-out pairs. EM climbs the likelihood
of the masses `q_s`; each step multiplies them by the mean posterior (Saerens, Latinne, Decaestecker, Neural Computation 14, 2002). Where predictions tell
two stretches hardly apart, mass may be moved between them almost unseen. So neighbours are joined, half as many groups at a time, until what could be moved
unseen is little; within a group the law is taken even. Where even two groups cannot be told apart, `identified` is false.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unskew.ground.refusals import InputError
from unskew.intervals import LEAST
from unskew.label_files.column import column_of
from unskew.recalibration import pairs_of
from unskew.shift import LabelShift, Masses

MOST_CELLS = 64
PER_CELL = 20
"""Held-out rows a cell of the prediction, so that its posterior over stretches is known to about a fifth."""
STEPS = 2000
STILL = 1e-7
RESAMPLES = 100
LEVEL = 0.95
UNSEEN = 0.25
"""Standard error of a direction of unit length, times the number of groups, beyond which groups are joined: a quarter of an even group's mass may then be
moved unseen."""


@dataclass(frozen=True)
class TargetLaw:
    """An estimated label law.

    Attributes:
      masses: on the stretches of the shift; give it as `target` to `unskew.LabelShift`.
      low, high: 95 % interval of each mass, (S,), by bootstrap over held-out and over target rows.
      groups: into how many groups the stretches were joined.
      error: the largest standard error of any way to move mass, per unit of its length.
      identified: whether `error` times `groups` is at most `UNSEEN`.
    """

    masses: Masses
    low: np.ndarray
    high: np.ndarray
    groups: int
    error: float
    identified: bool


def target_law(shift: LabelShift, y_val: Any, predictions: Any, target_predictions: Any, seed: int = 0) -> TargetLaw:
    """Estimates the target's label law.

    Args:
      shift: training labels; its own target does not matter.
      y_val, predictions: held-out pairs of the training law, (n,) each.
      target_predictions: of the same model on unlabelled rows of the target, (m,).

    Raises:
      InputError: pairs that do not fit together, or too few rows.
    """
    y, t = pairs_of(y_val, predictions)
    new = column_of(target_predictions, "target predictions").cells
    if len(new) < PER_CELL or not np.isfinite(new).all():
        raise InputError(f"{len(new)} target predictions, or infinite ones", f"give at least {PER_CELL} finite ones")
    stretch = shift.stretch_of(y)
    cells = max(2, min(MOST_CELLS, len(t) // PER_CELL))
    # Cells of which both laws fill their share: rare stretches of the one are common in the other.
    levels = np.arange(1, cells) / cells
    ends = np.unique(np.concatenate([np.quantile(t, levels[::2]), np.quantile(new, levels[1::2])]))
    cells = len(ends) + 1
    joint = np.bincount(np.searchsorted(ends, t) * shift.stretches + stretch, minlength=cells * shift.stretches)
    joint = joint.reshape(cells, shift.stretches)
    target_counts = np.bincount(np.searchsorted(ends, new), minlength=cells)
    parts = shift.stretches
    while True:
        group = grouping(joint.sum(axis=0), parts)
        grouped = joint @ group
        start = shift.p @ group
        masses = maximise(grouped, target_counts, start)
        error = largest_error(grouped, target_counts, masses)
        if error * group.shape[1] <= UNSEEN or group.shape[1] <= 2:
            break
        parts = max(2, min(parts, group.shape[1]) // 2)
    # Even within a group, on the stretches that hold training labels.
    open_stretches = group * (shift.p > 0)[:, None]
    spread = open_stretches / np.maximum(open_stretches.sum(axis=0), 1)
    random = np.random.default_rng(seed)
    resampled = np.empty((RESAMPLES, shift.stretches))
    for number in range(RESAMPLES):
        rows = random.multinomial(len(t), grouped.ravel() / len(t)).reshape(grouped.shape)
        resampled[number] = spread @ maximise(rows, random.multinomial(len(new), target_counts / len(new)), start)
    q = spread @ masses
    low, high = np.quantile(resampled, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    law = Masses(shift.edges, q)
    return TargetLaw(
        law, np.minimum(low, q), np.maximum(high, q), group.shape[1], error, error * group.shape[1] <= UNSEEN
    )


def grouping(rows: np.ndarray, parts: int) -> np.ndarray:
    """Membership of stretches in at most so many groups of neighbours, (S, groups): equally many stretches each, but at least `LEAST` rows."""
    number, size = np.zeros(len(rows), np.int64), -(-len(rows) // parts)
    current, rows_in_group = 0, 0
    for s, count in enumerate(rows):
        if s and rows_in_group >= LEAST and s % size == 0:
            current, rows_in_group = current + 1, 0
        number[s] = current
        rows_in_group += int(count)
    if rows_in_group < LEAST:
        number[number == current] = max(current - 1, 0)
    return (number[:, None] == np.arange(number.max() + 1)).astype(float)


def channel(joint: np.ndarray) -> np.ndarray:
    """p(cell | stretch), (cells, S); half a row in each entry that could be empty by chance keeps it positive, a stretch without rows is even."""
    smoothed = joint + 0.5 / len(joint)
    return smoothed / smoothed.sum(axis=0)


def maximise(joint: np.ndarray, target_counts: np.ndarray, start: np.ndarray) -> np.ndarray:
    """The masses of the stretches, (S,), with the largest likelihood, from the training law upwards; stretches without held-out rows keep no mass.

    Args:
      joint: held-out counts, (cells, S).
      target_counts: counts of target predictions, (cells,).
    """
    mixture = channel(joint)
    q = np.where(joint.sum(axis=0) > 0, start, 0.0)
    q = q / q.sum()
    share = target_counts / target_counts.sum()
    for _ in range(STEPS):
        change = (share / (mixture @ q)) @ mixture
        q = q * change
        if np.max(np.abs(q * (change - 1))) < STILL:
            break
    return q / q.sum()


def largest_error(joint: np.ndarray, target_counts: np.ndarray, q: np.ndarray) -> float:
    """The standard error along the direction of masses, sum zero, that the target predictions tell least about; by the information matrix, less what groups of so
    many held-out rows would seem to tell if predictions said nothing."""
    present = joint.sum(axis=0) > 0
    mixture = channel(joint)[:, present]
    worth = target_counts.sum() / (mixture @ q[present])
    information = (mixture.T * worth) @ mixture
    information -= np.diag(worth @ (mixture * (1 - mixture)) / joint.sum(axis=0)[present])
    count = len(information)
    if count < 2:
        return 0.0
    # Directions that keep the total: the orthogonal complement of (1, ..., 1).
    basis = np.linalg.svd(np.ones((1, count)))[2][1:].T
    least = float(np.linalg.eigvalsh(basis.T @ information @ basis)[0])
    return float("inf") if least <= 0 else least**-0.5
