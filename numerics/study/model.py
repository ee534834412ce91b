"""The multilayer perceptron with a regression head and a class head: parameters, prediction, losses with gradients by hand.

Every array has the models of a group on its first axis and the batch on its last, so that all products are batched matrix products with the
batch as the long side. A layer is one matrix with its bias as last column; features carry a last row of ones.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from numerics.study.softmax import cross_entropy, product
from numerics.study.streams import stream


class Parameters(NamedTuple):
    """Parameters of g models.

    Attributes:
      hidden: one (g, outputs, inputs + 1) matrix a layer, bias last.
      out: (g, inputs + 1) the regression head.
      head: (g, K, inputs + 1) the class head; K = 0 where there is none.
    """

    hidden: tuple[jax.Array, ...]
    out: jax.Array
    head: jax.Array


class Batch(NamedTuple):
    """x (g, f, b), y (g, b), squared-error weights (g, b) or None for ones, class labels (g, b) or None."""

    x: jax.Array
    y: jax.Array
    weight: jax.Array | None
    label: jax.Array | None


class Terms(NamedTuple):
    """What an arm's loss is made of, one number a model: weights (g,) of squared error and of cross-entropy, offsets (g, K) of the logits."""

    squared: jax.Array
    classes: jax.Array
    offset: jax.Array


def initial(function: int, data_seed: int, inputs: int, hidden: tuple[int, ...], classes: int) -> list[np.ndarray]:
    """Xavier-uniform weights and zero biases of one model in float64: hidden layers, regression head, class head.

    The shared layers and the regression head depend on the function and the seed alone, never on the arm or on K.
    """

    def layer(generator: np.random.Generator, outputs: int, fan_in: int) -> np.ndarray:
        bound = np.sqrt(6 / (fan_in + outputs))
        return np.concatenate([generator.uniform(-bound, bound, (outputs, fan_in)), np.zeros((outputs, 1))], 1)

    shared = stream("weights", function, data_seed)
    widths = (inputs, *hidden)
    layers = [layer(shared, outputs, fan_in) for fan_in, outputs in pairwise(widths)]
    layers.append(layer(shared, 1, widths[-1])[0])
    if classes:
        layers.append(layer(stream("head", function, data_seed, classes), classes, widths[-1]))
    else:
        layers.append(np.zeros((0, widths[-1] + 1)))
    return layers


def with_ones(h: jax.Array) -> jax.Array:
    """The features with a last row of ones."""
    return jnp.concatenate([h, jnp.ones_like(h[:, :1])], 1)


def features(parameters: Parameters, x: jax.Array) -> list[jax.Array]:
    """Inputs and hidden features of all layers, each with its row of ones."""
    h = [with_ones(x)]
    for number, layer in enumerate(parameters.hidden):
        if number == 0 and x.shape[1] == 1:  # an outer product: cheaper fused than as a matrix product
            z = layer[:, :, :1] * x + layer[:, :, 1:]
        else:
            z = product("gij,gjb->gib", layer, h[-1])
        h.append(with_ones(jnp.maximum(z, 0)))
    return h


def regression(parameters: Parameters, h: jax.Array) -> jax.Array:
    """The regression head on the last features: (g, b)."""
    return product("gj,gjb->gb", parameters.out, h)


def decoded(parameters: Parameters, h: jax.Array, log_prior: jax.Array, centres: jax.Array) -> jax.Array:
    """Soft decoding with the prior divided out: `sum_c centre_c qhat(c|x)`, `qhat ∝ p(c|x) q_c/p_c` (results *offset*, *decoder*).

    Args:
      log_prior: (g, K) `log(p_c/q_c)`.
      centres: (g, K) centres of the classes.
    """
    logits = product("gkj,gjb->gkb", parameters.head, h) - log_prior[:, :, None]
    return product("gk,gkb->gb", centres, jax.nn.softmax(logits, 1))


def gradients(parameters: Parameters, batch: Batch, terms: Terms) -> tuple[Parameters, jax.Array, jax.Array]:
    """Gradients of `squared * mean(weight (f - y)^2) + classes * mean(CE)`, without decay.

    Returns:
      gradients as the parameters; weighted mean squared error (g,); mean cross-entropy (g,), zero without a class head.
    """
    size = batch.y.shape[1]
    h = features(parameters, batch.x)
    residual = regression(parameters, h[-1]) - batch.y
    weighted = residual if batch.weight is None else residual * batch.weight
    squared_error = product("gb,gb->g", weighted, residual) / size
    df = (2 / size) * terms.squared[:, None] * weighted
    dout = product("gb,gjb->gj", df, h[-1])
    dh = parameters.out[:, :-1, None] * df[:, None, :]
    if batch.label is None:
        entropy, dhead = jnp.zeros_like(squared_error), parameters.head
    else:
        entropy, dhead, dh_classes = cross_entropy(parameters.head, terms.offset, h[-1], batch.label, terms.classes)
        dh = dh + dh_classes
    dhidden: list[jax.Array] = []
    for number in range(len(parameters.hidden) - 1, -1, -1):
        dz = jnp.where(h[number + 1][:, :-1] > 0, dh, 0)
        dhidden.insert(0, product("gib,gjb->gij", dz, h[number]))
        if number:
            # The barrier keeps the transpose out of the product, whose plain form is over twice as fast.
            transposed = lax.optimization_barrier(jnp.swapaxes(parameters.hidden[number][:, :, :-1], 1, 2))
            dh = product("gji,gib->gjb", transposed, dz)
    return Parameters(tuple(dhidden), dout, dhead), squared_error, entropy
