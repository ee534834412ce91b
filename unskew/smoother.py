"""Regression of the label on the prediction: local straight lines over a table of the pairs, one pass over the rows.

Pairs are counted into at most `CELLS` cells of the prediction by the stretches of the label, and each entry keeps its moments up to the second. Since
the weights `1/r` are constant on a stretch, every weighted fit, and the exact leave-one-out error of each, follows from that table: nothing that comes
after the pass depends on the number of rows, and no row is left out.

A window holds a share of the pairs (half counted as they are, half as the target weighs them), so it is wide where pairs are few. The share is the one with
the least leave-one-out error under the weights of the fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

CELLS = 256
SAMPLED = 1 << 16
"""Rows that the ends of the cells are taken from; all rows are counted."""
SHARES = (
    1 / 64,
    1 / 45,
    1 / 32,
    1 / 23,
    1 / 16,
    1 / 11,
    1 / 8,
    1 / 5.7,
    1 / 4,
    1 / 2.8,
    1 / 2,
    1 / 1.4,
    1.0,
    1.4,
    2.0,
    8.0,
)
"""Of the pairs in a window; beyond 1 the line is nearly straight."""
CHUNK = 1 << 16
"""Rows that are worked on at once: their columns stay in the processor's cache."""
STEPS = 1 << 13
WORTHWHILE = 8
FLAT = 1e-10
"""Variance of the scaled predictions in a window below which a line has no slope."""
LARGEST_LEVERAGE = 0.999
AGAINST = 2.0
"""Standard errors by which a curve that goes down has to beat the monotone one."""


@dataclass(frozen=True)
class Curve:
    """A piecewise linear function of the prediction, constant beyond the first and last knot.

    Attributes:
      knots, values: (m,) each, label units; knots increase.
      share: of the pairs in a window.
      leverage: of a row of weight one at each knot, (m,): what the value there owes to that row's own label.
      monotone: whether the values were made to increase.
    """

    knots: np.ndarray
    values: np.ndarray
    share: float
    leverage: np.ndarray
    monotone: bool

    def __call__(self, predictions: np.ndarray) -> np.ndarray:
        values, below = np.empty(len(predictions)), finder(self.knots[1:-1])
        slope = np.diff(self.values) / np.diff(self.knots)
        for rows in chunks(len(predictions)):
            inside = np.clip(predictions[rows], self.knots[0], self.knots[-1])
            left = below(inside)
            values[rows] = self.values[left] + slope[left] * (inside - self.knots[left])
        return values


def finder(keys: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """`numpy.searchsorted(keys, .)` for many values: a look-up in even steps, then the few keys within a step; three times as fast unless the keys lie all in one
    place."""
    if len(keys) < 2:
        return lambda values: np.searchsorted(keys, values)
    step = (keys[-1] - keys[0]) / STEPS
    grid = keys[0] + step * np.arange(STEPS + 1)
    # A millionth of a step outwards, so that the rounding of a product does not matter.
    first = np.searchsorted(keys, grid - 1e-6 * step)
    most = int(np.max(np.searchsorted(keys, grid + 1.000001 * step) - first))
    if most > WORTHWHILE:
        return lambda values: np.searchsorted(keys, values)
    padded = np.append(keys, np.inf)

    def below(values: np.ndarray) -> np.ndarray:
        number = first[np.clip((values - keys[0]) / step, 0, STEPS).astype(np.int64)]
        for _ in range(most):
            number = number + (values > padded[number])
        return number

    return below


def chunks(rows: int) -> Iterator[slice]:
    """Slices of `CHUNK` rows."""
    return (slice(start, min(start + CHUNK, rows)) for start in range(0, rows, CHUNK))


@dataclass(frozen=True)
class Table:
    """Pairs counted by cells of the prediction and stretches of the label.

    Attributes:
      cell: of each row, (n,).
      moments: sums over the rows of an entry of 1, t, t^2, y, t y, y^2, each (cells, stretches); t and y less `centre`, over `scale`.
      centre, scale: of t and y.
      position: of each cell among the pairs, from 0 to 1, (cells,).
    """

    cell: np.ndarray
    moments: np.ndarray
    centre: tuple[float, float]
    scale: tuple[float, float]
    position: np.ndarray

    @cached_property
    def middle(self) -> np.ndarray:
        """Mean prediction of each cell, (cells,), centred and scaled."""
        rows = self.moments[0].sum(axis=1)
        return self.moments[1].sum(axis=1) / rows

    @cached_property
    def knots(self) -> np.ndarray:
        """Mean prediction of each cell, label units."""
        return self.centre[0] + self.scale[0] * self.middle


def table(y: np.ndarray, t: np.ndarray, stretch: np.ndarray, weights: np.ndarray) -> Table:
    """Counts pairs.

    Args:
      y, t: labels and predictions, (n,).
      stretch: of each label, (n,).
      weights: of each stretch, (S,).
    """
    ends = _ends(t, stretch, weights)
    size, width = len(ends) + 1, len(weights)
    step = -(-len(t) // SAMPLED)
    centre = float(t[::step].mean()), float(y[::step].mean())
    scale = float(t[::step].std()) or 1.0, float(y[::step].std()) or 1.0
    cell, below = np.empty(len(t), np.int16), finder(ends)
    sums = np.zeros((6, size * width))
    for rows in chunks(len(t)):
        number = below(t[rows])
        cell[rows] = number
        a, b = (t[rows] - centre[0]) / scale[0], (y[rows] - centre[1]) / scale[1]
        entry = number * width + stretch[rows]
        for moment, column in zip(sums, (None, a, a * a, b, a * b, b * b), strict=True):
            moment += np.bincount(entry, column, size * width)
    moments = sums.reshape(6, size, width)
    filled = moments[0].sum(axis=1) > 0
    if not filled.all():
        cell, moments = (np.cumsum(filled) - 1).astype(np.int16)[cell], moments[:, filled]
    share = moments[0].sum(axis=1) / len(t)
    balanced = moments[0] @ weights
    share = (share + balanced / max(balanced.sum(), np.finfo(float).tiny)) / 2
    return Table(cell, moments, centre, scale, (np.cumsum(share) - share / 2) / share.sum())


def _ends(t: np.ndarray, stretch: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Inner ends of the cells: each holds the same share of the pairs, half counted as they are and half as the target weighs them."""
    step = -(-len(t) // SAMPLED)
    some, worth = t[::step], weights[stretch[::step]]
    order = np.argsort(some, kind="stable")
    ordered, worth = some[order], worth[order]
    mass = np.cumsum(1 / len(worth) + worth / max(worth.sum(), np.finfo(float).tiny)) / 2
    at = np.minimum(np.searchsorted(mass, np.arange(1, CELLS) / CELLS), len(ordered) - 2)
    # Between two neighbours, so that equal predictions share a cell.
    ends = np.unique((ordered[at] + ordered[at + 1]) / 2)
    return ends if ends[0] < ordered[-1] and ends[-1] >= ordered[0] else np.array([(t.min() + t.max()) / 2])


@dataclass(frozen=True)
class Between:
    """Where some rows lie between the knots that all curves of a table share: `values[left] + share (values[left + 1] - values[left])`."""

    left: np.ndarray
    share: np.ndarray
    cell: np.ndarray

    def value(self, curve: Curve) -> np.ndarray:
        """The curve at these rows."""
        return curve.values[self.left] + self.share * np.diff(curve.values)[self.left]


def between(table: Table, t: np.ndarray, rows: slice) -> Between:
    """Places the predictions of some rows of the table."""
    knots, cell = table.knots, table.cell[rows]
    left = np.clip(cell - (t[rows] < knots[cell]), 0, len(knots) - 2)
    share = np.clip((t[rows] - knots[left]) / np.diff(knots)[left], 0.0, 1.0)
    return Between(left, share, cell)


@dataclass(frozen=True)
class Lines:
    """Local lines at each cell, (cells,) each: value, slope, leverage of a row of weight one; in centred, scaled units."""

    value: np.ndarray
    slope: np.ndarray
    leverage: np.ndarray


def lines(table: Table, weights: np.ndarray, window: np.ndarray) -> Lines:
    """Weighted local lines.

    Args:
      weights: of each stretch, (S,).
      window: kernel weights of cells for cells, (cells, cells).
    """
    s0, s1, s2, t0, t1 = ((window @ (moment @ weights)) for moment in table.moments[:5])
    with np.errstate(all="ignore"):
        mean = s1 / s0
        spread = np.maximum(s2 / s0 - mean**2, 0.0)
        level = t0 / s0
        steep = np.where(spread > FLAT, (t1 / s0 - mean * level) / spread, 0.0)
        away = table.middle - mean
        leverage = 1 / s0 + np.where(spread > FLAT, away**2 / (s0 * spread), 0.0)
    return Lines(level + steep * away, steep, leverage)


def refitted(table: Table, weights: np.ndarray, counts: np.ndarray, share: float) -> np.ndarray:
    """Values at the knots of fits to resampled rows, (B, cells), label units: what the fit owes to the sample.

    Args:
      weights: of the stretches in each resample, (B, S).
      counts: rows of each entry of the table in each resample, (B, cells, S).
      share: of the pairs in a window, as in the fit itself.
    """
    rows = table.moments[0]
    worth = np.divide(counts, rows, out=np.zeros(counts.shape), where=rows > 0) * weights[:, None, :]
    sums = window(table.position, share) @ np.einsum("bcs,kcs->kcb", worth, table.moments[:5])
    s0, s1, s2, t0, t1 = sums
    with np.errstate(all="ignore"):
        mean = s1 / s0
        spread = np.maximum(s2 / s0 - mean**2, 0.0)
        level = t0 / s0
        steep = np.where(spread > FLAT, (t1 / s0 - mean * level) / spread, 0.0)
        values = level + steep * (table.middle[:, None] - mean)
    return (table.centre[1] + table.scale[1] * values).T


def window(position: np.ndarray, share: float) -> np.ndarray:
    """Tricube weights of the cells within a window that holds a share of the pairs, (cells, cells); at an end it reaches as far inwards as is missing."""
    reach = np.maximum(share / 2, share - np.minimum(position, 1 - position))
    away = np.abs(position[:, None] - position) / reach[:, None]
    return np.clip(1 - away**3, 0, None) ** 3


def left_out(leverage: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """By what a row's squared residual grows when the row is left out of the fit: `1/(1 - leverage weight)^2` (exact for a linear smoother)."""
    own = leverage * weights
    return np.where(own < LARGEST_LEVERAGE, 1 / (1 - np.minimum(own, LARGEST_LEVERAGE)) ** 2, np.inf)


def loss(table: Table, weights: np.ndarray, fit: Lines) -> float:
    """The weighted leave-one-out squared error, scaled units."""
    n, t, tt, y, ty, yy = table.moments
    g, b, m = (column[:, None] for column in (fit.value, fit.slope, table.middle))
    squares = (
        yy
        - 2 * g * y
        - 2 * b * (ty - m * y)
        + g * g * n
        + 2 * g * b * (t - m * n)
        + b * b * (tt - 2 * m * t + m * m * n)
    )
    growth = np.where(n > 0, left_out(fit.leverage[:, None], weights), 0.0)
    with np.errstate(invalid="ignore"):
        terms = np.where((n > 0) & (weights > 0), weights * np.maximum(squares, 0.0) * growth, 0.0)
    total = float(terms.sum())
    return total / float((n @ weights).sum()) if np.isfinite(total) else np.inf


def residual_variance(table: Table, curve: Curve) -> float:
    """Mean squared distance of the labels from a curve under the training law, squared label units; the curve taken flat within a cell."""
    n, _, _, y, _, yy = table.moments.sum(axis=2)
    g = (curve.values - table.centre[1]) / table.scale[1]
    return float(np.maximum((yy - 2 * g * y + g * g * n).sum(), 0.0) / n.sum()) * table.scale[1] ** 2


def curve(
    pairs: Table,
    y: np.ndarray,
    t: np.ndarray,
    stretch: np.ndarray,
    weights: np.ndarray,
    bounds: tuple[float, float],
    monotone: bool | None,
) -> Curve:
    """The regression of y on t with the given weights, at its best window.

    Args:
      weights: of each stretch, (S,).
      bounds: least and largest label; the curve stays within.
      monotone: True, False, or None for monotone unless the data speak against it.
    """
    best, share, least = None, SHARES[-1], np.inf
    for width in SHARES:
        fit = lines(pairs, weights, window(pairs.position, width))
        error = loss(pairs, weights, fit)
        if error < least:
            best, share, least = fit, width, error
    if best is None:
        # So few rows that every window leans on one of them: the straight line.
        best = lines(pairs, weights, window(pairs.position, share))
    positive = (pairs.moments[0] @ weights > 0) & np.isfinite(best.value)
    values = np.interp(np.arange(len(positive)), np.flatnonzero(positive), best.value[positive])
    increasing = np.maximum.accumulate(values)
    increases = False
    if monotone is not False and not np.array_equal(increasing, values):
        from scipy.optimize import isotonic_regression

        mass = pairs.moments[0] @ weights
        increasing = isotonic_regression(values, weights=np.maximum(mass, 1e-12 * mass.max())).x
        increases = monotone is True or not _speaks_against(pairs, y, t, stretch, weights, best, values, increasing)
    scaled = pairs.centre[1] + pairs.scale[1] * (increasing if increases else values)
    return Curve(
        pairs.knots, np.clip(scaled, *bounds), share, best.leverage, increases or bool(np.all(np.diff(scaled) >= 0))
    )


def _speaks_against(
    pairs: Table,
    y: np.ndarray,
    t: np.ndarray,
    stretch: np.ndarray,
    weights: np.ndarray,
    fit: Lines,
    values: np.ndarray,
    increasing: np.ndarray,
) -> bool:
    """Whether the monotone curve has a larger leave-one-out error than the free one, by more than `AGAINST` standard errors of the difference."""
    step = increasing - values
    rows = np.flatnonzero(step[pairs.cell] != 0)
    cell, weight = pairs.cell[rows], weights[stretch[rows]]
    a, b = (t[rows] - pairs.centre[0]) / pairs.scale[0], (y[rows] - pairs.centre[1]) / pairs.scale[1]
    residual = b - values[cell] - fit.slope[cell] * (a - pairs.middle[cell])
    growth = np.minimum(left_out(fit.leverage[cell], weight), 1 / (1 - LARGEST_LEVERAGE) ** 2)
    terms = weight * growth * (step[cell] ** 2 - 2 * residual * step[cell])
    return float(terms.sum()) > AGAINST * float(np.sqrt(np.sum(terms**2)))
