"""Classes of labels: the finite world against the law, W and predictions by other routes, edges, and the choice of classes."""

from __future__ import annotations

import json
import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numerics.channels import Channel
from numerics.laws import labels
from numerics.posterior import label_side
from numerics.posterior.quantities import quantities
from numerics.world import World
from unskew import cells as fine
from unskew import channel
from unskew import class_edges as classes
from unskew import classes as classes_file
from unskew import labels as columns
from unskew.cells import Cells
from unskew.class_edges import KINDS
from unskew.expression import density
from unskew.ground.refusals import InputError
from unskew.imbalance import imbalance
from unskew.label_files.column import Column

EPSILON = np.finfo(np.float64).eps
UNIT = (Fraction(0), Fraction(1))


def column(values: np.ndarray) -> Column:
    return Column(np.asarray(values, float), "test", "")


def made_of(values: np.ndarray, support: columns.Support | None = None) -> Cells:
    return fine.make(columns.labels_of(column(values), support))


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
    made = made_of(exponential(1000), UNIT)
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
    made = made_of(values, UNIT)
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
    made = made_of(values)
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
    small = columns.labels_of(column(values))
    monkeypatch.setattr(columns, "LARGE", 1000)
    large = columns.labels_of(column(values))
    assert large.support == small.support
    assert large.n == small.n
    assert len(large.points) < len(small.points) or len(small.points) < columns.kernel_estimate.CELLS
    # Same histogram of 65,536 cells, same rule, so the same bandwidth but for labels that fall on a cell's edge and the stop of the root search.
    assert abs(large.kernel.bandwidth - small.kernel.bandwidth) <= 1e-9 * small.kernel.bandwidth
    assert columns.labels_of(column(np.round(values, 2)[:20_000])).discrete
    # Rounded labels that are still no lattice: the rule for repeats.
    repeated = np.round(values, 4) + 1e-7 * (values > 0.5)
    large = columns.labels_of(column(repeated))
    assert not large.discrete
    monkeypatch.setattr(columns, "LARGE", 10**9)
    small = columns.labels_of(column(repeated))
    assert abs(large.kernel.bandwidth - small.kernel.bandwidth) <= 1e-9 * small.kernel.bandwidth


@pytest.mark.parametrize("count", [4, 8, 64])
def test_remainder_against_the_laws_own_quadrature(count: int) -> None:
    """Cells hide (d^2/24) E_q[l'^2] of W to leading order (`rates`); the next order is below the first here by (h/bandwidth)^2 < 1e-2."""
    values = exponential(5000, 3.0)
    law = labels.from_column(column(values), "x", UNIT)
    side = label_side.label_side(law, [count], 0.1).bins[0]
    made = made_of(values, UNIT)
    edges = tuple(fine.CELLS * c // count for c in range(count + 1))
    ours = channel.remainder(made, edges)
    tolerance = side.remainder.error + 1.01 * made.hidden + EPSILON * fine.CELLS * 16
    assert -EPSILON * fine.CELLS * 16 <= side.remainder.value - ours <= tolerance
    # Falsifier: leaving out KL(q_C||p_C) is far outside.
    assert abs(float(classes.kl_labels(made.q, made.p)) - side.remainder.value) > 100 * tolerance


def test_discrete_numbers_against_loops() -> None:
    made = made_of(ages())
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
    compared(made_of(values), law, noise, count, {})


def test_prediction_against_posteriors_on_a_density(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells are a midpoint rule in y: the error falls by 4 with each halving, so the step from 2048 to 4096 cells bounds what is left."""
    values = exponential(5000, 3.0)
    law = labels.from_column(column(values), "x", UNIT)
    made = made_of(values, UNIT)
    monkeypatch.setattr(fine, "CELLS", 2048)
    coarse = made_of(values, UNIT)
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
    made = made_of(ages())
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
    made = made_of(ages())
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
    made = made_of(exponential(3000), UNIT)
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
    made = made_of(values)
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
    made = made_of(ages())
    tables = {kind: classes.remainder(made, kind, 40)[0] for kind in KINDS}
    best = dict(zip(tables[KINDS[0]].used.tolist(), tables[KINDS[0]].remainder.tolist(), strict=True))
    for kind in KINDS[1:]:
        for used, value in zip(tables[kind].used.tolist(), tables[kind].remainder.tolist(), strict=True):
            assert best[used] <= value + 64 * EPSILON * len(made.y)
    values = [best[count] for count in sorted(best)]
    assert all(b <= a + 64 * EPSILON * len(made.y) for a, b in pairwise(values))


# --- the choice
# -----------------------------------------------------------------------------------------------------------------------


def test_the_reference_world_with_two_and_eight_classes() -> None:
    """Outside figures, four digits: price 0.147269, corrected excess 2.123e-1 with two classes (it hurts) and 2.279e-2 with eight."""
    made = exact_cells(6.0, 10**6)
    found = channel.predict(made, [classes.equal_width(made, count) for count in (2, 8)], 0.1)
    two, eight = found.corrected
    assert abs(found.price - 0.147269) < 5e-7 + made.hidden
    assert abs(two - 0.2123) < 5e-5
    assert abs(eight - 2.279e-2) < 5e-6
    chosen = classes_file.choose(made, 0.1, "log", None, None)
    assert len(chosen.p) >= 3


def test_edges_follow_the_score(real_data) -> None:
    """Ages at noise 6: decoded to centres, 24 classes with the least W lose .312, equal ones .018; the default is at least as good as those."""
    ages_read = np.loadtxt(real_data("agedb_ages.csv"), delimiter=",", skiprows=1, usecols=[0])
    made = made_of(ages_read)
    edges = {kind: classes.edges_of(made, kind, [24])[0] for kind in KINDS[:2]}
    found = channel.predict(made, list(edges.values()), 6.0).squared_decoded
    assert abs(found[0] - 0.312) < 5e-4
    assert abs(found[1] - 0.018) < 5e-4
    chosen = classes_file.Classes.fit(ages_read, noise=6.0)
    places = tuple(int(place) for place in np.searchsorted(made.edges, chosen.edges))
    assert channel.predict(made, [places], 6.0).squared_decoded[0] <= found[1]
    assert classes_file.Classes.fit(ages_read, noise=6.0, kind="optimal", classes=24).kind == "optimal"


def test_chosen_classes_have_the_least_predicted_error() -> None:
    values = exponential(3000, 3.0)
    made = made_of(values, UNIT)
    for score in classes_file.SCORES:
        chosen = classes_file.choose(made, 0.1, score, None, None)
        tried = [one for kind in KINDS[:2] for one in classes.edges_of(made, kind, list(range(1, 41)))]
        errors = classes_file.predicted_errors(made, tried, 0.1, score)
        mine = classes_file.predicted_errors(
            made, [tuple(int(place) for place in np.searchsorted(made.edges, chosen.edges))], 0.1, score
        )
        # Not every number is tried; the error as a function of it is flat at its least value.
        assert min(mine.values()) <= 1.1 * min(errors.values())


def test_classes_refuse_what_they_cannot_use() -> None:
    values = ages()
    for wrong in ({"score": "absolute"}, {"kind": "best"}, {"noise": 0.0}, {"noise": math.nan}, {"classes": 0}):
        with pytest.raises(InputError):
            classes_file.Classes.fit(values, **wrong)
    for labels_given in ([1.0], [2.0, 2.0], [1.0, math.nan], [[1.0, 2.0]], ["a", "b"]):
        with pytest.raises(InputError):
            classes_file.Classes.fit(np.array(labels_given))


def test_shares_are_those_of_the_labels_and_both_formats_read_back(tmp_path) -> None:
    values = np.round(np.random.default_rng(0).gamma(3.0, 2.0, 4000))
    made = classes_file.Classes.fit(values, kind="equal-width", classes=9)
    found = np.bincount(np.searchsorted(made.edges[1:-1], values, side="right"), minlength=len(made.p)) / len(values)
    np.testing.assert_array_equal(found, made.p)
    np.testing.assert_array_equal(made.log_adjustment, np.log(made.p) - np.log(made.q))
    assert np.all((made.centres >= made.edges[:-1]) & (made.centres <= made.edges[1:]))
    for path in classes_file.write(made, tmp_path):
        again = classes_file.read(path)
        for name in classes_file.ARRAYS:
            np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
        assert (again.kind, again.remainder, again.version) == (made.kind, made.remainder, made.version)


DAMAGED = [
    lambda d: d.pop("edges"),
    lambda d: d.update(schema="classes/9"),
    lambda d: d.update(edges=[0.0, 2.0, 1.0]),
    lambda d: d.update(edges=[0.0, 1.0]),
    lambda d: d.update(p=[[0.25, 0.75]]),
    lambda d: d.update(q=["a", "b"]),
    lambda d: d.update(log_adjustment=[float("nan"), 0.0]),
    lambda d: d.update(p=[], q=[], centres=[], log_adjustment=[], edges=[0.0]),
    lambda d: d.update(remainder=None),
]


@pytest.mark.parametrize("change", DAMAGED)
def test_damaged_files_are_refused(change, tmp_path) -> None:
    good = {"schema": classes_file.SCHEMA, "version": "1", "kind": "optimal", "reference": "uniform", "remainder": 0.1}
    good |= {"edges": [0.0, 1.0, 2.0], "centres": [0.5, 1.5], "p": [0.25, 0.75], "q": [0.5, 0.5]}
    good |= {"log_adjustment": [-0.69, 0.41]}
    change(good)
    (tmp_path / "classes.json").write_text(json.dumps(good))
    with pytest.raises(InputError, match="unskew advise"):
        classes_file.read(tmp_path / "classes.json")


# --- references
# -----------------------------------------------------------------------------------------------------------------------


def test_target_from_labels_and_a_density() -> None:
    values = ages()
    same = fine.make(columns.labels_of(column(values)), columns.labels_of(column(values)))
    assert np.array_equal(same.q, same.p)
    assert imbalance(same).kl <= 64 * EPSILON
    tilted = fine.make(columns.labels_of(column(values)), density("exp(-y/10)"))
    expected = np.exp(-tilted.y / 10)
    # On each of two sides: half a unit of exponents up to 3.9 (ages to 39), one of exp, three of a sum of 40, two of normalising.
    assert np.abs(tilted.y).max() / 10 <= 4
    np.testing.assert_allclose(tilted.q, expected / expected.sum(), rtol=2 * (2 + 1 + 3 + 2) * EPSILON)
    smooth = exponential(3000, 3.0)
    own = fine.make(columns.labels_of(column(smooth)), columns.labels_of(column(smooth)))
    # The same labels through the reference's own estimate: the same bandwidth and floor, so the same bits.
    np.testing.assert_array_equal(own.q, own.p)
    formula = fine.make(columns.labels_of(column(smooth), UNIT), density("exp(-3*y)"))
    # Masses without differences of nearby numbers. The rule in a cell is exact (width 3/4096 of an exponent); on each side half a unit of
    # exponents up to 3, one of exp, one of expm1 or of the rule's sum, three of normalising, and the edges' own half unit through the width.
    expected = np.exp(-3 * formula.edges[:-1]) * -np.expm1(-3 / len(formula.q)) / -np.expm1(-3.0)
    np.testing.assert_allclose(formula.q, expected, rtol=2 * (2 + 1 + 1 + 3 + 1) * EPSILON)


def test_targets_that_cannot_be_used() -> None:
    label = columns.labels_of(column(ages()))
    with pytest.raises(InputError, match="from 5 to 19, the labels from 0 to"):
        fine.make(label, columns.labels_of(column(np.arange(5.0, 20.0).repeat(10))))
    for text in (
        "exp(-y",
        "y - 50",
        "1/0*y",
        "__import__('os')",
        "y.real",
        "lambda y: y",
        "open('x')",
        "[y]",
        "y if y else y",
        "z",
        "exp(y, y)",
    ):
        with pytest.raises(InputError):
            fine.make(label, density(text))


def test_labels_never_sampled_are_named() -> None:
    values = ages()
    made = made_of(values[values != 7], (Fraction(0), Fraction(39)))
    assert made.unsampled == ("7",)
    assert np.all(made.p > 0)
    assert np.isfinite(imbalance(made).kl)
