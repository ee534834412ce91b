"""The library: label shift, price, recalibration, prior correction and estimated targets, each against loops, closed forms or simulation."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

import unskew
from unskew import intervals, remedies, smoother
from unskew.ground.refusals import InputError
from unskew.inputs import HeldOut
from unskew.pricing import price

EPSILON = np.finfo(float).eps
TABLES = ("wages", "rain", "diamonds", "ames", "stsb")
SAVED = {"wages": 0.35, "rain": 0.37, "diamonds": 0.21, "stsb": 0.03}
"""Outside figures: share of the balanced squared error that a weighted kernel regression saves (ames is spoken of below)."""


def draw(random: np.random.Generator, n: int, rate: float) -> np.ndarray:
    """Labels with density proportional to exp(-rate y) on [0, 1]."""
    u = random.uniform(size=n)
    return u if rate == 0 else -np.log1p(-u * -math.expm1(-rate)) / rate


def posterior_mean(x: np.ndarray, noise: float, rate: float) -> np.ndarray:
    """E[y | x] for labels from exp(-rate y) on [0, 1] and Gaussian noise: a truncated normal whose mean is moved by rate noise^2."""
    middle = x - rate * noise**2
    low, high = -middle / noise, (1 - middle) / noise
    return middle + noise * (norm.pdf(low) - norm.pdf(high)) / (norm.cdf(high) - norm.cdf(low))


# --- label shift
# -----------------------------------------------------------------------------------------------------------------------


def test_shift_against_loops() -> None:
    y = draw(np.random.default_rng(0), 3000, 3.0)
    shift = unskew.LabelShift(y)
    counts = [0] * 20
    for label in y:
        counts[max(s for s in range(20) if s == 0 or label >= shift.edges[s])] += 1
    assert counts == (shift.p * len(y)).round().astype(int).tolist()
    kl = math.fsum(math.log(0.05 / (count / 3000)) / 20 for count in counts)
    chi = math.fsum(0.05**2 / (count / 3000) for count in counts)
    # Twenty terms, each with a logarithm or a quotient.
    assert abs(shift.kl - kl) <= 64 * EPSILON
    assert abs(shift.effective_sample_size - 3000 / chi) <= 64 * EPSILON * 3000
    weights = shift.weights(y)
    assert abs(weights.mean() - 1) <= 64 * EPSILON
    np.testing.assert_allclose(shift.ratio(y) * weights, 1, rtol=4 * EPSILON)
    same = unskew.LabelShift(y, target=y)
    assert same.kl == 0
    assert same.effective_sample_size == pytest.approx(3000, rel=64 * EPSILON)


def test_targets_of_all_kinds_agree() -> None:
    """Labels in the proportions of a density, the density and its masses are one target."""
    y = draw(np.random.default_rng(0), 3000, 3.0)
    edges = unskew.LabelShift(y).edges
    masses = -np.diff(np.exp(-edges))
    by_masses = unskew.LabelShift(y, unskew.Masses(edges, masses))
    by_density = unskew.LabelShift(y, lambda label: np.exp(-label))
    # Sixteen Gauss-Legendre nodes on a twentieth are exact to rounding for an exponential.
    np.testing.assert_allclose(by_density.q, by_masses.q, rtol=64 * EPSILON)
    by_labels = unskew.LabelShift(y, np.repeat((edges[1:] + edges[:-1]) / 2, [k + 1 for k in range(20)]))
    np.testing.assert_allclose(by_labels.q, (np.arange(20) + 1) / 210, rtol=4 * EPSILON)


def test_few_labels_are_their_own_stretches() -> None:
    shift = unskew.LabelShift([1, 1, 1, 2, 2, 5])
    assert shift.stretches == 3
    assert shift.p.tolist() == [3 / 6, 2 / 6, 1 / 6]
    assert shift.weights([5, 2, 1]).tolist() == pytest.approx([2, 1, 2 / 3])


def test_class_masses_and_their_adjustment() -> None:
    y = draw(np.random.default_rng(0), 3000, 3.0)
    shift = unskew.LabelShift(y)
    q, p = shift.masses(shift.edges[::5])
    np.testing.assert_allclose(p, shift.p.reshape(4, 5).sum(axis=1), rtol=64 * EPSILON)
    np.testing.assert_allclose(shift.log_adjustment(shift.edges[::5]), np.log(p / q), rtol=0, atol=64 * EPSILON)


@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_stretches_are_found_by_their_edges(seed: int, count: int) -> None:
    from unskew.shift import place

    random = np.random.default_rng(seed)
    low, length = random.normal() * 10 ** random.uniform(-3, 6), 10 ** random.uniform(-3, 3)
    edges = np.linspace(low, low + length, count + 1)
    y = np.concatenate([random.uniform(low - length, low + 2 * length, 50), edges, np.nextafter(edges, -np.inf)])
    expected = np.clip(np.searchsorted(edges, y, side="right") - 1, 0, count - 1)
    assert np.array_equal(place(edges, y), expected)


# --- the smoother
# -----------------------------------------------------------------------------------------------------------------------


def test_left_out_errors_are_exact() -> None:
    """The leave-one-out loss from one table against as many fits as there are rows, each without its row."""
    random = np.random.default_rng(0)
    t = np.repeat(np.arange(12.0), 4)
    y = t + random.normal(size=48)
    stretch = np.arange(48) % 3
    weights = np.array([0.5, 1.0, 3.0])
    pairs = smoother.table(y, t, stretch, weights)
    near = smoother.window(pairs.position, 0.7)
    fit = smoother.lines(pairs, weights, near)
    slow = 0.0
    for row in range(48):
        kept = np.arange(48) != row
        kernel = near[pairs.cell[row]][pairs.cell[kept]] * weights[stretch[kept]]
        design = np.stack([np.ones(47), t[kept] - t[row]], axis=1)
        value = np.linalg.solve(design.T @ (kernel[:, None] * design), design.T @ (kernel * y[kept]))[0]
        slow += weights[stretch[row]] * (y[row] - value) ** 2
    fast = smoother.loss(pairs, weights, fit) * pairs.scale[1] ** 2 * weights[stretch].sum()
    # Moments of 48 rows and a solution of two equations of condition below 1e3.
    assert abs(fast - slow) <= 1e3 * 48 * EPSILON * slow


def test_finder_is_searchsorted() -> None:
    random = np.random.default_rng(0)
    for keys in (np.sort(random.normal(size=200)), np.arange(3.0), np.array([0.0, 1e-9, 1.0]), np.array([2.0])):
        values = np.concatenate(
            [keys, np.nextafter(keys, np.inf), np.nextafter(keys, -np.inf), random.normal(size=999)]
        )
        assert np.array_equal(smoother.finder(keys)(values), np.searchsorted(keys, values))


def test_recalibration_finds_the_best_map() -> None:
    """Labels from exp(-4 y), noise .2, the best training prediction: the best balanced map of it is E_q[y|x], known in closed form."""
    random = np.random.default_rng(0)
    y = draw(random, 40_000, 4.0)
    x = y + 0.2 * random.normal(size=len(y))
    t = posterior_mean(x, 0.2, 4.0)
    shift = unskew.LabelShift(draw(random, 40_000, 4.0))
    model = unskew.Recalibrator(shift).fit(y, t)
    new = draw(random, 40_000, 0.0)
    seen = new + 0.2 * random.normal(size=len(new))
    found = model.predict(posterior_mean(seen, 0.2, 4.0))
    best, before = posterior_mean(seen, 0.2, 0.0), posterior_mean(seen, 0.2, 4.0)
    cost = float(np.mean((before - best) ** 2))
    left = float(np.mean((found - best) ** 2))
    # At most a twentieth of the price is left: r is taken constant on stretches, and rare labels (1 in 100 above .8) are few.
    assert left < cost / 20
    assert model.corrected.monotone
    # Falsifier: the map without weights mends nothing, since t is right for the training law.
    assert float(np.mean((model.plain(before) - best) ** 2)) > 0.8 * cost


def test_beyond_the_range_the_map_stays() -> None:
    random = np.random.default_rng(0)
    y = draw(random, 500, 2.0)
    t = y + 0.1 * random.normal(size=500)
    model = unskew.Recalibrator(unskew.LabelShift(y)).fit(y, t)
    low, high = model.predict([-1e9, 1e9])
    assert low == model.corrected.values[0]
    assert high == model.corrected.values[-1]
    assert model.beyond(np.array([-1e9, 1e9, float(t.mean())])) == 2
    assert y.min() <= low <= high <= y.max()


def test_monotone_unless_the_data_speak_against_it() -> None:
    random = np.random.default_rng(0)
    t = random.uniform(size=3000)
    hill = 1 - 4 * (t - 0.5) ** 2 + 0.1 * random.normal(size=3000)
    line = t + 0.3 * random.normal(size=3000)
    for y, expected in ((hill, False), (line, True)):
        shift = unskew.LabelShift(y)
        assert unskew.Recalibrator(shift).fit(y, t).corrected.monotone is expected
        forced = unskew.Recalibrator(shift, monotone=True).fit(y, t).corrected
        assert np.all(np.diff(forced.values) >= 0)


# --- real tables
# -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables(real_data) -> dict[str, tuple[unskew.LabelShift, np.ndarray, np.ndarray]]:
    def read(name: str) -> np.ndarray:
        return np.loadtxt(real_data(f"predictions/{name}.csv"), delimiter=",", skiprows=1)

    return {
        name: (
            unskew.LabelShift(read(f"{name}_train_labels")),
            read(f"{name}_validation"),
            read(f"{name}_test"),
        )
        for name in TABLES
    }


def stretch_error(shift: unskew.LabelShift, y: np.ndarray, t: np.ndarray, least: int) -> float:
    """Squared error averaged over stretches with at least so many rows."""
    stretch = shift.stretch_of(y)
    return float(np.mean([((y - t) ** 2)[stretch == s].mean() for s in range(20) if np.sum(stretch == s) >= least]))


@pytest.mark.parametrize("name", SAVED)
def test_savings_on_real_tables(name: str, tables) -> None:
    """Fitted on validation rows, scored on test rows; the outside figures count stretches with five rows or more. At least nine tenths of them."""
    shift, validation, test = tables[name]
    model = unskew.Recalibrator(shift).fit(validation[:, 0], validation[:, 1])
    before = stretch_error(shift, test[:, 0], test[:, 1], 5)
    after = stretch_error(shift, test[:, 0], model.predict(test[:, 1]), 5)
    assert 1 - after / before >= 0.9 * SAVED[name]


def test_a_small_table_is_said_to_be_unknown(tables) -> None:
    """Ames, 435 validation rows: half of the stretches hold fewer than ten, and the interval of the saving includes none at all.

    The outside figure is 16 %. On test rows the map saves 13 % over all stretches that occur there, and 3 % over those with five rows or more: a negative finding.
    """
    shift, validation, test = tables["ames"]
    found = price(shift, validation[:, 0], validation[:, 1])
    assert len(found.unknown) == 10
    assert found.saving.low < 0 < found.saving.value
    assert found.recalibration is not None
    after = stretch_error(shift, test[:, 0], found.recalibration.predict(test[:, 1]), 1)
    assert after < stretch_error(shift, test[:, 0], test[:, 1], 1)


def test_predicted_cost_lies_in_the_measured_interval_on_four_of_five(tables) -> None:
    inside = 0
    for shift, validation, test in tables.values():
        found = price(shift, validation[:, 0], validation[:, 1])
        assert found.recalibration is not None
        y, t = test.T
        corrected, plain = found.recalibration.corrected(t), found.recalibration.plain(t)

        def losses(rows: slice, y=y, plain=plain, corrected=corrected) -> list[np.ndarray]:
            return [(y[rows] - plain[rows]) ** 2, (y[rows] - corrected[rows]) ** 2]

        means = intervals.balanced(losses, 2, shift.stretch_of(y), shift.q, shift.inverse, 0)
        measured = means.estimate(lambda m: m[0] - m[1])
        inside += measured.low <= found.cost.value <= measured.high
    assert inside >= 4


# --- intervals
# -----------------------------------------------------------------------------------------------------------------------


def covered(runs: int, level: float) -> float:
    """Runs that must be covered at least: those expected, less three standard errors of their number."""
    return level * runs - 3 * math.sqrt(level * (1 - level) * runs)


def test_nothing_is_gained_where_there_is_nothing_to_gain() -> None:
    """Uniform labels: a calibrated prediction, and one that says nothing. No cost, and the interval says so in 95 % of the runs."""
    runs, hits = 60, {"calibrated": 0, "nothing": 0}
    savings = 0
    for run in range(runs):
        random = np.random.default_rng(run)
        shift = unskew.LabelShift(random.uniform(size=2000))
        y = random.uniform(size=400)
        predictions = {
            "calibrated": posterior_mean(y + 0.2 * random.normal(size=400), 0.2, 0.0),
            "nothing": 0.5 + 1e-3 * random.normal(size=400),
        }
        for name, t in predictions.items():
            found = price(shift, y, t)
            hits[name] += found.cost.low <= 0
            savings += found.saving.low > 0
            # A thousandth of the error at most: nothing that anyone would act on.
            assert abs(found.cost.value) < 0.02 * found.before.value
    assert min(hits.values()) >= covered(runs, 0.95)
    assert 2 * runs - savings >= covered(2 * runs, 0.95)


def test_intervals_cover_the_measured_saving() -> None:
    """Labels from exp(-3 y), noise .2: cost and saving of the fitted map on 20,000 new rows lie within the interval in 95 % of the runs."""
    runs, hits = 60, {"cost": 0, "saving": 0}
    for run in range(runs):
        random = np.random.default_rng(1000 + run)
        shift = unskew.LabelShift(draw(random, 3000, 3.0))
        y = draw(random, 1000, 3.0)
        t = posterior_mean(y + 0.2 * random.normal(size=1000), 0.2, 3.0)
        found = price(shift, y, t)
        assert found.recalibration is not None
        new = draw(random, 20_000, 0.0) * (shift.edges[-1] - shift.edges[0]) + shift.edges[0]
        seen = posterior_mean(new + 0.2 * random.normal(size=len(new)), 0.2, 3.0)
        corrected, plain = (curve(seen) for curve in (found.recalibration.corrected, found.recalibration.plain))
        after = float(np.mean((new - corrected) ** 2))
        hits["cost"] += found.cost.low <= float(np.mean((new - plain) ** 2)) - after <= found.cost.high
        hits["saving"] += found.saving.low <= float(np.mean((new - seen) ** 2)) - after <= found.saving.high
    assert min(hits.values()) >= covered(runs, 0.95), hits


def test_one_prediction_far_from_all_others_does_not_ruin_the_price() -> None:
    """Its leverage is nearly one. The left-out error was its residual times a thousand: 392 in place of about .2."""
    random = np.random.default_rng(0)
    y = draw(random, 900, 3.0)
    t = y + 0.1 * random.normal(size=900)
    usual = price(unskew.LabelShift(y), y, t)
    t[450] = 20.0
    one = price(unskew.LabelShift(y), y, t)
    # A row errs by the range of the labels at most, and weighs its largest 1/r among 900.
    most = float(np.ptp(y)) ** 2 * unskew.LabelShift(y).weights(y).max() / 900
    assert one.after.value <= usual.after.value + 2 * most
    assert one.after.value < one.before.value


def test_estimates_lie_in_their_intervals() -> None:
    means = intervals.Balanced(
        np.array([5.0]), np.array([[1.0, 2.0, 3.0]]), np.empty(1), np.empty(0), np.empty((0, 1)), ()
    )
    found = means.estimate(lambda m: m[0])
    assert found.low <= found.value <= found.high


def test_means_against_loops() -> None:
    random = np.random.default_rng(0)
    stretch = np.repeat(np.arange(4, dtype=np.int16), [640, 180, 76, 4])
    loss = random.gamma(1.0, 1.0, 900)
    q, inverse = np.array([0.25, 0.25, 0.25, 0.25]), np.array([0.5, 1.5, 2.5, 20.0])
    found = intervals.balanced(lambda rows: [loss[rows]], 1, stretch, q, inverse, 0)
    # Four rows lie in the last stretch, which is joined with its neighbour.
    assert found.unknown == (3,)
    both = stretch >= 2
    joined = np.sum(inverse[stretch[both]] * loss[both]) / np.sum(inverse[stretch[both]])
    expected = 0.25 * loss[stretch == 0].mean() + 0.25 * loss[stretch == 1].mean() + 0.5 * joined
    assert abs(found.means[0] - expected) <= 900 * EPSILON * expected
    assert abs(found.plain[0] - loss.mean()) <= 900 * EPSILON * loss.mean()
    # The spread of the resamples is the standard error of a stratified mean; a thousand resamples tell it to 1/sqrt(2000).
    within = [np.var(loss[stretch == s], ddof=1) / np.sum(stretch == s) for s in (0, 1)]
    weight = inverse[stretch[both]] / inverse[stretch[both]].sum()
    last = np.sum(weight**2 * (loss[both] - joined) ** 2) * both.sum() / (both.sum() - 1)
    error = math.sqrt(0.25**2 * sum(within) + 0.5**2 * last)
    # Four standard errors of a standard deviation, and the second order of a ratio, 1/effective rows of the joined stretches.
    assert abs(found.resampled[0].std() / error - 1) <= 4 / math.sqrt(2000) + np.sum(weight**2)


def test_sparse_stretches_are_joined_with_neighbours() -> None:
    held = np.array([3, 0, 40, 8, 2, 1])
    group, mass = intervals.groups(held, np.full(6, 1 / 6))
    assert group.tolist() == [0, 0, 0, 1, 1, 1]
    assert mass.tolist() == pytest.approx([0.5, 0.5])
    for number in set(group.tolist()):
        assert held[group == number].sum() >= intervals.LEAST


# --- probabilities
# -----------------------------------------------------------------------------------------------------------------------


def test_probabilities_divided_by_r_are_the_balanced_posterior() -> None:
    """Classes that are the stretches, exact class posteriors of p: the correction gives those of q, by Bayes' rule on the classes."""
    random = np.random.default_rng(0)
    y = draw(random, 5000, 3.0)
    shift = unskew.LabelShift(y)
    channel = random.dirichlet(np.ones(6), 20)
    p_joint, q_joint = channel * shift.p[:, None], channel * shift.q[:, None]
    correction = unskew.PriorCorrection(shift, shift.edges)
    found = correction.transform((p_joint / p_joint.sum(axis=0)).T)
    expected = (q_joint / q_joint.sum(axis=0)).T
    np.testing.assert_allclose(found, expected, rtol=0, atol=256 * EPSILON)
    np.testing.assert_allclose(
        correction.mean((p_joint / p_joint.sum(axis=0)).T), expected @ correction.centres, rtol=256 * EPSILON
    )
    # The price by probabilities is that of the two means on the same rows.
    rows = (p_joint / p_joint.sum(axis=0)).T[random.integers(0, 6, 500)]
    labels = draw(random, 500, 3.0).clip(y.min(), y.max())
    made = price(shift, labels, probabilities=rows, edges=shift.edges)
    assert made.before.low <= made.before.value <= made.before.high


def test_the_corrected_median() -> None:
    shift = unskew.LabelShift([0.5] * 60 + [1.5] * 30 + [2.5] * 10)
    correction = unskew.PriorCorrection(shift, shift.edges)
    rows = np.array([[0.6, 0.3, 0.1], [1.0, 0.0, 0.0]])
    # The first row is the prior, so the correction makes it uniform; its median is in the middle of the middle class.
    low, high = shift.edges[1], shift.edges[2]
    assert correction.median(rows)[0] == pytest.approx((low + high) / 2)
    assert correction.median(rows)[1] == pytest.approx((shift.edges[0] + shift.edges[1]) / 2)


# --- the target's law
# -----------------------------------------------------------------------------------------------------------------------


def test_target_law_from_predictions() -> None:
    random = np.random.default_rng(0)
    training, y, new = draw(random, 5000, 3.0), draw(random, 2000, 3.0), draw(random, 4000, -2.0)
    shift = unskew.LabelShift(training, support=(0.0, 1.0))
    found = unskew.target_law(shift, y, y + 0.03 * random.normal(size=2000), new + 0.03 * random.normal(size=4000))
    assert found.identified
    halves = np.array([float(np.mean(new < 0.5)), float(np.mean(new >= 0.5))])
    masses = found.masses.masses.reshape(2, 10).sum(axis=1)
    # Labels within a noise of the middle may be taken for the other half's: 2 * .03 of the mass, and three standard errors.
    assert np.all(np.abs(masses - halves) <= 0.06 + 3 * 0.5 / math.sqrt(2000))
    assert np.all((found.low <= found.masses.masses) & (found.masses.masses <= found.high))
    blind = unskew.target_law(shift, y, random.normal(size=2000), random.normal(size=4000))
    assert not blind.identified
    assert blind.groups == 2


# --- remedies
# -----------------------------------------------------------------------------------------------------------------------


def test_remedies_on_the_reference_world() -> None:
    """Gaussian noise of one size: Balanced MSE with that noise is as good as recalibration; plain weights likewise; nothing costs the most."""
    random = np.random.default_rng(0)
    y = draw(random, 20_000, 4.0)
    t = posterior_mean(y + 0.15 * random.normal(size=len(y)), 0.15, 4.0)
    shift = unskew.LabelShift(y)
    found = remedies.compare(HeldOut(shift, y, t, None, None, None, ""), "squared", 0)
    errors = {one.name: one.error.value for one in found.remedies}
    assert errors["recalibration"] < errors["balanced_mse"] < errors["nothing"]
    assert errors["balanced_mse"] - errors["recalibration"] < (errors["nothing"] - errors["recalibration"]) / 2
    assert errors["classes"] <= errors["recalibration"]
    assert found.best.name == "recalibration"


# --- the package
# -----------------------------------------------------------------------------------------------------------------------


def test_import_takes_little_beyond_numpy_and_scipy() -> None:
    """At most .25 s of processor time beyond theirs, the least of three tries: other load on the machine does not count."""
    code = (
        "import time, numpy, scipy.fft, scipy.optimize; begin = time.process_time(); import unskew; "
        "[getattr(unskew, name) for name in unskew.__all__]; print(time.process_time() - begin); "
        "import sys; print(sorted({'jax', 'torch', 'sympy', 'matplotlib', 'pandas', 'sklearn'} & set(sys.modules)))"
    )
    tries = []
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        seconds, loaded = done.stdout.split("\n")[:2]
        tries.append(float(seconds))
        assert loaded == "[]"
    assert min(tries) < 0.25


def test_every_public_name_is_there_and_documented() -> None:
    for name in unskew.__all__:
        assert getattr(unskew, name).__doc__
    with pytest.raises(AttributeError):
        _ = unskew.absent


WRONG = [
    lambda: unskew.LabelShift([]),
    lambda: unskew.LabelShift([[1.0, 2.0]]),
    lambda: unskew.LabelShift([1.0, math.nan]),
    lambda: unskew.LabelShift([1.0, math.inf]),
    lambda: unskew.LabelShift([1.0, 2.0], "balanced"),
    lambda: unskew.LabelShift([1.0, 2.0], stretches=1),
    lambda: unskew.LabelShift([1.0, 2.0], support=(2.0, 1.0)),
    lambda: unskew.LabelShift([1.0, 2.0], unskew.Masses(np.array([1.0, 2.0]), np.array([-1.0]))),
    lambda: unskew.LabelShift([1.0, 2.0], unskew.Masses(np.array([1.0, 2.0]), np.array([1.0, 1.0]))),
    lambda: unskew.LabelShift(np.arange(100.0), lambda y: y - 50),
    lambda: unskew.LabelShift(np.arange(100.0)).weights([200.0]),
    lambda: unskew.LabelShift(np.arange(100.0)).log_adjustment([0.0, 50.0, 40.0]),
    lambda: unskew.price(unskew.LabelShift(np.arange(100.0)), np.arange(100.0)),
    lambda: unskew.price(unskew.LabelShift(np.arange(100.0)), np.arange(100.0), np.arange(99.0)),
    lambda: unskew.price(unskew.LabelShift(np.arange(100.0)), np.arange(100.0), np.arange(100.0)[:, None]),
    lambda: unskew.PriorCorrection(unskew.LabelShift(np.arange(100.0)), None),
]


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_arguments_are_refused(wrong) -> None:
    with pytest.raises(InputError):
        wrong()
