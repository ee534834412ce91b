"""Fits: the pieces against other routes, the intervals by simulation, and one run of everything against the theory."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest

from numerics.channels import Channel
from numerics.fits import (
    Options,
    fits,
    least_squares,
    measure,
    models,
    population,
    softmax,
    start,
    summary,
)
from numerics.fits import (
    counting_cells as cells,
)
from numerics.fits.probability_tables import distribution, tables
from numerics.laws.densities import named, typed
from numerics.laws.labels import DiscreteLaw
from numerics.posterior.quantities import quantities
from numerics.records import Estimate
from numerics.world import World, class_edges

RUN = Options(draws=1 << 17, test_draws=1 << 15)
"""An eighth of the default sample: every check below scales with its own standard error."""

BY_THREE_NODES = 1e-5
"""Relative error of the fits' own tables: three nodes a panel no wider than the noise, so the sixth derivative of a unit-scale Gaussian, over 2,016,000
and over the panels, stays below this; a missing term, a wrong class or a wrong sign is off by orders of magnitude more."""


def world(
    name: str = "skewed", channel: str = "gaussian", noise: float = 0.1, classes: tuple[int, ...] = (4, 16)
) -> World:
    return World(named(name), Channel(channel, noise), classes)


def stage_of(here: World, draws: int = 1 << 20) -> measure.Stage:
    edges = [class_edges(here.law, K) for K in here.classes]
    table = tables(here.channel, cells.input_cells(here), cells.label_cells(here, edges, draws))
    return measure.stage(table, here.classes, edges)


def models_of(here: World, options: Options = RUN) -> models.Models:
    edges = [class_edges(here.law, K) for K in here.classes]
    table = tables(here.channel, cells.input_cells(here), cells.label_cells(here, edges, options.draws))
    return models.models(here, table, here.classes, edges, options)


@pytest.fixture(scope="module")
def default_run():
    return fits(world(), 8, 0, RUN)


@pytest.mark.parametrize("name", ["gaussian", "logistic", "student"])
def test_distribution_is_the_integral_of_the_channel(name: str) -> None:
    channel = Channel(name, 1.0)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    for end in (-3.0, -0.4, 0.0, 1.7):
        points = (nodes + 1) / 2 * end
        integral = end / 2 * weights @ np.exp(channel.log_density(points, np.zeros_like(points)))
        # 60 nodes are exact to rounding on a smooth density over three scales.
        assert abs(distribution(name, np.array(end)) - 0.5 - integral) < 1e-14


@pytest.mark.parametrize(("name", "channel", "noise"), [
    ("skewed", "gaussian", 0.1), ("severe", "gaussian", 0.05), ("bimodal", "logistic", 0.1), ("longtail", "student", 0.05),
])  # fmt: skip
def test_exact_scores_are_the_theorys(name: str, channel: str, noise: float) -> None:
    here = world(name, channel, noise, (2, 4, 16, 64))
    stage, theory = stage_of(here), quantities(here)
    exact = measure.exact(stage).numbers()
    pairs = {
        ("extra_term", None): theory.price,
        ("squared_error", None): theory.squared_error_price,
    }
    for row in theory.per_classes:
        pairs |= {
            ("class_excess", row.classes): row.class_part,
            ("within_excess", row.classes): row.within_part,
            ("plain_excess", row.classes): theory.price,
            ("corrected_excess", row.classes): row.corrected_excess,
            ("corrected_squared_error", row.classes): row.corrected_squared_error,
        }
    for key, value in pairs.items():
        assert exact[key] == pytest.approx(value.value, rel=BY_THREE_NODES), key
    assert stage.table.price == pytest.approx(theory.price.value, rel=BY_THREE_NODES)


def test_prior_correction_is_exact_on_exact_tables() -> None:
    """q_c/p_c times p(c|x), with p(y|x, c) kept, is the posterior under the label density q_c p(y|c): same excess, same mean."""
    stage = stage_of(world())
    labels = stage.table.labels
    corrected = measure.exact(stage).numbers()
    for part in stage.partitions:
        shifted = labels.log_ratio + np.log(part.q / part.p)[part.place]
        log_weights = stage.table.log_kernel + np.log(labels.weight) + shifted
        joint = measure.score(
            stage,
            log_weights,
            [np.zeros_like(one.joint) for one in stage.partitions],
            [one.p for one in stage.partitions],
        ).numbers()
        # Sums of some 10^5 terms of order one, cancelling to the excess.
        assert joint["extra_term", None] == pytest.approx(corrected["corrected_excess", part.classes], abs=1e-12)
        assert joint["squared_error", None] == pytest.approx(
            corrected["corrected_squared_error", part.classes], abs=1e-14
        )


def test_gradient_is_that_of_finite_differences() -> None:
    import jax

    made = models_of(world(classes=(4,)))
    family = made.networks[0].family
    table = made.stage.table
    data = population.statistics(family, table.p @ made.networks[0].member, family.output, family.bias)
    rng = np.random.default_rng(0)
    theta = rng.normal(size=family.parameters)
    model = softmax.Model(family.hidden, family.output, family.bias, family.log_weight, np.eye(len(theta)))
    gradient = np.asarray(jax.grad(lambda t: softmax.loss(model, data.inputs, data.moments, 1e-3, t))(theta))
    step = 1e-5
    for direction in rng.normal(size=(5, len(theta))):
        ends = [
            float(softmax.loss(model, data.inputs, data.moments, 1e-3, theta + sign * step * direction))
            for sign in (1, -1)
        ]
        # Central differences: step^2 times a third derivative of order |direction|^3 |features|^3, and rounding over the step.
        size = np.linalg.norm(direction) * np.abs(family.hidden).max() * np.abs(family.output).max()
        allowance = step**2 * size**3 + 4e-16 * abs(ends[0]) / step
        assert abs((ends[0] - ends[1]) / (2 * step) - gradient @ direction) < allowance
    # The same loss by the prediction's own code.
    value, share = population.loss(family, data, theta, 1e-3)
    assert value == pytest.approx(float(softmax.loss(model, data.inputs, data.moments, 1e-3, theta)), abs=1e-13)
    mean, _ = population.curvature(family, data.inputs, share)
    # Means over a few hundred inputs and a few hundred labels of features no larger than this: two pairwise sums on two sides and a product each.
    largest = np.abs(family.hidden).max() * np.abs(family.output).max() + np.abs(theta).max()
    np.testing.assert_allclose(mean - data.moments + 1e-3 * theta, gradient, rtol=0, atol=64 * 2**-52 * largest)


def test_training_finds_scipys_minimum() -> None:
    from scipy.optimize import minimize

    made = models_of(world(classes=(4,)))
    network, table = made.networks[0], made.stage.table
    rng = np.random.default_rng(1)
    counts = rng.multinomial(100_000, table.p.ravel()).reshape(table.p.shape)
    tally = counts @ network.member
    data = population.statistics(network.family, tally / tally.sum(), network.family.output, network.family.bias)
    several = population.Statistics(data.inputs[None], data.moments[None])
    # A ridge that SciPy's first-order method can work with; the same for both.
    options = dataclasses.replace(RUN, ridge=1e-4)
    optimum = population.minimise(network.family, data, options.ridge)
    trained = softmax.train([network.family], [optimum], [several], options)
    model = softmax.Model(
        network.family.hidden, network.family.output, network.family.bias, network.family.log_weight, None
    )

    def objective(theta: np.ndarray) -> tuple[float, np.ndarray]:
        value, share = population.loss(network.family, data, theta, options.ridge)
        mean, _ = population.curvature(network.family, data.inputs, share)
        return value, mean - data.moments + options.ridge * theta

    found = minimize(objective, np.zeros(network.family.parameters), jac=True, method="BFGS", options={"gtol": 1e-9})
    best = float(softmax.loss(model, data.inputs, data.moments, options.ridge, trained.theta[0][0]))
    # Strong convexity: |gradient|^2/(2 ridge) bounds the distance of each loss to the minimum.
    assert abs(best - found.fun) <= float(trained.gap.max()) + found.jac @ found.jac / (2 * options.ridge) + 1e-14
    assert trained.gap.max() < 1e-8
    np.testing.assert_allclose(
        trained.theta[0][0], optimum.theta, rtol=0, atol=math.sqrt(2 * float(trained.gap.max()) / options.ridge)
    )


def test_families_side_by_side_train_as_alone() -> None:
    made = models_of(world(classes=(4, 16)))
    rng = np.random.default_rng(2)
    counts = rng.multinomial(100_000, made.stage.table.p.ravel(), size=2).reshape(2, *made.stage.table.p.shape)
    families = [network.family for network in made.networks]
    optima = [network.optimum for network in made.networks]
    data = []
    for network in made.networks:
        share = counts @ network.member / 100_000
        data.append(population.statistics(network.family, share, network.family.output, network.family.bias))
    together = softmax.train(families, optima, data, RUN)
    for number, family in enumerate(families):
        alone = softmax.train([family], [optima[number]], [data[number]], RUN)
        for one, other in zip(together.theta[number], alone.theta[0], strict=True):
            # In the Hessian's norm both are within their stopping tolerance of the one minimum.
            distance = (one - other) @ optima[number].hessian @ (one - other)
            assert math.sqrt(distance) < 10 * RUN.tolerance


def test_start_is_near_the_minimum_on_exact_shares() -> None:
    """Minimum logit chi-square is consistent: on exact shares that the family can represent, it is the optimum but for smoothing."""
    made = models_of(world(classes=(8,)))
    network = made.networks[0]
    share = made.stage.table.p @ network.member
    data = population.statistics(network.family, share, network.family.output, network.family.bias)
    begin = start.log_odds(network.family, share * 1e9, RUN.ridge)
    zero = np.zeros_like(begin)
    best, near, far = (
        population.loss(network.family, data, theta, RUN.ridge)[0] for theta in (network.optimum.theta, begin, zero)
    )
    assert best <= near < best + (far - best) / 100


def test_jackknife_removes_the_bias_of_a_log() -> None:
    """E[-log(X/n)] for Poisson X of mean 50: bias 1/100 at first order; what is left is -5/(6 * 50^2), as `summary` says."""
    rng = np.random.default_rng(3)
    mean, number = 50.0, 400_000
    halves = rng.poisson(mean / 2, size=(2, number))

    def score(count: np.ndarray, expected: float) -> np.ndarray:
        return -np.log(np.maximum(count, 1) / expected)

    values, bias = summary.jackknife(score(halves.sum(axis=0), mean), score(halves, mean / 2))
    error = values.std() / math.sqrt(number)
    raw = score(halves.sum(axis=0), mean).mean()
    # Third-order terms are of size (1/mean)^3; intervals of 4 standard errors.
    assert abs(raw - 1 / (2 * mean)) < 4 * error + 1 / mean**2
    assert abs(bias - 1 / (2 * mean)) < 4 * error + 2 / mean**2
    assert abs(values.mean() + 5 / (6 * mean**2)) < 4 * error + 40 / mean**3
    assert abs(values.mean()) < abs(raw) / 5


def test_intervals_cover_as_often_as_they_say() -> None:
    """Histogram regression in the small: an excess with linear and quadratic noise, 8 repetitions, 95 per cent asked for."""
    rng = np.random.default_rng(4)
    trials, seeds, n = 2_000, 8, 4_000
    p, q = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.25, 0.25, 0.25, 0.25])
    halves = rng.multinomial(n // 2, p, size=(2, trials, seeds))

    def score(counts: np.ndarray) -> np.ndarray:
        return -np.log(counts / counts.sum(axis=-1, keepdims=True)) @ q + np.log(q) @ q

    full, parts = score(halves.sum(axis=0)), score(halves)
    truth = float(q @ np.log(q / p))
    inside = 0
    for trial in range(trials):
        entry = summary.fitted("extra_term", None, full[trial], parts[:, trial], truth, truth, rarest=n * 0.1, draws=n)
        found = summary.interval(entry, checks=1, level=0.05)
        inside += abs(found.value - truth) <= found.error
    # Binomial: 0.95 of 2000 with standard deviation 9.7; four of them either way, the jackknife's remainder on top.
    assert abs(inside - 0.95 * trials) < 4 * math.sqrt(trials * 0.95 * 0.05)


def test_quantile_is_students() -> None:
    from scipy import stats

    assert summary.quantile(8, 20, 0.01) == pytest.approx(stats.t.isf(0.01 / 40, 7), rel=1e-12)


def test_fold_and_lookup_invert_and_count() -> None:
    here = world("severe", noise=0.07, classes=(7, 12))
    inputs, labels = cells.input_cells(here), cells.label_cells(here, here.edges, 1 << 20)
    x = np.linspace(-40, 40, 10_001)
    # A unit of the folded place, stretched by the slope of `unfold` there.
    beyond = np.maximum(np.abs(x - inputs.centre) / inputs.half - 1, 0)
    slack = 4 * 2**-52 * (1 + cells.TAIL) * inputs.half * (1 + beyond / cells.TAIL) ** 2
    assert np.all(np.abs(inputs.unfold(inputs.fold(x)) - x) <= slack)
    assert (inputs.index(inputs.points) == np.arange(inputs.count)).all()
    assert (np.searchsorted(inputs.edges, inputs.points) == np.arange(1, inputs.count + 1)).all()
    y = np.concatenate([np.random.default_rng(5).random(10_000), labels.edges, np.nextafter(labels.edges[1:], -1)])
    expected = np.minimum(np.searchsorted(labels.edges[1:-1], y, side="right"), len(labels.points) - 1)
    assert (labels.index(y) == expected).all()


def test_every_interval_holds_its_prediction(default_run) -> None:
    """The run of record, an eighth of its size: each mean within its interval, 1 per cent for all together."""
    checks = len(default_run.quantities)
    assert checks == 23
    for entry in default_run.quantities:
        found = summary.interval(entry, checks)
        assert abs(found.value - entry.predicted) <= found.error, (entry.name, entry.classes)


def test_classification_offsets_the_extra_term_down_to_the_remainder(default_run) -> None:
    theory = quantities(world())
    plain = default_run.find("extra_term")
    for row in theory.per_classes:
        corrected = default_run.find("corrected_excess", row.classes)
        found = summary.interval(corrected, 30)
        gap = corrected.training_gap + abs(corrected.representation_gap)
        assert corrected.raw_mean <= row.remainder.value + found.error + gap
        assert corrected.raw_mean < plain.mean
        joint = default_run.find("plain_excess", row.classes)
        assert abs(joint.mean - theory.price.value) <= summary.interval(joint, 30).error + abs(joint.representation_gap)


def test_parts_add_up(default_run) -> None:
    for K in (4, 16):
        parts = [default_run.find(name, K) for name in ("class_excess", "within_excess", "plain_excess")]
        for seed in range(8):
            assert parts[0].values[seed] + parts[1].values[seed] == pytest.approx(parts[2].values[seed], abs=1e-13)
        risk = [
            default_run.find(name, classes)
            for name, classes in (("imbalanced_risk", None), ("between", K), ("within", K), ("balanced_risk", None))
        ]
        for seed in range(8):
            terms = [part.values[seed] for part in risk]
            assert sum(terms[:3]) != terms[3]
        # Class errors carry the law's masses and risks the sample's: the exact terms add up, the measured ones within their intervals.
        exact, found = [part.predicted for part in risk], [summary.interval(part, 23) for part in risk]
        assert sum(exact[:3]) == pytest.approx(exact[3], abs=1e-14)
        assert abs(sum(part.value for part in found[:3]) - found[3].value) <= sum(part.error for part in found)


WRONG = {
    "inverted": (dataclasses.replace(RUN, correction="inverted"), "corrected_excess"),
    "dropped": (dataclasses.replace(RUN, correction="dropped"), "corrected_excess"),
    "trained under q": (dataclasses.replace(RUN, train_under="q"), "extra_term"),
    "edges shifted": (dataclasses.replace(RUN, edge_shift=0.5), "corrected_excess"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_versions_are_rejected(wrong: str) -> None:
    options, name = WRONG[wrong]
    found = fits(world(), 8, 0, options)
    caught = [
        entry
        for entry in found.quantities
        if entry.name == name and abs(entry.mean - entry.predicted) > summary.interval(entry, 30).error
    ]
    assert len(caught) == sum(entry.name == name for entry in found.quantities)


def test_same_seed_same_bits(default_run) -> None:
    told = []
    again = fits(world(), 8, 0, RUN, progress=lambda done, total, what: told.append((done, total, what)))
    # nan is not equal to itself; its text is.
    assert repr(again) == repr(default_run)
    assert [done for done, _, _ in told] == list(range(told[-1][1] + 1))
    assert told[-1][2] == "fits done"
    other = fits(world(classes=(4,)), 2, 0, RUN)
    # The same samples; sums over another number of them may differ in the last bits.
    before = default_run.find("linear_squared_error").values[:2]
    assert other.find("linear_squared_error").values == pytest.approx(before, rel=1e-12)
    assert repr(fits(world(classes=(4,)), 2, 1, RUN)) != repr(other)


def ages(counts: tuple[int, ...]) -> DiscreteLaw:
    atoms = tuple(Fraction(20 + 2 * i) for i in range(len(counts)))
    return DiscreteLaw("ages", (atoms[0], atoms[-1]), atoms, counts)


def test_discrete_labels() -> None:
    law = ages((40, 90, 200, 300, 260, 180, 90, 50, 30, 20))
    here = World(law, Channel("gaussian", 3.0), (3, 5))
    found, theory = fits(here, 8, 0, RUN), quantities(here)
    assert found.find("extra_term").exact == pytest.approx(theory.price.value, rel=BY_THREE_NODES)
    assert abs(found.find("extra_term").representation_gap) < 1e-3 * theory.price.value
    for entry in found.quantities:
        estimate = summary.interval(entry, len(found.quantities))
        assert abs(estimate.value - entry.predicted) <= estimate.error, (entry.name, entry.classes)


def test_infinite_price_is_said_in_words_and_squared_error_is_measured() -> None:
    here = World(ages((400, 900, 0, 300, 260, 180, 0, 0, 300, 200)), Channel("gaussian", 3.0), (2, 5))
    found, theory = fits(here, 8, 0, RUN), quantities(here)
    assert found.find("extra_term") is None
    assert "never samples" in found.note("extra_term")
    assert "never samples" in found.note("corrected_excess", 2)
    for name, classes, exact in (
        ("squared_error", None, theory.squared_error_price),
        ("corrected_squared_error", 2, theory.per_classes[0].corrected_squared_error),
    ):
        entry = found.find(name, classes)
        assert entry.exact == pytest.approx(exact.value, rel=BY_THREE_NODES)
        assert abs(entry.mean - entry.predicted) <= summary.interval(entry, len(found.quantities)).error


def test_what_cannot_be_fitted_is_said_in_words() -> None:
    steep = World(typed("exp(-40*y)"), Channel("gaussian", 0.1), (4,))
    found = fits(steep, 2, 0, RUN)
    assert not found.quantities
    assert "worth anything" in found.note("extra_term")
    assert "rarest class" in found.note("corrected_excess", 4)
    fine = fits(World(named("skewed"), Channel("gaussian", 1e-4), (4,)), 2, 0, RUN)
    assert "too fine" in fine.note("extra_term")
    many = fits(World(named("mild"), Channel("gaussian", 0.1), (1, 256)), 2, 0, RUN)
    assert "one class" in many.note("corrected_excess", 1)
    assert "more than" in many.note("corrected_excess", 256)
    with pytest.raises(ValueError, match="two repetitions"):
        fits(steep, 1)
    with pytest.raises(ValueError, match="multiple"):
        fits(steep, 2, 0, Options(draws=3 << 15, test_draws=1 << 15))


def test_risk_decomposition_is_exact_on_any_tables() -> None:
    stage = stage_of(world(classes=(4,)))
    rng = np.random.default_rng(6)
    p, q = (rng.random(stage.table.p.shape) for _ in range(2))
    fitted = rng.random(stage.table.p.shape[0])
    found = least_squares.risk(stage.table, stage.partitions[0].edges, fitted, p, q)
    assert found.imbalanced + found.between + found.within == pytest.approx(found.balanced, abs=1e-13)
    square = (stage.table.labels.points - fitted[:, None]) ** 2
    assert found.balanced == pytest.approx((q / q.sum() * square).sum(), abs=1e-13)


def test_risk_terms_of_draws_from_another_law_do_not_add_up() -> None:
    """Class errors at the law's own masses: draws that do not come from it miss the balanced risk, whatever the predictor."""
    stage = stage_of(world(classes=(4,)))
    table, edges = stage.table, stage.partitions[0].edges
    fitted, laws = np.full(table.p.shape[0], 0.2), (table.p, table.q)
    same, swapped = (least_squares.risk(table, edges, fitted, first, table.q, laws) for first in (table.p, table.q))
    # Three sums of 10^5 products, in pairs.
    assert abs(same.imbalanced + same.between + same.within - same.balanced) < 1e-13
    assert abs(swapped.imbalanced + swapped.between + swapped.within - swapped.balanced) > 0.05


def test_least_squares_agrees_with_numpys(default_run) -> None:
    stage = stage_of(world(classes=(4,)))
    table = stage.table
    line = least_squares.readouts(table)[0]
    data = least_squares.moments(table, table.p)
    rows, columns = np.nonzero(table.p > 0)
    root = np.sqrt(table.p[rows, columns])
    design = root[:, None] * line.cells[rows]
    expected = np.linalg.lstsq(design, root * table.labels.points[columns], rcond=None)[0]
    # Normal equations carry the roundings of pairwise sums over all cells by the square of the condition.
    slack = np.log2(len(rows)) * np.linalg.cond(design) ** 2 * 2**-52 * np.abs(expected).max()
    np.testing.assert_allclose(line.solve(data.inputs, data.labels, line.cells), expected, rtol=0, atol=slack)


def test_estimate_of_interval_is_an_estimate(default_run) -> None:
    entry = default_run.find("extra_term")
    found = summary.interval(entry, 1, 0.05)
    assert isinstance(found, Estimate)
    assert found.error > entry.standard_error
    assert summary.interval(entry, 100, 0.05).error > found.error


def test_hidden_layer_of_a_gaussian_channel_is_the_input() -> None:
    made = models_of(world(classes=(4,)))
    points = made.stage.table.inputs.points
    assert made.regressor.hidden.shape[1] == 1
    hidden = made.regressor.hidden[:, 0]
    slope, intercept = np.polyfit(points, hidden, 1)
    # The table has rank one, so its singular vector is good to a few units of the largest entry times the root of the number of entries.
    slack = 4 * math.sqrt(len(hidden)) * 2**-52 * np.abs(hidden).max()
    np.testing.assert_allclose(hidden, slope * points + intercept, rtol=0, atol=slack)
    assert made.networks[0].family.output.shape == (4, 3)
