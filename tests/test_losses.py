"""The losses against plain loops and against finite differences, and what their optima are."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numerics import losses

EPSILON = np.finfo(np.float64).eps


def batch(seed: int, n: int = 7, classes: int = 5) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    edges = np.sort(random.normal(size=classes + 1))
    p, q = random.dirichlet(np.ones(classes)), random.dirichlet(np.ones(classes))
    return {
        "predictions": random.normal(size=n),
        "targets": random.uniform(edges[0], edges[-1], size=n),
        "logits": 3 * random.normal(size=(n, classes)),
        "edges": edges,
        "log_adjustment": np.log(p) - np.log(q),
        "p": p,
        "q": q,
        "centres": (edges[1:] + edges[:-1]) / 2,
    }


def loop_class(target: float, edges: np.ndarray) -> int:
    for c in range(len(edges) - 2):
        if target < edges[c + 1]:
            return c
    return len(edges) - 2


def loop_cross_entropy(logits: np.ndarray, target_class: int, adjustment: np.ndarray) -> float:
    weights = [math.exp(z + a) for z, a in zip(logits, adjustment, strict=True)]
    return -math.log(weights[target_class] / math.fsum(weights))


def close(found, expected, terms: int) -> None:
    """Equal to rounding: a few operations a term, on numbers no larger than the largest intermediate (here below 64)."""
    np.testing.assert_allclose(np.asarray(found), np.asarray(expected), rtol=0, atol=64 * 8 * terms * EPSILON)


@given(st.integers(0, 2**32 - 1))
def test_losses_against_loops(seed: int) -> None:
    b = batch(seed)
    n, classes = b["logits"].shape
    labels = [loop_class(y, b["edges"]) for y in b["targets"]]
    assert losses.classes_of(b["targets"], b["edges"]).tolist() == labels
    for adjustment in (None, b["log_adjustment"]):
        offset = np.zeros(classes) if adjustment is None else adjustment
        expected = [loop_cross_entropy(b["logits"][i], labels[i], offset) for i in range(n)]
        close(losses.prior_corrected_cross_entropy(b["logits"], jnp.array(labels), adjustment), expected, classes)
        both = [3.5 * (b["predictions"][i] - b["targets"][i]) ** 2 + expected[i] for i in range(n)]
        found = losses.regression_with_classes(
            b["predictions"], b["targets"], b["logits"], b["edges"], scale=3.5, log_adjustment=adjustment
        )
        close(found, both, classes)
        decoded = []
        for row in b["logits"]:
            weights = [math.exp(z - a) for z, a in zip(row, offset, strict=True)]
            decoded.append(math.fsum(w * c for w, c in zip(weights, b["centres"], strict=True)) / math.fsum(weights))
        close(losses.soft_decode(b["logits"], b["centres"], adjustment), decoded, classes)


@given(st.integers(0, 2**32 - 1), st.floats(0.3, 2.0))
def test_balanced_mse_against_loops(seed: int, noise: float) -> None:
    b = batch(seed)
    f, y = b["predictions"], b["targets"]

    def normal(value: float, mean: float, variance: float) -> float:
        return math.exp(-((value - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)

    s2 = noise**2
    scale = 64 * max(1.0, 1 / s2)
    batch_form = [-math.log(normal(y[i], f[i], s2) / math.fsum(normal(v, f[i], s2) for v in y)) for i in range(len(y))]
    bins = [
        -math.log(normal(y[i], f[i], s2))
        + math.log(math.fsum(w * normal(c, f[i], s2) for w, c in zip(b["p"], b["centres"], strict=True)))
        for i in range(len(y))
    ]
    spread = np.abs(b["logits"][0]) + 0.1
    mixture = [
        -math.log(normal(y[i], f[i], s2))
        + math.log(
            math.fsum(w * normal(f[i], m, v**2 + s2) for w, m, v in zip(b["p"], b["centres"], spread, strict=True))
        )
        for i in range(len(y))
    ]
    atol = scale * 64 * EPSILON
    np.testing.assert_allclose(losses.balanced_mse(f, y, noise), batch_form, rtol=0, atol=atol)
    np.testing.assert_allclose(losses.balanced_mse_bins(f, y, noise, b["centres"], b["p"]), bins, rtol=0, atol=atol)
    found = losses.balanced_mse_mixture(f, y, noise, b["p"], b["centres"], spread)
    np.testing.assert_allclose(found, mixture, rtol=0, atol=atol)


def scalar_losses() -> dict[str, object]:
    b = batch(5)
    spread = np.full(5, 0.7)
    return {
        "corrected": lambda t: losses.regression_with_classes(
            b["predictions"] + t,
            b["targets"],
            b["logits"] * (1 + t),
            b["edges"],
            scale=2.0,
            log_adjustment=b["log_adjustment"],
        ).sum(),
        "decode": lambda t: losses.soft_decode(b["logits"] * (1 + t), b["centres"]).sum(),
        "batch": lambda t: losses.balanced_mse(b["predictions"] + t, b["targets"], 0.5 + t).sum(),
        "bins": lambda t: losses.balanced_mse_bins(
            b["predictions"] + t, b["targets"], 0.5 + t, b["centres"], b["p"]
        ).sum(),
        "mixture": lambda t: losses.balanced_mse_mixture(
            b["predictions"] + t, b["targets"], 0.5 + t, b["p"], b["centres"], spread
        ).sum(),
    }


@pytest.mark.parametrize("name", scalar_losses())
def test_gradients_against_finite_differences(name: str) -> None:
    loss = jax.jit(scalar_losses()[name])
    h = 1e-4

    def central(step: float) -> float:
        return float(loss(step) - loss(-step)) / (2 * step)

    # Richardson: the difference of two step widths is three times the error of the finer one, to O(h^4); rounding adds its own.
    fine, coarse = central(h), central(2 * h)
    rounding = 256 * EPSILON * (abs(float(loss(0.0))) + 1) / h
    tolerance = abs(coarse - fine) + rounding
    gradient = float(jax.grad(scalar_losses()[name])(0.0))
    assert abs(gradient - fine) <= tolerance
    # Falsifier: the wrong sign is far outside.
    assert abs(-gradient - fine) > tolerance


def test_vmap_jit_and_dtype() -> None:
    b = {key: np.asarray(value, np.float32) for key, value in batch(1).items()}
    stacked = jax.jit(jax.vmap(losses.prior_corrected_cross_entropy, in_axes=(0, 0, None)))(
        jnp.stack([b["logits"]] * 3), jnp.zeros((3, 7), jnp.int32), b["log_adjustment"]
    )
    assert stacked.shape == (3, 7)
    assert stacked.dtype == jnp.float32
    assert losses.soft_decode(b["logits"], b["centres"], b["log_adjustment"]).dtype == jnp.float32


def test_optimum_of_the_corrected_loss_is_the_balanced_posterior() -> None:
    """At the population optimum the gradient vanishes at softmax(logits) = qhat; the wrong sign of the correction is not an optimum."""
    b = batch(3)
    p, q = b["p"], b["q"]
    conditional = np.random.default_rng(0).dirichlet(np.ones(5))  # p(c|x) at one input
    balanced = conditional * q / p / np.sum(conditional * q / p)

    def population(logits: jax.Array, adjustment: np.ndarray) -> jax.Array:
        values = losses.prior_corrected_cross_entropy(jnp.tile(logits, (5, 1)), jnp.arange(5), adjustment)
        return jnp.sum(jnp.asarray(conditional) * values)

    right = jax.grad(population)(jnp.log(balanced), b["log_adjustment"])
    wrong = jax.grad(population)(jnp.log(balanced), -b["log_adjustment"])
    tolerance = 64 * 5 * EPSILON
    assert float(jnp.abs(right).max()) <= tolerance
    assert float(jnp.abs(wrong).max()) > tolerance
    # Correcting afterwards is the same as correcting in the loss.
    plain = jnp.log(jnp.asarray(conditional))
    late = losses.soft_decode(plain, b["centres"], b["log_adjustment"])
    early = losses.soft_decode(jnp.log(balanced), b["centres"])
    assert abs(float(late - early)) <= tolerance * np.abs(b["centres"]).max()


def test_edges_of_classes() -> None:
    edges = [0.0, 1.0, 2.0, 4.0]
    assert losses.classes_of([-1.0, 0.0, 1.0, 1.5, 2.0, 4.0, 9.0], edges).tolist() == [0, 0, 1, 1, 2, 2, 2]


def test_extreme_logits_stay_finite() -> None:
    logits = jnp.array([[1e4, -1e4, 0.0]])
    value, gradient = jax.value_and_grad(lambda z: losses.prior_corrected_cross_entropy(z, jnp.array([1])).sum())(
        logits
    )
    assert float(value) == 2e4
    assert bool(jnp.isfinite(gradient).all())
    assert bool(
        jnp.isfinite(
            jax.grad(lambda f: losses.balanced_mse(f, jnp.array([0.0, 1e3]), 1e-2).sum())(jnp.array([0.0, 5.0]))
        ).all()
    )
