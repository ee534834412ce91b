"""Balanced means over stretches, and intervals over splits that share rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr, stdtrit

LEVEL = 0.05

Array = np.ndarray


@dataclass(frozen=True)
class Interval:
    """A mean over splits with its 95 % interval and the two-sided p-value of zero; NaN but for the mean where there are fewer than two splits."""

    value: float
    low: float
    high: float
    p: float


def balanced(error: Array, stretch: Array, q: Array) -> float:
    """The mean of errors (n,) in each stretch (n,), averaged with the target's masses q (S,) over the stretches that have rows."""
    held = np.bincount(stretch, minlength=len(q))
    weight = np.divide(q, held, out=np.zeros(len(q)), where=held > 0)[stretch]
    return float(error @ weight / weight.sum())


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
        return Interval(mean, math.nan, math.nan, math.nan)
    error = float(values.std(ddof=1)) * math.sqrt(1 / count + tested / trained)
    half = float(stdtrit(count - 1, 1 - LEVEL / 2)) * error
    p = 2 * float(stdtr(count - 1, -abs(mean) / error)) if error > 0 else float(mean == 0)
    return Interval(mean, mean - half, mean + half, p)
