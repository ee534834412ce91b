"""The write-up: steps are keyed by what they depend on, two runs give the same bytes, LaTeX compiles."""

from __future__ import annotations

import csv
import dataclasses
import importlib
import itertools
import json
import shutil
import subprocess
import time
from pathlib import Path

import paper_folder
import pytest
import test_figures

from figures import collection, tables
from numerics.paper import clock, keys, pipeline, stamp, steps
from unskew.ground.refusals import InputError


@pytest.fixture(scope="session")
def folder() -> Path:
    return paper_folder.shared()


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the study's store, which keeps how long each chunk took."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if "sqlite" not in name}


def texts(picture: bytes) -> tuple[bytes, bytes]:
    """A PNG's words, and the rest of it: chunks of length, type, content and checksum after eight bytes of signature."""
    words, rest, place = b"", b"", 8
    while place < len(picture):
        end = place + 12 + int.from_bytes(picture[place : place + 4])
        if picture[place + 4 : place + 8] in (b"tEXt", b"iTXt"):
            words += picture[place + 8 : end - 4]
        else:
            rest += picture[place:end]
        place = end
    return words, rest


def test_second_run_does_nothing_and_is_quick(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    begin = time.process_time()
    assert paper_folder.make(folder) == 0
    # Processor time, so that a busy machine does not decide; the promise is five seconds of a second run.
    assert time.process_time() - begin < 5
    assert "no of 7 steps run; every check holds" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_from_nothing_the_same_bytes_apart_from_the_stamp(folder: Path, tmp_path: Path) -> None:
    other = "1" * 40
    (tmp_path / "again").mkdir()
    assert paper_folder.make(tmp_path / "again", other) == 0
    first, second = contents(folder), contents(tmp_path / "again")
    assert sorted(first) == sorted(second)
    # Digests of files that carry a stamp; and labels as the adviser reads them, which stand in stamp.json.
    del first["runs/keys.json"], second["runs/keys.json"]
    assert first.pop("runs/sample.csv") == second.pop("runs/sample.csv")
    for name in first:
        mine, theirs = first[name], second[name]
        assert b"python -m" in mine, name
        if name.endswith(".png"):
            (mine, rest), (theirs, others) = texts(mine), texts(theirs)
            assert rest == others, name
        assert paper_folder.COMMIT.encode() in mine, name
        assert mine.replace(paper_folder.COMMIT.encode(), other.encode()) == theirs, name


def test_what_was_touched_is_made_again(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "figures" / "offset.pdf").unlink()
    (copy / "runs" / "sample.csv").write_text("y\n0.5\n")
    assert paper_folder.make(copy) == 0
    assert contents(copy) == contents(folder)


def test_the_folder_has_everything(folder: Path) -> None:
    for name in ("offset", "price", "study_pairs"):
        for suffix in ("pdf", "png", "svg", "csv", "txt"):
            assert (folder / "figures" / f"{name}.{suffix}").stat().st_size > 50
    for name in ("ledger", "densities", "study_arms", "study_contrasts", "class_rules"):
        comment, *lines = (folder / "tables" / f"{name}.csv").read_text().splitlines()
        assert comment.startswith("# made by 'python -m numerics.paper' at commit")
        rows = list(csv.reader(lines))
        assert len(rows) > 1
        assert {len(row) for row in rows} == {len(rows[0])}
        assert (folder / "tables" / f"{name}.tex").read_text().count(r"\\") > len(rows) - 1
    made = json.loads((folder / "stamp.json").read_text())
    assert set(made) == {"commit", "command", "versions", "seeds", "commands", "files"}
    assert str(folder) not in (folder / "stamp.json").read_text()
    assert str(folder) not in (folder / "report.html").read_text()
    assert made["commit"] in (folder / "report.html").read_text()


def test_no_text_of_any_figure_is_clipped_or_overlaps(folder: Path) -> None:
    drawn = 0
    for name, report in collection.figures(collection.read(folder)):
        figure = importlib.import_module(f"figures.{name}").figure(report)
        boxes = test_figures.extents(figure)
        width, height = figure.get_size_inches() * figure.dpi
        for words, box in boxes:
            # Two pixels at 100 dpi, as in tests of single figures.
            assert min(box.x0, box.y0, width - box.x1, height - box.y1) >= -2, (name, words)
        for (first, a), (second, b) in itertools.combinations(boxes, 2):
            across, along = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert min(across, along) <= 2, (name, first, second)
        assert min(text.get_fontsize() for text in test_figures.visible_texts(figure)) >= 6
        drawn += 1
    assert drawn >= 8


def test_latex_compiles(folder: Path, tmp_path: Path) -> None:
    if shutil.which("pdflatex") is None:
        pytest.skip("no pdflatex on this machine")
    if subprocess.run(["kpsewhich", "booktabs.sty"], capture_output=True, check=False).returncode != 0:
        pytest.skip("pdflatex has no booktabs (texlive-latex-recommended)")
    copy = tmp_path / "tex"
    shutil.copytree(folder, copy)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main.tex"]
    for _ in range(2):
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, errors="replace", check=False)
        assert done.returncode == 0, done.stdout[-2000:]
    assert "undefined references" not in done.stdout
    assert "multiply" not in done.stdout
    assert (copy / "main.pdf").stat().st_size > 50_000


def test_text_is_safe_in_latex() -> None:
    assert tables.escaped(r"50 % of $x_1 \& {y}") == r"50 \% of \$x\_1 \textbackslash{}\& \{y\}"


def test_sources_are_what_is_imported() -> None:
    names = {path.relative_to(keys.ROOT).as_posix() for path in keys.sources(["numerics.study"])}
    assert {"numerics/study/train.py", "numerics/study/presets.py", "unskew/ground/files.py"} <= names
    assert not any(name.startswith(("figures/", "numerics/paper/")) for name in names)
    drawn = {path.name for path in keys.sources(["figures"])}
    assert {"style.py", "page.css", "page.js", "main.tex"} <= drawn
    checked = {
        path.relative_to(keys.ROOT).as_posix() for path in keys.sources(steps.verify("skewed", fit=True).modules)
    }
    assert {"numerics/checks/offset.py", "theory/offset.py", "numerics/fits/repetitions.py"} <= checked


def writes(text: str, code: int = 0) -> steps.Step:
    """A step that writes a word into `a.txt` and ends with a code."""
    program = f"import sys; open('a.txt', 'w').write({text!r}); sys.exit({code})"
    return steps.Step("a", ("-c", program), (), writes=("a.txt",))


def test_a_step_runs_when_an_input_or_its_own_file_changes(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    kept = keys.Keys(tmp_path)
    assert pipeline.perform(writes("one"), kept) == (0, False)
    assert pipeline.perform(writes("one"), keys.Keys(tmp_path)) == (0, True)
    (tmp_path / "a.txt").write_text("spoilt")
    assert pipeline.perform(writes("one"), kept) == (0, False)
    assert pipeline.perform(writes("two"), kept) == (0, False)
    assert (tmp_path / "a.txt").read_text() == "two"
    source = tmp_path / "labels.csv"
    source.write_text("1")
    step = steps.Step("a", writes("two").arguments, (), reads=(source,), writes=("a.txt",))
    assert pipeline.perform(step, kept) == (0, False)
    assert pipeline.perform(step, kept) == (0, True)
    source.write_text("2")
    assert pipeline.perform(step, kept) == (0, False)


def test_a_failing_check_is_kept_and_an_error_stops(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    kept = keys.Keys(tmp_path)
    judge = dataclasses.replace(writes("fails", 1), judges=True)
    assert pipeline.perform(judge, kept) == (1, False)
    assert pipeline.perform(judge, kept) == (1, True)
    # A program that crashes ends with 1 as well; where nothing is judged that is no result.
    with pytest.raises(InputError, match="ended with 1"):
        pipeline.perform(writes("crashed", 1), kept)
    with pytest.raises(SystemExit, match="2"):
        pipeline.perform(writes("bad", 2), kept)
    with pytest.raises(InputError, match="did not write"):
        pipeline.perform(steps.Step("b", ("-c", "pass"), (), writes=("b.txt",)), kept)
    assert "b" not in keys.Keys(tmp_path).entries


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"a": {"key": "b"}}', '{"a": 1}'])
def test_broken_keys_are_no_keys(tmp_path: Path, text: str) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "keys.json").write_text(text)
    assert keys.Keys(tmp_path).entries == {}


def test_files_of_others_are_neither_overwritten_nor_taken_away(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    (mine / "figures").mkdir(parents=True)
    (mine / "figures" / "photo.jpg").write_text("dear")
    with pytest.raises(InputError, match="did not write"):
        pipeline.check(steps.Request(mine))
    for place in (keys.ROOT, keys.ROOT / "figures"):
        with pytest.raises(InputError, match="holds the sources"):
            pipeline.check(steps.Request(place))
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for name in ("figures/photo.jpg", "tables/mine.tex"):
        (copy / name).write_text("dear")
    (copy / "runs" / "theory.json").unlink()
    assert paper_folder.make(copy) == 0
    assert (copy / "figures/photo.jpg").read_text() == (copy / "tables/mine.tex").read_text() == "dear"


def test_what_is_asked_for_no_more_is_forgotten(tmp_path: Path) -> None:
    """Labels of an earlier run would else stay in the tables, under a stamp that does not name them."""
    (tmp_path / "runs").mkdir()
    kept = keys.Keys(tmp_path)
    pipeline.perform(writes("one"), kept)
    kept.forget(["a", "b"])
    assert (tmp_path / "a.txt").exists()
    kept.forget(["b"])
    assert not (tmp_path / "a.txt").exists()
    assert keys.Keys(tmp_path).entries == {}


def test_another_commit_makes_the_page_again_and_once(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    for expected in ("1 of 7 steps run", "no of 7 steps run"):
        assert paper_folder.make(copy, "2" * 40) == 0
        assert expected in capsys.readouterr().out


def test_names_and_paths(tmp_path: Path) -> None:
    assert steps.slug("exp(-6*y)") == "exp-6y"
    file = tmp_path / "ages.csv"
    file.write_text("age\n1\n2\n")
    step = steps.own(steps.Request(tmp_path, labels=(f"{file}:age",)))[0]
    assert str(tmp_path) not in stamp.shown(step)
    assert "ages.csv:age" in stamp.shown(step)
    with pytest.raises(InputError, match="no file"):
        steps.own(steps.Request(tmp_path, labels=("nowhere.csv",)))
    with pytest.raises(InputError, match="no column"):
        steps.own(steps.Request(tmp_path, labels=(f"{file}:size",)))
    with pytest.raises(InputError, match="standard input"):
        steps.own(steps.Request(tmp_path, labels=("-",)))


def test_command_plans_without_writing(tmp_path: Path) -> None:
    done = paper_folder.shell(tmp_path, "-m", "numerics.paper", "--dry-run")
    assert done.returncode == 0
    assert done.stderr.startswith("theory: ")
    assert all(line.endswith(" left)") for line in done.stderr.splitlines())
    assert len(done.stderr.splitlines()) == len(steps.DENSITIES) + 6  # theory, study, sample, advice, figures, page
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("figures", "--all", "nowhere"), "has no verify-"),
        (("figures", "--all", ".", "--only", "offset"), "--only"),
        (("numerics.paper", "--labels", "nowhere.csv"), "no file"),
        (("numerics.paper", "--study", "nonsense"), "invalid choice"),
        (("numerics.paper", "--published", "nowhere.csv", "--dry-run"), "cannot read nowhere.csv"),
        (("numerics.paper", "--store", ".", "--dry-run"), "is a folder"),
        (("numerics.paper.sample", "longtail", "0", "0", "a.csv"), "whole number"),
        (("numerics.paper.sample", "longtail", "5", "x", "a.csv"), "whole number"),
    ],
)
def test_bad_input_is_one_line(tmp_path: Path, arguments: tuple[str, ...], expected: str) -> None:
    done = paper_folder.shell(tmp_path, "-m", *arguments)
    assert done.returncode == 2
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_the_time_that_is_left_follows_what_steps_took() -> None:
    plan = [steps.theory(), steps.verify("skewed", True), steps.verify("mild", True)]
    run = clock.Clock(plan)
    assert run.left() == sum(map(clock.usual, plan))
    run.done(plan[0], 2 * clock.usual(plan[0]))
    assert run.left() == 2 * (clock.usual(plan[1]) + clock.usual(plan[2]))
    # A step that takes longer than thought leaves the others.
    assert run.left(elapsed=1e6) == 2 * clock.usual(plan[2])
    assert clock.words(run.left()) == "about 1 min left"
    assert clock.words(0.0) == "about 10 s left"
    for step in plan[1:]:
        run.done(step, 1.0)
    assert run.left() == 0
