"""Averages over stretches, with an interval by bootstrap over rows.

The balanced mean of a loss is `sum_s q_s mean_s`. A stretch with fewer than `LEAST` rows has no mean worth the name: it is counted together with its
neighbours, under the weights `1/r`, until they hold enough. Rows are resampled within such a group, since the score weighs stretches, not rows. In a group of
more than `BLOCKS` rows random blocks of rows are resampled: the mean of a resample has the same law, and the cost does not grow with the rows.

That is how well the rows measure the error of a given map. What a fitted map owes to its own sample comes on top; `Balanced.shifted` adds it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from unskew.smoother import chunks

LEAST = 10
"""Held-out labels below which a stretch is unknown."""
BLOCKS = 256
RESAMPLES = 1000
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, `low <= value <= high`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Balanced:
    """Balanced means of several losses, and the same of every resample.

    Attributes:
      means: (k,).
      resampled: (k, RESAMPLES).
      plain: means over the rows as they come, where the target has mass, (k,).
      held: rows in each stretch, (S,).
      stretches: mean of each loss in each stretch, (S, k); nan in a stretch with fewer than `LEAST` rows.
      unknown: stretches with target mass but fewer than `LEAST` rows.
    """

    means: np.ndarray
    resampled: np.ndarray
    plain: np.ndarray
    held: np.ndarray
    stretches: np.ndarray
    unknown: tuple[int, ...]

    def shifted(self, changes: np.ndarray) -> Balanced:
        """The same with the resamples moved by changes (k, B), B a divisor of `RESAMPLES`: what refitting to resampled rows does to each mean."""
        moved = self.resampled + np.tile(changes, (1, RESAMPLES // changes.shape[1]))
        return replace(self, resampled=moved)

    def estimate(self, function: Callable[[np.ndarray], np.ndarray]) -> Estimate:
        """A function of the means, such as a difference or a share; it maps (k, ...) to (...)."""
        value = float(function(self.means[:, None])[0])
        low, high = np.quantile(function(self.resampled), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        return Estimate(value, min(value, float(low)), max(value, float(high)))


Losses = Callable[[slice], Sequence[np.ndarray]]
"""Values of several losses on some rows."""


def balanced(
    losses: Losses, columns: int, stretch: np.ndarray, q: np.ndarray, inverse: np.ndarray, seed: int
) -> Balanced:
    """Balanced means of losses.

    Args:
      losses: values of the k losses on some rows; at least `LEAST` rows lie where the target has mass.
      columns: k.
      stretch: of each row, (n,).
      q, inverse: target masses and `1/r` of the stretches, (S,) each.
      seed: of the resamples and blocks.
    """
    random = np.random.default_rng(seed)
    counts = np.bincount(stretch, minlength=len(q))
    group, mass = groups(counts, q)
    worth, sums = _blocks(losses, columns, stretch, group, inverse, random)
    dense = (counts >= LEAST) & (q > 0)
    positive = inverse > 0
    plain = (sums.sum(axis=2)[:, positive] / inverse[positive]).sum(axis=1) / counts[positive].sum()
    each = np.full((len(q), columns), np.nan)
    each[dense] = (sums.sum(axis=2) / np.maximum(worth.sum(axis=1), np.finfo(float).tiny)).T[dense]
    means, resampled = np.zeros(columns), np.zeros((columns, RESAMPLES))
    for number, weight in enumerate(mass):
        members = group == number
        units, totals = worth[members].sum(axis=0), sums[:, members].sum(axis=1)
        filled = units > 0
        units, totals = units[filled], totals[:, filled]
        mean = totals.sum(axis=1) / units.sum()
        draws = resamples(len(units), random)
        # A resample of m units varies by (m - 1)/m of what m new units would.
        spread = np.sqrt(len(units) / (len(units) - 1))
        away = (draws @ (totals - mean[:, None] * units).T / (draws @ units)[:, None]).T
        means += weight * mean
        resampled += weight * (mean[:, None] + spread * away)
    return Balanced(means, resampled, plain, counts, each, tuple(np.flatnonzero((counts < LEAST) & (q > 0)).tolist()))


def resamples(count: int, random: np.random.Generator) -> np.ndarray:
    """How often each of so many units is drawn when as many are drawn with replacement, (RESAMPLES, count)."""
    units = random.integers(0, count, (RESAMPLES, count)) + count * np.arange(RESAMPLES)[:, None]
    return np.bincount(units.ravel(), minlength=RESAMPLES * count).reshape(RESAMPLES, count)


def groups(counts: np.ndarray, q: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The group of each stretch, (S,), and the target mass of each group: neighbours joined until each group holds `LEAST` rows."""
    number, rows = np.zeros(len(q), np.int64), 0
    current = 0
    for s in range(len(q)):
        if rows >= LEAST:
            current, rows = current + 1, 0
        number[s] = current
        rows += int(counts[s]) if q[s] > 0 else 0
    if rows < LEAST:
        number[number == current] = max(current - 1, 0)
    return number, np.bincount(number, q)


def _blocks(
    losses: Losses,
    columns: int,
    stretch: np.ndarray,
    group: np.ndarray,
    inverse: np.ndarray,
    random: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Weight and weighted sums of each block: (S, BLOCKS) and (k, S, BLOCKS); in a group of at most `BLOCKS` rows a row is a block."""
    count = int(group.max()) + 1
    rows_of_group = np.bincount(group, np.bincount(stretch, minlength=len(group)), count).astype(np.int64)
    block = random.integers(0, BLOCKS, len(stretch), dtype=np.uint8)
    few = np.flatnonzero((rows_of_group <= BLOCKS)[group][stretch])
    order = few[np.argsort(group[stretch[few]], kind="stable")]
    counts = np.where(rows_of_group <= BLOCKS, rows_of_group, 0)
    block[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    size = len(group) * BLOCKS
    worth, sums = np.zeros(size), np.zeros((columns, size))
    for rows in chunks(len(stretch)):
        number, weights = stretch[rows].astype(np.int64) * BLOCKS + block[rows], inverse[stretch[rows]]
        worth += np.bincount(number, weights, size)
        for total, loss in zip(sums, losses(rows), strict=True):
            total += np.bincount(number, weights * loss, size)
    return worth.reshape(-1, BLOCKS), sums.reshape(columns, -1, BLOCKS)
