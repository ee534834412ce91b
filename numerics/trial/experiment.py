"""The trial: paired splits of a table, every remedy trained on each, balanced and plain errors, what recalibration saves foretold and measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from numerics.trial import score, train, world
from numerics.trial.remedies import BASE, RECALIBRATED, REMEDIES
from numerics.trial.table import Table
from numerics.trial.world import World
from unskew.pricing import Price, price

Array = np.ndarray
Progress = Callable[[float], None]


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


def run(table: Table, splits: int, seed: int, progress: Progress, setting: train.Setting | None = None) -> Trial:
    """Trains every remedy on every split and scores it.

    Args:
      splits: j.
      seed: of splits, starts and orders.
      progress: told the share that is done.

    Raises:
      InputError: the labels are no law that can be corrected.
    """
    rows = np.arange(len(table.y))
    worlds = [world.prepare(table, world.parts(rows, seed, number)) for number in range(splits)]
    seeds = [split_seed(seed, number) for number in range(splits)]
    scores, base = [], [np.zeros(0)]
    for number, remedy in enumerate(REMEDIES):
        fitted = train.fit(remedy, worlds, seeds, setting or train.Setting())
        found = [one.predictions for one in fitted]
        scores.append(scored(remedy.name, worlds, found))
        if remedy is BASE:
            base = found
        progress((number + 1) / len(REMEDIES))
    recalibrated, saving, cost = recalibration(worlds, base, scores[0], seed)
    train_rows, validation_rows, test_rows = (len(part) for part in worlds[0].labels)
    classes = (len(worlds[0].coarse.p), len(worlds[0].fine.p))
    return Trial((*scores, recalibrated), saving, cost, (train_rows, validation_rows, test_rows), classes)


def split_seed(seed: int, number: int) -> int:
    """The seed of one split's start and order, below 2^32."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0])


def scored(name: str, worlds: Sequence[World], found: Sequence[Array]) -> Scores:
    """Errors of predictions (m,) at the validation and test rows of each split."""
    columns = []
    for one, t in zip(worlds, found, strict=True):
        _, validation, test = one.labels
        errors = [(y - values) ** 2 for y, values in zip((validation, test), split(t, one), strict=True)]
        means = [balanced(one, y, error) for y, error in zip((validation, test), errors, strict=True)]
        columns.append((*means, float(errors[1].mean())))
    return Scores(name, *np.array(columns).T)


def split(values: Array, one: World) -> tuple[Array, Array]:
    """What belongs to validation rows, and to test rows."""
    held = len(one.labels[1])
    return values[:held], values[held:]


def balanced(one: World, y: Array, error: Array) -> float:
    """The mean over stretches of errors at labels y."""
    return score.balanced(error, one.shift.stretch_of(y), one.shift.q)


def recalibrate(one: World, validation: Array, seed: int) -> Price:
    """Maps from the predictions at validation rows, and what they promise; rows in stretches without training labels count for nothing."""
    labels = one.labels[1]
    counted = one.shift.weights(labels) > 0
    return price(one.shift, labels[counted], validation[counted], seed=seed)


def recalibration(
    worlds: Sequence[World], found: Sequence[Array], base: Scores, seed: int
) -> tuple[Scores, Gain, Gain]:
    """The base's predictions through the map fitted to validation rows, and what that saves: predicted, and measured on test rows.

    Args:
      found: predictions of the base at validation and test rows of each split.
    """
    columns = []
    for number, (one, t) in enumerate(zip(worlds, found, strict=True)):
        validation, test = split(t, one)
        priced = recalibrate(one, validation, seed)
        assert priced.recalibration is not None
        y = one.labels[2]
        error = (y - priced.recalibration.predict(test)) ** 2
        corrected = balanced(one, y, error)
        uncorrected = balanced(one, y, (y - priced.recalibration.plain(test)) ** 2)
        saving = (priced.saving.value, priced.saving.low, priced.saving.high, base.balanced[number] - corrected)
        cost = (priced.cost.value, priced.cost.low, priced.cost.high, uncorrected - corrected)
        columns.append((priced.after.value, corrected, float(error.mean()), *saving, *cost))
    table_of = np.array(columns).T
    return Scores(RECALIBRATED, *table_of[:3]), Gain(*table_of[3:7]), Gain(*table_of[7:11])
