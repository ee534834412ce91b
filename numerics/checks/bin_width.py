"""bin_width: how wide a class may be, in units of the noise, before the correction costs more than it saves."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import closed_form, corrected, sawtooth
from numerics.certified.constants import excess_threshold, squared_error_threshold
from numerics.channels import Channel
from numerics.checks.common import Page, rounded
from numerics.checks.limits import quotient, richardson
from numerics.evidence import Evidence
from numerics.laws import densities
from numerics.records import Check, Estimate
from theory.record import Result

ONE = Estimate(1.0, 0.0)
WIDTHS = (1.0, 2.5, 3.4, 3.6, 5.0, 7.0, 7.2, 10.0)
"""d/s of the scan, on both sides of both thresholds."""
HEIGHTS = (0.1, 0.05, 0.025)
"""L d of the sequences whose limit at zero is read off; even powers alone, since turning labels round turns the sign of L."""
RULE_WIDTH = 3.5
BOUNDED, BOUNDED_RATE = "exp(-2*y)", 2.0


def log_loss_ratio(width: float) -> Estimate:
    """(1/(2 pi^2 sigma^2)) sum_k (1 - exp(-4 pi^2 k^2 sigma^2))/k^2, sigma = s/d."""
    a = 4 * (math.pi / width) ** 2
    total, k = math.pi**2 / 6, 1
    while (term := math.exp(-a * k * k) / k**2) > 1e-20:
        total, k = total - term, k + 1
    return rounded(width**2 / (2 * math.pi**2) * total, 8 + k)


def squared_error_ratio(width: float) -> Estimate:
    """2 sum_k exp(-4 pi^2 k^2 sigma^2)."""
    a = 4 * (math.pi / width) ** 2
    total, k = 0.0, 1
    while (term := math.exp(-a * k * k)) > 1e-20 * max(total, 1e-300):
        total, k = total + term, k + 1
    # The exponent is known to some units of its own size.
    return rounded(2 * total, 8 + k + math.ceil(a))


@lru_cache(maxsize=128)
def limits(width: float) -> tuple[Estimate, Estimate]:
    """Both ratios by quadrature at the L d of `HEIGHTS`, extrapolated to zero."""
    ratios = [sawtooth.ratios(width, height) for height in HEIGHTS]
    return (
        richardson([part.log_loss for part in ratios], 2, (2, 4)),
        richardson([part.squared_error for part in ratios], 2, (2, 4)),
    )


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Both ratios by quadrature against their series; the crossings found by scanning the noise against certified thresholds; the rule."""
    page = Page(evidence, result.name)
    with page.elsewhere("an affine log ratio away from the ends"):
        for width in WIDTHS:
            log_loss, squares = limits(width)
            note = f"over its series, d = {width:g} s"
            page.add("log_loss_ratio", "asymptotic", ONE, quotient(log_loss, log_loss_ratio(width)), note)
            page.add("squared_error_ratio", "asymptotic", ONE, quotient(squares, squared_error_ratio(width)), note)
        for certified, measured, what in zip(_certified(), crossings(), ("log-loss", "squared error"), strict=True):
            note = f"{what}: d/s where the ratio found by quadrature crosses 1"
            page.add("thresholds", "identity", certified, measured, note, source="certified")
        note = f"corrected excess over price at d = {RULE_WIDTH:g} s"
        page.add("rule", "upper bound", ONE, limits(RULE_WIDTH)[0], note)
        for width in (2.0, math.sqrt(12)):
            note = f"W over price, over d^2/(12 s^2), at d = {width:.4g} s"
            page.add("rule", "asymptotic", ONE, quotient(label_only(width), rounded(width**2 / 12)), note)
    with page.elsewhere(f"p proportional to {BOUNDED} on [0, 1]"):
        K, price, cost = bounded(RULE_WIDTH)
        note = f"corrected excess against the price, K = {K} >= D/({RULE_WIDTH:g} s)"
        page.add("rule", "upper bound", price, cost, note)
        if evidence.full:
            ratio = quotient(_crossing_with_ends(), _certified()[0])
            note = "crossing of the log-loss ratio over its threshold, K = 8 to 64, extrapolated"
            page.add("thresholds", "asymptotic", ONE, ratio, note)
    return page.checks


@lru_cache(maxsize=1)
def _certified() -> tuple[Estimate, Estimate]:
    return excess_threshold().estimate, squared_error_threshold().estimate


@lru_cache(maxsize=1)
def crossings() -> tuple[Estimate, Estimate]:
    """d/s where the ratios found by quadrature cross 1."""
    return (
        crossing(lambda width: limits(width)[0], 3.4, 3.6),
        crossing(lambda width: limits(width)[1], 7.0, 7.2),
    )


def crossing(ratio: Callable[[float], Estimate], low: float, high: float) -> Estimate:
    """Where a rising ratio crosses 1, by secants kept in the bracket; its error is the ratio's over the slope, and the last step."""
    (left, right), step = (ratio(low).value - 1, ratio(high).value - 1), high - low
    slope = (right - left) / (high - low)
    width, ratios = low - left / slope, Estimate(math.nan, math.inf)
    for _ in range(6):
        ratios = ratio(width)
        step = (ratios.value - 1) / slope
        if ratios.value < 1:
            low, left = width, ratios.value - 1
        else:
            high, right = width, ratios.value - 1
        slope = (right - left) / (high - low)
        width -= step
        if abs(step) < 1e-12:
            break
    return Estimate(width, ratios.error / slope + abs(step))


def label_only(width: float) -> Estimate:
    """W over the price as L d falls to zero; W alone certifies sqrt(12) noises."""
    # The closed form keeps its relative accuracy: log(sinh u/u), u = L d/2.
    ratios = [rounded(closed_form.log_sinh_ratio(height / 2) / ((height / width) ** 2 / 2), 16) for height in HEIGHTS]
    return richardson(ratios, 2, (2, 4))


@lru_cache(maxsize=2)
def bounded(width: float) -> tuple[int, Estimate, Estimate]:
    """With ends, and L d not small: the number of classes at most so many noises wide, the price and the corrected excess."""
    s = 0.05
    K = math.ceil(1 / (width * s))
    law = densities.typed(BOUNDED, densities.UNIT)
    edges = corrected.equal_edges(law, K)
    rules = corrected.label_rules(law, edges, 0.02)
    prepared = corrected.kernels(rules, Channel("gaussian", s))
    price, cost = (corrected.costs(rules, prepared, part).excess for part in (law.support, edges))
    return K, price, cost


@lru_cache(maxsize=1)
def _crossing_with_ends() -> Estimate:
    """The crossing with ends and finite L d, K = 8 to 64, extrapolated: what the ends change is of order 1/K."""
    ratios = []
    for K in (8, 16, 32, 64):

        def ratio(width: float, K: int = K) -> Estimate:
            numbers = closed_form.numbers(closed_form.ExponentialWorld(BOUNDED_RATE, 1 / (width * K)), K)
            return quotient(numbers["corrected_excess"], numbers["price"])

        ratios.append(crossing(ratio, 3.0, 4.0))
    return richardson(ratios, 2, (1, 2))


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: both series against d/s, the ratios found by quadrature, the thresholds, and the run's own classes."""
    widths = np.geomspace(0.25, 16, 73).tolist()
    ratios, noise = evidence.quantities, evidence.world.channel.noise
    own = []
    if math.isfinite(ratios.price.value) and ratios.price.value > ratios.price.error:
        own = [
            {
                "classes": entry.classes,
                "width": entry.bins.width / noise,
                "log_loss": entry.corrected_excess.value / ratios.price.value,
                "squared_error": entry.corrected_squared_error.value / ratios.squared_error_price.value,
            }
            for entry in ratios.per_classes
            if math.isfinite(entry.corrected_excess.value)
        ]
    return {
        "width": widths,
        "log_loss": [log_loss_ratio(width).value for width in widths],
        "squared_error": [squared_error_ratio(width).value for width in widths],
        "scan": {
            "width": list(WIDTHS),
            "log_loss": [limits(width)[0].value for width in WIDTHS],
            "squared_error": [limits(width)[1].value for width in WIDTHS],
        },
        "thresholds": [part.value for part in _certified()],
        "own": own,
    }
