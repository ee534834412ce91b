"""Remedies for label imbalance, each with the balanced error that held-out pairs predict for it.

The prediction `t` stands in the place of the input (result `recalibration`). What can be done at once is predicted with the variance of its own fit, by
leaving each row out. What needs a new training is predicted for the best that it can make of `t`: a model that sees all inputs may do better, and estimating it
costs variance that pairs do not show.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from unskew import smoother
from unskew.fit import Fit, Pairs, fit, maps, pairs_for
from unskew.inputs import HeldOut
from unskew.intervals import Estimate, Losses
from unskew.pricing import Price, of_fits, refits, share, summary
from unskew.prior import PriorCorrection
from unskew.recalibration import of_maps
from unskew.shift import LabelShift

PROBABLE = 0.9
"""Share of resamples in which a remedy has to save something before it is advised; it is called certain where its interval leaves out zero."""
NODES = 64
"""Per stretch, for integrals against the label law."""


@dataclass(frozen=True)
class Remedy:
    """One thing that can be done.

    Attributes:
      name: `nothing`, `recalibration`, `probabilities`, `weights`, `classes`, `balanced_mse`.
      error: predicted balanced error, in the unit of the score.
      saving, saving_share: against nothing.
      confidence: share of the resamples in which it saves something.
      retrains: whether it needs a new training.
      detail: in words.
    """

    name: str
    error: Estimate
    saving: Estimate
    saving_share: Estimate
    confidence: float
    retrains: bool
    detail: str


@dataclass(frozen=True)
class Comparison:
    """The price and all remedies, the model as it is first."""

    price: Price
    remedies: tuple[Remedy, ...]

    @property
    def best(self) -> Remedy:
        """The one to take: the least error among those that need no training; nothing, unless the saving is at least probable."""
        able = [remedy for remedy in self.remedies[1:] if not remedy.retrains and remedy.confidence >= PROBABLE]
        return min(able, key=lambda remedy: remedy.error.value, default=self.remedies[0])


def compare(sample: HeldOut, score: str, seed: int) -> Comparison:
    """Predicts every remedy from held-out rows, for one of `unskew.fit.SCORES`."""
    shift = sample.shift
    pairs = pairs_for(shift, sample.y, sample.t, score)
    corrected, plain = maps(pairs)
    coarse = {count: fit(pairs, np.arange(shift.stretches) * count // shift.stretches) for count in class_counts(shift)}
    noise = float(np.sqrt(smoother.residual_variance(pairs.table, plain.mean)))
    # It trains a mean, whatever the score.
    balanced = Fit(balanced_mse(shift, plain.mean, noise), plain.classes, pairs.bounds)
    fits = [corrected, plain, balanced, *coarse.values()]
    losses, columns = of_fits(fits, pairs), 1 + len(fits)
    changes = refits(fits, pairs, seed)
    if sample.probabilities is not None:
        losses, columns = _with_probabilities(losses, sample, pairs), columns + 1
        changes = np.concatenate([changes, np.zeros((1, changes.shape[1]))])
    price = summary(shift, losses, columns, pairs.stretch, seed, of_maps((corrected, plain), sample.t), changes)
    errors = price.balanced.means
    classes = 4 + int(np.argmin(errors[4 : 4 + len(coarse)])) if coarse else 1
    count = list(coarse)[classes - 4] if coarse else shift.stretches
    if errors[1] <= errors[classes]:
        classes, count = 1, shift.stretches

    def remedy(name: str, column: int, retrains: bool, detail: str) -> Remedy:
        means = price.balanced
        return Remedy(
            name,
            means.estimate(lambda m: m[column]),
            means.estimate(lambda m: m[0] - m[column]),
            means.estimate(lambda m: share(m[0] - m[column], m[0])),
            float(np.mean(means.resampled[0] > means.resampled[column])),
            retrains,
            detail,
        )

    worth = shift.n / shift.effective_sample_size
    remedies = [
        remedy("nothing", 0, False, "the model as it is"),
        remedy("recalibration", 1, False, "one map of its predictions, fitted to held-out pairs under weights 1/r"),
    ]
    if sample.probabilities is not None:
        remedies.append(
            remedy(
                "probabilities",
                columns - 1,
                False,
                f"its class probabilities divided by r, then their {'mean' if score == 'squared' else 'median'}",
            )
        )
    remedies += [
        remedy("weights", 1, True, f"train with weights 1/r; estimation varies about {worth:.3g} times as much"),
        remedy(
            "classes",
            classes,
            True,
            f"train {count} equal classes, corrected for the prior, and the regression within them",
        ),
        remedy("balanced_mse", 3, True, f"train with Balanced MSE, one noise {noise:.3g} for all labels"),
    ]
    return Comparison(price, tuple(remedies))


def _with_probabilities(losses: Losses, sample: HeldOut, pairs: Pairs) -> Losses:
    """One more loss: of the corrected mean of the probabilities, or of their median for absolute error."""
    correction = PriorCorrection(sample.shift, sample.edges)
    decode = correction.mean if pairs.score == "squared" else correction.median
    corrected = decode(sample.probabilities)
    return lambda rows: [*losses(rows), pairs.loss(sample.y[rows] - corrected[rows])]


def class_counts(shift: LabelShift) -> list[int]:
    """Numbers of equal classes that join whole stretches and hold training labels each."""
    divisors = [count for count in range(2, shift.stretches) if shift.stretches % count == 0]
    return [count for count in divisors if shift.p.reshape(count, -1).sum(axis=1).min() > 0]


def balanced_mse(shift: LabelShift, plain: smoother.Curve, noise: float) -> smoother.Curve:
    """What Balanced MSE with one noise makes of the prediction: `f` with `E[y | p(y) N(y; f, s^2)] = g_p(t)` (result `balanced_mse`)."""
    lower, upper = float(shift.edges[0]), float(shift.edges[-1])
    points = (np.arange(NODES) + 0.5) / NODES
    y = (shift.edges[:-1, None] + np.diff(shift.edges)[:, None] * points).ravel()
    law = np.repeat(shift.p, NODES)
    s = max(noise, (upper - lower) / 1000)
    f = np.linspace(lower - 4 * s, upper + 4 * s, 1024)
    power = -((y - f[:, None]) ** 2) / (2 * s * s)
    mass = law * np.exp(power - power.max(axis=1, keepdims=True))
    total = mass.sum(axis=1)
    positive = total > 0
    mean = np.maximum.accumulate((mass[positive] @ y) / total[positive])
    values = np.clip(np.interp(plain.values, mean, f[positive]), lower, upper)
    return replace(plain, values=values)
