"""first_order: the first order of a plain term, in closed forms, on a smooth example and on a small network of the study."""

from __future__ import annotations

import json

import numpy as np
import pytest
from worlds import evidence, holds, rejected

from numerics.checks import first_order
from numerics.first_order import __main__ as entry
from theory import ledger


def test_checks_hold() -> None:
    holds("first_order", "uniform")


def test_every_check_can_fail() -> None:
    own, wrong = rejected("first_order", "uniform")
    # It is in words; the next test takes a head that is not the best.
    assert own - {("gradient", "quadrature")} <= wrong


def test_the_slope_at_another_head_is_not_the_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    right = first_order.slope_beside_head
    monkeypatch.setattr(first_order, "slope_beside_head", lambda at, w: right(at, w + 1e-6))
    failing = [
        check
        for check in first_order.checks(evidence("uniform"), ledger.load("first_order"))
        if check.status == "fails"
    ]
    assert {check.claim for check in failing} == {"gradient"}


def test_the_risk_moves_to_first_order_and_the_loss_to_second() -> None:
    drawn = first_order.curves(evidence("uniform"))
    weight = drawn["weight"][1]
    assert drawn["risk"][1] / (weight * drawn["slope"]) == pytest.approx(1, abs=2 * weight)
    assert drawn["loss"][1] / drawn["loss_expected"][1] == pytest.approx(1, abs=2 * weight)
    assert drawn["loss"][1] / drawn["loss"][2] == pytest.approx(1 / 4, abs=weight)


def test_a_bad_option_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path) -> None:
    for wrong in (["--functions", "11"], ["--decay", "0"], ["--samplings", "none"], ["--classes", "1"]):
        assert entry.main([*wrong, "--out", str(tmp_path / "run")]) == 2
        assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "run").exists()


def test_permuted_targets_keep_their_counts_and_soft_ones_add_up() -> None:
    from numerics.first_order.network import targets

    y = np.linspace(-1, 1, 200) ** 3
    true, permuted, soft = (targets(y, 8, kind, 0) for kind in ("true", "permuted", "soft"))
    assert np.array_equal(true.sum(axis=0), permuted.sum(axis=0))
    assert not np.array_equal(true, permuted)
    assert np.allclose(soft.sum(axis=1), 1)


def test_a_small_network_moves_as_predicted_and_a_stopped_run_goes_on(
    capsys: pytest.CaptureFixture[str], tmp_path
) -> None:
    """Severe sampling, function 0: the prediction from two gradients and H against models trained on at small weights."""
    options = ["--functions", "1", "--samplings", "severe", "--classes", "4", "--points", "256", "--out", str(tmp_path)]
    assert entry.main(options) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    (network,) = report["networks"]
    assert network["real"]
    for each in network["effects"]:
        assert each["predicted"] == pytest.approx(each["direct"], rel=1e-6)
        assert each["measured"] == pytest.approx(each["predicted"], rel=1e-2)
    true, permuted, _ = (each["predicted"] for each in network["effects"])
    assert true < permuted < 0
    capsys.readouterr()
    assert entry.main(options) == 0
    assert "of 1 networks, " not in capsys.readouterr().err
    assert json.loads((tmp_path / "report.json").read_text())["networks"] == report["networks"]
