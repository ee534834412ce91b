"""A column of labels from delimited text.

Arrow splits it where `pyarrow` is installed (extra `data`), NumPy otherwise; neither goes through Python row by row unless a cell is
missing or wrong and has to be found.
"""

from __future__ import annotations

import csv
import importlib
import io
import math
import re
from dataclasses import dataclass

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


def read_text(content: bytes, source: str, wanted: str | None) -> Column:
    """Reads a column of delimited text.

    Args:
      content: the file's bytes.
      source: the name for messages.
      wanted: see `unskew.label_files.column.chosen`.

    Raises:
      InputError: not text, ragged, no such column, a cell that is not a number; names the line.
    """
    content = _plain(content, source)
    start = layout(content, source)
    delimiter, header, names, body = start.delimiter, start.header, start.names, start.body
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
    if content.count(b'"') % 2:
        # A quote that never closes swallows the rows behind it, which the fast readers take for one cell.
        return with_csv(content, shape)
    return (with_arrow if has_arrow() else with_numpy)(content, shape)


@dataclass(frozen=True)
class Layout:
    """How a text file is laid out: its delimiter, whether its first row names the columns, the names (empty without), the other rows of its start."""

    delimiter: str
    header: bool
    names: list[str]
    body: list[list[str]]


def layout(content: bytes, source: str) -> Layout:
    """Looks at the start of a text file.

    Raises:
      InputError: not text, or empty.
    """
    lines = _first_lines(_plain(content, source), source)
    if not lines:
        raise InputError(f"{source} is empty", "give a file with at least two labels")
    try:
        delimiter = _delimiter(lines[:50], source)
        rows = list(csv.reader(lines, delimiter=delimiter))
    except csv.Error as problem:
        raise InputError(f"{source} is not csv ({problem})", "check its quotes and its longest cells") from problem
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


def _plain(content: bytes, source: str) -> bytes:
    """The text without byte order marks and with `\\n` for every kind of line end, so that all readers count the same rows."""
    for magic, kind in _COMPRESSED.items():
        if content.startswith(magic):
            raise InputError(f"{source} is compressed ({kind})", "decompress it first")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise InputError(f"{source} is UTF-16", "save it as UTF-8")
    if b"\x00" in content[:SAMPLE_BYTES]:
        raise InputError(f"{source} is not text", "give csv, tsv, npy, npz or parquet")
    marks = re.match(rb"(\xef\xbb\xbf)*", content)
    content = content[marks.end() if marks else 0 :]
    return content.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in content else content


def _first_lines(content: bytes, source: str) -> list[str]:
    """Whole lines that are not blank: the first `SAMPLE_BYTES` of them, and two at least where there are two."""
    end = SAMPLE_BYTES
    while True:
        end = content.find(b"\n", end)
        start = content if end < 0 else content[:end]
        try:
            lines = [line for line in start.decode().split("\n") if line.strip()]
        except UnicodeDecodeError as problem:
            raise InputError(f"{source} is not UTF-8 text (byte {problem.start})", "save it as UTF-8") from None
        if len(lines) > 1 or end < 0:
            return lines
        end *= 2


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


def with_arrow(content: bytes, shape: Shape) -> Column:
    """The column as doubles; failing that as text, trimmed; failing that by the careful reader, which names the row."""
    import pyarrow
    import pyarrow.csv
    from pyarrow import compute

    names = [f"c{index}" for index in range(shape.width)]
    chosen = names[shape.number]
    for kind in (pyarrow.float64(), pyarrow.string()):
        try:
            table = pyarrow.csv.read_csv(
                pyarrow.BufferReader(content),
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


def with_numpy(content: bytes, shape: Shape) -> Column:
    """NumPy's own reader where the file is plain and whole; the careful reader otherwise."""
    start = content.find(b"\n") + 1 if shape.header else 0
    lines = content.count(b"\n", start) + (not content.endswith(b"\n"))
    if content.find(b'"', start) >= 0 or content.count(shape.delimiter.encode(), start) != lines * (shape.width - 1):
        return with_csv(content, shape)
    try:
        values = np.loadtxt(
            io.BytesIO(content),
            delimiter=shape.delimiter,
            skiprows=int(shape.header),
            usecols=[shape.number],
            comments=None,
            ndmin=1,
            encoding="utf-8",
        )
    except ValueError:
        return with_csv(content, shape)
    return Column(values, shape.source, shape.name)


def with_csv(content: bytes, shape: Shape) -> Column:
    """Cell by cell, to count what is missing and to name what is wrong."""
    try:
        decoded = content.decode()
    except UnicodeDecodeError as problem:
        raise InputError(f"{shape.source} is not UTF-8 text (byte {problem.start})", "save it as UTF-8") from None
    reader = csv.reader(io.StringIO(decoded, newline=""), delimiter=shape.delimiter, strict=True)
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
