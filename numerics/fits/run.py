"""The fits of one run, from cells to records."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from numerics.fits import cells, features, least_squares, measure, population, sampling, softmax, start, summary
from numerics.fits.measure import Score, Stage
from numerics.fits.population import Optimum, Statistics
from numerics.fits.records import Fits, Fitted, Options
from numerics.fits.tables import Tables, tables
from numerics.world import World, bin_index, class_edges

MOST_CLASSES = 128
LEAST_COUNT = 250
"""Expected draws of the rarest class; below, its share of the sample is too rough for the 1/n expansion that the jackknife rests on."""
LEAST_EFFECTIVE = 1000
"""n/(1 + chi^2(q||p)), the draws from p that q can use."""
STEP_SAFETY = 2.0
"""A last Newton step with the population's Hessian tells the error of stopping to first order; the sample's Hessian is within this factor."""


def run(world: World, seeds: int, seed: int, options: Options, progress: Callable[[int, int, str], None]) -> Fits:
    """See `numerics.fits.fits`."""
    if seeds < 2:
        raise ValueError("an interval needs at least two repetitions")
    if options.draws % (2 * options.test_draws):
        raise ValueError("draws must be a multiple of twice test_draws")
    total = seeds + 8
    notes: dict[str, str] = {}
    chosen = _chosen(world, options.draws, notes)
    edges = [class_edges(world.law, K) for K in chosen]
    labels = cells.label_cells(world, edges, options.draws)
    table = tables(world.channel, cells.input_cells(world), labels)
    effective = options.draws / float(labels.weight @ np.exp(-labels.log_ratio)) if table.all_sampled else np.inf
    if effective < LEAST_EFFECTIVE:
        notes["all"] = (
            f"not fitted: of {options.draws} draws from p, only {effective:.3g} are worth anything under q"
            " (n over 1 + chi-square of q to p)"
        )
        return Fits((), notes, seeds, seed, options)
    counts = _samples(world, table, seeds, seed, options, lambda done: progress(done, total, "drawing samples"))
    models = _Models(world, table, chosen, edges, options)
    entries = models.trained(counts, lambda step, what: progress(seeds + step, total, what))
    if not table.all_sampled:
        words = "infinite: labels that p never samples (" + "; ".join(map(str, world.law.unsampled[:3])) + ")"
        for name in ("extra_term", "plain_excess", "corrected_excess", "within_excess"):
            notes[name] = words
        for name in ("imbalanced_risk", "balanced_risk", "between", "within"):
            notes[name] = "not measured where p never samples some labels"
    progress(seeds + 7, total, "least squares")
    entries += _closed_forms(table, chosen, edges, counts, options)
    progress(total, total, "fits done")
    return Fits(tuple(entries), notes, seeds, seed, options, models.settings)


def _chosen(world: World, draws: int, notes: dict[str, str]) -> list[int]:
    """The numbers of classes that can be fitted; words for the others."""
    chosen = []
    for K in world.classes:
        edges = class_edges(world.law, K)
        rarest = float(np.min(world.law.bin_masses(edges)[1])) * draws
        reason = ""
        if len(edges) < 3:
            reason = "one class needs no network"
        elif len(edges) - 1 > MOST_CLASSES:
            reason = f"not fitted: more than {MOST_CLASSES} classes"
        elif rarest == 0:
            reason = "undefined: p never samples one of the classes"
        elif rarest < LEAST_COUNT:
            reason = (
                f"not fitted: {draws} draws hold {rarest:.3g} of the rarest class on average, fewer than {LEAST_COUNT}"
            )
        if reason:
            for name in (
                "class_excess",
                "within_excess",
                "plain_excess",
                "corrected_excess",
                "corrected_squared_error",
            ):
                notes[f"{name} {K}"] = reason
            for name in ("between", "within"):
                notes[f"{name} {K}"] = reason
        else:
            chosen.append(K)
    return chosen


def _samples(
    world: World, table: Tables, seeds: int, seed: int, options: Options, told: Callable[[int], None]
) -> dict[str, np.ndarray]:
    """Counts: `first`, `second` (halves of the training sample), and test tables `p`, `q` where every label is sampled."""
    chunk = options.test_draws
    each = options.draws // (2 * chunk)
    parts = {number: options.train_under for number in range(2 * each)}
    if table.all_sampled:
        parts |= {2 * each: "p", 2 * each + 1: "q"}
    drawn = sampling.draw(world, table.inputs, table.labels, seed, seeds, chunk, list(parts.values()), told)
    counts = {"first": drawn[:, :each].sum(axis=1), "second": drawn[:, each : 2 * each].sum(axis=1)}
    if table.all_sampled:
        counts |= {"p": drawn[:, 2 * each], "q": drawn[:, 2 * each + 1]}
    return counts


class _Models:
    """The families of one world with their population optima, and training on given samples."""

    def __init__(
        self, world: World, table: Tables, chosen: list[int], edges: list[tuple[Fraction, ...]], options: Options
    ) -> None:
        self.options, self.table, self.chosen = options, table, chosen
        labels, channel = table.labels, world.channel
        at_cells = channel.log_density(table.inputs.points[:, None], labels.nodes)
        at_points = channel.log_density(table.x[:, None], labels.points)
        self.regressor, self.output = features.regressor(table, at_cells, at_points)
        self.bias = labels.bias(labels.points, labels.point_piece)
        self.stage: Stage = measure.stage(table, chosen, edges)
        self.networks = []
        self.members = []
        for K, ends in zip(chosen, edges, strict=True):
            breaks = [float(cut) for cut in world.law.breakpoints if cut not in ends]
            broken = sorted(set(bin_index(ends, np.array(breaks)).tolist()))
            self.networks.append(features.class_network(table, at_cells, bin_index(ends, labels.nodes), broken))
            # The falsifier's shift moves the training labels' classes; everything else keeps the true edges.
            shift = options.edge_shift * world.law.length / K
            self.members.append(np.eye(len(ends) - 1)[bin_index(ends, labels.points - shift)])
        self.optimum = population.minimise(self.regressor, self._statistics(table.p), options.ridge)
        true_members = [np.eye(len(ends) - 1)[bin_index(ends, labels.points)] for ends in edges]
        self.optima: list[Optimum] = []
        self.population_priors = []
        for network, member in zip(self.networks, true_members, strict=True):
            share = table.p @ member
            self.optima.append(population.minimise(network, _class_statistics(network, share), options.ridge))
            self.population_priors.append(share.sum(axis=0))
        self.settings: dict[str, float | int | str] = {
            "input_cells": table.inputs.count,
            "label_nodes": len(labels.nodes),
            "label_subcells": len(labels.points),
            "label_pieces": len(labels.middle),
            "rarest_piece": float(options.draws * labels.mass.min()),
            "regressor_features": self.regressor.hidden.shape[1],
            "regressor_parameters": self.regressor.parameters,
        }
        for K, network in zip(chosen, self.networks, strict=True):
            self.settings[f"network_features {K}"] = network.hidden.shape[1]
            self.settings[f"network_parameters {K}"] = network.parameters

    def _statistics(self, share: np.ndarray) -> Statistics:
        return population.statistics(self.regressor, share, self.output, self.bias)

    def score(self, theta: np.ndarray, thetas: list[np.ndarray], priors: list[np.ndarray], true: bool = False) -> Score:
        """Scores of one regressor and its networks."""
        return measure.score(
            self.stage,
            measure.logits_at(self.regressor, theta),
            [measure.logits_at(network, own) for network, own in zip(self.networks, thetas, strict=True)],
            priors,
            "divide" if true else self.options.correction,
        )

    def trained(self, counts: dict[str, np.ndarray], told: Callable[[int, str], None]) -> list[Fitted]:
        """Trains on the whole samples, then (from there) on each half, and scores all."""
        options = self.options
        samples = [counts["first"] + counts["second"], counts["first"], counts["second"]]
        seeds = len(samples[0])
        regressors: list[softmax.Trained] = []
        networks: list[softmax.Trained | None] = []
        priors = []
        for number, sample in enumerate(samples):
            total = sample.sum(axis=(1, 2))[:, None, None]
            told(2 * number, "training regressors")
            begin = [regressors[0].theta[0]] if number else None
            regressors.append(
                softmax.train([self.regressor], [self.optimum], [self._statistics(sample / total)], options, begin)
            )
            told(2 * number + 1, "training class networks")
            tallies = [sample @ member for member in self.members]
            priors.append([tally.sum(axis=1) / total[:, 0] for tally in tallies])
            if not self.networks:
                networks.append(None)
                continue
            data = [
                _class_statistics(network, tally / total) for network, tally in zip(self.networks, tallies, strict=True)
            ]
            if number:
                assert networks[0] is not None
                begin = networks[0].theta
            else:
                begin = [
                    np.stack([start.log_odds(network, own, options.ridge) for own in tally])
                    for network, tally in zip(self.networks, tallies, strict=True)
                ]
            networks.append(softmax.train(self.networks, self.optima, data, options, begin))
        told(6, "scoring under q")

        def scores(number: int, step: bool = False) -> list[Score]:
            made = regressors[number], networks[number]
            thetas = [(one.stepped if step else one.theta) if one is not None else [] for one in made]
            return [
                self.score(thetas[0][0][s], [own[s] for own in thetas[1]], [prior[s] for prior in priors[number]])
                for s in range(seeds)
            ]

        full, first, second = (scores(number) for number in range(3))
        stepped = scores(0, step=True)
        predicted = self.score(self.optimum.theta, [o.theta for o in self.optima], self.population_priors, true=True)
        exact = measure.exact(self.stage)
        rarest = float(options.draws * self.table.labels.mass.min())
        entries = []
        for key in sorted(predicted, key=_order):
            columns = [np.array([score[key] for score in part]) for part in (full, first, second, stepped)]
            # Twice the whole sample's error and the mean of the halves': three times one error, to first order.
            stopping = 3 * STEP_SAFETY * float(np.abs(columns[3] - columns[0]).max())
            least = rarest
            if key[1] is not None:
                least = min(rarest, options.draws * float(self.stage.partitions[self.chosen.index(key[1])].p.min()))
            entries.append(
                summary.fitted(
                    key[0],
                    key[1],
                    columns[0],
                    np.stack(columns[1:3]),
                    predicted[key],
                    exact[key],
                    rarest=least,
                    draws=options.draws,
                    optimisation=stopping,
                )
            )
        return entries


NAMES = (
    "extra_term",
    "class_excess",
    "within_excess",
    "plain_excess",
    "corrected_excess",
    "squared_error",
    "corrected_squared_error",
)


def _order(key: tuple[str, int | None]) -> tuple[int, int]:
    return NAMES.index(key[0]), key[1] or 0


def _class_statistics(network: features.Family, share: np.ndarray) -> Statistics:
    return population.statistics(network, share, network.output, network.bias)


def _closed_forms(
    table: Tables,
    chosen: list[int],
    edges: list[tuple[Fraction, ...]],
    counts: dict[str, np.ndarray],
    options: Options,
) -> list[Fitted]:
    """Histogram regression, least squares, and the risk decomposition of the ridge fit."""
    whole = counts["first"] + counts["second"]
    samples = [whole, counts["first"], counts["second"]]
    data = [least_squares.moments(table, sample / sample.sum(axis=(1, 2))[:, None, None]) for sample in samples]
    truth = least_squares.moments(table, table.p)
    group = least_squares.groups(table, options.draws)
    columns = [np.asarray(least_squares.histogram_score(table, group, part)) for part in data]
    predicted = float(least_squares.histogram_score(table, group, truth))
    rarest = float(options.draws * np.bincount(group, table.p.sum(axis=1)).min())
    entries = [
        summary.fitted(
            "histogram_squared_error",
            None,
            columns[0],
            np.stack(columns[1:]),
            predicted,
            table.squared_error_price,
            rarest=rarest,
            draws=options.draws,
        )
    ]
    ridge_fits = None
    for readout in least_squares.readouts(table):
        betas = [readout.solve(part.inputs, part.labels, readout.cells) for part in data]
        p_beta = readout.solve(truth.inputs, truth.labels, readout.cells)
        q_beta = readout.solve(table.q_inputs, table.q_inputs * table.f_q, readout.nodes)
        found = [least_squares.scores(table, readout, beta, q_beta) for beta in betas]
        exact = least_squares.exact_scores(table, readout)
        for name, value in least_squares.scores(table, readout, p_beta, q_beta).items():
            full, halves = found[0][name], np.stack([found[1][name], found[2][name]])
            entries.append(
                summary.fitted(name, None, full, halves, float(value), exact[name], rarest=rarest, draws=options.draws)
            )
        ridge_fits = betas[0] @ readout.cells.T
    if "p" in counts and ridge_fits is not None:
        entries += _risks(table, chosen, edges, ridge_fits, counts, options)
    return entries


def _risks(
    table: Tables,
    chosen: list[int],
    edges: list[tuple[Fraction, ...]],
    fitted: np.ndarray,
    counts: dict[str, np.ndarray],
    options: Options,
) -> list[Fitted]:
    """The risk decomposition of each repetition's fit, on fresh samples and exactly."""
    entries = []
    for number, (K, own) in enumerate(zip(chosen, edges, strict=True)):
        measured = [
            least_squares.risk(table, own, fit, p, q)
            for fit, p, q in zip(fitted, counts["p"], counts["q"], strict=True)
        ]
        exact = [least_squares.risk(table, own, fit, table.p, table.q) for fit in fitted]
        names = {"between": K, "within": K}
        if number == 0:
            names = {"imbalanced": None, "balanced": None, **names}
        for name, classes in names.items():
            title = f"{name}_risk" if classes is None else name
            values, predictions = ([getattr(one, name) for one in part] for part in (measured, exact))
            entries.append(summary.paired(title, classes, values, predictions, options.test_draws))
    return entries
