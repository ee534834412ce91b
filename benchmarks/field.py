"""`python -m benchmarks field`: the field study's engine as a share of the matrix product peak of one core, by processor time, and what the whole study takes.

A table is made up (the protocol's most rows, 16 columns), so that no data are needed. Each program is compiled first, and compiling is timed beside it. Operations
are two for each multiply-add of the matrix products over training rows and nothing else: validation, Adam, gather and order are not counted.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from benchmarks.study import peak
from numerics.study.chunk import prepare
from unskew.ground import command

GOAL_SHARE, GOAL_MINUTES, GOAL_GIB = 0.25, 20.0, 3.0
COLUMNS = 16
ARMS = ("MSE", "HL-Gauss")


def operations(rows: int, inputs: int, outputs: int, hidden: tuple[int, ...]) -> int:
    """Of one epoch; the input gradient stops at the first layer."""
    pairs = [a * b for a, b in pairwise((inputs, *hidden, outputs))]
    return 2 * rows * (3 * sum(pairs) - pairs[0])


def main(arguments: Sequence[str]) -> int:
    """Measures and prints.

    Returns:
      the exit code: 0 when every goal is met.
    """
    parser = command.Parser(prog="python -m benchmarks field", description=__doc__)
    parser.add_argument("--splits", type=int, default=4, help="that are trained (default: %(default)s)")
    splits = max(1, parser.parse_args(list(arguments)).splits)
    prepare(1, double=False)
    from numerics.field import networks, protocol, trees, work
    from numerics.trial import remedies, world
    from numerics.trial.table import Table

    random = np.random.default_rng(0)
    y = random.exponential(size=protocol.ROWS).clip(0, 4)
    x = y[:, None] + random.normal(size=(len(y), COLUMNS))
    table = Table(x, y, "y", tuple(map(str, range(COLUMNS))), ())
    worlds = [world.prepare(table, world.parts(np.arange(len(y)), 0, number)) for number in range(splits)]
    seeds = list(range(splits))
    _, core, kernel = peak()
    shares, compiling, seconds = [], [], {}
    for arm in networks.REMEDIES:
        begin = time.process_time()
        networks.fit(arm, worlds[:1], seeds[:1], False, 1)
        middle = time.process_time()
        fitted = networks.fit(arm, worlds, seeds, False, 1)
        end = time.process_time()
        compiling.append(max(0.0, middle - begin - (end - middle) / splits))
        seconds[arm] = (end - middle) / splits
        if arm in ARMS:
            remedy = networks.REMEDIES[arm]
            head = None if remedy.make is None else remedy.make(worlds[0])
            used = protocol.BATCH * (len(worlds[0].inverse) // protocol.BATCH)
            each = operations(used, COLUMNS, remedies.outputs(remedy.form, head), protocol.HIDDEN)
            shares.append(sum(one.epochs for one in fitted) * each / (end - middle) / core)
            print(f"{arm}: {100 * shares[-1]:.0f} % of {core / 1e9:.0f} GFLOP/s, one core ({kernel})")
    for weighted in (False, True):
        begin = time.process_time()
        trees.fit(worlds, weighted=weighted)
        seconds[f"trees {weighted}"] = (time.process_time() - begin) / splits
    begin = time.process_time()
    for one in worlds:
        work.result("MSE", one, np.asarray(one.held[:, 0], np.float64), 0, 0)
    # MSE and trees are recalibrated, and the probabilities of HL-Gauss priced.
    seconds["mending"] = 3 * (time.process_time() - begin) / splits
    sources = len(protocol.NAMES)
    busy = sources * (protocol.SPLITS * sum(seconds.values()) + sum(compiling)) / 60
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(
        f"a split of all arms {sum(seconds.values()):.1f} s, compiling {sum(compiling):.1f} s a table, of processor time"
    )
    share = statistics.median(shares)
    rows = [
        ("share of the sgemm peak, median", share, GOAL_SHARE, share >= GOAL_SHARE),
        (f"{sources} tables on two cores, minutes, extrapolated", busy / 2, GOAL_MINUTES, busy / 2 <= GOAL_MINUTES),
        ("GiB", memory, GOAL_GIB, memory <= GOAL_GIB),
    ]
    for name, value, goal, met in rows:
        print(f"{name:<52} {value:6.2f}  goal {goal:g}  {'met' if met else 'missed'}")
    return command.HOLDS if all(met for *_, met in rows) else command.FAILS
