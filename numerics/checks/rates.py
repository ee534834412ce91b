"""rates: how W and the corrected squared error vanish with the number of classes, constants included."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import closed_form, corrected, quadrature
from numerics.channels import Channel
from numerics.checks import statements
from numerics.checks.common import Page, rounded, total
from numerics.checks.limits import SEEN, UNSEEN, UNSEEN_FEATURE, doubling, quotient, resolved, richardson, seen
from numerics.corrected import Labels, equal_edges
from numerics.evidence import Evidence
from numerics.expression.calculus import derivative
from numerics.expression.values import accurate
from numerics.laws import densities
from numerics.laws.density import Density
from numerics.laws.law import Law
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Check, Estimate
from theory.claim import Worded
from theory.formula import Formula
from theory.record import Result

CLASSES = (8, 16, 32, 64, 128, 256)
MOST = 4096
FINE = (128, 256, 512)
"""Classes of the picture beyond the run's own."""
"""Limits are read off where they have set in: for a log ratio with a steep end that is far beyond 256 classes."""
STRAIGHT, CURVED = "exp(-6*y)", "exp(-4*y + 3*y**3)"
FAR_ENOUGH = 1e-9
"""E_q[l'^2] D^2 below which l is constant for all that doubles can tell."""
ONE = Estimate(1.0, 0.0)
EVEN = (2, 4)
"""Powers of 1/K in the expansions for smooth l: bins are symmetric about their middles."""
ALIGNED = (8, 32, 128)
JUMP_AT, JUMP_TO, JUMP_RATE = 1 / 3, 8.0, 2.0
"""A jump by the factor `JUMP_TO` at 1/3 of [0, 1], on exp(-JUMP_RATE y): with K = 8, 32, 128 it lies at share 2/3 of its bin each time."""
JUMPING = "a jump by 8 at y = 1/3, at share 2/3 of its bin"


@dataclass(frozen=True)
class Slopes:
    """What the asymptotes need of l: E_q[l'^2], E_q[l'^4 + 4 l''^2], [l'^3 - 3 l' l'']_a^b; D."""

    square: Estimate
    second: Estimate
    ends: Estimate
    length: float


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement in finite worlds; ratios to the asymptotes at K = 8 to 256, extrapolated to 1; the second order, which tells the side;
    kappa by two routes; a jump."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    law = evidence.world.law
    why = not_smooth(law, evidence.quantities.slope_square)
    for _ in statements.lines(result, "remainder", Worded):
        _everywhere(page, why, "remainder", _remainder)
    for _ in statements.lines(result, "remainder_second_order", Worded):
        _everywhere(page, why, "remainder_second_order", _second_order)
    for _ in statements.lines(result, "corrected_mean", Worded):
        if why:
            page.skip("corrected_mean", "asymptotic", why)
        else:
            _own_mean(page)
        with page.elsewhere(f"p proportional to {STRAIGHT}, closed form"):
            page.add("corrected_mean", "asymptotic", ONE, closed_mean(), CLOSED_NOTE)
    for _ in statements.lines(result, "kappa", Worded):
        _kappa(page)
        with page.elsewhere(f"p proportional to {CURVED}"):
            page.add("kappa", "identity", *kappa_at(), f"at x = {INPUT}")
    for formula in statements.lines(result, "jump", Formula):
        with page.elsewhere(JUMPING):
            _jump(page, formula)
    return page.checks


def _everywhere(page: Page, why: str, claim: str, check: Callable[[Page, Law], None]) -> None:
    """A check of smooth log ratios on the run's labels, unless something is in the way, and on two other laws."""
    if why:
        page.skip(claim, "asymptotic", why)
    else:
        check(page, page.evidence.world.law)
    for text in (STRAIGHT, CURVED):
        with page.elsewhere(f"p proportional to {text}"):
            check(page, densities.typed(text, densities.UNIT))


def not_smooth(law: Law, slope_square: Estimate) -> str:
    """Why a limit for smooth l does not apply, or nothing."""
    if law.discrete:
        return "discrete labels: no slope of the log ratio"
    if law.breakpoints:
        return "the log ratio may jump at a breakpoint: see claim jump"
    if law.graded or not math.isfinite(slope_square.value):
        return "the slope of the log ratio is unbounded or undefined"
    if slope_square.value * law.length**2 < FAR_ENOUGH:
        return "r is constant: both sides are zero"
    return ""


@lru_cache(maxsize=8)
def remainders(law: Law, most: int = CLASSES[-1]) -> dict[int, Estimate]:
    """W for K = 8, 16, ..., `most`, a power of 2."""
    rules = corrected.label_rules(law, (), law.length / most)
    return {
        8 << i: corrected.remainder(rules, corrected.equal_bins(law, 8 << i)) for i in range((most // 8).bit_length())
    }


@lru_cache(maxsize=8)
def slopes(law: Density) -> Slopes:
    """By quadrature of the exact derivatives of l; shares nothing with W."""
    (piece,) = law.pieces
    first = piece.slope_expression
    second = derivative(first)
    sums = []
    for order in (12, 9):
        nodes = law.nodes((), order, law.length / (MOST // 4))
        slope, bend = nodes.slope, accurate(second, nodes.y, 2)
        sums.append([float(nodes.weight @ slope**2), float(nodes.weight @ (slope**4 + 4 * bend**2))])
    low, high = (float(end) for end in law.support)
    at = np.array([low, high])
    slope, bend = (accurate(part, at, derivative) for derivative, part in enumerate((first, second), 1))
    ends = slope**3 - 3 * slope * bend
    size = float(np.sum(np.abs(slope) ** 3 + 3 * np.abs(slope * bend)))
    square, fourth = (
        Estimate(fine, SAFETY * abs(fine - coarse) + 64e-16 * fine) for fine, coarse in zip(*sums, strict=True)
    )
    return Slopes(square, fourth, rounded(float(ends[1] - ends[0]), 16, size), law.length)


@lru_cache(maxsize=8)
def _settled(law: Law) -> tuple[int, tuple[Estimate, ...], Estimate] | None:
    """The most classes looked at, W over its asymptote up to there, and the limit of that; None where it is not seen."""
    slope = slopes(law)
    for most in (CLASSES[-1], MOST):
        ratios = tuple(
            quotient(W, slope.square.scaled((slope.length / K) ** 2 / 24)) for K, W in remainders(law, most).items()
        )
        limit = richardson(ratios, 2, EVEN)
        if seen(limit) and resolved(law, most):
            return most, ratios, limit
    return None


def _remainder(page: Page, law: Law) -> None:
    """W over its asymptote, extrapolated; the plain ratio at the most classes beside it."""
    if not resolved(law, MOST):
        page.skip("remainder", "asymptotic", UNSEEN_FEATURE)
        return
    settled = _settled(law)
    if settled is None:
        page.skip("remainder", "asymptotic", UNSEEN)
        return
    most, ratios, limit = settled
    page.add("remainder", "asymptotic", ONE, limit, f"W over (d^2/24) E_q[l'^2], K = 8 to {most}, extrapolated")
    # In an expansion in 1/K^2 the last step is three times what is left.
    step = abs(ratios[-1].value - ratios[-2].value)
    note = f"the plain ratio; allowance: its step from K = {most // 2}"
    page.add("remainder", "asymptotic", ONE, ratios[-1], note, classes=most, allowance=step)


def _second_order(page: Page, law: Law) -> None:
    """(W - lead) K^4 against its limit; and the side from which W comes, where the limit is not zero."""
    settled = _settled(law) if resolved(law, MOST) else None
    if settled is None:
        page.skip("remainder_second_order", "asymptotic", UNSEEN)
        return
    slope = slopes(law)
    D = slope.length
    expected = total(slope.second.scaled(-(D**4) / 2880), slope.ends.scaled(D**3 / 2160))
    size = slope.second.value * D**4 / 2880 + abs(slope.ends.value) * D**3 / 2160
    rest = {
        K: (W - slope.square.scaled(D**2 / 24 / K**2)).scaled(float(K**4))
        for K, W in remainders(law, settled[0]).items()
    }
    limit = richardson(list(rest.values()), 2, EVEN)
    if not limit.error <= SEEN * size:
        page.skip("remainder_second_order", "asymptotic", UNSEEN)
        return
    page.add(
        "remainder_second_order",
        "asymptotic",
        quotient(expected, Estimate(size, slope.second.error)),
        quotient(limit, Estimate(size, slope.second.error)),
        "K^4 (W - leading term), extrapolated, as a share of the sizes of its two terms",
    )
    K = CLASSES[-1]
    side = -1.0 if expected.value < 0 else 1.0
    page.add(
        "remainder_second_order",
        "upper bound",
        Estimate(0.0, 0.0),
        rest[K].scaled(-side),
        f"W is {'below' if side < 0 else 'above'} its asymptote",
        classes=K,
    )


def _own_mean(page: Page) -> None:
    """The run's own corrected squared errors against their asymptote, where its numbers of classes double often enough."""
    own = page.evidence.quantities
    chain = doubling([entry.classes for entry in own.per_classes])
    D = page.evidence.world.law.length
    if not chain:
        page.skip("corrected_mean", "asymptotic", "the run has no three numbers of classes K, 2K, 4K")
        return
    by = {entry.classes: entry.corrected_squared_error for entry in own.per_classes}
    ratios = [quotient(by[K], own.curvature_square.scaled((D / K) ** 4 / 144)) for K in chain[-4:]]
    limit = richardson(ratios, 2, EVEN)
    if not seen(limit):
        page.skip("corrected_mean", "asymptotic", UNSEEN)
        return
    note = f"squared error over (d^4/144) E kappa^2, K = {chain[-4:][0]} to {chain[-1]}, extrapolated"
    page.add("corrected_mean", "asymptotic", ONE, limit, note)


def _kappa(page: Page) -> None:
    own = page.evidence.quantities
    if page.evidence.world.law.discrete:
        page.skip("kappa", "identity", own.notes.get("curvature_square", "no slope of the log ratio"))
        return
    page.add(
        "kappa",
        "identity",
        own.curvature_square_by_parts,
        own.curvature_square,
        "E kappa^2 by the ends and l'', and by its definition",
        because=("curvature_square", "slope_square"),
    )


CLOSED_NOTE = "squared error over (d^4/144) E kappa^2, K = 8 to 64, extrapolated"


@lru_cache(maxsize=1)
def closed_mean() -> Estimate:
    """The corrected squared error over its asymptote for exp(-6 y), error functions throughout, as K grows."""
    world = closed_form.ExponentialWorld(6.0, 0.1)
    ratios = []
    for K in CLASSES[:4]:
        numbers = closed_form.numbers(world, K)
        ratios.append(
            quotient(numbers["corrected_squared_error"], numbers["curvature_square"].scaled(1 / (144 * K**4)))
        )
    return richardson(ratios, 2, EVEN)


INPUT = 0.37


@lru_cache(maxsize=2)
def kappa_at(covariance: float = 1.0) -> tuple[Estimate, Estimate]:
    """kappa at one input: the ends less `covariance` times Cov(y, l''), and the definition; l is bent enough for the covariance to count."""
    x, s = INPUT, 0.1
    law = densities.typed(CURVED, densities.UNIT)
    slope_at_ends = np.array([-4.0, 5.0])  # l' = -4 + 9 y^2, l'' = 18 y
    direct, parts, size = [], [], 0.0
    for order in (16, 12):
        nodes = law.nodes(equal_edges(law, 32), order, math.inf)
        weight = nodes.weight * np.exp(-((x - nodes.y) ** 2) / (2 * s * s))
        evidence = float(weight.sum())
        away = nodes.y - float(weight @ nodes.y) / evidence
        terms = weight * nodes.slope * (1 + away * (x - nodes.y) / s**2) / evidence
        direct.append(float(terms.sum()))
        size = max(size, float(np.abs(terms).sum()))
        there = np.array([0.0, 1.0])
        ends = slope_at_ends * (there - nodes.y[0] + away[0]) * np.exp(-((x - there) ** 2) / (2 * s * s)) / evidence
        parts.append(float(ends[1] - ends[0]) - covariance * float(weight @ (away * 18 * nodes.y)) / evidence)
    by_parts, by_definition = (
        Estimate(fine, SAFETY * abs(fine - coarse) + ROUNDING * EPSILON * size) for fine, coarse in (parts, direct)
    )
    return by_parts, by_definition


@lru_cache(maxsize=1)
def _jumping() -> tuple[dict[int, Estimate], dict[int, Estimate], Any]:
    """W and the corrected squared error of the jumping law for each K of `ALIGNED`, and `_bracket`."""
    edges = np.array(sorted({i / ALIGNED[-1] for i in range(ALIGNED[-1] + 1)} | {JUMP_AT}))
    rules = []
    for order in corrected.ORDERS:
        y, weight = (part.ravel() for part in quadrature.composite(edges, order))
        l = -JUMP_RATE * y + math.log(JUMP_TO) * (y > JUMP_AT)
        rules.append(Labels(y, weight, l - math.log(float(weight @ np.exp(l))), order))
    prepared = corrected.kernels(rules, Channel("gaussian", 0.1))
    parts = {K: tuple(Fraction(i, K) for i in range(K + 1)) for K in ALIGNED}
    W = {K: corrected.remainder(rules, own) for K, own in parts.items()}
    squares = {K: corrected.costs(rules, prepared, own).squared_error for K, own in parts.items()}
    return W, squares, _bracket(prepared[0])


def _bracket(kernel: corrected.Kernel) -> Any:
    """E_{q(x)} [smooth kappa(x) + jump G'(t)]^2 as a function of both factors; closed forms in y, q(x) and f_q from the rule."""
    s = 0.1

    def at(y: float) -> tuple[np.ndarray, np.ndarray]:
        """G = (y - f_q) q(y|x) and its derivative at a label."""
        density = np.exp(-(((kernel.x - y) / s) ** 2) / 2) / (kernel.evidence * s * math.sqrt(2 * math.pi))
        return (y - kernel.mean) * density, density * (1 + (y - kernel.mean) * (kernel.x - y) / s**2)

    kappa = -JUMP_RATE * (at(1.0)[0] - at(0.0)[0])
    steep = at(JUMP_AT)[1]

    def mean_square(smooth: float, jump: float) -> float:
        return float(kernel.mass @ (smooth * kappa + jump * steep) ** 2)

    return mean_square


def _jump(page: Page, formula: Formula) -> None:
    """W K and K^4 times the squared error tend to constants along numbers of classes that put the jump at one place of its bin."""
    W, squares, mean_square = _jumping()
    for expression in (formula.left, formula.right):
        # The divergence of the jump's bin, or the first moment of rhat - 1 in it.
        number = statements.side(expression, theta=2 / 3, R=JUMP_TO)
        if formula.lead.startswith("rhat"):
            # A relative error of the moment is at most twice that of the constant.
            constant = mean_square(1 / 12, number.value)
            limit = Estimate(constant, 64 * EPSILON * constant + 2 * constant * number.error / abs(number.value))
            ratios = [quotient(square, limit.scaled(1 / K**4)) for K, square in squares.items()]
            note = "K^4 squared error over its constant"
        else:
            ratios = [quotient(each, number.scaled(1 / K)) for K, each in W.items()]
            note = "K W over the divergence of the jump's bin"
        page.add("jump", "asymptotic", ONE, richardson(ratios, 4, (1, 2)), note)


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: W and the corrected squared error of the run and of the jumping law against K, with their asymptotes."""
    found, law = evidence.quantities, evidence.world.law
    D = law.length
    drawn: dict[str, Any] = {}
    W, squares, _ = _jumping()
    drawn["jump"] = {
        "classes": list(ALIGNED),
        "remainder": [W[K].value for K in ALIGNED],
        "squared_error": [squares[K].value for K in ALIGNED],
    }
    if not_smooth(law, found.slope_square):
        return drawn
    settled = _settled(law)
    W = remainders(law) if settled is None else remainders(law, settled[0])
    drawn["remainder"] = {
        "classes": list(W),
        "found": [each.value for each in W.values()],
        "asymptote": [slopes(law).square.value * (D / K) ** 2 / 24 for K in W],
    }
    if math.isfinite(found.curvature_square.value):
        costs = {entry.classes: entry.corrected_squared_error.value for entry in found.per_classes if entry.classes > 1}
        costs |= _finer(evidence, max(costs, default=1))
        positive = sorted(K for K, square in costs.items() if square > 0)
        drawn["squared_error"] = {
            "classes": positive,
            "found": [costs[K] for K in positive],
            "asymptote": [found.curvature_square.value * (D / K) ** 4 / 144 for K in positive],
        }
    return drawn


def _finer(evidence: Evidence, coarse: int) -> dict[int, float]:
    """Corrected squared errors of this world for numbers of classes beyond the run's own, where they come near their asymptote; one rule is enough for a picture."""
    law = evidence.world.law
    rules = corrected.label_rules(law, corrected.equal_edges(law, FINE[-1]))[:1]
    prepared = corrected.kernels(rules, evidence.world.channel)
    return {
        K: corrected.costs(rules, prepared, corrected.equal_edges(law, K)).squared_error.value
        for K in FINE
        if coarse < K
    }
