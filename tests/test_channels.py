"""Channels against independent densities, tails and samples."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from numerics.channels import NAMES, Channel
from unskew.ground.refusals import InputError

REFERENCE = {"gaussian": stats.norm(), "logistic": stats.logistic(), "student": stats.t(3)}
ERRORS = np.concatenate([np.linspace(-12, 12, 97), [-1e5, -300.0, 300.0, 1e5]])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("noise", [0.002, 0.1, 7.0])
def test_log_density_vs_scipy(name: str, noise: float) -> None:
    y = 0.3
    x = y + noise * ERRORS
    theirs = REFERENCE[name].logpdf((x - y) / noise) - math.log(noise)
    ours = Channel(name, noise).log_density(x, np.full_like(x, y))
    # Rounding of x - y relative to the error, times the log density's slope in it, plus a few units of the value.
    slip = np.spacing(np.abs(x) + 1) / noise * (np.abs(ERRORS) + 1) + 8 * np.spacing(np.abs(theirs) + 1)
    assert np.all(np.abs(ours - theirs) <= 4 * slip)


@pytest.mark.parametrize("name", NAMES)
def test_numpy_vs_jax(name: str) -> None:
    channel = Channel(name, 0.1)
    x = 0.3 + 0.1 * ERRORS
    ours, theirs = channel.log_density(x, 0.3), np.asarray(channel.log_density(jnp.asarray(x), 0.3))
    assert np.all(np.abs(ours - theirs) <= 8 * np.spacing(np.abs(ours) + 1))


@pytest.mark.parametrize("name", NAMES)
def test_slope_vs_automatic_differentiation(name: str) -> None:
    channel = Channel(name, 0.1)
    y = np.linspace(-1, 2, 41) + 1e-3
    theirs = np.asarray(jax.vmap(jax.grad(lambda label: channel.log_density(jnp.asarray(0.3), label)))(jnp.asarray(y)))
    assert np.all(np.abs(channel.slope(0.3, y) - theirs) <= 32 * np.spacing(np.abs(theirs) + 1))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tail", [1e-3, 1e-9, 1e-18])
def test_reach_bounds_the_tail(name: str, tail: float) -> None:
    mass = 2 * REFERENCE[name].sf(Channel(name, 2.0).reach(tail) / 2.0)
    assert mass <= tail
    # Not wastefully far either: the bounds lose less than a factor 100.
    assert mass >= tail / 100


@pytest.mark.parametrize("name", NAMES)
def test_samples_follow_the_density(name: str) -> None:
    channel = Channel(name, 0.1)
    x = np.asarray(channel.sample(jax.random.key(7), jnp.full(20_000, 0.3)))
    # Bonferroni: false alarm at most 1e-6 over the three channels.
    assert stats.kstest((x - 0.3) / 0.1, REFERENCE[name].cdf).pvalue > 1e-6 / len(NAMES)
    # Falsifier: a scale 20 % off is caught at this sample size.
    assert stats.kstest((x - 0.3) / 0.12, REFERENCE[name].cdf).pvalue < 1e-6 / len(NAMES)


def test_same_key_same_bits_and_dtype() -> None:
    channel = Channel("student", 0.1)
    y = jnp.zeros(8, jnp.float32)
    first, again = channel.sample(jax.random.key(1), y), channel.sample(jax.random.key(1), y)
    assert first.dtype == jnp.float32
    assert (first == again).all()
    assert (first != channel.sample(jax.random.key(2), y)).any()


@pytest.mark.parametrize(
    ("name", "noise"),
    [("cauchy", 0.1), ("gaussian", 0.0), ("gaussian", -1.0), ("gaussian", math.nan), ("gaussian", math.inf)],
)
def test_bad_channels_are_refused(name: str, noise: float) -> None:
    with pytest.raises(InputError):
        Channel(name, noise)


def test_exact_noise_is_the_decimal() -> None:
    assert str(Channel("gaussian", 0.1).exact_noise) == "1/10"
