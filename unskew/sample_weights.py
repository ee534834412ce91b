"""Weights of training labels for a weighted loss: the remedies that people reach for first.

Each function takes the training labels `y` (n,) and gives weights (n,) with mean one. Weights move the optimum of a loss from the training law to
the target as `1/r` does, and cost variance: compare `unskew.LabelShift.effective_sample_size`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.ndimage import convolve1d, gaussian_filter1d

from unskew.ground.refusals import InputError
from unskew.label_files.column import column_of
from unskew.shift import LabelShift

GRID = 4096
"""Cells of the density estimate in `dense`."""

Array = np.ndarray


def inverse(y: Any, shift: LabelShift) -> Array:
    """`1/r`, `r = p/q`: under them a loss has the expectation that it has under the target law (result *predictions*)."""
    return normalised(shift.weights(labels(y)))


def root(y: Any, shift: LabelShift) -> Array:
    """`r^(-1/2)`: half way in the exponent, with much less variance."""
    return normalised(np.sqrt(shift.weights(labels(y))))


def smoothed(y: Any, *, bins: int = 100, window: int = 5, spread: float = 2.0, square_root: bool = False) -> Array:
    """Label distribution smoothing (LDS): one over the label counts, smoothed by a Gaussian window over neighbouring bins.

    Args:
      bins: of equal width over the range of y. In the source: one year of age.
      window: bins in the window, odd.
      spread: standard deviation of the window in bins.
      square_root: roots of the counts are smoothed, as the source does for its "square-root inverse" weights.

    Raises:
      InputError: labels are not (n,) and finite, or all equal; the window is even or has no spread.

    Source: Yang et al., Delving into deep imbalanced regression, ICML 2021.
    """
    y = labels(y)
    if window < 1 or window % 2 == 0 or not spread > 0 or bins < 1:
        raise InputError(f"bins {bins}, window {window}, spread {spread}", "give an odd window, the others positive")
    low, high = float(y.min()), float(y.max())
    place = np.minimum(((y - low) / (high - low) * bins).astype(np.int64), bins - 1)
    counts = np.bincount(place, minlength=bins).astype(float)
    offsets = np.arange(window) - window // 2
    kernel = np.exp(-((offsets / spread) ** 2) / 2)
    effective = convolve1d(np.sqrt(counts) if square_root else counts, kernel, mode="constant")
    return normalised(1 / effective[place])


def dense(y: Any, *, alpha: float = 1.0, least: float = 1e-6) -> Array:
    """DenseWeight: `max(1 - alpha p', least)` with `p'` a kernel estimate of the label density, scaled to run from 0 to 1.

    The estimate has normal kernels of Silverman's width `1.06 s n^(-1/5)` on a grid of 4,096 cells.

    Args:
      alpha: 0 leaves all weights equal; at 1 the commonest label has the weight `least`.
      least: before weights are scaled to mean one.

    Raises:
      InputError: labels are not (n,) and finite, or all equal; alpha is negative or least is not positive.

    Source: Steininger et al., Density-based weighting for imbalanced regression, Machine Learning 110 (2021).
    """
    y = labels(y)
    if not (np.isfinite(alpha) and alpha >= 0 and np.isfinite(least) and least > 0):
        raise InputError(f"alpha {alpha}, least {least}", "give alpha from 0 up and a positive least weight")
    density = kernel_density(y)
    scaled = (density - density.min()) / (density.max() - density.min()) if np.ptp(density) > 0 else 0 * density
    return normalised(np.maximum(1 - alpha * scaled, least))


def kernel_density(y: Array) -> Array:
    """A normal kernel estimate of the density at its own points, (n,) to (n,), by counts on a grid."""
    width = 1.06 * float(y.std(ddof=1)) * len(y) ** -0.2
    low, high = float(y.min()) - 4 * width, float(y.max()) + 4 * width
    counts, edges = np.histogram(y, GRID, (low, high))
    cell = (high - low) / GRID
    density = gaussian_filter1d(counts.astype(float), width / cell, mode="constant", truncate=8) / (len(y) * cell)
    return np.interp(y, (edges[1:] + edges[:-1]) / 2, density)


def labels(y: Any) -> Array:
    """Labels as doubles.

    Raises:
      InputError: they are not (n,), finite and of at least two values.
    """
    values = column_of(y, "labels").cells
    if not np.isfinite(values).all():
        raise InputError("infinite labels", "leave those rows out")
    if not len(values) or values.min() == values.max():
        raise InputError("all labels are equal", "there is nothing to weigh")
    return values


def normalised(weights: Array) -> Array:
    """Weights scaled to mean one."""
    return weights / weights.mean()
