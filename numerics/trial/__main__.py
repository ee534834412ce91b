"""`unskew trial TABLE --label y`, or `python -m numerics.trial`: arguments; everything heavy is imported once they are good."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TextIO

from unskew.ground import command, files
from unskew.ground.numbers import whole

PROGRAM = "unskew trial"
EPILOG = """\
The score is the squared error averaged over stretches of the label (20 equal ones, those without training labels left out); plain is the ordinary
mean. Every split trains all remedies from the same start in the same order of rows, so their differences are paired."""


def parser() -> command.Parser:
    """The argument parser."""
    parse = command.Parser(
        prog=PROGRAM,
        description="Trains the remedies for label imbalance on a table and compares their errors, and what theory predicts with what is measured.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    add = parse.add_argument
    add("table", metavar="TABLE", help="csv, tsv, parquet or npz; words become one column a level")
    add("--label", required=True, metavar="COLUMN", help="what is to be predicted; all other columns are inputs")
    add("--drop", nargs="+", default=[], metavar="COLUMN", help="columns that are no inputs (identifiers, leaks)")
    add("--splits", default="10", metavar="N", help="random splits into training, validation and test (default: 10)")
    add("--seed", default="0", metavar="INT", help="of splits and networks (default: 0)")
    add("--json", metavar="FILE", help="write the report as JSON; - is standard output, and nothing else")
    add("--quiet", action="store_true", help="no progress")
    return parse


class Progress:
    """One line on stderr with the time left: rewritten on a terminal, and every ten seconds elsewhere."""

    def __init__(self, words: Callable[[float], str], stream: TextIO) -> None:
        self.words, self.stream = words, stream
        self.begin = self.last = time.perf_counter()

    def __call__(self, share: float) -> None:
        """This share of the work is done."""
        now = time.perf_counter()
        terminal = self.stream.isatty()
        if share < 0.03 or (now - self.last < (0.2 if terminal else 10) and share < 1):
            return
        self.last = now
        line = f"{100 * share:.0f} % trained, about {self.words((now - self.begin) * (1 - share) / share)} left"
        print(
            f"\r\x1b[K{line}" if terminal else line,
            end="" if terminal and share < 1 else "\n",
            file=self.stream,
            flush=True,
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Reads the table, trains, reports.

    Returns:
      the exit code.

    Raises:
      InputError: bad input; nothing has been trained or written.
    """
    typed = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(typed)
    splits = whole(options.splits, "--splits", 3, 100)
    seed = whole(options.seed, "--seed", 0, 2**31 - 1)
    files.check_file("--json", options.json, [options.table])
    from numerics.trial.table import read

    table = read(options.table, options.label, options.drop)
    from dataclasses import asdict

    from numerics import provenance
    from numerics.study.chunk import prepare
    from numerics.study.execution import duration
    from numerics.trial import experiment, report

    prepare(os.cpu_count(), double=False)
    progress = (lambda share: None) if options.quiet else Progress(duration, sys.stderr)
    found = report.build(table, experiment.run(table, splits, seed, progress))
    content = {**asdict(found), "made": provenance.made(command.typed(PROGRAM, typed), {"trial": seed})}
    if options.json is not None:
        files.write_json(options.json, content)
    if options.json == "-":
        return command.HOLDS
    sys.stdout.write(report.text(found))
    return command.HOLDS


if __name__ == "__main__":
    command.run(PROGRAM, main)
