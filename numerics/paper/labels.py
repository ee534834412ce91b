"""`python -m numerics.paper.labels LABELS FILE`: what `unskew advise LABELS` reports, with the record of what it was made from."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from numerics import provenance
from unskew import from_labels, report
from unskew.__main__ import parser
from unskew.ground import command, files
from unskew.inputs import label_cells
from unskew.options import from_arguments

PROGRAM = "python -m numerics.paper.labels"


def main(arguments: Sequence[str]) -> int:
    """Writes the report: LABELS, FILE, then options of `unskew advise`.

    Raises:
      InputError: as `unskew advise`.
    """
    labels, file, *rest = arguments
    options = from_arguments(parser().parse_args(["advise", labels, *rest]))
    made = report.of_labels(options, from_labels.answer(label_cells(options), options.noise))
    typed = command.typed(PROGRAM, arguments)
    files.write_json(file, made | {"made": provenance.made(typed, {})})
    return command.HOLDS


if __name__ == "__main__":
    command.run(PROGRAM, lambda: main(sys.argv[1:]))
