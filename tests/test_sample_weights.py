"""Sample weights against plain loops, SciPy's kernel estimate, and what they promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import gaussian_kde

from unskew import sample_weights
from unskew.ground.refusals import InputError
from unskew.shift import LabelShift

EPSILON = np.finfo(np.float64).eps


def test_inverse_and_root() -> None:
    y = np.repeat([0.0, 1.0, 2.0], [1, 2, 5])
    shift = LabelShift(y)
    shares = np.repeat([1 / 1, 1 / 2, 1 / 5], [1, 2, 5])
    np.testing.assert_allclose(sample_weights.inverse(y, shift), shares / shares.mean(), rtol=16 * EPSILON)
    np.testing.assert_allclose(
        sample_weights.root(y, shift), np.sqrt(shares) / np.sqrt(shares).mean(), rtol=16 * EPSILON
    )


@given(st.integers(0, 2**32 - 1), st.integers(3, 40), st.sampled_from([1, 3, 5, 9]), st.booleans())
def test_smoothed_against_a_loop(seed: int, bins: int, window: int, square_root: bool) -> None:
    y = np.random.default_rng(seed).gamma(2.0, size=60)
    counts = [0] * bins
    place = [min(int((v - y.min()) / (y.max() - y.min()) * bins), bins - 1) for v in y]
    for b in place:
        counts[b] += 1
    sizes = [math.sqrt(c) if square_root else c for c in counts]
    effective = [
        sum(
            math.exp(-((j / 2.0) ** 2) / 2) * sizes[b + j]
            for j in range(-(window // 2), window // 2 + 1)
            if 0 <= b + j < bins
        )
        for b in place
    ]
    expected = 1 / np.array(effective)
    found = sample_weights.smoothed(y, bins=bins, window=window, square_root=square_root)
    np.testing.assert_allclose(found, expected / expected.mean(), rtol=200 * EPSILON)


@pytest.mark.parametrize("seed", range(5))
def test_density_against_scipy(seed: int) -> None:
    y = np.random.default_rng(seed).gamma(2.0, size=400)
    width = 1.06 * y.std(ddof=1) * len(y) ** -0.2
    exact = gaussian_kde(y, width / y.std(ddof=1))
    found = sample_weights.kernel_density(y)
    # Labels move by at most half a cell to its centre (on average over cells a second-order effect; first order bounds it), and the
    # estimate between centres is linear: |f'| cell/2 + |f''| cell^2/8, with |f'| <= 0.25/width^2 and |f''| <= 0.4/width^3 for any mixture of kernels.
    cell = (np.ptp(y) + 8 * width) / sample_weights.GRID
    assert np.abs(found - exact(y)).max() <= 0.25 / width**2 * cell / 2 + 0.4 / width**3 * cell**2 / 8


def test_dense_weights_fall_with_the_density() -> None:
    y = np.random.default_rng(0).gamma(2.0, size=2000)
    weights, density = sample_weights.dense(y), sample_weights.kernel_density(y)
    order = np.argsort(density)
    assert np.all(np.diff(weights[order]) <= 0)
    assert weights[np.argmax(density)] == pytest.approx(1e-6 * weights.max() / 1.0, rel=1e-6)
    np.testing.assert_array_equal(sample_weights.dense(y, alpha=0.0), np.ones(2000))


@pytest.mark.parametrize(
    "function",
    [sample_weights.smoothed, sample_weights.dense, lambda y: sample_weights.root(y, LabelShift([0.0, 1.0]))],
)
@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros((4, 1)), "shape"),
        (np.array([0.0, np.nan, 1.0]), "labels has 1 nan"),
        (np.array([0.0, np.inf]), "infinite labels"),
        (np.ones(5), "all labels are equal"),
        (np.array([]), "equal"),
    ],
)
def test_bad_labels(function, y, message) -> None:
    with pytest.raises(InputError, match=message):
        function(y)


def test_bad_options() -> None:
    y = np.arange(5.0)
    for options in ({"window": 4}, {"spread": 0.0}, {"bins": 0}):
        with pytest.raises(InputError, match="odd window"):
            sample_weights.smoothed(y, **options)
    for options in ({"alpha": -1.0}, {"least": 0.0}):
        with pytest.raises(InputError, match="alpha"):
            sample_weights.dense(y, **options)


def test_mean_one_at_a_million_labels() -> None:
    y = np.random.default_rng(0).gamma(2.0, size=1_000_000)
    assert abs(sample_weights.dense(y).mean() - 1) < 1e-9
    assert abs(sample_weights.smoothed(y).mean() - 1) < 1e-9
