"""Outputs of commands: refused early, and written so that a reader sees the old file or the new one, never half of one."""

from __future__ import annotations

import json
import math
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from unskew.ground.refusals import InputError, readable


def write(target: Path | str, content: str) -> None:
    """Writes to standard output for `-`, else `write_text`. In UTF-8 either way: what a program reads does not depend on a terminal."""
    if target != "-":
        write_text(target, content)
        return
    sys.stdout.flush()
    binary = getattr(sys.stdout, "buffer", None)
    if binary is None:
        sys.stdout.write(content)
    else:
        binary.write(content.encode(errors="replace"))
        binary.flush()


def write_text(path: Path | str, content: str) -> None:
    """`write_bytes` in UTF-8; a file name that is no text is written with `?` for what has no letter."""
    write_bytes(path, content.encode(errors="replace"))


def write_bytes(path: Path | str, content: bytes) -> None:
    """Writes `content` through a temporary file in the same folder, synced before it is renamed.

    A symbolic link is followed and stays. What is no regular file (a device, a FIFO) is written to and not replaced, and so is the
    file that this process's standard output goes to.

    Raises:
      InputError: the folder does not exist, cannot be written, or the disk is full; `path` is then as it was.
    """
    path = Path(path)
    temporary = None
    try:
        descriptor = _through(path)
        if descriptor is not None:
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(content)
            return
        place = Path(os.path.realpath(path))
        # A short name of its own: one made from the file's could be too long where the file's is not.
        descriptor, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=place.parent)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, _mode(place))
        os.replace(temporary, place)
    except BaseException as problem:
        if temporary is not None and os.path.exists(temporary):
            os.unlink(temporary)
        if not isinstance(problem, OSError | ValueError):
            raise
        reason = getattr(problem, "strerror", None) or problem
        raise InputError(f"cannot write {path}: {reason}", "name a folder that exists and has room") from problem


def _through(path: Path) -> int | None:
    """A descriptor to write through, where something stands that must not be replaced."""
    try:
        standing = path.stat()
    except FileNotFoundError:
        return None
    for number in (1, 2):
        if _is(standing, number):
            # The descriptor itself: it keeps its own place in the file, and would write over what is appended beside it.
            sys.stdout.flush()
            return os.dup(number)
    return os.open(path, os.O_WRONLY | os.O_APPEND) if _special(standing) else None


def _special(standing: os.stat_result) -> bool:
    """Whether this is a device, a FIFO or a socket."""
    return not (stat.S_ISREG(standing.st_mode) or stat.S_ISDIR(standing.st_mode))


def _is(standing: os.stat_result, descriptor: int) -> bool:
    """Whether an open descriptor leads to this file."""
    try:
        return os.path.samestat(standing, os.fstat(descriptor))
    except OSError:
        return False


def _mode(place: Path) -> int:
    """The permissions of the file that stands there, else those of a new one."""
    if place.exists():
        return stat.S_IMODE(place.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def check_file(option: str, target: Path | str | None, inputs: Iterable[Path | str] = ()) -> None:
    """Refuses before the work a file that could not be written after it; None and `-` are no files.

    Args:
      option: its name, for the message.
      inputs: files that are read, and other outputs.

    Raises:
      InputError: the name is a folder's, that of an input, or in no folder that can be written.
    """
    if target is None or target == "-":
        return
    path = Path(target)
    try:
        if path.is_dir():
            raise InputError(f"{option} {path} is a folder", "name a file in it")
        if _read(path, inputs):
            raise InputError(f"{option} {path} is a file that is read or written already", "name another file")
        standing = path.exists() and _special(path.stat())
        folder = Path(os.path.realpath(path)).parent
        if not os.access(path if standing else folder, os.W_OK) or not (standing or folder.is_dir()):
            raise InputError(
                f"{option} {path}: cannot write into {folder}", "name a folder that exists and can be written"
            )
        # A name that is too long exists nowhere, and says so here alone.
        path.lstat()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as problem:
        raise InputError(
            f"{option} {path}: {getattr(problem, 'strerror', None) or problem}", "name another file"
        ) from problem


def _read(path: Path, inputs: Iterable[Path | str]) -> bool:
    """Whether a regular file is one of the inputs, by whatever name, or comes in by standard input."""
    if any(os.path.realpath(path) == os.path.realpath(entry) for entry in inputs):
        return True
    if not path.is_file():
        return False
    standing = path.stat()
    return _is(standing, 0) or any(
        os.path.exists(entry) and os.path.samestat(standing, os.stat(entry)) for entry in inputs
    )


def check_folder(
    option: str, folder: Path | str | None, inputs: Iterable[Path | str] = (), written: Iterable[str] = ()
) -> None:
    """Refuses before the work a folder that could not be filled after it.

    Args:
      option: its name, for the message.
      inputs: files that are read.
      written: patterns of the names of files that will be written into the folder.

    Raises:
      InputError: something that is no folder stands in its way, or an input would be overwritten.
    """
    if folder is None:
        return
    place = Path(folder)
    try:
        standing = next(entry for entry in (place, *place.absolute().parents) if entry.exists())
        overwritten = [
            entry
            for entry in map(Path, inputs)
            if entry.parent.resolve() == place.resolve() and any(fnmatch(entry.name, pattern) for pattern in written)
        ]
    except (OSError, ValueError, RuntimeError) as problem:
        raise InputError(
            f"{option} {place}: {getattr(problem, 'strerror', None) or problem}", "name another folder"
        ) from problem
    if not standing.is_dir() or not os.access(standing, os.W_OK):
        raise InputError(f"{option} {place}: cannot make a folder at {standing}", "name a folder that can be written")
    if overwritten:
        raise InputError(f"{option} {place} would overwrite {overwritten[0]}, which is read", "name another folder")


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


def write_json(target: Path | str, value: Any) -> None:
    """Writes `json_text(value)`; `-` is standard output."""
    write(target, json_text(value))


def read_json(path: Path | str, remedy: str) -> dict[str, Any]:
    """The object of a JSON file.

    Raises:
      InputError: the file is not there, cannot be read, or holds something else.
    """
    with readable(path, "JSON", remedy):
        record = json.loads(Path(path).read_text(encoding="utf-8"))
    if not isinstance(record, dict):
        raise InputError(f"{path} holds no JSON object", remedy)
    return record


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
