"""Batch order without a sort: a keyed bijection of `0 .. n-1`, evaluated where it is needed.

Swap-or-not (Hoang, Morris and Rogaway, CRYPTO 2012): each round pairs `i` with `k - i (mod n)` and swaps the pair on a pseudo-random bit of
its larger member. Any number of rounds is a bijection for any `n`, and the distance to a uniform permutation falls geometrically with the
rounds. A sort per model and epoch would cost as much as the training of the small net.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

ROUNDS = 16


def mix(h: jax.Array) -> jax.Array:
    """A bijective mixer of uint32 words (xor-shift-multiply, two rounds)."""
    h = (h ^ (h >> 16)) * jnp.uint32(0x7FEB352D)
    h = (h ^ (h >> 15)) * jnp.uint32(0x846CA68B)
    return h ^ (h >> 16)


def shuffled(seed: jax.Array, epoch: jax.Array, position: jax.Array, size: jax.Array) -> jax.Array:
    """Samples at the given positions of an epoch's order.

    Args:
      seed: (g,) uint32, one for each model.
      epoch: (g,) uint32.
      position: (g, b) uint32, each below `size`.
      size: (g,) uint32, number of samples, below 2^31.

    Returns:
      (g, b) int32; over all positions of an epoch each of `0 .. size-1` occurs once.
    """
    base = mix(seed ^ mix(epoch + jnp.uint32(1)))
    words = mix(base[:, None] + jnp.uint32(0x9E3779B9) * jnp.arange(1, 3 * ROUNDS + 1, dtype=jnp.uint32))
    reflection = words[:, :ROUNDS] % size[:, None]
    factor = words[:, ROUNDS : 2 * ROUNDS] | jnp.uint32(1)
    summand = words[:, 2 * ROUNDS :]
    # Keeps the (g, rounds) words out of the loop over positions.
    reflection, factor, summand = lax.optimization_barrier((reflection, factor, summand))
    i = position
    for turn in range(ROUNDS):
        partner = reflection[:, turn, None] - i
        partner = jnp.minimum(partner, partner + size[:, None])  # wraps: the smaller one is k - i mod n
        bit = (jnp.maximum(i, partner) * factor[:, turn, None] + summand[:, turn, None]) >> 31
        i = jnp.where(bit == 1, partner, i)
    return i.astype(jnp.int32)
