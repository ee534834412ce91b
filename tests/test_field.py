"""The field study: its rules as written, its scores against loops, its predictions where truth is known, its command through SIGKILL. Generated data alone."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from numerics.field import data, options, protocol, scores, work
from numerics.field.protocol import Measure
from numerics.trial import world as worlds
from numerics.trial.table import Table
from numerics.trial.world import World
from unskew.ground.refusals import InputError

HERE = Path(__file__).resolve().parent
ENVIRONMENT = os.environ | {"PYTHONPATH": str(HERE.parent)}


def rows(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Labels exp(-6 y) on [0, 1] seen through noise 0.1."""
    random = np.random.default_rng(seed)
    y = -np.log1p(random.uniform(size=count) * np.expm1(-6.0)) / 6
    seen = y + 0.1 * random.normal(size=count)
    return np.stack([seen, seen**2, random.normal(size=count)], 1), y


def split(count: int = 3000, number: int = 0) -> World:
    x, y = rows(count)
    return worlds.prepare(Table(x, y, "y", ("a", "b", "c"), ()), worlds.parts(np.arange(count), 0, number))


# The protocol.


def test_every_arm_is_trained_or_mends_one_that_is() -> None:
    from numerics.field.arms import REMEDIES

    names = [arm.name for arm in protocol.ARMS]
    assert len(names) == len(set(names))
    trained = {arm.name for arm in work.TRAINED}
    assert trained == set(REMEDIES) | {"trees", "trees, weights 1/r"}
    assert {name for arm in trained for name in work.arms_of(arm)} == set(names)
    assert all({one.base, one.arm} <= set(names) for one in protocol.CONTRASTS)
    assert set(protocol.CONTROLS) <= {one.name for one in protocol.CONTRASTS}
    assert len(protocol.SOURCES) >= 12


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        (np.repeat(np.arange(20.0), 60), "1200 rows"),
        (np.repeat(np.arange(20.0), 200), "1.0 times"),
        (np.concatenate([np.zeros(3000), np.full(40, 1.0)]), "2 of 20 stretches"),
        (np.repeat(np.arange(20.0), [2000, *range(400, 20, -20)]), ""),
    ],
)
def test_rule_for_tables(labels: np.ndarray, reason: str) -> None:
    found = protocol.admitted(labels)
    assert reason in found if reason else found == ""


def test_verdicts() -> None:
    assert protocol.verdict(-0.1, -0.2, -0.01, 0.04) == "helps"
    assert protocol.verdict(0.1, 0.01, 0.2, 0.04) == "hurts"
    assert protocol.verdict(-0.1, -0.2, -0.01, 0.06) == "undecided"
    assert protocol.verdict(-0.001, -0.02, 0.02, 0.9) == "no effect"


def test_a_hit_happens_as_often_as_it_says() -> None:
    """Two estimates of one number, of unequal precision: their combined interval holds in 95 %, the first's own interval alone in far fewer."""
    random = np.random.default_rng(0)
    runs, first, second = 4000, 1.0, 1.5
    a, b = first * random.normal(size=runs), second * random.normal(size=runs)
    z = 1.959964
    hits = np.mean(
        [
            protocol.hit(Measure(p, p - z * first, p + z * first), Measure(m, m - z * second, m + z * second))
            for p, m in zip(a, b, strict=True)
        ]
    )
    assert abs(hits - 0.95) < 4 * math.sqrt(0.05 * 0.95 / runs)
    assert np.mean(np.abs(a - b) < z * first) < 0.8
    assert not protocol.hit(Measure(0, -1, 1), Measure(1.5, 1.4, 1.6))
    assert protocol.hit(Measure(0, -1, 2), Measure(1.5, 1.4, 1.6))


# Scores.


def test_sera_against_the_integral_over_thresholds() -> None:
    random = np.random.default_rng(1)
    train = random.gamma(2.0, size=2000)
    y, error = random.gamma(2.0, size=500), random.uniform(size=500)
    phi = scores.relevance(y, train)
    assert phi.min() >= 0
    assert phi.max() == 1
    steps = 4000
    thresholds = (np.arange(steps) + 0.5) / steps
    integral = np.mean([error[phi >= t].sum() for t in thresholds]) / len(y)
    # A step function of 500 jumps, by the midpoint rule.
    assert abs(scores.sera(y, error, train) - integral) < error.sum() / len(y) / steps
    assert scores.relevance(np.array([np.median(train)]), train)[0] < 1e-12
    # The lower end of a gamma law has no labels beyond its whisker: it is no extreme.
    assert scores.relevance(np.array([train.min()]), train)[0] < 1e-12


def test_shots_part_the_stretches() -> None:
    one = split()
    parts = scores.shots(one.shift)
    total = np.sum(list(parts.values()), axis=0)
    assert total.tolist() == (one.shift.q > 0).astype(int).tolist()
    assert one.shift.p[parts["many"]].min() > one.shift.p[parts["medium"]].max()
    assert one.shift.p[parts["medium"]].min() > one.shift.p[parts["few"]].max()


def test_scores_of_a_constant_prediction() -> None:
    one = split()
    train, _, test = one.labels
    values = scores.measure(one, np.full(len(one.held), train.mean()))
    assert values["plain"] == pytest.approx(np.mean((test - train.mean()) ** 2), rel=1e-12)
    shares = [values[name] * (one.shift.q * members).sum() for name, members in scores.shots(one.shift).items()]
    assert values["balanced"] == pytest.approx(sum(shares), rel=1e-9)
    assert values["few"] > values["many"]


def test_mending_gains_what_validation_rows_promise() -> None:
    """What was seen stands for a model's prediction: the promise of its recalibration is kept, and one of five times as much is not."""
    one = split(6000)
    seen = one.held[:, 0] * one.labels[0].std()
    better, gains = scores.mended(one, np.asarray(seen, np.float64), 0)
    assert better.shape == seen.shape
    for values in gains.values():
        assert values[0] > 0
        assert protocol.hit(Measure(*values[:3]), Measure(*values[3:]))
    value, low, high = gains["saving"][:3]
    shift = 4 * value
    wrong = Measure(value + shift, low + shift, high + shift)
    assert not protocol.hit(wrong, Measure(*gains["saving"][3:]))


# Data.


def test_digits_turn_together_and_their_angles_are_skewed() -> None:
    pytest.importorskip("sklearn", reason="the extra 'field' is not installed")
    found = data.digits()
    assert found.images
    assert found.table.x.shape == (len(found.table.y), data.SIDE**2)
    parts = worlds.parts(found.group, 0, 3)
    held = [set(found.group[part].tolist()) for part in (parts.train, parts.validation, parts.test)]
    assert not held[0] & held[1] | held[0] & held[2] | held[1] & held[2]
    assert sum(map(len, held)) == found.group.max() + 1
    # Mean of the law exp(-4 a/90) on [0, 90]; four standard errors.
    mean = protocol.ANGLES * (1 / protocol.SKEW - 1 / math.expm1(protocol.SKEW))
    assert abs(found.table.y.mean() - mean) < 4 * found.table.y.std() / math.sqrt(len(found.table.y))


def test_rows_beyond_the_range_are_left_out() -> None:
    x, y = rows(4000)
    y[:5] = [3.0, 3.5, 4.0, 4.5, 5.0]
    whole = Table(x, y, "y", ("a", "b", "c"), ())
    with pytest.raises(data.Skipped, match="stretches hold 30 rows"):
        data.cut("own", whole)
    y[:5] = 1.3
    found = data.cut("own", whole)
    assert found.table.y.max() <= 1.05
    assert len(found.table.y) >= 3900
    assert found.stretches < protocol.STRETCHES


def test_absent_sources_are_named() -> None:
    with pytest.raises(data.Skipped, match="--sentences"):
        data.load("sentences")


# The engine.


def job(arm: str, file: Path, number: int) -> work.Job:
    return work.Job("table", str(file), "y", "0", arm, number, 0, 1.0)


@pytest.fixture(scope="module")
def table_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    x, y = rows(2600)
    path = tmp_path_factory.mktemp("field") / "t.npz"
    np.savez(path, x=x, y=y)
    return path


def test_a_training_does_not_depend_on_its_company(table_file: Path) -> None:
    """Same bits alone and among others; the loss scale moves a training by rounding alone, the weights move it."""
    together = work.run([job("MSE", table_file, number) for number in range(2)])
    assert work.run([job("MSE", table_file, 1)])[0] == together[1]
    base = together[0]["scores"]["MSE"]["balanced"]
    scaled = work.run([job("lambda MSE", table_file, 0)])[0]["scores"]["lambda MSE"]["balanced"]
    weighted = work.run([job("weights 1/r", table_file, 0)])[0]["scores"]["weights 1/r"]["balanced"]
    assert abs(scaled / base - 1) < abs(weighted / base - 1)
    recalibrated = together[0]["scores"]["MSE, recalibrated"]["balanced"]
    assert recalibrated < base


def test_class_probabilities_are_divided(table_file: Path) -> None:
    found = work.run([job("HL-Gauss", table_file, 0)])[0]
    divided = found["scores"]["HL-Gauss, divided by r"]["balanced"]
    assert divided < found["scores"]["HL-Gauss"]["balanced"]
    gains = found["gains"]["division"]
    assert protocol.hit(Measure(*gains[:3]), Measure(*gains[3:]))


def test_placebo_has_the_squared_error_of_its_own_labels() -> None:
    import jax.numpy as jnp

    from numerics.field.arms import plain_term
    from numerics.trial import remedies

    one = split(800)
    head = plain_term(one)
    random = np.random.default_rng(0)
    values = jnp.asarray(random.normal(size=(5, head.outputs)), jnp.float32)
    y, other = (np.asarray(one.train.y[start : start + 5]) for start in (0, 5))
    found = remedies.loss("auxiliary", head, values, y, other, 0.0)
    entropy = head.loss(values, other) - head.scale * (values[:, 0] - other) ** 2
    expected = head.scale * (values[:, 0] - y) ** 2 + entropy
    # Single precision: on each side some four operations for each logit, on terms no larger than these.
    largest = float(np.max(head.scale * (np.abs(values[:, 0]) + np.abs(y) + np.abs(other)) ** 2 + np.abs(entropy)))
    np.testing.assert_allclose(found, expected, rtol=0, atol=2 * 4 * 2**-24 * largest * np.log2(head.outputs))


def test_convolution_against_a_loop() -> None:
    from numerics.trial.network import patches

    random = np.random.default_rng(0)
    image, matrix = random.normal(size=(2, 6, 6, 3)), random.normal(size=(27, 4))
    found = np.asarray(patches(image)) @ matrix
    kernel = matrix.reshape(3, 3, 3, 4)
    for i in range(4):
        for j in range(4):
            window = image[:, i : i + 3, j : j + 3]
            expected = np.einsum("nhwc,hwco->no", window, kernel)
            # Pixels may be rounded to single precision, half a unit each; the sums are in double precision.
            allowance = 1.01 * 2**-24 * np.einsum("nhwc,hwco->no", np.abs(window), np.abs(kernel))
            assert np.all(np.abs(found[:, i, j] - expected) <= allowance)


# The command.


def command(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, str(HERE / "field_fake.py"), *arguments]
    return subprocess.run(
        call, cwd=folder, capture_output=True, text=True, check=False, env=ENVIRONMENT | environment, timeout=300
    )


def test_killed_and_resumed_gives_the_same_bytes(tmp_path: Path, table_file: Path) -> None:
    arguments = ["--table", str(table_file), "--label", "y", "--splits", "3", "--quiet", "--json", "report.json"]
    whole = tmp_path / "whole"
    broken = tmp_path / "broken"
    for folder in (whole, broken):
        folder.mkdir()
    done = command(*arguments, "--store", "s.sqlite", folder=whole)
    assert done.returncode == 0, done.stderr
    call = [sys.executable, str(HERE / "field_fake.py"), *arguments, "--store", "s.sqlite"]
    process = subprocess.Popen(call, cwd=broken, env=ENVIRONMENT | {"FAKE_PAUSE": "0.3"})
    end = time.monotonic() + 120
    from numerics.study.store import Store

    kept = 0
    while kept < 3 and time.monotonic() < end:
        time.sleep(0.2)
        if (broken / "s.sqlite").exists():
            with Store(broken / "s.sqlite", work.ENGINE) as store:
                kept = len(store._rows("SELECT engine, job, result, checksum FROM results"))
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 3 <= kept < 60
    assert not (broken / "report.json").exists()
    done = command(*arguments, "--store", "s.sqlite", folder=broken)
    assert done.returncode == 0, done.stderr
    assert (broken / "report.json").read_bytes() == (whole / "report.json").read_bytes()


def test_report_is_read_as_written(tmp_path: Path, table_file: Path) -> None:
    done = command("--table", str(table_file), "--label", "y", "--splits", "4", "--out", "o", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "4 splits, not the protocol's 20" in done.stdout
    assert "left out: SMOGN" in done.stdout
    report = json.loads((tmp_path / "o" / "report.json").read_text())
    assert report["schema"] == "field/1"
    (one,) = report["tables"]
    assert [row["arm"] for row in one["arms"]] == report["arms"]
    base, *_ = one["arms"]
    assert base["relative"] == 1
    recalibrated = next(row for row in one["arms"] if row["arm"] == "MSE, recalibrated")
    assert 0.7 < recalibrated["relative"] < 0.9
    for name in ("table.csv", "predictions.csv", "field.png", "field.csv", "field_predictions.png"):
        assert (tmp_path / "o" / name).stat().st_size > 0, name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--table", "t.npz"], "--table and --label"),
        (["--table", "t.npz", "--label", "y", "--sources", "rain"], "--table and --sources"),
        (["--splits", "1"], "--splits 1"),
        (["--sources", "nothing"], "nothing"),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = command(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert message in done.stderr
    assert not list(tmp_path.iterdir())


def test_options_that_go_together() -> None:
    assert options.read(["--sources", "rain", "wages"]).sources == ("wages", "rain")
    with pytest.raises(InputError):
        options.read(["--label", "y"])
