"""Networks on a split: Adam, and the epoch kept that has the least balanced error on validation rows.

That is the score, so no remedy is judged by its own loss. The same start, the same order of rows and the same steps for every remedy, so that
their differences on a split are paired. There is no weight decay, so the scale of a loss by itself changes nothing (result *loss_scale*).

A split is one compiled loop, which ends when the split is done: what it gives depends on no other. Splits are spread over the devices.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from numerics.study.engine import spread
from numerics.trial.network import Convolution, Dense
from numerics.trial.remedies import Form, Remedy, loss, outputs, predict
from numerics.trial.world import Rows, World

Array = np.ndarray
DENSE = Dense()


@dataclass(frozen=True)
class Setting:
    """How all remedies are trained.

    Attributes:
      network: its layers.
      epochs: at most; patience: epochs without a lower validation error after which training ends.
      batch, rate: of Adam.
      noise_rate: of the logarithm of the noise of Balanced MSE, faster than the network as in its authors' code.
    """

    network: Dense | Convolution = DENSE
    epochs: int = 60
    patience: int = 8
    batch: int = 256
    rate: float = 1e-3
    noise_rate: float = 1e-2


@dataclass(frozen=True)
class Fitted:
    """A network of one split: its outputs (m, o) at the held rows, its predictions (m,) in label units, the epoch that was kept (-1: none) and how many were run."""

    outputs: Any
    predictions: Array
    epoch: int
    epochs: int


@functools.partial(jax.jit, static_argnames=("form", "setting"))
def loop(
    form: Form, setting: Setting, head: Any, train: Rows, other: Any, validation: Rows, held: Any, seed: Any
) -> tuple[Any, Any, Any, Any]:
    """Trains one network: outputs and predictions at the held rows, the epoch kept, epochs run.

    Args:
      other: (n,) labels of an auxiliary term.
      seed: of start and orders.
    """
    optimiser = optax.multi_transform(
        {"network": optax.adam(setting.rate), "noise": optax.adam(setting.noise_rate)},
        {"layers": "network", "log_noise": "noise"},
    )
    n, inputs = train.x.shape
    size = min(setting.batch, n)
    first, orders = jax.random.split(jax.random.key(seed))

    def mean_loss(parameters: Any, rows: Any) -> Any:
        values = setting.network(parameters["layers"], train.x[rows])
        return jnp.mean(
            train.weights[rows] * loss(form, head, values, train.y[rows], other[rows], parameters["log_noise"])
        )

    def step(carry: tuple[Any, Any], rows: Any) -> tuple[tuple[Any, Any], None]:
        parameters, moments = carry
        change, moments = optimiser.update(jax.grad(mean_loss)(parameters, rows), moments)
        return (optax.apply_updates(parameters, change), moments), None

    def epoch(state: Any) -> Any:
        parameters, moments, best, least, kept, number = state
        order = jax.random.permutation(jax.random.fold_in(orders, number), jnp.arange(n, dtype=jnp.int32))[
            : n // size * size
        ].reshape(-1, size)
        (parameters, moments), _ = jax.lax.scan(step, (parameters, moments), order)
        errors = predict(form, head, setting.network(parameters["layers"], validation.x)) - validation.y
        reached = jnp.mean(validation.weights * errors**2)
        better = reached < least
        best = jax.tree.map(lambda new, old: jnp.where(better, new, old), parameters, best)
        return parameters, moments, best, jnp.where(better, reached, least), jnp.where(better, number, kept), number + 1

    def goes_on(state: Any) -> Any:
        kept, number = state[4:]
        return (number < setting.epochs) & (number - kept <= setting.patience)

    layers = setting.network.start(first, inputs, outputs(form, head))
    start: Any = {"layers": layers, "log_noise": jnp.zeros((), jnp.float32)}
    state = (start, optimiser.init(start), start, jnp.float32(jnp.inf), jnp.int32(-1), jnp.int32(0))
    *_, best, _, kept, number = jax.lax.while_loop(goes_on, epoch, state)
    values = setting.network(best["layers"], held)
    return values, predict(form, head, values), kept, number


def arguments(remedy: Remedy, world: World, seed: int) -> tuple[Any, Rows, Array]:
    """Head, training rows and auxiliary labels of a remedy on a split.

    Args:
      seed: of drawn rows and permuted labels.
    """
    head = None
    if remedy.make is not None:
        head = jax.tree.map(lambda leaf: np.asarray(leaf, np.float32), remedy.make(world))
    weights = remedy.weights(world)
    rows, random = world.train, np.random.default_rng([seed, 1])
    if remedy.resampled:
        drawn = random.choice(len(weights), len(weights), p=weights / weights.sum())
        rows, weights = Rows(rows.x[drawn], rows.y[drawn], rows.weights), np.ones(len(weights))
    other = random.permutation(rows.y) if remedy.placebo else rows.y
    return head, Rows(rows.x, rows.y, (remedy.scale * weights / weights.mean()).astype(np.float32)), other


def fit(
    remedy: Remedy, worlds: Sequence[World], seeds: Sequence[int], setting: Setting, devices: int | None = None
) -> list[Fitted]:
    """Trains a remedy on splits.

    Args:
      seeds: of each split; the same for every remedy.
      devices: to use; all by default. Results do not depend on it.
    """

    def work(part: slice, device: Any) -> list[Fitted]:
        fitted = []
        for world, seed in zip(worlds[part], seeds[part], strict=True):
            head, train, other = arguments(remedy, world, seed)
            given = jax.device_put((head, train, other, world.validation, world.held, np.uint32(seed)), device)
            values, predictions, kept, epochs = loop(remedy.form, setting, *given)
            labels = world.mean + world.deviation * np.asarray(predictions, np.float64)
            fitted.append(Fitted(np.asarray(values), labels, int(kept), int(epochs)))
        return fitted

    return spread(work, len(worlds), jax.devices()[:devices])
