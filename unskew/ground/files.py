"""Atomic writes: a reader sees the old file or the new one, never half of one."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unskew.ground.refusals import InputError


def write_bytes(path: Path | str, content: bytes) -> None:
    """Writes `content` to `path` through a temporary file in the same folder, synced before it is renamed.

    Raises:
      InputError: the folder does not exist, cannot be written, or the disk is full; `path` is then as it was.
    """
    path = Path(path)
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException as problem:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        if not isinstance(problem, OSError):
            raise
        raise InputError(
            f"cannot write {path}: {problem.strerror}", "name a folder that exists and has room"
        ) from problem


def write_text(path: Path | str, content: str) -> None:
    """`write_bytes` in UTF-8."""
    write_bytes(path, content.encode())


def json_text(value: Any) -> str:
    """JSON of plain values; a number that is not finite becomes a word ("infinite", "-infinite", "undefined"), never bare `NaN`."""

    def plain(item: Any) -> Any:
        if isinstance(item, float) and not math.isfinite(item):
            return "undefined" if math.isnan(item) else "infinite" if item > 0 else "-infinite"
        if isinstance(item, Mapping):
            return {str(key): plain(entry) for key, entry in item.items()}
        if isinstance(item, list | tuple):
            return [plain(entry) for entry in item]
        if hasattr(item, "item") and getattr(item, "ndim", None) == 0:
            return plain(item.item())
        if hasattr(item, "tolist"):
            return plain(item.tolist())
        return item

    return json.dumps(plain(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path | str, value: Any) -> None:
    """Writes `json_text(value)`."""
    write_text(path, json_text(value))


def make_folder(path: Path | str) -> Path:
    """Makes a folder for output, with its parents.

    Raises:
      InputError: it cannot be made, or something else stands there.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InputError(
            f"cannot make the folder {path}: {problem.strerror}", "name a folder that can be written"
        ) from problem
    return path
