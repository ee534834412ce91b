"""The command `unskew`: argument parsing alone; everything heavy is imported once the arguments are good."""

from __future__ import annotations

import argparse
import runpy
import sys
from collections.abc import Sequence

from unskew.ground import command, files
from unskew.options import from_arguments

PROGRAM = "unskew"
WRITTEN = ("report.json", "classes.*", "*.png")
"""Patterns of the files that `--out` gets."""
TRIAL = "numerics.trial"
"""Run by name: this package imports nothing of the rest of the project, and a trial needs its training engine."""

EPILOG = """\
examples:
  unskew advise held_out.csv --label age --prediction predicted --training train.csv:age
  unskew advise held_out.csv --label age --probabilities classes.npz --training train.csv:age --more
  unskew advise train.csv:age --noise 6
  unskew correct held_out.csv --label age --prediction predicted --training train.csv:age --apply new.csv --out corrected.csv
  unskew trial table.csv --label age
exit code: 0 done, 2 bad input"""


def parser() -> command.Parser:
    """The commands and their arguments, all kept as text until `from_arguments` has looked at them."""
    parse = command.Parser(
        prog=PROGRAM,
        description="What imbalance of labels costs a fitted regressor, what to do about it, and what that buys.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    commands = parse.add_subparsers(dest="command", required=True, metavar="advise | correct | trial")
    advise = commands.add_parser(
        "advise",
        help="what imbalance costs, what to do, what that buys",
        description="Says what label imbalance costs a fitted model and compares remedies: from held-out labels and predictions, or from labels alone.",
        allow_abbrev=False,
    )
    question(advise)
    advise.add_argument(
        "--noise", metavar="S", help="labels alone: how far apart labels of one input lie (standard deviation)"
    )
    advise.add_argument("--more", action="store_true", help="all remedies, the label law, what is not known")
    advise.add_argument(
        "--json",
        type=command.name,
        metavar="FILE",
        help="write the report as JSON; - is standard output, and nothing else",
    )
    advise.add_argument(
        "--out", type=command.path, metavar="DIR", help="write report, classes and figures into this folder"
    )
    correct = commands.add_parser(
        "correct",
        help="correct the predictions of a file",
        description="Fits the correction to held-out pairs and adds a column of corrected predictions to another file, keeping all others.",
        allow_abbrev=False,
    )
    question(correct)
    correct.set_defaults(noise=None)
    correct.add_argument("--apply", required=True, metavar="NEW", help="file with predictions to correct")
    correct.add_argument(
        "--out", required=True, metavar="FILE", help="the same with one more column, in the format of NEW"
    )
    correct.add_argument("--column", default="corrected", metavar="NAME", help="its name (default: corrected)")
    # Its options are its own; it is dispatched before these arguments are parsed.
    commands.add_parser("trial", help="train the remedies on a table and compare them", add_help=False)
    return parse


def question(parse: argparse.ArgumentParser) -> None:
    """The arguments that both commands share."""
    add = parse.add_argument
    add("file", metavar="FILE[:COLUMN]", help="csv, tsv, npz, npy or parquet with held-out rows; - is standard input")
    add("--label", metavar="COLUMN", help="held-out labels in FILE")
    add("--prediction", metavar="COLUMN", help="the model's predictions of the same rows")
    add("--probabilities", metavar="NPZ", help="or its class probabilities: arrays `probabilities` and `edges`")
    add("--training", metavar="FILE[:COLUMN]", help="labels the model was trained on (default: the held-out ones)")
    add(
        "--target",
        default="uniform",
        metavar="uniform|FILE[:COLUMN]|EXPR|predictions:FILE[:COLUMN]",
        help="label law of the score: uniform, labels, a density in y, or estimated from unlabelled predictions",
    )
    add(
        "--score",
        default="squared",
        choices=("squared", "absolute"),
        help="error that counts: squared (means) or absolute (medians); for held-out rows (default: squared)",
    )
    add("--support", nargs=2, metavar=("A", "B"), help="ends of the label interval (default: the training labels')")
    add("--seed", default="0", metavar="INT", help="of the bootstrap (default: 0)")
    add("--as-named", action="store_true", help="do not ask whether label and prediction are swapped")


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    Returns:
      the exit code.

    Raises:
      InputError: bad input; `unskew.ground.command.run` turns it into one line and exit code 2.
    """
    typed = list(sys.argv[1:] if arguments is None else arguments)
    if typed[:1] == ["trial"]:
        sys.argv = [f"{PROGRAM} trial", *typed[1:]]
        runpy.run_module(TRIAL, run_name="__main__", alter_sys=True)
        return command.HOLDS
    namespace = parser().parse_args(typed)
    options = from_arguments(namespace, command.typed(PROGRAM, typed))
    if namespace.command == "correct":
        files.check_file("--out", namespace.out, [*options.inputs, namespace.apply])
        from unskew.correct import run as correct

        return correct(options, namespace.apply, namespace.out, namespace.column)
    files.check_file("--json", namespace.json, options.inputs)
    files.check_folder("--out", namespace.out, options.inputs, WRITTEN)
    from unskew.advise import run as advise

    return advise(options, more=namespace.more, json=namespace.json, out=namespace.out)


def console() -> None:
    """The console script."""
    command.run(PROGRAM, main)


if __name__ == "__main__":
    console()
