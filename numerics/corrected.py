"""The prior-corrected model for many partitions of one label law, in plain numpy: W, the corrected excess, the corrected squared error.

A second, smaller road to numbers that `numerics.posterior.quantities` computes for the classes of a run: here one label rule serves any partition, so that limits in
K and scans of the noise are cheap. All divergences are written as E[e^t - 1 - t] or log1p of it with centred t, which keeps their relative
accuracy however small they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from numerics import deadline, quadrature
from numerics.channels import Channel
from numerics.laws.law import Law
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Estimate
from numerics.world import bin_index

ORDERS = (8, 6)
INPUT_ORDERS = (12, 9)
TAIL = 1e-22


@dataclass(frozen=True)
class Labels:
    """Label nodes of one order.

    Attributes:
      y: labels, (n,).
      weight: q-mass, (n,), sums to 1.
      log_ratio: l, (n,), finite.
      order: nodes a panel.
    """

    y: np.ndarray
    weight: np.ndarray
    log_ratio: np.ndarray
    order: int


def label_rules(law: Law, cuts: Sequence[Fraction], width: float = float("inf")) -> tuple[Labels, ...]:
    """Nodes of a law by falling order, panels split at the cuts; a discrete law has one rule, its atoms."""
    rules = []
    for order in ORDERS if not law.discrete else (1,):
        nodes = law.nodes(cuts, order, width)
        rules.append(Labels(nodes.y, nodes.weight, nodes.log_ratio, order))
    return tuple(rules)


def gap(t: np.ndarray) -> np.ndarray:
    """e^t - 1 - t, to full relative accuracy near zero."""
    s = np.where(np.abs(t) < 0.3, t, 0.0)
    series = np.zeros_like(s)
    for power in range(14, 2, -1):
        series = (series + 1.0) * s / power
    return np.where(np.abs(t) < 0.3, s * s / 2 * (1.0 + series), np.expm1(t) - t)


def centred(labels: Labels, place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """l less its q-mean in each bin, log E_{q|c} e^of that, and q_c; shapes (n,), (bins,), (bins,)."""
    number = int(place.max()) + 1
    mass = np.bincount(place, labels.weight, number)
    t = labels.log_ratio - (np.bincount(place, labels.weight * labels.log_ratio, number) / mass)[place]
    # Once more: the mean is only good to rounding, and a shift of t is an error of first order.
    t = t - (np.bincount(place, labels.weight * t, number) / mass)[place]
    return t, np.log1p(np.bincount(place, labels.weight * gap(t), number) / mass), mass


def equal_places(labels: Labels, count: int) -> np.ndarray:
    """The bin of each node, K equal bins, for nodes on equal panels whose number is a multiple of K; shape (n,)."""
    return np.repeat(np.arange(count), len(labels.y) // count)


def remainder(rules: Sequence[Labels], classes: Sequence[Fraction | float] | int) -> Estimate:
    """W = sum_c q_c log E_{q|c} e^(l - E l), by two orders; relative accuracy but for the rounding of l itself.

    Args:
      classes: edges; or K equal bins of nodes on equal panels.
    """
    found, slope = [], 0.0
    for labels in rules:
        place = equal_places(labels, classes) if isinstance(classes, int) else bin_index(classes, labels.y)
        t, divergence, mass = centred(labels, place)
        found.append(float(mass @ divergence))
        # The slope of W in l is E|e^t - 1|, about E|t|.
        slope = max(slope, float((labels.weight * np.abs(np.expm1(t))).sum()))
    rounding = 8 * EPSILON * (1 + float(np.abs(rules[0].log_ratio).max())) * slope
    return Estimate(found[0], SAFETY * abs(found[0] - found[-1]) + rounding + 16 * EPSILON * abs(found[0]))


def equal_bins(law: Law, count: int) -> Sequence[float]:
    """Edges of K equal bins as doubles: enough to place nodes, which keep clear of panel ends."""
    low, high = (float(end) for end in law.support)
    return np.linspace(low, high, count + 1).tolist()


def equal_edges(law: Law, count: int) -> tuple[Fraction, ...]:
    """K bins of equal width on the support."""
    low, high = law.support
    return tuple(low + (high - low) * Fraction(i, count) for i in range(count + 1))


@dataclass(frozen=True)
class Costs:
    """What a corrected model still loses: E_{q(x)} KL(q(y|x)||qhat(y|x)) and E_{q(x)} (fhat - f_q)^2."""

    excess: Estimate
    squared_error: Estimate


@dataclass(frozen=True)
class Kernel:
    """Balanced posteriors at the nodes of one x rule.

    Attributes:
      x: inputs, (m,).
      evidence: q(x), (m,).
      mass: q(x) times quadrature weight, (m,).
      posterior: q-mass of each label node given x, (m, n), rows summing to 1.
      mean: f_q(x), (m,).
    """

    x: np.ndarray
    evidence: np.ndarray
    mass: np.ndarray
    posterior: np.ndarray
    mean: np.ndarray


def kernel(labels: Labels, channel: Channel, order: int, panel: float = 1.5) -> Kernel:
    """Balanced posteriors on panels of x at most `panel` noises wide, as far as `TAIL` of the noise is left out; Gaussian and logistic channels."""
    low, high, noise = float(labels.y.min()), float(labels.y.max()), channel.noise
    reach = channel.reach(TAIL)
    x, weight = (
        part.ravel()
        for part in quadrature.composite(quadrature.split([low - reach, low, high, high + reach], panel * noise), order)
    )
    deadline.check()
    log_kernel = channel.log_density(x[:, None], labels.y[None, :])
    top = log_kernel.max(axis=1)
    joint = np.exp(log_kernel - top[:, None]) * labels.weight
    total = joint.sum(axis=1)
    posterior = joint / total[:, None]
    evidence = total * np.exp(top)
    return Kernel(x, evidence, weight * evidence, posterior, posterior @ labels.y)


def kernels(rules: Sequence[Labels], channel: Channel) -> tuple[Kernel, ...]:
    """One for each label rule, with its own order in x."""
    return tuple(kernel(rule, channel, order) for rule, order in zip(rules, INPUT_ORDERS, strict=False))


def costs(rules: Sequence[Labels], prepared: Sequence[Kernel], edges: Sequence[Fraction]) -> Costs:
    """Both costs of a partition, by two orders in y and x at once; one bin is the uncorrected model, whose costs are the prices."""
    excess, squares, moved = [], [], []
    oscillation = 0.0
    for labels, here in zip(rules, prepared, strict=True):
        deadline.check()
        place = bin_index(edges, labels.y)
        t, level, _ = centred(labels, place)
        t = t - level[place]
        oscillation = max(oscillation, float(np.ptp(t)))
        # Under q(y|x): KL(q||q e^t/Z) = log E e^t - E t = log1p(E gap(t - m)), m = E t.
        mean = here.posterior @ t
        spread = gap(t[None, :] - mean[:, None])
        excess.append(float(here.mass @ np.log1p((here.posterior * spread).sum(axis=1))))
        tilted = here.posterior * np.expm1(t)
        shift = (tilted @ labels.y - here.mean * tilted.sum(axis=1)) / (1 + tilted.sum(axis=1))
        squares.append(float(here.mass @ shift**2))
        moved.append(float(here.mass @ np.abs(shift)))
    span = float(np.ptp(rules[0].y)) or 1.0
    size = min(float(np.expm1(min(oscillation, 2.0))), 3.0)
    unit = 32 * EPSILON * span * size
    tail = TAIL * (1 + oscillation)
    # l is good to some units of its own size, and the excess has the slope E|e^(t - m)/Z - 1| in it, at most `size`.
    ratio = 8 * EPSILON * (1 + float(np.abs(rules[0].log_ratio).max())) * size
    return Costs(
        Estimate(excess[0], SAFETY * abs(excess[0] - excess[-1]) + 32 * EPSILON * excess[0] + ratio + tail),
        Estimate(
            squares[0],
            SAFETY * abs(squares[0] - squares[-1]) + 2 * unit * moved[0] + unit**2 + tail * span**2 * size**2,
        ),
    )
