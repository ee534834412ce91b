"""Scores of predictions, and intervals over splits that share rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

STRETCHES = 20
LEVEL = 0.05

Array = np.ndarray


@dataclass(frozen=True)
class Interval:
    """A mean over splits with its 95 % interval; ends are NaN where there are fewer than two splits."""

    value: float
    low: float
    high: float


def stretches(y: Array, low: float, high: float) -> Array:
    """The stretch of each label among 20 of equal width; a billionth of leeway, since labels given in steps lie on edges."""
    place = np.floor((y - low) / (high - low) * STRETCHES + 1e-9).astype(np.int64)
    return np.clip(place, 0, STRETCHES - 1)


def balanced(error: Array, place: Array) -> Array:
    """Mean over the stretches that have rows of the mean error in each: (..., n) and (n,) to (...)."""
    weight = 1.0 / np.bincount(place, minlength=STRETCHES)[place]
    return error @ (weight / weight.sum())


def resampled(values: Array, tested: int, trained: int) -> Interval:
    """The mean of a score over random splits of the same rows.

    Splits share rows, so their spread alone is too small: the variance of the mean is `(1/J + tested/trained) s^2`, with Student's law of J - 1 degrees.

    Args:
      values: (J,), one a split.
      tested, trained: rows of each split.

    Source: Nadeau and Bengio, Inference for the generalization error, Machine Learning 52 (2003).
    """
    count = len(values)
    mean = float(values.mean())
    if count < 2:
        return Interval(mean, math.nan, math.nan)
    error = float(values.std(ddof=1)) * math.sqrt(1 / count + tested / trained)
    half = float(stdtrit(count - 1, 1 - LEVEL / 2)) * error
    return Interval(mean, mean - half, mean + half)
