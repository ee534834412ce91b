"""The study's command: bad input in one line, presets, plans, same store same bytes, the whole command once with the real engine."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from numerics.study import execution, families, grid, options, presets
from numerics.study.arms import NAMES as ARMS
from numerics.study.job import Job, chunks
from unskew.ground.refusals import InputError

HERE = Path(__file__).resolve().parent
ENVIRONMENT = os.environ | {"PYTHONPATH": str(HERE.parent)}


def fake(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(HERE / "study_fake.py"), *arguments],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )


BAD = [
    (["--arms", "reg", "magic"], "magic"),
    (["--arms"], "arms"),
    (["--seeds", "0"], "0 is not a whole number of at least 1"),
    (["--seeds", "-3"], "at least 1"),
    (["--seeds", "1.5"], "whole number"),
    (["--seeds", "1000000"], "at most 10000"),
    (["--functions", "0"], "no functions"),
    (["--functions", "11"], "the protocol has 10"),
    (["--functions", "-1"], "at least 0"),
    (["--drawn", "1.5"], "whole number"),
    (["--drawn", "2001"], "at most 2000"),
    (["--map", "--drawn", "5"], "both kinds"),
    (["--classes", "1"], "at least 2"),
    (["--classes", "4", "x"], "class count"),
    (["--classes", "100000"], "at most 8192"),
    (["--setting", "dirty"], "dirty"),
    (["--sampling", "extreme"], "extreme"),
    (["--optimizer", "newton"], "newton"),
    (["--learning-rate", "0"], "positive"),
    (["--learning-rate", "nan"], "positive"),
    (["--scale", "inf"], "positive"),
    (["--decay", "-1"], "at least 0"),
    (["--noise", "-0.1"], "at least 0"),
    (["--hidden", "0"], "at least 1"),
    (["--hidden", "6", "15", "--width", "5"], "--hidden and --width"),
    (["--epochs", "0"], "at least 1"),
    (["--batch", "0"], "at least 1"),
    (["--dtype", "float16"], "float16"),
    (["--workers", "0"], "at least 1"),
    (["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"], "not allowed with"),
    (["--preset", "huge"], "huge"),
    (["--published", "absent.csv"], "cannot read absent.csv"),
    (["--store", "no/such/folder/s.sqlite"], "does not exist"),
    (["--store", "."], "is a folder"),
    (["--unknown"], "--unknown"),
]


@pytest.mark.parametrize(("arguments", "culprit"), BAD, ids=[" ".join(case[0]) for case in BAD])
def test_bad_input_is_an_input_error(
    arguments: list[str], culprit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from numerics.study import session

    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=culprit):
        session.run(options.read(arguments), lambda chunk: pytest.fail("must not train"))


@pytest.mark.parametrize(
    "arguments",
    [["--arms", "magic\n\x1b[31m"], ["--seeds", "0"], ["--published", "absent.csv"]],
)
def test_bad_input_is_one_line_and_exit_2(arguments: list[str], tmp_path: Path) -> None:
    done = fake(*arguments, "--store", str(tmp_path / "s.sqlite"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "\x1b" not in done.stderr
    assert not (tmp_path / "s.sqlite").exists()


def test_output_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    done = fake("--preset", "smoke", "--out", str(tmp_path / "file"))
    assert done.returncode == 2
    assert (tmp_path / "file").read_text() == "kept"


def test_help_is_quick_and_light() -> None:
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "numerics.study", "--help"], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    seconds = time.perf_counter() - begin
    for option in ("--setting", "--scheduler", "--published", "--dry-run", "--json", "--preset"):
        assert option in done.stdout
    # The house's limit is 0.3 s on an idle machine; the import list is what this test is about.
    assert seconds < 3
    heavy = "import sys, numerics.study.options; print(sorted({'jax', 'numpy', 'optax', 'scipy', 'distributed'} & set(sys.modules)))"
    assert (
        subprocess.run(
            [sys.executable, "-c", heavy], env=ENVIRONMENT, capture_output=True, text=True, check=True
        ).stdout
        == "[]\n"
    )


def test_paper_preset_is_the_protocol() -> None:
    asked = options.read([])
    assert asked.settings == presets.SETTINGS
    assert asked.arms == ARMS
    cells = grid.cells(options.read(["--preset", "paper", "--arms", "reg", "reg_cls"]))
    pairs = sum(len(cell.functions) * cell.seeds * len(cell.classes) for cell in cells)
    assert pairs == 3000
    # `reg` is shared by the class counts: 600 + 3,000 trainings.
    assert len(grid.jobs(cells)) == 3600
    rates = {
        cell.condition.setting: (cell.condition.learning_rate, cell.condition.scale, cell.condition.noise)
        for cell in cells
    }
    assert rates == {"clean": (1e-3, 100.0, 0.0), "noisy": (1e-2, 1000.0, 0.1), "ood": (1e-4, 10000.0, 0.0)}


def test_drawn_functions_are_cells_of_their_own() -> None:
    cells = grid.cells(options.read(["--preset", "drawn", "--functions", "10", "--drawn", "20", "--setting", "clean"]))
    assert [(cell.sampling, cell.drawn, cell.functions[0], len(cell.functions)) for cell in cells[:2]] == [
        ("uniform", False, 0, 10),
        ("uniform", True, 10, 20),
    ]
    assert len(cells) == 8
    # The families of the two kinds are apart: four samplings, the claim and two controls.
    sizes = families.sizes(cells, ("test_mse",))
    assert {(key.drawn, size) for key, size in sizes.items() if key.role == "verdict"} == {(False, 12), (True, 12)}
    whole = options.read(["--preset", "drawn"])
    assert (whole.functions, whole.drawn, whole.seeds, whole.classes) == (0, 150, 2, (64,))
    assert len(grid.jobs(grid.cells(whole))) == 9600


def test_drawn_functions_are_reported_with_their_power(tmp_path: Path) -> None:
    common = "--preset", "drawn", "--setting", "clean", "--sampling", "severe", "--seeds", "1"
    done = fake(*common, "--functions", "10", "--drawn", "30", "--out", str(tmp_path / "out"), "--quiet")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [(cell["functions"], cell["drawn"]) for cell in report["cells"]] == [(10, False), (30, True)]
    ten, drawn = ({row["name"]: row for row in cell["contrasts"]} for cell in report["cells"])
    for name in ("claim", "scale", "placebo"):
        assert min(drawn[name]["detectable"], ten[name]["detectable"]) > 0
        assert (drawn[name]["family"], ten[name]["family"]) == (3, 3)
    for line in ("| severe | 10 functions of the paper |", "| severe | 30 drawn functions |", "probability 0.8 after"):
        assert line in done.stdout
    rows = list(csv.DictReader(line for line in (tmp_path / "out" / "table.csv").open() if not line.startswith("#")))
    assert {row["detectable"] for row in rows if row["name"] == "claim"} == {
        str(cell["claim"]["detectable"]) for cell in (ten, drawn)
    }


def test_explicit_options_override_a_preset_and_repeats_count_once() -> None:
    asked = options.read(
        ["--preset", "severe", "--seeds", "2", "--classes", "4", "4", "--arms", "reg_cls", "reg", "reg"]
    )
    assert (asked.samplings, asked.seeds, asked.classes, asked.arms) == (("severe",), 2, (4,), ("reg", "reg_cls"))


def test_map_preset_crosses_its_axes() -> None:
    found = grid.conditions(options.read(["--preset", "map"]))
    axes = presets.PRESETS["map"]
    expected = 1
    for name in ("optimizer", "width", "decay", "scale", "noise"):
        expected *= len(axes[name])
    assert len(found) == len(set(found)) == expected
    assert {condition.hidden[-1] for condition in found} == {5, 9, 17, 33, 65}


def test_weight_grows_with_what_costs() -> None:
    def weight(**changes: object) -> float:
        job = Job(setting="clean", sampling="severe", function=0, data_seed=0, classes=4, arm="reg_cls")
        return replace(job, **changes).weight  # type: ignore[arg-type]

    assert weight(classes=64) > weight()
    assert weight(epochs=160) == 2 * weight()
    assert weight(hidden=(6, 65)) > weight()


def test_progress_tells_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 30.0, 90.0, 120.0])
    monkeypatch.setattr(execution.time, "perf_counter", lambda: next(clock))
    stream = io.StringIO()
    pending = [(number, (Job("clean", "severe", number, 0, 0, "reg"),)) for number in range(4)]
    progress = execution.Progress(pending, stream)
    for number in (2, 0, 1):
        progress(number)
    assert stream.getvalue().splitlines() == [
        "1 of 4 chunks, about 1 min 30 s left",
        "2 of 4 chunks, about 1 min 30 s left",
        "3 of 4 chunks, about 40 s left",
    ]


def test_durations() -> None:
    assert [execution.duration(seconds) for seconds in (0.2, 59, 200, 7500)] == [
        "0 s",
        "59 s",
        "3 min 20 s",
        "2 h 05 min",
    ]


def test_dry_run_trains_nothing_into_the_store_and_tells_the_time(tmp_path: Path) -> None:
    store = ("--preset", "smoke", "--store", str(tmp_path / "s.sqlite"))
    before = fake(*store, "--dry-run")
    assert before.returncode == 0, before.stderr
    wanted = len(grid.jobs(grid.cells(options.read(["--preset", "smoke"]))))
    assert (
        f"{wanted} trainings in {len(chunks(grid.jobs(grid.cells(options.read(['--preset', 'smoke'])))))} chunks; {wanted} in"
        in before.stdout
    )
    assert "expected time:" in before.stdout
    assert fake(*store).returncode == 0
    assert "0 in 0 are missing" in fake(*store, "--dry-run").stdout


def test_json_table_and_runs_agree_and_repeat_byte_for_byte(tmp_path: Path) -> None:
    arguments = ("--preset", "severe", "--epochs", "1", "--store", str(tmp_path / "s.sqlite"), "--quiet")
    first = fake(*arguments, "--out", str(tmp_path / "a"), "--json", str(tmp_path / "r.json"))
    second = fake(*arguments, "--out", str(tmp_path / "b"), "--json", "-")
    assert first.returncode == second.returncode == 0, first.stderr
    assert (tmp_path / "r.json").read_text() == second.stdout
    for name in ("report.json", "table.csv", "runs.csv"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    report = json.loads(second.stdout)
    rows, runs = _rows(tmp_path / "a" / "table.csv"), _rows(tmp_path / "a" / "runs.csv")
    assert len(runs) == report["trainings"] == 9 * 50 + 5 * 4 * 50
    claim = next(row for row in rows if row["name"] == "claim" and row["classes"] == "all")
    mean = {arm: _mean(runs, arm) for arm in ("reg", "reg_cls")}
    # Recomputed here from the runs: a diverged run stands with the variance of the test targets (1 in the stand-in engine).
    assert float(claim["value"]) == pytest.approx(mean["reg"] - mean["reg_cls"], rel=1e-12)
    assert report["cells"][0]["verdict"] == claim["verdict"] == "replicated"
    share = report["cells"][0]["attribution"]
    expected = (mean["reg"] - _mean(runs, "reg_scaled")) / (mean["reg"] - mean["reg_cls"])
    assert share["value"] == pytest.approx(expected, rel=1e-12)
    assert share["low"] < share["value"] < share["high"]
    assert report["diverged"] == sum(row["diverged"] == "True" for row in runs) > 0
    assert (
        sum(int(row["diverged"]) for row in rows if row["row"] == "mean" and row["classes"] == "all")
        == report["diverged"]
    )


def _rows(path: Path) -> list[dict[str, str]]:
    """Rows under the comment that says what the file was made from."""
    comment, *lines = path.read_text().splitlines()
    assert comment.startswith("# made by 'python -m numerics.study --preset severe --epochs 1' at commit")
    return list(csv.DictReader(lines))


def _mean(runs: list[dict[str, str]], arm: str) -> float:
    values = [1.0 if row["diverged"] == "True" else float(row["test_mse"]) for row in runs if row["arm"] == arm]
    return sum(values) / len(values)


def test_narrow_arms_cannot_be_called_replicated(tmp_path: Path) -> None:
    done = fake(
        "--preset", "severe", "--epochs", "1", "--arms", "reg", "reg_cls", "--store", str(tmp_path / "s.sqlite")
    )
    assert "verdict: uncontrolled" in done.stdout


def test_families_cover_every_contrast(tmp_path: Path) -> None:
    done = fake("--preset", "smoke", "--store", str(tmp_path / "s.sqlite"), "--json", "-")
    report = json.loads(done.stdout)
    assert sum(family["size"] for family in report["families"]) == sum(
        len(cell["contrasts"]) for cell in report["cells"]
    )
    pooled = next(family for family in report["families"] if family["role"] == "verdict" and family["over"] == "pooled")
    assert pooled["size"] == 4 * 2  # claim and three controls, two samplings


def test_map_reports_every_condition(tmp_path: Path) -> None:
    arguments = ("--preset", "map", "--width", "5", "9", "--noise", "0", "--scale", "100", "--epochs", "1")
    done = fake(*arguments, "--store", str(tmp_path / "s.sqlite"), "--json", "-", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert len(report["map"]) == 2 * 2 * 3 * 2  # optimizers, widths, decays, class counts
    for figure in ("study_map", "study_pairs"):
        assert (tmp_path / "out" / f"{figure}.pdf").stat().st_size > 0
    for entry in report["map"]:
        largest = max(entry[name]["p"] for name in ("claim", "scale", "placebo"))
        assert entry["p"] in (largest, 1)
        assert entry["holm"] >= entry["p"]


def test_whole_command_with_the_real_engine(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "numerics.study", "--preset", "smoke", "--out", str(tmp_path / "out"), "--quiet"]
    done = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["schema"] == "study/1"
    assert report["trainings"] == 2 * 6 * (4 + 5 * 2)
    assert {cell["verdict"] for cell in report["cells"]} <= {"replicated", "not replicated", "confounded", "undecided"}
    drawn = {path.name for path in (tmp_path / "out").iterdir()}
    for name in ("study_samplings", "study_pairs", "study_attribution", "study_example", "study_residuals"):
        assert {f"{name}.{suffix}" for suffix in ("pdf", "png", "csv", "txt")} <= drawn
    example = report["example"]
    assert len(example["truth"]) == len(example["x"]) == len(example["arms"]["reg"]["curve"])
    assert example["window"][0] < example["window"][1]
