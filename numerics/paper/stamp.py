"""`stamp.json`: what the write-up was made from. Figures, tables, documents and reports say it too, in a line of their own or in their metadata; apart from that, equal inputs give equal bytes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from numerics import provenance
from numerics.paper.steps import SAMPLE, Step
from unskew.ground import command, files


def write(folder: Path, plan: Sequence[Step], commit: str, request: str) -> None:
    """Writes the stamp, unless it says the same already.

    Args:
      commit: of the sources.
      request: the command that was typed.
    """
    content = {
        "commit": commit,
        "command": request,
        "versions": provenance.versions(),
        "seeds": {"verify": 0, "study": "data seeds 0 to 4, streams by job", "sample": int(SAMPLE[2])},
        "commands": {step.name: shown(step) for step in plan},
        "files": {step.name: [*step.writes, *([f"{step.fills}/*"] if step.fills else [])] for step in plan},
    }
    text = files.json_text(content)
    path = folder / "stamp.json"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        files.write_text(path, text)


def shown(step: Step) -> str:
    """The command of a step, with files of the user's by their names alone."""
    return shlex.join(["python", *map(command.nameless, step.arguments)])
