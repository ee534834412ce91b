"""The scikit-learn regressor: its conventions, what it equals, that it lowers the balanced error, and what it refuses."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the extra 'sklearn' is not installed")

from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold, cross_val_predict, train_test_split
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import unskew
from numerics.trial import score
from unskew.sklearn import RecalibratedRegressor


@parametrize_with_checks(
    [
        RecalibratedRegressor(LinearRegression()),
        RecalibratedRegressor(Ridge(), holdout=0.3),
        RecalibratedRegressor(HistGradientBoostingRegressor(max_iter=10), cv=KFold(3)),
    ]
)
def test_conventions_of_scikit_learn(estimator: Any, check: Any) -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".* are too little to recalibrate by")
        check(estimator)


def world(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Skewed labels seen through noise."""
    random = np.random.default_rng(seed)
    y = -np.log1p(random.uniform(size=rows) * np.expm1(-6.0)) / 6
    return np.stack([y + 0.1 * random.normal(size=rows), random.normal(size=rows)], 1), y


def test_it_is_the_recalibrator_on_predictions_of_unseen_rows() -> None:
    X, y = world(1500)
    model = RecalibratedRegressor(Ridge(), cv=4).fit(X, y)
    unseen = cross_val_predict(Ridge(), X, y, cv=KFold(4, shuffle=True, random_state=0))
    by_hand = unskew.Recalibrator(unskew.LabelShift(y)).fit(y, unseen)
    np.testing.assert_array_equal(model.predict(X), by_hand.predict(Ridge().fit(X, y).predict(X)))
    held = RecalibratedRegressor(Ridge(), holdout=0.25).fit(X, y)
    first, second, labels, rest = train_test_split(X, y, test_size=0.25, random_state=0)
    ridge = Ridge().fit(first, labels)
    by_hand = unskew.Recalibrator(unskew.LabelShift(y)).fit(rest, ridge.predict(second))
    np.testing.assert_array_equal(held.predict(X), by_hand.predict(ridge.predict(X)))


@pytest.mark.parametrize("estimator", [HistGradientBoostingRegressor(max_iter=50), KNeighborsRegressor(40)])
def test_it_lowers_the_balanced_error(estimator: Any) -> None:
    X, y = world(4000)
    new, labels = world(4000, 1)
    model = RecalibratedRegressor(estimator).fit(X, y)
    place = model.shift_.stretch_of(np.clip(labels, y.min(), y.max()))
    before, after = (
        score.balanced((labels - one.predict(new)) ** 2, place, model.shift_.q) for one in (model.estimator_, model)
    )
    assert after < 0.9 * before
    # Towards its own training law there is nothing to gain: the same up to the fit.
    own = RecalibratedRegressor(estimator, target=y).fit(X, y)
    plain, kept = (np.mean((labels - one.predict(new)) ** 2) for one in (own.estimator_, own))
    assert kept < 1.05 * plain


def test_in_a_pipeline_and_a_grid_search() -> None:
    X, y = world(600)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), RecalibratedRegressor(Ridge())),
        {"recalibratedregressor__estimator__alpha": [0.1, 10.0], "recalibratedregressor__holdout": [None, 0.3]},
        cv=2,
    ).fit(X, y)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(X).shape == y.shape
    assert clone(search.best_estimator_).get_params()["recalibratedregressor__cv"] == 5


def test_frames_keep_their_names() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    X, y = world(200)
    frame = pandas.DataFrame(X, columns=["seen", "noise"])
    model = RecalibratedRegressor(Ridge(), holdout=0.4).fit(frame, pandas.Series(y))
    assert model.feature_names_in_.tolist() == ["seen", "noise"]
    assert model.predict(frame).shape == (200,)


class Leaky(LinearRegression):
    """Predictions that vary whatever the labels are."""

    def predict(self, X: Any) -> np.ndarray:
        return np.asarray(X)[:, 0]


def test_what_it_refuses_and_warns_of() -> None:
    X, y = world(200)
    with pytest.raises(ValueError, match=r"holdout=1\.5 is no share"):
        RecalibratedRegressor(Ridge(), holdout=1.5).fit(X, y)
    with pytest.raises(ValueError, match=r"target 'balanced'"):
        RecalibratedRegressor(Ridge(), target="balanced").fit(X, y)
    with pytest.raises(ValueError, match="training labels that all equal"):
        RecalibratedRegressor(Leaky()).fit(X, np.full(200, 3.0))
    with pytest.warns(UserWarning, match="20 rows are too little"):
        few = RecalibratedRegressor(Ridge()).fit(X[:20], y[:20])
    np.testing.assert_array_equal(few.predict(X), Ridge().fit(X[:20], y[:20]).predict(X))
    with pytest.warns(UserWarning, match="predictions that all agree"):
        RecalibratedRegressor(DummyRegressor(strategy="constant", constant=1.0)).fit(X, y)
    with pytest.raises(ValueError, match="groups"):
        RecalibratedRegressor(Ridge(), cv=GroupKFold(3)).fit(X, y)
