"""The remedies as data: the loss that each trains, what it is trained on, and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

import unskew.jax as heads
from numerics.trial.world import World

Array = np.ndarray
Form = Literal["squared", "head", "auxiliary", "noise"]
"""What the program of a loss looks like; remedies of one form and one shape of classes share a compiled program.

squared: one output. head: a head of `unskew.jax` alone. auxiliary: squared error and a cross-entropy of other labels. noise: one output and a trained noise."""


def ones(world: World) -> Array:
    """No weights."""
    return np.ones(len(world.inverse))


def inverse(world: World) -> Array:
    """`1/r`."""
    return world.inverse


def root(world: World) -> Array:
    """`r^(-1/2)`."""
    return np.sqrt(world.inverse)


@dataclass(frozen=True)
class Remedy:
    """One way to train.

    Attributes:
      name: as reports say it.
      form: of the program.
      make: the head, from a split; None for squared error.
      weights: of the training rows, (n,); scaled to mean one, and times `scale`.
      scale: of the loss.
      placebo: the auxiliary labels are those of other rows.
      resampled: training rows are drawn with probabilities in proportion to their weights, instead of weighted.
    """

    name: str
    form: Form = "squared"
    make: Callable[[World], Any] | None = None
    weights: Callable[[World], Array] = ones
    scale: float = 1.0
    placebo: bool = False
    resampled: bool = False


def outputs(form: Form, head: Any) -> int:
    """Numbers that the network gives a row."""
    return int(head.outputs) if form in ("head", "auxiliary") else 1


def loss(form: Form, head: Any, values: Any, y: Any, other: Any, log_noise: Any) -> Any:
    """(n, o) outputs and (n,) labels to (n,).

    Args:
      other: labels of the auxiliary term; y but for a placebo.
    """
    if form == "head":
        return head.loss(values, y)
    if form == "noise":
        return head.loss(values[:, 0], y, log_noise)
    squared = (values[:, 0] - y) ** 2
    if form == "squared":
        return squared
    return head.loss(values, other) + head.scale * (squared - (values[:, 0] - other) ** 2)


def predict(form: Form, head: Any, values: Any) -> Any:
    """(n, o) outputs to (n,), standardised labels."""
    return head.predict(values) if form == "head" else values[:, 0]


def auxiliary(world: World) -> Any:
    """The published loss at equal scales."""
    return heads.RegressionWithClasses(world.coarse.edges, world.coarse.p, world.coarse.q)


def bins(world: World) -> Any:
    """Balanced MSE with the label law in bins."""
    return heads.BalancedMSEBins(world.fine.edges, world.fine.p)


def soft(world: World) -> Any:
    """HL-Gauss, corrected."""
    return heads.HLGauss(world.fine.edges, world.fine.p, world.fine.q)


def within(world: World) -> Any:
    """Within-class regression, corrected."""
    return heads.WithinClassRegression(world.coarse.edges, world.coarse.p, world.coarse.q)


def within_plain(world: World) -> Any:
    """Within-class regression under the training law."""
    return heads.WithinClassRegression(world.coarse.edges, world.coarse.p, world.coarse.q, corrected=False)


BASE = Remedy("squared error")
REMEDIES = (
    BASE,
    Remedy("weights 1/r", weights=inverse),
    Remedy("root weights", weights=root),
    Remedy("squared error + plain classes", "auxiliary", auxiliary),
    Remedy("Balanced MSE (bins)", "noise", bins),
    Remedy("HL-Gauss, corrected", "head", soft),
    Remedy("within-class regression, plain", "head", within_plain),
    Remedy("within-class regression, corrected", "head", within),
)
RECALIBRATED = "squared error, recalibrated"
"""Nothing trained: the base's predictions through a map fitted to validation rows (result *recalibration*)."""
