"""Figures: every one is drawn from a saved report alone, nothing is clipped or overlaps, a redraw gives the same bytes."""

from __future__ import annotations

import csv
import io
import itertools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from matplotlib import colors
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from figures import __main__ as figures_main
from figures import album, loss_scale, offset, squared_error, style, tables, tilt
from numerics import provenance
from unskew.ground import command

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the report of the command itself, without fits (they take long and change no layout)."""
    folder = tmp_path_factory.mktemp("verify")
    words = [
        sys.executable,
        "-m",
        "numerics.verify",
        "--density",
        "skewed",
        "--no-fit",
        "--quiet",
        "--out",
        str(folder),
    ]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def report(saved: Path) -> dict[str, Any]:
    return json.loads((saved / "report.json").read_text())


def out_of_view(figure: Figure) -> set[Text]:
    """Labels of ticks beyond an axis' ends: they exist but are never drawn."""
    hidden = set()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if not low <= tick.get_loc() <= high:
                    hidden |= {tick.label1, tick.label2}
    return hidden


def visible_texts(figure: Figure) -> list[Text]:
    found = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    hidden = out_of_view(figure)
    return [text for text in found if text not in hidden]


def extents(figure: Figure) -> list[tuple[str, Any]]:
    """Words and their boxes, in pixels, after layout."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    return [(text.get_text(), text.get_window_extent(renderer)) for text in visible_texts(figure)]


@pytest.mark.parametrize("name", album.VERIFY)
def test_nothing_is_clipped_or_overlaps(name: str, report: dict[str, Any]) -> None:
    module = __import__(f"figures.{name}", fromlist=["figure"])
    if not module.drawable(report):
        pytest.skip(f"{name} has nothing to draw for this density without fits")
    drawn = module.figure(report)
    width, height = drawn.get_size_inches() * drawn.dpi
    assert drawn.get_size_inches()[0] == pytest.approx(style.COLUMN)
    boxes = extents(drawn)
    assert boxes
    for words, box in boxes:
        # Two pixels at 100 dpi: half of the width of a letter at this size.
        assert box.x0 >= -2, words
        assert box.y0 >= -2, words
        assert box.x1 <= width + 2, words
        assert box.y1 <= height + 2, words
    for (first, a), (second, b) in itertools.combinations(boxes, 2):
        across = min(a.x1, b.x1) - max(a.x0, b.x0)
        along = min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, along) <= 2, f"{first!r} runs into {second!r}"


@pytest.mark.parametrize("name", album.VERIFY)
def test_caption_and_data_have_the_numbers(name: str, report: dict[str, Any]) -> None:
    module = __import__(f"figures.{name}", fromlist=["figure"])
    if not module.drawable(report):
        pytest.skip(f"{name} has nothing to draw for this density without fits")
    caption = module.caption(report)
    assert caption.startswith(f"{name}. ")
    assert caption.endswith(".")
    assert not {"nan", "inf", "{", "}"} & set(caption.replace(".", " ").split())
    columns = module.data(report)
    assert columns
    assert all(len(column) > 0 for column in columns.values())


def test_the_course_of_a_curve_in_words() -> None:
    scale = [1.0, 2.0, 4.0, 8.0, 16.0]
    whole = loss_scale.course(scale, [0.42, 0.4, 0.9, 1.284, 1.019])
    assert whole == "0.420 at lambda = 1, dips to 0.400 near 2, rises to 1.284 near 8, falls to 1.019 at 16"
    assert loss_scale.course(scale, [0.1, 0.2, 0.3, 0.4, 0.5]) == "0.100 at lambda = 1, rises to 0.500 near 16"
    assert loss_scale.course(scale, [0.5, 0.4, 0.3, 0.2, 0.1]) == "0.500 at lambda = 1, falls to 0.100 at 16"
    assert loss_scale.falls([3.0, 2.0, 1.0])
    assert not loss_scale.falls([3.0, 2.0, 2.5])


def test_captions_follow_the_curve(report: dict[str, Any]) -> None:
    assert "the training risk falls throughout" in loss_scale.caption(report)
    risen = without(report, "curves", "loss_scale", "worlds")
    worlds = json.loads(json.dumps(report["curves"]["loss_scale"]["worlds"]))
    worlds[1]["imbalanced"][-1] = 1.0
    risen["curves"]["loss_scale"]["worlds"] = worlds
    assert "falls throughout" not in loss_scale.caption(risen)


def test_data_hold_every_line_that_is_drawn(report: dict[str, Any]) -> None:
    """Every curve of a drawing, symbols and references with it, is among the columns."""
    for module in (offset, squared_error, tilt):
        columns = [style.finite(column) for column in module.data(report).values()]
        lines = [line for axes in module.figure(report).axes for line in axes.get_lines()]
        assert len(lines) > 2
        for line in lines:
            values = list(map(float, line.get_ydata()))
            # References: one height from side to side, or an input's place from foot to top.
            known = {value for column in columns for value in column} | {
                slice_["x"] for slice_ in report["curves"]["posteriors"]["at"]
            }
            across = len(set(values)) == 1 and values[0] in known
            upright = len(set(map(float, line.get_xdata()))) == 1 and float(line.get_xdata()[0]) in known
            assert across or upright or values in columns, (module.__name__, line.get_label())


def test_caption_of_squared_error_is_in_its_data(report: dict[str, Any]) -> None:
    columns = squared_error.data(report)
    for name in ("price", "balanced_risk"):
        assert style.number(columns[name][0], 4) in squared_error.caption(report)


def test_tilt_says_which_points_are_drawn(report: dict[str, Any]) -> None:
    columns = tilt.data(report)
    drawn = [value for value, shown in zip(columns["extra_error"], columns["drawn"], strict=True) if shown]
    assert 0 < len(drawn) < len(columns["extra_error"])
    for end in (min(drawn), max(drawn)):
        assert style.number(end) in tilt.caption(report)


def test_redraw_gives_the_same_bytes(saved: Path, tmp_path: Path, report: dict[str, Any]) -> None:
    (tmp_path / "report.json").write_bytes((saved / "report.json").read_bytes())
    drawn = list(album.draw_all(report, tmp_path))
    assert drawn
    for path in drawn:
        assert path.read_bytes() == (saved / path.name).read_bytes(), path.name


def test_colours_differ_in_grey_or_in_dash() -> None:
    """The two worlds, the corrected model and the remainder are told apart by lightness alone (a tenth of the scale)."""

    def lightness(colour: str) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colors.to_rgb(colour)]
        return 1.16 * (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]) ** (1 / 3) - 0.16

    bars = (lightness(style.CLASS_PART), lightness(style.REMAINDER), lightness(style.IMBALANCED))
    assert all(abs(a - b) > 0.1 for a, b in itertools.combinations(bars, 2))


def test_fonts_are_embedded_and_readable(report: dict[str, Any]) -> None:
    assert matplotlib.rcParams["pdf.fonttype"] == 42
    drawn = __import__("figures.offset", fromlist=["figure"]).figure(report)
    assert min(float(text.get_fontsize()) for text in visible_texts(drawn)) >= 6


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "No such file"),
        ("{", "not a whole JSON"),
        ("[" * 200_000, "not a whole JSON"),
        ("[]", "no JSON object"),
        ('{"a": 1}', "not a report"),
    ],
)
def test_bad_folders_get_one_line(tmp_path: Path, content: str | None, expected: str) -> None:
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    words = [sys.executable, "-m", "figures", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1


def test_unknown_figure_is_refused(saved: Path) -> None:
    words = [sys.executable, "-m", "figures", str(saved), "--only", "nonsense"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "no figure 'nonsense'" in done.stderr


def without(report: dict[str, Any], *path: str, value: Any = None) -> dict[str, Any]:
    """The report with one entry replaced, or taken away."""
    copy = json.loads(json.dumps(report))
    inner = copy
    for name in path[:-1]:
        inner = inner[name]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value if value != "null" else None
    return copy


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> str:
    """The one line of a command that refuses its input."""
    monkeypatch.setattr(sys, "argv", ["figures", *arguments])
    with pytest.raises(SystemExit) as ended:
        command.run("python -m figures", figures_main.main)
    assert ended.value.code == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    return captured.err


@pytest.mark.parametrize(
    "content",
    [
        {"schema": "verify/1"},
        {"schema": "study/1"},
        {"schema": "verify/2"},
        {"schema": "falsify/1"},
        {"schema": None},
        {"schema": {}},
        {"schema": ["verify/1"]},
    ],
)
def test_bare_reports_get_one_line(
    content: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text(json.dumps(content))
    error = refused([str(tmp_path)], capsys, monkeypatch)
    if content["schema"] in ("verify/1", "study/1"):
        assert str(tmp_path) in error
        assert "make it again with this version" in error
    else:
        assert "unknown schema" in error


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("made",), {}),
        (("made",), "x"),
        (("made", "versions"), None),
        (("curves",), "null"),
        (("curves", "noise", "price"), None),
        (("curves", "map", "joint"), []),
        (("quantities",), None),
        (("quantities", "per_classes"), []),
        (("quantities", "per_classes"), "null"),
        (("quantities", "price"), "null"),
        (("density",), None),
    ],
)
def test_broken_reports_get_one_line(
    path: tuple[str, ...],
    value: Any,
    report: dict[str, Any],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "report.json").write_text(json.dumps(without(report, *path, value=value)))
    error = refused([str(tmp_path), "--quiet"], capsys, monkeypatch)
    assert str(tmp_path) in error
    assert "make it again with this version" in error


def test_a_figure_that_this_report_has_no_numbers_for_is_refused(
    report: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text(json.dumps(without(report, "curves", "loss_scale")))
    assert "'loss_scale' cannot be drawn" in refused([str(tmp_path), "--only", "loss_scale"], capsys, monkeypatch)
    assert list(tmp_path.iterdir()) == [tmp_path / "report.json"]


def test_figures_name_the_sources_that_drew_them(report: dict[str, Any], tmp_path: Path) -> None:
    elsewhere = without(report, "made", "commit", value="f" * 40)
    next(path for path in album.draw_all(elsewhere, tmp_path, ["price"]) if path.suffix == ".txt")
    words = (tmp_path / "price.txt").read_text()
    assert f"at commit {'f' * 40}; " in words
    assert words.endswith(f"; drawn at commit {provenance.commit()}\n")
    assert "drawn at" not in album.origin(without(report, "made", "commit", value=provenance.commit()))
    assert album.origin({}) == ""


def check(kind: str, theory: float, numeric: float, tolerance: float, evidence: str = "quadrature") -> dict[str, Any]:
    return {"kind": kind, "evidence": evidence, "theory": theory, "numeric": numeric, "tolerance": tolerance}


@pytest.mark.parametrize(
    ("kind", "closest", "others"),
    [
        # The distance alone would choose the bound with most room.
        ("upper bound", (1.0, 0.9, 0.1), [(1.0, 0.0, 0.1), (5.0, 0.0, 0.01)]),
        ("upper bound", (1.0, 1.05, 0.1), [(1.0, 0.9, 0.1)]),
        ("counterexample", (1.0, 1.2, 0.1), [(1.0, 3.0, 0.1), (1.0, 1.5, 0.1)]),
        ("identity", (1.0, 0.91, 0.1), [(1.0, 1.05, 0.1), (1.0, 0.95, 0.1)]),
        # Without a tolerance: equality is the closest call, room is the farthest.
        ("identity", (2.0, 2.0, 0.0), [(1.0, 0.91, 0.1)]),
        ("upper bound", (2.0, 2.0, 0.0), [(1.0, 0.91, 0.1), (2.0, 1.0, 0.0)]),
        ("upper bound", (1.0, 0.1, 0.1), [(2.0, 1.0, 0.0)]),
        ("counterexample", (1.0, 1.2, 0.1), [(2.0, 3.0, 0.0)]),
    ],
)
def test_the_closest_call_is_the_one_with_least_room(
    kind: str, closest: tuple[float, float, float], others: list[tuple[float, float, float]]
) -> None:
    for order in itertools.permutations([closest, *others]):
        found = tables.tightest([check(kind, *numbers) for numbers in order])
        assert found == check(kind, *closest), order
    assert tables.tightest([check(kind, 0.0, 0.0, 0.0, "symbolic")]) is None


def test_text_of_any_kind_survives_csv(tmp_path: Path) -> None:
    texts = ["a#b.csv", 'say "no", twice', "plain", "two\nlines", "年齢.csv"]
    path = style.save_data({"text": texts, "number": [0.1, None]}, tmp_path, "odd", "a line")
    comment, rest = path.read_text(encoding="utf-8").split("\n", 1)
    assert comment == "# a line"
    rows = list(csv.reader(io.StringIO(rest)))
    assert rows == [["text", "number"], *map(list, zip(texts, ["0.1", "", "", "", ""], strict=True))]
    # A reader that skips comments cuts what follows a bare '#'.
    assert '"a#b.csv",0.1\n' in rest
    assert tables.as_csv(tables.Table("t", "", ("A, b",), ("a",), (("x#y",),))) == 'a\n"x#y"\n'


def test_text_that_latex_has_no_letters_for_becomes_a_question_mark() -> None:
    assert tables.escaped("年齢_ä.csv") == r"??\_ä.csv"
    assert tables.escaped("«þ\x85\x00") == "????"


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no pdflatex on this machine")
def test_latex_sets_every_letter_that_is_kept(tmp_path: Path) -> None:
    text = tables.escaped("".join(map(chr, range(0x10, 0x500))) + "−–×“”年😀")
    (tmp_path / "a.tex").write_text(f"\\documentclass{{article}}\\begin{{document}}{text}\\end{{document}}\n")
    words = ["pdflatex", "-halt-on-error", "-interaction=nonstopmode", "a.tex"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout.decode(errors="replace")[-1000:]


def test_labels_of_one_file_name_are_told_apart() -> None:
    def report(source: str) -> dict[str, Any]:
        return {"labels": {"source": source}}

    given = {"a": "labels.csv:age", "b": "labels.csv:age", "c": "x/ages.txt", "d": "ages.csv:one", "e": "ages.csv:two", "f": "labels.csv:age"}  # fmt: skip
    named = tables.sources({name: report(source) for name, source in given.items()})
    assert list(named.values()) == ["labels.csv, age", "labels.csv, age (2)", "ages.txt", "ages.csv, one", "ages.csv, two", "labels.csv, age (3)"]  # fmt: skip
