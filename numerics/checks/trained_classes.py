"""How many classes a posterior learned from n samples can carry: the ledger's costs against tables, networks and boosted trees at several n.

The run's world is cut to twelve labels, and its inputs to cells one noise wide. Each model learns p(c|x) from n draws of p, is divided by
p_c/q_c, and is scored exactly, so that only the draws and the training differ between seeds.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numerics import world
from numerics.checks.trained_models import LABELS, cut, draws
from numerics.evidence import Evidence
from numerics.grids.grid import Array, Grid
from numerics.routes.training_law import number
from numerics.world import World
from theory import sample_size
from theory.estimation import QUADRATIC_CLASSES, QUADRATIC_MEAN, f_c
from theory.terms import E
from theory.words import corrected_excess, f_q

COUNTS = (2, 3, 4, 6, 12)
"""Classes: the divisors of `LABELS`."""
SIZES = (500, 2_000, 8_000, 32_000)
SEEDS = {"table": 40, "network": 4, "boosted trees": 4}


def table_of(here: World) -> Grid:
    """The run's world with twelve labels, inputs gathered into cells one noise wide."""
    fine = cut(here)
    place = np.floor((fine.x[:, 0] - fine.x[0, 0]) / here.channel.noise + 1e-9).astype(int)
    mass = np.zeros((int(place.max()) + 1, fine.y.size))
    np.add.at(mass, place, fine.mass)
    centres = np.bincount(place, fine.x[:, 0]) / np.bincount(place)
    return replace(fine, x=centres[:, None], mass=mass, cells=np.arange(len(mass)))


@dataclass(frozen=True)
class Scores:
    """Log-loss above the balanced posterior in nats, and squared error above f_q, of a corrected posterior of classes."""

    log: float
    squared: float


def expected(grid: Grid, classes: int, n: int) -> Scores:
    """The corrected excess and the distance of the decoded mean, plus the ledger's cost of estimating."""
    own = replace(grid, trained={"n": np.full((1, 1), float(n))})
    return Scores(
        number(own, corrected_excess, classes) + number(own, QUADRATIC_CLASSES.right, classes),
        number(own, E((f_c - f_q) ** 2), classes) + number(own, QUADRATIC_MEAN.right, classes),
    )


def priors_only(grid: Grid, classes: int, n: int) -> float:
    """The same in log-loss where only the class masses are taken to be estimated (*sample_size*)."""
    own = replace(grid, trained={"n": np.full((1, 1), float(n))})
    return number(own, corrected_excess, classes) + number(own, sample_size.QUADRATIC.right, classes)


def measured(grid: Grid, classes: int, n: int, name: str) -> list[Scores]:
    """Of models of one kind, one for each seed."""
    members = np.eye(classes)[world.bin_index(world.class_edges(grid.world.law, classes), grid.y[0])]
    trained = grid.mass * np.exp(grid.log_ratio)
    balanced, counted = grid.mass @ members, trained @ members
    ratio = counted.sum(axis=0) / balanced.sum(axis=0)
    within = trained / (counted @ members.T)
    centres = (grid.mass * grid.y).sum(axis=0) @ members / balanced.sum(axis=0)
    inputs = grid.mass.sum(axis=1)
    posterior = grid.mass / inputs[:, None]
    scores = []
    for seed in range(SEEDS[name]):
        sample = draws(trained, n, np.random.default_rng([seed, n]))
        served = _learned(grid, sample.x, members[sample.y], name, seed) / ratio
        served = served / served.sum(axis=1, keepdims=True)
        loss = (grid.mass * np.log(posterior / (served @ members.T * within))).sum()
        squared = inputs @ (served @ centres - posterior @ grid.y[0]) ** 2
        scores.append(Scores(float(loss), float(squared)))
    return scores


def _learned(grid: Grid, x: Array, members: Array, name: str, seed: int) -> Array:
    """p(c|x) at every input cell, half a count added for each class: one that the sample never shows would make every loss infinite."""
    inputs, classes = len(grid.mass), members.shape[1]
    counts = np.zeros((inputs, classes))
    if name == "table":
        np.add.at(counts, x, members)
    else:
        import threadpoolctl
        from sklearn import ensemble, exceptions, neural_network

        model = (
            neural_network.MLPClassifier((24,), learning_rate_init=0.01, max_iter=40, random_state=seed)
            if name == "network"
            else ensemble.HistGradientBoostingClassifier(max_iter=40, max_leaf_nodes=6, random_state=seed)
        )
        with threadpoolctl.threadpool_limits(1), warnings.catch_warnings():
            warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
            model.fit(grid.x[x], members.argmax(axis=1))
        counts[:, model.classes_] = len(x) * model.predict_proba(grid.x)
    learned: Array = (counts + 0.5) / (counts.sum(axis=1, keepdims=True) + 0.5 * classes)
    return learned


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: what the ledger expects by n and K, and with `full` what trained models lose."""
    law = evidence.world.law
    if law.unsampled or law.discrete:
        return {}
    grid = table_of(evidence.world)
    return {
        "classes": list(COUNTS),
        "inputs": len(grid.mass),
        "labels": LABELS,
        "samples": [
            {
                "n": n,
                **{score: [getattr(expected(grid, K, n), score) for K in COUNTS] for score in ("log", "squared")},
                "priors_only": [priors_only(grid, K, n) for K in COUNTS],
                "trained": list(_trained(grid, n)) if evidence.full else [],
            }
            for n in SIZES
        ],
    }


def _trained(grid: Grid, n: int) -> Iterator[dict[str, Any]]:
    for name, seeds in SEEDS.items():
        scores = [measured(grid, K, n, name) for K in COUNTS]
        row: dict[str, Any] = {"model": name, "seeds": seeds}
        for score in ("log", "squared"):
            values = np.array([[getattr(each, score) for each in column] for column in scores])
            row[score] = values.mean(axis=1).tolist()
            row[f"{score}_error"] = (values.std(axis=1, ddof=1) / np.sqrt(seeds)).tolist()
        yield row
