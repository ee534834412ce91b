"""A column of numbers from a file: csv, tsv, npy, npz, parquet, or csv on standard input.

Text is split by Arrow where `pyarrow` is installed (extra `data`) and by NumPy otherwise; neither goes through Python
row by row unless a cell is missing or wrong and has to be found. Pickled arrays are never loaded.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unskew.ground.refusals import InputError
from unskew.label_files.column import Column, arrow_column, chosen
from unskew.label_files.text import SAMPLE_BYTES, read_text


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
    return read_columns(source, [wanted])[0]


def read_columns(source: str, wanted: Sequence[str | None]) -> list[Column]:
    """Reads columns of one file, in step; `-` is standard input. See `read_column`."""
    if source == "-":
        content = sys.stdin.buffer.read()
        return [_text_or_numpy(content, source, name) for name in wanted]
    if not _exists(source):
        raise InputError(f"no file {source!r}", "name a csv, tsv, npy, npz or parquet file")
    path = Path(source)
    if not (path.is_file() or path.is_fifo()):
        raise InputError(f"{source} is not a file", "name a csv, tsv, npy, npz or parquet file")
    try:
        return [_file(path, source, name) for name in wanted]
    except OSError as problem:
        raise InputError(
            f"cannot read {source}: {problem.strerror or problem}", "name a file that can be read"
        ) from None


def _file(path: Path, source: str, wanted: str | None) -> Column:
    with path.open("rb") as stream:
        start = stream.read(SAMPLE_BYTES)
    if start[:6] == b"\x93NUMPY":
        return _npy(path, source, wanted)
    if path.suffix.lower() == ".npz":
        return _npz(path, source, wanted)
    if start[:4] == b"PAR1":
        return _parquet(path, source, wanted)
    return read_text(path, start, source, wanted)


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
    return read_text(content, content[:SAMPLE_BYTES], source, wanted)


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
            number = chosen(archive.files, wanted, source, lambda: range(len(archive.files)))
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
    values = array.astype(np.float64, copy=False)
    return Column(values, source, name, array.dtype.kind == "f" and array.dtype.itemsize <= 4)


def _parquet(path: Path, source: str, wanted: str | None) -> Column:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(f"{source} is parquet, which needs pyarrow", "install the extra 'data', or save csv") from None
    try:
        schema = pyarrow.parquet.read_schema(path)
        names = list(schema.names)

        def numeric() -> list[int]:
            tests = (pyarrow.types.is_integer, pyarrow.types.is_floating, pyarrow.types.is_decimal)
            return [number for number, field in enumerate(schema) if any(test(field.type) for test in tests)]

        name = names[chosen(names, wanted, source, numeric)]
        column = pyarrow.parquet.read_table(path, columns=[name]).column(0)
        single = pyarrow.types.is_float32(column.type) or pyarrow.types.is_float16(column.type)
        return arrow_column(column, source, name, single)
    except pyarrow.ArrowException as problem:
        raise InputError(f"{source} is not a whole parquet file", "save it again") from problem
