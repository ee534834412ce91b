"""What is measured of predictions on test rows, and what was promised of them on validation rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.interpolate import PchipInterpolator

from numerics.field.protocol import FEW, MANY
from numerics.trial import experiment, score
from numerics.trial.world import World
from unskew import intervals
from unskew.pricing import price
from unskew.prior import PriorCorrection
from unskew.shift import LabelShift

Array = np.ndarray
Values = dict[str, Any]
"""What the store keeps of a training: JSON."""


@dataclass(frozen=True)
class Scores:
    """Errors on the test rows of a split, label units and their squares; None where no test row is.

    Attributes:
      balanced, absolute: squared and absolute error over the stretches that count.
      sera: squared error weighted by relevance.
      many, medium, few: balanced squared error in stretches with so many training labels.
      plain: mean squared error.
      validation: balanced squared error on validation rows.
    """

    balanced: float
    absolute: float
    sera: float
    many: float | None
    medium: float | None
    few: float | None
    plain: float
    validation: float


def relevance(y: Array, train: Array) -> Array:
    """How much labels y matter, 0 to 1: from 0 at the median of training labels to 1 at the ends of their box plot, where labels lie beyond those.

    Source: Ribeiro and Moniz, Imbalanced regression and extreme value prediction, Machine Learning 109 (2020), the automatic control points.
    """
    lower, middle, upper = np.quantile(train, (0.25, 0.5, 0.75))
    reach = 1.5 * (upper - lower)
    low, high = float(train[train >= lower - reach].min()), float(train[train <= upper + reach].max())
    # An end beyond which no label lies marks no extreme; where neither does, both ends are taken.
    left, right = train.min() < low, train.max() > high
    if not left and not right:
        left = right = True
    places = {low: float(left), high: float(right), float(middle): 0.0}
    ends = sorted(places.items())
    x, value = np.array(ends).T
    if len(x) < 2:
        return np.ones(len(y))
    return np.asarray(PchipInterpolator(x, value)(np.clip(y, x[0], x[-1])))


def sera(y: Array, error: Array, train: Array) -> float:
    """`int_0^1 SER_t dt`, the squared errors (n,) at labels of relevance t or more, over n: each counts with its relevance."""
    return float(np.mean(relevance(y, train) * error))


def shots(shift: LabelShift) -> dict[str, Array]:
    """Which stretches have many, medium and few training labels."""
    ratio = np.divide(shift.p, shift.q, out=np.zeros(len(shift.q)), where=shift.q > 0)
    held = shift.q > 0
    many, few = ratio >= MANY, ratio < FEW
    return {"many": held & many, "medium": held & ~many & ~few, "few": held & few}


def measure(world: World, predictions: Array) -> Values:
    """Scores of predictions at validation and test rows."""
    validation, test = experiment.split(predictions, world)
    train, y_validation, y = world.labels
    stretch = world.shift.stretch_of(y)
    error = (y - test) ** 2
    held = np.bincount(stretch, minlength=world.shift.stretches) > 0
    parts: dict[str, float | None] = {}
    for name, members in shots(world.shift).items():
        counted = (members & held).any()
        parts[name] = score.balanced(error, stretch, world.shift.q * members) if counted else None
    return asdict(
        Scores(
            balanced=score.balanced(error, stretch, world.shift.q),
            absolute=score.balanced(np.abs(y - test), stretch, world.shift.q),
            sera=sera(y, error, train),
            plain=float(error.mean()),
            validation=experiment.balanced(world, y_validation, (y_validation - validation) ** 2),
            **parts,
        )
    )


def measured(world: World, first: Array, second: Array, seed: int) -> list[float]:
    """How much less balanced squared error the second predictions of the test rows have, with the ends of its 95 % interval (bootstrap over rows)."""
    y = world.labels[2]
    counted = world.shift.weights(y) > 0
    y, first, second = y[counted], first[counted], second[counted]
    shift = world.shift

    def losses(rows: slice) -> list[Array]:
        return [(y[rows] - first[rows]) ** 2, (y[rows] - second[rows]) ** 2]

    means = intervals.balanced(losses, 2, shift.stretch_of(y), shift.q, shift.inverse, seed)
    gain = means.estimate(lambda m: m[0] - m[1])
    return [gain.value, gain.low, gain.high]


def mended(world: World, predictions: Array, seed: int) -> tuple[Array, Values]:
    """Recalibrated predictions at validation and test rows, and what that saves: predicted and measured.

    The gains: `saving` against the predictions as they are, `cost` against the map for the training law (result *recalibration*).
    """
    validation, test = experiment.split(predictions, world)
    priced = experiment.recalibrate(world, validation, seed)
    maps = priced.recalibration
    assert maps is not None
    better = maps.predict(predictions)
    after = experiment.split(better, world)[1]
    gains = {
        "saving": (priced.saving, measured(world, test, after, seed)),
        "cost": (priced.cost, measured(world, maps.plain(test), after, seed)),
    }
    values = {name: [one.value, one.low, one.high, *seen] for name, (one, seen) in gains.items()}
    return better, values


def divided(world: World, probabilities: Array, edges: Array, seed: int) -> tuple[Array, Values]:
    """Predictions from class probabilities divided by `r`, and what that saves.

    Args:
      probabilities: (m, K) at validation and test rows.
      edges: of the classes, label units.

    `division`: predicted from validation pairs. `theorem`: the balanced mean of the squared change of the prediction, which is the gain if
    the probabilities are right (result *predictions*); measured as the other.
    """
    y = world.labels[1]
    correction = PriorCorrection(world.shift, edges)
    before, after = correction.decode(probabilities), correction.mean(probabilities)
    (b, b_test), (a, a_test) = experiment.split(before, world), experiment.split(after, world)
    counted = world.shift.weights(y) > 0
    held = experiment.split(probabilities, world)[0]
    saving = price(world.shift, y[counted], probabilities=held[counted], edges=edges, seed=seed).saving
    seen = measured(world, b_test, a_test, seed)
    change = experiment.balanced(world, y, (b - a) ** 2)
    return after, {
        "division": [saving.value, saving.low, saving.high, *seen],
        "theorem": [change, change, change, *seen],
    }
