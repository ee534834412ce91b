"""A predictor too small to fit: the straight line that least squares finds under p. Its conditional error e(y) is a quadratic in y.

The channel is y plus noise of variance v, so the line f(x) = intercept + slope x has
e(y) = E[(y - f(x))^2 | y] = ((1 - slope) y - intercept)^2 + slope^2 v, in both worlds. Everything about it lives on the labels; the direct
risks, by quadrature over labels and noise, share nothing with that formula.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics import quadrature
from numerics.channels import Channel
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Estimate
from numerics.world import World, bin_index

ORDERS = (12, 8)


def noise_variance(channel: Channel) -> float:
    """v: s^2, s^2 pi^2/3 and 3 s^2 for the Gaussian, logistic and Student channel."""
    return channel.noise**2 * {"gaussian": 1.0, "logistic": math.pi**2 / 3, "student": 3.0}[channel.name]


@dataclass(frozen=True)
class Line:
    """f(x) = intercept + slope x, and its conditional error.

    Attributes:
      intercept, slope: of the least-squares fit under p.
      variance: v of the channel.
    """

    intercept: float
    slope: float
    variance: float

    def error(self, y: np.ndarray) -> np.ndarray:
        """e(y)."""
        return ((1 - self.slope) * y - self.intercept) ** 2 + self.slope**2 * self.variance

    def derivative(self, y: np.ndarray) -> np.ndarray:
        """e'(y)."""
        return 2 * (1 - self.slope) * ((1 - self.slope) * y - self.intercept)

    def rise(self, y: np.ndarray, start: np.ndarray) -> np.ndarray:
        """e(y) - e(start) without cancellation."""
        return (1 - self.slope) * (y - start) * ((1 - self.slope) * (y + start) - 2 * self.intercept)

    def extremes(self, low: float, high: float) -> tuple[float, float]:
        """inf e and sup e on an interval."""
        turn = self.intercept / (1 - self.slope)
        values = self.error(np.array([low, high, min(max(turn, low), high)]))
        return float(values.min()), float(values.max())


def line(world: World) -> Line:
    """The population least-squares line under p: slope Var_p(y)/(Var_p(y) + v)."""
    nodes = world.law.nodes((), ORDERS[0], world.law.length / 64)
    mass = nodes.weight * np.exp(nodes.log_ratio)
    mass = mass / mass.sum()
    mean = float(mass @ nodes.y)
    spread = float(mass @ (nodes.y - mean) ** 2)
    variance = noise_variance(world.channel)
    slope = spread / (spread + variance)
    return Line((1 - slope) * mean, slope, variance)


def class_errors(run: World, model: Line, edges: Any) -> tuple[list[Estimate], list[Estimate]]:
    """e_c^q and e_c^p, from e(y) and the label law alone; undefined in a class that p never samples."""
    q, p = (np.asarray(mass, float) for mass in run.law.bin_masses(edges))
    sums: list[tuple[np.ndarray, np.ndarray]] = []
    size = np.zeros(len(q))
    width = min(run.law.length / 32, run.channel.noise)
    for order in ORDERS if not run.law.discrete else (1,):
        nodes = run.law.nodes(edges, order, width)
        place = bin_index(edges, nodes.y)
        under_q = nodes.weight * model.error(nodes.y)
        under_p = under_q * np.exp(nodes.log_ratio)
        sums.append((np.bincount(place, under_q, len(q)), np.bincount(place, under_p, len(q))))
        size = np.maximum(size, np.array([model.error(nodes.y[place == c]).max(initial=0.0) for c in range(len(q))]))
    errors = []
    for world, mass in ((0, q), (1, p)):
        top, other = sums[0][world], sums[-1][world]
        off = SAFETY * np.abs(top - other) + ROUNDING * EPSILON * size * mass
        errors.append(
            [
                Estimate(float(t / m), float(e / m)) if m > 0 else Estimate(math.nan, 0.0)
                for t, e, m in zip(top, off, mass, strict=True)
            ]
        )
    return errors[0], errors[1]


def direct_risks(world: World, model: Line) -> tuple[Estimate, Estimate]:
    """R_q(f) and R_p(f) by quadrature over labels and noise, with the channel's own density."""
    width = min(world.law.length / 32, world.channel.noise)
    values = []
    for order, noise_order in ((12, 16), (8, 11)) if not world.law.discrete else ((1, 16), (1, 11)):
        nodes = world.law.nodes((), order, width)
        noise, weight = noise_rule(world.channel, noise_order)
        # (m, n) in blocks of labels, so that memory stays small.
        errors = np.concatenate(
            [
                ((y[:, None] - model.intercept - model.slope * (y[:, None] + noise)) ** 2) @ weight
                for y in np.array_split(nodes.y, max(1, len(nodes.y) // 512))
            ]
        )
        mass = nodes.weight * np.exp(nodes.log_ratio)
        values.append((float(nodes.weight @ errors), float(mass @ errors)))
    size = world.law.length**2 + 4 * model.variance

    def settled(fine: float, coarse: float) -> Estimate:
        return Estimate(fine, SAFETY * abs(fine - coarse) + ROUNDING * EPSILON * (size + fine))

    (fine_q, fine_p), (coarse_q, coarse_p) = values[0], values[-1]
    return settled(fine_q, coarse_q), settled(fine_p, coarse_p)


def noise_rule(channel: Channel, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights for means over the noise x - y. The Student channel is mapped to a finite interval by x - y = s sqrt 3 tan(t),
    where its density times a square is smooth."""
    if channel.name == "student":
        angle, weight = quadrature.composite(quadrature.split([-math.pi / 2, 0.0, math.pi / 2], math.pi / 32), order)
        noise = channel.noise * math.sqrt(3) * np.tan(angle.ravel())
        stretch = channel.noise * math.sqrt(3) / np.cos(angle.ravel()) ** 2
        weight = weight.ravel() * stretch
    else:
        reach = channel.reach(1e-18)
        nodes, weight = quadrature.composite(quadrature.split([-reach, 0.0, reach], channel.noise), order)
        noise, weight = nodes.ravel(), weight.ravel()
    return noise, weight * np.exp(channel.log_density(noise, 0.0))
