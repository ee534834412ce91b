"""From scores of fits to numbers with intervals: the half-samples jackknife, and Student's t over repetitions.

A model trained on n pairs scores `predicted + c/n + O(1/n^2)` on average. With the scores of the same sample's halves, `2 m_n - mean(m_{n/2})` has no
1/n term. What is left over, relative to the bias, is 5/(3 lambda) for a cell that expects lambda draws: by E log X = log lambda - 1/(2 lambda) -
5/(12 lambda^2) for Poisson X, `2 m_n - m_{n/2}` keeps -5/(6 lambda^2) of a bias of 1/(2 lambda). The rarest cell of the family bounds the ratio.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from numerics.fits.fitted_numbers import Fitted
from numerics.records import Estimate

LEVEL = 0.01
"""Chance that a run with every statement true rejects any of its fitted checks, before Bonferroni."""


def jackknife(full: np.ndarray, halves: np.ndarray) -> tuple[np.ndarray, float]:
    """Values free of 1/n bias, shape (seeds,), and the mean bias that was removed.

    Args:
      full: scores on n pairs, shape (seeds,).
      halves: scores on each half, shape (2, seeds).
    """
    bias = halves.mean(axis=0) - full
    return full - bias, float(bias.mean())


def fitted(
    name: str,
    classes: int | None,
    full: np.ndarray,
    halves: np.ndarray,
    predicted: float,
    exact: float,
    *,
    rarest: float,
    draws: int,
    optimisation: float = 0.0,
) -> Fitted:
    """One quantity from its scores; `rarest` is the least expected count of a cell of the family."""
    values, bias = jackknife(full, halves)
    return Fitted(
        name,
        tuple(values.tolist()),
        float(predicted),
        float(exact),
        classes,
        tuple((values - predicted).tolist()),
        bias,
        optimisation,
        abs(bias) * 5 / (3 * rarest),
        draws,
    )


def paired(name: str, classes: int | None, values: Sequence[float], predictions: Sequence[float], draws: int) -> Fitted:
    """One quantity whose prediction depends on the repetition; unbiased, so nothing is removed."""
    differences = tuple(value - own for value, own in zip(values, predictions, strict=True))
    predicted = float(np.mean(predictions))
    return Fitted(name, tuple(values), predicted, float("nan"), classes, differences, draws=draws)


def quantile(seeds: int, checks: int, level: float = LEVEL) -> float:
    """Student's t for a two-sided interval on `seeds` values at the level shared among `checks` checks (Bonferroni)."""
    from scipy.special import stdtrit

    return float(stdtrit(seeds - 1, 1 - level / (2 * max(checks, 1))))


def interval(entry: Fitted, checks: int, level: float = LEVEL) -> Estimate:
    """The mean over repetitions as an estimate: t times the standard error, and what optimisation and the jackknife leave.

    Args:
      checks: number of fitted checks of the run.
    """
    error = quantile(len(entry.values), checks, level) * entry.standard_error
    return Estimate(entry.mean, error + entry.optimisation + entry.remainder)
