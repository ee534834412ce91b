"""Networks of one remedy on all splits at once: two hidden layers, Adam, the epoch with the least balanced error on validation rows kept.

That is the score, so no remedy is judged by its own loss. The same start, the same order of rows and the same number of steps for every remedy, so that their differences on a split are paired. Labels and
inputs are standardised by the training rows of the split; there is no weight decay, so the scale of a loss by itself changes nothing (result
*loss_scale*).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from numerics.trial.remedies import Remedy

HIDDEN = (128, 64)
BATCH = 256
RATE = 1e-3
NOISE_RATE = 1e-2
"""Of the logarithm of the noise of Balanced MSE, faster than the network as in its authors' code."""
EPOCHS = 60
PATIENCE = 8
"""Epochs without a lower validation error on any split after which training ends."""

Parameters = Any
optimiser = optax.multi_transform(
    {"network": optax.adam(RATE), "noise": optax.adam(NOISE_RATE)}, {"layers": "network", "log_noise": "noise"}
)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Rows:
    """Standardised rows of s splits: x (s, n, f), y (s, n), weights of the loss (s, n)."""

    x: Any
    y: Any
    weights: Any


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class State:
    """Parameters of s networks, the optimiser's state, the best parameters so far with their balanced validation error (s,)."""

    parameters: Parameters
    moments: Any
    best: Parameters
    least: Any


def start(key: Any, inputs: int, outputs: int) -> Parameters:
    """He's normal start for hidden layers; zeros for the last, so that every remedy starts from its prior."""
    widths = (inputs, *HIDDEN)
    keys = jax.random.split(key, len(HIDDEN))
    layers = [
        (jax.random.normal(one, (a, b), jnp.float32) * math.sqrt(2 / a), jnp.zeros(b, jnp.float32))
        for one, a, b in zip(keys, widths[:-1], widths[1:], strict=True)
    ]
    last = (jnp.zeros((widths[-1], outputs), jnp.float32), jnp.zeros(outputs, jnp.float32))
    return {"layers": [*layers, last], "log_noise": jnp.zeros((), jnp.float32)}


def network(parameters: Parameters, x: Any) -> Any:
    """Outputs (n, o) of one network at inputs (n, f)."""
    *hidden, (matrix, shift) = parameters["layers"]
    for a, b in hidden:
        x = jax.nn.relu(x @ a + b)
    return x @ matrix + shift


def mean_loss(remedy: Remedy, head: Any, parameters: Parameters, x: Any, y: Any, weights: Any) -> Any:
    """The weighted mean loss of one network."""
    return jnp.mean(weights * remedy.loss(head, network(parameters, x), y, parameters["log_noise"]))


@functools.partial(jax.jit, static_argnames="remedy", donate_argnames="state")
def epoch(remedy: Remedy, head: Any, state: State, train: Rows, validation: Rows, key: Any) -> State:
    """One pass over the training rows of each split, and the balanced validation error after it."""

    def one(head: Any, state: State, train: Rows, validation: Rows, key: Any) -> State:
        n = train.y.shape[0]
        size = min(BATCH, n)
        order = jax.random.permutation(key, n)[: n // size * size].reshape(-1, size)

        def step(carry: tuple[Parameters, Any], rows: Any) -> tuple[tuple[Parameters, Any], None]:
            parameters, moments = carry
            slope = jax.grad(functools.partial(mean_loss, remedy, head))(
                parameters, train.x[rows], train.y[rows], train.weights[rows]
            )
            change, moments = optimiser.update(slope, moments)
            return (optax.apply_updates(parameters, change), moments), None

        (parameters, moments), _ = jax.lax.scan(step, (state.parameters, state.moments), order)
        errors = remedy.predict(head, network(parameters, validation.x)) - validation.y
        reached = jnp.mean(validation.weights * errors**2)
        better = reached < state.least
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), parameters, state.best)
        return State(parameters, moments, best, jnp.minimum(reached, state.least))

    return jax.vmap(one)(head, state, train, validation, key)


@functools.partial(jax.jit, static_argnames="remedy")
def predict(remedy: Remedy, head: Any, parameters: Parameters, x: Any) -> Any:
    """Predictions (s, m) at inputs (s, m, f), in standardised labels."""
    return jax.vmap(lambda h, p, rows: remedy.predict(h, network(p, rows)))(head, parameters, x)


def fit(
    remedy: Remedy, head: Any, train: Rows, validation: Rows, seed: int, progress: Callable[[float], None]
) -> Parameters:
    """Trains a remedy on all splits.

    Args:
      head: as `remedy.head` makes it for each split, stacked; None where it has none.
      seed: of starts and orders; the same for every remedy.
      progress: told the share that is done.

    Returns:
      The best parameters of each split.
    """
    splits, inputs = train.x.shape[0], train.x.shape[2]
    first, rest = jax.random.split(jax.random.key(seed))
    parameters = jax.vmap(lambda key: start(key, inputs, remedy.outputs(head)))(jax.random.split(first, splits))
    state = State(
        parameters,
        jax.vmap(optimiser.init)(parameters),
        jax.tree.map(jnp.copy, parameters),
        np.full(splits, np.inf, np.float32),
    )
    least, since = np.full(splits, np.inf), 0
    for number, key in enumerate(jax.random.split(rest, EPOCHS)):
        state = epoch(remedy, head, state, train, validation, jax.random.split(key, splits))
        reached = np.asarray(state.least)
        since = 0 if (reached < least).any() else since + 1
        least = reached
        progress((number + 1) / EPOCHS)
        if since >= PATIENCE:
            break
    return state.best
