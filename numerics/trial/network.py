"""The networks: two dense layers for columns, two convolutions before one for images. Single precision, He's normal start, zeros in the last layer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp

Layer = tuple[Any, Any]
Layers = list[Layer]


def layer(key: Any, inputs: int, width: int) -> Layer:
    """He's normal start."""
    return jax.random.normal(key, (inputs, width), jnp.float32) * math.sqrt(2 / inputs), jnp.zeros(width, jnp.float32)


def last(inputs: int, outputs: int) -> Layer:
    """Zeros, so that every remedy starts from its prior."""
    return jnp.zeros((inputs, outputs), jnp.float32), jnp.zeros(outputs, jnp.float32)


@dataclass(frozen=True)
class Dense:
    """A perceptron with these hidden layers."""

    hidden: tuple[int, ...] = (128, 64)

    def start(self, key: Any, inputs: int, outputs: int) -> Layers:
        """Parameters at the start."""
        widths = (inputs, *self.hidden)
        keys = jax.random.split(key, len(self.hidden))
        body = [layer(one, a, b) for one, (a, b) in zip(keys, pairwise(widths), strict=True)]
        return [*body, last(widths[-1], outputs)]

    def __call__(self, parameters: Layers, x: Any) -> Any:
        """Outputs (n, o) at inputs (n, f)."""
        *hidden, (matrix, shift) = parameters
        for a, b in hidden:
            x = jax.nn.relu(x @ a + b)
        return x @ matrix + shift


@dataclass(frozen=True)
class Convolution:
    """Two layers of 3 x 3 filters and a mean over squares of 2 x 2, then a dense layer.

    Attributes:
      side: of the square images, whose pixels are the inputs in rows.
      filters: of both layers.
      hidden: width of the dense layer.
    """

    side: int
    filters: tuple[int, int] = (16, 32)
    hidden: int = 64

    def start(self, key: Any, inputs: int, outputs: int) -> Layers:
        """Parameters at the start; a filter is a column over the pixels under it."""
        assert inputs == self.side**2
        keys = jax.random.split(key, 3)
        first, second = self.filters
        pooled = ((self.side - 4) // 2) ** 2 * second
        body = [layer(keys[0], 9, first), layer(keys[1], 9 * first, second), layer(keys[2], pooled, self.hidden)]
        return [*body, last(self.hidden, outputs)]

    def __call__(self, parameters: Layers, x: Any) -> Any:
        """Outputs (n, o) at images (n, side * side)."""
        one, two, *dense = parameters
        maps = x.reshape(len(x), self.side, self.side, 1)
        for matrix, shift in (one, two):
            maps = jax.nn.relu(patches(maps) @ matrix + shift)
        n, height, width, channels = maps.shape
        pooled = maps.reshape(n, height // 2, 2, width // 2, 2, channels).mean((2, 4))
        return Dense((self.hidden,))(dense, pooled.reshape(n, -1))


def patches(maps: Any) -> Any:
    """(n, h, w, c) to (n, h - 2, w - 2, 9 c): what lies under each 3 x 3 filter, so that a convolution is one matrix product."""
    height, width = maps.shape[1] - 2, maps.shape[2] - 2
    return jnp.concatenate([maps[:, i : i + height, j : j + width] for i in range(3) for j in range(3)], -1)
