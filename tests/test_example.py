"""The worked example: on labels where theory predicts a gain it must show one, in the right line only."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from unskew.ground.refusals import InputError

SCRIPT = Path(__file__).resolve().parent.parent / "examples" / "train_with_classes.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("train_with_classes", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def reference_world(path: Path) -> None:
    """The sheet's world: training labels from exp(-6 y) on [0, 1], noise 0.1; balanced test rows."""
    random = np.random.default_rng(0)
    u = random.uniform(size=4500)
    y = np.concatenate([-np.log1p(-u * -np.expm1(-6.0)) / 6, random.uniform(size=2000)])
    seen = y + 0.1 * random.normal(size=len(y))
    x = np.stack([seen, seen**2, np.sin(6 * seen)], axis=1)
    np.savez(path, x=x, y=y, split=np.array(["train"] * 4000 + ["dev"] * 500 + ["test"] * 2000))


def lines(text: str) -> dict[str, list[float]]:
    """Name of each row to its error and, where given, difference and interval."""
    rows = {}
    for line in text.splitlines():
        found = re.match(r"  (\S.*?\S)(?:\s{2,}|: )([-+0-9.e ,\[\]]+)$", line)
        if found:
            rows[found[1]] = [float(part) for part in re.findall(r"[-+]?\d[\d.]*(?:e[-+]\d+)?", found[2])]
    return rows


def test_the_corrected_term_gains_what_theory_says(script, tmp_path, capsys) -> None:
    reference_world(tmp_path / "data.npz")
    arguments = ["--noise", "0.1", "--epochs", "60", "--seeds", "5", "--decay", "0"]
    assert script.main([str(tmp_path / "data.npz"), *arguments]) == 0
    out = capsys.readouterr().out
    rows = lines(out)
    assert len(rows) == 7, out
    name = next(name for name in rows if name.startswith("the correction itself"))
    assert rows[name][2] < 0, "the correction does not lower the balanced error"
    decoded = rows["lambda MSE + corrected CE, from the classes"]
    # Five seeds give a studentised interval against the control that is too wide to assert; the mean must be on the right side.
    assert decoded[1] < 0
    # The plain term leaves the regression head where it was, up to training noise: nowhere near the gain.
    assert abs(rows["lambda MSE + CE"][1]) < abs(decoded[1]) / 2


def test_it_refuses_what_it_cannot_use(script, tmp_path) -> None:
    for arguments in ([str(tmp_path / "absent.npz")], ["x.npz", "--seeds", "1"], ["x.npz", "--scale", "nan"]):
        with pytest.raises(InputError):
            script.main(arguments)


def test_real_features(script, real_data, capsys) -> None:
    assert script.main([str(real_data("stsb_features.npz")), "--epochs", "2", "--seeds", "3"]) == 0
    assert "the correction itself" in capsys.readouterr().out
