"""One run of the adviser: read, answer, write, print."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from numerics import runtime
from numerics.advise.options import Options
from unskew.ground import command, files
from unskew.ground.refusals import InputError


def run(options: Options) -> int:
    """Runs a request.

    Returns:
      the exit code.

    Raises:
      InputError: bad input, before anything is written.
    """
    runtime.start()
    from numerics.advise import report, table
    from numerics.advise.answer import answer
    from numerics.label_files.reader import read_column

    found = answer(read_column(options.labels), options)
    made = report.build(options, found)
    if options.json is not None:
        text = files.json_text(made)
        if options.json == "-":
            sys.stdout.write(text)
        else:
            files.write_text(options.json, text)
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
    drawn = subprocess.run([sys.executable, "-m", "figures", str(folder)], capture_output=True, text=True, check=False)
    if drawn.returncode:
        raise InputError(f"the figures of {folder} could not be drawn", drawn.stderr.strip().splitlines()[-1])
    listed = ", ".join(path.name for path in written)
    return [f"written to {folder}: {listed}, report.json and {len(drawn.stdout.split())} figure files", *lines]
