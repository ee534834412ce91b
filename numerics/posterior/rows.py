"""The integrands over x of every posterior number, for a block of x at once: one kernel, one contraction with features, then pointwise algebra.

For each x the kernel row k(x|y_j) is scaled by its largest entry (posteriors do not see the scale; nothing underflows where it matters) and
contracted once, panel by panel of the label rule, with features of the label nodes. Everything else is algebra on these panel sums; bins are
sums of neighbouring panels, since panels never straddle an edge.

Two forms of each logarithm are computed. The plain one follows the definition. The other writes a KL with a log ratio t as E[e^t - 1 - t], a sum
of non-negative terms, and keeps its relative accuracy however small the KL is; the mean shift of a corrected predictor is written as a
covariance with e^t - 1 for the same reason.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from numerics import channels

NEAR = 0.5
"""How far Z may be from 1 for a form in e^t - 1 to be more accurate than logarithms."""


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


def _rows(
    channel: str,
    noise: jax.Array,
    x: jax.Array,
    weight: jax.Array,
    y: jax.Array,
    features: jax.Array,
    loose: jax.Array,
    panel_log_mass: jax.Array,
    owner: jax.Array,
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
      y: label nodes, (panels, order).
      features: (panels, order, features): q times 1, t, e^t, e^t - 1, e^t - 1 - t, y, y e^t, y (e^t - 1), y^2, y^2 e^t, with y counted from `middle` and
        t = l minus the panel's log mass.
      loose: (panels, order, 4): q times r l, l', l'', l'' y.
      panel_log_mass: log(p/q) of the cell that a panel lies in, (panels,).
      owner: the bin of each panel, (counts, panels), ascending.
      log_mass: log(p_c/q_c), (counts, bins), 0 where a partition has fewer bins.
      ends, end_weight: panel ends and the jumps of q l' there, (k,) each, for the boundary terms of kappa.
      middle: what was taken off y.

    Returns:
      `density` q(x) and the integrands, each divided by q(x) (an expectation over the balanced posterior): shape (m,), or (m, counts) for those
      that depend on the partition (`per`); `totals`: integrals over x with the given weights, (counts, bins).
    """
    log_kernel = channels.log_density(channel, noise, x[None, :, None], y[:, None, :])
    top = log_kernel.max(axis=(0, 2))
    kernel = jnp.exp(log_kernel - top[:, None])
    panels = jnp.einsum("pmo,pof->fpm", kernel, features)
    one, t, ratio, shift, curve, first, first_ratio, first_shift, second, second_ratio = panels
    q = one.sum(axis=0)
    lift_panel = jnp.exp(panel_log_mass)[:, None]
    p_panels, first_p, second_p = ratio * lift_panel, first_ratio * lift_panel, second_ratio * lift_panel
    p = p_panels.sum(axis=0)
    log_z = jnp.log(p) - jnp.log(q)
    mean_log_ratio = (t + one * panel_log_mass[:, None]).sum(axis=0) / q
    f_q, f_p = first.sum(axis=0) / q, first_p.sum(axis=0) / p
    spread = second.sum(axis=0) / q
    p_log, slope, bend, bend_y = jnp.einsum("pmo,pol->lm", kernel, loose)
    p_mean_log_ratio, p_second = p_log / q, second_p.sum(axis=0) / p
    at_ends = jnp.exp(channels.log_density(channel, noise, x[:, None], ends[None, :]) - top[:, None])
    boundary = (at_ends @ (end_weight * (ends - middle)) - f_q * (at_ends @ end_weight)) / q
    kernel_slope = kernel * channels.log_density_slope(channel, noise, x[None, :, None], y[:, None, :])
    steep_by = jnp.stack([loose[:, :, 1], loose[:, :, 1] * (y - middle)], axis=2)
    steep, steep_y = jnp.einsum("pmo,pol->lm", kernel_slope, steep_by)

    def whole(delta: jax.Array) -> tuple[jax.Array, ...]:
        """Sums by panel of e^t - 1, e^t - 1 - t and y (e^t - 1) when t is counted from another log mass, delta lower; delta is (panels,)."""
        delta = delta[:, None]
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
        z = moved.sum(axis=0) / q
        near = jnp.abs(z) < NEAR
        z = jnp.where(near, z, 0.0)
        kl = curved.sum(axis=0) / q - (z - jnp.log1p(z))
        shift_of_mean = (pulled.sum(axis=0) / q - f_q * z) / (1.0 + z)
        return jnp.where(near, kl, log_norm - mean_log), jnp.where(near, shift_of_mean, mean - f_q)

    price_accurate, pull = accurate(panel_log_mass, log_z, mean_log_ratio, f_p)

    def partition(inputs: tuple[jax.Array, jax.Array]) -> dict[str, jax.Array]:
        places, mass = inputs

        def by_bin(sums: jax.Array) -> jax.Array:
            return jax.ops.segment_sum(sums, places, num_segments=len(mass), indices_are_sorted=True)

        a, b = by_bin(one), by_bin(p_panels)
        level = mass[:, None]
        balance = jnp.exp(-level)
        pi_q, pi_p = a / q, b / p
        log_bins = _log_ratio(b, a)
        class_part = (pi_q * second_order(log_bins - log_z)).sum(axis=0)
        inner = (pi_q * log_bins).sum(axis=0)
        # The correction as it is written down: reweighted class posterior, then the within-class posterior of p.
        corrected = pi_p * balance
        corrected = corrected / corrected.sum(axis=0)
        direct = -(pi_q * _log_ratio(corrected, b)).sum(axis=0) - jnp.log(q) - mean_log_ratio
        f_hat = (corrected * _divide(by_bin(first_p), b)).sum(axis=0)
        log_z_hat = jnp.log((b * balance).sum(axis=0)) - jnp.log(q)
        mean_mass = (pi_q * level).sum(axis=0)
        kl, pull_hat = accurate(panel_log_mass - mass[places], log_z_hat, mean_log_ratio - mean_mass, f_hat)
        return {
            "class_part": class_part,
            "within_part": inner - mean_log_ratio,
            "inputs_within": mean_mass - inner,
            "corrected_excess": direct,
            "corrected_excess_accurate": kl,
            "log_z_corrected": log_z_hat,
            "f_hat": f_hat + middle,
            "pull_hat": pull_hat,
            "squares_q": by_bin(_squares(f_p, one, first, second) @ mass_of_x),
            "squares_p": by_bin(_squares(f_p, p_panels, first_p, second_p) @ mass_of_x),
        }

    mass_of_x = weight * jnp.exp(top)
    per = jax.lax.map(partition, (owner, log_mass))
    totals = {name: per.pop(name) for name in ("squares_q", "squares_p")}
    return {
        "density": q * jnp.exp(top),
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
        "kappa": (slope + steep_y - f_q * steep) / q,
        "kappa_by_parts": boundary - (bend_y - f_q * bend) / q,
        "totals": totals,
        "per": {name: jnp.moveaxis(value, 0, 1) for name, value in per.items()},
    }


rows = jax.jit(_rows, static_argnames=("channel",))
"""For much work."""
rows_at_once = jax.jit(_rows, static_argnames=("channel",), compiler_options={"xla_backend_optimization_level": "0"})
"""The same for little work, where compiling takes longer than running: half the time to compile, a third more to run."""


def _divide(above: jax.Array, below: jax.Array) -> jax.Array:
    return jnp.where(below > 0, above / jnp.where(below > 0, below, 1.0), 0.0)


def _squares(mean: jax.Array, zeroth: jax.Array, first: jax.Array, second: jax.Array) -> jax.Array:
    """Sums of (y - mean)^2 from sums of 1, y and y^2."""
    return second - 2 * mean * first + mean**2 * zeroth
