"""Figures of a saved report, drawn in a process of their own: `numerics` does not import what draws."""

from __future__ import annotations

import subprocess
from pathlib import Path

from unskew.ground import interrupt, own_modules
from unskew.ground.refusals import InputError


def draw(folder: Path) -> int:
    """Draws every figure of `folder/report.json` into the folder.

    Returns:
      how many files were written.

    Raises:
      InputError: they could not be drawn, for lack of room for example; the report is there.
    """
    command = [*own_modules.command("figures"), "--", str(folder)]
    with interrupt.child(
        command, env=own_modules.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        output, problems = process.communicate()
    if process.returncode:
        reason = (problems.strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"the figures of {folder} could not be drawn", reason)
    return len(output.splitlines())
