"""The field study's command line; loads nothing heavy."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from numerics.field.protocol import NAMES, SENTENCES, SPLITS
from unskew.ground import command
from unskew.ground.numbers import whole
from unskew.ground.refusals import InputError

PROGRAM = "python -m numerics.field"
OWN = "table"
"""Name of a user's own table."""


@dataclass(frozen=True)
class Options:
    """What was asked, checked."""

    sources: tuple[str, ...]
    sentences: Path | None
    table: Path | None
    label: str
    splits: int
    seed: int
    store: Path
    workers: int | None
    scheduler: str | None
    out: Path | None
    json: str | None
    dry_run: bool
    quiet: bool
    command: str

    def file(self, source: str) -> str:
        """The file of a source; empty where it comes with a package."""
        path = {SENTENCES: self.sentences, OWN: self.table}.get(source)
        return "" if path is None else str(path.absolute())


def parser() -> command.Parser:
    """The argument parser."""
    parse = command.Parser(
        prog=PROGRAM,
        allow_abbrev=False,
        description="Train every remedy for label imbalance on real tables and images, and compare what theory predicts with what is measured.",
        epilog="The protocol, fixed before anything was trained, is in numerics/field/protocol.py. Tables come from the extra 'field'; one that cannot be had is named and skipped.",
    )
    add = parse.add_argument
    add("--sources", nargs="+", choices=NAMES, metavar="NAME", help=f"of {', '.join(NAMES)} (default: all)")
    add(
        "--sentences", type=command.path, metavar="FILE", help="npz of sentence pairs: features x (n, f), scores y (n,)"
    )
    add("--table", type=command.path, metavar="FILE", help="a table of your own instead: csv, tsv, parquet or npz")
    add("--label", default="", metavar="COLUMN", help="its label")
    add("--splits", default=str(SPLITS), metavar="N", help=f"random splits (default {SPLITS}, as the protocol has it)")
    add("--seed", default="0", metavar="INT", help="of splits and networks (default 0)")
    add(
        "--store",
        type=command.path,
        metavar="FILE",
        help="finished trainings (default: field.sqlite in --out, else in the user's cache folder)",
    )
    machines = parse.add_mutually_exclusive_group()
    machines.add_argument("--workers", metavar="N", help="this many local processes (extra 'cluster')")
    machines.add_argument("--scheduler", metavar="ADDRESS", help="a running dask scheduler, tcp://HOST:PORT")
    add("--out", type=command.path, metavar="DIR", help="save report.json, table.csv, predictions.csv and figures here")
    add("--json", type=command.name, metavar="FILE", help="write the report as JSON ('-' for stdout)")
    add("--dry-run", action="store_true", help="name the tables, say how many trainings are missing, and stop")
    add("--quiet", action="store_true", help="no progress")
    return parse


def read(arguments: Sequence[str] | None = None) -> Options:
    """Reads the command line.

    Raises:
      InputError: something is not understood or does not go together.
    """
    from numerics.runtime import cache_folder

    words = sys.argv[1:] if arguments is None else arguments
    given = parser().parse_args(words)
    if (given.table is None) != (not given.label):
        raise InputError("--table and --label", "give both, or neither")
    if given.table is not None and given.sources:
        raise InputError("--table and --sources", "give one of them")
    sources = (OWN,) if given.table is not None else tuple(name for name in NAMES if name in (given.sources or NAMES))
    return Options(
        sources,
        given.sentences,
        given.table,
        given.label,
        whole(given.splits, "--splits", 2, 1000),
        whole(given.seed, "--seed", 0, 2**31 - 1),
        given.store or (given.out or cache_folder()) / "field.sqlite",
        None if given.workers is None else whole(given.workers, "--workers", 1, 1000),
        given.scheduler,
        given.out,
        given.json,
        given.dry_run,
        given.quiet,
        command.typed(PROGRAM, words),
    )
