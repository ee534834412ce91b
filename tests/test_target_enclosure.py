"""Bounds of a typed target: true on every stretch of labels, and a spike that no sampled label sees is refused."""

from __future__ import annotations

import numpy as np
import pytest

from unskew import cells
from unskew.enclosure import bounds, hidden
from unskew.expression import density

EXPRESSIONS = (
    "exp(-6*y)",
    "1 + 0.5*sin(40*y)",
    "2 + cos(30*y)*tanh(5*(y - 0.5))",
    "abs(y - 0.3) + max(y, 0.7)*min(y, 0.2)",
    "(y - 0.4)**2 + 0.1",
    "(y + 0.1)**-3",
    "(y - 0.5)**3 + 1",
    "sqrt(y)*log(2 + y)",
    "1/(1 + 50*(y - 0.4)**2)",
    "(y + 0.1)**y",
    "+y - -1",
    "2**(-y)",
)


@pytest.mark.parametrize("text", EXPRESSIONS)
def test_values_lie_within_the_bounds(text: str) -> None:
    """4,000 stretches, long and short: a hundred values on each; the slack is that of rounding, in units of the largest bound."""
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 1, 4000)
    high = np.minimum(1, low + 10 ** rng.uniform(-9, 0, 4000))
    y = low + (high - low) * rng.uniform(0, 1, (100, 1))
    typed = density(text)
    values, both = typed(y), bounds(typed.tree, low, high)
    slack = 64 * np.finfo(float).eps * (1 + np.abs(values))
    assert np.all(values >= both.low - slack)
    assert np.all(values <= both.high + slack)


def sampled(text: str) -> tuple[np.ndarray, np.ndarray]:
    edges = np.linspace(0, 1, cells.CELLS + 1)
    points, weights = np.polynomial.legendre.leggauss(8)
    at = (edges[:-1] + edges[1:])[:, None] / 2 + points / cells.CELLS / 2
    return edges, density(text)(at) @ weights / cells.CELLS / 2


@pytest.mark.parametrize("text", [*EXPRESSIONS, "tanh(1e9*(y - 0.4)) + 2", "1 + 40*exp(-1e6*(y - 0.3)**2)"])
def test_what_the_sample_sees_is_not_refused(text: str) -> None:
    assert hidden(density(text).tree, *sampled(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "1 + 1e5*exp(-1e10*(y - 0.123456)**2)",
        "1/((y - 0.50001)**2 + 1e-12)",
        "1 + 1e7*max(0, 1 - 1e7*abs(y - 0.30001))",
        "1/abs(y - 0.50001)",
    ],
)
def test_a_feature_narrower_than_a_cell_is_refused(text: str) -> None:
    place = hidden(density(text).tree, *sampled(text))
    assert place is not None
    assert min(abs(place - at) for at in (0.123456, 0.50001, 0.30001)) < 2 / cells.CELLS
