"""A small write-up made by the real commands: two results, one density, stand-in trainings. Tests of paper and page import it."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from unittest import mock

from numerics import provenance
from numerics.paper import pipeline, steps

HERE = Path(__file__).resolve().parent
COMMIT = "0" * 40
"""What the files of the write-up name, so that a commit made while tests run changes nothing."""


def plan(asked: steps.Request) -> list[steps.Step]:
    """The steps of `numerics.paper`, with less in them; the study's trainings are stand-ins."""
    file = "runs/verify-skewed.json"
    verify = steps.Step(
        "verify-skewed",
        ("-m", "numerics.verify", "--only", "offset", "price", "--classes", "2", "4", "16", "--no-fit", "--json", file),
        ("numerics.verify",),
        writes=(file,),
    )
    made = steps.study(steps.Request(asked.out, "smoke", asked.out / "study.sqlite"))
    study = steps.Step(
        "study",
        (str(HERE / "study_fake.py"), *made.arguments[2:]),
        ("numerics.study",),
        writes=made.writes,
        unkeyed=made.unkeyed,
    )
    return [
        steps.theory(),
        verify,
        study,
        steps.sample(),
        next(s for s in steps.steps(asked) if s.name == "advise-sample"),
    ]


def make(folder: Path, commit: str = COMMIT) -> int:
    """Makes the write-up; the exit code."""
    original, pipeline.steps = pipeline.steps, plan
    try:
        with mock.patch.dict(os.environ, {provenance.COMMIT: commit}):
            return pipeline.run(steps.Request(folder))
    finally:
        pipeline.steps = original


@cache
def shared() -> Path:
    """One write-up for all tests of this process; nobody may change it."""
    folder = Path(tempfile.mkdtemp(prefix="paper-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    assert make(folder) == 0
    return folder


def shell(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A command of the project in a folder."""
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, cwd=folder, env=pipeline.environment(COMMIT), capture_output=True, text=True, check=False
    )
