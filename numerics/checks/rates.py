"""rates: how W and the corrected squared error vanish with the number of classes, constants included."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import closed_form, corrected, quadrature
from numerics.channels import Channel
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
from numerics.records import Check, Estimate, Falsifier

RESULT = "rates"
CLASSES = (8, 16, 32, 64, 128, 256)
MOST = 4096
"""Limits are read off where they have set in: for a log ratio with a steep end that is far beyond 256 classes."""
STRAIGHT, CURVED = "exp(-6*y)", "exp(-4*y + 3*y**3)"
FAR_ENOUGH = 1e-9
"""E_q[l'^2] D^2 below which l is constant for all that doubles can tell."""
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


def checks(
    evidence: Evidence,
    *,
    twenty_four: float = 24.0,
    dozen: float = 12.0,
    power: float = 2.0,
    ends_weight: float = 1.0,
    second_sign: float = -1.0,
    covariance_weight: float = 1.0,
    half: float = 2.0,
) -> list[Check]:
    """Ratios to the asymptotes at K = 8 to 256, extrapolated to 1; the second order, which tells the side; kappa by two routes; a jump.

    Args:
      twenty_four: W ~ d^2/this E_q[l'^2]; 24 in the theorem.
      dozen: fhat - f_q ~ d^2/this kappa; 12 in the theorem.
      power: of d in W's rate; 2 in the theorem.
      ends_weight: factor of the term of the ends in the second order; 1 in the theorem.
      second_sign: sign of the term in d^4/2880; -1 in the theorem.
      covariance_weight: factor of Cov(y, l'') in kappa; 1 in the theorem.
      half: the jump's first moment is theta (1 - theta)/this; 2 in the theorem.
    """
    page = Page(evidence, RESULT)
    law, found = evidence.world.law, evidence.quantities
    why = not_smooth(law, found.slope_square)
    if why:
        for claim in ("remainder", "remainder_second_order", "corrected_mean"):
            page.skip(claim, "asymptotic", why)
    else:
        _remainder(page, law, twenty_four, power, ends_weight, second_sign)
        _own_mean(page, dozen)
    _kappa(page)
    for text in (STRAIGHT, CURVED):
        with page.elsewhere(f"p proportional to {text}"):
            _remainder(page, densities.typed(text, densities.UNIT), twenty_four, power, ends_weight, second_sign)
    with page.elsewhere(f"p proportional to {STRAIGHT}, closed form"):
        _closed_mean(page, dozen)
    with page.elsewhere(f"p proportional to {CURVED}"):
        _kappa_at(page, covariance_weight)
    with page.elsewhere(JUMPING):
        _jump(page, dozen, half)
    return page.checks


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


def _remainder(page: Page, law: Law, twenty_four: float, power: float, ends_weight: float, second_sign: float) -> None:
    """W over its asymptote and the slope of W, both extrapolated; the plain ratio at the most classes beside them."""
    if not resolved(law, MOST):
        page.skip("remainder", "asymptotic", UNSEEN_FEATURE)
        return
    here, one = slopes(law), Estimate(1.0, 0.0)
    D = here.length
    for most in (CLASSES[-1], MOST):
        found = remainders(law, most)
        ratios = [quotient(W, here.square.scaled((D / K) ** 2 / twenty_four)) for K, W in found.items()]
        limit = richardson(ratios, 2, EVEN)
        if seen(limit) and resolved(law, most):
            break
    else:
        page.skip("remainder", "asymptotic", UNSEEN)
        return
    page.add("remainder", "asymptotic", one, limit, f"W over (d^2/24) E_q[l'^2], K = 8 to {most}, extrapolated")
    # In an expansion in 1/K^2 the last step is three times what is left.
    step = abs(ratios[-1].value - ratios[-2].value)
    note = f"the plain ratio; allowance: its step from K = {most // 2}"
    page.add("remainder", "asymptotic", one, ratios[-1], note, classes=most, allowance=step)
    falls = [
        Estimate(math.log2(coarse.value / fine.value), 1.5 * (coarse.error / coarse.value + fine.error / fine.value))
        for coarse, fine in zip(list(found.values()), list(found.values())[1:], strict=False)
    ]
    page.add("remainder_slope", "asymptotic", Estimate(power, 0.0), richardson(falls, 2, EVEN), "log W against log d")
    _second_order(page, here, found, ends_weight, second_sign)


def _second_order(page: Page, here: Slopes, found: dict[int, Estimate], ends_weight: float, second_sign: float) -> None:
    """(W - lead) K^4 against its limit; and the side from which W comes, where the limit is not zero."""
    D = here.length
    told = total(here.second.scaled(second_sign * D**4 / 2880), here.ends.scaled(ends_weight * D**3 / 2160))
    size = here.second.value * D**4 / 2880 + abs(here.ends.value) * D**3 / 2160
    rest = {K: (W - here.square.scaled(D**2 / 24 / K**2)).scaled(float(K**4)) for K, W in found.items()}
    limit = richardson(list(rest.values()), 2, EVEN)
    if not limit.error <= SEEN * size:
        page.skip("remainder_second_order", "asymptotic", UNSEEN)
        return
    ratio = quotient(limit, Estimate(size, here.second.error))
    page.add(
        "remainder_second_order",
        "asymptotic",
        quotient(told, Estimate(size, here.second.error)),
        ratio,
        "K^4 (W - leading term), extrapolated, as a share of the sizes of its two terms",
    )
    K = CLASSES[-1]
    side = -1.0 if told.value < 0 else 1.0
    page.add(
        "side",
        "upper bound",
        Estimate(0.0, 0.0),
        rest[K].scaled(-side),
        f"W is {'below' if side < 0 else 'above'} its asymptote, as the second order says",
        classes=K,
    )


def _own_mean(page: Page, dozen: float) -> None:
    """The run's own corrected squared errors against their asymptote, where its numbers of classes double often enough."""
    found = page.evidence.quantities
    chain = doubling([entry.classes for entry in found.per_classes])
    D = page.evidence.world.law.length
    if not chain:
        page.skip("corrected_mean", "asymptotic", "the run has no three numbers of classes K, 2K, 4K")
        return
    by = {entry.classes: entry.corrected_squared_error for entry in found.per_classes}
    ratios = [quotient(by[K], found.curvature_square.scaled((D / K) ** 4 / dozen**2)) for K in chain[-4:]]
    limit = richardson(ratios, 2, EVEN)
    if not seen(limit):
        page.skip("corrected_mean", "asymptotic", UNSEEN)
        return
    note = f"squared error over (d^4/144) E kappa^2, K = {chain[-4:][0]} to {chain[-1]}, extrapolated"
    page.add("corrected_mean", "asymptotic", Estimate(1.0, 0.0), limit, note)


def _kappa(page: Page) -> None:
    found = page.evidence.quantities
    if page.evidence.world.law.discrete:
        page.skip("kappa", "identity", found.notes.get("curvature_square", "no slope of the log ratio"))
        return
    page.add(
        "kappa",
        "identity",
        found.curvature_square_by_parts,
        found.curvature_square,
        "E kappa^2 by the ends and l'', and by its definition",
        because=("curvature_square", "slope_square"),
    )


@lru_cache(maxsize=1)
def _closed() -> tuple[dict[int, Estimate], Estimate]:
    here = closed_form.ExponentialWorld(6.0, 0.1)
    found = {K: closed_form.numbers(here, K) for K in CLASSES[:4]}
    return {K: made["corrected_squared_error"] for K, made in found.items()}, found[8]["curvature_square"]


def _closed_mean(page: Page, dozen: float) -> None:
    by, curvature = _closed()
    ratios = [quotient(error, curvature.scaled(1 / (dozen**2 * K**4))) for K, error in by.items()]
    note = "squared error over (d^4/144) E kappa^2, K = 8 to 64, extrapolated"
    page.add("corrected_mean", "asymptotic", Estimate(1.0, 0.0), richardson(ratios, 2, EVEN), note)


def _kappa_at(page: Page, covariance_weight: float) -> None:
    """kappa at one input: the definition, and the ends less the covariance, for a log ratio bent enough for the covariance to count."""
    x, s = 0.37, 0.1
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
        parts.append(float(ends[1] - ends[0]) - covariance_weight * float(weight @ (away * 18 * nodes.y)) / evidence)
    told, found = (
        Estimate(fine, SAFETY * abs(fine - coarse) + ROUNDING * EPSILON * size) for fine, coarse in (parts, direct)
    )
    page.add("kappa", "identity", told, found, f"at x = {x}")


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


def _bracket(here: corrected.Kernel) -> Any:
    """E_{q(x)} [smooth kappa(x) + jump G'(t)]^2 as a function of both factors; closed forms in y, q(x) and f_q from the rule."""
    s = 0.1

    def at(y: float) -> tuple[np.ndarray, np.ndarray]:
        """G = (y - f_q) q(y|x) and its derivative at a label."""
        density = np.exp(-(((here.x - y) / s) ** 2) / 2) / (here.evidence * s * math.sqrt(2 * math.pi))
        return (y - here.mean) * density, density * (1 + (y - here.mean) * (here.x - y) / s**2)

    kappa = -JUMP_RATE * (at(1.0)[0] - at(0.0)[0])
    steep = at(JUMP_AT)[1]

    def mean_square(smooth: float, jump: float) -> float:
        return float(here.mass @ (smooth * kappa + jump * steep) ** 2)

    return mean_square


def _jump(page: Page, dozen: float, half: float) -> None:
    """W K and K^4 times the squared error tend to constants along numbers of classes that put the jump at one place of its bin."""
    W, squares, mean_square = _jumping()
    share, one = 2 / 3, Estimate(1.0, 0.0)
    average = share + (1 - share) * JUMP_TO
    cost = math.log(average) - (1 - share) * math.log(JUMP_TO)
    ratios = [quotient(found, rounded(cost / K)) for K, found in W.items()]
    page.add("jump", "asymptotic", one, richardson(ratios, 4, (1, 2)), "K W over the divergence of the jump's bin")
    moment = share * (1 - share) / half * (JUMP_TO - 1) / average
    constant = mean_square(1 / dozen, moment)
    ratios = [quotient(found, rounded(constant / K**4, 64)) for K, found in squares.items()]
    page.add("jump", "asymptotic", one, richardson(ratios, 4, (1, 2)), "K^4 squared error over its constant")


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
    drawn["remainder"] = {
        "classes": list(CLASSES),
        "found": [W.value for W in remainders(law).values()],
        "asymptote": [slopes(law).square.value * (D / K) ** 2 / 24 for K in CLASSES],
    }
    entries = [entry for entry in found.per_classes if entry.corrected_squared_error.value > 0]
    if math.isfinite(found.curvature_square.value):
        drawn["squared_error"] = {
            "classes": [entry.classes for entry in entries],
            "found": [entry.corrected_squared_error.value for entry in entries],
            "asymptote": [found.curvature_square.value * (D / entry.classes) ** 4 / 144 for entry in entries],
        }
    return drawn


FALSIFIERS = (
    Falsifier(RESULT, "twelfth", "W ~ (d^2/12) E l'^2", lambda evidence: checks(evidence, twenty_four=12.0)),
    Falsifier(RESULT, "eighth", "W ~ (d^2/8) E l'^2, Hoeffding's", lambda evidence: checks(evidence, twenty_four=8.0)),
    Falsifier(RESULT, "power", "W falls like 1/K", lambda evidence: checks(evidence, power=1.0)),
    Falsifier(RESULT, "ends", "the term of the ends is left out", lambda evidence: checks(evidence, ends_weight=0.0)),
    Falsifier(
        RESULT,
        "above",
        "plus (d^4/2880) E[l'^4 + 4 l''^2]: W from above",
        lambda evidence: checks(evidence, second_sign=1.0),
    ),
    Falsifier(RESULT, "sixth", "fhat - f_q ~ (d^2/6) kappa", lambda evidence: checks(evidence, dozen=6.0)),
    Falsifier(
        RESULT,
        "covariance",
        "kappa with plus the covariance",
        lambda evidence: checks(evidence, covariance_weight=-1.0),
    ),
    Falsifier(RESULT, "moment", "the jump's moment without 1/2", lambda evidence: checks(evidence, half=1.0)),
)
