"""`stamp.json`: what the write-up was made from. The only file that may differ between two runs on equal inputs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from numerics import files
from numerics.paper.keys import ROOT, versions
from numerics.paper.steps import SAMPLE, Step


def commit() -> str:
    """The commit of the sources, with `+` where they differ from it; a word where they are in no repository."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--untracked-files=no", "--", "theory", "numerics", "figures")
        return git("rev-parse", "HEAD") + ("+" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def write(folder: Path, planned: Sequence[Step]) -> None:
    """Writes the stamp, unless it says the same already."""
    made = {
        "commit": commit(),
        "versions": versions(),
        "seeds": {"verify": 0, "study": "data seeds 0 to 4, streams by job", "sample": int(SAMPLE[2]), "advise": 0},
        "commands": {step.name: shown(step) for step in planned},
        "files": {step.name: list(step.writes) or ["figures/*", "tables/*"] for step in planned},
    }
    text = files.json_text(made)
    path = folder / "stamp.json"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        files.write_text(path, text)


def shown(step: Step) -> str:
    """The command, with files of the user's by their names alone: a folder says something about a machine."""
    words = step.words
    for path in step.reads:
        words = words.replace(str(path.absolute()), path.name)
    return words
