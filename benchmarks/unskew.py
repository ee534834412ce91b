"""`python -m benchmarks unskew`: speed of the library and its command, each beside its goal, baselines in the same run.

Ten million pairs are advised on by the command, in a process of its own: clock, processor time and peak memory, reading included. Fits are set beside scikit-learn's isotonic
regression on the same million pairs (extra `sklearn`), alternating, as a median of ratios.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import unskew
from unskew.ground import command, own_modules

MANY, SOME = 10_000_000, 1_000_000
ADVISE_SECONDS, ADVISE_GIB, PREDICT_SECONDS = 3.0, 2.0, 0.5
ROUNDS = 5

PROGRAM = """
import json, resource, sys, time
begin = time.perf_counter()
from unskew.__main__ import main
sys.stdout = open("/dev/null", "w")
main(["advise", sys.argv[1], "--label", "y", "--prediction", "f"])
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss / 2**20]), file=sys.__stdout__)
"""


def pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Skewed labels and predictions that follow them."""
    random = np.random.default_rng(0)
    y = random.gamma(2.0, 1.0, n).clip(0, 12)
    return y, 0.6 * y + 0.8 + 0.5 * random.normal(size=n)


def advise(path: Path) -> tuple[float, float, float]:
    """Seconds by the clock, of processor time, and GiB."""
    words = [sys.executable, "-c", PROGRAM, str(path)]
    done = subprocess.run(words, env=own_modules.environment(), capture_output=True, text=True, check=True)
    clock, busy, memory = json.loads(done.stdout)
    return clock, busy, memory


def fits(y: np.ndarray, t: np.ndarray) -> tuple[float, float]:
    """Seconds of our fit and of isotonic regression, one after the other."""
    from sklearn.isotonic import IsotonicRegression

    shift = unskew.LabelShift(y)
    begin = time.perf_counter()
    unskew.Recalibrator(shift).fit(y, t)
    middle = time.perf_counter()
    IsotonicRegression().fit(t, y)
    return middle - begin, time.perf_counter() - middle


def main(arguments: Sequence[str]) -> int:
    """Measures and prints.

    Returns:
      the exit code: 0 when every goal is met.
    """
    parser = command.Parser(prog="python -m benchmarks unskew", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="of each measurement (default: %(default)s)")
    rounds = max(1, parser.parse_args(list(arguments)).rounds)
    y, t = pairs(MANY)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pairs.npz"
        np.savez(path, y=y, f=t)
        runs = [advise(path) for _ in range(rounds)]
    model = unskew.Recalibrator(unskew.LabelShift(y[:SOME])).fit(y[:SOME], t[:SOME])
    predict = []
    for _ in range(rounds):
        begin = time.perf_counter()
        model.predict(t)
        predict.append(time.perf_counter() - begin)
    both = [fits(y[:SOME], t[:SOME]) for _ in range(rounds)]
    clock, busy, memory = (statistics.median(column) for column in zip(*runs, strict=True))
    ratio = statistics.median(ours / theirs for ours, theirs in both)
    rows = [
        ("advise, ten million pairs, seconds", clock, ADVISE_SECONDS, f"{busy:.2f} s of processor time, reading an npz included"),
        ("advise, ten million pairs, GiB", memory, ADVISE_GIB, "peak of the process"),
        ("fit of a million pairs / isotonic regression", ratio, 1.0, f"{statistics.median(pair[0] for pair in both):.2f} s and {statistics.median(pair[1] for pair in both):.2f} s"),
        ("predict ten million, seconds", statistics.median(predict), PREDICT_SECONDS, ""),
    ]  # fmt: skip
    for name, value, goal, words in rows:
        print(f"{name:<46} {value:6.2f}  goal {goal:g}  {'met' if value <= goal else 'missed'}  {words}".rstrip())
    return command.HOLDS if all(value <= goal for _, value, goal, _ in rows) else command.FAILS
