"""A column of numbers from a file: csv, tsv, npy, npz, parquet, or csv on standard input.

Text is split by Arrow where `pyarrow` is installed (extra `data`) and by NumPy otherwise; neither goes through Python
row by row unless a cell is missing or wrong and has to be found. Pickled arrays are never loaded.
"""

from __future__ import annotations

import csv
import io
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numerics.problems import InputError

MISSING = ("", "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "None", "none", "?")
"""Cells that count as missing, after spaces around them are dropped."""

SAMPLE_BYTES = 1 << 16
_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"7z\xbc\xaf": "7z",
}
_MOST_NAMED = 12


@dataclass(frozen=True)
class Column:
    """One column of numbers.

    Attributes:
      values: finite or infinite doubles in the order of the file, missing ones left out, shape (n,).
      missing: how many cells were missing.
      source: the file as the user gave it, `-` for standard input.
      name: the column's name, empty where the file has none.
      single: the file held single-precision floats, so decimals are good to 7 digits only.
    """

    values: np.ndarray
    missing: int
    source: str
    name: str
    single: bool = False


def read_column(spec: str) -> Column:
    """Reads `FILE[:COLUMN]`.

    The whole text is tried as a file first, so a name that contains `:` works; otherwise what follows the last `:`
    that leaves an existing file is the column: its name, or failing that its number counted from 0. Without COLUMN
      the file must have exactly one numeric column. A text file's first row is its header unless one of its cells is
      a number.

    Raises:
      InputError: no such file or column, not text, ragged rows, a cell that is not a number, a pickle; names the file
        and the row.
    """
    source, wanted = _split(spec)
    if source == "-":
        return _text_or_numpy(sys.stdin.buffer.read(), source, wanted)
    path = Path(source)
    try:
        with path.open("rb") as stream:
            start = stream.read(SAMPLE_BYTES)
        if start[:6] == b"\x93NUMPY":
            return _npy(path, source, wanted)
        if path.suffix.lower() == ".npz":
            return _npz(path, source, wanted)
        if start[:4] == b"PAR1":
            return _parquet(path, source, wanted)
        return _text(path, start, source, wanted)
    except OSError as problem:
        raise InputError(
            f"cannot read {source}: {problem.strerror or problem}", "name a file that can be read"
        ) from None


def _split(spec: str) -> tuple[str, str | None]:
    if not spec:
        raise InputError("no label file", "write FILE or FILE:COLUMN")
    candidates: list[tuple[str, str | None]] = [(spec, None)]
    places = [place for place, character in enumerate(spec) if character == ":"]
    candidates += [(spec[:place], spec[place + 1 :]) for place in reversed(places)]
    for source, wanted in candidates:
        if source == "-" or _exists(source):
            if wanted == "":
                raise InputError(f"no column after the colon in {spec!r}", "write FILE:COLUMN")
            if source != "-" and not (Path(source).is_file() or Path(source).is_fifo()):
                raise InputError(f"{source} is not a file", "name a csv, tsv, npy, npz or parquet file")
            return source, wanted
    raise InputError(f"no file {spec!r}", "name a csv, tsv, npy, npz or parquet file, or FILE:COLUMN")


def _exists(source: str) -> bool:
    try:
        return bool(source) and Path(source).exists()
    except (OSError, ValueError):
        return False


def _text_or_numpy(content: bytes, source: str, wanted: str | None) -> Column:
    if content[:6] == b"\x93NUMPY":
        return _npy(io.BytesIO(content), source, wanted)
    return _text(content, content[:SAMPLE_BYTES], source, wanted)


# --- arrays
# -----------------------------------------------------------------------------------------------------------------------


def _npy(stream: Any, source: str, wanted: str | None) -> Column:
    if wanted is not None:
        raise InputError(f"{source} is one array and has no column {wanted!r}", "leave the column out")
    try:
        array = np.load(stream, allow_pickle=False)
    except ValueError as problem:
        raise _unloadable(source, problem) from None
    except (EOFError, SyntaxError, MemoryError) as problem:
        raise InputError(f"{source} is not a whole npy file", "save it again with numpy.save") from problem
    return _array(array, source, "")


def _unloadable(source: str, problem: ValueError) -> InputError:
    if "pickle" in str(problem) or "Object arrays" in str(problem):
        return InputError(f"{source} holds pickled objects, which are not loaded", "save plain numbers")
    return InputError(f"{source} is not a whole npy or npz file", "save it again with numpy.save or numpy.savez")


def _npz(path: Path, source: str, wanted: str | None) -> Column:
    try:
        with np.load(path, allow_pickle=False) as archive:
            number = _chosen(list(archive.files), wanted, source, lambda: list(archive.files))
            name = archive.files[number]
            return _array(archive[name], source, name)
    except (zipfile.BadZipFile, EOFError):
        raise InputError(f"{source} is not a whole npz file", "save it again with numpy.savez") from None
    except ValueError as problem:
        raise _unloadable(source, problem) from None


def _array(array: Any, source: str, name: str) -> Column:
    label = f"{source}:{name}" if name else source
    if not isinstance(array, np.ndarray) or array.ndim != 1:
        shape = "x".join(map(str, np.shape(array))) or "a single number"
        raise InputError(f"{label} has shape {shape}", "give a one-dimensional array of labels")
    if array.dtype.kind not in "iuf":
        raise InputError(f"{label} holds {array.dtype}, not numbers", "give integers or floats")
    values = array.astype(np.float64)
    missing = np.isnan(values)
    single = array.dtype.kind == "f" and array.dtype.itemsize <= 4
    return Column(values[~missing], int(missing.sum()), source, name, single)


def _parquet(path: Path, source: str, wanted: str | None) -> Column:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(f"{source} is parquet, which needs pyarrow", "install the extra 'data', or save csv") from None
    try:
        schema = pyarrow.parquet.read_schema(path)
        names = list(schema.names)

        def numeric() -> list[str]:
            kinds = pyarrow.types
            return [
                f.name
                for f in schema
                if kinds.is_integer(f.type) or kinds.is_floating(f.type) or kinds.is_decimal(f.type)
            ]

        name = names[_chosen(names, wanted, source, numeric)]
        column = pyarrow.parquet.read_table(path, columns=[name]).column(0)
        single = pyarrow.types.is_float32(column.type) or pyarrow.types.is_float16(column.type)
        return _arrow_column(column, source, name, single)
    except pyarrow.ArrowException as problem:
        raise InputError(f"{source} is not a whole parquet file", "save it again") from problem


# --- text
# -------------------------------------------------------------------------------------------------------------------------


def _text(content: Path | bytes, start: bytes, source: str, wanted: str | None) -> Column:
    sample = _decoded(start, source)
    lines = [line for line in sample.splitlines() if line.strip()]
    if not lines:
        raise InputError(f"{source} is empty", "give a file with at least two labels")
    delimiter = _delimiter(lines[:50], source)
    rows = list(csv.reader(lines, delimiter=delimiter))
    header = not any(_is_number(cell) for cell in rows[0])
    names = [cell.strip() for cell in rows[0]] if header else [""] * len(rows[0])
    body = rows[1:] if header else rows
    if not body:
        raise InputError(f"{source} has a header and no rows", "give a file with at least two labels")

    def numeric() -> list[int]:
        return [
            number
            for number in range(len(names))
            if any(_is_number(row[number]) for row in body if len(row) > number)
            and all(_is_number(row[number]) or row[number].strip() in MISSING for row in body if len(row) > number)
        ]

    if len(names) == 1 and wanted is None:
        number = 0
    else:
        named = names if header else [str(index) for index in range(len(names))]
        number = _chosen(named, wanted, source, lambda: [named[index] for index in numeric()], numeric)
    shape = _Shape(source, delimiter, header, len(names), number, names[number])
    reader = _with_arrow if _has_arrow() else _with_numpy
    return reader(content, shape)


@dataclass(frozen=True)
class _Shape:
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


def _chosen(names: list[str], wanted: str | None, source: str, numeric: Any, numbers: Any = None) -> int:
    """The number of the wanted column."""
    shown = ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")
    if wanted is None:
        candidates = numeric()
        if len(candidates) == 1:
            return numbers()[0] if numbers else names.index(candidates[0])
        which = "no numeric column" if not candidates else f"{len(candidates)} numeric columns"
        raise InputError(f"{source} has {which} among {shown}", f"name one: {source}:COLUMN")
    if names.count(wanted) == 1:
        return names.index(wanted)
    if names.count(wanted) > 1:
        raise InputError(f"{source} has {names.count(wanted)} columns named {wanted!r}", "name it by its number from 0")
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and int(wanted) < len(names):
        return int(wanted)
    raise InputError(f"{source} has no column {wanted!r}", f"use one of {shown}")


def _has_arrow() -> bool:
    try:
        import pyarrow.csv  # noqa: F401
    except ImportError:
        return False
    return True


def _with_arrow(content: Path | bytes, shape: _Shape) -> Column:
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
        return _arrow_column(column, shape.source, shape.name, False)
    return _with_csv(content, shape)


def _arrow_column(column: Any, source: str, name: str, single: bool) -> Column:
    import pyarrow

    if not pyarrow.types.is_float64(column.type):
        kinds = pyarrow.types
        if not (kinds.is_integer(column.type) or kinds.is_floating(column.type) or kinds.is_decimal(column.type)):
            raise InputError(f"{source}:{name} holds {column.type}, not numbers", "give integers or floats")
        column = column.cast(pyarrow.float64(), safe=False)
    missing = column.null_count
    values = column.drop_null().to_numpy() if missing else column.to_numpy()
    undefined = np.isnan(values)
    if undefined.any():
        missing += int(undefined.sum())
        values = values[~undefined]
    return Column(values, missing, source, name, single)


def _with_numpy(content: Path | bytes, shape: _Shape) -> Column:
    """NumPy's own reader where the file is plain and whole; the careful reader otherwise."""
    raw = content.read_bytes() if isinstance(content, Path) else content
    lines = raw.count(b"\n") + (not raw.endswith(b"\n"))
    if b'"' in raw or raw.count(shape.delimiter.encode()) != lines * (shape.width - 1):
        return _with_csv(raw, shape)
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
        return _with_csv(raw, shape)
    missing = np.isnan(values)
    return Column(values[~missing], int(missing.sum()), shape.source, shape.name)


def _with_csv(content: Path | bytes, shape: _Shape) -> Column:
    """Cell by cell, to count what is missing and to name what is wrong."""
    raw = content.read_bytes() if isinstance(content, Path) else content
    try:
        decoded = raw.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise InputError(f"{shape.source} is not UTF-8 text (byte {problem.start})", "save it as UTF-8") from None
    reader = csv.reader(io.StringIO(decoded, newline=""), delimiter=shape.delimiter)
    values, missing, started = [], 0, not shape.header
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
                missing += 1
            elif _is_number(cell):
                values.append(float(cell))
            else:
                raise InputError(
                    f"{shape.source} has {cell[:40]!r} in line {reader.line_num}, which is not a number",
                    "mend or empty the cell (decimals with a point)",
                )
    except csv.Error as problem:
        raise InputError(f"{shape.source} is not csv near line {reader.line_num}", "check its quotes") from problem
    return Column(np.array(values, dtype=np.float64), missing, shape.source, shape.name)
