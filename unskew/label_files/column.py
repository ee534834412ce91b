"""One column of labels, and how a column is chosen among several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from unskew.ground.refusals import InputError

MISSING = ("", "NA", "N/A", "NaN", "nan", "NAN", "null", "NULL", "None", "none", "?")
"""Cells that count as missing, after spaces around them are dropped."""

_MOST_NAMED = 12


@dataclass(frozen=True)
class Column:
    """One column of numbers.

    Attributes:
      cells: doubles in the order of the file, nan where a cell is missing, shape (rows,): two columns of one file stay in step.
      source: the file as the user gave it, `-` for standard input.
      name: the column's name, empty where the file has none.
      single: the file held single-precision floats, so decimals are good to 7 digits only.
    """

    cells: np.ndarray
    source: str
    name: str
    single: bool = False

    @cached_property
    def values(self) -> np.ndarray:
        """The cells that are not missing, shape (n,)."""
        absent = np.isnan(self.cells)
        return self.cells[~absent] if absent.any() else self.cells

    @property
    def missing(self) -> int:
        """How many cells are missing."""
        return len(self.cells) - len(self.values)

    @property
    def where(self) -> str:
        """Source and name, for messages."""
        return f"{self.source}:{self.name}" if self.name else self.source


def column_of(values: Any, name: str) -> Column:
    """An array or list of labels as a column.

    Raises:
      InputError: it is not one-dimensional, or not of numbers; nan is refused here, since nobody reads a count of missing cells.
    """
    array = np.asarray(values)
    if array.ndim != 1:
        shape = "x".join(map(str, array.shape)) or "a single number"
        raise InputError(f"{name} has shape {shape}", "give a one-dimensional array")
    if array.dtype.kind not in "iufb":
        raise InputError(f"{name} holds {array.dtype}, not numbers", "give integers or floats")
    cells = array.astype(np.float64, copy=False)
    if np.isnan(cells).any():
        raise InputError(f"{name} has {int(np.isnan(cells).sum())} nan", "leave those rows out")
    return Column(cells, name, "", array.dtype == np.float32)


def chosen(names: Sequence[str], wanted: str | None, source: str, numeric: Callable[[], Sequence[int]]) -> int:
    """The number of the wanted column.

    Args:
      names: of all columns.
      wanted: a name, or failing that a number from 0; None for the only numeric column.
      numeric: numbers of the columns that hold numbers; called only without `wanted`.

    Raises:
      InputError: no such column, or a choice that is not the user's; names the columns.
    """
    listed = [name or f"(column {number})" for number, name in enumerate(names[:_MOST_NAMED])]
    shown = ", ".join(listed) + (", ..." if len(names) > _MOST_NAMED else "")
    if wanted is None:
        candidates = numeric()
        if len(candidates) == 1:
            return candidates[0]
        which = "no numeric column" if not candidates else f"{len(candidates)} numeric columns"
        raise InputError(f"{source} has {which} among {shown}", f"name one: {source}:COLUMN")
    if names.count(wanted) == 1:
        return names.index(wanted)
    if names.count(wanted) > 1:
        raise InputError(f"{source} has {names.count(wanted)} columns named {wanted!r}", "name it by its number from 0")
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and int(wanted) < len(names):
        return int(wanted)
    raise InputError(f"{source} has no column {wanted!r}", f"use one of {shown}")


def arrow_column(column: Any, source: str, name: str, single: bool) -> Column:
    """The column of an Arrow array, nulls as nan."""
    import pyarrow

    if not pyarrow.types.is_float64(column.type):
        kinds = pyarrow.types
        if not (kinds.is_integer(column.type) or kinds.is_floating(column.type) or kinds.is_decimal(column.type)):
            raise InputError(f"{source}:{name} holds {column.type}, not numbers", "give integers or floats")
        column = column.cast(pyarrow.float64(), safe=False)
    return Column(column.to_numpy(), source, name, single)
