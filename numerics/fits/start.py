"""Where the class networks start: a least-squares fit to the sample's own log odds (Berkson's minimum logit chi-square, 1944).

From the counts alone, so that training needs a dozen steps instead of a hundred. The minimum does not depend on it: the loss is convex.
"""

from __future__ import annotations

import numpy as np

from numerics.fits.features import Family
from numerics.fits.population import curvature

BLUR = 4.0
"""Cells of x over which counts are smoothed, a quarter of the noise."""
PSEUDO_COUNT = 0.5


def log_odds(family: Family, counts: np.ndarray, ridge: float) -> np.ndarray:
    """theta that fits the smoothed log shares of the classes best, each cell weighed by the covariance of its shares.

    Args:
      counts: shape (cells, classes).
      ridge: added to the normal equations.
    """
    reach = np.arange(-int(3 * BLUR), int(3 * BLUR) + 1)
    kernel = np.exp(-0.5 * (reach / BLUR) ** 2)
    smooth = np.stack([np.convolve(column, kernel, mode="same") for column in counts.T], axis=1)
    smooth = smooth + PSEUDO_COUNT * counts.sum(axis=0) / counts.sum()
    share = smooth / smooth.sum(axis=1, keepdims=True)
    inputs = counts.sum(axis=1) / counts.sum()
    _, normal = curvature(family, inputs, share)
    value = share * np.log(share)
    mean = value.sum(axis=1, keepdims=True)
    target = value - share * mean
    weighted = family.hidden * inputs[:, None]
    right = np.concatenate([inputs @ (target @ family.bias), (weighted.T @ (target @ family.output)).ravel()])
    return np.linalg.solve(normal + ridge * np.eye(len(right)), right)
