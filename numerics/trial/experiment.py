"""The trial: paired splits of a table, every remedy trained on each, balanced and plain errors, what recalibration saves foretold and measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from numerics.trial import score
from numerics.trial.remedies import BASE, RECALIBRATED, REMEDIES, Law, Remedy
from numerics.trial.table import Table
from numerics.trial.train import Rows, fit, predict
from unskew.ground.refusals import InputError
from unskew.pricing import price
from unskew.shift import STRETCHES, LabelShift, Masses

TRAIN, VALIDATION = 0.6, 0.15
COARSE, FINE = 16, 100
LEAST = 30
"""Labels of the table in a class, at least; the training rows of a split then hold about 18."""

Array = np.ndarray
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Parts:
    """Numbers of the rows of j splits, (j, n) each."""

    train: Array
    validation: Array
    test: Array


@dataclass(frozen=True)
class Scores:
    """Squared errors of one remedy on each split, (j,) each, squared label units: balanced on validation rows, balanced and plain on test rows."""

    name: str
    validation: Array
    balanced: Array
    plain: Array


@dataclass(frozen=True)
class Gain:
    """What one step saves in balanced squared error, (j,) each: predicted from validation rows with the ends of its interval, measured on test rows."""

    predicted: Array
    low: Array
    high: Array
    measured: Array


@dataclass(frozen=True)
class Trial:
    """What a trial gives.

    Attributes:
      scores: in the order of the remedies, recalibration last.
      saving: of recalibrating the squared-error network to the target law.
      cost: of imbalance alone: what the map for the target law saves beside the map for the training law (result *recalibration*).
      rows: of a split: training, validation, test.
      classes: numbers of coarse and fine classes.
    """

    scores: tuple[Scores, ...]
    saving: Gain
    cost: Gain
    rows: tuple[int, int, int]
    classes: tuple[int, int]


@dataclass(frozen=True)
class World:
    """All splits, standardised by their training rows.

    Attributes:
      shifts: training labels of each split against the target.
      train: rows with weights one.
      validation: rows with weights `1/r`, so that their mean squared error is the balanced score.
      inverse: (j, n) `1/r` of the training rows.
      x: (j, m, f) validation inputs, then test inputs.
      coarse, fine: classes of each split.
      mean, deviation: (j,) of the training labels.
    """

    shifts: tuple[LabelShift, ...]
    train: Rows
    validation: Rows
    inverse: Array
    x: Array
    coarse: tuple[Law, ...]
    fine: tuple[Law, ...]
    mean: Array
    deviation: Array


def run(table: Table, splits: int, seed: int, progress: Progress) -> Trial:
    """Trains every remedy on every split and scores it.

    Args:
      splits: j.
      seed: of splits, starts and orders.
      progress: told the share that is done.

    Raises:
      InputError: the labels are no law that can be corrected.
    """
    rows = parts(len(table.y), splits, seed)
    world = prepared(table, rows)
    count, scores, base = len(REMEDIES), [], np.zeros(0)
    for number, remedy in enumerate(REMEDIES):
        found = predictions(remedy, world, seed, partial(_part, progress, number, count))
        scores.append(scored(remedy.name, table, rows, world, found))
        if remedy is BASE:
            base = found
    recalibrated, saving, cost = recalibration(table, rows, world, base, scores[0], seed)
    sizes = (rows.train.shape[1], rows.validation.shape[1], rows.test.shape[1])
    return Trial((*scores, recalibrated), saving, cost, sizes, (len(world.coarse[0].p), len(world.fine[0].p)))


def _part(progress: Progress, number: int, count: int, done: float) -> None:
    """The share of all that is done, from the share of one remedy."""
    progress((number + done) / count)


def parts(rows: int, splits: int, seed: int) -> Parts:
    """Random splits into 60, 15 and 25 % of the rows."""
    orders = np.stack([np.random.default_rng([seed, number]).permutation(rows) for number in range(splits)])
    first, second = round(TRAIN * rows), round((TRAIN + VALIDATION) * rows)
    return Parts(orders[:, :first], orders[:, first:second], orders[:, second:])


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


def law(edges: Array, y: Array, mean: float, deviation: float) -> Law:
    """Classes of one split: shares of its training labels, a uniform target, edges in standardised labels."""
    p = np.histogram(y, edges)[0] / len(y)
    return Law((edges - mean) / deviation, p, np.diff(edges) / (edges[-1] - edges[0]))


def shift(y: Array, low: float, high: float) -> LabelShift:
    """Training labels of one split against labels uniform on the stretches that hold some; the same stretches for every split."""
    edges = np.linspace(low, high, STRETCHES + 1)
    held = np.histogram(y, edges)[0] > 0
    return LabelShift(y, Masses(edges, held.astype(float)), support=(low, high))


def prepared(table: Table, rows: Parts) -> World:
    """What the networks see."""
    y = table.y[rows.train]
    shifts = tuple(shift(one, float(table.y.min()), float(table.y.max())) for one in y)
    mean, deviation = y.mean(1), y.std(1)
    x = table.x[rows.train]
    centre, spread = x.mean(1, keepdims=True), x.std(1, keepdims=True)
    # A column that does not vary among training rows says nothing: below rounding of its size there is no spread.
    spread = np.where(spread <= 1e-12 * np.maximum(1.0, np.abs(centre)), np.inf, spread)

    def inputs(part: Array) -> Array:
        return ((table.x[part] - centre) / spread).astype(np.float32)

    def inverse(part: Array) -> Array:
        weights = np.stack([law.weights(table.y[one]) for law, one in zip(shifts, part, strict=True)])
        return weights / weights.mean(1, keepdims=True)

    def standardised(part: Array, weights: Array) -> Rows:
        labels = (table.y[part] - mean[:, None]) / deviation[:, None]
        return Rows(inputs(part), labels.astype(np.float32), weights.astype(np.float32))

    def classes(count: int) -> tuple[Law, ...]:
        edges = merged_edges(table.y, count, LEAST)
        if len(edges) < 3:
            raise InputError(
                f"label {table.label!r}: fewer than {LEAST} rows lie outside one stretch of {count}",
                "take its logarithm, or cut the few rows far out",
            )
        return tuple(law(edges, *one) for one in zip(y, mean, deviation, strict=True))

    return World(
        shifts,
        standardised(rows.train, np.ones(rows.train.shape)),
        standardised(rows.validation, inverse(rows.validation)),
        inverse(rows.train),
        inputs(np.concatenate([rows.validation, rows.test], 1)),
        classes(COARSE),
        classes(FINE),
        mean,
        deviation,
    )


def predictions(remedy: Remedy, world: World, seed: int, progress: Progress) -> Array:
    """Predictions of one remedy at the validation and test rows of each split, (j, m), label units."""
    head: Any = None
    if remedy.make is not None:
        each = [remedy.make(one) for one in (world.fine if remedy.fine else world.coarse)]
        head = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves), jnp.float32), *each)
    weights = {"none": world.train.weights, "inverse": world.inverse, "root": np.sqrt(world.inverse)}[remedy.weights]
    weights = (weights / weights.mean(1, keepdims=True)).astype(np.float32)
    best = fit(remedy, head, Rows(world.train.x, world.train.y, weights), world.validation, seed, progress)
    found = np.asarray(predict(remedy, head, best, world.x), np.float64)
    return world.mean[:, None] + world.deviation[:, None] * found


def scored(name: str, table: Table, rows: Parts, world: World, found: Array) -> Scores:
    """Errors of predictions (j, m) on validation and test rows."""
    held = rows.validation.shape[1]
    columns = []
    for one, validation, test, t in zip(world.shifts, rows.validation, rows.test, found, strict=True):
        errors = [(table.y[part] - values) ** 2 for part, values in ((validation, t[:held]), (test, t[held:]))]
        means = [
            score.balanced(error, one.stretch_of(table.y[part]), one.q)
            for error, part in zip(errors, (validation, test), strict=True)
        ]
        columns.append((*means, float(errors[1].mean())))
    return Scores(name, *np.array(columns).T)


def recalibration(
    table: Table, rows: Parts, world: World, found: Array, base: Scores, seed: int
) -> tuple[Scores, Gain, Gain]:
    """The base's predictions through the map fitted to validation rows, and what that saves: predicted, and measured on test rows.

    Args:
      found: predictions of the base at validation and test rows, (j, m).
    """
    held = rows.validation.shape[1]
    columns = []
    for number, law in enumerate(world.shifts):
        t = found[number]
        labels = table.y[rows.validation[number]]
        # Rows in stretches without training labels count for nothing.
        counted = law.weights(labels) > 0
        one = price(law, labels[counted], t[:held][counted], seed=seed)
        assert one.recalibration is not None
        y = table.y[rows.test[number]]
        stretch = law.stretch_of(y)
        error = (y - one.recalibration.predict(t[held:])) ** 2
        corrected = score.balanced(error, stretch, law.q)
        uncorrected = score.balanced((y - one.recalibration.plain(t[held:])) ** 2, stretch, law.q)
        saving = (one.saving.value, one.saving.low, one.saving.high, base.balanced[number] - corrected)
        cost = (one.cost.value, one.cost.low, one.cost.high, uncorrected - corrected)
        columns.append((one.after.value, corrected, float(error.mean()), *saving, *cost))
    table_of = np.array(columns).T
    return Scores(RECALIBRATED, *table_of[:3]), Gain(*table_of[3:7]), Gain(*table_of[7:11])
