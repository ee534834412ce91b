"""Quadrature's error estimate is honest: the true error never exceeds it, on smooth integrands and on kinks and jumps wherever they lie."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from numerics import quadrature
from numerics.quadrature import integrate
from numerics.world import bin_index, common_cells

SMOOTH = {
    "exponential": (np.exp, (0.0, 1.0), math.e - 1),
    "oscillating": (lambda x: np.cos(40 * x), (0.0, 1.0), math.sin(40) / 40),
    "pole nearby": (lambda x: 1 / (1 + 400 * x * x), (-1.0, 1.0), math.atan(20) / 10),
    "narrow bump": (lambda x: np.exp(-((x - 0.3) ** 2) * 2000), (-1.0, 1.0), math.sqrt(math.pi / 2000)),
    "cancelling": (lambda x: 1e8 * np.sin(x), (-3.0, 3.0), 0.0),
    "constant": (np.ones_like, (0.0, 3.0), 3.0),
    "root at an end": (np.sqrt, (0.0, 1.0), 2 / 3),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("width", [math.inf, 0.5, 0.05])
@pytest.mark.parametrize("orders", [quadrature.ORDERS, (12, 8)])
def test_true_error_is_within_the_estimate(name: str, width: float, orders: tuple[int, ...]) -> None:
    function, ends, exact = SMOOTH[name]
    if name == "narrow bump":
        width = min(
            width, 0.25
        )  # no rule sees a bump that falls between its nodes: panels are tied to the noise for that reason
    found = integrate(function, ends, width, orders)
    assert abs(found.value - exact) <= found.error
    assert found.error > 0


@pytest.mark.parametrize("name", ["exponential", "constant"])
def test_smooth_integrands_are_known_to_rounding(name: str) -> None:
    function, ends, exact = SMOOTH[name]
    found = integrate(function, ends, 0.25)
    # 4 panels and one unit of accumulated rounding each way: ROUNDING units of the value and no more than twice that.
    assert found.error <= 2 * quadrature.ROUNDING * quadrature.EPSILON * exact


KINKS = {
    "kink": (lambda c: lambda x: np.abs(x - c), lambda c: 1 + c * c),
    "jump": (lambda c: lambda x: np.where(x > c, 1.0, 0.0), lambda c: 1 - c),
    "root": (lambda c: lambda x: np.sqrt(np.abs(x - c)), lambda c: ((1 - c) ** 1.5 + (1 + c) ** 1.5) * 2 / 3),
}
# Beyond its outermost node (0.9894 for 16 points) a rule sees nothing of a kink; two nodes in, it does.
POSITIONS = np.linspace(-0.98, 0.98, 1601)


@pytest.mark.parametrize("name", KINKS)
def test_undeclared_kinks_stay_within_the_estimate(name: str) -> None:
    make, exact = KINKS[name]
    for c in POSITIONS:
        found = integrate(make(c), [-1.0, 1.0])
        assert abs(found.value - exact(c)) <= found.error, c


@pytest.mark.parametrize("name", KINKS)
def test_two_orders_alone_would_not_be_honest(name: str) -> None:
    """The falsifier: with one coarser order and no allowance, some position of the kink has an estimate that is too small."""
    make, exact = KINKS[name]

    def lies(c: float) -> bool:
        nodes = [quadrature.composite(np.array([-1.0, 1.0]), order) for order in (16, 11)]
        fine, coarse = (float((make(c)(x) * w).sum()) for x, w in nodes)
        return abs(fine - exact(c)) > abs(fine - coarse)

    assert any(lies(c) for c in POSITIONS)


def test_declared_kinks_cost_nothing() -> None:
    found = integrate(lambda x: np.abs(x - 0.3), [0.0, 0.3, 1.0])
    assert abs(found.value - (0.3**2 + 0.7**2) / 2) <= found.error < 1e-13


def test_tail_is_added() -> None:
    assert integrate(np.exp, [0.0, 1.0], tail=0.5).error >= 0.5


def test_panels_split_evenly_and_keep_edges() -> None:
    panels = quadrature.split([0.0, 0.5, 1.0], 0.2)
    assert len(panels) == 7
    assert {0.0, 0.5, 1.0} <= set(panels.tolist())
    assert np.diff(panels).max() <= 0.2


def test_cells_refine_every_partition() -> None:
    thirds = tuple(Fraction(i, 3) for i in range(4))
    halves = tuple(Fraction(i, 2) for i in range(3))
    cells = common_cells([thirds, halves])
    assert set(thirds) | set(halves) == set(cells)
    # Half-open bins, the last one closed.
    assert bin_index(thirds, np.array([0.0, 1 / 3, 0.5, 2 / 3, 1.0])).tolist() == [0, 1, 1, 2, 2]
