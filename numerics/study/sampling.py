"""Data of the study, made from keys: pool, bins, draws with replacement, peak window, cap, floor, thirds.

Readings of the protocol where its words leave room:

- The range of `y` is that of the pool. The peak window is not cut off at the range's ends: bins beyond them are empty and give nothing
  (a window half outside gives 53 · 1,024 draws, which with the floor is the 60,416 of the uniform sampling: the protocol's "about 60,000").
- *ood*: each split has its own pool members, those whose `x` lies in one of its intervals, and a third of every count of draws, rounded up
  (20 / 36 capped at 19,657 / 2). Bins are those of the whole pool's range. The centre is uniform over the bins that have members in all three
  splits and uniform within its bin, which is the protocol's centre given that its bin occurs in all three.
- Noise is added after the sampling, so that the sampling acts on the clean `y`.
- *clean* and *noisy* share pool, draws and order; only the noise differs.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from numerics.study import law, protocol
from numerics.study.streams import stream

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


def target(function: int, x: Array) -> Array:
    """The clean `y` of a synthetic function."""
    f = law.function(function)
    return f.A * np.sin(f.C * x) + f.B * np.sin(f.D * x)


def bin_of(y: Array, low: float, high: float, bins: int = protocol.BINS) -> Indices:
    """Index of the equal bin of `[low, high]` that holds each `y`; the last is closed, and -1 stands for labels outside."""
    index = np.minimum(np.floor((y - low) * (bins / (high - low))).astype(np.int64), bins - 1)
    return np.where((y < low) | (y > high), -1, index)


def draw(generator: np.random.Generator, bins: Indices, draws: int) -> Indices:
    """Draws with replacement: `draws` members from each non-empty bin.

    Args:
      bins: (n,) bin of each member, -1 for none.

    Returns:
      (draws * non-empty bins,) positions in `bins`, ordered by bin.
    """
    # NumPy sorts 16-bit integers by radix, several times faster than longer ones.
    order = np.argsort(bins.astype(np.int16), kind="stable")
    count = np.bincount(bins + 1)
    start = np.cumsum(count) - count
    filled = np.flatnonzero(count[1:]) + 1
    chosen = start[filled, None] + generator.integers(0, count[filled, None], (len(filled), draws))
    return order[chosen.ravel()]


def occupied(bins: Indices) -> int:
    """How many bins have members."""
    return int(np.count_nonzero(np.bincount(bins + 1)[1:]))


@dataclass(frozen=True)
class Draws:
    """What one split was drawn from.

    Attributes:
      members: positions in the pool, before the shuffle.
      inverse_ratio: the true `1/r = q/p` of each, with `q` the uniform sampling of the same split.
    """

    members: Indices
    inverse_ratio: Array


def split_draws(
    generator: np.random.Generator, y: Array, low: float, high: float, half: float | None, centre: float, share: int
) -> Draws:
    """The draws of one split.

    Args:
      y: (n,) the split's pool members.
      low, high: range of the whole pool.
      half: half-width of the peak window as a share of the range; None for the uniform sampling.
      centre: of the peak.
      share: 1, or 3 where each of three splits draws a third.
    """
    counts = [-(-c // share) for c in (protocol.UNIFORM_DRAWS, protocol.PEAK_DRAWS, protocol.FLOOR_DRAWS)]
    uniform, peak, floor = counts
    bins = bin_of(y, low, high)
    if half is None:
        members = draw(generator, bins, uniform)
        return Draws(members, np.ones(len(members)))
    reach = half * (high - low)
    window = bin_of(y, centre - reach, centre + reach)
    drawn = generator.permutation(draw(generator, window, peak))
    kept = drawn[: protocol.PEAK_CAP // share]
    members = np.concatenate([kept, draw(generator, bins, floor)])
    # Draws per length of label, in units of one bin of the full range: floor everywhere, peak in the window.
    inside = len(kept) / occupied(window) / (2 * half)
    p = (floor + inside * (window[members] >= 0)) / len(members)
    return Draws(members, 1 / occupied(bins) / p)


def intervals(function: int, data_seed: int) -> list[list[tuple[float, float]]]:
    """ood: the intervals of `x` of train, validation and test."""
    width = 2 / protocol.INTERVALS
    stretch = np.abs(stream("intervals", function, data_seed).normal(0, width / 8, protocol.INTERVALS))
    lower = -1 + width * np.arange(protocol.INTERVALS)
    upper = np.minimum(1, lower + width + stretch)
    return [[(lower[i], upper[i]) for i in range(split, protocol.INTERVALS, 3)] for split in range(3)]


@dataclass(frozen=True)
class Split:
    """One third: `x` (n, f), noisy targets `y` (n,), and the true `1/r` of the sampling (n,)."""

    x: Array
    y: Array
    inverse_ratio: Array


# A chunk needs its own 50 data sets and their 50 uniform partners.
@lru_cache(maxsize=128)
def splits(by_input: bool, sampling: str, noise: float, function: int, data_seed: int) -> tuple[Split, Split, Split]:
    """Train, validation and test of one data set, shuffled."""
    x = stream("pool", function, data_seed).uniform(-1, 1, protocol.POOL)
    y = target(function, x)
    low, high = float(y.min()), float(y.max())
    half = protocol.SAMPLINGS[sampling]
    generator = stream("draws", by_input, sampling, function, data_seed)
    noises = stream("noise", by_input, sampling, function, data_seed)

    if by_input:
        parts = [
            np.flatnonzero(np.any([(x >= lower) & (x <= upper) for lower, upper in ranges], axis=0))
            for ranges in intervals(function, data_seed)
        ]
    else:
        parts = [np.arange(protocol.POOL)]
    occurring = np.flatnonzero(
        np.all([np.bincount(bin_of(y[part], low, high), minlength=protocol.BINS) > 0 for part in parts], axis=0)
    )
    if by_input:
        centre = low + (high - low) / protocol.BINS * (generator.choice(occurring) + generator.uniform())
    else:
        centre = generator.uniform(low, high)

    thirds: list[tuple[Indices, Array]] = []
    for part in parts:
        draws = split_draws(generator, y[part], low, high, half, centre, 3 if by_input else 1)
        order = generator.permutation(len(draws.members))
        members, ratio = part[draws.members[order]], draws.inverse_ratio[order]
        pieces = 1 if by_input else 3
        ends = [len(members) * i // pieces for i in range(pieces + 1)]
        thirds += [(members[a:b], ratio[a:b]) for a, b in pairwise(ends)]

    train, validation, test = (
        Split(x[members][:, None], y[members] + noise * noises.normal(size=len(members)), ratio)
        for members, ratio in thirds
    )
    return train, validation, test


def labels(y: Array, classes: int, low: float, high: float) -> NDArray[np.int32]:
    """Class of each target: equal-width bins between the least and the largest training target; targets beyond them go to the end classes.

    A target within a billionth of a bin below an edge counts as on it: labels given in steps (2.5 stars) lie on edges, and their side must not
    hang on the rounding of a change of units.
    """
    index = np.floor((y - low) * (classes / (high - low)) + 1e-9)
    return np.clip(index, 0, classes - 1).astype(np.int32)


def log_prior(label: NDArray[np.int32], classes: int) -> Array:
    """`log(p_c/q_c)`, `q` uniform over the classes, `p_c` from training counts with half a count added to each (a class may be empty)."""
    counts = np.bincount(label, minlength=classes) + 0.5
    return np.log(counts / counts.sum() * classes)
