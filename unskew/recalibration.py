"""A fitted regressor mended without retraining: the regression of the label on the prediction, under the target's label law.

Put the prediction `t` in the place of the input. `g_p(t) = E_p[y|t]` is the best that the training law makes of it, `g_q(t) = E_q[y|t]` the best for the
target, and `g_q` is the regression with weights `1/r` (result `recalibration`). For absolute error medians take the place of means (result `absolute_error`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unskew.fit import Fit, maps, pairs_for
from unskew.ground.refusals import InputError
from unskew.label_files.column import column_of
from unskew.shift import LabelShift
from unskew.smoother import Curve

FEWEST = 30
"""Held-out pairs below which nothing is fitted."""


@dataclass(frozen=True)
class Recalibration:
    """The fitted maps.

    Attributes:
      corrected: `g_q`, what `predict` applies.
      plain: `g_p`, the same without the correction for imbalance.
      least, largest: predictions seen in the fit.
    """

    corrected: Curve
    plain: Curve
    least: float
    largest: float

    def predict(self, predictions: Any) -> np.ndarray:
        """Corrected predictions, (n,), label units: beyond the predictions seen in the fit the map stays at its end values, and it never leaves the range of
        the training labels.

        Raises:
          InputError: predictions that are no numbers.
        """
        return self.corrected(column_of(predictions, "predictions").cells)

    def beyond(self, predictions: np.ndarray) -> int:
        """How many predictions lie beyond those seen in the fit."""
        return int(np.count_nonzero((predictions < self.least) | (predictions > self.largest)))


@dataclass(frozen=True)
class Recalibrator:
    """Fits recalibrations.

    Attributes:
      shift: training labels and target.
      monotone: True keeps the order of the predictions, False lets the map go down; None keeps it unless the data speak against it by two standard errors.
      score: `squared` for maps of means, `absolute` for maps of medians.
    """

    shift: LabelShift
    monotone: bool | None = None
    score: str = "squared"

    def fit(self, y: Any, predictions: Any) -> Recalibration:
        """Fits `g_q` and `g_p` to held-out pairs.

        Args:
          y, predictions: (n,) each, of rows that the model was not trained on, drawn as the training data were.

        Raises:
          InputError: pairs that do not fit together, fewer than `FEWEST`, constant predictions, labels outside the training labels, no such score.

        Source: results `recalibration`, `absolute_error`.
        """
        labels, t = pairs_of(y, predictions)
        return of_maps(maps(pairs_for(self.shift, labels, t, self.score), self.monotone), t)


def of_maps(fits: tuple[Fit, Fit], t: np.ndarray) -> Recalibration:
    """Both maps, and the range of the predictions they were fitted to."""
    corrected, plain = fits
    return Recalibration(corrected.curve, plain.curve, float(t.min()), float(t.max()))


def pairs_of(y: Any, predictions: Any) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions as arrays that fit together.

    Raises:
      InputError: see `Recalibrator.fit`.
    """
    labels, t = column_of(y, "labels").cells, column_of(predictions, "predictions").cells
    if len(labels) != len(t):
        raise InputError(f"{len(labels)} labels and {len(t)} predictions", "give one prediction for each label")
    if len(labels) < FEWEST:
        raise InputError(f"{len(labels)} held-out pairs", f"give at least {FEWEST}")
    for name, values in (("labels", labels), ("predictions", t)):
        if not np.isfinite(values).all():
            raise InputError(f"infinite {name}", "take them out")
    if t.min() == t.max():
        raise InputError(
            f"predictions that all equal {t[0]:g}", "give the model's predictions; a constant says nothing"
        )
    return labels, t
