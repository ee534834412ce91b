"""Heads and losses of `unskew.jax` against plain loops and finite differences, what their optima are, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from head_cases import BAD_CLASSES, BAD_LABELS, CASES, GOOD_CLASSES, Batch, Case, batch, smoothed, tolerance
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

import unskew.jax
from unskew import heads
from unskew.ground.refusals import InputError

EPSILON = np.finfo(np.float64).eps
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)


def built(case: Case, b: Batch) -> Any:
    return getattr(unskew.jax, case.name)(*case.arguments(b), **case.options)


def loss(case: Case, b: Batch, values: Any, log_noise: Any = None) -> Any:
    noise = () if case.outputs else (math.log(b.noise) if log_noise is None else log_noise,)
    return built(case, b).loss(values, b.y, *noise)


@cases
@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_losses_and_predictions_against_loops(case: Case, seed: int) -> None:
    b = batch(seed)
    atol = tolerance(case, b)
    np.testing.assert_allclose(loss(case, b, case.read(b)), case.losses(b), rtol=0, atol=atol)
    if case.predict is not None:
        expected = [case.predict(b, row) for row in case.read(b)]
        np.testing.assert_allclose(built(case, b).predict(case.read(b)), expected, rtol=0, atol=atol)


@cases
def test_gradients_against_finite_differences(case: Case) -> None:
    b = batch(5)

    @jax.jit
    def along(t: Any) -> Any:
        return loss(case, b, case.read(b) * (1 + t), math.log(b.noise) + t).sum()

    h = 1e-4

    def central(step: float) -> float:
        return float(along(step) - along(-step)) / (2 * step)

    # Richardson: the difference of two step widths is three times the error of the finer one, to O(h^4); rounding adds its own.
    fine, coarse = central(h), central(2 * h)
    allowed = abs(coarse - fine) + 256 * EPSILON * (abs(float(along(0.0))) + 1) / h
    gradient = float(jax.grad(along)(0.0))
    assert abs(gradient - fine) <= allowed
    # Falsifier: the wrong sign is far outside.
    assert abs(-gradient - fine) > allowed


@cases
def test_records_go_through_programs(case: Case) -> None:
    """One program serves all records of a shape; stacked records, rows one by one and single precision give the same."""
    b, other = batch(1), batch(2)
    record = built(case, b)
    program = jax.jit(lambda r, v, y, s: r.loss(v, y, *(() if case.outputs else (s,))))
    for one in (b, other):
        np.testing.assert_allclose(
            program(built(case, one), case.read(one), one.y, math.log(one.noise)),
            loss(case, one, case.read(one)),
            rtol=0,
            atol=tolerance(case, one),
        )
    assert program._cache_size() == 1
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), record, built(case, other))
    both = (np.stack([case.read(one) for one in (b, other)]), np.stack([b.y, other.y]))
    found = jax.vmap(program, (0, 0, 0, None))(stacked, *both, math.log(b.noise))
    np.testing.assert_allclose(found[0], loss(case, b, case.read(b)), rtol=0, atol=tolerance(case, b))
    noise = () if case.outputs else (math.log(b.noise),)
    values = jnp.asarray(case.read(b), jnp.float32)
    found = jax.jit(lambda r, v: r.loss(v, b.y, *noise))(record, values)
    assert found.dtype == jnp.float32
    # Single precision: as many operations as in double, each with its own rounding.
    atol = tolerance(case, b) * np.finfo(np.float32).eps / EPSILON
    np.testing.assert_allclose(found, record.loss(case.read(b), b.y, *noise), rtol=0, atol=min(atol, 1e-2))
    half = record.loss(values.astype(jnp.bfloat16), b.y, *noise)
    assert half.dtype == jnp.float32
    if case.outputs:
        mapped = jax.vmap(record.loss)(case.read(b), b.y)
        np.testing.assert_allclose(mapped, record.loss(case.read(b), b.y), rtol=0, atol=tolerance(case, b))


@cases
@pytest.mark.parametrize(("name", "change", "message"), BAD_LABELS, ids=[row[0] for row in BAD_LABELS])
def test_bad_labels(case: Case, name: str, change: Any, message: str) -> None:
    b = batch(2, 4)
    noise = () if case.outputs else (0.0,)
    record = built(case, b)
    with pytest.raises(InputError, match=message):
        record.loss(case.read(b), change(b.y), *noise)
    if np.ndim(change(b.y)) == 1 and len(change(b.y)) == 4:
        wrong = ~np.isfinite(change(b.y))
        traced = np.asarray(jax.jit(lambda v, y: record.loss(v, y, *noise))(case.read(b), change(b.y)))
        assert np.all(~np.isfinite(traced[wrong]))


@pytest.mark.parametrize("case", [case for case in CASES if case.outputs], ids=lambda case: case.id)
def test_labels_outside_and_outputs_of_wrong_width(case: Case) -> None:
    b = batch(2, 4)
    record = built(case, b)
    outside = np.where(np.arange(4) == 3, b.edges[-1] + 1e-6, b.y)
    with pytest.raises(InputError, match=r"1 labels are NaN or outside the edges .* the first in row 3"):
        record.loss(case.read(b), outside)
    traced = jax.jit(record.loss)(case.read(b), outside)
    assert np.isnan(traced).tolist() == [False, False, False, True]
    for outputs in (b.outputs[:, : case.outputs - 1], b.outputs[0, 0]):
        with pytest.raises(InputError, match=f"last axis of {case.outputs}"):
            record.loss(outputs, b.y)
        with pytest.raises(InputError, match=f"last axis of {case.outputs}"):
            record.predict(outputs)


@pytest.mark.parametrize("name", ["WithinClassRegression", "HLGauss", "RegressionWithClasses"])
@pytest.mark.parametrize(("words", "change", "message"), BAD_CLASSES, ids=[row[0] for row in BAD_CLASSES])
def test_bad_classes(name: str, words: str, change: dict[str, Any], message: str) -> None:
    options = {"smoothing": 0.0} if name == "HLGauss" else {}
    getattr(unskew.jax, name)(**GOOD_CLASSES, **options)
    with pytest.raises(InputError, match=message):
        getattr(unskew.jax, name)(**(GOOD_CLASSES | change), **options)


def test_a_class_without_labels_beside_others_is_smoothed_over_and_far_from_others_refused() -> None:
    edges, q = np.linspace(0, 1, 21), np.full(20, 0.05)
    p = np.full(20, 1 / 19)
    p[7] = 0
    assert np.isfinite(unskew.jax.HLGauss(edges, p, q).classes.log_adjustment).all()
    far = np.where(np.arange(20) < 10, 0.1, 0)
    with pytest.raises(InputError, match=r"class \d+, from .* has no training labels"):
        unskew.jax.HLGauss(edges, far, q)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("BalancedMSEBins", ([0, 1, 2], [20, 80]), "no law"),
        ("BalancedMSEMixture", ([0.5, 0.5], [0.0], [1.0]), "2 weights, 1 means"),
        ("BalancedMSEMixture", ([0.5, 0.6], [0.0, 1.0], [1.0, 1.0]), "weights are no law"),
        ("BalancedMSEMixture", ([0.5, 0.5], [0.0, 1.0], [1.0, 0.0]), "positive deviations"),
    ],
)
def test_bad_laws(name: str, arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        getattr(unskew.jax, name)(*arguments)
    with pytest.raises(InputError, match="one axis"):
        unskew.jax.BalancedMSEBatch().loss(np.zeros((4, 1)), np.zeros((4, 1)), 0.0)


def test_smoothed_law_against_quadrature() -> None:
    b = batch(11)
    spread = 0.75 * (b.edges[-1] - b.edges[0]) / 5
    matrix = heads.smoothing_matrix(b.edges, spread)
    for c in range(5):
        for k in range(5):

            def target(y: float, k: int = k) -> float:
                inside = stats.norm.cdf(b.edges[[0, k, k + 1, -1]], y, spread)
                return float((inside[2] - inside[1]) / (inside[3] - inside[0]))

            mean, error = integrate.quad(target, b.edges[c], b.edges[c + 1], epsabs=1e-13, epsrel=1e-13)
            width = b.edges[c + 1] - b.edges[c]
            assert abs(matrix[c, k] - mean / width) <= error / width + 1e-12
    loops = smoothed(b, b.p, 0.75)
    # 2,000 midpoints, error a quarter of the change from 1,000 (h^2 law), with room for the next order.
    np.testing.assert_allclose(
        b.p @ matrix, loops, rtol=0, atol=np.ptp([loops, smoothed(b, b.p, 0.75, 1000)], axis=0).max()
    )


def finite_world() -> tuple[np.ndarray, ...]:
    """Three labels a class at one input, p(y|x), and what the balanced law makes of it."""
    random = np.random.default_rng(0)
    edges = np.array([0.0, 0.3, 0.5, 1.0])
    y = (edges[:-1, None] + np.diff(edges)[:, None] * [0.1, 0.4, 0.9]).ravel()
    classes = np.repeat(range(3), 3)
    p, q = random.dirichlet(np.ones(3)), random.dirichlet(np.ones(3))
    posterior = random.dirichlet(np.ones(9))
    corrected = posterior * (q / p)[classes]
    return edges, y, classes, p, q, posterior, corrected / corrected.sum()


def test_the_default_head_s_optimum_is_the_corrected_prediction_of_offset() -> None:
    """Gradient descent on the population loss reaches `sum_y y qhat(y|x)`; without the correction it reaches the training mean."""
    edges, y, _, p, q, posterior, corrected = finite_world()
    for flag, law in ((True, corrected), (False, posterior)):
        head = unskew.jax.WithinClassRegression(edges, p, q, corrected=flag)

        def population(outputs: Any, head: Any = head) -> Any:
            return jnp.asarray(posterior) @ head.loss(jnp.tile(outputs, (9, 1)), y)

        slope = jax.jit(jax.grad(population))
        outputs = jax.lax.fori_loop(0, 20_000, lambda _, at, slope=slope: at - 0.3 * slope(at), jnp.zeros(6))
        size = float(jnp.abs(slope(outputs)).max())
        assert size < 1e-10
        # The error is the slope over the curvature, which is above 1e-3 here (class shares and 12 s(1-s) squared).
        assert abs(float(head.predict(outputs)) - y @ law) <= size / 1e-3 + 1e-13
        assert abs(float(head.predict(outputs)) - y @ (posterior if flag else corrected)) > 1e-3


def test_the_soft_head_s_optimum_is_the_smoothed_balanced_posterior() -> None:
    b = batch(3)
    random = np.random.default_rng(1)
    posterior = random.dirichlet(np.ones(len(b.y)))
    head = unskew.jax.HLGauss(b.edges, b.p, b.q)
    soft = heads.soft_targets(b.y, b.edges, head.classes.spread)
    matrix = heads.smoothing_matrix(b.edges, head.classes.spread)
    balanced = posterior @ soft * (b.q @ matrix) / (b.p @ matrix)

    def population(logits: Any, corrected: bool = True) -> Any:
        one = unskew.jax.HLGauss(b.edges, b.p, b.q, corrected=corrected)
        return jnp.asarray(posterior) @ one.loss(jnp.tile(logits, (len(b.y), 1)), b.y)

    right = jax.grad(population)(jnp.log(balanced))
    wrong = jax.grad(lambda z: population(z, False))(jnp.log(balanced))
    assert float(jnp.abs(right).max()) <= 64 * 5 * EPSILON
    assert float(jnp.abs(wrong).max()) > 1e-3


def test_bias_of_the_centre_decoder_is_that_of_soft_labels() -> None:
    """Result *soft_labels*: targets decoded to centres are off by at most (d/pi) sum_k exp(-2 pi^2 k^2 tau^2/d^2)/k, attained."""
    edges = np.linspace(0, 1, 41)
    y = np.linspace(0.4, 0.6, 4001)
    for tau in (0.3, 0.5, 0.75):
        bias = heads.soft_targets(y, edges, tau / 40) @ ((edges[1:] + edges[:-1]) / 2) - y
        bound = math.fsum(math.exp(-2 * (math.pi * k * tau) ** 2) / k for k in range(1, 40)) / math.pi / 40
        assert np.abs(bias).max() <= bound + 1e-14
        assert np.abs(bias).max() >= 0.9 * bound - 1e-14


def test_extreme_outputs_stay_finite() -> None:
    for case in CASES:
        b = batch(4)
        value, slope = jax.value_and_grad(lambda v, case=case, b=b: loss(case, b, v).sum())(500 * case.read(b))
        assert np.isfinite(value), case.id
        assert np.isfinite(slope).all(), case.id


def test_integer_labels_are_numbers() -> None:
    head = unskew.jax.WithinClassRegression([0, 30, 60, 90], [0.2, 0.7, 0.1], [1 / 3] * 3)
    outputs = np.random.default_rng(0).normal(size=(3, 6))
    np.testing.assert_array_equal(
        head.loss(outputs, np.array([0, 45, 90])), head.loss(outputs, np.array([0.0, 45, 90]))
    )
