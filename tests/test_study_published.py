"""The published per-run errors: read, refused when broken, and their four pairs of means."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from numerics.study import published
from unskew.ground.refusals import InputError

HEAD = "sampling,function,dataset_seed,classes,mse_reg,mse_regcls\n"
# The protocol sheet's printed means, four digits.
MEANS = {
    "uniform": (0.1518, 0.1489),
    "mild": (0.3066, 0.2644),
    "moderate": (0.3940, 0.3210),
    "severe": (0.3929, 0.2703),
}


def test_published_means(real_data: Callable[[str], Path]) -> None:
    runs = published.read(real_data("paper_1d_clean_runs.csv"))
    assert set(runs) == set(MEANS)
    for sampling, (reg, reg_cls) in MEANS.items():
        assert runs[sampling].reg.shape == (10, 5, 5)
        # Half a unit of the last printed digit.
        assert runs[sampling].reg.mean() == pytest.approx(reg, abs=5e-5)
        assert runs[sampling].reg_cls.mean() == pytest.approx(reg_cls, abs=5e-5)


def test_published_effects_with_functions_as_clusters(real_data: Callable[[str], Path]) -> None:
    rows = {row["sampling"]: row for row in published.analyse(published.read(real_data("paper_1d_clean_runs.csv")))}
    # Found on the published runs: certain where the imbalance is strong, absent without imbalance.
    assert rows["severe"]["holm"] <= 0.05
    assert rows["moderate"]["holm"] <= 0.05
    assert rows["uniform"]["holm"] > 0.05
    assert rows["uniform"]["low"] < 0 < rows["uniform"]["high"]
    for row in rows.values():
        assert row["low"] <= row["student_low"] + 0.02
        assert row["pairs"] == 250


def test_ours_beside_published_on_the_same_numbers(real_data: Callable[[str], Path]) -> None:
    runs = published.read(real_data("paper_1d_clean_runs.csv"))
    severe = runs["severe"]
    found = published.beside(runs, "severe", severe.classes, severe.reg, severe.reg_cls)
    assert found is not None
    for name in ("reg", "reg_cls", "effect"):
        assert found[name]["gap"]["value"] == 0.0
        assert found[name]["ours"] == found[name]["published"]
    shifted = published.beside(runs, "severe", (16, 64), severe.reg[:4] + 0.5, severe.reg_cls[:4, :, [1, 2]])
    assert shifted is not None
    assert shifted["functions"] == 4
    assert shifted["reg_cls"]["gap"]["value"] == 0.0
    assert shifted["reg"]["gap"]["value"] == pytest.approx(
        0.5 + severe.reg[:4].mean() - severe.reg[:4, :, [1, 2]].mean(),
        abs=64 * 2**-52,  # means of up to a hundred numbers below 2
    )
    assert published.beside(runs, "severe", (5,), severe.reg, severe.reg_cls) is None
    assert published.beside(runs, "absent", (4,), severe.reg, severe.reg_cls) is None


@pytest.mark.parametrize(
    ("content", "culprit"),
    [
        ("sampling,function\nsevere,0\n", "no column"),
        (HEAD, "no rows"),
        (HEAD + "severe,0,0,4,x,0.1\n", "line 2: a cell is no number"),
        (HEAD + "severe,0,0,4,0.1\n", "line 2: a cell is no number"),
        (HEAD + "severe,0,0,4,nan,0.1\n", "not finite"),
        (HEAD + "severe,0,0,4,-1,0.1\n", "negative"),
        (HEAD + "severe,0,0,4,0.2,0.1\nsevere,0,0,4,0.2,0.1\n", "line 3: the same run twice"),
        (HEAD + "severe,0,0,4,0.2,0.1\nsevere,1,0,16,0.2,0.1\n", "do not fill their grid"),
        ("\x00\xff", "no column"),
    ],
)
def test_broken_files_are_refused(tmp_path: Path, content: str, culprit: str) -> None:
    path = tmp_path / "runs.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=culprit):
        published.read(path)


def test_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        published.read(tmp_path / "absent.csv")


def test_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    rows = [f"mild,{f},{s},{k},{0.1 + f},{0.05 * s + k}\n" for f in range(3) for s in range(2) for k in (16, 4)]
    (tmp_path / "a.csv").write_text(HEAD + "".join(rows))
    (tmp_path / "b.csv").write_text(HEAD + "".join(reversed(rows)))
    first, second = (published.read(tmp_path / name)["mild"] for name in ("a.csv", "b.csv"))
    assert first.classes == (4, 16)
    np.testing.assert_array_equal(first.reg, second.reg)
    np.testing.assert_array_equal(first.reg_cls, second.reg_cls)
