"""What `--json` and `--out` leave behind: the report, its curves as arrays, the figures; each file whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

from numerics import checks, drawing
from numerics.verify.gather import LABELS
from numerics.verify.request import Request
from unskew.ground import files
from unskew.ground.refusals import InputError

WRITTEN = ("report.json", "arrays.npz", *(f"{name}.*" for name in checks.RESULTS))
"""Patterns of the files that `--out` gets."""


def refuse_early(request: Request) -> None:
    """Refuses an output that could not be written, before the work.

    Raises:
      InputError: as `unskew.ground.files.check_file` and `check_folder`.
    """
    inputs = []
    if request.question.density.startswith(LABELS):
        from unskew.label_files.reader import split

        # What is no file is refused where the density is read.
        with suppress(InputError):
            inputs = [split(request.question.density.removeprefix(LABELS))[0]]
    files.check_file("--json", request.json, inputs)
    files.check_folder("--out", request.out, inputs, WRITTEN)


def save(request: Request, report: dict[str, Any]) -> tuple[str, ...]:
    """Writes what `--json` and `--out` ask for.

    Returns:
      what was written, one phrase each.
    """
    phrases = () if request.out is None else folder(request.out, report)
    if request.json in (None, "-"):
        return phrases
    files.write_json(str(request.json), report)
    return (*phrases, str(request.json))


def folder(path: Path, report: dict[str, Any]) -> tuple[str, ...]:
    """Writes arrays, report and figures; the report last but for the figures, which are drawn from it.

    Returns:
      what was written, one phrase each.

    Raises:
      InputError: the folder cannot be written, or the figures cannot be drawn.
    """
    import numpy as np

    files.make_folder(path)
    content = BytesIO()
    np.savez_compressed(content, **arrays("", report["curves"]))
    files.write_bytes(path / "arrays.npz", content.getvalue())
    files.write_json(path / "report.json", report)
    count = drawing.draw(path)
    return f"{path}/report.json", f"{path}/arrays.npz", f"{count} figure files in {path}"


def arrays(prefix: str, value: Any) -> dict[str, Any]:
    """The report's curves as arrays, keys joined by points."""
    import numpy as np

    members: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        members = [(str(index), member) for index, member in enumerate(value)]
    elif not isinstance(value, str) and value is not None:
        return {prefix: np.asarray(value, float)}
    return {
        name: array
        for key, member in members
        for name, array in arrays(f"{prefix}.{key}" if prefix else key, member).items()
    }
