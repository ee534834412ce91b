"""Programs from the compilation cache are those that were put there: the second run of a fresh cache says what the first said (jax 0.6.0 fails here)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_a_warm_cache_changes_nothing(tmp_path):
    command = [sys.executable, "-m", "numerics.verify", "--no-fit", "--quiet"]
    runs = [
        subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, "XDG_CACHE_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        for _ in range(2)
    ]
    assert [run.returncode for run in runs] == [0, 0], runs[-1].stdout + runs[-1].stderr
    assert runs[0].stdout == runs[1].stdout
