"""Speed of the verifier: whole commands by the clock, beside the goals, and a certified integral.

Every command runs in a process of its own. `cold` has an empty compilation cache, `warm` the one that it left. A processor shared with other
work makes all of it slower, so each time comes with the processor time that the command and its prover took.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from unskew.ground import command, files
from unskew.ground.refusals import InputError

GOALS = {
    "cold": 11.0,
    "warm": 5.0,
    "no fits": 2.5,
    "help": 0.3,
    "certified integral": 0.05,
}
"""Seconds, on two processor cores."""


@dataclass(frozen=True)
class Timing:
    """A time and its goal.

    Attributes:
      name: what was timed.
      seconds: median by the clock.
      processor: median of processor time; None where it is not measured apart.
      goal: at most.
    """

    name: str
    seconds: float
    processor: float | None
    goal: float

    @property
    def reached(self) -> bool:
        """Whether the goal is met by the clock."""
        return self.seconds <= self.goal


def timed(arguments: Sequence[str], cache: str, repeats: int, name: str) -> Timing:
    """Runs `python -m numerics.verify` with the compilation cache in a folder."""
    clock, processor = [], []
    for _ in range(repeats):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "numerics.verify", *arguments],
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "XDG_CACHE_HOME": cache},
        )
        if done.returncode:
            raise InputError(f"numerics.verify {' '.join(arguments)} ended with {done.returncode}", "run it by itself")
        clock.append(time.perf_counter() - start)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        processor.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return Timing(name, statistics.median(clock), statistics.median(processor), GOALS[name])


def integral(repeats: int = 9) -> Timing:
    """KL(q_y||p_y) of the skewed density, certified to 20 digits, everything about the density computed afresh."""
    import flint

    from numerics.certified.label_balls import kl_labels_ball
    from numerics.expression.balls import PRECISION
    from numerics.laws import densities

    times = []
    for _ in range(repeats):
        law = densities.named("skewed")
        with flint.ctx.workprec(PRECISION):
            start = time.perf_counter()
            ball = kl_labels_ball(law)
            times.append(time.perf_counter() - start)
            if not ball.rad() < 1e-20:
                raise AssertionError(f"the ball {ball} is wider than 20 digits")
    return Timing("certified integral", statistics.median(times), None, GOALS["certified integral"])


def measure(repeats: int, announce: Callable[[str], None]) -> list[Timing]:
    """All timings; `announce` hears what comes next."""
    timings = []
    with tempfile.TemporaryDirectory() as cache:
        for name, arguments, times in (
            ("cold", ("--quiet",), 1),
            ("warm", ("--quiet",), repeats),
            ("no fits", ("--quiet", "--no-fit"), repeats),
            ("help", ("--help",), 5 * repeats),
        ):
            announce(f"{name}: python -m numerics.verify {' '.join(arguments)}")
            timings.append(timed(arguments, cache, times, name))
    return [*timings, integral()]


def main(arguments: Sequence[str]) -> int:
    """`python -m benchmarks verify`; exit code 1 where a goal is missed."""
    parser = command.Parser(prog="python -m benchmarks verify", description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="runs of each command but the cold one (3)")
    parser.add_argument(
        "--json", metavar="FILE", help="also write the figures as JSON; - for stdout, and nothing else there"
    )
    options = parser.parse_args(arguments)
    if options.repeats < 1:
        parser.error("repeats must be at least 1")
    timings = measure(options.repeats, lambda text: print(text, file=sys.stderr, flush=True))
    record: list[dict[str, Any]] = [{**asdict(timing), "reached": timing.reached} for timing in timings]
    if options.json == "-":
        sys.stdout.write(files.json_text(record))
    else:
        for timing in timings:
            own = "" if timing.processor is None else f"{timing.processor:8.2f} s of processor"
            verdict = "reached" if timing.reached else "MISSED"
            print(f"{timing.name:20}{timing.seconds:9.3f} s, goal {timing.goal:g} s  {verdict:8}{own}".rstrip())
        if options.json:
            files.write_json(options.json, record)
    return command.HOLDS if all(timing.reached for timing in timings) else command.FAILS
