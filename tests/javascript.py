"""The page's arithmetic without a page: node runs the files and answers in JSON. Tests of the page import it."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).resolve().parent.parent / "figures"


def program() -> str | None:
    """Where a node is, or None."""
    return shutil.which("node")


def value(files: tuple[str, ...], expression: str) -> Any:
    """What an expression is worth once the files have run."""
    source = "".join((FIGURES / name).read_text(encoding="utf-8") for name in files)
    answer = subprocess.run(
        [str(program()), "-"],
        input=f"{source}\nprocess.stdout.write(JSON.stringify({expression}));",
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)
