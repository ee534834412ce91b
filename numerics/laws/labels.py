"""Labels from a file as a law: a kernel estimate where they are continuous, atoms where they are discrete (the rule is in `unskew.labels`)."""

from __future__ import annotations

from numerics.laws.densities import Density, Piece, Support
from numerics.laws.discrete import DiscreteLaw
from unskew.label_files.column import Column
from unskew.label_files.reader import read_column
from unskew.label_files.report import decimal
from unskew.labels import labels_of

__all__ = ["DiscreteLaw", "Law", "from_column", "from_file"]

Law = Density | DiscreteLaw


def from_file(spec: str, support: Support | None = None) -> Law:
    """Reads labels and makes their law.

    Args:
      spec: `FILE[:COLUMN]`, see `unskew.label_files.reader.read_column`.
      support: see `unskew.labels.labels_of`.

    Raises:
      InputError: as `read_column` and `labels_of`.
    """
    return from_column(read_column(spec), f"labels:{spec}", support)


def from_column(column: Column, name: str, support: Support | None = None) -> Law:
    """The law of a column of labels; see `from_file`."""
    labels = labels_of(column, support)
    report = labels.report
    if labels.kernel is not None:
        from numerics.expression.tree import series

        lower, upper = labels.support
        expression = series(lower, upper, labels.kernel.coefficients)
        description = f"kernel estimate of {report.used} labels, bandwidth {report.bandwidth:.4g} ({report.rule})"
        return Density(name, labels.support, (Piece(lower, upper, expression),), description, report)
    counts = {
        decimal(point, column.single): int(count) for point, count in zip(labels.points, labels.counts, strict=True)
    }
    description = f"{report.used} discrete labels on {len(labels.atoms)} atoms, step {report.step:g}"
    occurrences = tuple(counts.get(atom, 0) for atom in labels.atoms)
    return DiscreteLaw(name, labels.support, labels.atoms, occurrences, description, report)
