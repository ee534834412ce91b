"""The models of one world: families, their population optima, and their training on given samples."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from numerics.fits import features, measure, population, softmax, start
from numerics.fits.decoded import Decoded
from numerics.fits.features import Family
from numerics.fits.fitted_numbers import Correction, Options
from numerics.fits.measure import Key, Score, Stage
from numerics.fits.population import Optimum, Statistics
from numerics.fits.probability_tables import Tables
from numerics.world import World, bin_index

TRAINING_STEPS = 7
"""Calls of `tick` by one `train`."""


@dataclass(frozen=True)
class Network:
    """The class network of one K.

    Attributes:
      family: its softmax.
      member: classes of the subcells as training sees them, shape (subcells, bins); the falsifier's shift is in here.
      prior: class masses under p on the cells, shape (bins,).
      optimum: of the family under p.
    """

    family: Family
    member: np.ndarray
    prior: np.ndarray
    optimum: Optimum


@dataclass(frozen=True)
class Models:
    """All models of a world.

    Attributes:
      stage: what they are scored on.
      regressor: the fine regressor's family; `output` and `bias` are its functions at the subcells.
      optimum: of the regressor under p.
      networks: one for each fitted K, in the order of `stage.partitions`.
      options: how they are trained.
    """

    stage: Stage
    regressor: Family
    output: np.ndarray
    bias: np.ndarray
    optimum: Optimum
    networks: tuple[Network, ...]
    options: Options

    def statistics(self, share: np.ndarray) -> Statistics:
        """What the regressor sees of tables of shares, shape (..., cells, subcells)."""
        return population.statistics(self.regressor, share, self.output, self.bias)


def models(
    world: World, table: Tables, chosen: Sequence[int], edges: Sequence[tuple[Fraction, ...]], options: Options
) -> Models:
    """Families of a world and their optima under exact probabilities.

    Raises:
      ArithmeticError: a family has no well-conditioned optimum here.
    """
    labels, channel = table.labels, world.channel
    at_cells = channel.log_density(table.inputs.points[:, None], labels.nodes)
    at_points = channel.log_density(table.x[:, None], labels.points)
    regressor, output = features.regressor(table, at_cells, at_points)
    bias = labels.bias(labels.points, labels.point_piece)
    optimum = population.minimise(regressor, population.statistics(regressor, table.p, output, bias), options.ridge)
    networks = []
    for K, ends in zip(chosen, edges, strict=True):
        breaks = np.array([float(cut) for cut in world.law.breakpoints if cut not in ends])
        broken = sorted(set(bin_index(ends, breaks).tolist()))
        family = features.class_network(table, at_cells, bin_index(ends, labels.nodes), broken)
        identity = np.eye(len(ends) - 1)
        share = table.p @ identity[bin_index(ends, labels.points)]
        shift = options.edge_shift * world.law.length / K
        networks.append(
            Network(
                family,
                identity[bin_index(ends, labels.points - shift)],
                share.sum(axis=0),
                population.minimise(family, _class_statistics(family, share), options.ridge),
            )
        )
    return Models(measure.stage(table, chosen, edges), regressor, output, bias, optimum, tuple(networks), options)


def _class_statistics(family: Family, share: np.ndarray) -> Statistics:
    return population.statistics(family, share, family.output, family.bias)


def _score(
    models: Models,
    theta: np.ndarray,
    thetas: Sequence[np.ndarray],
    priors: Sequence[np.ndarray],
    correction: Correction,
) -> Score:
    logits = [measure.logits_at(network.family, own) for network, own in zip(models.networks, thetas, strict=True)]
    return measure.score(models.stage, measure.logits_at(models.regressor, theta), logits, priors, correction)


def predicted(models: Models) -> Score:
    """Scores of the population optima, always with the true correction."""
    thetas = [network.optimum.theta for network in models.networks]
    return _score(models, models.optimum.theta, thetas, [network.prior for network in models.networks], "divide")


@dataclass(frozen=True)
class _Trained:
    """Regressor and networks trained on the same samples, with the samples' class shares (fits, bins) of each K."""

    regressor: softmax.Trained
    networks: softmax.Trained | None
    priors: list[np.ndarray]

    def scores(self, models: Models, stepped: bool = False) -> list[Score]:
        """One score a sample."""
        regressor = (self.regressor.stepped if stepped else self.regressor.theta)[0]
        networks: list[np.ndarray] = []
        if self.networks is not None:
            networks = self.networks.stepped if stepped else self.networks.theta
        return [
            _score(
                models, theta, [own[s] for own in networks], [own[s] for own in self.priors], models.options.correction
            )
            for s, theta in enumerate(regressor)
        ]


def _fit(models: Models, sample: np.ndarray, before: _Trained | None, tick: Callable[[str], None]) -> _Trained:
    """Trains on tables of counts, shape (fits, cells, subcells), from where `before` ended or from the samples' own log odds."""
    options = models.options
    total = sample.sum(axis=(1, 2))[:, None, None]
    tick("training regressors")
    begin = None if before is None else before.regressor.theta
    regressor = softmax.train([models.regressor], [models.optimum], [models.statistics(sample / total)], options, begin)
    tick("training class networks")
    tallies = [sample @ network.member for network in models.networks]
    priors = [tally.sum(axis=1) / total[:, 0] for tally in tallies]
    if not models.networks:
        return _Trained(regressor, None, priors)
    families = [network.family for network in models.networks]
    data = [_class_statistics(family, tally / total) for family, tally in zip(families, tallies, strict=True)]
    if before is None:
        begin = [
            np.stack([start.log_odds(family, own, options.ridge) for own in tally])
            for family, tally in zip(families, tallies, strict=True)
        ]
    else:
        assert before.networks is not None
        begin = before.networks.theta
    optima = [network.optimum for network in models.networks]
    return _Trained(regressor, softmax.train(families, optima, data, options, begin), priors)


@dataclass(frozen=True)
class Scores:
    """Scores of the models trained on each sample.

    Attributes:
      columns: for each number an array (4, fits): whole sample, first half, second half, and the whole sample one Newton step further.
      decoded: by K, of the class network trained on each whole sample.
    """

    columns: dict[Key, np.ndarray]
    decoded: dict[int, tuple[Decoded, ...]]


def train(models: Models, first: np.ndarray, second: np.ndarray, tick: Callable[[str], None]) -> Scores:
    """Trains on whole samples, then (from there) on each half, and scores all under q.

    Args:
      first, second: counts of each half of the samples, shape (fits, cells, subcells).
      tick: called with what comes next, `TRAINING_STEPS` times.
    """
    whole = _fit(models, first + second, None, tick)
    halves = [_fit(models, half, whole, tick) for half in (first, second)]
    tick("scoring under q")
    full = whole.scores(models)
    parts = [full, *(half.scores(models) for half in halves), whole.scores(models, stepped=True)]
    numbers = [[one.numbers() for one in part] for part in parts]
    return Scores(
        {key: np.array([[one[key] for one in part] for part in numbers]) for key in numbers[0][0]},
        {
            entry.classes: tuple(one.per_classes[place].decoded for one in full)
            for place, entry in enumerate(full[0].per_classes)
        },
    )
