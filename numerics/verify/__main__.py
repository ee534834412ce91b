"""`python -m numerics.verify`: the command line. Argument parsing alone; everything heavy is imported once the arguments are good."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence

from numerics.verify.request import CLASSES, FEWEST_SEEDS, PROGRAM, from_arguments
from unskew.ground import command

ALLOCATIONS = 200_000
"""New objects before the collector looks at the youngest."""

DESCRIPTION = """\
Checks every statement of the theory for one label density: what label imbalance costs the best possible predictor,
what a classification term can take off that cost, and how many classes it needs. Each statement is checked by up to four kinds of
evidence (symbolic proof, certified enclosure, quadrature, fitted models), both numbers side by side."""

EPILOG = """\
examples:
  python -m numerics.verify                                     the skewed density, models fitted
  python -m numerics.verify --density "exp(-6*y)" --noise 0.1   a typed density on [0, 1]
  python -m numerics.verify --density labels:ages.csv:age       your own labels
  python -m numerics.verify --falsify                           wrong statements: each one must be rejected
exit code: 0 every check holds, 1 one fails, 2 bad input"""


def parser() -> command.Parser:
    """The command's arguments, all kept as text until `from_arguments` has looked at them."""
    import argparse

    parse = command.Parser(
        prog=PROGRAM,
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parse.add_argument
    add(
        "--density",
        default="skewed",
        metavar="NAME|EXPR|labels:FILE[:COLUMN]",
        help="label density of the imbalanced world: uniform, skewed, mild, moderate, severe, bimodal, longtail; an expression in y;"
        " or labels from a csv, tsv or npy file (default: skewed)",
    )
    add("--support", nargs=2, metavar=("A", "B"), help="ends of the label interval (default: 0 1, or the labels' own)")
    add("--noise", metavar="S", help="scale of the channel x = y + S e, in label units (default: 0.1 of the support)")
    add("--channel", default="gaussian", metavar="NAME", help="gaussian, logistic or student (default: gaussian)")
    add(
        "--classes",
        nargs="+",
        default=[str(K) for K in CLASSES],
        metavar="K",
        help=f"numbers of equal-width classes (default: {' '.join(str(K) for K in CLASSES)})",
    )
    add("--seeds", default=str(FEWEST_SEEDS), metavar="N", help=f"fitted repetitions (default: {FEWEST_SEEDS})")
    add("--seed", default="0", metavar="INT", help="what all random keys are made from (default: 0)")
    add("--only", nargs="+", metavar="RESULT", help="these results alone")
    add("--no-fit", action="store_true", help="fit no models: under five seconds")
    add("--full", action="store_true", help="the long Monte Carlo too")
    add(
        "--json",
        type=command.name,
        metavar="FILE",
        help="write the report as JSON; - is standard output, and then nothing else goes there",
    )
    add(
        "--out", type=command.path, metavar="DIR", help="write report.json, arrays.npz and the figures into this folder"
    )
    add("--falsify", action="store_true", help="run wrong versions of every statement; exit 0 if each is rejected")
    add("--quiet", action="store_true", help="print the last line (and what fails) alone")
    add("--verbose", action="store_true", help="print every comparison with both its numbers too")
    return parse


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Returns:
      the exit code.

    Raises:
      InputError: bad input; `unskew.ground.command.run` turns it into one line and exit code 2.
    """
    typed = sys.argv[1:] if arguments is None else arguments
    request = from_arguments(parser().parse_args(typed), command.typed(PROGRAM, typed))
    from numerics.verify.session import run

    return run(request)


def console() -> None:
    """The command and its console script."""
    # A run makes next to no cycles: looking for them at the usual rate takes a fifteenth of its time.
    gc.set_threshold(ALLOCATIONS)
    command.run(PROGRAM, lambda: main(sys.argv[1:]))


if __name__ == "__main__":
    console()
