"""Our modules, and not a file of the user's that happens to have the name of one (`figures.py`, `theory.py`) or of one that they import (`json.py`).

`python -m` puts the working folder first on the path. Each package calls `leave_out_working_folder` before it imports anything else, and starts others of ours
with `command` and `environment`. Only `sys` and `os` are imported here: both are loaded before any user's file could be.
"""

from __future__ import annotations

import os
import sys

PACKAGES = ("unskew", "theory", "numerics", "figures", "benchmarks")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def leave_out_working_folder() -> None:
    """Takes the working folder off the path, where one of our packages was started with `python -m` from a folder that is not its own.

    A program that imports us keeps its path.
    """
    words = sys.orig_argv
    started = words[words.index("-m") + 1 :][:1] if "-m" in words else []
    folder = os.getcwd()
    if started and started[0].split(".")[0] in PACKAGES and os.path.realpath(folder) != os.path.realpath(ROOT):
        sys.path[:] = [place for place in sys.path if place not in ("", folder)]


def command(*arguments: str) -> list[str]:
    """`python -m MODULE ...` that never looks into the working folder for the module."""
    return [sys.executable, "-P", "-m", *arguments]


def environment() -> dict[str, str]:
    """The environment for `command`: our packages are found from any folder, installed or not."""
    path = os.pathsep.join([ROOT, *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PYTHONPATH": path}
