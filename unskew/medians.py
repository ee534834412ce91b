"""Regression medians: what a curve of means has to move by, so that half of the weight lies on either side.

Absolute error asks for the median of the label where squared error asks for its mean (result `absolute_error`). Residuals of the curve of means are
counted into bins for each cell of the prediction, and the weighted median of those in a window is the move. The window holds the share of the pairs that has
the least absolute error on rows left out in `FOLDS` folds. After the pass over the rows nothing depends on their number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unskew import smoother
from unskew.smoother import Between, Curve, Table

BINS = 64
FOLDS = 5


@dataclass(frozen=True)
class Median:
    """A curve of medians, and the same without each fold of the rows.

    Attributes:
      curve: medians.
      moves: of the curve of means at each knot when a fold is left out, (FOLDS, cells), label units.
    """

    curve: Curve
    moves: np.ndarray

    def left_out(self, where: Between, rows: slice) -> np.ndarray:
        """The move at some rows, from the other folds."""
        fold = _folds(rows.start, len(where.left))
        low = self.moves[fold, where.left]
        return low + where.share * (self.moves[fold, where.left + 1] - low)


@dataclass(frozen=True)
class Residuals:
    """Weight of the residuals of a curve by fold, cell and bin.

    Attributes:
      ends: of the bins, (BINS + 1,), label units.
      weight: (FOLDS, cells, BINS).
      rows: how many, all folds together, (cells, BINS).
      centre: mean residual of each bin, (BINS,).
    """

    ends: np.ndarray
    weight: np.ndarray
    rows: np.ndarray
    centre: np.ndarray

    def medians(self, window: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Weighted medians of the residuals within a window: (..., cells, BINS) to (..., cells); 0 where the window has no weight."""
        # One product for all leading axes: many small ones are slow.
        across = np.moveaxis(weight, -2, 0).reshape(weight.shape[-2], -1)
        wide = np.moveaxis((window @ across).reshape(len(window), *weight.shape[:-2], weight.shape[-1]), 0, -2)
        above = np.cumsum(wide, axis=-1)
        half = above[..., -1:] / 2
        bin = np.argmax(above >= half, axis=-1)
        upper = np.take_along_axis(above, bin[..., None], -1)[..., 0]
        lower = np.where(bin > 0, np.take_along_axis(above, np.maximum(bin - 1, 0)[..., None], -1)[..., 0], 0.0)
        inside = upper - lower
        share = np.divide(half[..., 0] - lower, inside, out=np.full(inside.shape, 0.5), where=inside > 0)
        values = self.ends[bin] + np.clip(share, 0, 1) * np.diff(self.ends)[bin]
        return np.where(half[..., 0] > 0, values, 0.0)

    def loss(self, moves: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Weighted absolute distance of residuals (..., cells, BINS) from moves (..., cells), summed over bins: (..., cells)."""
        return np.sum(weight * np.abs(self.centre - moves[..., None]), axis=-1)

    def refitted(self, position: np.ndarray, share: float, count: int, random: np.random.Generator) -> np.ndarray:
        """What medians of resampled rows lose at each cell against those of all rows, (count, cells), label units: never negative but for the bins."""
        everything, rows = self.weight.sum(axis=0), int(self.rows.sum())
        windows = smoother.window(position, share)
        each = np.divide(everything, self.rows, out=np.zeros(everything.shape), where=self.rows > 0)
        draws = random.multinomial(rows, self.rows.ravel() / rows, size=count).reshape(count, *everything.shape)
        wide = windows @ everything
        total = wide.sum(axis=-1)
        more = self.loss(self.medians(windows, draws * each), wide) - self.loss(self.medians(windows, everything), wide)
        return np.divide(more, total, out=np.zeros(more.shape), where=total > 0)


def residuals(pairs: Table, y: np.ndarray, t: np.ndarray, worth: np.ndarray, mean: Curve) -> Residuals:
    """Counts residuals.

    Args:
      y, t: labels and predictions, (n,).
      worth: weight of each row, (n,).
      mean: the curve of means.
    """
    away = np.empty(len(y))
    for rows in smoother.chunks(len(y)):
        away[rows] = y[rows] - smoother.between(pairs, t, rows).value(mean)
    ends = _ends(away, worth)
    below = smoother.finder(ends[1:-1])
    size = len(pairs.knots) * BINS
    weight, counts, total, sums = np.zeros(FOLDS * size), np.zeros(size), np.zeros(BINS), np.zeros(BINS)
    for rows in smoother.chunks(len(y)):
        bin = below(away[rows])
        entry = pairs.cell[rows].astype(np.int64) * BINS + bin
        counts += np.bincount(entry, minlength=size)
        weight += np.bincount(_folds(rows.start, len(bin)) * size + entry, worth[rows], FOLDS * size)
        total += np.bincount(bin, worth[rows], BINS)
        sums += np.bincount(bin, worth[rows] * away[rows], BINS)
    centre = np.divide(sums, total, out=(ends[1:] + ends[:-1]) / 2, where=total > 0)
    return Residuals(ends, weight.reshape(FOLDS, -1, BINS), counts.reshape(-1, BINS).astype(np.int64), centre)


def _ends(away: np.ndarray, worth: np.ndarray) -> np.ndarray:
    """Ends of bins that hold the same weight each; equal residuals share one."""
    step = -(-len(away) // smoother.SAMPLED)
    order = np.argsort(away[::step], kind="stable")
    ordered, mass = away[::step][order], np.cumsum(worth[::step][order])
    inner = ordered[np.minimum(np.searchsorted(mass, mass[-1] * np.arange(1, BINS) / BINS), len(ordered) - 1)]
    least, most = float(away.min()), float(away.max())
    return np.concatenate([[least], np.clip(inner, least, most), [most]])


def _folds(start: int, count: int) -> np.ndarray:
    """The fold of each row from `start` on: rows in turn, so that a file in any order has like folds."""
    return np.arange(start, start + count) % FOLDS


def median(pairs: Table, counted: Residuals, mean: Curve, bounds: tuple[float, float]) -> Median:
    """The curve of medians at its best window, monotone where the curve of means is.

    Args:
      counted: residuals of `mean`.
      bounds: least and largest label; the curve stays within.
    """
    everything = counted.weight.sum(axis=0)
    others = everything - counted.weight
    share, least, moves = mean.share, np.inf, np.zeros(counted.weight.shape[:2])
    for each in smoother.SHARES:
        tried = counted.medians(smoother.window(pairs.position, each), others)
        error = float(counted.loss(tried, counted.weight).sum())
        if error < least:
            share, least, moves = each, error, tried
    values = mean.values + counted.medians(smoother.window(pairs.position, share), everything)
    folds = mean.values + moves
    if mean.monotone:
        mass = everything.sum(axis=1)
        values = _increasing(values, mass)
        folds = np.stack([_increasing(one, mass) for one in folds])
    clipped = np.clip(folds, *bounds) - mean.values
    return Median(replace(mean, values=np.clip(values, *bounds), share=share), clipped)


def _increasing(values: np.ndarray, mass: np.ndarray) -> np.ndarray:
    from scipy.optimize import isotonic_regression

    return np.asarray(isotonic_regression(values, weights=np.maximum(mass, 1e-12 * mass.max())).x)
