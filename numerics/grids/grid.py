"""Grids of inputs and labels with their masses, and what every atom of the statements is there.

The statements speak of any model h, any estimate e, any prediction t. Here they are one of each, named below, so that they have numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import quadrature, world
from numerics.posterior.label_side import label_rule
from numerics.posterior.quantities import INPUT_ORDERS, input_panels
from numerics.world import World

LARGEST = 1_500_000
"""Pairs of the finer grid: 12 MB an array. Noise below about 1/100 of the support goes without this route."""
NARROWER = 0.8
"""The noise of the imbalanced law's own channel over that of the balanced one, where a statement has two channels."""
WIDER = 1.25
"""The scale of Balanced MSE over the channel's noise, where a statement has such a scale."""
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Grid:
    """Inputs and labels with their balanced masses.

    Attributes:
      x, y: inputs (m, 1), symmetric about the middle of the labels; labels (1, n).
      mass: joint masses under q, (m, n).
      log_ratio: l at the labels, (1, n).
      order: nodes a panel of the labels; 1 for atoms.
      cells: which prediction is made from each input, (m,), from zero.
      trained: values of atoms that a trained model supplies, in place of those of `ATOMS`.
    """

    world: World
    x: Array
    y: Array
    mass: Array
    log_ratio: Array
    order: int
    cells: Array
    trained: Mapping[str, Array] = field(default_factory=dict)

    @property
    def share(self) -> Array:
        """The labels as shares of their interval, (1, n)."""
        share: Array = (self.y - float(self.world.law.support[0])) / self.world.law.length
        return share

    @property
    def place(self) -> Array:
        """The inputs in units of the label interval, counted from its middle, (m, 1)."""
        low, high = (float(end) for end in self.world.law.support)
        place: Array = (self.x - (low + high) / 2) / (high - low)
        return place


@lru_cache(maxsize=2)
def grids(here: World) -> tuple[Grid, ...]:
    """The grids of a world, the finer first; none where labels are never sampled or the finer would be too large."""
    law, channel = here.law, here.channel
    if law.unsampled:
        return ()
    panels = input_panels(here, 1.0)
    rule = label_rule(law, here.edges, min(channel.noise, law.length / 8))
    made = []
    for index, inputs in enumerate(INPUT_ORDERS):
        place = min(index, len(rule.nodes) - 1)
        nodes = rule.nodes[place]
        x, weight = (part.ravel() for part in quadrature.composite(panels, inputs))
        if len(x) * len(nodes.y) > LARGEST:
            return ()
        mass = weight[:, None] * np.exp(channel.log_density(x[:, None], nodes.y[None, :])) * nodes.weight
        # Panels are symmetric about the middle of the labels, so that an input and its mirror image share a prediction.
        cells = np.minimum(np.arange(len(x)), np.arange(len(x))[::-1])
        made.append(Grid(here, x[:, None], nodes.y[None, :], mass, nodes.log_ratio[None, :], rule.orders[place], cells))
    return tuple(made)


def _model(grid: Grid) -> Array:
    """h(y|x)/q(y|x): the imbalanced posterior, up to half as much again too large and half too small, by input and by label."""
    return np.exp(grid.log_ratio) * (1 + 0.5 * np.sin(5 * grid.share + 3 * grid.place))


def _estimate(grid: Grid) -> Array:
    """phat/q: the imbalanced label law, up to 0.3 of it wrong."""
    return np.exp(grid.log_ratio) * (1 + 0.3 * np.sin(7 * grid.share))


def _own_channel(grid: Grid) -> Array:
    """k_p/k_q where the noise of the imbalanced law is `NARROWER` times that of the balanced one."""
    from numerics.channels import log_density

    channel = grid.world.channel
    narrow = log_density(channel.name, NARROWER * channel.noise, grid.x, grid.y)
    return np.exp(narrow - channel.log_density(grid.x, grid.y))


def _wide(grid: Grid) -> Array:
    """N(y; f(x), s^2)/k(x|y) for a prediction near the input and a scale `WIDER` times the channel's."""
    scale, low = WIDER * grid.world.channel.noise, float(grid.world.law.support[0])
    centre = low + grid.world.law.length * (0.5 + 0.8 * grid.place)
    log_channel = grid.world.channel.log_density(grid.x, grid.y)
    return np.exp(-(((grid.y - centre) / scale) ** 2) / 2 - log_channel + log_channel.max(axis=1, keepdims=True))


ATOMS: dict[str, Callable[[Grid], Array]] = {
    "r(y)": lambda grid: np.exp(grid.log_ratio),
    "y": lambda grid: grid.y,
    "a": lambda grid: np.full((1, 1), float(grid.world.law.support[0])),
    "D": lambda grid: np.full((1, 1), grid.world.law.length),
    "h(y|x)/q(y|x)": _model,
    "e(y)": _estimate,
    "k_p/k_q": _own_channel,
    "n(y|x)": _wide,
    "t(x)": lambda grid: np.sin(3 * grid.place) / grid.world.law.length,
    "c(x)": lambda grid: 1 + grid.place**2,
    "v(x)": lambda grid: grid.world.channel.noise**2 * (1 + 0.5 * np.sin(3 * grid.place)),
    "s^2": lambda grid: np.full((1, 1), grid.world.channel.noise**2),
    "alpha": lambda grid: np.full((1, 1), 2 / grid.world.law.length),
    # A prediction is the distance of the input from the middle: two inputs share one, and f(t) is any function of it.
    "f(t)": lambda grid: float(grid.world.law.support[0]) + grid.world.law.length * np.abs(grid.place) / 2,
}
"""Every atom of the statements, as it is on a grid."""


def places(grid: Grid, classes: int | None) -> Array | None:
    """The class of each label for K classes, (n,)."""
    return None if classes is None else world.bin_index(world.class_edges(grid.world.law, classes), grid.y[0])
