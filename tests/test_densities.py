"""Densities: normalised, exact masses, derivatives, samples against masses, refusals."""

from __future__ import annotations

import math
from fractions import Fraction

import flint
import jax
import numpy as np
import pytest
import scipy.integrate
import scipy.stats
from flint import acb

from numerics.expression.balls import PRECISION, exact
from numerics.laws import densities, inverse_sampling
from numerics.laws.densities import NAMES, UNIT, named, typed
from unskew.ground.refusals import InputError

WIDE = (Fraction(-3), Fraction(17, 2))
TYPED = [
    "exp(-6*y)",
    "abs(y - 1/3) + 0.1",
    "max(0.1, y**2, 1 - 2*y)",
    "sqrt(y) + 0.1",
    "1/(1 + 25*(y - 0.5)**2)",
    "exp(-600*y)",
]
CASES = [(name, UNIT) for name in NAMES] + [(name, WIDE) for name in NAMES] + [(text, UNIT) for text in TYPED]
IDS = [f"{name} on {float(lower):g} to {float(upper):g}" for name, (lower, upper) in CASES]
FAMILY = 1e-6 / len(CASES)
"""Level of each sampling test: together they fail a correct sampler once in a million runs."""


def law(name, support):
    return named(name, support) if name in NAMES else typed(name, support)


def edges(density, count):
    lower, upper = density.support
    return [lower + (upper - lower) * Fraction(k, count) for k in range(count + 1)]


@pytest.mark.parametrize(("name", "support"), CASES, ids=IDS)
def test_masses_sum_to_one_and_agree_with_an_independent_quadrature(name, support):
    density = law(name, support)
    q, p = density.bin_masses(edges(density, 8))
    # Each of 8 correctly rounded masses is within half a unit in the last place of 1.
    assert abs(p.sum() - 1) <= 8 * 2**-53
    assert abs(q.sum() - 1) <= 8 * 2**-53
    points = [float(edge) for edge in edges(density, 8)]
    breaks = [float(b) for b in density.breakpoints]
    for k in range(8):
        inside = [b for b in breaks if points[k] < b < points[k + 1]]
        value, error = scipy.integrate.quad(
            lambda y: float(density.density(y)),
            points[k],
            points[k + 1],
            points=inside or None,
            epsabs=1e-13,
            epsrel=1e-11,
            limit=400,
        )
        assert abs(value - p[k]) <= error + 1e-15


@pytest.mark.parametrize(("name", "support"), CASES, ids=IDS)
def test_nodes_integrate_the_density_and_the_masses(name, support):
    density = law(name, support)
    cuts = edges(density, 8)
    coarse, fine = (density.nodes(cuts, order, density.length / 32) for order in (16, 24))
    _, p = density.bin_masses(cuts)
    for k in range(8):
        totals = []
        for nodes in (coarse, fine):
            inside = (nodes.y > float(cuts[k])) & (nodes.y < float(cuts[k + 1]))
            totals.append(float(np.sum(nodes.weight[inside] * np.exp(nodes.log_ratio[inside]))))
        # Quadrature error by the change of order, rounding by the largest log ratio's units in the last place.
        rounding = 2**-50 * (1 + float(np.max(np.abs(fine.log_ratio))))
        assert abs(totals[1] - p[k]) <= abs(totals[1] - totals[0]) + rounding
    assert coarse.weight.sum() == pytest.approx(1, abs=2**-48)
    assert np.isfinite(coarse.slope).all()


@pytest.mark.parametrize(("name", "support"), CASES, ids=IDS)
def test_slope_is_the_derivative_of_the_log_density(name, support):
    density = law(name, support)
    with flint.ctx.workprec(PRECISION):
        for piece in density.pieces:
            for k in (1, 5, 8):
                y = piece.lower + (piece.upper - piece.lower) * Fraction(k, 9)
                h = (piece.upper - piece.lower) / 10**20
                up, down = (piece.log_ball(acb(exact(y + side * h))).real for side in (1, -1))
                quotient = float(((up - down) / exact(2 * h)).mid())
                # The quotient errs by h^2 times a third derivative: nothing beside a double's rounding.
                scale = abs(quotient) + 1 / density.length
                assert float(density.slope(float(y))) == pytest.approx(quotient, abs=2**-44 * scale)


def test_skewed_is_what_it_says():
    density = named("skewed")
    with flint.ctx.workprec(PRECISION):
        assert density.normaliser.contains(exact(Fraction(21, 20)))
    grid = density.density(np.linspace(0, 1, 70_001))
    assert float(grid.max() / grid.min()) == pytest.approx((0.05 + 8 * (6 / 7) ** 6) / 0.05, rel=1e-12)
    assert 64 < grid.max() / grid.min() < 65
    y = np.array([0.0, 0.25, 0.9])
    # Sums of positive terms: on each side six half units of (1 - y)^6, one of it, and one of each of two products, a sum and a quotient.
    np.testing.assert_allclose(density.density(y), (0.05 + 56 * y * (1 - y) ** 6) / 1.05, rtol=2 * (6 + 1 + 4) * 2**-53)


@pytest.mark.parametrize(("name", "half_width"), [("mild", 0.3), ("moderate", 0.1), ("severe", 0.03)])
def test_peak_windows_hold_the_protocols_counts(name, half_width):
    density = named(name)
    left, right = density.breakpoints
    assert float(right - left) == pytest.approx(2 * half_width, rel=2**-52)
    _, p = density.bin_masses([Fraction(0), left, right, Fraction(1)])
    floor = 6 * 1024
    assert p[1] == pytest.approx((58_971 + floor * 2 * half_width) / (58_971 + floor), rel=4 * 2**-52)


def test_exponential_has_its_closed_form():
    density = typed("exp(-6*y)")
    nodes = density.nodes((), 20, 1 / 16)
    price = -float(np.sum(nodes.weight * nodes.log_ratio))
    # l is linear, so the quadrature is exact: KL(q||p) = 3 + log((1 - exp(-6))/6).
    assert price == pytest.approx(3 + math.log((1 - math.exp(-6)) / 6), abs=2**-48)
    np.testing.assert_allclose(nodes.slope, -6, rtol=0, atol=0)


@pytest.mark.parametrize("name", NAMES)
def test_support_only_stretches(name):
    unit, wide = named(name), named(name, WIDE)
    u = np.linspace(0.01, 0.99, 41)
    y = -3 + 11.5 * u
    # y and its way back to the unit interval are off by two units of (8.5 + 3)/11.5 = 1, which |l'| carries on; sixteen of the density on both sides.
    slack = (2 * np.abs(unit.slope(u)) + 16) * 2.0**-52
    assert np.all(np.abs(wide.density(y) * 11.5 - unit.density(u)) <= slack * unit.density(u))
    np.testing.assert_array_equal(wide.bin_masses(edges(wide, 5))[1], unit.bin_masses(edges(unit, 5))[1])


@pytest.mark.parametrize("name", NAMES)
def test_jax_agrees_and_gradients_are_not_poisoned(name):
    density = named(name)
    y = np.linspace(0.0, 1.0, 33)
    # The same formula by two libraries: eight units of the density (each elementary function one), and two of a logarithm up to 4.
    assert np.abs(density.log_density(y)).max() <= 4
    np.testing.assert_allclose(
        density.log_density(jax.numpy.asarray(y)), density.log_density(y), rtol=0, atol=16 * 2**-52
    )
    slopes = jax.vmap(jax.grad(density.log_density))(jax.numpy.asarray(y[1:-1]))
    # Derivative over density by two routes: 16 units of the sum of the sizes of the derivative's terms, which for these laws is below 4 max |l'| + 1.
    slack = 16 * 2**-52 * (4 * np.abs(density.slope(y[1:-1])).max() + 1)
    np.testing.assert_allclose(slopes, density.slope(y[1:-1]), rtol=0, atol=slack)


def test_an_exponential_far_below_the_least_double_is_handled_by_its_logarithm():
    density = typed("exp(-590*(y - 0.5) - 5000)")
    with flint.ctx.workprec(PRECISION):
        assert density.normaliser > 0
    assert np.isfinite(density.log_density(np.array([0.0, 1.0]))).all()
    assert density.bin_masses([Fraction(0), Fraction(1)])[1][0] == 1


@pytest.mark.parametrize(("name", "support"), CASES, ids=IDS)
def test_samples_follow_the_masses(name, support):
    density = law(name, support)
    n = 200_000
    labels = np.asarray(density.sample(jax.random.key(5), n))
    assert labels.min() >= float(support[0])
    assert labels.max() <= float(support[1])
    assert distance(density, labels) <= dvoretzky(n)
    _, p = density.bin_masses(edges(density, 64))
    counts, _ = np.histogram(labels, [float(edge) for edge in edges(density, 64)])
    rare = int(np.argmin(p))
    assert scipy.stats.binomtest(int(counts[rare]), n, p[rare]).pvalue > FAMILY
    kept = p * n >= 5
    if kept.sum() > 2:
        expected = np.append(p[kept], max(0.0, 1 - p[kept].sum())) * n
        seen = np.append(counts[kept], n - counts[kept].sum())
        use = expected > 5
        chi = float(np.sum((seen[use] - expected[use]) ** 2 / expected[use]))
        assert scipy.stats.chi2.sf(chi, use.sum() - 1) > FAMILY


def distance(density, labels):
    """Kolmogorov's distance at 64 points."""
    points = edges(density, 64)
    cumulative = np.cumsum(density.bin_masses(points)[1])[:-1]
    empirical = np.searchsorted(np.sort(labels), [float(edge) for edge in points[1:-1]], side="right") / len(labels)
    return float(np.max(np.abs(empirical - cumulative)))


def dvoretzky(n):
    """The Dvoretzky-Kiefer-Wolfowitz-Massart bound, exact at every n."""
    return math.sqrt(math.log(2 / FAMILY) / (2 * n))


def test_sampling_test_rejects_the_wrong_density():
    wrong = named("uniform").sample(jax.random.key(5), 200_000)
    assert distance(named("mild"), np.asarray(wrong)) > dvoretzky(200_000)
    shifted = np.asarray(named("skewed").sample(jax.random.key(5), 200_000)) * 0.97
    assert distance(named("skewed"), shifted) > dvoretzky(200_000)


@pytest.mark.parametrize("name", ["skewed", "severe", "bimodal", "sqrt(y) + 0.1"])
def test_distribution_function_of_the_table_is_the_certified_one(name):
    density = law(name, UNIT)
    table = inverse_sampling.table(density)
    assert table.error <= inverse_sampling.TOLERANCE
    # Away from the middles where the table was checked: the quintic's error is largest near them, twice is generous.
    for cell in range(0, len(table.mass), 17):
        left = Fraction(float(table.lower[cell]))
        right = left + Fraction(float(table.width[cell])) / 3
        if any(left <= b <= right for b in (*density.breakpoints, *density.graded)) or right > 1:
            continue
        _, p = density.bin_masses([Fraction(0), left, right] if left else [left, right])
        inside = float(table.quintic[cell] @ (1 / 3) ** np.arange(6))
        assert abs(inside - p[-1]) <= 2 * inverse_sampling.TOLERANCE


def test_same_key_same_bits():
    one, two = (named("bimodal").sample(jax.random.key(3), 1000) for _ in range(2))
    assert np.asarray(one).tobytes() == np.asarray(two).tobytes()
    other = named("bimodal").sample(jax.random.key(4), 1000)
    assert np.asarray(one).tobytes() != np.asarray(other).tobytes()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exp(1000*y)", "spans more than"),
        ("exp(-1400*y) + 0*y", "spans more than"),
        ("exp(-1000*y) + 1e-300", "spans more than"),
        ("y", "not positive at y = 0"),
        ("1/sqrt(y)", "not a finite number at y = 0"),
        ("1/(y - 0.5)", "not"),
        ("y - 2", "not positive"),
        ("__import__('os')", "character"),
        ("exp(exp(exp(exp(exp(9*y)))))", "not a finite number"),
    ],
)
def test_typed_densities_are_refused_in_words(text, message):
    with pytest.raises(InputError, match=message):
        typed(text)


def test_unknown_name_and_empty_support():
    with pytest.raises(InputError, match="use one of"):
        named("skwed")
    with pytest.raises(InputError, match="support"):
        named("skewed", (Fraction(1), Fraction(1)))
    with pytest.raises(InputError, match="support"):
        typed("1", (Fraction(2), Fraction(1)))


def test_support_decides_whether_a_density_is_positive():
    with pytest.raises(InputError):
        typed("y")
    assert typed("y", (Fraction(1), Fraction(2))).bin_masses([Fraction(1), Fraction(2)])[1][0] == 1


def test_names_need_no_jax():
    import subprocess
    import sys

    code = "import sys, numerics.laws.densities as d; assert d.NAMES; assert not {'jax', 'scipy', 'flint'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_every_density_has_a_description():
    for name in NAMES:
        density = named(name)
        assert density.description
        assert density.unsampled == []
        assert not density.discrete
        assert density.name == name
    assert densities.PEAK_CENTRE - max(densities.HALF_WIDTHS.values()) >= 0


@pytest.mark.parametrize(
    ("text", "power"),
    [("sqrt(y) + 0.1", 0.5), ("(1 - y)**(3/4) + 0.1", 0.25), ("sqrt(abs(y - 0.5)) + 0.1", 0.5), ("y + 1", 0.0)],
)
def test_unbounded_slopes_are_known_and_graded(text, power):
    density = typed(text)
    assert density.slope_power == pytest.approx(power, abs=0.01)
    assert bool(density.graded) == (power > 0)
    nodes = density.nodes((), 16, 0.1)
    # Graded panels bring a root within rounding of the certified mass, which even panels miss by 1e-8.
    assert float(np.sum(nodes.weight * np.exp(nodes.log_ratio))) == pytest.approx(1, abs=2**-48)
    assert np.isfinite(nodes.slope).all()


@pytest.mark.parametrize("lower", [1, 100, -1000])
def test_grading_knows_how_coarse_doubles_are(lower):
    density = typed(f"sqrt(y - ({lower})) + 0.1", (Fraction(lower), Fraction(lower + 1)))
    nodes = density.nodes((), 24, 0.1)
    assert np.isfinite(nodes.slope).all()
    # A label is rounded to |lower| 2^-53, which moves the root by at most its square root times the weight of that stretch.
    assert float(np.sum(nodes.weight * np.exp(nodes.log_ratio))) == pytest.approx(1, abs=abs(lower) * 2**-47)


def test_dead_pieces_do_not_poison_gradients():
    density = typed("sqrt(abs(y - 0.5)) + 0.1")
    y = jax.numpy.array([0.1, 0.4, 0.6, 0.9])
    slopes = jax.vmap(jax.grad(density.log_density))(y)
    # On each side half a unit of each of five operations: the difference, its root, a sum, a product, a quotient.
    np.testing.assert_allclose(slopes, density.slope(np.asarray(y)), rtol=2 * 5 * 2**-53)


def test_labels_outside_the_support_count_as_its_ends():
    density = named("skewed")
    np.testing.assert_array_equal(density.density(np.array([-1.0, 2.0])), density.density(np.array([0.0, 1.0])))
