"""The fits of one run, from cells to records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from numerics.fits import counting_cells as cells
from numerics.fits import decoded, least_squares, measure, models, sampling, summary
from numerics.fits.fitted_numbers import Fits, Fitted, Options
from numerics.fits.probability_tables import Tables, tables
from numerics.world import World, class_edges

BATCH = 8
"""Repetitions trained side by side; more come in further batches, so that memory does not grow with their number."""
MOST_CLASSES = 128
LEAST_COUNT = cells.LEAST_COUNT
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

Key = tuple[str, int | None]


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
    notes: dict[str, str] = {}
    inputs = cells.input_cells(world)
    step = (2 + 2 * cells.TAIL) * inputs.half / inputs.count
    if step > WIDEST_CELL * world.channel.noise:
        notes["all"] = f"not fitted: noise {world.channel.noise:g} is too fine for {inputs.count} cells of x"
        return Fits((), notes, seeds, seed, options)
    plan = _plan(world, inputs, options, notes)
    refusal = _refusal(plan.table, options)
    if not refusal:
        try:
            made = models.models(world, plan.table, plan.chosen, plan.edges, options)
        except ArithmeticError as problem:
            refusal = f"not fitted: {problem}"
    if refusal:
        return Fits((), {**notes, "all": refusal}, seeds, seed, options)
    batches = [range(at, min(at + BATCH, seeds)) for at in range(0, seeds, BATCH)]
    total = seeds + models.TRAINING_STEPS * len(batches)
    done = 0

    def told(what: str) -> None:
        nonlocal done
        progress(done, total, what)
        done += 1

    found: dict[Key, list[np.ndarray]] = {}
    for batch in batches:
        counts = _samples(world, plan.table, batch, seed, options, lambda: told("drawing samples"))
        first, second = counts["first"], counts["second"]
        new = {
            **models.train(made, first, second, told),
            **least_squares.columns(plan.table, options.draws, first, second),
        }
        if "p" in counts:
            new |= least_squares.risks(plan.table, plan.chosen, plan.edges, first + second, counts["p"], counts["q"])
        for key, value in new.items():
            found.setdefault(key, []).append(value)
    progress(total, total, "fits done")
    columns = {key: np.concatenate(parts, axis=1) for key, parts in found.items()}
    if not plan.table.all_sampled:
        words = "infinite: labels that p never samples (" + "; ".join(map(str, world.law.unsampled[:3])) + ")"
        notes |= dict.fromkeys(LOG_LOSSES, words)
        notes |= dict.fromkeys(RISKS, "not measured where p never samples some labels")
    networks = {
        (name.removeprefix(decoded.PREFIX), K): tuple(columns.pop((name, K))[0].tolist())
        for name, K in list(columns)
        if name.startswith(decoded.PREFIX) and K is not None
    }
    entries = _entries(plan, made, columns, options)
    return Fits(tuple(entries), notes, seeds, seed, options, made.settings(), networks)


def _plan(world: World, inputs: cells.InputCells, options: Options, notes: dict[str, str]) -> _Plan:
    """Cells, and the numbers of classes that can be fitted; words for the others go to `notes`."""
    chosen, edges = [], []
    for K in world.classes:
        ends = class_edges(world.law, K)
        rarest = float(np.min(world.law.bin_masses(ends)[1])) * options.draws
        reason = ""
        if len(ends) < 3:
            reason = "one class needs no network"
        elif len(ends) - 1 > MOST_CLASSES:
            reason = f"not fitted: more than {MOST_CLASSES} classes"
        elif rarest == 0:
            reason = "undefined: p never samples one of the classes"
        elif rarest < LEAST_COUNT:
            reason = (
                f"not fitted: {options.draws} draws hold {rarest:.3g} of the rarest class on average,"
                f" fewer than {LEAST_COUNT}"
            )
        if reason:
            notes |= dict.fromkeys((f"{name} {K}" for name in (*BY_CLASSES, "between", "within")), reason)
        else:
            chosen.append(K)
            edges.append(ends)
    labels = cells.label_cells(world, edges, options.draws)
    return _Plan(tables(world.channel, inputs, labels), chosen, edges)


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
    world: World, table: Tables, batch: range, seed: int, options: Options, told: Callable[[], None]
) -> dict[str, np.ndarray]:
    """Counts: `first`, `second` (halves of the training sample), and test tables `p`, `q` where every label is sampled."""
    each = options.draws // (2 * options.test_draws)
    train: str = options.train_under
    parts = [("first", train)] * each + [("second", train)] * each
    if table.all_sampled:
        parts += [("p", "p"), ("q", "q")]
    return sampling.draw(world, table.inputs, table.labels, seed, batch, options.test_draws, parts, told)


def _entries(plan: _Plan, made: models.Models, columns: dict[Key, np.ndarray], options: Options) -> list[Fitted]:
    """Records in the order of `NAMES`."""
    predicted, exact = least_squares.predicted(plan.table, options.draws)
    predicted |= models.predicted(made)
    exact |= measure.exact(made.stage)
    piece = float(options.draws * plan.table.labels.mass.min())
    rarest: dict[int | None, float] = {None: piece}
    for part in made.stage.partitions:
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
