"""Samples as tables of counts, from the law's and the channel's own samplers.

Keys: `key(seed)` is folded with the repetition, then with the part (chunks of the first half of the training sample, of the second half, then the
test pairs under p and under q), then with 0 for labels and 1 for noise. So a repetition's sample is the same whatever else runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from numerics.fits.counting_cells import InputCells, LabelCells
from numerics.laws.law import Law
from numerics.world import World

AHEAD = 3
"""Parts drawn ahead of the counting."""


def balanced_labels(law: Law, key: Any, n: int) -> Any:
    """`n` labels from q: uniform on the support, or on the atoms."""
    import jax

    if law.discrete:
        atoms = jax.numpy.asarray(law.nodes((), 1, float("inf")).y)
        return atoms[jax.random.randint(key, (n,), 0, len(atoms))]
    low, high = (float(end) for end in law.support)
    return jax.random.uniform(key, (n,), jax.numpy.float64, low, high)


def pairs(world: World, key: Any, n: int, under: str) -> tuple[Any, Any]:
    """`n` pairs (x, y), arrays of shape (n,), from the world `p` or `q`."""
    import jax

    labels = jax.random.fold_in(key, 0)
    y = world.law.sample(labels, n) if under == "p" else balanced_labels(world.law, labels, n)
    return world.channel.sample(jax.random.fold_in(key, 1), y), y


def tally(inputs: InputCells, labels: LabelCells, x: Any, y: Any) -> np.ndarray:
    """Counts on cells and subcells, shape (cells, subcells)."""
    rows, columns = inputs.index(np.asarray(x)), labels.index(np.asarray(y))
    shape = (inputs.count, len(labels.points))
    return np.bincount(rows * shape[1] + columns, minlength=shape[0] * shape[1]).reshape(shape)


def draw(
    world: World,
    inputs: InputCells,
    labels: LabelCells,
    seed: int,
    repetitions: Sequence[int],
    chunk: int,
    parts: Sequence[tuple[str, str]],
    tick: Callable[[], None],
) -> dict[str, np.ndarray]:
    """Counts of the named tables of every repetition, shape (repetitions, cells, subcells) each.

    Args:
      chunk: pairs a part.
      parts: for each part the table that it is counted into, and the world, `p` or `q`.
      tick: called before each repetition.
    """
    import jax

    root = jax.random.key(seed)
    shape = (len(repetitions), inputs.count, len(labels.points))
    counts = {name: np.zeros(shape) for name, _ in parts}
    waiting: deque[tuple[int, str, Any, Any]] = deque()

    def finish() -> None:
        row, name, x, y = waiting.popleft()
        counts[name][row] += tally(inputs, labels, x, y)

    for row, repetition in enumerate(repetitions):
        tick()
        for part, (name, under) in enumerate(parts):
            key = jax.random.fold_in(jax.random.fold_in(root, repetition), part)
            waiting.append((row, name, *pairs(world, key, chunk, under)))
            # JAX draws the next parts while this thread counts.
            if len(waiting) > AHEAD:
                finish()
    while waiting:
        finish()
    return counts
