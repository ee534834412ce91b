"""`python -m benchmarks alarms`: how often the statistical checks of a run raise a false alarm when everything is true.

Each simulated run has its own samples: 8 repetitions of every fitted number, judged as `numerics.checks.fitted` judges them (the interval of
`numerics.fits.summary`, Bonferroni over the run's fitted numbers, against the optimum of the model family), and the Monte Carlo of `sample_size`. A run raises an
alarm when any of its checks fails. The sample of a repetition is smaller than the default, so that 200 runs take minutes.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from numerics import runtime
from unskew.ground import command
from unskew.ground.refusals import InputError

GOAL = 0.01
SEEDS = 8
CHUNK = 20
"""Runs fitted at once."""
DENSITY, NOISE, CLASSES = "exp(-3*y)", 0.2, (4,)
DRAWS = 1 << 15
MOST_RUNS = 10_000


def main(arguments: Sequence[str]) -> int:
    """Measures and prints.

    Returns:
      the exit code: 0 when at most `GOAL` of the runs raise an alarm.

    Raises:
      InputError: a number of runs that cannot be.
    """
    parser = command.Parser(prog="python -m benchmarks alarms", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="simulated runs (default: 200)")
    parser.add_argument("--seed", type=int, default=0, help="what all keys are made from (default: 0)")
    options: argparse.Namespace = parser.parse_args(list(arguments))
    if not 1 <= options.runs <= MOST_RUNS:
        raise InputError(f"--runs {options.runs}", f"give a number from 1 to {MOST_RUNS}")
    runtime.start()
    alarms, judged = measure(options.runs, options.seed)
    failed = sum(1 for names in alarms if names)
    print(
        f"{failed} of {options.runs} runs raise a false alarm ({failed / options.runs:.1%}); goal: at most {GOAL:.0%}"
    )
    print(f"{judged} statistical checks a run")
    for number, names in enumerate(alarms):
        if names:
            print(f"  run {number + 1}: {', '.join(names)}")
    return command.HOLDS if failed <= GOAL * options.runs else command.FAILS


def measure(runs: int, seed: int) -> tuple[list[list[str]], int]:
    """For each run the names of the checks that raise an alarm, and the number of checks of a run."""
    from numerics.channels import Channel
    from numerics.checks import sample_size
    from numerics.fits import Options, fits, summary
    from numerics.laws import densities
    from numerics.posterior.label_side import label_side
    from numerics.world import World

    world = World(densities.typed(DENSITY, (Fraction(0), Fraction(1))), Channel("gaussian", NOISE), CLASSES)
    bins = label_side(world.law, world.classes, world.channel.noise).bins
    quantile = sample_size.normal_quantile(sample_size.FALSE_ALARM / len(bins))
    alarms: list[list[str]] = []
    judged = 0
    for start in range(0, runs, CHUNK):
        number = min(CHUNK, runs - start)
        trained = fits(world, SEEDS * number, seed + start, Options(draws=DRAWS, test_draws=DRAWS // 4))
        judged = len(trained.quantities) + len(bins)
        for run in range(number):
            own = slice(SEEDS * run, SEEDS * (run + 1))
            failed = []
            for entry in trained.quantities:
                values, differences = np.array(entry.values)[own], np.array(entry.differences)[own]
                part = replace(entry, values=tuple(values.tolist()), differences=tuple(differences.tolist()))
                off = math.fsum(part.differences) / SEEDS
                if abs(off) > summary.interval(part, len(trained.quantities)).error:
                    failed.append(entry.name if entry.classes is None else f"{entry.name} {entry.classes}")
            for side in bins:
                expected = sample_size.leading(side.q, side.p)
                key = (seed, start + run, side.classes)
                measured = sample_size.monte_carlo(side.q, side.p, sample_size.REPLICATES, key, expected, quantile)
                if abs(measured.value - 1) > measured.error:
                    failed.append(f"penalty {side.classes}")
            alarms.append(failed)
    return alarms, judged
