"""The trial: paired splits of a table, every remedy trained on each, balanced and plain errors, the gain of recalibration foretold and measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from numerics.trial import train
from numerics.trial.remedies import Law, Remedy
from numerics.trial.table import Table

TRAIN, VALIDATION = 0.6, 0.15
COARSE, FINE = 16, 100
LEAST = 30
"""Labels of the table in a class, at least; the training rows of a split then have about 18."""

Array = np.ndarray


@dataclass(frozen=True)
class Parts:
    """Rows of j splits: (j, n) numbers of rows each."""

    train: Array
    validation: Array
    test: Array


@dataclass(frozen=True)
class Scores:
    """Errors of one remedy on the test rows of each split, squared label units, (j,) each."""

    name: str
    balanced: Array
    plain: Array


@dataclass(frozen=True)
class Gains:
    """What recalibration to the target law saves beside recalibration to the training law, (j,) each, squared label units.

    Attributes:
      predicted: from validation rows, with the ends of its 95 % interval.
      measured: on test rows.
    """

    predicted: Array
    low: Array
    high: Array
    measured: Array


@dataclass(frozen=True)
class Trial:
    """What a trial found: scores in the order of the remedies, recalibration last; the gains; rows of a split; the classes' number."""

    scores: tuple[Scores, ...]
    gains: Gains
    rows: tuple[int, int, int]
    classes: int
    fine: int


def parts(rows: int, splits: int, seed: int) -> Parts:
    """Random splits into 60, 15 and 25 % of the rows."""
    orders = np.stack([np.random.default_rng([seed, number]).permutation(rows) for number in range(splits)])
    first, second = round(TRAIN * rows), round((TRAIN + VALIDATION) * rows)
    return Parts(orders[:, :first], orders[:, first:second], orders[:, second:])


def merged_edges(y: Array, count: int, least: int) -> Array:
    """Edges of equal width over the range of y, neighbours merged from both ends inwards until each class has `least` labels."""
    edges = np.linspace(float(y.min()), float(y.max()), count + 1)
    kept, held = [edges[0]], 0
    counts = np.histogram(y, edges)[0]
    for right, inside in zip(edges[1:], counts, strict=True):
        held += int(inside)
        if held >= least:
            kept.append(right)
            held = 0
    # What is left over at the upper end goes to the last class.
    kept[-1] = edges[-1]
    return np.array(kept)


def law(edges: Array, y: Array, mean: float, deviation: float) -> Law:
    """Classes of one split: shares of its training labels, a uniform target, edges in standardised labels."""
    p = np.histogram(y, edges)[0] / len(y)
    return Law((edges - mean) / deviation, p, np.diff(edges) / (edges[-1] - edges[0]))


@dataclass(frozen=True)
class Splits:
    """All splits, standardised by their training rows.

    Attributes:
      train, validation: for training, weights one.
      x: (j, m, f) validation inputs, then test inputs.
      coarse, fine: classes of each split.
      mean, deviation: (j,) of the training labels.
      inverse: (j, n) and (j, m) `1/r` of training and validation rows, mean one each.
    """

    train: train.Rows
    validation: train.Rows
    x: Array
    coarse: tuple[Law, ...]
    fine: tuple[Law, ...]
    mean: Array
    deviation: Array
    inverse: tuple[Array, Array]


def standardised(table: Table, rows: Parts, shifts: Sequence[Any]) -> Splits:
    """What the networks see."""
    y = table.y[rows.train]
    mean, deviation = y.mean(1), y.std(1)
    x = table.x[rows.train]
    centre, spread = x.mean(1, keepdims=True), x.std(1, keepdims=True)
    # A column that does not vary among training rows says nothing: below rounding of its size there is no spread.
    spread = np.where(spread <= 1e-12 * np.maximum(1.0, np.abs(centre)), np.inf, spread)

    def seen(part: Array) -> Array:
        return ((table.x[part] - centre) / spread).astype(np.float32)

    def prepared(part: Array) -> train.Rows:
        labels = ((table.y[part] - mean[:, None]) / deviation[:, None]).astype(np.float32)
        return train.Rows(seen(part), labels, np.ones(labels.shape, np.float32))

    def inverse(part: Array) -> Array:
        weights = np.stack([shift.weights(table.y[one]) for shift, one in zip(shifts, part, strict=True)])
        return weights / weights.mean(1, keepdims=True)

    coarse, fine = (merged_edges(table.y, COARSE, LEAST), merged_edges(table.y, FINE, LEAST))
    laws = [tuple(law(edges, *one) for one in zip(y, mean, deviation, strict=True)) for edges in (coarse, fine)]
    return Splits(
        prepared(rows.train),
        prepared(rows.validation),
        seen(np.concatenate([rows.validation, rows.test], 1)),
        *laws,
        mean,
        deviation,
        (inverse(rows.train), inverse(rows.validation)),
    )


def predictions(remedy: Remedy, splits: Splits, seed: int, progress: Callable[[float], None]) -> Array:
    """Predictions of one remedy at the validation and test rows of each split, (j, m), label units."""
    head = None
    if remedy.make is not None:
        each = [remedy.make(one) for one in (splits.fine if remedy.fine else splits.coarse)]
        head = jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(leaf, jnp.float32) for leaf in leaves]), *each)
    weights = {"none": splits.train.weights, "inverse": splits.inverse[0], "root": np.sqrt(splits.inverse[0])}[
        remedy.weights
    ]
    weighted = train.Rows(splits.train.x, splits.train.y, (weights / weights.mean(1, keepdims=True)).astype(np.float32))
    best = train.fit(remedy, head, weighted, splits.validation, seed, progress)
    found = np.asarray(train.predict(remedy, head, best, splits.x), np.float64)
    return splits.mean[:, None] + splits.deviation[:, None] * found
