"""Quadrature over labels and inputs: reference figures, routes against each other, an independent route, invariances, infinities."""

from __future__ import annotations

import dataclasses
import math
from fractions import Fraction
from functools import cache

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from numerics import finite
from numerics.channels import NAMES as CHANNELS
from numerics.channels import Channel
from numerics.laws.densities import named, typed
from numerics.laws.labels import DiscreteLaw
from numerics.posterior import arrays as posterior_arrays
from numerics.posterior.label_side import label_side, panel_range
from numerics.posterior.quantities import input_panels, quantities
from numerics.posterior.records import PerClasses, Quantities
from numerics.quadrature import rule
from numerics.records import Estimate
from numerics.world import World, class_edges
from unskew.ground.refusals import InputError

CLASSES = (2, 3, 8, 32, 64)
LAWS = ("uniform", "skewed", "severe", "bimodal", "longtail", "exp(-6*y)", "exp(-5*abs(y-0.37))", "exp(-40*y)")


@cache
def world(law: str, channel: str = "gaussian", noise: float = 0.1, classes: tuple[int, ...] = CLASSES) -> World:
    named_laws = ("uniform", "skewed", "severe", "bimodal", "longtail")
    return World(named(law) if law in named_laws else typed(law), Channel(channel, noise), classes)


@cache
def numbers(law: str, channel: str = "gaussian", noise: float = 0.1) -> Quantities:
    return quantities(world(law, channel, noise), with_curves=False)


def agree(first: Estimate, second: Estimate) -> bool:
    return abs(first.value - second.value) <= first.error + second.error


# The table under *rates* of the theory sheet, computed outside the project: exp(-6 y) on [0, 1], Gaussian noise 0.1. Strings, so that the
# number of printed digits counts.
WHOLE = {
    "kl_labels": "1.2058",
    "kl_inputs": "1.0585",
    "price": "0.147269",
    "squared_error_price": "2.614e-3",
    "balanced_risk": "8.194e-3",
    "curvature_square": "3.2515",
}
TABLE = {
    2: {
        "class_part": "0.032683",
        "within_part": "1.146e-1",
        "corrected_excess": "2.123e-1",
        "corrected_squared_error": "1.481e-3",
    },
    8: {
        "class_part": "0.126607",
        "within_part": "2.066e-2",
        "corrected_excess": "2.279e-2",
        "remainder": "2.333e-2",
        "corrected_squared_error": "5.311e-6",
        "asymptote": "5.513e-6",
    },
    32: {
        "class_part": "0.145817",
        "within_part": "1.453e-3",
        "corrected_excess": "1.46227e-3",
        "remainder": "1.46441e-3",
        "corrected_squared_error": "2.1464e-8",
        "asymptote": "2.1534e-8",
    },
    64: {
        "class_part": "0.146904",
        "within_part": "3.654e-4",
        "corrected_excess": "3.66050e-4",
        "remainder": "3.66184e-4",
        "corrected_squared_error": "1.3448e-9",
        "asymptote": "1.3459e-9",
    },
}


def printed(value: float, like: str) -> str:
    """The value rounded as the table prints it."""
    digits = len(like.split(".")[1].split("e")[0])
    if "e" in like:
        mantissa, exponent = f"{value:.{digits}e}".split("e")
        if int(exponent) != int(like.split("e")[1]):
            return "another power of ten"
        return f"{mantissa}e{int(exponent)}"
    return f"{value:.{digits}f}"


@pytest.mark.parametrize("name", WHOLE)
def test_reference_numbers_to_all_printed_digits(name: str) -> None:
    assert printed(getattr(numbers("exp(-6*y)"), name).value, WHOLE[name]) == WHOLE[name]


@pytest.mark.parametrize(("classes", "name"), [(k, name) for k, row in TABLE.items() for name in row])
def test_reference_table_to_all_printed_digits(classes: int, name: str) -> None:
    found = numbers("exp(-6*y)")
    row = next(entry for entry in found.per_classes if entry.classes == classes)
    asymptote = found.curvature_square.value / 144 / classes**4
    value = asymptote if name == "asymptote" else getattr(row, name).value
    assert printed(value, TABLE[classes][name]) == TABLE[classes][name]


WHOLE_ROUTES = [
    ("price", "price_by_tilt"),
    ("price", "price_by_difference"),
    ("price_by_tilt", "price_by_difference"),
    ("training_extra", "training_extra_by_difference"),
    ("squared_error_price", "squared_error_price_by_covariance"),
    ("squared_error_price", "squared_error_price_by_risk"),
    ("curvature_square", "curvature_square_by_parts"),
]
CLASS_ROUTES = [
    ("class_part", "class_part_by_chain"),
    ("within_part", "within_part_by_difference"),
    ("remainder", "remainder_by_difference"),
    ("corrected_excess", "corrected_excess_by_tilt"),
    ("corrected_excess", "corrected_excess_by_difference"),
    ("corrected_squared_error", "corrected_squared_error_by_means"),
]
SETTINGS = [
    *((law, "gaussian", 0.1) for law in LAWS),
    *(("skewed", channel, 0.1) for channel in CHANNELS[1:]),
    ("exp(-6*y)", "student", 0.02),
    ("exp(-6*y)", "gaussian", 3.0),
    ("severe", "gaussian", 0.02),
    ("exp(-6*y)", "logistic", 0.02),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_routes_agree_within_their_errors(setting: tuple[str, str, float]) -> None:
    found = numbers(*setting)
    for first, second in WHOLE_ROUTES:
        assert agree(getattr(found, first), getattr(found, second)), (first, second)
    for row in found.per_classes:
        for first, second in CLASS_ROUTES:
            assert agree(getattr(row, first), getattr(row, second)), (row.classes, first, second)
        total = row.class_part + row.within_part
        assert agree(total, found.price)


@pytest.mark.parametrize("setting", SETTINGS, ids=str)
def test_tolerances_reject_what_is_wrong(setting: tuple[str, str, float]) -> None:
    """Falsifiers: a wrong sign, a wrong weight and a dropped term are outside the errors, which are therefore not idle."""
    found = numbers(*setting)
    if setting[0] == "uniform":
        return
    for row in found.per_classes:
        wrong_sign = row.remainder + row.kl_inputs_corrected
        assert not agree(row.corrected_excess_by_tilt, wrong_sign) or row.kl_inputs_corrected.value < 1e-12
        assert not agree(row.class_part.scaled(1 + 1e-9) + row.within_part, found.price.scaled(1 + 1e-7))
    assert not agree(found.price_by_tilt, found.kl_labels + found.kl_inputs)
    assert not agree(found.price_by_tilt, found.kl_labels)


def test_corrected_squared_error_keeps_relative_accuracy_at_many_classes() -> None:
    found = quantities(world("exp(-6*y)", classes=(64, 256, 512)), with_curves=False)
    for row in found.per_classes:
        number = row.corrected_squared_error
        assert number.error <= 1e-6 * number.value
        assert agree(number, row.corrected_squared_error_by_means)
    # Fourth order: 2^4 less per doubling, up to the next order of the expansion, (d/s)^2 relative.
    ratio = found.per_classes[1].corrected_squared_error.value / found.per_classes[2].corrected_squared_error.value
    assert abs(ratio / 16 - 1) < (1 / 256 / 0.1) ** 2


@pytest.mark.parametrize("law", ["exp(-6*y)", "skewed"])
def test_quadrature_vs_scipy(law: str) -> None:
    """A third route for a few numbers: nested adaptive quadrature of SciPy on densities written out here."""
    if law == "skewed":
        shape, normaliser = lambda y: 0.05 + 56 * y * (1 - y) ** 6, 0.05 + 56 / 56
    else:
        shape, normaliser = lambda y: math.exp(-6 * y), (1 - math.exp(-6)) / 6

    def p_x(x: float) -> tuple[float, float]:
        value, error = integrate.quad(
            lambda y: shape(y) / normaliser * stats.norm._pdf((x - y) / 0.1) / 0.1,
            0,
            1,
            points=[min(max(x, 0), 1)],
            epsabs=1e-13,
        )
        return value, error

    def term(x: float) -> float:
        q = (
            stats.norm.cdf(x / 0.1) - stats.norm.cdf((x - 1) / 0.1)
            if x < 0.5
            else stats.norm.sf((x - 1) / 0.1) - stats.norm.sf(x / 0.1)
        )
        return q * math.log(q / p_x(x)[0])

    value, error = integrate.quad(term, -0.6, 1.6, points=[0, 1], epsabs=1e-9, limit=200)
    found = numbers(law).kl_inputs
    # SciPy's own estimate, and 6 noises of tail: mass 2e-9 times sup |log p/q| < 5.
    assert abs(found.value - value) <= found.error + error + 1e-8


def lattice(counts: list[int], low: int = 0) -> DiscreteLaw:
    atoms = tuple(Fraction(low + i) for i in range(len(counts)))
    return DiscreteLaw("atoms", (atoms[0], atoms[-1]), atoms, tuple(counts))


@cache
def mixture(channel: str, noise: float) -> tuple[Quantities, finite.FiniteWorld]:
    """Atoms through the channel, and the same world on a fine grid of inputs in plain loops (a Riemann sum: spectral for smooth decay)."""
    law = lattice([5, 1, 2, 8, 3, 1])
    found = quantities(World(law, Channel(channel, noise), (2, 3)), with_curves=False)
    x = np.arange(-14 * noise, 5 + 14 * noise, noise / 6)
    k = np.exp(-((x[None, :] - np.arange(6)[:, None]) ** 2) / (2 * noise**2))
    k /= k.sum(axis=1, keepdims=True)
    p = np.array(law.counts) / sum(law.counts)
    return found, finite.FiniteWorld(np.full(6, 1 / 6), p, k, np.arange(6.0), ((0, 1, 2), (3, 4, 5)))


def test_atoms_vs_finite_world() -> None:
    found, grid = mixture("gaussian", 0.8)
    row = found.per_classes[0]
    # The trapezoidal rule of a Gaussian with 6 points a noise errs by 2 exp(-2 pi^2 36); of the logarithms by their distance to the
    # nearest zero of p(x), at least pi noise^2/5 away: exp(-2 pi 6 pi noise/5) < 1e-7 relative, an upper bound that is far from reached.
    slack = 1e-7
    pairs = {
        "price": (found.price, finite.price(grid)),
        "kl_inputs": (found.kl_inputs, finite.kl_inputs(grid)),
        "training_extra": (found.training_extra, finite.training_extra(grid)),
        "class_part": (row.class_part, finite.class_part(grid)),
        "within_part": (row.within_part, finite.within_part(grid)),
        "remainder": (row.remainder, finite.remainder(grid)),
        "corrected_excess": (row.corrected_excess, finite.corrected_excess(grid)),
        "kl_inputs_corrected": (row.kl_inputs_corrected, finite.kl_inputs_corrected(grid)),
        "squared_error_price": (found.squared_error_price, finite.squared_error_price(grid)),
        "corrected_squared_error": (row.corrected_squared_error, finite.corrected_squared_error(grid)),
    }
    for name, (ours, theirs) in pairs.items():
        assert abs(ours.value - theirs) <= ours.error + slack * max(abs(theirs), 1.0), name
    predictor = [finite.mean(grid, grid.posterior(grid.p, j)) for j in range(grid.k.shape[1])]
    for ours, theirs in zip(row.errors_q, finite.class_errors(grid, grid.q, predictor), strict=True):
        assert abs(ours.value - theirs) <= ours.error + slack
    for ours, theirs in zip(row.errors_p, finite.class_errors(grid, grid.p, predictor), strict=True):
        assert abs(ours.value - theirs) <= ours.error + slack
    assert (
        abs(found.transferred_risk.value - finite.risk(grid, grid.q, predictor)) <= found.transferred_risk.error + slack
    )
    assert (
        abs(found.imbalanced_risk.value - finite.risk(grid, grid.p, predictor)) <= found.imbalanced_risk.error + slack
    )


def test_bins_of_a_discrete_law_keep_an_atom() -> None:
    law = lattice([1, 2, 3])
    assert len(class_edges(law, 2)) == 3
    assert len(class_edges(law, 7)) == 4  # three atoms fill three bins at most
    found = quantities(World(law, Channel("gaussian", 0.5), (7,)), with_curves=False)
    # One atom a bin: nothing is left within a class.
    assert abs(found.per_classes[0].remainder.value) <= found.per_classes[0].remainder.error


def test_labels_that_are_never_sampled() -> None:
    law = lattice([4, 0, 3, 2, 0, 0])
    found = quantities(World(law, Channel("gaussian", 1.0), (2, 3)), with_curves=False)
    assert found.kl_labels == Estimate(math.inf, 0.0)
    assert found.price == Estimate(math.inf, 0.0)
    assert "never sampled" in found.notes["price"]
    assert 0 < found.squared_error_price.value < law.length**2
    assert agree(found.squared_error_price, found.squared_error_price_by_covariance)
    assert math.isfinite(found.kl_inputs.value)
    two, three = found.per_classes
    assert two.remainder.value == math.inf
    assert math.isfinite(two.class_part.value)
    assert math.isfinite(two.corrected_squared_error.value)
    # With three classes the last one is never sampled: its correction is 0/0.
    assert three.class_part.value == math.inf
    assert math.isnan(three.corrected_excess.value)
    assert "never sampled" in found.notes["per_classes 3"]


@pytest.mark.parametrize("scale", [Fraction(3), Fraction(1, 1000), Fraction(100)])
def test_units_do_not_matter(scale: Fraction) -> None:
    """Stretching labels, channel and inputs together leaves KLs alone and scales squared errors."""
    ours = numbers("skewed")
    law = named("skewed", (Fraction(5), 5 + scale))
    theirs = quantities(World(law, Channel("gaussian", float(scale) * 0.1), CLASSES), with_curves=False)
    factor = float(scale) ** 2
    for name in ("kl_labels", "kl_inputs", "price", "training_extra"):
        a, b = getattr(ours, name), getattr(theirs, name)
        # The labels are now near 5: their spacing in units of D rounds by eps (5 + D)/D, times sup |l'| D < 1200.
        assert abs(a.value - b.value) <= a.error + b.error + 2**-52 * (5 + float(scale)) / float(scale) * 1200, name
    a, b = ours.squared_error_price, theirs.squared_error_price
    assert (
        abs(a.value * factor - b.value)
        <= a.error * factor + b.error + 2**-52 * (5 + float(scale)) / float(scale) * factor * 10
    )


def test_mirror_image() -> None:
    ours, theirs = numbers("exp(-6*y)"), quantities(world("exp(6*y)"), with_curves=False)
    for name in (first for first, _ in WHOLE_ROUTES):
        assert agree(getattr(ours, name), getattr(theirs, name)), name


def test_prices_lie_where_they_must() -> None:
    for law in LAWS:
        found = numbers(law)
        assert -found.price.error <= found.price.value <= found.kl_labels.value + found.kl_labels.error
        assert found.training_extra.value <= found.training_extra.error
        for row in found.per_classes:
            assert (
                row.within_part.value <= row.corrected_excess.value + row.within_part.error + row.corrected_excess.error
            )
            assert row.corrected_excess.value <= row.remainder.value + row.corrected_excess.error + row.remainder.error


def test_same_world_same_bits() -> None:
    first, second = (quantities(world("bimodal"), with_curves=True) for _ in range(2))
    assert dataclasses.replace(first, curves={}, per_classes=()) == dataclasses.replace(
        second, curves={}, per_classes=()
    )
    assert all(np.array_equal(first.curves[name], second.curves[name], equal_nan=True) for name in first.curves)


def test_curves_are_posteriors() -> None:
    curves = quantities(world("skewed")).curves
    y, step = curves["y"], 1 / len(curves["y"])
    for name in ("posterior_q", "posterior_p"):
        # Midpoint rule with 129 points on a density of scale 0.1 that is cut at the ends: error below h^2/24 sup |second derivative| ~ 1e-3.
        assert np.allclose(curves[name].sum(axis=1) * step, 1, rtol=0, atol=2e-3)
    assert np.all(np.diff(curves["f_q"]) > 0)
    assert curves["f_hat"].shape == (len(CLASSES), len(curves["x"]))
    assert curves["delta"].shape == (len(curves["x"]), len(y))


def test_panel_range_holds_extremes() -> None:
    points, _ = rule(12)
    edges = np.linspace(0, 3, 7)
    y = ((edges[1:] + edges[:-1])[:, None] / 2 + np.diff(edges)[:, None] / 2 * points).ravel()
    low, high, error = panel_range(np.sin(5 * y), 12)
    dense = np.linspace(edges[:-1], edges[1:], 20_001, axis=1)
    # The dense grid itself misses an extremum by at most h^2/8 * 25.
    miss = (0.5 / 20_000) ** 2 / 8 * 25
    assert np.all(np.abs(low - np.sin(5 * dense).min(axis=1)) <= error + miss)
    assert np.all(np.abs(high - np.sin(5 * dense).max(axis=1)) <= error + miss)
    assert np.all(error < 1e-2)


@pytest.mark.parametrize("channel", ["gaussian", "logistic"])
@pytest.mark.parametrize("law", ["exp(-6*y)", "severe", "exp(-40*y)"])
def test_panels_that_an_input_does_not_see_may_be_left_out(
    law: str, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = world(law, channel, 0.002, (5, 64))
    prepared = posterior_arrays.prepare(here, label_side(here.law, here.classes, 0.002), 0)
    x = np.linspace(-0.03, 1.03, 700)
    seen = [len(window["y"]) for window in posterior_arrays._windows(prepared, [x[:256], x[256:512]])]
    narrow = posterior_arrays.evaluate(prepared, x)
    monkeypatch.setattr(
        posterior_arrays,
        "_windows",
        lambda prepared, blocks: [{k: jnp.asarray(v) for k, v in prepared.arrays.items()}] * len(blocks),
    )
    whole = posterior_arrays.evaluate(prepared, x)
    if channel == "gaussian":
        assert max(seen) < len(prepared.arrays["y"]) / 2  # else this test tests nothing
    for name in ("density", "log_z", "price", "f_q", "f_p", "pull"):
        # Sums in another grouping: 64 units of the largest term.
        assert np.allclose(
            narrow[name], whole[name], rtol=64 * 2**-52, atol=64 * 2**-52 * np.abs(whole["log_z"]).max()
        ), name
    assert np.allclose(narrow["per"]["pull_hat"], whole["per"]["pull_hat"], rtol=0, atol=64 * 2**-52)


def test_thousands_of_classes_fit() -> None:
    found = quantities(world("exp(-6*y)", classes=(1, 2048)), with_curves=False)
    one, many = found.per_classes
    # One class is no correction; thousands leave W ~ (L d)^2/24.
    assert agree(one.corrected_excess, found.price)
    assert agree(one.class_part, Estimate(0.0, 0.0))
    ratio = many.remainder.value / (36 / 2048**2 / 24)
    # log(sinh u/u) = u^2/6 (1 - u^2/30 + ...), u = 6/4096
    assert abs(ratio - 1) <= (6 / 4096) ** 2 / 30 + many.remainder.error / many.remainder.value


def test_inputs_reach_where_the_tail_is_bounded() -> None:
    for channel in CHANNELS:
        here = world("skewed", channel)
        panels = input_panels(here, 1.0)
        assert panels[0] <= -here.channel.reach(1e-18) + 1e-12
        assert panels[-1] >= 1 + here.channel.reach(1e-18) - 1e-12
        assert np.all(np.diff(panels) > 0)


@pytest.mark.parametrize("classes", [(), (0,), (-3,), (4, 4), (5000,)])
def test_bad_classes_are_refused(classes: tuple[int, ...]) -> None:
    with pytest.raises(InputError):
        World(named("skewed"), Channel("gaussian", 0.1), classes)


def test_records_list_what_the_docstrings_list() -> None:
    for record in (Quantities, PerClasses):
        for field in dataclasses.fields(record):
            assert field.name in (record.__doc__ or ""), field.name
