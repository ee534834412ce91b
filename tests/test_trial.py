"""The trial of remedies: scores against loops, tables read or refused, and a whole run on labels where theory predicts a gain."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from numerics.trial import __main__ as command
from numerics.trial import experiment, report, score, table
from numerics.trial import world as worlds
from unskew.ground.refusals import InputError

COLUMNS = 3


def world(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Skewed labels, exp(-6 y) on [0, 1], seen through noise 0.1: the best balanced predictor and the best of training are far apart."""
    random = np.random.default_rng(seed)
    y = -np.log1p(random.uniform(size=rows) * np.expm1(-6.0)) / 6
    seen = y + 0.1 * random.normal(size=rows)
    return np.stack([seen, seen**2, random.normal(size=rows)], 1), y


def written(path: Path, x: np.ndarray, y: np.ndarray) -> Path:
    rows = [",".join(map(repr, [*map(float, row), float(label)])) for row, label in zip(x, y, strict=True)]
    path.write_text("\n".join(["a,b,c,y", *rows]) + "\n")
    return path


def test_balanced_score_against_a_loop() -> None:
    random = np.random.default_rng(0)
    q = random.dirichlet(np.ones(6))
    stretch = random.integers(0, 5, 40)  # the last stretch has no rows
    error = random.uniform(size=40)
    means, held = 0.0, 0.0
    for s in range(6):
        inside = [e for e, where in zip(error, stretch, strict=True) if where == s]
        if inside:
            means += q[s] * math.fsum(inside) / len(inside)
            held += q[s]
    assert abs(score.balanced(error, stretch, q) - means / held) < 1e-14


def test_interval_of_splits_covers_and_the_plain_one_does_not() -> None:
    """Mean squared error of the training mean on random splits of fresh rows: the corrected interval holds its truth as often as it says."""
    random = np.random.default_rng(1)
    rows, trained, tested, splits, runs = 80, 60, 20, 10, 400
    truth = 1 + 1 / trained
    hits = np.zeros(2)
    for _ in range(runs):
        y = random.normal(size=rows)
        values = np.empty(splits)
        for j in range(splits):
            order = random.permutation(rows)
            values[j] = np.mean((y[order[trained:]] - y[order[:trained]].mean()) ** 2)
        found = score.resampled(values, tested, trained)
        plain = stats.t.interval(0.95, splits - 1, values.mean(), stats.sem(values))
        hits += [found.low <= truth <= found.high, plain[0] <= truth <= plain[1]]
    # Binomial, four standard errors; the plain interval must fall short of 95 % by as much.
    error = 4 * math.sqrt(0.05 * 0.95 / runs)
    assert hits[0] / runs >= 0.95 - error
    assert hits[1] / runs < 0.95 - error


def test_edges_hold_enough_labels() -> None:
    y = np.random.default_rng(0).gamma(1.0, size=3000)
    edges = worlds.merged_edges(y, 100, 30)
    assert edges[0] == y.min()
    assert edges[-1] == y.max()
    assert np.histogram(y, edges)[0].min() >= 30
    assert len(edges) > 20


def test_table_of_numbers_words_and_gaps(tmp_path: Path) -> None:
    lines = ["id;size;colour;same;y"]
    for row in range(240):
        size = "" if row == 5 else str(row % 7)
        lines.append(f"name{row};{size};{'red' if row % 3 else 'blue'};4;{row / 3}")
    (tmp_path / "t.csv").write_text("\n".join(lines))
    found = table.read(tmp_path / "t.csv", "y")
    assert found.inputs == ("size", "size missing", "colour=blue", "colour=red")
    assert found.left_out == ("id (240 different words)", "same (constant)")
    assert found.x.shape == (240, 4)
    assert found.x[5, 1] == 1
    assert found.x[5, 0] == pytest.approx(np.mean([row % 7 for row in range(240) if row != 5]), rel=1e-12)
    assert table.read(tmp_path / "t.csv", "y", ["colour"]).inputs == ("size", "size missing")


def test_npz_and_parquet_hold_the_same_table(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra 'data' is not installed")
    parquet = pytest.importorskip("pyarrow.parquet")
    x, y = world(250)
    np.savez(tmp_path / "t.npz", x=x, y=y)
    first = table.read(tmp_path / "t.npz", "y")
    second = table.read(written(tmp_path / "t.csv", x, y), "y")
    parquet.write_table(pyarrow.table({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": y}), tmp_path / "t.parquet")
    third = table.read(tmp_path / "t.parquet", "y")
    for one in (second, third):
        np.testing.assert_array_equal(one.x, first.x)
        np.testing.assert_array_equal(one.y, first.y)


def csv(rows: int = 210, header: str = "a,y", cell=lambda row: f"{row % 5},{row}") -> str:
    return "\n".join([header, *(cell(row) for row in range(rows))])


@pytest.mark.parametrize(
    ("content", "label", "message"),
    [
        (csv(), "z", "no column 'z': use one of a, y"),
        (csv(header="y,y"), "y", "two columns named 'y'"),
        (csv(rows=50), "y", "50 rows: a trial needs at least 200"),
        (csv(cell=lambda row: f"{row % 5},word"), "y", "holds 'word', not a number"),
        (
            csv(cell=lambda row: f"{row % 5},{'' if row == 7 else row}"),
            "y",
            "missing or not finite in 1 rows, the first 8",
        ),
        (csv(cell=lambda row: f"{row % 5},inf"), "y", "missing or not finite in 210 rows"),
        (csv(cell=lambda row: f"{row % 5},3"), "y", "all labels 'y' are 3"),
        (csv(cell=lambda row: f"1,{row}"), "y", "no inputs beside 'y'"),
        (csv(cell=lambda row: f"{'inf' if row == 3 else row},{row}"), "y", "column 'a' holds infinite numbers"),
        (csv(cell=lambda row: "1" if row == 4 else f"1,{row}"), "y", "1 cells in row 6 and 2 names"),
        ("a,y\n", "y", "no rows below a header"),
        ("", "y", "no rows below a header"),
        (csv(cell=lambda row: f"{row % 5},{1000 if row % 20 == 9 else row / 1000}"), "y", None),
    ],
)
def test_bad_tables(content: str, label: str, message: str | None, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(content)
    if message is not None:
        with pytest.raises(InputError, match=message):
            table.read(path, label)
        return
    found = table.read(path, label)
    with pytest.raises(InputError, match="fewer than 30 rows lie outside one stretch"):
        worlds.prepare(found, worlds.parts(np.arange(len(found.y)), 3, 0))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["absent.csv", "--label", "y"], "cannot read absent.csv"),
        (["t.csv"], "--label"),
        (["t.csv", "--label", "y", "--splits", "2"], "--splits 2"),
        (["t.csv", "--label", "y", "--seed", "x"], "--seed x"),
        (["t.csv", "--label", "y", "--drop", "nothing"], "no column 'nothing'"),
        (["t.csv", "--label", "y", "--json", "absent/report.json"], "cannot write into"),
        (["broken.parquet", "--label", "y"], "not a whole parquet file"),
        (["broken.npz", "--label", "y"], "no npz file of plain arrays"),
        (["latin.csv", "--label", "y"], "not UTF-8"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    x, y = world(250)
    written(tmp_path / "t.csv", x, y)
    (tmp_path / "broken.parquet").write_bytes(b"PAR1" + bytes(20))
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04" + bytes(20))
    (tmp_path / "latin.csv").write_bytes("größe,y\n1,2\n".encode("latin-1"))
    before = sorted(tmp_path.iterdir())
    call = [sys.executable, "-m", "numerics.trial", *arguments]
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        call, cwd=tmp_path, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(root)}
    )
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_a_whole_trial_finds_what_theory_predicts(tmp_path: Path, capsys) -> None:
    """One run of the command: recalibration and the corrected heads gain, the plain term does not, prediction and measurement agree."""
    x, y = world(3000)
    path = written(tmp_path / "t.csv", x, y)
    arguments = [str(path), "--label", "y", "--splits", "4", "--quiet", "--json", str(tmp_path / "r.json")]
    assert command.main(arguments) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Imbalance costs a network trained with squared error")
    assert lines[3] == ""
    found = json.loads((tmp_path / "r.json").read_text())
    assert found["schema"] == report.SCHEMA
    assert (found["train"], found["validation"], found["test"]) == (1800, 450, 750)
    balanced = {row["name"]: row["balanced"]["value"] for row in found["remedies"]}
    assert len(balanced) == 9
    assert all(any(line.startswith(name) for line in lines) for name in balanced)
    base = balanced["squared error"]
    for name in ("weights 1/r", "squared error, recalibrated"):
        assert balanced[name] < 0.97 * base, name
    for gain in (found["saving"], found["cost"]):
        # Both are means over the same splits: the measured interval and the predicted one overlap.
        assert gain["predicted_low"] <= gain["measured"]["high"]
        assert gain["measured"]["low"] <= gain["predicted_high"]
    assert found["made"]["command"] == "unskew trial t.csv --label y --splits 4"


def test_equal_seeds_give_equal_numbers() -> None:
    x, y = world(300)
    one = table.Table(x, y, "y", ("a", "b", "c"), ())
    first, second = (experiment.run(one, 3, 5, lambda share: None) for _ in range(2))
    for a, b in zip(first.scores, second.scores, strict=True):
        np.testing.assert_array_equal(a.balanced, b.balanced)
