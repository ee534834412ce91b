"""Closed forms for one world: uniform reference, exponential labels, Gaussian channel (truncated normals, error functions).

`q(y) = 1/D` and `p(y)` proportional to `exp(-rate y)` on `[a, b]`, `x = y + s e`. The balanced posterior is a normal about x cut to the support,
the imbalanced one the same about `x - rate s^2` (result `tilt`: an affine log ratio shifts), and the posterior corrected for K equal bins a mixture of the
latter over bins. Written with `log_ndtr` so that tails do not cancel. This module shares no code with
`numerics.posterior.quantities`; `numbers` integrates over x by the trapezoidal rule, which is spectrally accurate for these integrands (entire but for the
zeros of p(x), and decaying like Gaussians).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import log_ndtr

from numerics.records import Estimate

EPSILON = float(np.finfo(float).eps)
REACH = 9.5
"""Noises beyond the support that are integrated; the Gaussian tail is 2e-21 there."""


@dataclass(frozen=True)
class ExponentialWorld:
    """The world.

    Attributes:
      rate: of the exponential label density, any sign, zero for balanced labels.
      noise: s.
      low, high: the support.
    """

    rate: float
    noise: float
    low: float = 0.0
    high: float = 1.0

    @property
    def length(self) -> float:
        """D."""
        return self.high - self.low

    def log_mass(self, low: float, high: float) -> float:
        """log of the p-mass of an interval, without cancellation for any rate."""
        return _log_exponential(self.rate, low, high) - _log_exponential(self.rate, self.low, self.high)

    def log_ratio(self, y: np.ndarray) -> np.ndarray:
        """l(y) = log p(y)/q(y), shape of y."""
        return -self.rate * y - _log_exponential(self.rate, self.low, self.high) + math.log(self.length)

    def kl_labels(self) -> float:
        """KL(q_y||p_y) = log(sinh u/u), u = rate D/2: an affine log ratio attains bound (b) of result `remainder` with one bin."""
        return log_sinh_ratio(self.rate * self.length / 2)

    def remainder(self, classes: int) -> float:
        """W for equal bins: the same with d = D/K."""
        return log_sinh_ratio(self.rate * self.length / classes / 2)

    def log_q(self, x: np.ndarray) -> np.ndarray:
        """log q(x), shape of x."""
        return _log_window(x, self.noise, self.low, self.high) - math.log(self.length)

    def _shifted(self, x: np.ndarray) -> np.ndarray:
        return x - self.rate * self.noise**2

    def _log_tilt(self, x: np.ndarray) -> np.ndarray:
        """log of what is left in front when exp(-rate y) N(y; x, s^2) is completed to a square."""
        return -self.rate * x + (self.rate * self.noise) ** 2 / 2

    def log_p(self, x: np.ndarray) -> np.ndarray:
        """log p(x), shape of x."""
        window = _log_window(self._shifted(x), self.noise, self.low, self.high)
        return window + self._log_tilt(x) - _log_exponential(self.rate, self.low, self.high)

    def log_z(self, x: np.ndarray) -> np.ndarray:
        """log Z(x) = log p(x)/q(x)."""
        return self.log_p(x) - self.log_q(x)

    def f_q(self, x: np.ndarray) -> np.ndarray:
        """E_q[y|x]: the mean of a normal about x, cut to the support."""
        return _cut_mean(x, self.noise, self.low, self.high)

    def f_p(self, x: np.ndarray) -> np.ndarray:
        """E_p[y|x]: the same about x - rate s^2."""
        return _cut_mean(self._shifted(x), self.noise, self.low, self.high)

    def variance_q(self, x: np.ndarray) -> np.ndarray:
        """Var_q(y|x)."""
        return _cut_variance(x, self.noise, self.low, self.high)

    def kappa(self, x: np.ndarray) -> np.ndarray:
        """kappa(x) of result `rates` for l' = -rate: -rate [(y - f_q) q(y|x)] from end to end."""
        log_q = self.log_q(x) + math.log(self.length)
        mean = self.f_q(x)

        def end(y: float) -> np.ndarray:
            return (y - mean) * np.exp(
                -(((x - y) / self.noise) ** 2) / 2 - math.log(self.noise * math.sqrt(2 * math.pi)) - log_q
            )

        return -self.rate * (end(self.high) - end(self.low))

    def corrected(self, x: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
        """log phat(x)/q(x) and the corrected mean, for K equal bins."""
        edges = np.linspace(self.low, self.high, classes + 1)
        middle = self._shifted(x)
        parts, means = [], []
        for low, high in pairwise(edges):
            # q_c/p_c times the bin's share of p(x)
            weight = math.log((high - low) / self.length) - _log_exponential(self.rate, low, high)
            parts.append(_log_window(middle, self.noise, low, high) + self._log_tilt(x) + weight)
            means.append(_cut_mean(middle, self.noise, low, high))
        log_parts = np.stack(parts)
        top = log_parts.max(axis=0)
        shares = np.exp(log_parts - top)
        total = shares.sum(axis=0)
        return top + np.log(total) - self.log_q(x), (shares * np.stack(means)).sum(axis=0) / total


def log_sinh_ratio(u: float) -> float:
    """log(sinh u/u), even, by its series below 0.1 (six terms: the rest is below 1e-17 relative)."""
    u = abs(u)
    if u < 0.1:
        v = u * u
        return v * (1 / 6 - v * (1 / 180 - v * (1 / 2835 - v * (1 / 37800 - v * (1 / 467775 - v * 691 / 3831077250)))))
    return u + math.log(-math.expm1(-2 * u)) - math.log(2 * u)


def _log_exponential(rate: float, low: float, high: float) -> float:
    """log int exp(-rate y) dy."""
    width, middle = high - low, (high + low) / 2
    return -rate * middle + math.log(width) + log_sinh_ratio(rate * width / 2)


def _log_window(x: np.ndarray, noise: float, low: float, high: float) -> np.ndarray:
    """log (Phi((high - x)/s) - Phi((low - x)/s)), without cancellation on either side."""
    a, b = (low - x) / noise, (high - x) / noise
    # On the right of the window's middle both arguments are negative or balanced: reflect, so that the upper one is nearer to zero.
    near, far = np.where(a + b > 0, -a, b), np.where(a + b > 0, -b, a)
    gap = log_ndtr(far) - log_ndtr(near)
    return log_ndtr(near) + np.log(-np.expm1(gap))


def _hazard(x: np.ndarray, noise: float, low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """phi(a)/mass and phi(b)/mass of the window, a = (low - x)/s, b = (high - x)/s."""
    a, b = (low - x) / noise, (high - x) / noise
    log_mass = _log_window(x, noise, low, high)
    scale = math.log(2 * math.pi) / 2
    return np.exp(-a * a / 2 - scale - log_mass), np.exp(-b * b / 2 - scale - log_mass)


def _cut_mean(x: np.ndarray, noise: float, low: float, high: float) -> np.ndarray:
    """Mean of a normal about x, cut to [low, high]."""
    at_low, at_high = _hazard(x, noise, low, high)
    return x + noise * (at_low - at_high)


def _cut_variance(x: np.ndarray, noise: float, low: float, high: float) -> np.ndarray:
    """Variance of a normal about x, cut to [low, high]."""
    a, b = (low - x) / noise, (high - x) / noise
    at_low, at_high = _hazard(x, noise, low, high)
    return noise**2 * (1 + a * at_low - b * at_high - (at_low - at_high) ** 2)


def numbers(here: ExponentialWorld, classes: int) -> dict[str, Estimate]:
    """The world's numbers for K equal bins, by name as in `numerics.posterior.records`.

    The step is halved until the trapezoidal sums agree to rounding (or 2^14 points a side); the error is the last difference, a rounding term for
    logarithms of a size up to rate D + REACH^2, and the tail beyond `REACH` noises.
    """
    span = abs(here.rate) * here.length
    log_error = 32 * EPSILON * (1 + span + REACH**2 / 2)
    tail = 2e-21 * (1 + span)
    previous: dict[str, float] | None = None
    points = 64 + int(4 * (here.length / here.noise + 2 * REACH))
    while True:
        found = _sums(here, classes, points)
        if previous is not None:
            gaps = {name: abs(found[name] - previous[name]) for name in found}
            if max(gaps.values()) < log_error or points > 2**15:
                break
        previous, points = found, 2 * points
    # Means come as x plus noises times hazards: up to D + REACH noises each, good to `log_error` relative.
    unit = (here.length + REACH * here.noise) * log_error
    squares = {"squared_error_price", "balanced_risk", "corrected_squared_error"}

    def rounding(name: str, value: float) -> float:
        if name in squares:
            return unit * (2 * math.sqrt(abs(value)) + unit) + tail * here.length**2
        if name == "curvature_square":
            return (
                4 * log_error * abs(value) * (1 + here.length / here.noise)
                + tail * (here.rate * REACH * here.length / here.noise) ** 2
            )
        return log_error + tail

    integrals = {name: Estimate(value, 4 * gaps[name] + rounding(name, value)) for name, value in found.items()}
    kl, remainder = (_with_rounding(here.rate * here.length / bins / 2) for bins in (1, classes))
    return {
        "kl_labels": kl,
        "remainder": remainder,
        "kl_classes": kl - remainder,
        **integrals,
        "price": kl - integrals["kl_inputs"],
        "corrected_excess": remainder - integrals["kl_inputs_corrected"],
    }


def _with_rounding(u: float) -> Estimate:
    """log(sinh u/u): a few units of its value where its series is used, of u + 1 where logarithms cancel."""
    value = log_sinh_ratio(u)
    return Estimate(value, 8 * EPSILON * (value + 5e-324 if abs(u) < 0.1 else abs(u) + 1))


def _sums(here: ExponentialWorld, classes: int, points: int) -> dict[str, float]:
    x = np.linspace(here.low - REACH * here.noise, here.high + REACH * here.noise, points + 1)
    step = x[1] - x[0]
    q = np.exp(here.log_q(x)) * step
    mean = here.f_q(x)
    log_corrected, corrected = here.corrected(x, classes)
    return {
        "kl_inputs": float(-(q * here.log_z(x)).sum()),
        "kl_inputs_corrected": float(-(q * log_corrected).sum()),
        "squared_error_price": float((q * (here.f_p(x) - mean) ** 2).sum()),
        "balanced_risk": float((q * here.variance_q(x)).sum()),
        "corrected_squared_error": float((q * (corrected - mean) ** 2).sum()),
        "curvature_square": float((q * here.kappa(x) ** 2).sum()),
    }
