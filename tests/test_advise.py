"""The adviser's numbers: the finite world against the law, W and predictions by other routes, edges, intervals, rules."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.advise import cells as fine
from numerics.advise import channel, classes, columns, interval
from numerics.advise.cells import Cells
from numerics.advise.imbalance import imbalance
from numerics.advise.options import KINDS
from numerics.advise.recommend import recommend, rules, threshold
from numerics.channels import Channel
from numerics.label_files.column import Column
from numerics.laws import labels
from numerics.posterior import label_side
from numerics.posterior.quantities import quantities
from numerics.world import World
from unskew.ground.refusals import InputError

EPSILON = np.finfo(np.float64).eps
UNIT = (Fraction(0), Fraction(1))


def column(values: np.ndarray) -> Column:
    return Column(np.asarray(values, float), 0, "test", "")


def exponential(n: int, rate: float = 6.0, seed: int = 0) -> np.ndarray:
    u = np.random.default_rng(seed).uniform(size=n)
    return -np.log1p(-u * -math.expm1(-rate)) / rate


def ages(n: int = 3000, seed: int = 0) -> np.ndarray:
    y = np.arange(40)
    p = np.exp(-(((y - 15) / 7) ** 2) / 2) + 0.01
    return np.random.default_rng(seed).choice(y, n, p=p / p.sum()).astype(float)


def exact_cells(rate: float, n: int) -> Cells:
    """p proportional to exp(-rate y) on [0, 1], uniform q, with expected counts: every number has a closed form."""
    edges = np.arange(fine.CELLS + 1) / fine.CELLS
    p = -np.diff(np.exp(-rate * edges)) / -math.expm1(-rate)
    made = fine.make(column(exponential(1000)), "uniform", UNIT)
    return Cells(
        y=(edges[1:] + edges[:-1]) / 2,
        edges=edges,
        q=np.full(fine.CELLS, 1 / fine.CELLS),
        p=p,
        counts=np.round(n * p).astype(np.int64),
        discrete=False,
        bandwidth=0.05,
        floor=0.0,
        slope_square=rate**2,
        unsampled=(),
        uniform=True,
        labels=made.labels,
        reference="uniform",
    )


# --- the finite world
# -----------------------------------------------------------------------------------------------------------------------


def test_cell_masses_are_the_laws_own() -> None:
    values = exponential(2000, 3.0)
    law = labels.from_column(column(values), "x", UNIT)
    made = fine.make(column(values), "uniform", UNIT)
    places = [0, 1, 7, 500, 2048, 4095, 4096]
    _, p = law.bin_masses([Fraction(place, fine.CELLS) for place in places])
    ours = np.add.reduceat(made.p, places[:-1])
    # A fast transform of m terms is off by a few eps log2(m) of its norm; sums of m positive masses by m eps of the sum.
    np.testing.assert_allclose(ours, p, rtol=0, atol=EPSILON * (fine.CELLS + 64))
    slope = law.slope(made.y)
    expected = float(np.mean(slope**2))
    # l' = p'/p: rounding of p' is that of a transform of coefficients a_k k pi, divided by the least density.
    rounding = 64 * EPSILON * float(np.sum(np.abs(law.slope(made.y)))) / float(made.p.min() * fine.CELLS)
    assert abs(made.slope_square - expected) <= rounding * (1 + math.sqrt(expected))


def test_discrete_cells_are_the_atoms() -> None:
    values = ages()
    made = fine.make(column(values), "uniform", None)
    points, counts = np.unique(values, return_counts=True)
    assert made.discrete
    assert made.y.tolist() == points.tolist()
    assert made.counts.tolist() == counts.tolist()
    assert made.edges[0] == points[0]
    assert made.edges[-1] == points[-1]
    assert np.all((made.edges[1:-1] > points[:-1]) & (made.edges[1:-1] < points[1:]))
    assert made.hidden == 0


def test_large_columns_follow_the_rules_of_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    values = exponential(30_000, 3.0)
    small = columns.counted(column(values))
    monkeypatch.setattr(columns, "LARGE", 1000)
    large = columns.counted(column(values))
    assert large.support == small.support
    assert large.n == small.n
    assert len(large.points) < len(small.points) or len(small.points) < columns.kernel_estimate.CELLS
    # Same histogram of 65,536 cells, same rule, so the same bandwidth but for labels that fall on a cell's edge and the stop of the root search.
    assert abs(large.bandwidth - small.bandwidth) <= 1e-9 * small.bandwidth
    assert columns.counted(column(np.round(values, 2)[:20_000])).discrete
    # Rounded labels that are still no lattice: the rule for repeats.
    repeated = np.round(values, 4) + 1e-7 * (values > 0.5)
    large = columns.counted(column(repeated))
    assert not large.discrete
    monkeypatch.setattr(columns, "LARGE", 10**9)
    small = columns.counted(column(repeated))
    assert abs(large.bandwidth - small.bandwidth) <= 1e-9 * small.bandwidth


@pytest.mark.parametrize("count", [4, 8, 64])
def test_remainder_against_the_laws_own_quadrature(count: int) -> None:
    """Cells hide (d^2/24) E_q[l'^2] of W to leading order (`rates`); the next order is below the first here by (h/bandwidth)^2 < 1e-2."""
    values = exponential(5000, 3.0)
    law = labels.from_column(column(values), "x", UNIT)
    side = label_side.label_side(law, [count], 0.1).bins[0]
    made = fine.make(column(values), "uniform", UNIT)
    edges = tuple(fine.CELLS * c // count for c in range(count + 1))
    ours = channel.remainder(made, edges)
    tolerance = side.remainder.error + 1.01 * made.hidden + EPSILON * fine.CELLS * 16
    assert -EPSILON * fine.CELLS * 16 <= side.remainder.value - ours <= tolerance
    # Falsifier: leaving out KL(q_C||p_C) is far outside.
    assert abs(float(classes.kl_labels(made.q, made.p)) - side.remainder.value) > 100 * tolerance


def test_discrete_numbers_against_loops() -> None:
    made = fine.make(column(ages()), "uniform", None)
    edges = classes.equal_width(made, 7)
    total = 0.0
    price = 0.0
    for low, high in pairwise(edges):
        q, p, n = math.fsum(made.q[low:high]), math.fsum(made.p[low:high]), int(made.counts[low:high].sum())
        total += math.fsum(made.q[j] * math.log((made.q[j] / q) / (made.p[j] / p)) for j in range(low, high))
        price += q * (1 - q) / (2 * n)
    assert abs(channel.remainder(made, edges) - total) <= 64 * EPSILON * len(made.y)
    assert abs(classes.penalty(made, edges) - price) <= 64 * EPSILON
    found = imbalance(made)
    chi_square = math.fsum(made.q**2 / made.p) - 1
    assert abs(found.chi_square - chi_square) <= 64 * EPSILON * len(made.y) * (1 + chi_square)
    assert abs(found.effective - made.n / (1 + chi_square)) <= 64 * EPSILON * len(made.y) * made.n


# --- predictions
# -----------------------------------------------------------------------------------------------------------------------


def compared(made: Cells, law: object, noise: float, count: int, extra: dict[str, float]) -> None:
    edges = classes.equal_width(made, count)
    ours = channel.predict(made, [edges], noise)
    theirs = quantities(World(law, Channel("gaussian", noise), (count,)), with_curves=False)
    per = theirs.per_classes[0]
    pairs = {
        "price": (ours.price, theirs.price, ours.error),
        "corrected": (ours.corrected[0], per.corrected_excess, ours.error),
        "squared_price": (ours.squared_price, theirs.squared_error_price, ours.squared_error),
        "squared_corrected": (ours.squared_corrected[0], per.corrected_squared_error, ours.squared_error),
        "balanced_risk": (ours.balanced_risk, theirs.balanced_risk, ours.squared_error),
    }
    for name, (value, estimate, error) in pairs.items():
        assert abs(value - estimate.value) <= error + estimate.error + extra.get(name, 0.0), name
    # Falsifier: the price without what inputs reveal is far outside.
    assert abs(float(classes.kl_labels(made.q, made.p)) - theirs.price.value) > 100 * (ours.error + theirs.price.error)


@pytest.mark.parametrize(("noise", "count"), [(0.7, 8), (4.0, 5)])
def test_prediction_against_posteriors_on_atoms(noise: float, count: int) -> None:
    values = ages()
    law = labels.from_column(column(values), "x")
    compared(fine.make(column(values), "uniform", None), law, noise, count, {})


def test_prediction_against_posteriors_on_a_density(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are a midpoint rule in y: the error falls by 4 with each halving, so the step from 2048 to 4096 cells bounds what is left."""
    values = exponential(5000, 3.0)
    law = labels.from_column(column(values), "x", UNIT)
    made = fine.make(column(values), "uniform", UNIT)
    monkeypatch.setattr(fine, "CELLS", 2048)
    coarse = fine.make(column(values), "uniform", UNIT)
    noise, count = 0.1, 8
    one, two = (channel.predict(side, [classes.equal_width(side, count)], noise) for side in (made, coarse))
    extra = {
        "price": abs(one.price - two.price),
        "corrected": abs(one.corrected[0] - two.corrected[0]),
        "squared_price": abs(one.squared_price - two.squared_price),
        "squared_corrected": abs(one.squared_corrected[0] - two.squared_corrected[0]),
        "balanced_risk": abs(one.balanced_risk - two.balanced_risk),
    }
    compared(made, law, noise, count, extra)


def test_prediction_stays_within_the_label_bounds() -> None:
    made = fine.make(column(ages()), "uniform", None)
    edges = [classes.equal_width(made, count) for count in (2, 5, 20)]
    remains = [channel.remainder(made, one) for one in edges]
    total = float(classes.kl_labels(made.q, made.p))
    last = channel.predict(made, edges, 0.01)
    for noise in (0.05, 0.3, 1.0, 4.0, 20.0, 400.0):
        found = channel.predict(made, edges, noise)
        assert -found.error <= found.price <= total + found.error
        for value, bound in zip(found.corrected, remains, strict=True):
            assert -found.error <= value <= bound + found.error
        # Both rise with the noise (garbling).
        assert found.price >= last.price - found.error - last.error
        assert all(a >= b - found.error - last.error for a, b in zip(found.corrected, last.corrected, strict=True))
        last = found
    # Inputs that say nothing: price KL(q_y||p_y), left W; inputs that say all: nothing to pay and nothing left.
    assert last.price == pytest.approx(total, rel=0.02)
    none = channel.predict(made, edges, 0.01)
    assert none.price <= none.error
    assert max(none.corrected) <= none.error


def test_decoding_to_centres_against_a_direct_sum() -> None:
    """sum_c qhat(c|x) m_c at a few inputs, by the definition of the correction: reweighted class posterior of p."""
    made = fine.make(column(ages()), "uniform", None)
    edges = classes.equal_width(made, 6)
    noise = 3.0
    x, weight = np.polynomial.legendre.leggauss(400)
    low, high = made.edges[0] - 9 * noise, made.edges[-1] + 9 * noise
    x, weight = (low + high) / 2 + (high - low) / 2 * x, (high - low) / 2 * weight
    kernel = np.exp(-(((x[:, None] - made.y) / noise) ** 2) / 2) / (noise * math.sqrt(2 * math.pi))
    p_joint, q_joint = kernel * made.p, kernel * made.q
    weights, centres = [], []
    for a, b in pairwise(edges):
        ratio = made.q[a:b].sum() / made.p[a:b].sum()
        weights.append(p_joint[:, a:b].sum(axis=1) * ratio)
        centres.append(float(np.sum(made.q[a:b] * made.y[a:b]) / made.q[a:b].sum()))
    corrected = np.array(weights).T
    decoded = corrected @ np.array(centres) / corrected.sum(axis=1)
    q_x = q_joint.sum(axis=1)
    expected = float(np.sum(weight * q_x * (decoded - q_joint @ made.y / q_x) ** 2))
    found = channel.predict(made, [edges], noise)
    # 400 nodes over 93 label units and noise 3 resolve Gaussians of that width to rounding.
    assert abs(found.squared_decoded[0] - expected) <= found.squared_error + 1e3 * EPSILON * made.length**2


def test_noise_below_a_cell_gives_upper_bounds() -> None:
    made = fine.make(column(exponential(3000)), "uniform", UNIT)
    edges = [classes.equal_width(made, 8)]
    found = channel.predict(made, edges, 1e-9)
    assert found.at_most
    assert found.noise == channel.least_noise(made)
    assert not channel.predict(made, edges, 0.1).at_most


# --- edges
# -----------------------------------------------------------------------------------------------------------------------


@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 400),
    st.sampled_from(["normal", "few", "skewed", "two", "rounded"]),
    st.sampled_from([1, 2, 5, 17, 80]),
)
@settings(max_examples=20)
def test_edges_always_make_classes_that_can_be_used(seed: int, n: int, shape: str, count: int) -> None:
    random = np.random.default_rng(seed)
    values = {
        "normal": lambda: random.normal(size=n),
        "few": lambda: random.integers(0, 6, n).astype(float),
        "skewed": lambda: np.exp(4 * random.normal(size=n)),
        "two": lambda: random.integers(0, 2, n).astype(float),
        "rounded": lambda: np.round(random.gamma(1.0, 3.0, n), 1),
    }[shape]()
    if len(np.unique(values)) < 2:
        return
    made = fine.make(column(values), "uniform", None)
    enough = min(classes.LEAST, n)
    assert abs(made.q.sum() - 1) < 1e-9
    assert abs(made.p.sum() - 1) < 1e-9
    assert made.counts.sum() == n
    assert np.all(np.diff(made.edges) > 0)
    for kind in KINDS:
        (edges,) = classes.edges_of(made, kind, [min(count, len(classes.candidates(made)) - 1)])
        assert edges[0] == 0
        assert edges[-1] == len(made.y)
        assert len(edges) - 1 <= count
        for low, high in pairwise(edges):
            assert low < high
            assert made.counts[low:high].sum() >= enough
            assert made.q[low:high].sum() > 0


def test_optimal_edges_beat_the_others_and_lose_nothing_by_more_classes() -> None:
    made = fine.make(column(ages()), "uniform", None)
    tables = {kind: classes.remainder(made, kind, 40)[0] for kind in KINDS}
    best = dict(zip(tables[KINDS[0]].used.tolist(), tables[KINDS[0]].remainder.tolist(), strict=True))
    for kind in KINDS[1:]:
        for used, value in zip(tables[kind].used.tolist(), tables[kind].remainder.tolist(), strict=True):
            assert best[used] <= value + 64 * EPSILON * len(made.y)
    values = [best[count] for count in sorted(best)]
    assert all(b <= a + 64 * EPSILON * len(made.y) for a, b in pairwise(values))


# --- intervals
# -----------------------------------------------------------------------------------------------------------------------


def test_intervals_cover_and_percentiles_do_not() -> None:
    """Coverage over repetitions of the sampling, against three standard errors of the number of hits; the percentile interval, which counts
    the bias twice, must be found out."""
    y = np.arange(40)
    p = np.exp(-(((y - 15) / 7) ** 2) / 2) + 0.004
    p /= p.sum()
    random = np.random.default_rng(5)
    repetitions, hits, wrong = 150, 0, 0
    for repetition in range(repetitions):
        made = fine.make(column(random.choice(y, 3000, p=p)), "uniform", None)
        truth = p[np.searchsorted(y, made.y)]
        edges = classes.equal_width(made, 6)
        truth = truth / truth.sum()
        target = float(classes.kl_labels(made.q, truth) - classes.kl_classes(made.q, truth, edges))
        ((low, high),) = interval.intervals(made, [edges], repetition, 200)
        hits += low <= target <= high
        drawn = made.smoothed(random.multinomial(made.n, made.counts / made.n, size=200))
        values = classes.kl_labels(made.q, drawn) - classes.kl_classes(made.q, drawn, edges)
        low, high = np.quantile(values, [0.025, 0.975])
        wrong += low <= target <= high
    error = math.sqrt(interval.LEVEL * (1 - interval.LEVEL) * repetitions)
    assert hits >= interval.LEVEL * repetitions - 3 * error
    assert wrong < interval.LEVEL * repetitions - 3 * error


def test_intervals_are_those_of_resampled_labels() -> None:
    """The same bootstrap on labels instead of counts: equal quantiles within the Monte-Carlo error of both."""
    values = ages(400, 3)
    made = fine.make(column(values), "uniform", None)
    edges = classes.equal_width(made, 5)
    random = np.random.default_rng(0)
    resampled = []
    for _ in range(2000):
        again = random.choice(values, len(values))
        counts = np.bincount(np.searchsorted(made.y, again), minlength=len(made.y))
        p = made.smoothed(counts)
        resampled.append(float(classes.kl_labels(made.q, p) - classes.kl_classes(made.q, p, edges)))
    estimate = channel.remainder(made, edges)
    slow = interval.unbiased(estimate, np.array(resampled))
    (fast,) = interval.intervals(made, [edges], 1, 2000)
    deviation = float(np.std(resampled))
    # Standard error of a 2.5 % quantile of 2000 normal draws: sqrt(.025 .975/2000)/phi(1.96) = 0.06 deviations; the mean's, twice, adds 0.045; two
    # independent sides, four of each.
    tolerance = 4 * math.sqrt(2) * 0.075 * deviation
    assert abs(slow[0] - fast[0]) <= tolerance
    assert abs(slow[1] - fast[1]) <= tolerance


# --- rules
# -----------------------------------------------------------------------------------------------------------------------


def test_rules_on_the_reference_world() -> None:
    """p proportional to exp(-6 y): W = log(sinh u/u), u = 3/K, K* and the least K have closed forms."""
    n = 10**9
    made = exact_cells(6.0, n)
    found, edges = classes.remainder(made, "equal-width", 256)
    numbers = imbalance(made)
    for count in (1, 2, 4, 32, 64):
        u = 3 / count
        place = found.asked.tolist().index(count)
        assert abs(found.remainder[place] - math.log(math.sinh(u) / u)) <= made.hidden * 1.01 + EPSILON * fine.CELLS
    epsilon, noise = 0.001, 0.02
    named = rules(made, found, numbers, epsilon, noise)
    least = next(k for k in range(1, 100) if math.log(math.sinh(3 / k) / (3 / k)) <= epsilon)
    # K that do not divide the cells have edges off by half a cell.
    assert named.by_epsilon is not None
    assert abs(named.by_epsilon - least) <= 1
    assert named.by_noise == math.ceil(1 / (threshold() * noise)) == 15
    assert abs(threshold() - 3.5074351421) < 1e-10
    chi_square = (math.exp(6) - 1) * -math.expm1(-6) / 36 - 1
    # Cells average r: E_q r^2 is short by d^2/12 times E_q r'^2 = 36 E_q r^2; a factor 2 for its share above chi_square and higher orders.
    short = 2 * 36 / 12 / fine.CELLS**2
    assert numbers.chi_square == pytest.approx(chi_square, rel=short)
    assert named.by_formula is not None
    assert abs(named.by_formula / (36 * n / (1 + chi_square) / 6) ** (1 / 3) - 1) <= short
    advice = recommend(made, found, edges, named, epsilon, noise)
    assert advice.verdict == "classes"
    assert advice.classes == max(named.by_epsilon, named.by_noise)


def test_too_wide_classes_are_not_recommended() -> None:
    """At the noise where two classes hurt (theory sheet: K = 2, s = 0.1), the rule must name more, and say no where no more are allowed."""
    made = exact_cells(6.0, 10**6)
    two = channel.predict(made, [classes.equal_width(made, 2)], 0.1)
    # Outside figures, four digits: price 0.147269, corrected excess with two classes 2.123e-1.
    assert abs(two.price - 0.147269) < 5e-7 + made.hidden
    assert abs(two.corrected[0] - 0.2123) < 5e-5
    eight = channel.predict(made, [classes.equal_width(made, 8)], 0.1)
    assert abs(eight.corrected[0] - 2.279e-2) < 5e-6
    found, edges = classes.remainder(made, "equal-width", 2)
    named = rules(made, found, imbalance(made), 0.3, 0.1)
    refused = recommend(made, found, edges, named, 0.3, 0.1)
    assert refused.verdict == "none"
    assert "more than imbalance" in refused.reasons[0]
    found, edges = classes.remainder(made, "equal-width", 64)
    named = rules(made, found, imbalance(made), 0.3, 0.1)
    advice = recommend(made, found, edges, named, 0.3, 0.1)
    assert advice.verdict == "classes"
    assert advice.classes >= 3
    assert advice.prediction is not None
    assert advice.prediction.price > advice.prediction.corrected[0] + advice.penalty


def test_balanced_labels_need_no_classes() -> None:
    made = fine.make(column(np.repeat(np.arange(10.0), 50)), "uniform", None)
    found, edges = classes.remainder(made, "optimal", 10)
    numbers = imbalance(made)
    assert numbers.kl <= 64 * EPSILON
    advice = recommend(made, found, edges, rules(made, found, numbers, 0.01, None), 0.01, None)
    assert advice.verdict == "none"


# --- references
# -----------------------------------------------------------------------------------------------------------------------


def test_reference_from_a_file_and_an_expression(tmp_path) -> None:
    values = ages()
    np.save(tmp_path / "same.npy", values)
    same = fine.make(column(values), str(tmp_path / "same.npy"), None)
    assert np.array_equal(same.q, same.p)
    assert imbalance(same).kl <= 64 * EPSILON
    tilted = fine.make(column(values), "exp(-y/10)", None)
    expected = np.exp(-tilted.y / 10)
    # On each of two sides: half a unit of exponents up to 3.9 (ages to 39), one of exp, three of a sum of 40, two of normalising.
    assert np.abs(tilted.y).max() / 10 <= 4
    np.testing.assert_allclose(tilted.q, expected / expected.sum(), rtol=2 * (2 + 1 + 3 + 2) * EPSILON)
    smooth = exponential(3000, 3.0)
    np.save(tmp_path / "smooth.npy", smooth)
    own = fine.make(column(smooth), str(tmp_path / "smooth.npy"), None)
    # The same labels through the reference's own estimate: the same bandwidth and floor, so the same bits.
    np.testing.assert_array_equal(own.q, own.p)
    formula = fine.make(column(smooth), "exp(-3*y)", UNIT)
    # Masses without differences of nearby numbers. The rule in a cell is exact (width 3/4096 of an exponent); on each side half a unit of
    # exponents up to 3, one of exp, one of expm1 or of the rule's sum, three of normalising, and the edges' own half unit through the width.
    expected = np.exp(-3 * formula.edges[:-1]) * -np.expm1(-3 / len(formula.q)) / -np.expm1(-3.0)
    np.testing.assert_allclose(formula.q, expected, rtol=2 * (2 + 1 + 1 + 3 + 1) * EPSILON)


def test_references_that_cannot_be_used(tmp_path) -> None:
    np.save(tmp_path / "narrow.npy", np.arange(5.0, 20.0).repeat(10))
    with pytest.raises(InputError, match="from 5 to 19, the labels from 0 to"):
        fine.make(column(ages()), str(tmp_path / "narrow.npy"), None)
    with pytest.raises(InputError, match="no file"):
        fine.make(column(ages()), "absent.csv", None)
    with pytest.raises(InputError):
        fine.make(column(ages()), "exp(-y", None)


def test_labels_never_sampled_are_named() -> None:
    values = ages()
    made = fine.make(column(values[values != 7]), "uniform", (Fraction(0), Fraction(39)))
    assert made.unsampled == ("7",)
    assert np.all(made.p > 0)
    assert np.isfinite(imbalance(made).kl)
