"""One run of the adviser: read, answer, write, print."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from numerics import drawing, runtime
from numerics.advise.options import Options
from unskew.ground import command, files
from unskew.ground.refusals import InputError

WRITTEN = ("report.json", "classes.json", "classes.npz", "use_*.py", "advise_*")
"""Patterns of the files that `--out` gets."""


def run(options: Options) -> int:
    """Runs a request.

    Returns:
      the exit code.

    Raises:
      InputError: bad input, before anything is written.
    """
    from numerics.label_files.reader import read_column, split

    inputs = [split(options.labels)[0]]
    with suppress(InputError):
        inputs.append(split(options.reference)[0])
    files.check_file("--json", options.json, inputs)
    files.check_folder("--out", options.out, inputs, WRITTEN)
    runtime.start()
    from numerics.advise import report, table
    from numerics.advise.answer import answer

    found = answer(read_column(options.labels), options)
    made = report.build(options, found)
    if options.json is not None:
        files.write_json(options.json, made)
    saved = [] if options.out is None else save(options.out, made)
    if options.json != "-":
        table.whole(json.loads(files.json_text(made)), saved, quiet=options.quiet)
    return command.HOLDS


def save(folder: Path, made: dict[str, Any]) -> list[str]:
    """Writes classes, snippets, report and figures.

    Returns:
      lines for the reader: what was written, and the snippets.
    """
    from numerics.advise import classes_file, snippets

    files.make_folder(folder)
    found = classes_file.from_json(made["recommended"]["definition"], "the report")
    written = classes_file.write(found, folder)
    lines = []
    for name in snippets.NAMES:
        text = snippets.snippet(name, found, folder / "classes.npz")
        files.write_text(folder / f"use_{name}.py", text)
        written.append(folder / f"use_{name}.py")
        lines += ["", *text.rstrip().split("\n")]
    files.write_json(folder / "report.json", made)
    count = drawing.draw(folder)
    listed = ", ".join(path.name for path in written)
    return [f"written to {folder}: {listed}, report.json and {count} figure files", *lines]
