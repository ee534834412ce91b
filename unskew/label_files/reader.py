"""A column of numbers from a file: csv, tsv, npy, npz, parquet, or csv on standard input.

A file is opened once and read once, so that a pipe loses nothing. Text is split by Arrow where `pyarrow` is installed (extra `data`)
and by NumPy otherwise; neither goes through Python row by row unless a cell is missing or wrong and has to be found. Pickled arrays are
never loaded.
"""

from __future__ import annotations

import io
import os
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from unskew.ground.refusals import InputError, readable
from unskew.label_files.column import Column, arrow_column, chosen
from unskew.label_files.text import read_text

MOST_BYTES = 1 << 31
"""Of a file, and of what an archive holds once unpacked: a stream without an end and a zip bomb are refused before memory is full."""
BLOCK_BYTES = 1 << 20


def read_column(spec: str) -> Column:
    """Reads `FILE[:COLUMN]`.

    The whole text is tried as a file first, so a name that contains `:` works; otherwise what follows the last `:`
    that leaves an existing file is the column: its name, or failing that its number counted from 0. Without COLUMN
      the file must have exactly one numeric column. A text file's first row is its header unless one of its cells is
      a number.

    Raises:
      InputError: no such file or column, not text, ragged rows, a cell that is not a number, a pickle, more than
        `MOST_BYTES`; names the file and the row.
    """
    source, wanted = split(spec)
    return read_columns(source, [wanted])[0]


def read_columns(source: str, wanted: Sequence[str | None]) -> list[Column]:
    """Reads columns of one file, in step; `-` is standard input. See `read_column`."""
    if source != "-":
        if not _exists(source):
            raise InputError(f"no file {source!r}", "name a csv, tsv, npy, npz or parquet file")
        if not (Path(source).is_file() or Path(source).is_fifo()):
            raise InputError(f"{source} is not a file", "name a csv, tsv, npy, npz or parquet file")
    try:
        content = _content(source)
        return [_column(content, source, name) for name in wanted]
    except OSError as problem:
        raise InputError(
            f"cannot read {source}: {problem.strerror or problem}", "name a file that can be read"
        ) from None
    except MemoryError:
        raise _too_large(source, "does not fit into memory") from None


def _column(content: bytes, source: str, wanted: str | None) -> Column:
    """One column of a file's bytes."""
    suffix = Path(source).suffix.lower()
    if content.startswith(b"\x93NUMPY") or suffix == ".npy":
        if wanted is not None:
            raise InputError(f"{source} is one array and has no column {wanted!r}", "leave the column out")
        return _npy(content, source, "")
    if suffix == ".npz":
        return _npz(content, source, wanted)
    if content.startswith(b"PAR1") or suffix == ".parquet":
        return _parquet(content, source, wanted)
    return read_text(content, source, wanted)


def split(spec: str) -> tuple[str, str | None]:
    """The file and the column of `FILE[:COLUMN]`; `-` is standard input.

    Raises:
      InputError: no such file, or it is a folder or a device.
    """
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


# --- bytes
# -----------------------------------------------------------------------------------------------------------------------


def _content(source: str) -> bytes:
    """All bytes of a file, a pipe or standard input, read once.

    Raises:
      InputError: more than `MOST_BYTES`, or a file that waits for more to come (a kernel's log).
    """
    if source == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed", "give labels on it, or name a file")
        return _blocks(sys.stdin.buffer, source, BLOCK_BYTES)
    # A pipe is waited for; a file that makes its reader wait is none with labels, and without waiting says so at once.
    waiting = 0 if Path(source).is_fifo() else getattr(os, "O_NONBLOCK", 0)
    with open(source, "rb", buffering=0, opener=lambda path, flags: os.open(path, flags | waiting)) as stream:
        return _blocks(stream, source, max(BLOCK_BYTES, os.fstat(stream.fileno()).st_size + 1))


def _blocks(stream: IO[bytes], source: str, size: int) -> bytes:
    blocks, length = [], 0
    while block := stream.read(min(size, MOST_BYTES)):
        blocks.append(block)
        length += len(block)
        if length >= MOST_BYTES:
            raise _too_large(source, f"holds more than {MOST_BYTES >> 30} GiB")
    if block is None:
        raise InputError(f"{source} has no end: it waits for more", "name a file that is whole")
    return b"".join(blocks)


def _too_large(source: str, what: str) -> InputError:
    return InputError(f"{source} {what}", "give a random sample of the labels, or their column alone")


# --- arrays
# -----------------------------------------------------------------------------------------------------------------------


def _npy(content: bytes, source: str, name: str) -> Column:
    label = f"{source}:{name}" if name else source
    stream = io.BytesIO(content)
    with readable(label, "npy", "save plain numbers with numpy.save"):
        array = np.lib.format.read_array(stream, allow_pickle=False)
    if stream.tell() < len(content):
        # A header that says too few, or several arrays one after another: labels would be lost in silence.
        raise InputError(f"{label} goes on after its array", "save one array with numpy.save")
    if array.ndim != 1:
        shape = "x".join(map(str, array.shape)) or "a single number"
        raise InputError(f"{label} has shape {shape}", "give a one-dimensional array of labels")
    if array.dtype.kind not in "iuf":
        raise InputError(f"{label} holds {array.dtype}, not numbers", "give integers or floats")
    values = array.astype(np.float64, copy=False)
    return Column(values, source, name, array.dtype.kind == "f" and array.dtype.itemsize <= 4)


def _npz(content: bytes, source: str, wanted: str | None) -> Column:
    with readable(source, "npz", "save it again with numpy.savez"), zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = archive.infolist()
        names = [member.filename.removesuffix(".npy") for member in members]
        number = chosen(names, wanted, source, lambda: range(len(names)))
        if members[number].file_size >= MOST_BYTES:
            raise _too_large(f"{source}:{names[number]}", f"holds more than {MOST_BYTES >> 30} GiB")
        return _npy(archive.read(members[number]), source, names[number])


def _parquet(content: bytes, source: str, wanted: str | None) -> Column:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(f"{source} is parquet, which needs pyarrow", "install the extra 'data', or save csv") from None
    with readable(source, "parquet", "save it again"):
        table = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(content))
        names = list(table.schema_arrow.names)

        def numeric() -> list[int]:
            tests = (pyarrow.types.is_integer, pyarrow.types.is_floating, pyarrow.types.is_decimal)
            return [
                number for number, field in enumerate(table.schema_arrow) if any(test(field.type) for test in tests)
            ]

        number = chosen(names, wanted, source, numeric)
        if 8 * table.metadata.num_rows >= MOST_BYTES:
            raise _too_large(source, f"holds more than {MOST_BYTES >> 30} GiB")
        # Columns of one name are read together, in order.
        column = table.read(columns=[names[number]]).column(names[:number].count(names[number]))
        single = pyarrow.types.is_float32(column.type) or pyarrow.types.is_float16(column.type)
        return arrow_column(column, source, names[number], single)
