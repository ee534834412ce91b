"""A user's table: inputs and labels as numbers, words as one column a level."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unskew.ground.refusals import InputError

MISSING = ("", "na", "n/a", "nan", "null", "none", "?")
LEVELS = 30
"""A column of words with more levels than this is a name or a text, not an input."""

LEAST_ROWS = 200
"""Below this a quarter for testing has no two rows in each of 20 stretches."""

KINDS = "give csv, tsv, parquet or npz"

Array = np.ndarray


@dataclass(frozen=True)
class Table:
    """A table ready for training.

    Attributes:
      x: (n, f) inputs.
      y: (n,) labels.
      label: name of the labels.
      inputs: names of the columns of x.
      left_out: columns that are no inputs, each with its reason.
    """

    x: Array
    y: Array
    label: str
    inputs: tuple[str, ...]
    left_out: tuple[str, ...]


def read(path: Path | str, label: str, drop: Sequence[str] = ()) -> Table:
    """Reads and checks a table.

    Numbers stay; a missing number becomes the mean of its column, and a further column says where. Words become one column a level. Constant
    columns, and words of more than 30 levels, are left out and named.

    Args:
      label: name of the column of labels.
      drop: columns to leave out.

    Raises:
      InputError: the file cannot be read, has no such column, columns of one name, ragged rows, too few rows, labels that are missing, not
        numbers, not finite or all equal, or no inputs.
    """
    path = Path(path)
    columns = _columns(path)
    names = ", ".join(list(columns)[:12]) + (", ..." if len(columns) > 12 else "")
    for name in (label, *drop):
        if name not in columns:
            raise InputError(f"{path} has no column {name!r}", f"use one of {names}")
    y = _labels(path, label, columns[label])
    used = {name: column for name, column in columns.items() if name != label and name not in drop}
    try:
        return encoded(used, y, label)
    except InputError as problem:
        raise InputError(f"{path}: {problem.culprit}", problem.remedy) from None


def encoded(columns: Mapping[str, Array], y: Array, label: str) -> Table:
    """Columns as numbers.

    Raises:
      InputError: infinite numbers, or no inputs.
    """
    parts, inputs, left_out = [], [], []
    for name, column in columns.items():
        made, reason = _inputs(name, column)
        if reason:
            left_out.append(f"{name} ({reason})")
        for entry, values in made:
            inputs.append(entry)
            parts.append(values)
    if not parts:
        raise InputError(f"no inputs beside {label!r}", "give at least one column that varies")
    return Table(np.stack(parts, 1), y, label, tuple(inputs), tuple(left_out))


def _labels(path: Path, label: str, column: Array) -> Array:
    values, words = _numbers(column)
    if words is not None:
        raise InputError(
            f"{path}: label {label!r} holds {words!r}, not a number", "mend the cell, or name another column"
        )
    if len(values) < LEAST_ROWS:
        raise InputError(f"{path} has {len(values)} rows", f"a trial needs at least {LEAST_ROWS}")
    wrong = ~np.isfinite(values)
    if wrong.any():
        raise InputError(
            f"{path}: label {label!r} is missing or not finite in {int(wrong.sum())} rows, the first {int(wrong.argmax()) + 1}",
            "leave those rows out",
        )
    if values.min() == values.max():
        raise InputError(f"{path}: all labels {label!r} are {values[0]:g}", "there is nothing to regress on")
    return values


def _inputs(name: str, column: Array) -> tuple[list[tuple[str, Array]], str]:
    """The inputs that a column gives, and why it gives none."""
    values, words = _numbers(column)
    if words is None:
        if np.isinf(values).any():
            raise InputError(f"column {name!r} holds infinite numbers", "mend them, or leave it out with --drop")
        absent = np.isnan(values)
        if absent.all() or np.ptp(values[~absent]) == 0:
            return [], "constant"
        made = [(name, np.where(absent, values[~absent].mean(), values))]
        return [*made, (f"{name} missing", absent.astype(float))] if absent.any() else made, ""
    cells = column.astype(str)
    levels = sorted(set(cells.tolist()))
    if len(levels) == 1:
        return [], "constant"
    if len(levels) > LEVELS:
        return [], f"{len(levels)} different words"
    return [(f"{name}={level}", (cells == level).astype(float)) for level in levels], ""


def _numbers(column: Array) -> tuple[Array, str | None]:
    """A column as doubles with NaN where missing; or the first word that is no number."""
    if column.dtype.kind in "fiub":
        return column.astype(np.float64), None
    values = np.empty(len(column))
    for row, cell in enumerate(column.tolist()):
        text = "" if cell is None else str(cell).strip()
        try:
            values[row] = np.nan if text.lower() in MISSING else float(text)
        except ValueError:
            return values, text[:40]
    return values, None


def _columns(path: Path) -> Mapping[str, Array]:
    """Columns by name, (n,) each."""
    try:
        start = path.open("rb").read(6)
    except OSError as problem:
        raise InputError(f"cannot read {path}: {problem.strerror or problem}", KINDS) from None
    if start[:4] == b"PAR1":
        return _parquet(path)
    if start[:4] == b"PK\x03\x04":
        return _npz(path)
    return _text(path)


def _text(path: Path) -> dict[str, Array]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text", KINDS) from None
    head = text.partition("\n")[0]
    delimiter = max("\t;,", key=head.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row]
    except csv.Error as problem:
        raise InputError(f"{path} is not csv ({problem})", "check its quotes") from None
    if len(rows) < 2:
        raise InputError(f"{path} has no rows below a header", "give column names in the first line and rows below")
    names = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], 2):
        if len(row) != len(names):
            raise InputError(f"{path} has {len(row)} cells in row {number} and {len(names)} names", "mend that row")
    return _unique(path, names, [np.array(cells, object) for cells in zip(*rows[1:], strict=True)])


def _parquet(path: Path) -> dict[str, Array]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(f"{path} is parquet, which needs pyarrow", "install the extra 'data', or save csv") from None
    try:
        table = pyarrow.parquet.read_table(path)
    except (pyarrow.ArrowException, OSError):
        raise InputError(f"{path} is not a whole parquet file", "save it again") from None
    return _unique(path, table.column_names, [column.to_numpy() for column in table.columns])


def _npz(path: Path) -> dict[str, Array]:
    """Arrays (n,) are columns, arrays (n, f) are f columns."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except (ValueError, zipfile.BadZipFile, EOFError, KeyError, OSError):
        raise InputError(f"{path} is no npz file of plain arrays", "save it again with numpy.savez") from None
    lengths = {len(array) if array.ndim in (1, 2) else -1 for array in arrays.values()}
    if len(lengths) != 1 or -1 in lengths:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise InputError(f"{path} has arrays {shapes}", "give arrays (n,) and (n, f) with one n")
    columns: list[tuple[str, Array]] = []
    for name, array in arrays.items():
        parts: list[tuple[str, Any]] = (
            [(name, array)] if array.ndim == 1 else [(f"{name}[{i}]", array[:, i]) for i in range(array.shape[1])]
        )
        columns += parts
    return _unique(path, [name for name, _ in columns], [values for _, values in columns])


def _unique(path: Path, names: Sequence[str], columns: Sequence[Array]) -> dict[str, Array]:
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise InputError(f"{path} has two columns named {twice[0]!r}", "rename one")
    return dict(zip(names, columns, strict=True))
