"""What label imbalance costs a fitted model, and what a correction buys: in the unit of the score, under the target's label law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unskew import smoother
from unskew.fit import Fit, Pairs, maps, pairs_for
from unskew.ground.refusals import InputError
from unskew.intervals import LEAST, Balanced, Estimate, Losses, balanced
from unskew.label_files.column import column_of
from unskew.prior import PriorCorrection, medians, rows_of
from unskew.recalibration import Recalibration, of_maps, pairs_of
from unskew.shift import LabelShift

REFITS = 100
"""Of `intervals.RESAMPLES`, which it divides."""


@dataclass(frozen=True)
class Price:
    """Errors averaged over the stretches of the label as the target weighs them; predicted for new rows, sampling variance of the fit included.

    Attributes:
      before: of the model as it is, squared label units; label units for absolute error.
      after: of the corrected predictions.
      saving: before less after.
      saving_share: the same as a share of before.
      cost: what imbalance alone costs: the error of the best uncorrected map `g_p` of the prediction less that of `g_q` (with probabilities: of their mean
        less that of the corrected mean, or of the medians).
      cost_share: the same as a share of the uncorrected map's error.
      unknown: numbers of the stretches with fewer than ten held-out labels, which count only together with their neighbours.
      rows: held-out rows.
      balanced: the means behind these numbers, in the order model, corrected, uncorrected, then what else was asked for.
      recalibration: the fitted maps; None with probabilities.
    """

    before: Estimate
    after: Estimate
    saving: Estimate
    saving_share: Estimate
    cost: Estimate
    cost_share: Estimate
    unknown: tuple[int, ...]
    rows: int
    balanced: Balanced
    recalibration: Recalibration | None


def price(
    shift: LabelShift,
    y_val: Any,
    predictions: Any = None,
    *,
    probabilities: Any = None,
    edges: Any = None,
    monotone: bool | None = None,
    score: str = "squared",
    seed: int = 0,
) -> Price:
    """What imbalance costs this model.

    Args:
      shift: training labels and target.
      y_val: labels of held-out rows, (n,).
      predictions: of the same rows, (n,); or
      probabilities, edges: class probabilities (n, K) and class edges (K + 1,).
      monotone, score: see `unskew.Recalibrator`.
      seed: of the bootstrap.

    Raises:
      InputError: rows that do not fit together or cannot be used, or no stretch with enough of them.

    Source: results `recalibration`, `predictions`, `absolute_error`.
    """
    if (predictions is None) == (probabilities is None):
        raise InputError("predictions and probabilities", "give one of them")
    if probabilities is not None:
        correction = PriorCorrection(shift, edges)
        matrix = rows_of(probabilities, correction.edges)
        y = labels_for(y_val, len(matrix))
        means = (correction.decode(matrix), correction.mean(matrix))
        middles = (medians(matrix, correction.edges), correction.median(matrix))
        pairs = pairs_for(shift, y, means[0], score)
        plain, corrected = means if score == "squared" else middles

        def losses(rows: slice) -> list[np.ndarray]:
            before, after = pairs.loss(y[rows] - plain[rows]), pairs.loss(y[rows] - corrected[rows])
            return [before, after, before]

        return summary(shift, losses, 3, pairs.stretch, seed, None)
    pairs = pairs_for(shift, *pairs_of(y_val, predictions), score)
    fits = maps(pairs, monotone)
    return summary(
        shift, of_fits(fits, pairs), 3, pairs.stretch, seed, of_maps(fits, pairs.t), refits(fits, pairs, seed)
    )


def refits(fits: Sequence[Fit], pairs: Pairs, seed: int) -> np.ndarray:
    """By how much refits to resampled held-out rows and training labels err more than each fit, less the mean of that; (1 + fits, REFITS), first the model
    as it is, which owes them nothing.

    How an error changes to first order with the fit shows in the rows that measure it; this is the second order, which does not.
    """
    random = np.random.default_rng(seed + 1)
    shift, table = pairs.shift, pairs.table
    entries = table.moments[0]
    rows = int(entries.sum())
    counts = random.multinomial(rows, entries.ravel() / rows, size=REFITS).reshape(REFITS, *entries.shape)
    p = random.multinomial(shift.n, shift.p, size=REFITS) / shift.n
    worth = entries @ shift.inverse / float((entries @ shift.inverse).sum())
    changes = np.zeros((1 + len(fits), REFITS))
    for number, fit in enumerate(fits, 1):
        if fit.residuals is None and pairs.score == "absolute":
            # A curve of means is not the best for absolute error: to second order a refit may go either way.
            continue
        if fit.residuals is None:
            values = smoother.refitted(table, fit.weights(shift.q, p), counts, fit.mean.share)
            values = np.where(np.isfinite(values), values, fit.mean.values)
            more = (np.clip(values, *pairs.bounds) - fit.mean.values) ** 2
        else:
            more = fit.residuals.refitted(table.position, fit.curve.share, REFITS, random)
        moved = more @ worth
        changes[number] = moved - moved.mean()
    return changes


def of_fits(fits: Sequence[Fit], pairs: Pairs) -> Losses:
    """The error of the predictions themselves, then of each fit at rows that it had no part in."""
    weights = [fit.weights(pairs.shift.q, pairs.shift.p) for fit in fits]

    def losses(rows: slice) -> list[np.ndarray]:
        where, labels, number = smoother.between(pairs.table, pairs.t, rows), pairs.y[rows], pairs.stretch[rows]
        columns = [pairs.loss(labels - pairs.t[rows])]
        for fit, worth in zip(fits, weights, strict=True):
            columns.append(pairs.loss(fit.left_out(where, rows, labels, worth[number])))
        return columns

    return losses


def summary(
    shift: LabelShift,
    losses: Losses,
    columns: int,
    stretch: np.ndarray,
    seed: int,
    recalibration: Recalibration | None,
    changes: np.ndarray | None = None,
) -> Price:
    """The price from losses of the model, of the corrected and of the uncorrected map (and further ones)."""
    rows = int(np.count_nonzero((shift.q > 0)[stretch]))
    if rows < LEAST:
        raise InputError(f"{rows} held-out rows where the target has mass", f"hold out at least {LEAST}")
    means = balanced(losses, columns, stretch, shift.q, shift.inverse, seed)
    if changes is not None:
        means = means.shifted(changes)
    return Price(
        before=means.estimate(lambda m: m[0]),
        after=means.estimate(lambda m: m[1]),
        saving=means.estimate(lambda m: m[0] - m[1]),
        saving_share=means.estimate(lambda m: share(m[0] - m[1], m[0])),
        cost=means.estimate(lambda m: m[2] - m[1]),
        cost_share=means.estimate(lambda m: share(m[2] - m[1], m[2])),
        unknown=means.unknown,
        rows=len(stretch),
        balanced=means,
        recalibration=recalibration,
    )


def share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """A quotient that is 0 where the whole is."""
    return np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)


def labels_for(y: Any, rows: int) -> np.ndarray:
    """Labels for so many rows."""
    labels = column_of(y, "labels").cells
    if len(labels) != rows:
        raise InputError(f"{len(labels)} labels and {rows} rows of probabilities", "give one row for each label")
    if not np.isfinite(labels).all():
        raise InputError("infinite labels", "take them out")
    return labels
