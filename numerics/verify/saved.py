"""What `--json` and `--out` leave behind: the report, its curves as arrays, the figures; each file whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

from numerics.verify.request import Request
from unskew.ground import files
from unskew.ground.refusals import InputError


def refuse_early(request: Request) -> None:
    """Refuses an output that could not be written, before the work.

    Raises:
      InputError: the folder of `--json` does not exist or is not writable, or `--out` is or lies in something that is no folder.
    """
    if request.json not in (None, "-"):
        path = Path(str(request.json))
        if path.is_dir():
            raise InputError(f"--json {path} is a folder", "name a file in it")
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise InputError(
                f"--json {path}: cannot write into {path.parent}", "name a folder that exists and can be written"
            )
    if request.out is not None:
        standing = next(folder for folder in (request.out, *request.out.absolute().parents) if folder.exists())
        if not standing.is_dir() or not os.access(standing, os.W_OK):
            raise InputError(
                f"--out {request.out}: cannot make a folder at {standing}", "name a folder that can be written"
            )


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
    drawing = subprocess.run([sys.executable, "-m", "figures", str(path)], capture_output=True, text=True, check=False)
    if drawing.returncode:
        raise InputError(f"the figures of {path} could not be drawn", drawing.stderr.strip().splitlines()[-1])
    return f"{path}/report.json", f"{path}/arrays.npz", f"{len(drawing.stdout.split())} figure files in {path}"


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
