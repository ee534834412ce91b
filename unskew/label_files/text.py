"""A column of labels from delimited text.

Arrow splits it where `pyarrow` is installed (extra `data`), NumPy otherwise; neither goes through Python row by row unless a cell is
missing or wrong and has to be found.
"""

from __future__ import annotations

import csv
import importlib
import io
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unskew.ground.refusals import InputError
from unskew.label_files.column import MISSING, Column, arrow_column, chosen

SAMPLE_BYTES = 1 << 16
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf": "7z",
}


def read_text(content: Path | bytes, start: bytes, source: str, wanted: str | None) -> Column:
    """Reads a column of delimited text.

    Args:
      content: the file, or its bytes.
      start: its first `SAMPLE_BYTES`, from which delimiter, header and numeric columns are told.
      source: the name for messages.
      wanted: see `unskew.label_files.column.chosen`.

    Raises:
      InputError: not text, ragged, no such column, a cell that is not a number; names the line.
    """
    found = layout(start, source)
    delimiter, header, names, body = found.delimiter, found.header, found.names, found.body
    if not body:
        raise InputError(f"{source} has a header and no rows", "give a file with at least two labels")

    def numeric() -> list[int]:
        return [
            number
            for number in range(len(names))
            if any(_is_number(row[number]) for row in body if len(row) > number)
            and all(_is_number(row[number]) or row[number].strip() in MISSING for row in body if len(row) > number)
        ]

    alone = len(names) == 1 and wanted is None
    shown = names if header else [str(number) for number in range(len(names))]
    number = 0 if alone else chosen(shown, wanted, source, numeric)
    shape = Shape(source, delimiter, header, len(names), number, names[number])
    return (with_arrow if has_arrow() else with_numpy)(content, shape)


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out: its delimiter, whether its first row names the columns, the names (empty without), the other rows of its start."""

    delimiter: str
    header: bool
    names: list[str]
    body: list[list[str]]


def layout(start: bytes, source: str) -> Layout:
    """Looks at the start of a text file.

    Raises:
      InputError: not text, or empty.
    """
    sample = _decoded(start, source)
    lines = [line for line in sample.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{source} is empty", "give a file with at least two labels")
    delimiter = _delimiter(lines[:50], source)
    rows = list(csv.reader(lines, delimiter=delimiter))
    header = not any(_is_number(cell) for cell in rows[0])
    names = [cell.strip() for cell in rows[0]] if header else [""] * len(rows[0])
    return Layout(delimiter, header, names, rows[1:] if header else rows)


@dataclass(frozen=True)
class Shape:
    """How a text file is laid out, and which column is wanted."""

    source: str
    delimiter: str
    header: bool
    width: int
    number: int
    name: str


def _decoded(start: bytes, source: str) -> str:
    for magic, kind in _COMPRESSED.items():
        if start.startswith(magic):
            raise InputError(f"{source} is compressed ({kind})", "decompress it first")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{source} is UTF-16", "save it as UTF-8")
    if b"\x00" in start:
        raise InputError(f"{source} is not text", "give csv, tsv, npy, npz or parquet")
    whole = start
    if len(start) == SAMPLE_BYTES and b"\n" in start:
        whole = start[: start.rindex(b"\n")]
    try:
        return whole.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(f"{source} is not UTF-8 text (byte {problem.start})", "save it as UTF-8") from None


def _delimiter(lines: list[str], source: str) -> str:
    """The one of tab, semicolon and comma that cuts the first lines into the same number of cells, more than one; a comma if none does."""
    fitting = []
    for delimiter in ("\t", ";", ","):
        widths = {len(row) for row in csv.reader(lines, delimiter=delimiter)}
        if len(widths) == 1 and widths != {1}:
            return delimiter
        if max(widths) > 1:
            fitting.append(delimiter)
    by_suffix = "\t" if source.lower().endswith((".tsv", ".tab")) else ","
    return by_suffix if by_suffix in fitting or not fitting else fitting[0]


def _is_number(cell: str) -> bool:
    try:
        value = float(cell)
    except ValueError:
        return False
    return "_" not in cell and value == value


def has_arrow() -> bool:
    """Whether the fast reader is installed."""
    try:
        importlib.import_module("pyarrow.csv")
    except ImportError:
        return False
    return True


def with_arrow(content: Path | bytes, shape: Shape) -> Column:
    """The column as doubles; failing that as text, trimmed; failing that by the careful reader, which names the row."""
    import pyarrow
    import pyarrow.csv
    from pyarrow import compute

    names = [f"c{index}" for index in range(shape.width)]
    chosen = names[shape.number]
    for kind in (pyarrow.float64(), pyarrow.string()):
        source: Any = str(content) if isinstance(content, Path) else pyarrow.BufferReader(content)
        try:
            table = pyarrow.csv.read_csv(
                source,
                read_options=pyarrow.csv.ReadOptions(
                    column_names=names, skip_rows=int(shape.header), block_size=1 << 24
                ),
                parse_options=pyarrow.csv.ParseOptions(delimiter=shape.delimiter, newlines_in_values=True),
                convert_options=pyarrow.csv.ConvertOptions(
                    include_columns=[chosen], column_types={chosen: kind}, null_values=list(MISSING)
                ),
            )
            column = table.column(0)
            if kind == pyarrow.string():
                column = compute.utf8_trim_whitespace(column)
                missing = compute.is_in(column, pyarrow.array(MISSING))
                column = compute.if_else(missing, None, column).cast(pyarrow.float64())
        except pyarrow.ArrowException:
            continue
        return arrow_column(column, shape.source, shape.name, False)
    return with_csv(content, shape)


def with_numpy(content: Path | bytes, shape: Shape) -> Column:
    """NumPy's own reader where the file is plain and whole; the careful reader otherwise."""
    raw = content.read_bytes() if isinstance(content, Path) else content
    start = raw.find(b"\n") + 1 if shape.header else 0
    lines = raw.count(b"\n", start) + (not raw.endswith(b"\n"))
    if raw.find(b'"', start) >= 0 or raw.count(shape.delimiter.encode(), start) != lines * (shape.width - 1):
        return with_csv(raw, shape)
    try:
        values = np.loadtxt(
            io.BytesIO(raw),
            delimiter=shape.delimiter,
            skiprows=int(shape.header),
            usecols=[shape.number],
            comments=None,
            ndmin=1,
            encoding="utf-8-sig",
        )
    except ValueError:
        return with_csv(raw, shape)
    return Column(values, shape.source, shape.name)


def with_csv(content: Path | bytes, shape: Shape) -> Column:
    """Cell by cell, to count what is missing and to name what is wrong."""
    raw = content.read_bytes() if isinstance(content, Path) else content
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(f"{shape.source} is not UTF-8 text (byte {problem.start})", "save it as UTF-8") from None
    reader = csv.reader(io.StringIO(decoded, newline=""), delimiter=shape.delimiter)
    values: list[float] = []
    started = not shape.header
    try:
        for row in reader:
            if not row or (len(row) == 1 and not row[0].strip()):
                continue
            if not started:
                started = True
                continue
            if len(row) != shape.width:
                raise InputError(
                    f"{shape.source} has {len(row)} cells in line {reader.line_num} and {shape.width} in the first",
                    "make all rows the same width",
                )
            cell = row[shape.number].strip()
            if cell in MISSING:
                values.append(math.nan)
            elif _is_number(cell):
                values.append(float(cell))
            else:
                raise InputError(
                    f"{shape.source} has {cell[:40]!r} in line {reader.line_num}, which is not a number",
                    "mend or empty the cell (decimals with a point)",
                )
    except csv.Error as problem:
        raise InputError(f"{shape.source} is not csv near line {reader.line_num}", "check its quotes") from problem
    return Column(np.array(values, dtype=np.float64), shape.source, shape.name)
