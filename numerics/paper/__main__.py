"""`python -m numerics.paper`: the command line. Nothing heavy is imported, so that a run with nothing to do ends at once."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from numerics.paper import pipeline, steps
from numerics.study.presets import PRESETS
from unskew.ground import command, interrupt

PROGRAM = "python -m numerics.paper"

EPILOG = """\
what is there already and was made from the same inputs (arguments, sources, library versions, files) is kept
exit code: 0 every check holds, 1 one fails, 2 bad input"""


def parser() -> command.Parser:
    """The command's arguments."""
    parse = command.Parser(
        prog=PROGRAM,
        description="Make figures, tables, statements, main.tex and report.html; run what is missing.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parse.add_argument
    add("--out", type=command.path, default=Path("results/paper"), metavar="DIR", help="default: results/paper")
    add("--study", default="paper-quick", choices=tuple(PRESETS), help="preset of the study (default: paper-quick)")
    add(
        "--store",
        type=command.path,
        metavar="FILE",
        help="finished trainings (default: the study's, in the user's cache)",
    )
    add("--published", type=command.path, metavar="FILE.csv", help="published per-run errors to set beside the study's")
    add(
        "--labels",
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE[:COLUMN]",
        help="label columns for the table of class rules",
    )
    add("--field", action="store_true", help="the field study on real tables too (extra 'field', 20 minutes)")
    add("--no-fit", action="store_true", help="fit no models (a draft)")
    add("--dry-run", action="store_true", help="say what would be run, and stop")
    return parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Returns:
      the exit code.

    Raises:
      InputError: bad input, or a command that ended with an error.
    """
    words = sys.argv[1:] if arguments is None else arguments
    options = parser().parse_args(words)
    request = steps.Request(
        out=options.out,
        study=options.study,
        store=options.store,
        published=options.published,
        labels=tuple(options.labels),
        fit=not options.no_fit,
        field=options.field,
        command=command.typed(PROGRAM, words),
    )
    with interrupt.saying(lambda: "; the same command goes on from there"):
        return pipeline.run(request, dry=options.dry_run)


if __name__ == "__main__":
    command.run(PROGRAM, lambda: main(sys.argv[1:]))
