"""The engine: a group of models of one shape trained at once, as one compiled loop.

The program sees a fixed number of models (`group_size`), so that a model's result does not depend on how many others a chunk has; groups go
to the devices in turn. Models of a group may have different numbers of samples: each keeps its own epoch, and one that is done takes steps of
length zero until the last is.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from numerics.study.model import Batch, Parameters, Terms, decoded, features, gradients, regression
from numerics.study.order import shuffled
from numerics.study.softmax import rows

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


class Samples(NamedTuple):
    """Training thirds of g models, padded to one length n.

    Attributes:
      x: (g, n, f).
      y: (g, n).
      weight: (g, n) squared-error weights, or None for ones.
      label: (g, n) int32, or None without classes.
      size: (g,) int32, samples before the padding.
      seed: (g,) uint32, of the batch order.
    """

    x: jax.Array
    y: jax.Array
    weight: jax.Array | None
    label: jax.Array | None
    size: jax.Array
    seed: jax.Array


class Rates(NamedTuple):
    """Learning rate (g,) and L2 decay (g,), the latter added to the gradient of all parameters."""

    learning_rate: jax.Array
    decay: jax.Array


def group_size(platform: str) -> int:
    """Models in one program: five amortise the cost of launching a kernel on a processor and stay in its caches; a GPU wants them all."""
    return 5 if platform == "cpu" else 50


def scaled(factor: jax.Array, value: jax.Array) -> jax.Array:
    """One factor for each model."""
    return factor.reshape(-1, *(1,) * (value.ndim - 1)) * value


@functools.partial(jax.jit, static_argnames=("optimizer", "batch"))
def train(
    parameters: Parameters,
    samples: Samples,
    terms: Terms,
    rates: Rates,
    epochs: jax.Array,
    *,
    optimizer: str = "adam",
    batch: int = 256,
) -> tuple[Parameters, jax.Array, jax.Array]:
    """Trains g models.

    Args:
      parameters: at the start.
      epochs: int32, passes over the samples.
      optimizer: adam (no weight-decay decoupling), or sgd (plain, no momentum).
      batch: samples a step; the last partial batch of an epoch is dropped.

    Returns:
      parameters at the end, and the means over the last epoch of squared error (weighted as in the loss) and cross-entropy, (g,) each.
    """
    dtype = samples.y.dtype
    batches = samples.size // batch
    total = batches * epochs
    lanes = jnp.arange(batch, dtype=jnp.uint32)
    size = samples.size.astype(jnp.uint32)

    def step(t: jax.Array, state: Any) -> Any:
        parameters, first, second, sums = state
        epoch = t // batches
        place = (t - epoch * batches).astype(jnp.uint32)
        index = shuffled(samples.seed, epoch.astype(jnp.uint32), place[:, None] * jnp.uint32(batch) + lanes, size)
        x = rows(samples.x[:, :, 0], index)[:, None, :] if samples.x.shape[2] == 1 else rows(samples.x, index).mT
        optional = [None if values is None else rows(values, index) for values in (samples.weight, samples.label)]
        gradient, squared, entropy = gradients(parameters, Batch(x, rows(samples.y, index), *optional), terms)

        # A model that is done stands still: its step has length zero.
        rate = jnp.where(t < total, rates.learning_rate, 0)
        gradient = jax.tree.map(lambda g, p: g + scaled(rates.decay, p), gradient, parameters)
        if optimizer == "adam":
            count = (t + 1).astype(dtype)
            scale1, scale2 = 1 / (1 - BETA1**count), 1 / (1 - BETA2**count)
            first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradient)
            second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * (g * g), second, gradient)
            move = jax.tree.map(lambda m, v: (m * scale1) / (jnp.sqrt(v * scale2) + EPSILON), first, second)
        elif optimizer == "sgd":
            move = gradient
        else:
            raise ValueError(f"no optimizer {optimizer}")
        parameters = jax.tree.map(lambda p, d: p - scaled(rate, d), parameters, move)
        last = (t < total) & (t >= total - batches)
        sums = jax.tree.map(lambda s, value: s + jnp.where(last, value, 0), sums, (squared, entropy))
        return parameters, first, second, sums

    zeros = jax.tree.map(jnp.zeros_like, parameters)
    none = jnp.zeros(samples.size.shape, dtype)
    start = (parameters, zeros, zeros, (none, none))
    parameters, _, _, sums = lax.fori_loop(jnp.int32(0), total.max(), step, start)
    squared, entropy = jax.tree.map(lambda s: s / batches, sums)
    return parameters, squared, entropy


@jax.jit
def predict(
    parameters: Parameters, x: jax.Array, log_prior: jax.Array | None = None, centres: jax.Array | None = None
) -> jax.Array:
    """Predictions of g models.

    Args:
      x: (g, n, f), n a multiple of 256.
      log_prior, centres: (g, K) each for the soft decoding of the class head; without them the regression head predicts.

    Returns:
      (g, n).
    """
    g, n, f = x.shape
    blocks = jnp.moveaxis(x.reshape(g, n // 256, 256, f), (1, 3), (0, 2))

    def block(x: jax.Array) -> jax.Array:
        h = features(parameters, x)[-1]
        if log_prior is None or centres is None:
            return regression(parameters, h)
        return decoded(parameters, h, log_prior, centres)

    return jnp.moveaxis(lax.map(block, blocks), 0, 1).reshape(g, n)
