"""The study's command line: read, filled in from presets, checked. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numerics.study import presets, protocol
from numerics.study.arms import NAMES as ARMS
from unskew.ground import command
from unskew.ground.refusals import InputError

PROGRAM = "python -m numerics.study"
MOST_CLASSES = 8192
MOST_SEEDS = 10_000
MOST_DRAWN = 2000


@dataclass(frozen=True)
class Options:
    """What was asked, complete and checked; `None` means the setting's own value, or that it was not asked."""

    settings: tuple[str, ...]
    samplings: tuple[str, ...]
    classes: tuple[int, ...]
    arms: tuple[str, ...]
    functions: int
    drawn: int
    seeds: int
    optimizers: tuple[str, ...]
    learning_rates: tuple[float, ...] | None
    scales: tuple[float, ...] | None
    decays: tuple[float, ...]
    noises: tuple[float, ...] | None
    hiddens: tuple[tuple[int, ...], ...]
    epochs: int
    batch: int
    dtype: str
    store: Path | None
    workers: int | None
    scheduler: str | None
    published: Path | None
    out: Path | None
    json: str | None
    preset: str | None
    dry_run: bool
    quiet: bool
    map: bool
    command: str

    @property
    def file(self) -> Path:
        """The store's file: as asked, else beside the report, else in the user's cache folder."""
        from numerics.runtime import cache_folder

        if self.store is not None:
            return self.store
        return (self.out or cache_folder()) / "study.sqlite"


def _number(kind: Callable[[str], float], least: float, words: str, *, strict: bool = False) -> Callable[[str], Any]:
    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {words}") from None
        if not math.isfinite(value) or value < least or (strict and value == least):
            raise argparse.ArgumentTypeError(f"{text} is not {words}")
        return value

    return read


def parser() -> command.Parser:
    """The argument parser; options left out are `None`, so that a preset can fill them."""
    count = _number(int, 1, "a whole number of at least 1")
    whole = _number(int, 0, "a whole number of at least 0")
    positive = _number(float, 0.0, "a positive finite number", strict=True)
    natural = _number(float, 0.0, "a finite number of at least 0")
    result = command.Parser(
        prog=PROGRAM,
        allow_abbrev=False,
        description="Repeat the paper's 1-D study with controls: trainings, matched pairs, verdicts with intervals.",
        epilog="Several values of --optimizer, --learning-rate, --scale, --decay, --noise or --width make a map of conditions.",
    )
    grid = result.add_argument_group("what is compared")
    grid.add_argument("--preset", choices=tuple(presets.PRESETS), help="fills what is not given (default: paper)")
    grid.add_argument("--setting", nargs="+", choices=presets.SETTINGS)
    grid.add_argument("--sampling", nargs="+", choices=presets.SAMPLINGS)
    grid.add_argument("--classes", nargs="+", type=_number(int, 2, "a class count of at least 2"), metavar="K")
    grid.add_argument("--arms", nargs="+", choices=ARMS, metavar="ARM", help=", ".join(ARMS))
    grid.add_argument("--functions", type=whole, metavar="N", help="the first N of the paper's ten (default 10)")
    grid.add_argument(
        "--drawn", type=whole, metavar="N", help="further functions drawn from the law of the ten (default 0)"
    )
    grid.add_argument("--seeds", type=count, metavar="N", help="data seeds per function (default 5)")
    training = result.add_argument_group("training")
    training.add_argument("--optimizer", nargs="+", choices=("adam", "sgd"))
    training.add_argument("--learning-rate", nargs="+", type=positive, metavar="RATE", help="default: the setting's")
    training.add_argument("--scale", nargs="+", type=positive, metavar="LAMBDA", help="default: the setting's")
    training.add_argument("--decay", nargs="+", type=natural, metavar="MU", help="default 0.001")
    training.add_argument(
        "--noise", nargs="+", type=natural, metavar="SD", help="on the targets; default: the setting's"
    )
    training.add_argument("--hidden", nargs="+", type=count, metavar="WIDTH", help="hidden layers (default 6 15)")
    training.add_argument(
        "--width", nargs="+", type=count, metavar="WIDTH", help="several widths of the last hidden layer"
    )
    training.add_argument("--epochs", type=count, metavar="N", help="default 80")
    training.add_argument("--batch", type=count, metavar="N", help="default 256")
    training.add_argument("--dtype", choices=("float32", "float64"))
    place = result.add_argument_group("results, machines")
    place.add_argument(
        "--published", type=command.path, metavar="FILE.csv", help="published per-run errors to set beside ours"
    )
    place.add_argument(
        "--store",
        type=command.path,
        metavar="FILE",
        help="finished trainings, not run again (default: study.sqlite in --out, else in the user's cache folder)",
    )
    machines = place.add_mutually_exclusive_group()
    machines.add_argument("--workers", type=count, metavar="N", help="this many local processes (extra 'cluster')")
    machines.add_argument("--scheduler", metavar="ADDRESS", help="a running dask scheduler, tcp://HOST:PORT")
    place.add_argument("--out", type=command.path, metavar="DIR", help="save report.json, table.csv and figures here")
    place.add_argument("--json", type=command.name, metavar="FILE", help="write the report as JSON ('-' for stdout)")
    place.add_argument("--map", action="store_true", default=None, help="report the map of conditions")
    place.add_argument("--dry-run", action="store_true", help="say how many trainings and how long, and stop")
    place.add_argument("--quiet", action="store_true", help="no progress")
    return result


def _once(values: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(values))


def read(arguments: Sequence[str] | None = None) -> Options:
    """Reads the command line.

    Raises:
      InputError: something is not understood or does not go together.
    """
    words = sys.argv[1:] if arguments is None else arguments
    namespace = parser().parse_args(words)
    preset = presets.PRESETS[namespace.preset or "paper"]

    def value(name: str, default: Any) -> Any:
        entry = getattr(namespace, name)
        return entry if entry is not None else preset.get(name, default)

    functions = value("functions", presets.FUNCTIONS)
    if functions > presets.FUNCTIONS:
        raise InputError(f"--functions {functions}", f"the protocol has {presets.FUNCTIONS}; more are drawn by --drawn")
    drawn = value("drawn", 0)
    if drawn > MOST_DRAWN:
        raise InputError(f"--drawn {drawn}", f"at most {MOST_DRAWN}")
    mapped = bool(namespace.map or namespace.preset == "map")
    if mapped and functions and drawn:
        raise InputError("a map of both kinds of functions", "give --functions 0, or no --drawn")
    if not functions + drawn:
        raise InputError("no functions", "give --functions or --drawn a number above 0")
    seeds = value("seeds", presets.SEEDS)
    if seeds > MOST_SEEDS:
        raise InputError(f"--seeds {seeds}", f"at most {MOST_SEEDS}")
    classes = _once(value("classes", presets.CLASSES))
    if max(classes) > MOST_CLASSES:
        raise InputError(f"--classes {max(classes)}", f"at most {MOST_CLASSES}")
    if namespace.hidden is not None and namespace.width is not None:
        raise InputError("--hidden and --width", "give one: --width varies the last of the layers 6 15")
    widths = None if namespace.hidden is not None else value("width", None)
    hidden = tuple(namespace.hidden or protocol.HIDDEN)
    hiddens = tuple((*hidden[:-1], width) for width in _once(widths)) if widths else (hidden,)

    def several(name: str, default: Any) -> Any:
        entry = value(name, default)
        return None if entry is None else _once(entry)

    return Options(
        settings=_once(value("setting", presets.SETTINGS)),
        samplings=_once(value("sampling", presets.SAMPLINGS)),
        classes=classes,
        arms=tuple(arm for arm in ARMS if arm in value("arms", ARMS)),
        functions=functions,
        drawn=drawn,
        seeds=seeds,
        optimizers=several("optimizer", ("adam",)),
        learning_rates=several("learning_rate", None),
        scales=several("scale", None),
        decays=several("decay", (protocol.DECAY,)),
        noises=several("noise", None),
        hiddens=hiddens,
        epochs=value("epochs", protocol.EPOCHS),
        batch=value("batch", protocol.BATCH),
        dtype=namespace.dtype or "float32",
        store=namespace.store,
        workers=namespace.workers,
        scheduler=namespace.scheduler,
        published=namespace.published,
        out=namespace.out,
        json=namespace.json,
        preset=namespace.preset or "paper",
        dry_run=namespace.dry_run,
        quiet=namespace.quiet,
        map=mapped,
        command=command.typed(PROGRAM, words),
    )
