"""`unskew correct`: fits a correction to held-out rows and adds a column of corrected predictions to a file, keeping all others."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np

from unskew.ground import command, files
from unskew.ground.refusals import InputError
from unskew.inputs import HeldOut, held_out, read_probabilities
from unskew.label_files import text as delimited
from unskew.label_files.reader import read_columns
from unskew.options import Options
from unskew.prior import PriorCorrection, medians
from unskew.recalibration import Recalibrator


def run(options: Options, apply: str, out: str, column: str) -> int:
    """Runs a request.

    Args:
      apply: file with predictions to correct.
      out: where the same file with one more column goes.
      column: its name.

    Raises:
      InputError: bad input, before anything is written.
    """
    if not options.has_predictions:
        raise InputError("correct without predictions", "name --label, and --prediction or --probabilities")
    sample = held_out(options)
    if sample.probabilities is not None:
        return _probabilities(sample, apply, out, column, options.score)
    content = read_columns(apply, [options.prediction])[0]
    absent = np.isnan(content.cells)
    if absent.any() or not np.isfinite(content.cells).all():
        raise InputError(
            f"{content.where} has a missing or infinite prediction, first in row {int(np.argmin(np.isfinite(content.cells))) + 1}",
            "leave those rows out",
        )
    recalibration = Recalibrator(sample.shift, score=options.score).fit(sample.y, sample.t)
    corrected = recalibration.predict(content.cells)
    files.write_bytes(out, extended(apply, corrected, column))
    beyond = recalibration.beyond(content.cells)
    print(f"{len(corrected)} predictions corrected, written to {out} as {command.one_line(column)!r}")
    if beyond:
        print(
            f"{beyond} of them lie beyond the predictions of the held-out rows; the map stays at its end values there"
        )
    return command.HOLDS


def _probabilities(sample: HeldOut, apply: str, out: str, column: str, score: str) -> int:
    """The same for class probabilities: an npz with the corrected ones and their mean, or median for absolute error."""
    rows, edges = read_probabilities(apply)
    if sample.edges is None or not np.array_equal(edges, sample.edges):
        raise InputError(
            f"{apply} has other edges than the held-out probabilities", "give probabilities of the same classes"
        )
    correction = PriorCorrection(sample.shift, edges)
    corrected = correction.transform(rows)
    stream = io.BytesIO()
    middle = corrected @ correction.centres if score == "squared" else medians(corrected, edges)
    arrays: dict[str, Any] = {"probabilities": corrected, "edges": edges, column: middle}
    np.savez(stream, **arrays)
    files.write_bytes(out, stream.getvalue())
    print(
        f"{len(rows)} rows of probabilities corrected, written to {out} with their {'means' if score == 'squared' else 'medians'} as {command.one_line(column)!r}"
    )
    return command.HOLDS


def extended(source: str, values: np.ndarray, name: str) -> bytes:
    """The file's content with one more column, in its own format."""
    path = Path(source)
    content = path.read_bytes()
    if path.suffix.lower() == ".npz":
        with np.load(path, allow_pickle=False) as archive:
            arrays = {each: archive[each] for each in archive.files}
        _free(name, list(arrays), source)
        stream = io.BytesIO()
        np.savez(stream, **{**arrays, name: values})
        return stream.getvalue()
    if content[:6] == b"\x93NUMPY":
        stream = io.BytesIO()
        np.save(stream, np.stack([np.load(path, allow_pickle=False), values], axis=1))
        return stream.getvalue()
    if content[:4] == b"PAR1":
        import pyarrow
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(path)
        _free(name, table.column_names, source)
        sink = pyarrow.BufferOutputStream()
        pyarrow.parquet.write_table(table.append_column(name, pyarrow.array(values)), sink)
        return bytes(sink.getvalue().to_pybytes())
    return _text(content, source, values, name)


def _text(content: bytes, source: str, values: np.ndarray, name: str) -> bytes:
    """Delimited text: rows as they are, a cell more at the end of each."""
    layout = delimited.layout(content, source)
    if not layout.header:
        raise InputError(
            f"{source} has no header", "name its columns in the first row, so that the new one can be named"
        )
    _free(name, layout.names, source)
    # A signature at the start would become part of the first name.
    rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=layout.delimiter)
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=layout.delimiter, lineterminator="\n")
    cells = iter(values.tolist())
    started = False
    for row in rows:
        if not row or (len(row) == 1 and not row[0].strip()):
            continue
        writer.writerow([*row, repr(next(cells)) if started else name])
        started = True
    return stream.getvalue().encode()


def _free(name: str, names: list[str], source: str) -> None:
    if name in names:
        raise InputError(f"{source} has a column {name!r} already", "name another with --column")
