"""A reflecting-boundary Gaussian kernel estimate of a label density, as a damped cosine series.

Reflecting a Gaussian kernel of bandwidth h at both ends of `[0, 1]` for ever is the heat equation with insulated ends
run to time `t = h^2`: in the cosine basis each coefficient `a_k = mean(cos(k pi u))` of the labels is damped by
`exp(-k^2 pi^2 t / 2)`. So the estimate is a finite series that the certificates read exactly, and one fast transform
of a fine histogram computes it.

Source: Botev, Grotowski, Kroese, "Kernel density estimation via diffusion", Annals of Statistics 38(5), 2010 (the
  improved Sheather-Jones bandwidth is its algorithm 1 with five stages).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

CELLS = 1 << 16
"""Of the histogram; a label moves by at most half a cell, 1/131072 of the support."""

SMALLEST_BANDWIDTH = 1e-3
LARGEST_BANDWIDTH = 1.0
NEGLIGIBLE = 1e-17
"""Terms whose damping is below this are left out."""

LARGEST_FLOOR = 0.1


@dataclass(frozen=True)
class KernelEstimate:
    """The estimate on the unit interval.

    Attributes:
      coefficients: of `cos(k pi u)`, k = 0, 1, ...; the first is 1, so that it integrates to one.
      bandwidth: standard deviation of the kernel, as a fraction of the support.
      rule: how the bandwidth was chosen, in words.
      floor: share of the uniform that was mixed in.
      margin: certified lower bound of the estimate: the floor less what truncation and rounding can take away.
    """

    coefficients: tuple[float, ...]
    bandwidth: float
    rule: str
    floor: float
    margin: float


def estimate(
    points: np.ndarray,
    counts: np.ndarray,
    bandwidth: float | None = None,
    floor: float | None = None,
    rule: str = "given",
) -> KernelEstimate:
    """The kernel estimate of labels in `[0, 1]`.

    Args:
      points: distinct labels in ascending order, shape (m,), m >= 2.
      counts: how often each occurs, shape (m,).
      bandwidth: fraction of the support; chosen by `choose_bandwidth` when None.
      floor: share of the uniform; when None, `1/(2 n h)` and at most `LARGEST_FLOOR`: a stretch of one bandwidth
        without labels is owed half a label.
      rule: how a given bandwidth was chosen.
    """
    n = int(counts.sum())
    cells = np.minimum((points * CELLS).astype(np.int64), CELLS - 1)
    moments = cosine_moments(np.bincount(cells, weights=counts, minlength=CELLS) / n)
    if bandwidth is None:
        bandwidth, rule = choose_bandwidth(moments, points, counts)
    time = bandwidth**2
    terms = min(CELLS - 1, math.ceil(math.sqrt(2 * math.log(1 / NEGLIGIBLE) / time) / math.pi))
    # The untruncated series is a kernel estimate and never negative. What truncation leaves out is at most a
    # geometric series; what rounding changes in a coefficient is at most 8 eps log2(N) sqrt(N), the normwise bound of
    # a fast transform of masses that sum to one (Higham, Accuracy and Stability of Numerical Algorithms, section 24.1).
    ratio = math.exp(-(2 * terms + 3) * math.pi**2 * time / 2)
    left_out = 2 * math.exp(-((terms + 1) ** 2) * math.pi**2 * time / 2) / (1 - ratio)
    damping = np.exp(-(np.arange(1, terms + 1) ** 2) * math.pi**2 * time / 2)
    per_term = 8 * np.finfo(float).eps * math.log2(CELLS) * math.sqrt(CELLS)
    loss = left_out + 2 * per_term * float(np.sum(damping + np.finfo(float).eps))
    if floor is None:
        floor = max(min(LARGEST_FLOOR, 1 / (2 * n * bandwidth)), 2 * loss)
    coefficients = (1.0, *(2 * (1 - floor) * moments[1 : terms + 1] * damping).tolist())
    return KernelEstimate(coefficients, float(bandwidth), rule, float(floor), float(floor - loss))


def cosine_moments(masses: np.ndarray) -> np.ndarray:
    """`sum_j masses[j] cos(k pi (j + 1/2)/N)` for k = 0 .. N - 1, by one fast transform."""
    from scipy.fft import dct

    return dct(masses, type=2) / 2


def choose_bandwidth(moments: np.ndarray, points: np.ndarray, counts: np.ndarray) -> tuple[float, str]:
    """A bandwidth on the unit interval, and how it was found in words.

    The improved Sheather-Jones rule, unless its equation has no root or its root would resolve single labels: less
    than twice the median distance of a label to the nearest different one. That happens when labels are rounded or
    repeated; Silverman's rule then.

    Args:
      moments: `cosine_moments` of the histogram.
      points, counts: as in `estimate`; repeats carry no information about smoothness, so the rule's sample size is
        that of points.
    """
    gaps = np.diff(points)
    nearest = np.minimum(np.append(gaps, np.inf), np.insert(gaps, 0, np.inf))
    ranked = np.argsort(nearest, kind="stable")
    spacing = float(nearest[ranked[np.searchsorted(np.cumsum(counts[ranked]), counts.sum() / 2)]])
    root = sheather_jones(moments, len(points))
    if root is not None and root >= 2 * spacing:
        if root < SMALLEST_BANDWIDTH:
            return SMALLEST_BANDWIDTH, "the smallest allowed (improved Sheather-Jones asks for less)"
        return root, "improved Sheather-Jones"
    why = "has no root" if root is None else "would resolve single repeated labels"
    ranks = np.cumsum(counts) / counts.sum()
    quarter, three_quarters = points[np.searchsorted(ranks, [0.25, 0.75])]
    mean = float(np.average(points, weights=counts))
    deviation = math.sqrt(float(np.average((points - mean) ** 2, weights=counts)))
    spread = min(deviation, float(three_quarters - quarter) / 1.349 or math.inf)
    silverman = 0.9 * spread * float(counts.sum()) ** -0.2
    return min(
        LARGEST_BANDWIDTH, max(SMALLEST_BANDWIDTH, silverman)
    ), f"Silverman's rule (improved Sheather-Jones {why})"


def sheather_jones(moments: np.ndarray, distinct: int) -> float | None:
    """The improved Sheather-Jones bandwidth: the least root of `fixed_point`; None when there is none below 1."""
    from scipy.optimize import brentq

    squares = np.arange(1, len(moments), dtype=float) ** 2
    powers = moments[1:] ** 2
    times = np.geomspace((SMALLEST_BANDWIDTH / 4) ** 2, LARGEST_BANDWIDTH**2, 97)
    values = [fixed_point(time, distinct, squares, powers) for time in times]
    if values[0] >= 0:
        return math.sqrt(times[0])
    for place in range(len(times) - 1):
        if values[place] < 0 <= values[place + 1]:
            ends = times[place], times[place + 1]
            # To the last digits that the solver admits; the bandwidth is a choice, so nothing downstream takes an error from it.
            root = brentq(fixed_point, *ends, args=(distinct, squares, powers), xtol=1e-300, rtol=4 * 2.0**-52)
            return math.sqrt(root)
    return None


def fixed_point(time: float, distinct: int, squares: np.ndarray, powers: np.ndarray) -> float:
    """`t - xi gamma^[5](t)` of Botev et al., section 5; its root is the squared bandwidth.

    Args:
      squares: `k^2` for k = 1, 2, ...
      powers: squared cosine moments, same shape.
    """
    norm = 2 * math.pi**14 * float(np.sum(squares**7 * powers * np.exp(-squares * math.pi**2 * time)))
    for s in range(6, 1, -1):
        double_factorial = math.prod(range(1, 2 * s, 2))
        factor = (1 + 0.5 ** (s + 0.5)) / 3
        if norm <= 0:
            return -1.0
        stage = (2 * factor * double_factorial / (math.sqrt(2 * math.pi) * distinct * norm)) ** (2 / (3 + 2 * s))
        norm = 2 * math.pi ** (2 * s) * float(np.sum(squares**s * powers * np.exp(-squares * math.pi**2 * stage)))
    if norm <= 0:
        return -1.0
    return time - (2 * distinct * math.sqrt(math.pi) * norm) ** (-2 / 5)
