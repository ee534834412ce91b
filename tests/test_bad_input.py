"""What the verifier refuses: one line on stderr that names the culprit and the remedy, exit code 2, nothing written, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from numerics.verify.__main__ import main
from unskew.ground.command import BAD_INPUT, run

ROOT = Path(__file__).resolve().parent.parent


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Runs the command in this process as `python -m` does; returns its line on stderr."""
    with pytest.raises(SystemExit) as ending:
        run("python -m numerics.verify", lambda: main(["--no-fit", *arguments]))
    captured = capsys.readouterr()
    assert ending.value.code == BAD_INPUT, captured.out
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("python -m numerics.verify: ")
    assert len(captured.err) < 500
    assert "Traceback" not in captured.err
    return captured.err


OPTIONS = [
    (["--density", "skewd"], "skewd"),
    (["--density", ""], "--density"),
    (["--density", "exp(-6*z)"], "z"),
    (["--density", "y +"], "y +"),
    (["--density", "1/0"], "1/0"),
    (["--density", "-1 - y"], "-1 - y"),
    (["--density", "y - 0.5"], "y - 0.5"),
    (["--density", "1/(y - 0.5)**2"], "0.5"),
    (["--density", "log(y)"], "log(y)"),
    (["--density", "exp(1e6*y)"], "exp(1e6*y)"),
    (["--density", "y**99999999"], "99999999"),
    (["--density", "9**9**9**9**9"], "9**9"),
    (["--density", "+".join(["y"] * 5000)], "y"),
    (["--density", "(" * 400 + "y" + ")" * 400], "("),
    (["--density", "__import__('os').system('touch injected')"], "__import__"),
    (["--density", "y.__class__.__mro__"], "y.__class__"),
    (["--density", "(lambda: 1)()"], "lambda"),
    (["--density", "[y for y in (1,)]"], "for"),
    (["--density", "open('injected', 'w')"], "open"),
    (["--density", "exec('import os')"], "exec"),
    (["--density", "1 if y else 2"], "if"),
    (["--density", "f'{y}'"], "y"),
    (["--density", "y; import os"], "import"),
    (["--density", "exp(y, y)"], "exp"),
    (["--density", "nan"], "nan"),
    (["--density", "1e400*y + 1"], "1e400"),
    (["--density", "y\x1b[31m"], "y"),
    (["--noise", "0"], "--noise 0"),
    (["--noise", "-0.1"], "--noise -0.1"),
    (["--noise", "nan"], "--noise nan"),
    (["--noise", "inf"], "--noise inf"),
    (["--noise", "1e999999999"], "--noise 1e999999999"),
    (["--noise", "1/0"], "--noise 1/0"),
    (["--noise", "thick"], "--noise thick"),
    (["--noise", "1e-9"], "noise"),
    (["--noise", "1e9"], "noise"),
    (["--support", "1", "0"], "--support 1 0"),
    (["--support", "0", "0"], "--support 0 0"),
    (["--support", "0", "nan"], "--support nan"),
    (["--support", "0"], "--support"),
    (["--channel", "cauchy"], "cauchy"),
    (["--classes", "0"], "--classes 0"),
    (["--classes", "-4"], "--classes"),
    (["--classes", "2.5"], "--classes 2.5"),
    (["--classes", "many"], "--classes many"),
    (["--classes", "1000000000"], "--classes 1000000000"),
    (["--classes"], "--classes"),
    (["--seeds", "1"], "--seeds 1"),
    (["--seeds", "-8"], "--seeds"),
    (["--seeds", "99999999"], "--seeds 99999999"),
    (["--seed", "-1"], "--seed"),
    (["--seed", "1.5"], "--seed 1.5"),
    (["--only", "prize"], "prize"),
    (["--density", "labels:"], "labels"),
    (["--density", "labels:absent.csv"], "absent.csv"),
    (["--json", "absent/report.json"], "absent"),
    (["--json", "."], "--json"),
    (["--out", "file/inside"], "file"),
    (["--colour"], "--colour"),
    (["uniform"], "uniform"),
]


@pytest.mark.parametrize(("arguments", "culprit"), OPTIONS, ids=lambda value: repr(value)[:60])
def test_options(
    arguments: list[str],
    culprit: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    line = refused(arguments, capsys)
    assert culprit in line
    assert "\x1b" not in line
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


FILES = {
    "empty": ("", "", "no labels|empty"),
    "header alone": ("age\n", "", "no |empty"),
    "one label": ("age\n3\n", "", "one|1 "),
    "constant": ("age\n" + "3\n" * 50, "", "all equal 3"),
    "words": ("age\nyoung\nold\nolder\n", "", "number"),
    "a word among numbers": ("age\n" + "1.5\n2.5\n3.25\n" * 20 + "old\n", "", "old"),
    "all missing": ("age\n" + "NA\n" * 50, "", "missing|no labels"),
    "infinite": ("age\n" + "1.5\n2.5\n" * 20 + "inf\n", "", "inf|finite"),
    "unknown column": ("age,split\n1,a\n2,b\n3,c\n", ":weight", "weight"),
    "binary": (b"\x00\xff\xfe\x81" * 40, "", "read|text|UTF|decode|number"),
}


@pytest.mark.parametrize("name", FILES)
def test_label_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import re

    content, column, words = FILES[name]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "labels.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    line = refused(["--density", f"labels:labels.csv{column}", "--out", "out"], capsys)
    assert re.search(words, line), line
    assert "labels.csv" in line
    assert [entry.name for entry in tmp_path.iterdir()] == ["labels.csv"]


def test_arrays_that_are_no_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pickle in disguise must not be unpickled, and a table is no list of labels."""
    monkeypatch.chdir(tmp_path)
    np.save("pickle.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    np.save("cube.npy", np.zeros((3, 3, 3)))
    for name in ("pickle.npy", "cube.npy"):
        assert name in refused(["--density", f"labels:{name}"], capsys)


def test_support_that_misses_the_labels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("labels.csv").write_text("y\n" + "".join(f"{i / 7}\n" for i in range(200)))
    assert "labels.csv" in refused(["--density", "labels:labels.csv", "--support", "0", "1"], capsys)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_folder_without_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "locked" in refused(["--out", "locked/out"], capsys)


def test_through_the_shell(tmp_path: Path) -> None:
    """Once in a process of its own: the same line, the same exit code, nothing on standard output."""
    done = subprocess.run(
        [sys.executable, "-m", "numerics.verify", "--density", "__import__('os')", "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == BAD_INPUT
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "__import__" in done.stderr
    assert not list(tmp_path.iterdir())
