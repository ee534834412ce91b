"""One split of a table as the networks see it: standardised by its training rows, its label law against the target, its classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from numerics.trial.table import Table
from unskew.ground.refusals import InputError
from unskew.shift import STRETCHES, LabelShift, Masses

TRAIN, VALIDATION = 0.6, 0.15
COARSE, FINE = 16, 100
LEAST = 30
"""Labels of the table in a class, at least; the training rows of a split then hold about 18."""

Array = np.ndarray


@dataclass(frozen=True)
class Parts:
    """Numbers of the rows of a split, (n,) each."""

    train: Array
    validation: Array
    test: Array


@dataclass(frozen=True)
class Law:
    """Classes of a split in standardised labels: edges (K + 1,), shares of the training labels and of the target (K,)."""

    edges: Array
    p: Array
    q: Array


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class Rows:
    """Rows of a network: inputs x (n, f), standardised labels y (n,), weights of the loss (n,)."""

    x: Any
    y: Any
    weights: Any


@dataclass(frozen=True)
class World:
    """A split.

    Attributes:
      shift: training labels against the target.
      train: rows with weights one.
      validation: rows with weights `1/r`, so that their mean squared error is the balanced score.
      inverse: (n,) `1/r` of the training rows, mean one.
      held: (m, f) validation inputs, then test inputs.
      labels: of training, validation and test rows, label units.
      coarse, fine: classes.
      mean, deviation: of the training labels.
    """

    shift: LabelShift
    train: Rows
    validation: Rows
    inverse: Array
    held: Array
    labels: tuple[Array, Array, Array]
    coarse: Law
    fine: Law
    mean: float
    deviation: float


def parts(group: Array, seed: int, number: int) -> Parts:
    """A random split into 60, 15 and 25 % of the groups; rows of one group (n,) stay together.

    Args:
      group: of each row, (n,) integers from 0 up.
    """
    count = int(group.max()) + 1
    place = np.empty(count, np.int64)
    place[np.random.default_rng([seed, number]).permutation(count)] = np.arange(count)
    order = np.argsort(place[group], kind="stable")
    ends = np.searchsorted(place[group][order], [round(TRAIN * count), round((TRAIN + VALIDATION) * count)])
    return Parts(*np.split(order, ends))


def merged_edges(y: Array, count: int, least: int) -> Array:
    """Edges of equal width over the range of y, a class joined with the next until it has `least` labels."""
    edges = np.linspace(float(y.min()), float(y.max()), count + 1)
    kept, held = [edges[0]], 0
    for right, inside in zip(edges[1:], np.histogram(y, edges)[0], strict=True):
        held += int(inside)
        if held >= least:
            kept.append(right)
            held = 0
    # Labels left over at the upper end join the last class.
    return np.array([*kept[:-1], edges[-1]])


def classes(table: Table, count: int, y: Array) -> Law:
    """Classes of a split: shares of its training labels y, an even target."""
    edges = merged_edges(table.y, count, LEAST)
    if len(edges) < 3:
        raise InputError(
            f"label {table.label!r}: fewer than {LEAST} rows lie outside one stretch of {count}",
            "take its logarithm, or cut the few rows far out",
        )
    q = np.diff(edges) / (edges[-1] - edges[0])
    return Law((edges - y.mean()) / y.std(), np.histogram(y, edges)[0] / len(y), q)


def prepare(table: Table, rows: Parts, stretches: int = STRETCHES) -> World:
    """What the networks see of a split.

    Args:
      stretches: equal ones of the table's range of labels, the same for every split; the target is even on those with training rows.
    """
    y, validation, test = (table.y[part] for part in (rows.train, rows.validation, rows.test))
    edges = np.linspace(float(table.y.min()), float(table.y.max()), stretches + 1)
    target = Masses(edges, (np.histogram(y, edges)[0] > 0).astype(float))
    shift = LabelShift(y, target, support=(float(edges[0]), float(edges[-1])), stretches=stretches)
    mean, deviation = float(y.mean()), float(y.std())
    centre, spread = table.x[rows.train].mean(0), table.x[rows.train].std(0)
    # A column that does not vary among training rows says nothing: below rounding of its size there is no spread.
    spread = np.where(spread <= 1e-12 * np.maximum(1.0, np.abs(centre)), np.inf, spread)

    def inputs(part: Array) -> Array:
        return ((table.x[part] - centre) / spread).astype(np.float32)

    def inverse(labels: Array) -> Array:
        weights = shift.weights(labels)
        return weights / weights.mean()

    def standardised(part: Array, weights: Array) -> Rows:
        return Rows(inputs(part), ((table.y[part] - mean) / deviation).astype(np.float32), weights.astype(np.float32))

    return World(
        shift,
        standardised(rows.train, np.ones(len(y))),
        standardised(rows.validation, inverse(validation)),
        inverse(y),
        inputs(np.concatenate([rows.validation, rows.test])),
        (y, validation, test),
        classes(table, COARSE, y),
        classes(table, FINE, y),
        mean,
        deviation,
    )
