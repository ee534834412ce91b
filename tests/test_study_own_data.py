"""A user's own data: refused when broken, standardised by the train rows, ridge in closed form, the same arms."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import linalg, optimize

from numerics.study import own_data
from unskew.ground.refusals import InputError

HERE = Path(__file__).resolve().parent
GENERATOR = np.random.default_rng(0)
X = GENERATOR.standard_normal((90, 4)) * [1, 10, 0.1, 0] + [0, 5, 0, 3]
Y = X[:, 0] + 0.1 * X[:, 1] + 0.3 * GENERATOR.standard_normal(90)
SPLIT = np.array(["train"] * 50 + ["dev"] * 20 + ["test"] * 20)


def saved(path: Path, **arrays: object) -> Path:
    np.savez(path, **({"x": X, "y": Y, "split": SPLIT} | arrays))  # type: ignore[arg-type]
    return path


def with_value(array: np.ndarray, index: object, value: object) -> np.ndarray:
    changed = array.copy()
    changed[index] = value  # type: ignore[index]
    return changed


@pytest.mark.parametrize(
    ("arrays", "culprit"),
    [
        ({"x": X[:, 0]}, r"x has shape \(90,\)"),
        ({"x": X[:, :0]}, r"x has shape \(90, 0\)"),
        ({"x": X[None]}, "x has shape"),
        ({"y": Y[:-1]}, r"y has shape \(89,\)"),
        ({"y": Y[:, None]}, "y has shape"),
        ({"split": SPLIT[:-1]}, "split has shape"),
        ({"x": with_value(X, (7, 1), np.nan)}, "x is not finite in 1 rows, first row 7"),
        ({"y": with_value(Y, [3, 5], np.inf)}, "y is not finite in 2 rows, first row 3"),
        ({"x": X.astype(complex)}, "not numbers"),
        ({"y": Y.astype(str)}, "not numbers"),
        ({"split": np.arange(90)}, "not words"),
        ({"split": with_value(SPLIT, 0, "valid")}, "word 'valid'"),
        ({"split": np.where(SPLIT == "dev", "train", SPLIT)}, "no 'dev' row"),
        ({"y": np.where(SPLIT == "train", 1.0, Y)}, "all train targets are equal"),
        ({"x": X.astype(object)}, "pickled objects, which are never loaded"),
        ({"split": SPLIT.astype(object)}, "pickled objects"),
    ],
)
def test_broken_arrays_are_refused(arrays: dict[str, object], culprit: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=culprit):
        own_data.read(saved(tmp_path / "own.npz", **arrays), 16)


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "exploded"),)

    bomb = np.empty(90, object)
    bomb[:] = [Bomb()] * 90
    with pytest.raises(InputError, match="never loaded"):
        own_data.read(saved(tmp_path / "own.npz", y=bomb), 16)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("missing", ["x", "y", "split"])
def test_missing_arrays_are_named(missing: str, tmp_path: Path) -> None:
    np.savez(
        tmp_path / "own.npz",
        **{name: value for name, value in {"x": X, "y": Y, "split": SPLIT}.items() if name != missing},
    )
    with pytest.raises(InputError, match=f"no array '{missing}'"):
        own_data.read(tmp_path / "own.npz", 16)


def test_what_is_no_npz_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("x,y\n1,2\n")
    (tmp_path / "empty.npz").write_text("")
    np.save(tmp_path / "one.npy", X)
    whole = saved(tmp_path / "own.npz").read_bytes()
    (tmp_path / "cut.npz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "flipped.npz").write_bytes(whole[:200] + bytes([whole[200] ^ 255]) + whole[201:])
    for name in ("text.npz", "empty.npz", "one.npy", "cut.npz", "flipped.npz", "absent.npz"):
        with pytest.raises(InputError, match=name):
            own_data.read(tmp_path / name, 16)


def test_too_few_rows_for_a_batch(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="50 train rows are fewer than one batch of 256"):
        own_data.read(saved(tmp_path / "own.npz"), 256)


def test_standardised_by_train_rows_alone(tmp_path: Path) -> None:
    own = own_data.read(saved(tmp_path / "own.npz"), 16)
    train = own.data.split == 0
    # Means and deviations are rounded sums of 50 numbers of order one.
    np.testing.assert_allclose(own.data.x[train].mean(axis=0), 0, rtol=0, atol=50 * 2**-52)
    np.testing.assert_allclose(own.data.x[train].std(axis=0), [1, 1, 1, 0], rtol=0, atol=50 * 2**-52)
    assert own.constant_inputs == 1
    # There and back: four roundings of numbers no larger than the largest target and the mean.
    slack = 4 * 2**-52 * (np.abs(Y).max() + abs(own.mean))
    np.testing.assert_allclose(own.data.y * own.deviation + own.mean, Y, rtol=0, atol=slack)
    moved = own_data.read(saved(tmp_path / "moved.npz", x=np.where((SPLIT == "test")[:, None], X + 100, X)), 16)
    np.testing.assert_array_equal(moved.data.x[train], own.data.x[train])


def test_digest_names_the_content(tmp_path: Path) -> None:
    first = own_data.read(saved(tmp_path / "a.npz"), 16).digest
    assert own_data.read(saved(tmp_path / "b.npz", more=np.ones(3)), 16).digest == first
    assert own_data.read(saved(tmp_path / "c.npz", y=with_value(Y, 0, Y[0] + 1e-9)), 16).digest != first
    assert own_data.read(saved(tmp_path / "d.npz", split=SPLIT[::-1]), 16).digest != first


def test_balanced_score_by_hand() -> None:
    truth = np.array([0.0, 0.01, 0.02, 1.0])
    plain, balanced = own_data.scores(truth, truth + np.array([1.0, 1.0, 1.0, 3.0]))
    assert (plain, balanced) == (3.0, 5.0)  # bins hold errors 1 (three rows) and 9 (one row)


def test_balanced_score_is_the_engines_whatever_the_units() -> None:
    from numerics.study.engine import score as engine_score

    steps = np.random.default_rng(4).integers(0, 101, 500) / 20  # labels in steps of 0.05 lie on the edges of 20 bins
    predicted = steps + np.random.default_rng(5).standard_normal(500)
    plain, balanced = own_data.scores(steps, predicted)
    for mean, deviation in ((0.0, 1.0), (2.3, 1.5), (-7.1, 0.013)):
        found = engine_score((predicted - mean) / deviation, (steps - mean) / deviation)
        # A residual is off by two units of its two terms, labels to 5 plus residuals to 4 and the mean; its square by twice that over its size, which
        # is at least 1 on average in every bin that rules the score; and sums of 500.
        slack = 2 * 2 * 2**-52 * (2 * (5 + 4 + abs(mean))) + 500 * 2**-52
        assert found["balanced_mse"] * deviation**2 == pytest.approx(balanced, rel=slack)
        assert found["test_mse"] * deviation**2 == pytest.approx(plain, rel=slack)


def test_ridge_solves_its_equations(tmp_path: Path) -> None:
    own = own_data.read(saved(tmp_path / "own.npz"), 16)
    found = own_data.ridge(own)
    train, test = own.data.split == 0, own.data.split == 2
    design = np.c_[own.data.x, np.ones(90)]
    penalty = np.diag([found["alpha"]] * 4 + [0.0])
    weights = linalg.solve(design[train].T @ design[train] + penalty, design[train].T @ Y[train])
    assert found["test_mse"] == pytest.approx(np.mean((design[test] @ weights - Y[test]) ** 2), rel=1e-10)

    # And the same by descent on the objective, with none of the algebra.
    def objective(w: np.ndarray) -> float:
        return float(((design[train] @ w - Y[train]) ** 2).sum() + w @ penalty @ w)

    descended = optimize.minimize(objective, np.zeros(5), method="BFGS", options={"gtol": 1e-9}).x
    # Strong convexity: half of the least curvature, times the squared distance to the minimum, is what the objective has left.
    curvature = 2 * linalg.eigvalsh(design[train].T @ design[train] + penalty)[0]
    left = objective(descended) - objective(weights) + 64 * 2**-52 * objective(weights)
    assert 0 <= left < 1e-12  # the descent has arrived
    assert np.linalg.norm(descended - weights) <= math.sqrt(2 * left / curvature)


def command(*arguments: str, fake: bool = True) -> subprocess.CompletedProcess[str]:
    program = [str(HERE / "study_fake.py")] if fake else ["-m", "numerics.study"]
    return subprocess.run([sys.executable, *program, *arguments], cwd=HERE.parent, capture_output=True, text=True, check=False,
                          env=os.environ | {"PYTHONPATH": str(HERE.parent)})  # fmt: skip


def test_report_in_the_units_of_the_file(tmp_path: Path) -> None:
    reports = []
    for factor in (1.0, 10.0):
        path = saved(tmp_path / f"own{factor}.npz", y=factor * Y)
        done = command(
            "--data", str(path), "--batch", "16", "--classes", "4", "--store", str(tmp_path / "s"), "--json", "-"
        )
        assert done.returncode == 0, done.stderr
        reports.append(json.loads(done.stdout))
    first, second = reports
    assert {cell["metric"] for cell in first["cells"]} == {"test_mse", "balanced_mse"}
    for name in ("test_mse", "balanced_mse"):
        assert second["own"]["ridge"][name] == pytest.approx(100 * first["own"]["ridge"][name], rel=1e-9)
    assert first["cells"][0]["clusters"] == "seeds"
    arms = {row["arm"] for row in first["own"]["against"]}
    assert len(arms) == 9
    assert {row["base"] for row in first["own"]["against"]} == {"reg", "ridge"}


def test_real_features_through_the_real_engine(real_data: Callable[[str], Path], tmp_path: Path) -> None:
    path = real_data("stsb_features.npz")
    done = command(
        *("--data", str(path), "--hidden", "8", "--classes", "4", "--seeds", "3", "--epochs", "2"),
        *("--store", str(tmp_path / "s"), "--json", "-"),
        fake=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["own"]["rows"]["train"] + report["own"]["rows"]["dev"] + report["own"]["rows"]["test"] == 7249
    assert report["own"]["ridge"]["test_mse"] < report["own"]["constant"]["test_mse"]
    assert report["trainings"] == 27
