"""`python -m benchmarks fuzz`: random densities, from harmless to hostile, and whether the verifier is right about each or refuses it in one line.

Each density of `benchmarks.generated` runs through the verifier without fits, in a process that is ended when it hangs. What it says is set beside mpmath's numbers.
With `--keep FILE` each verdict is a line of a file as soon as it stands, and a run that is started again goes on after the last one.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.generated import CLASSES, NOISE, Generated, generate, reference
from unskew.ground import command
from unskew.ground.refusals import InputError

LONGEST = 30.0
ENDED_AFTER = 300.0
"""Of processor time."""
ASLEEP_AFTER = 3_600.0
"""By the clock: a worker that waits for something takes no processor time. Shared with much other work, an honest one may take a quarter of an hour."""
MOST_RUNS = 100_000
MOST_PANELS = 4_000
"""Of the reference: beyond, mpmath would take minutes, and the density has only to be refused or to agree with its certificates."""
OUTCOMES = ("right", "refused", "false alarm", "wrong", "crashed", "over 30 s")
GOAL = 0.95
"""Of the densities that must run."""


@dataclass(frozen=True)
class Verdict:
    """What came of one density.

    Attributes:
      outcome: one of `OUTCOMES`.
      words: the refusal, the check that fails, the number that is wrong, or the exception.
      seconds: of processor time, so that a busy machine changes no verdict.
      undecided: results that the budget left undecided.
    """

    outcome: str
    words: str
    seconds: float
    undecided: int = 0


def judge(density: Generated, only: Sequence[str] = (), classes: Sequence[int] = (4, 8, 16, 32, 64)) -> Verdict:
    """Runs the verifier on a density in this process and sets its numbers beside the reference.

    Args:
      only: results whose checks run; all when empty.
      classes: numbers of classes; `CLASSES` must be among them.
    """
    from numerics import deadline
    from numerics.verify.gather import gather
    from numerics.verify.request import RESULTS, Question
    from numerics.verify.verification import decided

    lower, upper = density.support
    question = Question(
        density=density.text,
        support=density.support,
        noise=(upper - lower) * Fraction(repr(NOISE)),
        classes=tuple(classes),
        only=tuple(only) or RESULTS,
        fit=False,
    )
    start = time.process_time()
    try:
        with deadline.within(deadline.BUDGET):
            evidence = gather(question)
            outcomes = [check for name in question.only for check in decided(name, evidence)]
    except (InputError, deadline.OutOfTime) as problem:
        return Verdict("refused", str(problem) or "not decided in time", time.process_time() - start)
    except Exception as problem:
        # Any other end is a crash of the verifier, which is what is counted.
        return Verdict("crashed", f"{type(problem).__name__}: {problem}", time.process_time() - start)
    seconds = time.process_time() - start
    undecided = sum(check.note.startswith("not decided") for check in outcomes)
    if seconds > LONGEST:
        return Verdict("over 30 s", "", seconds, undecided)
    wrong = _off(density, evidence)
    if wrong:
        return Verdict("wrong", wrong, seconds, undecided)
    failing = [f"{check.result}.{check.claim}" for check in outcomes if check.status == "fails"]
    if failing:
        return Verdict("false alarm", ", ".join(dict.fromkeys(failing)), seconds, undecided)
    return Verdict("right", "", seconds, undecided)


def _off(density: Generated, evidence: Any) -> str:
    """The first number that lies off the reference by more than both errors, in words."""
    if density.panels > MOST_PANELS:
        return ""
    numbers, truth = evidence.quantities, reference(density)
    entry = next(entry for entry in numbers.per_classes if entry.classes == CLASSES)
    pairs = (
        ("KL(q_y||p_y)", numbers.kl_labels, truth.kl_labels),
        ("KL(p_y||q_y)", numbers.kl_labels_reversed, truth.kl_labels_reversed),
        ("W", entry.remainder, truth.remainder),
        ("price", numbers.price, truth.price),
    )
    for name, ours, (value, error) in pairs:
        if not abs(ours.value - value) <= ours.error + error:
            return f"{name} is {ours.value:.12g} +- {ours.error:.2g}, truly {value:.12g} +- {error:.2g}"
    return ""


def _work(seeds: Any, verdicts: Any) -> None:
    """A worker: judges the seeds that it is sent."""
    from numerics import runtime

    runtime.start()
    for seed in iter(seeds.recv, None):
        verdicts.send(judge(generate(seed)))


@dataclass
class _Worker:
    """A process, its pipes, and what it is at."""

    process: Any
    pipe: Any
    seed: int
    since: float
    spent: float

    @property
    def late(self) -> bool:
        """Whether it hangs."""
        spent = _processor(self.process.pid) - self.spent
        return spent > ENDED_AFTER or time.perf_counter() - self.since > ASLEEP_AFTER


def _processor(pid: int | None) -> float:
    """Processor time of a process, in seconds; the clock where the system does not say (a gone process, no Linux)."""
    try:
        # The number that Linux gives the processor clock of another process.
        return time.clock_gettime((~pid << 3) | 2) if pid else time.perf_counter()
    except (OSError, AttributeError):
        return time.perf_counter()


def run(seeds: Sequence[int], workers: int) -> Iterator[tuple[int, Verdict]]:
    """Verdicts as they come; a worker that hangs or dies is replaced."""
    context = multiprocessing.get_context("spawn")
    waiting = list(reversed(seeds))
    busy: list[_Worker] = []

    def start(seed: int) -> _Worker:
        ours, theirs = context.Pipe()
        process = context.Process(target=_work, args=(theirs, theirs), daemon=True)
        process.start()
        theirs.close()
        ours.send(seed)
        return _Worker(process, ours, seed, time.perf_counter(), _processor(process.pid))

    while waiting and len(busy) < workers:
        busy.append(start(waiting.pop()))
    while busy:
        for number, worker in enumerate(busy):
            alive = True
            if worker.pipe.poll(0.02):
                try:
                    yield worker.seed, worker.pipe.recv()
                except EOFError:
                    worker.process.join()
                    yield worker.seed, Verdict("crashed", f"the process ended with {worker.process.exitcode}", 0.0)
                    alive = False
            elif worker.late:
                worker.process.kill()
                yield worker.seed, Verdict("over 30 s", "ended", ENDED_AFTER)
                alive = False
            else:
                continue
            if not waiting:
                worker.process.kill()
                del busy[number]
                break
            if alive:
                worker.seed, worker.since = waiting.pop(), time.perf_counter()
                worker.spent = _processor(worker.process.pid)
                worker.pipe.send(worker.seed)
            else:
                busy[number] = start(waiting.pop())
            break


def main(arguments: Sequence[str]) -> int:
    """Judges and prints; exit code 0 when nothing is wrong, crashes, hangs or alarms, and enough of the ordinary densities run.

    Raises:
      InputError: a number of runs that cannot be.
    """
    parser = command.Parser(prog="python -m benchmarks fuzz", description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="densities (default: 100)")
    parser.add_argument("--seed", type=int, default=0, help="of the first density; the next ones count on (default: 0)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: 2)")
    parser.add_argument(
        "--keep", type=command.path, metavar="FILE", help="keep each verdict here, and go on from those that it holds"
    )
    options: argparse.Namespace = parser.parse_args(list(arguments))
    if not 1 <= options.runs <= MOST_RUNS:
        raise InputError(f"--runs {options.runs}", f"give a number from 1 to {MOST_RUNS}")
    seeds = range(options.seed, options.seed + options.runs)
    verdicts = {seed: verdict for seed, verdict in kept(options.keep) if seed in seeds}
    for seed, verdict in run([seed for seed in seeds if seed not in verdicts], options.workers):
        verdicts[seed] = verdict
        keep(options.keep, seed, verdict)
        if verdict.outcome not in ("right", "refused"):
            print(f"  {verdict.outcome}: seed {seed}, {generate(seed).text}: {verdict.words}", flush=True)
    return report(verdicts)


def keep(path: Path | None, seed: int, verdict: Verdict) -> None:
    """Adds a verdict to the file; the line break comes first, so that a line that was cut off spoils no other."""
    if path is not None:
        with path.open("a", encoding="utf-8") as file:
            file.write("\n" + json.dumps({"seed": seed, **asdict(verdict)}))


def kept(path: Path | None) -> list[tuple[int, Verdict]]:
    """The verdicts of a file; one that was cut off is judged again."""
    verdicts = []
    for line in path.read_text(encoding="utf-8").splitlines() if path and path.exists() else ():
        try:
            record = json.loads(line)
            verdicts.append((record.pop("seed"), Verdict(**record)))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return verdicts


def report(verdicts: dict[int, Verdict]) -> int:
    """Prints the counts; the exit code."""
    counts = Counter(verdict.outcome for verdict in verdicts.values())
    for outcome in OUTCOMES:
        print(f"{outcome:12}{counts[outcome]:6}")
    reasons = Counter(_reason(verdict.words) for verdict in verdicts.values() if verdict.outcome == "refused")
    for reason, count in reasons.most_common():
        print(f"  refused {count:4}: {reason}")
    ordinary = [verdict for seed, verdict in verdicts.items() if generate(seed).ordinary]
    ran = sum(verdict.outcome != "refused" for verdict in ordinary)
    print(f"of {len(ordinary)} ordinary densities {ran} ran ({ran / max(1, len(ordinary)):.1%}); goal: {GOAL:.0%}")
    slowest = max(verdict.seconds for verdict in verdicts.values())
    undecided = sum(verdict.undecided > 0 for verdict in verdicts.values())
    print(f"longest {slowest:.1f} s; {undecided} runs left a result undecided")
    bad = sum(counts[outcome] for outcome in OUTCOMES[2:])
    return command.FAILS if bad or ran < GOAL * len(ordinary) else command.HOLDS


def _reason(words: str) -> str:
    """A refusal without what is particular to its density: numbers and quoted text."""
    import re

    return re.sub(r"[-+]?\d[\d.e+-]*", "#", re.sub(r"'[^']*'|--density .*?: ", "", words))[:110]
