"""A scikit-learn regressor around another one, recalibrated for the label law of the score.

model = unskew.sklearn.RecalibratedRegressor(HistGradientBoostingRegressor()).fit(X, y)
model.predict(X_new)                                      # the prediction that is best where every stretch of labels counts the same
"""

from __future__ import annotations

import warnings
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, RegressorMixin, clone
from sklearn.model_selection import KFold, cross_val_predict, train_test_split
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from unskew.ground.refusals import InputError
from unskew.recalibration import FEWEST, Recalibrator
from unskew.shift import LabelShift, Target


class RecalibratedRegressor(MetaEstimatorMixin, RegressorMixin, BaseEstimator):
    """Fits a regressor, and a map from its predictions to the best ones under the target's label law.

    The map is fitted to labels and predictions of rows that the regressor has not seen: from each fold in turn, by the regressor fitted to the others, after
    which it is fitted to all rows; or from a share of the rows that is held out. With fewer than 30 such rows, or predictions that do not vary, no map is
    fitted, predictions stay as they are, and a warning says so.

    Args:
      estimator: a regressor.
      target: label law of the score, see `unskew.LabelShift`: `"uniform"`, labels, a density, or `unskew.Masses`.
      cv: folds, shuffled; or a splitter of scikit-learn whose test folds hold each row once.
      holdout: share of the rows, between 0 and 1, that is held out instead; the regressor is then fitted once, to the rest.
      monotone: see `unskew.Recalibrator`.
      random_state: of the shuffling.

    Attributes:
      estimator_: the fitted regressor.
      shift_: training labels against the target.
      recalibration_: the fitted maps (`unskew.Recalibration`), or None.
      n_features_in_, feature_names_in_: as in scikit-learn.

    Raises:
      ValueError: what the regressor or `unskew.LabelShift` refuses, a holdout that is no share.

    Source: result *recalibration*.
    """

    def __init__(
        self,
        estimator: Any,
        *,
        target: Target = "uniform",
        cv: Any = 5,
        holdout: float | None = None,
        monotone: bool | None = None,
        random_state: Any = 0,
    ) -> None:
        self.estimator = estimator
        self.target = target
        self.cv = cv
        self.holdout = holdout
        self.monotone = monotone
        self.random_state = random_state

    def __sklearn_tags__(self) -> Any:
        tags, inner = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.input_tags.allow_nan, tags.input_tags.sparse = inner.input_tags.allow_nan, inner.input_tags.sparse
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Fits the regressor and the map.

        Args:
          X: (n, f), whatever the regressor takes.
          y: (n,).
        """
        # The regressor checks X; here its width and names are noted only.
        validate_data(self, X, skip_check_array=True)
        if y is None:
            raise ValueError("requires y to be passed, but the target y is None")
        y = column_or_1d(y, dtype=np.float64, warn=True)
        known = y
        if self.holdout is not None:
            if not 0 < self.holdout < 1:
                raise ValueError(f"holdout={self.holdout} is no share: give a number between 0 and 1")
            X, held, y, labels = train_test_split(X, y, test_size=self.holdout, random_state=self.random_state)
            self.estimator_ = clone(self.estimator).fit(X, y)
            predictions = self.estimator_.predict(held) if len(labels) >= FEWEST else np.zeros(len(labels))
        else:
            self.estimator_ = clone(self.estimator).fit(X, y)
            labels, predictions = y, np.zeros(len(y))
            if len(y) >= FEWEST:
                folds = self.cv
                if isinstance(folds, int):
                    folds = KFold(folds, shuffle=True, random_state=self.random_state)
                predictions = cross_val_predict(self.estimator, X, y, cv=folds)
        self.recalibration_ = None
        if len(labels) < FEWEST or np.ptp(predictions) == 0:
            words = f"{len(labels)} rows" if len(labels) < FEWEST else "predictions that all agree"
            warnings.warn(f"{words} are too little to recalibrate by; predictions stay as they are", stacklevel=2)
            return self
        try:
            self.shift_ = LabelShift(known, self.target)
            self.recalibration_ = Recalibrator(self.shift_, self.monotone).fit(labels, predictions)
        except InputError as problem:
            raise ValueError(str(problem)) from problem
        return self

    def predict(self, X: Any) -> np.ndarray:
        """Recalibrated predictions: (n, f) to (n,)."""
        check_is_fitted(self)
        predictions = self.estimator_.predict(X)
        return predictions if self.recalibration_ is None else self.recalibration_.predict(predictions)
