"""What a saved result was made from: commit, command, seeds, versions. The only part of a report that may differ between two runs on equal inputs."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import numerics
from unskew.ground import command

ROOT = Path(numerics.__file__).resolve().parent.parent
LIBRARIES = ("jax", "numpy", "scipy", "sympy", "python-flint", "optax", "matplotlib")
COMMIT = "MADE_FROM_COMMIT"
"""Environment variable that names the commit: for copies without their repository, and so that all steps of a write-up name one."""


def versions() -> dict[str, str]:
    """This project, Python and the libraries that results depend on."""
    found = {"python": platform.python_version()}
    for name in ("unskew", *LIBRARIES):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def commit() -> str:
    """The commit of the sources, with `+` where they differ from it; `unknown` where they are in no repository of their own."""
    if given := os.environ.get(COMMIT):
        return given

    def git(*arguments: str) -> str:
        call = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(call, capture_output=True, text=True, check=True).stdout.strip()

    try:
        # Installed into a folder of somebody else's repository, that repository's commit would say nothing.
        if Path(git("rev-parse", "--show-toplevel")).resolve() != ROOT:
            return "unknown"
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "unskew", "theory", "numerics", "figures")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def made(typed: str, seeds: Mapping[str, Any], sources: str | None = None) -> dict[str, Any]:
    """The record that a report keeps under `made`.

    Args:
      typed: the command, as `unskew.ground.command.typed` gives it.
      seeds: what random numbers began with, by what they are for.
      sources: the commit, where it is known already.
    """
    return {"commit": sources or commit(), "command": typed, "seeds": dict(seeds), "versions": versions()}


def line(made: Mapping[str, Any] | None) -> str:
    """The record in one line, for metadata and comments; nothing for a report that does not say."""
    if made is None:
        return ""
    seeds, versions = (
        ", ".join(f"{name} {value}" for name, value in made[part].items()) for part in ("seeds", "versions")
    )
    return command.one_line(
        f"made by '{made['command']}' at commit {made['commit']}; seeds: {seeds or 'none'}; {versions}"
    )


def comment(text: str, mark: str = "#") -> str:
    """The line as a comment of a text file, with its end; nothing for nothing.

    A spreadsheet cuts a comment at its commas; what would then begin like a formula gets an apostrophe in front.
    """
    text = re.sub(r"([,;]\s*)(?=[=+@-])", r"\1'", text)
    return f"{mark} {text}\n" if text else ""
