"""The integrands over x of every posterior number, for a block of x at once: one kernel matrix, one matrix product, then pointwise algebra.

For each x the kernel row k(x|y_j) is scaled by its largest entry (posteriors do not see the scale; nothing underflows where it matters) and
multiplied once into features of the label nodes, summed over the cells of the common partition. Everything else is algebra on these sums.

Two forms of each logarithm are computed. The plain one follows the definition. The other writes a KL with a log ratio t as E[e^t - 1 - t], a sum
of non-negative terms, and keeps its relative accuracy however small the KL is; the mean shift of a corrected predictor is written as a
covariance with e^t - 1 for the same reason.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from numerics import channels
from numerics.posterior_arrays import NEAR

FEATURES = 10
"""Features of a label node, in this order, each times its weight q, with t = l - log(p_cell/q_cell) and y counted from the support's middle:
1, t, e^t, e^t - 1, e^t - 1 - t, y, y e^t, y (e^t - 1), y^2, y^2 e^t; summed over cells."""
LOOSE = 4
"""Features that are summed over all nodes, each times q: r l, l', l'', l'' y."""


def second_order(t: jax.Array) -> jax.Array:
    """e^t - 1 - t, to full relative accuracy near zero."""
    small = jnp.abs(t) < 0.3
    s = jnp.where(small, t, 0.0)
    series = jnp.zeros_like(s)
    for power in range(14, 2, -1):
        series = (series + 1.0) * s / power
    return jnp.where(small, s * s / 2 * (1.0 + series), jnp.expm1(t) - t)


def _log_ratio(above: jax.Array, below: jax.Array) -> jax.Array:
    """log(above/below), 0 where a sum vanished (its weight is then below the smallest number)."""
    there = (above > 0) & (below > 0)
    return jnp.log(jnp.where(there, above, 1.0)) - jnp.log(jnp.where(there, below, 1.0))


@partial(jax.jit, static_argnames=("channel",))
def rows(
    channel: str,
    noise: jax.Array,
    x: jax.Array,
    weight: jax.Array,
    y: jax.Array,
    features: jax.Array,
    loose: jax.Array,
    cell_log_mass: jax.Array,
    members: jax.Array,
    log_mass: jax.Array,
    ends: jax.Array,
    end_weight: jax.Array,
    middle: jax.Array,
) -> dict[str, Any]:
    """Integrands at each x.

    Args:
      channel: a name of `channels.NAMES`.
      noise: its scale.
      x: shape (m,).
      weight: quadrature weights of x, (m,).
      y: label nodes (n,).
      features: (n, FEATURES * cells), the cells' blocks side by side within each feature.
      loose: (n, LOOSE).
      cell_log_mass: log(p_cell/q_cell), shape (cells,).
      members: 1 where a cell belongs to a bin, (counts, cells, bins), zero bins at the end of the smaller partitions.
      log_mass: log(p_c/q_c), (counts, bins), 0 for the zero bins.
      ends, end_weight: panel ends and the jumps of q l' there, (k,) each, for the boundary terms of kappa.
      middle: what was taken off y.

    Returns:
      `density` q(x) and the integrands, each divided by q(x) (an expectation over the balanced posterior): shape (m,), or (m, counts) for those
      that depend on the partition (`per`); `totals`: integrals over x with the given weights, (counts, bins).
    """
    log_kernel = channels.log_density(channel, noise, x[:, None], y[None, :])
    top = log_kernel.max(axis=1, keepdims=True)
    kernel = jnp.exp(log_kernel - top)
    cells = (kernel @ features).reshape(x.shape[0], FEATURES, -1)
    one, t, ratio, shift, curve, first, first_ratio, first_shift, second, second_ratio = (
        cells[:, i] for i in range(FEATURES)
    )
    q = one.sum(axis=1)
    cell_ratio = jnp.exp(cell_log_mass)
    p_cells = ratio * cell_ratio
    p = p_cells.sum(axis=1)
    log_z = jnp.log(p) - jnp.log(q)
    mean_log_ratio = (t + one * cell_log_mass).sum(axis=1) / q
    f_q = first.sum(axis=1) / q
    f_p = (first_ratio @ cell_ratio) / p
    spread = second.sum(axis=1) / q
    others = kernel @ loose
    p_mean_log_ratio, p_second = others[:, 0] / q, (second_ratio @ cell_ratio) / p
    at_ends = jnp.exp(channels.log_density(channel, noise, x[:, None], ends[None, :]) - top)
    boundary = (at_ends @ (end_weight * (ends - middle)) - f_q * (at_ends @ end_weight)) / q
    kernel_slope = kernel * channels.log_density_slope(channel, noise, x[:, None], y[None, :])
    steep, steep_y = kernel_slope @ loose[:, 1], kernel_slope @ (loose[:, 1] * (y - middle))

    def whole(delta: jax.Array) -> tuple[jax.Array, ...]:
        """Sums by cell of t, e^t - 1, e^t - 1 - t and y (e^t - 1) when t is counted from another log mass, delta lower."""
        jump, bent = jnp.expm1(delta), second_order(delta)
        lift = jnp.exp(delta)
        return (
            jump * one + lift * shift,
            bent * one + jump * t + lift * curve,
            jump * first + lift * first_shift,
        )

    def accurate(delta: jax.Array, log_norm: jax.Array, mean_log: jax.Array, mean: jax.Array) -> tuple[jax.Array, ...]:
        """KL(q(y|x)||.) and the mean's shift under the tilt whose log ratio is t + delta; where its Z is far from 1 the plain forms (from
        `log_norm` = log Z, the mean log ratio and the tilted mean) lose nothing and are taken."""
        moved, curved, pulled = whole(delta)
        z = moved.sum(axis=1) / q
        near = jnp.abs(z) < NEAR
        z = jnp.where(near, z, 0.0)
        kl = curved.sum(axis=1) / q - (z - jnp.log1p(z))
        shift_of_mean = (pulled.sum(axis=1) / q - f_q * z) / (1.0 + z)
        return jnp.where(near, kl, log_norm - mean_log), jnp.where(near, shift_of_mean, mean - f_q)

    price_accurate, pull = accurate(cell_log_mass, log_z, mean_log_ratio, f_p)

    def partition(inputs: tuple[jax.Array, jax.Array]) -> dict[str, jax.Array]:
        member, mass = inputs
        a, b = one @ member, p_cells @ member
        balance = jnp.exp(-mass)
        pi_q, pi_p = a / q[:, None], b / p[:, None]
        log_bins = _log_ratio(b, a)
        class_part = (pi_q * second_order(log_bins - log_z[:, None])).sum(axis=1)
        inner = (pi_q * log_bins).sum(axis=1)
        # The correction as it is written down: reweighted class posterior, then the within-class posterior of p.
        corrected = pi_p * balance
        norm = corrected.sum(axis=1, keepdims=True)
        log_corrected = _log_ratio(corrected / norm, b)
        direct = -(pi_q * log_corrected).sum(axis=1) - jnp.log(q) - mean_log_ratio
        means = _divide((first_ratio * cell_ratio) @ member, b)
        f_hat = (corrected / norm * means).sum(axis=1)
        log_z_hat = jnp.log(b @ balance) - jnp.log(q)
        mean_log_hat = mean_log_ratio - (pi_q * mass).sum(axis=1)
        kl, pull_hat = accurate(cell_log_mass - member @ mass, log_z_hat, mean_log_hat, f_hat)
        return {
            "class_part": class_part,
            "within_part": inner - mean_log_ratio,
            "inputs_within": (pi_q * mass).sum(axis=1) - inner,
            "corrected_excess": direct,
            "corrected_excess_accurate": kl,
            "log_z_corrected": log_z_hat,
            "f_hat": f_hat + middle,
            "pull_hat": pull_hat,
            "squares_q": mass_of_x @ _squares(f_p, one, first, second) @ member,
            "squares_p": mass_of_x @ (_squares(f_p, ratio, first_ratio, second_ratio) * cell_ratio) @ member,
        }

    mass_of_x = weight * jnp.exp(top[:, 0])
    per = jax.lax.map(partition, (members, log_mass))
    totals = {name: per.pop(name) for name in ("squares_q", "squares_p")}
    return {
        "density": q * jnp.exp(top[:, 0]),
        "log_z": log_z,
        "price": log_z - mean_log_ratio,
        "price_accurate": price_accurate,
        "training_extra": jnp.exp(log_z) * log_z - p_mean_log_ratio,
        "f_q": f_q + middle,
        "f_p": f_p + middle,
        "pull": pull,
        "variance_q": spread - f_q**2,
        "risk_p_under_q": spread - 2 * f_p * f_q + f_p**2,
        "variance_p": p_second - f_p**2,
        "kappa": (others[:, 1] + steep_y - f_q * steep) / q,
        "kappa_by_parts": boundary - (others[:, 3] - f_q * others[:, 2]) / q,
        "totals": totals,
        "per": {name: jnp.moveaxis(value, 0, 1) for name, value in per.items()},
    }


def _divide(above: jax.Array, below: jax.Array) -> jax.Array:
    return jnp.where(below > 0, above / jnp.where(below > 0, below, 1.0), 0.0)


def _squares(mean: jax.Array, zeroth: jax.Array, first: jax.Array, second: jax.Array) -> jax.Array:
    """Sums of (y - mean)^2 from sums of 1, y and y^2."""
    return second - 2 * mean[:, None] * first + mean[:, None] ** 2 * zeroth
