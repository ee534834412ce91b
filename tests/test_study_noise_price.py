"""What tilted noise would cost in the study: closed form against quadrature and against sampling; no cost without tilt or noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats

from numerics.study.noise_price import price, shift


@pytest.mark.parametrize("f", [-0.7, 0.1, 0.31, 0.55])
def test_shift_is_the_tilted_mean(f: float) -> None:
    low, high, ratio, noise = 0.2, 0.4, 17.0, 0.1
    law = stats.norm(f, noise)
    pieces = ((f - 12 * noise, low, 1.0), (low, high, ratio), (high, f + 12 * noise, 1.0))
    mass, first, error = 0.0, 0.0, 0.0
    for a, b, factor in pieces:
        for power in (0, 1):
            value, slack = integrate.quad(lambda y, k=power: (y - f) ** k * law.pdf(y), a, b, epsabs=1e-13)
            error += factor * slack
            mass, first = (mass + factor * value, first) if power == 0 else (mass, first + factor * value)
    found = float(shift(np.array([f]), low, high, ratio, noise)[0])
    assert abs(found - first / mass) <= 4 * error / mass + 1e-15


def test_shift_is_what_sampling_does() -> None:
    generator = np.random.default_rng(4)
    y = 0.3 + 0.1 * generator.standard_normal(400_000)
    weight = np.where((y > 0.35) & (y < 0.6), 9.0, 1.0)
    kept = y[generator.uniform(size=len(y)) < weight / 9]
    error = kept.std() / len(kept) ** 0.5
    found = float(shift(np.array([0.3]), 0.35, 0.6, 9.0, 0.1)[0])
    assert abs(found - (kept.mean() - 0.3)) < 4 * error
    # The sign matters: with the window on the other side the same test refuses.
    assert abs(-found - (kept.mean() - 0.3)) > 4 * error


def test_no_tilt_or_no_noise_costs_nothing() -> None:
    f = np.linspace(-1, 1, 9)
    assert not shift(f, -0.2, 0.3, 1.0, 0.1).any()
    assert price("uniform", 0, 0, 0.1) == 0.0
    small, large = (price("severe", 0, 0, noise) for noise in (0.01, 0.1))
    assert 0 < small < large
