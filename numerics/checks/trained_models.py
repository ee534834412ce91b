"""Models that other people's code trains on samples of p, in a finite world cut from the run's: what they lose, and what the statements say of it.

Example: a boosted tree learns the labels' probabilities from 3,000 draws of p. Its probabilities, divided by r, are scored on fresh draws of q, and
the excess is set against the sums of *transfer* with the tree's own probabilities in the place of h.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from numerics.checks.common import Page
from numerics.fits.summary import LEVEL
from numerics.grids.grid import Array, Grid
from numerics.records import Estimate
from numerics.routes.training_law import number
from numerics.world import World, class_edges
from theory.recalibration import g_p, g_q, mend
from theory.record import Result
from theory.statement import Statement
from theory.terms import KL, E, Term, X, Y, q
from theory.transfer import corrected
from theory.words import f_q, risk, y

LABELS, INPUTS = 12, 121
DRAWS, HELD_OUT, TEST = 3_000, 6_000, 60_000
SEEDS = 5
LEVELS = 25
"""Predictions are rounded to so many levels of the label interval: a prediction that is shared by some inputs."""
LEAST = 10
"""Pairs in a stretch, below which nothing is said about it."""
COMPARISONS = 12
"""Six statements, two models: all together are to fail by chance in one run of a hundred at most (Bonferroni)."""
NAMES = ("network", "boosted trees")


@dataclass(frozen=True)
class Trained:
    """One trained model.

    Attributes:
      name, seed: which, and of what draws.
      grid: its world, with the atoms that the model supplies.
      measured: the mean over fresh draws of q of what a term is the balanced mean of.
    """

    name: str
    seed: int
    grid: Grid
    measured: Mapping[Term, float]


def cut(world: World) -> Grid:
    """The run's world with its labels at the middles of `LABELS` equal classes (fewer where some hold no label) and `INPUTS` inputs."""
    edges = class_edges(world.law, LABELS)
    ends = np.array([float(edge) for edge in edges])
    balanced, imbalanced = (np.asarray(masses) for masses in world.law.bin_masses(edges))
    labels = (ends[1:] + ends[:-1]) / 2
    reach = 3 * world.channel.noise
    x = np.linspace(ends[0] - reach, ends[-1] + reach, INPUTS)
    kernel = np.exp(world.channel.log_density(x[:, None], labels[None, :]))
    mass = kernel / kernel.sum(axis=0) * balanced
    return Grid(world, x[:, None], labels[None, :], mass, np.log(imbalanced / balanced)[None, :], 1, np.arange(INPUTS))


@dataclass(frozen=True)
class Draws:
    """Independent pairs: indices of inputs and of labels."""

    x: Array
    y: Array


def draws(mass: Array, number: int, dice: np.random.Generator) -> Draws:
    """Pairs drawn from joint masses (m, n)."""
    places = dice.choice(mass.size, number, p=(mass / mass.sum()).ravel())
    return Draws(places // mass.shape[1], places % mass.shape[1])


def _fitted(name: str, kind: str, inputs: Array, targets: Array, seed: int) -> Any:
    """A model of scikit-learn: classifier or regressor, network or boosted trees."""
    import threadpoolctl
    from sklearn import ensemble, exceptions, neural_network

    labels = kind == "labels"
    network = neural_network.MLPClassifier if labels else neural_network.MLPRegressor
    trees = ensemble.HistGradientBoostingClassifier if labels else ensemble.HistGradientBoostingRegressor
    model = (
        network(hidden_layer_sizes=(24,), learning_rate_init=0.01, max_iter=30, random_state=seed)
        if name == "network"
        else trees(max_iter=12 if labels else 40, max_leaf_nodes=6, min_samples_leaf=100, random_state=seed)
    )
    # Problems this small are slower on several threads. Training that stops early gives as good a wrong model as any.
    with threadpoolctl.threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", exceptions.ConvergenceWarning)
        return model.fit(inputs, targets)


@lru_cache(maxsize=2)
def classifiers(world: World) -> tuple[Trained, ...]:
    """Models of p(y|x), corrected by dividing by r, and their excess on draws of q."""
    return tuple(_classifier(cut(world), name, seed) for name in NAMES for seed in range(SEEDS))


def _classifier(grid: Grid, name: str, seed: int) -> Trained:
    dice = np.random.default_rng(seed)
    ratio = np.exp(grid.log_ratio)
    sample, test = draws(grid.mass * ratio, DRAWS, dice), draws(grid.mass, TEST, dice)
    model = _fitted(name, "labels", grid.x[sample.x], sample.y, seed)
    probabilities = np.zeros(grid.mass.shape)
    probabilities[:, model.classes_] = model.predict_proba(grid.x)
    # Half a count for each label: one that the sample never shows would make every loss infinite.
    model_law = (DRAWS * probabilities + 0.5) / (DRAWS + 0.5 * grid.y.size)
    balanced = grid.mass / grid.mass.sum(axis=1, keepdims=True)
    mended = model_law / ratio
    mended /= mended.sum(axis=1, keepdims=True)
    excess = np.log(balanced) - np.log(mended)
    shift = ((mended - balanced) @ grid.y[0]) ** 2
    measured = {
        KL(q, corrected, Y, given=X): float(excess[test.x, test.y].mean()),
        E((E(y, X, law=corrected) - f_q) ** 2): float(shift[test.x].mean()),
    }
    return Trained(name, seed, replace(grid, trained={"h(y|x)/q(y|x)": model_law / balanced}), measured)


@lru_cache(maxsize=2)
def regressors(world: World) -> tuple[Trained, ...]:
    """Point predictions, mended by weighted means of held-out labels, and what that gains on draws of q."""
    return tuple(_regressor(cut(world), name, seed) for name in NAMES for seed in range(SEEDS))


def _regressor(grid: Grid, name: str, seed: int) -> Trained:
    dice = np.random.default_rng(seed)
    ratio, labels = np.exp(grid.log_ratio), grid.y[0]
    sample, held_out = (draws(grid.mass * ratio, number, dice) for number in (DRAWS, HELD_OUT))
    test = draws(grid.mass, TEST, dice)
    model = _fitted(name, "values", grid.x[sample.x], labels[sample.y], seed)
    low, length = float(grid.world.law.support[0]), grid.world.law.length
    levels = np.round((model.predict(grid.x) - low) / length * LEVELS)
    _, cells = np.unique(levels, return_inverse=True)

    def by_cell(weights: Array) -> Array:
        """The weighted mean label of each cell, at every input; the middle of the labels where a cell is empty."""
        above, below = (np.bincount(cells, (weights @ part)) for part in (labels, np.ones_like(labels)))
        means: Array = np.where(below > 0, above / np.where(below > 0, below, 1.0), low + length / 2)
        return means[cells]

    counts = np.zeros(grid.mass.shape)
    np.add.at(counts, (held_out.x, held_out.y), 1.0)
    mended, best, plain = by_cell(counts / ratio), by_cell(grid.mass), by_cell(grid.mass * ratio)
    mean = (grid.mass @ labels) / grid.mass.sum(axis=1)

    def lost(worse: Array, better: Array) -> float:
        """By how much one prediction's squared error is above another's, on the draws of q."""
        value = labels[test.y]
        return float(((value - worse[test.x]) ** 2 - (value - better[test.x]) ** 2).mean())

    measured = {
        risk(mend) - risk(g_q): lost(mended, best),
        risk(g_p) - risk(g_q): lost(plain, best),
        risk(g_q) - risk(f_q): lost(best, mean),
    }
    return Trained(name, seed, replace(grid, cells=cells, trained={"f(t)": mended[:, None]}), measured)


def add(page: Page, result: Result, kind: str) -> None:
    """Each statement whose left side was measured, against its right side with the model's own atoms: means and intervals over seeds.

    Args:
      kind: what is predicted, `labels` (their probabilities) or `values`.
    """
    if missing := _missing():
        page.skip(result.claims[0].name, "identity", missing, "fitted")
        return
    models = (classifiers if kind == "labels" else regressors)(page.evidence.world)
    for claim in result.claims:
        for line in claim.lines:
            if isinstance(line, Statement) and line.world is None:
                for name in NAMES:
                    _compare(page, claim.name, line, [each for each in models if each.name == name])


def _compare(page: Page, claim: str, line: Statement, models: list[Trained]) -> None:
    if line.left not in models[0].measured:
        return
    classes = page.evidence.world.classes[0]  # a wrong version may speak of classes
    measured = np.array([each.measured[line.left] for each in models])
    expected = np.array([number(each.grid, line.right, classes) for each in models])
    from scipy import stats

    # What the draws of q are off by, from the side that they measure alone: a wrong right side must not widen its own allowance.
    spread = float(np.std([each.measured[line.left] - number(each.grid, line.left) for each in models], ddof=1))
    quantile = float(stats.t.ppf(1 - LEVEL / (2 * COMPARISONS), len(models) - 1))
    page.add(
        claim,
        "identity" if line.relation == "=" else "upper bound",
        Estimate(float(expected.mean()), 0.0),
        Estimate(float(measured.mean()), quantile * spread / math.sqrt(len(models))),
        f"{models[0].name} of scikit-learn, {DRAWS} draws of p, scored on {TEST} draws of q, {len(models)} seeds",
        source="fitted",
    )


def _missing() -> str:
    """Why nothing can be trained; empty where it can."""
    from importlib.util import find_spec

    return "" if find_spec("sklearn") else "scikit-learn is not installed (extra `sklearn`)"
