"""The study's network with a smooth activation, in float64: losses, Hessian-vector products, the best class head and its envelope gradient.

A rectifier has no Hessian at its kinks, and the loss over many inputs sees them all. So `softplus(20 z)/20` stands in its place: within 0.035 of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from numerics.study import model, protocol, sampling

SHARPNESS = 20.0
HEAD_DECAY = protocol.DECAY
"""Decay of the class head beside a cross-entropy of weight one, as in the study; it shrinks with lambda, so the first order stays."""


@dataclass(frozen=True)
class Data:
    """Training points of one sampling and points of the uniform one, each (n,)."""

    x: np.ndarray
    y: np.ndarray
    uniform_x: np.ndarray
    uniform_y: np.ndarray


def data(sampled: str, function: int, seed: int, points: int) -> Data:
    """The first points of the study's training third and of the uniform test third, which are shuffled."""
    train, _, _ = sampling.splits(False, sampled, 0.0, function, seed)
    _, _, test = sampling.splits(False, "uniform", 0.0, function, seed)
    return Data(train.x[:points, 0], train.y[:points], test.x[:points, 0], test.y[:points])


def targets(y: np.ndarray, classes: int, kind: str, seed: int) -> np.ndarray:
    """Class targets (n, K): `true`, `permuted` at random over points, or `soft`, Gaussian of width d/2 about the label."""
    low, high = float(y.min()), float(y.max())
    if kind == "soft":
        width = (high - low) / classes
        centres = low + width * (np.arange(classes) + 0.5)
        weight = np.exp(-(((y[:, None] - centres) / (width / 2)) ** 2) / 2)
        soft: np.ndarray = weight / weight.sum(axis=1, keepdims=True)
        return soft
    label = sampling.labels(y, classes, low, high)
    if kind == "permuted":
        label = np.random.default_rng([seed, classes]).permutation(label)
    hard: np.ndarray = np.eye(classes)[label]
    return hard


@dataclass(frozen=True)
class Network:
    """Functions of the shared parameters as one vector; all are compiled.

    Attributes:
      loss: (theta, x, y) -> mean squared error plus decay.
      risk: (theta, x, y) -> mean squared error.
      residuals: (theta, x, y) -> residuals and their Jacobian.
      value_and_gradient: of `loss`; gradient_of_risk: of `risk`.
      product: (theta, x, y, v) -> H v; products: the same for several v at once.
      head_step: (theta, W, x, targets) -> a Newton step of the head by conjugate gradients, and the gradient's norm before it.
      envelope: (theta, W, x, targets) -> the gradient of the cross-entropy in theta with the head held.
    """

    loss: Callable[..., Any]
    risk: Callable[..., Any]
    residuals: Callable[..., Any]
    value_and_gradient: Callable[..., Any]
    gradient_of_risk: Callable[..., Any]
    product: Callable[..., Any]
    products: Callable[..., Any]
    head_step: Callable[..., Any]
    envelope: Callable[..., Any]


def initial(function: int, seed: int, width: int) -> np.ndarray:
    """The study's initial weights of the network 1-6-width-1, as one vector."""
    start, _ = ravel_pytree(model.initial(function, seed, 1, (protocol.HIDDEN[0], width), 0)[:-1])
    return np.asarray(start)


@lru_cache(maxsize=4)
def network(width: int, decay: float) -> Network:
    """The network 1-6-width-1 of the study.

    Args:
      decay: L2, on all shared parameters, beside a squared error of weight one.
    """
    layers = model.initial(0, 0, 1, (protocol.HIDDEN[0], width), 0)[:-1]
    _, unravel = ravel_pytree([jnp.asarray(layer) for layer in layers])

    def features(theta: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        *hidden, out = unravel(theta)
        h = x[:, None]
        for layer in hidden:
            h = jax.nn.softplus(SHARPNESS * (h @ layer[:, :-1].T + layer[:, -1])) / SHARPNESS
        return h, out

    def residual(theta: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
        h, out = features(theta, x)
        return h @ out[:-1] + out[-1] - y

    def risk(theta: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
        return jnp.mean(residual(theta, x, y) ** 2)

    def loss(theta: jax.Array, x: jax.Array, y: jax.Array) -> jax.Array:
        return risk(theta, x, y) + decay / 2 * theta @ theta

    def product(theta: jax.Array, x: jax.Array, y: jax.Array, v: jax.Array) -> jax.Array:
        return jax.jvp(lambda t: jax.grad(loss)(t, x, y), (theta,), (v,))[1]

    def entropy(theta: jax.Array, head: jax.Array, x: jax.Array, soft: jax.Array) -> jax.Array:
        h, _ = features(theta, x)
        logits = h @ head[:, :-1].T + head[:, -1]
        return -jnp.mean(jnp.sum(soft * jax.nn.log_softmax(logits), 1)) + HEAD_DECAY / 2 * jnp.sum(head**2)

    def head_step(theta: jax.Array, head: jax.Array, x: jax.Array, soft: jax.Array) -> tuple[jax.Array, jax.Array]:
        slope = jax.grad(partial(entropy, theta), 0)

        def curvature(v: jax.Array) -> jax.Array:
            return jax.jvp(lambda w: slope(w, x, soft), (head,), (v,))[1]

        gradient = slope(head, x, soft)
        # A direction only: the caller goes on until the gradient itself is small, so its accuracy costs steps, never the answer.
        step, _ = jax.scipy.sparse.linalg.cg(curvature, -gradient, tol=1e-6, maxiter=400)
        # The loss is convex: half of a step that does not lower it, and so on.
        sizes = 0.5 ** jnp.arange(6)
        values = jax.lax.map(lambda size: entropy(theta, head + size * step, x, soft), sizes)
        return sizes[jnp.argmin(values)] * step, jnp.sqrt(jnp.sum(gradient**2))

    def jacobian(theta: jax.Array, x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        return residual(theta, x, y), jax.jacfwd(residual)(theta, x, y)

    return Network(
        jax.jit(loss),
        jax.jit(risk),
        jax.jit(jacobian),
        jax.jit(jax.value_and_grad(loss)),
        jax.jit(jax.grad(risk)),
        jax.jit(product),
        jax.jit(jax.vmap(product, (None, None, None, 0))),
        jax.jit(head_step),
        jax.jit(jax.grad(entropy, 0)),
    )
