"""What an artifact says it was made from: the command without paths of a machine, and a commit only where it is that of these sources."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from numerics import provenance
from unskew.ground import command


@pytest.mark.parametrize(
    ("argument", "shown"),
    [
        ("labels:/home/me/ages.csv:age", "labels:ages.csv:age"),
        ("../shared/ages.csv:age", "ages.csv:age"),
        ("~/ages.csv", "ages.csv"),
        ("results/verify", "results/verify"),
        ("exp(-6*y)/2", "exp(-6*y)/2"),
        ("1/3", "1/3"),
        ("-", "-"),
        ("./../joe/ages.csv:age", "ages.csv:age"),
        ("results/../../joe/ages.csv", "ages.csv"),
        # A backslash is a letter of a name here, not a separator.
        ("a\\b.csv:age", "a\\b.csv:age"),
        ("/home/me/a\\b.csv:age", "a\\b.csv:age"),
        ("1/y:/a/b", "1/y:/a/b"),
        ("/", "/"),
    ],
)
def test_a_path_is_nobodys_business(argument: str, shown: str) -> None:
    assert command.nameless(argument) == shown


def test_a_command_can_be_typed_again() -> None:
    assert command.typed("python -m a", ("--density", "exp(-6*y)")) == "python -m a --density 'exp(-6*y)'"
    assert command.typed("python -m a", ()) == "python -m a"
    assert command.typed("python -m a", ("--labels=/home/me/a.csv:b",)) == "python -m a --labels=a.csv:b"


def test_where_a_result_goes_and_who_works_does_not_settle_it() -> None:
    """Else the same seed would not give the same bytes in two folders."""
    spread = (
        "--workers",
        "4",
        "--store",
        "b",
        "--seeds",
        "3",
        "--json",
        "-",
        "--out=c",
        "--quiet",
        "--scheduler",
        "tcp://node:1",
    )
    assert command.typed("python -m a", spread) == "python -m a --seeds 3"


def git(folder: Path, *arguments: str) -> str:
    call = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    return subprocess.run(call, check=True, capture_output=True, text=True).stdout.strip()


def test_a_commit_is_that_of_these_sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(provenance.COMMIT, raising=False)
    monkeypatch.setattr(provenance, "ROOT", tmp_path)
    git(tmp_path, "init", "--quiet")
    assert provenance.commit() == "unknown"
    (tmp_path / "numerics").mkdir()
    source = tmp_path / "numerics" / "a.py"
    source.write_text("")
    git(tmp_path, "add", "numerics")
    git(tmp_path, "commit", "--quiet", "--message", "a")
    head = git(tmp_path, "rev-parse", "HEAD")
    assert provenance.commit() == head
    source.write_text("changed")
    assert provenance.commit() == head + "+"
    # Installed into somebody's repository: its commit is not ours.
    (tmp_path / "packages").mkdir()
    monkeypatch.setattr(provenance, "ROOT", tmp_path / "packages")
    assert provenance.commit() == "unknown"
    monkeypatch.setenv(provenance.COMMIT, "given")
    assert provenance.commit() == "given"


def test_one_line_and_nothing_where_nothing_is_known() -> None:
    made = {"commit": "c", "command": "python -m a", "seeds": {"fits": 0}, "versions": {"python": "3"}}
    assert provenance.line(made) == "made by 'python -m a' at commit c; seeds: fits 0; python 3"
    assert provenance.comment(provenance.line(None)) == ""
    assert provenance.comment("a", "%") == "% a\n"
