"""What the user asked for, checked before anything is read. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from numerics.verify.request import number, whole
from unskew.ground.refusals import InputError

KINDS = ("optimal", "equal-width", "equal-frequency")
MOST_CLASSES = 1024
EPSILON = Fraction(1, 100)
"""Default of `--epsilon`: a hundredth of a nat is one per cent in the likelihood of a label."""


@dataclass(frozen=True)
class Options:
    """One question to the adviser.

    Attributes:
      labels: `FILE[:COLUMN]`, or `-`.
      reference: `uniform`, `FILE[:COLUMN]` or an expression in `y`: the label law q of the score that matters.
      support: the ends of the label interval, or None for the labels' own.
      noise: standard deviation of the Gaussian noise of the inputs about the label, in label units, or None.
      most_classes: no more classes than this.
      epsilon: largest remainder W asked for, nats.
      edges: kind of class edges to recommend, one of `KINDS`.
      seed: of the bootstrap.
      json: file for the report, "-" for standard output, or None.
      out: folder for report, classes, snippets and figures, or None.
      quiet: print the recommendation alone.
      command: what was typed, for the report.
    """

    labels: str
    reference: str = "uniform"
    support: tuple[Fraction, Fraction] | None = None
    noise: Fraction | None = None
    most_classes: int = MOST_CLASSES
    epsilon: Fraction = EPSILON
    edges: str = "optimal"
    seed: int = 0
    json: str | None = None
    out: Path | None = None
    quiet: bool = False
    command: str = ""


def from_arguments(given: argparse.Namespace, command: str = "") -> Options:
    """Checks what can be checked without reading the labels.

    Args:
      command: what was typed, for the report.

    Raises:
      InputError: naming the option and what to give instead.
    """
    support = None
    if given.support is not None:
        low, high = (number(text, "--support") for text in given.support)
        if low >= high:
            raise InputError(f"--support {' '.join(given.support)}", "give the lower end first, the upper end second")
        support = (low, high)
    noise = None if given.noise is None else number(given.noise, "--noise")
    if noise is not None and noise <= 0:
        raise InputError(f"--noise {given.noise}", "give a positive scale in label units")
    epsilon = number(given.epsilon, "--epsilon")
    if epsilon <= 0:
        raise InputError(f"--epsilon {given.epsilon}", "give a positive number of nats")
    if given.edges not in KINDS:
        raise InputError(f"--edges {given.edges}", f"use one of {', '.join(KINDS)}")
    return Options(
        labels=given.labels,
        reference=given.reference,
        support=support,
        noise=noise,
        most_classes=whole(given.max_classes, "--max-classes", 2, MOST_CLASSES),
        epsilon=epsilon,
        edges=given.edges,
        seed=whole(given.seed, "--seed", 0, 2**31 - 1),
        json=given.json,
        out=given.out,
        quiet=given.quiet,
        command=command,
    )
