"""The fits of one run, from cells to records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count

import numpy as np

from numerics.fits import counting_cells, least_squares, measure, models, sampling, summary
from numerics.fits.fitted_numbers import Fits, Fitted, Options
from numerics.fits.measure import Key
from numerics.fits.probability_tables import Tables, tables
from numerics.world import World, class_edges

BATCH = 8
"""Repetitions trained side by side; more come in further batches, so that memory does not grow with their number."""
MOST_CLASSES = 128
LEAST_COUNT = counting_cells.LEAST_COUNT
"""Expected draws of the rarest class; below, its share of the sample is too rough for the 1/n expansion that the jackknife rests on."""
LEAST_EFFECTIVE = 1000
"""n/(1 + chi^2(q||p)), the draws from p that q can use."""
WIDEST_CELL = 0.5
"""Of a cell of x, in units of the noise."""
STEP_SAFETY = 2.0
"""A last Newton step with the population's Hessian tells the error of stopping to first order; the sample's Hessian is within this factor."""

REGRESSION = ("extra_term", "squared_error")
BY_CLASSES = ("class_excess", "within_excess", "plain_excess", "corrected_excess", "corrected_squared_error")
LOG_LOSSES = ("extra_term", "within_excess", "plain_excess", "corrected_excess")
CLOSED = (
    "histogram_squared_error",
    "linear_squared_error",
    "linear_readout_gap",
    "ridge_squared_error",
    "ridge_readout_gap",
)
RISKS = ("imbalanced_risk", "balanced_risk", "between", "within")
NAMES = (*REGRESSION, *BY_CLASSES, *CLOSED, *RISKS)


@dataclass(frozen=True)
class _Plan:
    """What is fitted: numbers of classes with their edges, and the cells."""

    table: Tables
    chosen: list[int]
    edges: list[tuple[Fraction, ...]]


def run(world: World, seeds: int, seed: int, options: Options, progress: Callable[[int, int, str], None]) -> Fits:
    """See `numerics.fits.fits`."""
    if seeds < 2:
        raise ValueError("an interval needs at least two repetitions")
    if options.draws % (2 * options.test_draws):
        raise ValueError("draws must be a multiple of twice test_draws")
    inputs = counting_cells.input_cells(world)
    step = (2 + 2 * counting_cells.TAIL) * inputs.half / inputs.count
    if step > WIDEST_CELL * world.channel.noise:
        words = f"not fitted: noise {world.channel.noise:g} is too fine for {inputs.count} cells of x"
        return Fits((), {"all": words}, seeds, seed, options)
    edges = {K: class_edges(world.law, K) for K in world.classes}
    reasons = {K: _unfitted(world, edges[K], options) for K in world.classes}
    notes = {f"{name} {K}": why for K, why in reasons.items() if why for name in (*BY_CLASSES, "between", "within")}
    plan = _plan(world, inputs, [K for K in world.classes if not reasons[K]], options)
    refusal = _refusal(plan.table, options)
    if not refusal:
        try:
            family = models.models(world, plan.table, plan.chosen, plan.edges, options)
        except ArithmeticError as problem:
            refusal = f"not fitted: {problem}"
    if refusal:
        return Fits((), {**notes, "all": refusal}, seeds, seed, options)
    batches = [range(at, min(at + BATCH, seeds)) for at in range(0, seeds, BATCH)]
    total = seeds + models.TRAINING_STEPS * len(batches)
    done = count()
    parts = [
        _batch(world, plan, family, batch, seed, options, lambda what: progress(next(done), total, what))
        for batch in batches
    ]
    progress(total, total, "fits done")
    columns = {key: np.concatenate([part.columns[key] for part in parts], axis=1) for key in parts[0].columns}
    networks = {K: tuple(one for part in parts for one in part.decoded[K]) for K in parts[0].decoded}
    if not plan.table.all_sampled:
        words = "infinite: labels that p never samples (" + "; ".join(map(str, world.law.unsampled[:3])) + ")"
        unmeasured = dict.fromkeys(RISKS, "not measured where p never samples some labels")
        notes = {**notes, **dict.fromkeys(LOG_LOSSES, words), **unmeasured}
    return Fits(tuple(_entries(plan, family, columns, options)), notes, seeds, seed, options, networks)


def _batch(
    world: World,
    plan: _Plan,
    family: models.Models,
    batch: range,
    seed: int,
    options: Options,
    tick: Callable[[str], None],
) -> models.Scores:
    """Everything measured on some repetitions."""
    counts = _samples(world, plan.table, batch, seed, options, lambda: tick("drawing samples"))
    first, second = counts["first"], counts["second"]
    scores = models.train(family, first, second, tick)
    risks: dict[Key, np.ndarray] = {}
    if "p" in counts:
        risks = least_squares.risks(plan.table, plan.chosen, plan.edges, first + second, counts["p"], counts["q"])
    closed = least_squares.columns(plan.table, options.draws, first, second)
    return models.Scores({**scores.columns, **closed, **risks}, scores.decoded)


def _plan(world: World, inputs: counting_cells.InputCells, chosen: list[int], options: Options) -> _Plan:
    """Cells for the numbers of classes that can be fitted."""
    edges = [class_edges(world.law, K) for K in chosen]
    labels = counting_cells.label_cells(world, edges, options.draws)
    return _Plan(tables(world.channel, inputs, labels), chosen, edges)


def _unfitted(world: World, edges: Sequence[Fraction], options: Options) -> str:
    """Why no class network is fitted to these classes, in words; empty where one is."""
    rarest = float(np.min(world.law.bin_masses(edges)[1])) * options.draws
    if len(edges) < 3:
        return "one class needs no network"
    if len(edges) - 1 > MOST_CLASSES:
        return f"not fitted: more than {MOST_CLASSES} classes"
    if rarest == 0:
        return "undefined: p never samples one of the classes"
    if rarest < LEAST_COUNT:
        return (
            f"not fitted: {options.draws} draws hold {rarest:.3g} of the rarest class on average,"
            f" fewer than {LEAST_COUNT}"
        )
    return ""


def _refusal(table: Tables, options: Options) -> str:
    """Why nothing can be fitted, in words; empty where something can."""
    labels = table.labels
    if table.all_sampled:
        effective = options.draws / float(labels.weight @ np.exp(-labels.log_ratio))
        if effective < LEAST_EFFECTIVE:
            return (
                f"not fitted: of {options.draws} draws from p, only {effective:.3g} are worth anything under q"
                " (n over 1 + chi-square of q to p)"
            )
    return ""


def _samples(
    world: World, table: Tables, batch: range, seed: int, options: Options, tick: Callable[[], None]
) -> dict[str, np.ndarray]:
    """Counts: `first`, `second` (halves of the training sample), and test tables `p`, `q` where every label is sampled."""
    each = options.draws // (2 * options.test_draws)
    train: str = options.train_under
    parts = [("first", train)] * each + [("second", train)] * each
    if table.all_sampled:
        parts += [("p", "p"), ("q", "q")]
    return sampling.draw(world, table.inputs, table.labels, seed, batch, options.test_draws, parts, tick)


def _entries(plan: _Plan, family: models.Models, columns: dict[Key, np.ndarray], options: Options) -> list[Fitted]:
    """Records in the order of `NAMES`."""
    predicted, exact = least_squares.predicted(plan.table, options.draws)
    predicted |= models.predicted(family).numbers()
    exact |= measure.exact(family.stage).numbers()
    piece = float(options.draws * plan.table.labels.mass.min())
    rarest: dict[int | None, float] = {None: piece}
    for part in family.stage.partitions:
        rarest[part.classes] = min(piece, options.draws * float(part.p.min()))
    group = least_squares.rarest_group(plan.table, options.draws)
    entries = []
    for key in sorted(columns, key=lambda key: (NAMES.index(key[0]), key[1] or 0)):
        name, classes = key
        values = columns[key]
        if name in RISKS:
            entries.append(summary.paired(name, classes, values[0].tolist(), values[1].tolist(), options.test_draws))
            continue
        closed = name in CLOSED
        # Twice the whole sample's error of stopping and the mean of the halves': three times one, to first order.
        stopping = 0.0 if closed else 3 * STEP_SAFETY * float(np.abs(values[3] - values[0]).max())
        entries.append(
            summary.fitted(
                name,
                classes,
                values[0],
                values[1:3],
                predicted[key],
                exact[key],
                rarest=group if closed else rarest[classes],
                draws=options.draws,
                optimisation=stopping,
            )
        )
    return entries
