"""Correction by classes away from the ends of Y: an affine log ratio, Gaussian noise, bins without end in both directions.

The balanced posterior is N(x, s^2), the log ratio of the corrected model within bins a sawtooth of height L d, the same for every bin; so everything is
periodic in x, and means over one period of equally spaced inputs converge spectrally. Lengths are in units of d. The price is exactly
(L s)^2/2 in nats and (L s^2)^2 in squared label units (result `tilt`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from numerics import quadrature
from numerics.corrected import gap
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Estimate

REACH = 9.0
"""Noises on either side of x that are integrated; beyond lies 2e-19 of the mass."""
ORDERS = (14, 10)


@dataclass(frozen=True)
class Ratios:
    """Corrected cost over price: `log_loss` (excess over price) and `squared_error`."""

    log_loss: Estimate
    squared_error: Estimate


@dataclass(frozen=True)
class _Rule:
    """Posterior masses (inputs, nodes) of one order, y, and y within its bin from the bin's middle."""

    posterior: np.ndarray
    away: np.ndarray
    saw: np.ndarray


@lru_cache(maxsize=64)
def _rules(width: float) -> tuple[_Rule, ...]:
    s = 1 / width
    low, high = math.floor(-REACH * s), math.ceil(1 + REACH * s)
    edges = quadrature.split([float(edge) for edge in range(low, high + 1)], s)
    made = []
    for order, phases in zip(ORDERS, (8 * math.ceil(2 + width), 6 * math.ceil(2 + width)), strict=True):
        y, weight = (part.ravel() for part in quadrature.composite(edges, order))
        x = (np.arange(phases) + 0.5) / phases
        away = y[None, :] - x[:, None]
        joint = weight * np.exp(-((away / s) ** 2) / 2)
        made.append(_Rule(joint / joint.sum(axis=1, keepdims=True), away, y - np.floor(y) - 0.5))
    return tuple(made)


def ratios(width: float, height: float) -> Ratios:
    """Both ratios by quadrature.

    Args:
      width: d/s.
      height: L d, at least 1e-3 so that nothing is lost to rounding.
    """
    s = 1 / width
    log_loss, squares = [], []
    for rule in _rules(width):
        t = height * rule.saw
        mean = rule.posterior @ t
        excess = np.log1p((rule.posterior * gap(t[None, :] - mean[:, None])).sum(axis=1)).mean()
        tilted = rule.posterior * np.expm1(t)
        shift = (rule.away * tilted).sum(axis=1) / (1 + tilted.sum(axis=1))
        log_loss.append(float(excess) / ((height * s) ** 2 / 2))
        squares.append(float((shift**2).mean()) / (height * s**2) ** 2)
    # Shifts are sums of terms of size s L d, good to some units; over the price's L s^2 that is d/s units of rounding.
    unit = ROUNDING * EPSILON / s
    return Ratios(
        _estimate(log_loss, ROUNDING * EPSILON * (log_loss[0] + 1 / height)),
        _estimate(squares, 2 * unit * math.sqrt(squares[0]) + unit**2),
    )


def _estimate(found: Sequence[float], rounding: float) -> Estimate:
    return Estimate(found[0], SAFETY * abs(found[0] - found[1]) + rounding)
