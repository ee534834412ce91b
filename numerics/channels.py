"""The channel k(x|y): x = y + noise, the same in both worlds (label shift).

Each is a location family, so a `Channel` is a name and a scale. `student` has 3 degrees of freedom (heavy tails, variance 3 s^2); `noise`
is the scale parameter s of every family, not its standard deviation (which is s, s pi/sqrt 3 and s sqrt 3).

`jax` is imported only where a sample is drawn or traced arrays come in: the argument parser reads `NAMES`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from unskew.ground.refusals import InputError

NAMES: tuple[str, ...] = ("gaussian", "logistic", "student")
DEGREES_OF_FREEDOM = 3


def _namespace(value: Any) -> Any:
    """numpy for plain arrays and numbers, `jax.numpy` for everything JAX traces."""
    if isinstance(value, np.ndarray | np.generic | float | int):
        return np
    import jax.numpy

    return jax.numpy


def log_density(name: str, noise: Any, x: Any, y: Any) -> Any:
    """log k(x|y), elementwise (broadcasting), in nats; `noise` may be traced."""
    t = (x - y) / noise
    xp = _namespace(t)
    if name == "gaussian":
        return -t * t / 2 - xp.log(noise * math.sqrt(2 * math.pi))
    if name == "logistic":
        # Even in t; written with |t| so that exp never overflows.
        size = xp.abs(t)
        return -size - 2 * xp.log1p(xp.exp(-size)) - xp.log(noise * 1.0)
    if name == "student":
        # Gamma(2)/(sqrt(3 pi) Gamma(3/2)) = 2/(pi sqrt 3)
        return math.log(2 / (math.pi * math.sqrt(3))) - 2 * xp.log1p(t * t / 3) - xp.log(noise * 1.0)
    raise InputError(f"unknown channel '{name}'", f"choose one of {', '.join(NAMES)}")


def log_density_slope(name: str, noise: Any, x: Any, y: Any) -> Any:
    """d/dy log k(x|y), elementwise."""
    t = (x - y) / noise
    xp = _namespace(t)
    if name == "gaussian":
        return t / noise
    if name == "logistic":
        return xp.tanh(t / 2) / noise
    return 4 * t / (3 + t * t) / noise


@dataclass(frozen=True)
class Channel:
    """x = y + noise * e, with e of the named family.

    Attributes:
      name: one of `NAMES`.
      noise: the scale parameter s, in the labels' unit.

    Raises:
      InputError: unknown name, or a noise that is not positive and finite.
    """

    name: str
    noise: float

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise InputError(f"unknown channel '{self.name}'", f"choose one of {', '.join(NAMES)}")
        if not (math.isfinite(self.noise) and self.noise > 0):
            raise InputError(f"noise {self.noise} is not a positive number", "give a positive scale, such as 0.1")

    @property
    def exact_noise(self) -> Fraction:
        """The noise as the rational that its shortest decimal names: 0.1 is 1/10, for certificates."""
        return Fraction(repr(float(self.noise)))

    def log_density(self, x: Any, y: Any) -> Any:
        """log k(x|y), elementwise."""
        return log_density(self.name, float(self.noise), x, y)

    def slope(self, x: Any, y: Any) -> Any:
        """d/dy log k(x|y), elementwise."""
        return log_density_slope(self.name, float(self.noise), x, y)

    def reach(self, tail: float) -> float:
        """A distance t with P(|x - y| > t) <= tail, by a closed-form bound of each tail.

        Gaussian: P(|e| > t) <= exp(-t^2/2). Logistic: 2/(1 + e^t) <= 2 e^-t. Student, 3 degrees of freedom:
        the density is below (6 sqrt 3/pi) u^-4, hence P(|e| > t) <= 4 sqrt 3/(pi t^3).
        """
        if self.name == "gaussian":
            return self.noise * math.sqrt(2 * math.log(1 / tail))
        if self.name == "logistic":
            return self.noise * math.log(2 / tail)
        return self.noise * (4 * math.sqrt(3) / (math.pi * tail)) ** (1 / 3)

    def sample(self, key: Any, y: Any) -> Any:
        """One x for each y (any shape), in y's dtype, from an explicit key."""
        import jax

        y = jax.numpy.asarray(y)
        if self.name == "gaussian":
            error = jax.random.normal(key, y.shape, y.dtype)
        elif self.name == "logistic":
            error = jax.random.logistic(key, y.shape, y.dtype)
        else:
            error = jax.random.t(key, DEGREES_OF_FREEDOM, y.shape, y.dtype)
        return y + jax.numpy.asarray(self.noise, y.dtype) * error
