"""A question to the verifier, and what the command does with the answer; both are checked before anything is computed. Nothing heavy is imported here."""

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
MOST_SEED = 2**31 - 1


@dataclass(frozen=True)
class Question:
    """What is to be verified.

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

    Raises:
      InputError: a number out of its range, or a result that does not exist; the culprit is the field's name with its value.
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

    def __post_init__(self) -> None:
        if self.support is not None and self.support[0] >= self.support[1]:
            low, high = map(float, self.support)
            raise InputError(f"support {low:g} {high:g}", "give the lower end first, the upper end second")
        if self.noise is not None and self.noise <= 0:
            raise InputError(f"noise {float(self.noise):g}", "give a positive scale in label units")
        limits = [("classes", count, 1, MOST_CLASSES) for count in self.classes]
        limits += [("seeds", self.seeds, FEWEST_SEEDS, MOST_SEEDS), ("seed", self.seed, 0, MOST_SEED)]
        for name, value, least, most in limits:
            if not least <= value <= most:
                raise InputError(f"{name} {value}", f"give a whole number from {least} to {most}")
        for result in self.only:
            if result not in RESULTS:
                raise InputError(f"only {result}", f"the results are {', '.join(RESULTS)}")


@dataclass(frozen=True)
class Request:
    """One run of the command.

    Attributes:
      question: what is to be verified.
      json: file for the report, "-" for standard output, or None.
      out: folder for the report, arrays and figures, or None.
      falsify: run the wrong versions instead.
      quiet: print the last line and what fails alone.
      verbose: print every comparison too.
      command: what was typed, for the report.
    """

    question: Question = Question()
    json: str | None = None
    out: Path | None = None
    falsify: bool = False
    quiet: bool = False
    verbose: bool = False
    command: str = ""


def in_order(results: list[str]) -> tuple[str, ...]:
    """The named results in the order of the ledger, unknown names after them; all where none is named."""
    return tuple(name for name in RESULTS if not results or name in results) + tuple(
        sorted(set(results) - set(RESULTS))
    )


def from_arguments(arguments: argparse.Namespace, command: str = "") -> Request:
    """Checks what can be checked without computing.

    Args:
      command: what was typed, for the report.

    Raises:
      InputError: naming the option and what to give instead.
    """
    support = None
    if arguments.support is not None:
        low, high = (number(text, "--support") for text in arguments.support)
        support = (low, high)
    noise = None if arguments.noise is None else number(arguments.noise, "--noise")
    classes = {whole(text, "--classes", 1, MOST_CLASSES) for text in arguments.classes}
    seeds = whole(arguments.seeds, "--seeds", FEWEST_SEEDS, MOST_SEEDS)
    seed = whole(arguments.seed, "--seed", 0, MOST_SEED)
    try:
        question = Question(
            density=arguments.density,
            support=support,
            noise=noise,
            channel=arguments.channel,
            classes=tuple(sorted(classes)),
            seeds=seeds,
            seed=seed,
            only=in_order(arguments.only or []),
            fit=not arguments.no_fit,
            full=arguments.full,
        )
    except InputError as problem:
        raise InputError(f"--{problem.culprit}", problem.remedy) from problem
    return Request(
        question,
        json=arguments.json,
        out=arguments.out,
        falsify=arguments.falsify,
        quiet=arguments.quiet,
        verbose=arguments.verbose,
        command=command,
    )
