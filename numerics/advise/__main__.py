"""`python -m numerics.advise`: the command line. Argument parsing alone; everything heavy is imported once the arguments are good."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from numerics.advise.options import EPSILON, KINDS, MOST_CLASSES, from_arguments
from unskew.ground import command

PROGRAM = "python -m numerics.advise"

DESCRIPTION = """\
Given a column of regression targets: is the sampling imbalanced, what can a classification term buy at most, how many classes should it
have, with which edges and which correction, and when would it hurt. Every number is from the labels; with --noise, also what to expect."""

EPILOG = """\
examples:
  python -m numerics.advise ages.csv:age
  python -m numerics.advise ages.csv:age --noise 6 --out advice
  python -m numerics.advise train.npz:y --reference test.npz:y
  zcat labels.csv.gz | python -m numerics.advise - --support 0 5
exit code: 0 done, 2 bad input"""


def parser() -> command.Parser:
    """The command's arguments, all kept as text until `from_arguments` has looked at them."""
    parse = command.Parser(
        prog=PROGRAM,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parse.add_argument
    add("labels", metavar="LABELS[:COLUMN]", help="csv, tsv, npy, npz or parquet; - reads text from standard input")
    add(
        "--reference",
        default="uniform",
        metavar="uniform|FILE[:COLUMN]|EXPR",
        help="label law of the score that matters: uniform, labels from a file, or a density in y (default: uniform)",
    )
    add("--support", nargs=2, metavar=("A", "B"), help="ends of the label interval (default: the labels' own)")
    add("--noise", metavar="S", help="how far apart labels of one input lie (standard deviation, label units)")
    add("--max-classes", default=str(MOST_CLASSES), metavar="K", help=f"no more than these (default: {MOST_CLASSES})")
    add("--epsilon", default=f"{float(EPSILON):g}", metavar="NATS", help="largest remainder W (default: %(default)s)")
    add("--edges", default=KINDS[0], metavar="KIND", help=f"{', '.join(KINDS)} (default: {KINDS[0]})")
    add("--seed", default="0", metavar="INT", help="of the bootstrap (default: 0)")
    add(
        "--json",
        type=command.name,
        metavar="FILE",
        help="write the report as JSON; - is standard output, and then nothing else goes there",
    )
    add("--out", type=command.path, metavar="DIR", help="write report, classes, snippets and figures into this folder")
    add("--quiet", action="store_true", help="print the recommendation alone")
    return parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Returns:
      the exit code.

    Raises:
      InputError: bad input; `unskew.ground.command.run` turns it into one line and exit code 2.
    """
    typed = sys.argv[1:] if arguments is None else arguments
    options = from_arguments(parser().parse_args(typed), command.typed(PROGRAM, typed))
    from numerics.advise.run import run

    return run(options)


if __name__ == "__main__":
    command.run(PROGRAM, lambda: main(sys.argv[1:]))
