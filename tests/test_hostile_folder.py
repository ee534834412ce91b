"""A user's own `figures.py`, `theory.py` or `json.py` in the working folder is never run, and its words are never counted as ours."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOSTILE = ("figures", "theory", "json", "tokens", "argparse", "numpy", "scipy", "csv", "typing", "dataclasses")
COMMANDS = {
    "verify": ["numerics.verify", "--only", "price", "--no-fit", "--classes", "4", "--out", "out"],
    "theory": ["theory", "price"],
    "advise": ["unskew", "advise", "labels.csv:y", "--more", "--out", "out"],
    "figures": ["figures", "saved"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in HOSTILE:
        (tmp_path / f"{name}.py").write_text(
            f"print('hostile {name}')\nopen('ran', 'a').write('{name} ')\nraise SystemExit(7)\n"
        )
    (tmp_path / "labels.csv").write_text("y\n" + "".join(f"{k % 7}.{k}\n" for k in range(400)))
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "report.json").write_text('{"schema": "none"}')
    return tmp_path


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("name", ["verify", "theory", "advise"])
def test_commands_run_ours(name: str, folder: Path) -> None:
    if name in ("theory",):
        # The name of the command itself is Python's to find: their theory.py is what `python -m theory` means there.
        (folder / "theory.py").unlink()
    done = run(folder, "-m", *COMMANDS[name])
    assert done.returncode == 0, done.stderr
    assert "hostile" not in done.stdout + done.stderr
    assert not (folder / "ran").exists()


def test_figures_run_ours(folder: Path) -> None:
    (folder / "figures.py").unlink()
    done = run(folder, "-m", *COMMANDS["figures"])
    assert done.returncode == 2
    assert "unknown schema" in done.stderr
    assert not (folder / "ran").exists()


def test_a_program_keeps_its_path(folder: Path) -> None:
    """Only our own commands leave the working folder out: a user's program that imports us finds its own modules."""
    for name in HOSTILE:
        (folder / f"{name}.py").unlink()
    (folder / "mine.py").write_text("word = 'mine'\n")
    (folder / "program.py").write_text("import unskew, numerics\nimport mine\nprint(mine.word)\n")
    assert run(folder, "program.py").stdout == "mine\n"
    assert run(folder, "-m", "program").stdout == "mine\n"
    assert run(folder, "-c", "import unskew, mine; print(mine.word)").stdout == "mine\n"
