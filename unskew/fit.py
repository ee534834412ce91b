"""A regression of the label on the prediction for one score, and its residuals at rows that it had no part in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unskew import medians, smoother
from unskew.ground.refusals import InputError
from unskew.medians import Median, Residuals
from unskew.shift import LabelShift
from unskew.smoother import Between, Curve, Table

SCORES = ("squared", "absolute")
"""Squared error asks for the mean of the label, absolute error for its median."""


@dataclass(frozen=True)
class Pairs:
    """Held-out pairs and what every fit to them shares.

    Attributes:
      shift: training labels and target.
      y, t, stretch: labels, predictions and the stretch of each label, (n,).
      table: the pairs, counted.
      score: one of `SCORES`.
    """

    shift: LabelShift
    y: np.ndarray
    t: np.ndarray
    stretch: np.ndarray
    table: Table
    score: str

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and largest label."""
        return float(self.shift.edges[0]), float(self.shift.edges[-1])

    def loss(self, residual: np.ndarray) -> np.ndarray:
        """The score of residuals."""
        return residual**2 if self.score == "squared" else np.abs(residual)


def pairs_for(shift: LabelShift, y: np.ndarray, t: np.ndarray, score: str) -> Pairs:
    """Counts held-out pairs.

    Raises:
      InputError: a score that there is none of.
    """
    if score not in SCORES:
        raise InputError(f"score {score!r}", f"use one of {', '.join(SCORES)}")
    stretch = shift.stretch_of(y)
    return Pairs(shift, y, t, stretch, smoother.table(y, t, stretch, shift.inverse), score)


@dataclass(frozen=True)
class Fit:
    """A fitted map.

    Attributes:
      mean: the curve of means.
      classes: the class of each stretch, (S,), whose ratio of masses weighed the rows: one class is no correction, as many as stretches the full one.
      bounds: least and largest label, which no curve leaves.
      residuals, median: for absolute error, else None.
    """

    mean: Curve
    classes: np.ndarray
    bounds: tuple[float, float]
    residuals: Residuals | None = None
    median: Median | None = None

    @property
    def curve(self) -> Curve:
        """What is applied to predictions."""
        return self.mean if self.median is None else self.median.curve

    def weights(self, q: np.ndarray, p: np.ndarray) -> np.ndarray:
        """`q_c/p_c` of each stretch, (..., S), for masses q (S,) and p (..., S); 0 where the class has no training labels."""
        return class_weights(self.classes, q, p)

    def left_out(self, where: Between, rows: slice, labels: np.ndarray, worth: np.ndarray) -> np.ndarray:
        """Residuals at some rows, each of a fit without it: exact for means, without its fold for medians.

        Args:
          where: the rows between the knots.
          worth: weight of each row, (n,).
        """
        own = np.minimum(self.mean.leverage[where.cell] * worth, smoother.LARGEST_LEVERAGE)
        prediction = labels - (labels - where.value(self.mean)) / (1 - own)
        # A curve that lacks a row far from all others stays within the labels, as every curve does; its straight line would not.
        residual = labels - np.clip(prediction, *self.bounds)
        return residual if self.median is None else residual - self.median.left_out(where, rows)


def class_weights(classes: np.ndarray, q: np.ndarray, p: np.ndarray) -> np.ndarray:
    """See `Fit.weights`."""
    member = (classes[:, None] == np.arange(classes.max() + 1)).astype(float)
    mass = p @ member
    return np.divide(q @ member, mass, out=np.zeros(mass.shape), where=mass > 0) @ member.T


def fit(pairs: Pairs, classes: np.ndarray, monotone: bool | None = None) -> Fit:
    """The best map for the score, rows weighed by the ratio of masses of their class.

    Args:
      classes: of each stretch, (S,).
      monotone: see `unskew.Recalibrator`.
    """
    weights = class_weights(classes, pairs.shift.q, pairs.shift.p)
    mean = smoother.curve(pairs.table, pairs.y, pairs.t, pairs.stretch, weights, pairs.bounds, monotone)
    if pairs.score == "squared":
        return Fit(mean, classes, pairs.bounds)
    residuals = medians.residuals(pairs.table, pairs.y, pairs.t, weights[pairs.stretch], mean)
    return Fit(mean, classes, pairs.bounds, residuals, medians.median(pairs.table, residuals, mean, pairs.bounds))


def maps(pairs: Pairs, monotone: bool | None = None) -> tuple[Fit, Fit]:
    """The corrected map and the one without the correction."""
    stretches = pairs.shift.stretches
    return fit(pairs, np.arange(stretches), monotone), fit(pairs, np.zeros(stretches, np.int64), monotone)
