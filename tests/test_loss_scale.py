"""loss_scale: the optimum under weight decay, by descent, in closed form and in exact fractions."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from worlds import evidence, holds, rejected

from numerics.checks import loss_scale
from numerics.checks.loss_scale import GENERIC, OVERLAP, SCALES, TWO, Linear
from numerics.laws import densities
from theory import ledger


def every() -> tuple[Linear, ...]:
    return (TWO, OVERLAP, GENERIC, TWO)


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("loss_scale", density)


def test_every_check_can_fail() -> None:
    own, wrong = rejected("loss_scale", "skewed")
    assert own <= wrong
    assert {claim for claim, _ in own} == {claim.name for claim in ledger.load("loss_scale").claims}


def test_stated_distance_from_the_optimum_is_kept() -> None:
    """The normal equations in exact fractions tell the optimum that descent approached."""
    for here, found in zip(every(), loss_scale.trained(every()), strict=True):
        for scale, w, off in zip(SCALES, found.w, found.off, strict=True):
            told = np.array([float(value) for value in exact_optimum(here, Fraction(scale))])
            assert np.linalg.norm(w - told) <= off < 1e-11


def exact_optimum(here: Linear, scale: Fraction) -> list[Fraction]:
    """(2 lambda G_p + mu) w = 2 lambda G_p w*, by elimination in fractions."""
    phi = [[Fraction(value) for value in row] for row in here.features]
    n = len(here.optimum)
    gram = [
        [sum(Fraction(m) * x[i] * x[j] for m, x in zip(here.p, phi, strict=True)) for j in range(n)] for i in range(n)
    ]
    target = [2 * scale * sum(gram[i][j] * Fraction(here.optimum[j]) for j in range(n)) for i in range(n)]
    rows = [
        [2 * scale * gram[i][j] + (Fraction(here.decay) if i == j else 0) for j in range(n)] + [target[i]]
        for i in range(n)
    ]
    for i in range(n):
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for k in range(n):
            if k != i:
                rows[k] = [a - rows[k][i] * b for a, b in zip(rows[k], rows[i], strict=True)]
    return [row[-1] for row in rows]


def test_errors_of_the_risks_cover_a_moved_optimum() -> None:
    """Weights anywhere within the stated distance have risks within the stated errors."""
    here, found = GENERIC, loss_scale.trained(every())[2]
    generator = np.random.default_rng(0)
    wide = loss_scale.Trained(found.w, np.full(len(SCALES), 0.1))
    value, error = wide.risk(here, here.q)
    for _ in range(50):
        direction = generator.normal(size=found.w.shape)
        direction *= 0.1 / np.linalg.norm(direction, axis=1, keepdims=True)
        moved, _ = loss_scale.Trained(found.w + direction, found.off).risk(here, here.q)
        assert np.all(np.abs(moved - value) <= error)


def test_theorems_numbers() -> None:
    """(3/10)(25/36 - 25/81) at lambda = 1; the balanced risk of the overlapping features at lambda = 4, in fractions."""
    two, lap, *_ = loss_scale.trained(every())
    extra, off = two.extra(TWO)
    place = SCALES.index(1.0)
    assert abs(extra[place] - 0.3 * (25 / 36 - 25 / 81)) <= off[place]
    here = OVERLAP
    w = exact_optimum(here, Fraction(4))
    left = [a - b for a, b in zip(map(Fraction, here.optimum), w, strict=True)]
    told = sum(
        Fraction(mass) * sum(Fraction(x) * e for x, e in zip(row, left, strict=True)) ** 2
        for mass, row in zip(here.q, here.features, strict=True)
    )
    risk, off = lap.risk(here, here.q)
    place = SCALES.index(4.0)
    assert abs(risk[place] - float(told)) <= off[place]
    assert told > 1


def test_fewer_steps_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped early, the bound from the gradient grows and still holds."""
    monkeypatch.setattr(loss_scale, "STEPS", 7)
    loss_scale._descent.cache_clear()
    loss_scale.trained.cache_clear()
    try:
        for here, found in zip(every(), loss_scale.trained(every()), strict=True):
            told = np.array([[float(v) for v in exact_optimum(here, Fraction(scale))] for scale in SCALES])
            assert np.all(np.linalg.norm(found.w - told, axis=1) <= found.off)
        assert found.off.max() > 1e-6
    finally:
        monkeypatch.undo()
        loss_scale._descent.cache_clear()
        loss_scale.trained.cache_clear()


def test_own_classes_are_separate() -> None:
    made, own = loss_scale.worlds(evidence("skewed"))
    assert own
    assert np.array_equal(made[-1].phi, np.eye(4))
    # Certified masses are rounded once each, and so is each of their sums.
    assert abs(sum(made[-1].p) - 1) <= 2 * len(made[-1].p) * np.finfo(float).eps
