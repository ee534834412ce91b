"""What the commands read: held-out rows, training labels and target, as arrays that fit together."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from unskew import cells as fine
from unskew.expression import density
from unskew.ground.refusals import InputError
from unskew.label_files.column import Column
from unskew.label_files.reader import read_column, read_columns
from unskew.labels import joint_support, labels_of
from unskew.options import Options
from unskew.prior import rows_of
from unskew.recalibration import pairs_of
from unskew.shift import LabelShift, Target, checked_edges
from unskew.smoother import chunks
from unskew.target_estimation import TargetLaw, target_law

SWAPPED = 0.05
"""Slope of the predictions on the labels within this of one, where the predictions vary more: what swapped columns look like."""


@dataclass(frozen=True)
class HeldOut:
    """Held-out rows and the label laws.

    Attributes:
      shift: training labels and target.
      y, t: labels and predictions, (n,) each; with probabilities `t` is their mean.
      probabilities, edges: (n, K) and (K + 1,), or None.
      law: the target's law, where it was estimated.
      training: where the training labels are from, in words.
    """

    shift: LabelShift
    y: np.ndarray
    t: np.ndarray
    probabilities: np.ndarray | None
    edges: np.ndarray | None
    law: TargetLaw | None
    training: str


def held_out(options: Options) -> HeldOut:
    """Reads held-out rows.

    Raises:
      InputError: files, columns or rows that cannot be used.
    """
    assert options.label is not None
    names = [options.label] if options.prediction is None else [options.label, options.prediction]
    columns = read_columns(options.file, names)
    y = complete(columns)
    rows = edges = None
    if options.probabilities is not None:
        rows, edges = read_probabilities(options.probabilities)
        if len(rows) != len(y):
            raise InputError(
                f"{len(y)} labels in {options.file} and {len(rows)} rows in {options.probabilities}",
                "give one row of probabilities for each label",
            )
        t = rows @ ((edges[1:] + edges[:-1]) / 2)
    else:
        t = columns[1].cells
    labels, predictions = pairs_of(y, t)
    if options.probabilities is None and not options.as_named:
        refuse_swapped(labels, predictions, options)
    training = y if options.training is None else numbers(read_column(options.training))
    law = None
    target: Target = "uniform"
    if options.target.startswith("predictions:"):
        new = numbers(read_column(options.target.partition(":")[2]))
        law = target_law(LabelShift(training, support=options.support), labels, predictions, new, options.seed)
        target = law.masses
    elif options.target != "uniform":
        target = numbers(read_column(options.target)) if fine.is_file(options.target) else density(options.target)
    shift = LabelShift(training, target, support=options.support)
    words = "the held-out labels" if options.training is None else options.training
    return HeldOut(shift, labels, predictions, rows, edges, law, words)


def label_cells(options: Options) -> fine.Cells:
    """Labels alone, on fine cells with the target.

    Raises:
      InputError: labels or target that cannot be used.
    """
    column = read_column(options.file)
    support = None if options.support is None else (Fraction(options.support[0]), Fraction(options.support[1]))
    label = labels_of(column, support)
    if options.target == "uniform":
        return fine.make(label)
    if not fine.is_file(options.target):
        return fine.make(label, density(options.target), options.target)
    other = labels_of(read_column(options.target), support)
    if support is None:
        label = labels_of(column, joint_support(label, other))
    return fine.make(label, other, f"labels from {options.target}")


def complete(columns: list[Column]) -> np.ndarray:
    """The labels, once it is known that no row misses anything."""
    absent = np.zeros(len(columns[0].cells), bool)
    for column in columns:
        absent |= np.isnan(column.cells)
    if absent.any():
        raise InputError(
            f"{columns[0].source} misses a label or prediction in {int(absent.sum())} of {len(absent)} rows, first row {int(np.argmax(absent)) + 1}",
            "leave those rows out",
        )
    return columns[0].cells


def numbers(column: Column) -> np.ndarray:
    """A column's values; refuses one without any."""
    if not len(column.values):
        raise InputError(f"{column.where} has no numbers ({column.missing} missing)", "give at least two")
    return column.values


def refuse_swapped(y: np.ndarray, t: np.ndarray, options: Options) -> None:
    """Refuses columns that look swapped: a prediction varies less than its label, and labels regress on it with slope one."""
    labels, predictions, both = second_moments(y, t)
    if labels > 0 and predictions > (1 + SWAPPED) * labels and abs(both / labels - 1) <= SWAPPED:
        raise InputError(
            f"--label {options.label} and --prediction {options.prediction} look swapped: the predictions vary more than the labels, with slope {both / labels:.2f} on them",
            "swap the two, or add --as-named",
        )


def second_moments(y: np.ndarray, t: np.ndarray) -> tuple[float, float, float]:
    """Sums of squares and products about the means: of y, of t, of both."""
    centre = np.array([y[0], t[0]])
    first, second = np.zeros(2), np.zeros((2, 2))
    for rows in chunks(len(y)):
        both = np.stack([y[rows], t[rows]]) - centre[:, None]
        first += both.sum(axis=1)
        second += both @ both.T
    about = second - np.outer(first, first) / len(y)
    return float(about[0, 0]), float(about[1, 1]), float(about[0, 1])


def read_probabilities(path: str) -> tuple[np.ndarray, np.ndarray]:
    """Arrays `probabilities` and `edges` of an npz file.

    Raises:
      InputError: no such file or arrays, or they are no probabilities.
    """
    remedy = "save it with numpy.savez(FILE, probabilities=P, edges=e)"
    try:
        if not Path(path).is_file():
            raise InputError(f"no file {path!r}", remedy)
        archive = np.load(path, allow_pickle=False)
        if isinstance(archive, np.ndarray):
            raise InputError(f"{path} is one array, without edges", remedy)
        with archive:
            content: dict[str, Any] = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise InputError(f"{path} cannot be read as npz ({problem.__class__.__name__})", remedy) from None
    for name in ("probabilities", "edges"):
        if name not in content:
            raise InputError(f"{path} has no array {name!r} among {', '.join(content) or 'none'}", remedy)
    edges = checked_edges(content["edges"])
    try:
        return rows_of(content["probabilities"], edges), edges
    except InputError as problem:
        raise InputError(f"{path}: {problem.culprit}", problem.remedy) from None
