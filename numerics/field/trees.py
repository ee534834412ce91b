"""scikit-learn's histogram gradient boosting under the protocol's rule: the round kept that has the least balanced error on validation rows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from numerics.field.protocol import TREES
from numerics.trial.world import World

Array = np.ndarray


def fit(worlds: Sequence[World], *, weighted: bool, workers: int | None = None) -> list[tuple[Array, int]]:
    """Predictions at validation and test rows of each split, label units, and the round that was kept.

    Args:
      weighted: training rows by `1/r`.
      workers: splits at once; each takes one thread, so that sums have one order.
    """
    from threadpoolctl import threadpool_limits

    def one(world: World) -> tuple[Array, int]:
        # OpenMP keeps the number of threads for each thread that calls it.
        with threadpool_limits(1, user_api="openmp"):
            return _fit(world, weighted)

    with ThreadPoolExecutor(workers or 1) as pool:
        return list(pool.map(one, worlds))


def _fit(world: World, weighted: bool) -> tuple[Array, int]:
    from sklearn.ensemble import HistGradientBoostingRegressor

    train, validation, _ = world.labels
    model = HistGradientBoostingRegressor(max_iter=TREES, early_stopping=False, random_state=0)
    model.fit(world.train.x, train, sample_weight=world.inverse if weighted else None)
    held, weights = len(validation), np.asarray(world.validation.weights, np.float64)
    best, kept, least = np.zeros(len(world.held)), -1, np.inf
    for number, values in enumerate(model.staged_predict(world.held)):
        reached = float(weights @ (validation - values[:held]) ** 2)
        if reached < least:
            best, kept, least = np.array(values), number, reached
    return best, kept
