"""Losses to paste into a training script: regression with a classification term, plain or corrected for the class prior.

Every function works on a batch and returns one value a sample, so that the caller decides how to average; all are pure, so `jax.jit`,
`jax.grad` and `jax.vmap` apply. Computation is in the dtype of the arguments. Logs are natural.

Two conventions, the same everywhere:

- `edges` (K + 1,) increasing; class c is [edges[c], edges[c+1]), the last one closed; labels beyond the ends belong to the end classes.
- `log_adjustment` (K,) is `log p_c - log q_c`, the log ratio of the class masses of the training data and of the balanced world. It is
  *added* to the logits in the training loss (logit adjustment), so that their plain softmax is already the balanced posterior
  `qhat(c|x)` of the result `offset`.
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike


def classes_of(targets: ArrayLike, edges: ArrayLike) -> Array:
    """The class of each target.

    Args:
      targets: labels, any shape.
      edges: (K + 1,), increasing, in the unit of the labels.

    Returns:
      int32, the shape of `targets`, from 0 to K - 1.
    """
    inner = jnp.asarray(edges)[1:-1]
    return jnp.searchsorted(inner, jnp.asarray(targets), side="right").astype(jnp.int32)


def prior_corrected_cross_entropy(
    logits: ArrayLike, classes: ArrayLike, log_adjustment: ArrayLike | None = None
) -> Array:
    """Cross-entropy whose optimum over all functions is the balanced class posterior.

    `-log softmax(logits + log_adjustment)[class]`. With `log_adjustment = log p_c - log q_c` the minimiser on training data has
    `softmax(logits) = qhat(c|x)`, proportional to `p(c|x) q_c/p_c`; with None it is the plain cross-entropy, whose minimiser is
    `p(c|x)`.

    Args:
      logits: (..., K).
      classes: (...), integers from 0 to K - 1.
      log_adjustment: (K,) or None.

    Returns:
      (...), nats.

    Source: results `offset` and `class_split`; Menon et al., Long-tail learning via logit adjustment, ICLR 2021.
    """
    logits = jnp.asarray(logits)
    shifted = logits if log_adjustment is None else logits + jnp.asarray(log_adjustment, logits.dtype)
    chosen = jnp.take_along_axis(shifted, jnp.asarray(classes)[..., None], axis=-1)[..., 0]
    return jax.nn.logsumexp(shifted, axis=-1) - chosen


def regression_with_classes(
    predictions: ArrayLike,
    targets: ArrayLike,
    logits: ArrayLike,
    edges: ArrayLike,
    *,
    scale: float = 1.0,
    log_adjustment: ArrayLike | None = None,
) -> Array:
    """`scale (prediction - target)^2 + cross-entropy`, the loss of Pintea et al. (ICCV 2023), plain or prior-corrected.

    Compare it with `scale (prediction - target)^2` alone, never with the unscaled squared error: under weight decay the scale by itself
    changes the solution (result `loss_scale`).

    Args:
      predictions, targets: (n,), in the unit of the labels.
      logits: (n, K).
      edges: (K + 1,).
      scale: lambda, in nats per squared unit of the labels.
      log_adjustment: (K,) for the prior-corrected term (result `offset`), None for the plain one.

    Returns:
      (n,), nats.
    """
    squared = (jnp.asarray(predictions) - jnp.asarray(targets)) ** 2
    return scale * squared + prior_corrected_cross_entropy(logits, classes_of(targets, edges), log_adjustment)


def soft_decode(logits: ArrayLike, centres: ArrayLike, log_adjustment: ArrayLike | None = None) -> Array:
    """The mean of the class centres under the class posterior.

    Args:
      logits: (..., K). Trained with `prior_corrected_cross_entropy` and an adjustment, they are decoded as they are; trained with the
        plain cross-entropy, give `log_adjustment` here and it is *subtracted*, which makes the same correction afterwards.
      centres: (K,), in the unit of the labels.
      log_adjustment: (K,) or None.

    Returns:
      (...), in the unit of the labels.

    Source: results `decoder` (soft decoding) and `offset` (the correction).
    """
    logits = jnp.asarray(logits)
    shifted = logits if log_adjustment is None else logits - jnp.asarray(log_adjustment, logits.dtype)
    return jax.nn.softmax(shifted, axis=-1) @ jnp.asarray(centres, logits.dtype)


def balanced_mse(predictions: ArrayLike, targets: ArrayLike, noise: ArrayLike) -> Array:
    """Balanced MSE by batch Monte Carlo (BMC): the labels of the batch stand for the training label density.

    `-log [ exp(-(f - y)^2 / (2 s^2)) / sum_j exp(-(f - y_j)^2 / (2 s^2)) ]`, j over the batch: the negative log of the posterior
    that the balanced prediction `N(y; f, s^2)` has under label shift (result `tilt`), its normaliser `Z` estimated by the batch.

    Args:
      predictions, targets: (n,).
      noise: s > 0, standard deviation of the label given the prediction, in the unit of the labels; may be trained.

    Returns:
      (n,), nats, up to the constant log n.

    Source: Ren et al., Balanced MSE for imbalanced visual regression, CVPR 2022, the batch-based Monte-Carlo variant.
    """
    predictions, targets, noise = jnp.asarray(predictions), jnp.asarray(targets), jnp.asarray(noise)
    fits = -((predictions[:, None] - targets[None, :]) ** 2) / (2 * noise**2)
    return jax.nn.logsumexp(fits, axis=1) + (predictions - targets) ** 2 / (2 * noise**2)


def balanced_mse_bins(
    predictions: ArrayLike, targets: ArrayLike, noise: ArrayLike, centres: ArrayLike, masses: ArrayLike
) -> Array:
    """Balanced MSE by bins (BNI): the training label density is the given masses at bin centres.

    `(f - y)^2 / (2 s^2) + log sum_c p_c exp(-(f - y_c)^2 / (2 s^2))`, so the normaliser is a numerical integral over labels.

    Args:
      predictions, targets: (n,).
      noise: s > 0.
      centres: (K,), in the unit of the labels.
      masses: (K,), training class masses p_c; non-negative, not all zero. Empty classes contribute nothing.

    Returns:
      (n,), nats, up to a constant.

    Source: Ren et al., CVPR 2022, the bin-based numerical-integration variant.
    """
    predictions, targets, noise = jnp.asarray(predictions), jnp.asarray(targets), jnp.asarray(noise)
    fits = -((predictions[:, None] - jnp.asarray(centres)[None, :]) ** 2) / (2 * noise**2)
    log_normaliser = jax.nn.logsumexp(fits, axis=1, b=jnp.asarray(masses)[None, :])
    return (predictions - targets) ** 2 / (2 * noise**2) + log_normaliser


def balanced_mse_mixture(
    predictions: ArrayLike,
    targets: ArrayLike,
    noise: ArrayLike,
    weights: ArrayLike,
    means: ArrayLike,
    deviations: ArrayLike,
) -> Array:
    """Balanced MSE in closed form (GAI): the training label density is a Gaussian mixture.

    `-log N(y; f, s^2) + log sum_i w_i N(f; m_i, v_i^2 + s^2)`: the integral of a Gaussian against a mixture of Gaussians is one.

    Args:
      predictions, targets: (n,).
      noise: s > 0.
      weights, means, deviations: (m,), of the mixture; weights sum to 1, deviations positive.

    Returns:
      (n,), nats.

    Source: Ren et al., CVPR 2022, the analytical variant (GMM-based analytical integration).
    """
    predictions, targets, noise = jnp.asarray(predictions), jnp.asarray(targets), jnp.asarray(noise)
    spread = jnp.sqrt(jnp.asarray(deviations) ** 2 + noise**2)
    log_normaliser = jax.nn.logsumexp(
        _log_normal(predictions[:, None], jnp.asarray(means)[None, :], spread[None, :]),
        axis=1,
        b=jnp.asarray(weights)[None, :],
    )
    return log_normaliser - _log_normal(targets, predictions, noise)


def _log_normal(value: Array, mean: Array, deviation: Array) -> Array:
    """The log density of N(mean, deviation^2)."""
    return -((value - mean) ** 2) / (2 * deviation**2) - jnp.log(deviation) - 0.5 * math.log(2 * math.pi)
