"""What the user asked for, checked before anything is computed. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from numerics.checks import RESULTS
from unskew.ground.numbers import number, whole
from unskew.ground.refusals import InputError

PROGRAM = "python -m numerics.verify"
CLASSES = (4, 8, 16, 32, 64)
MOST_CLASSES = 1024
MOST_SEEDS = 1024
FEWEST_SEEDS = 8
"""Intervals over fewer seeds would rest on a standard error that is itself mostly noise."""


@dataclass(frozen=True)
class Request:
    """One run of the verifier.

    Attributes:
      density: a name, an expression in `y`, or `labels:FILE[:COLUMN]`.
      support: the ends of the label interval, or None for the density's own.
      noise: scale of the channel in label units, or None for a tenth of the support.
      channel: name of the channel.
      classes: numbers of classes K, ascending.
      seeds: fitted repetitions.
      seed: the integer that all random keys are made from.
      only: names of the results to run, in the order of the ledger.
      fit: fit models.
      full: allow the long Monte Carlo.
      json: file for the report, "-" for standard output, or None.
      out: folder for the report, arrays and figures, or None.
      falsify: run the wrong versions instead.
      quiet: print the summary alone.
      command: what was typed, for the report.
    """

    density: str = "skewed"
    support: tuple[Fraction, Fraction] | None = None
    noise: Fraction | None = None
    channel: str = "gaussian"
    classes: tuple[int, ...] = CLASSES
    seeds: int = FEWEST_SEEDS
    seed: int = 0
    only: tuple[str, ...] = RESULTS
    fit: bool = True
    full: bool = False
    json: str | None = None
    out: Path | None = None
    falsify: bool = False
    quiet: bool = False
    command: str = ""


def from_arguments(arguments: argparse.Namespace, command: str = "") -> Request:
    """Checks what can be checked without computing.

    Args:
      command: what was typed, for the report.

    Raises:
      InputError: naming the option and what to give instead.
    """
    support = None
    if arguments.support is not None:
        ends = [number(text, "--support") for text in arguments.support]
        if ends[0] >= ends[1]:
            raise InputError(
                f"--support {' '.join(arguments.support)}", "give the lower end first, the upper end second"
            )
        support = (ends[0], ends[1])
    noise = None if arguments.noise is None else number(arguments.noise, "--noise")
    if noise is not None and noise <= 0:
        raise InputError(f"--noise {arguments.noise}", "give a positive scale in label units")
    classes = sorted({whole(text, "--classes", 1, MOST_CLASSES) for text in arguments.classes})
    unknown = [name for name in arguments.only or () if name not in RESULTS]
    if unknown:
        raise InputError(f"--only {unknown[0]}", f"the results are {', '.join(RESULTS)}")
    out = None if arguments.out is None else Path(arguments.out)
    return Request(
        density=arguments.density,
        support=support,
        noise=noise,
        channel=arguments.channel,
        classes=tuple(classes),
        seeds=whole(arguments.seeds, "--seeds", FEWEST_SEEDS, MOST_SEEDS),
        seed=whole(arguments.seed, "--seed", 0, 2**31 - 1),
        only=tuple(name for name in RESULTS if not arguments.only or name in arguments.only),
        fit=not arguments.no_fit,
        full=arguments.full,
        json=arguments.json,
        out=out,
        falsify=arguments.falsify,
        quiet=arguments.quiet,
        command=command,
    )
