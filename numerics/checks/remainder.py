"""remainder: W, what is left within classes in the worst channel, computed from the labels alone; and what bounds it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from sympy import Expr

from numerics.certified import constants
from numerics.certified.enclosure import Enclosure
from numerics.checks import statements
from numerics.checks.common import Page, enclosed, rounded
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate, EvidenceKind
from theory import formula
from theory.formula import Formula
from theory.record import Result
from theory.statement import Statement
from theory.words import specht
from theory.worlds import Evaluation, exact, real

OSCILLATIONS = (0.05, 0.5, 2.0, 8.0)
"""w at which the two-point bin is shown to attain h(w)."""
FLAT = exact(
    "five labels, r constant on each of two classes",
    q="1/8 1/4 1/4 1/8 1/4",
    p="1/4 1/2 1/10 1/20 1/10",
    k=("1/2 1/4 1/8 1/8", "1/4 1/2 1/8 1/8", "1/8 1/4 3/8 1/4", "1/8 1/8 1/4 1/2", "1/16 3/16 1/4 1/2"),
    classes=(0, 0, 1, 1, 1),
    labels="0 1 3 4 6",
)
"""Here nothing is left within classes."""
SMALL = 0.4
SINH_SERIES = (
    *(1 / 6, -1 / 180, 1 / 2835, -1 / 37800, 1 / 467775, -691 / 3831077250),
    *(2 / 127702575, -3617 / 2605132530000),
)
"""Coefficients of u^2, u^4, ...; below `SMALL` the closed form cancels and these leave less than 4e-15 of the value."""


def log_sinh_ratio(u: float) -> Estimate:
    """log(sinh u/u), u >= 0."""
    if u < SMALL:
        value = sum(c * u ** (2 * i + 2) for i, c in enumerate(SINH_SERIES))
        # The coefficients alternate in sign and fall: what is left out is below the last term times u^2.
        return Estimate(value, 8 * EPSILON * value + abs(SINH_SERIES[-1]) * u ** (2 * len(SINH_SERIES) + 2))
    return rounded(u + math.log(-math.expm1(-2 * u) / (2 * u)), 8, 2.0 + 2 * u)


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route and in finite worlds; the labels that attain h, and the bound by the slope of l."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    for claim in result.claims:
        for line in claim.lines:
            if isinstance(line, Statement) and line.equality is not None:
                statements.in_world(page, claim.name, line, Evaluation(real(FLAT)))
            elif isinstance(line, Formula) and claim.name == "range_attained":
                with page.elsewhere("two labels that attain the bound"):
                    _attained(page, line)
            elif isinstance(line, Formula) and claim.name == "lipschitz_bound":
                _lipschitz(page, line)
    return page.checks


def _attained(page: Page, line: Formula) -> None:
    """Both sides against W of two labels, by their masses and by certified balls."""
    for w in OSCILLATIONS:
        theta = (1 / w - 1 / math.expm1(w)) if w > SMALL else 0.5 - w / 12 + w**3 / 720 - w**5 / 30240
        tilted = theta * math.exp(w) / (1 - theta + theta * math.exp(w))
        W = (1 - theta) * math.log((1 - theta) / (1 - tilted)) + theta * math.log(theta / tilted)
        ball = constants.specht_constant(Fraction(repr(w)))
        for side in (_value(line.left, "w", w), _value(line.right, "w", w)):
            page.add("range_attained", "identity", side, rounded(W, 16, 1 + w), f"two labels, w = {w:g}")
            page.add("range_attained", "identity", side, ball.attained.estimate, f"w = {w:g}", source="certified")


def _value(side: Expr, symbol: str, number: float) -> Estimate:
    """A side of a formula of one symbol."""
    value, size = formula.value(side, {symbol: number})
    return Estimate(value, 64 * EPSILON * size)


def _lipschitz(page: Page, line: Formula) -> None:
    """W <= log(sinh u/u) <= u^2/6 with u = L d/2, the two bounds read from the line, by quadrature and by certified balls."""
    why = _why_no_slope(page.evidence)
    for K, source, W, steep, width in _slopes(page.evidence):
        if why or not math.isfinite(steep.value):
            why = why or "infinite: the slope of the log ratio is unbounded"
            page.skip("lipschitz_bound", "upper bound", why, source, K)
            continue
        u, off = steep.value * width / 2, steep.error * width / 2 + EPSILON * steep.value * width
        # Both sides vanish at u = 0, where the left one has no value. The slopes are at most 1 and u/3.
        sharp = _value(line.left, "u", u) if u > 0 else Estimate(0.0, 0.0)
        square = _value(line.right, "u", u)
        sharp = Estimate(sharp.value, sharp.error + off)
        square = Estimate(square.value, square.error + off * (u + off))
        page.add("lipschitz_bound", "upper bound", sharp, W, "log(sinh u/u), u = L d/2", source=source, classes=K)
        page.add("lipschitz_bound", "upper bound", square, sharp, "(L d)^2/24", source=source, classes=K)


def _slopes(evidence: Evidence) -> Iterator[tuple[int, EvidenceKind, Estimate, Estimate, float]]:
    """K, a route, W and L by it, and d."""
    quantities = evidence.quantities
    for entry in quantities.per_classes:
        yield entry.classes, "quadrature", entry.remainder, quantities.lipschitz, entry.bins.width
    for ball, entry in (
        zip(evidence.certificates.per_classes, quantities.per_classes, strict=True) if evidence.certificates else ()
    ):
        steep: Enclosure | None = ball.bounds.lipschitz if ball.bounds else None
        if steep is not None:
            yield entry.classes, "certified", enclosed(ball.remainder), steep.estimate, entry.bins.width


def _why_no_slope(evidence: Evidence) -> str:
    """Why bound (b) does not apply, or nothing."""
    law, certificates = evidence.world.law, evidence.certificates
    if law.discrete:
        return "discrete labels: no slope of the log ratio"
    if certificates is not None:
        bounds = [entry.bounds for entry in certificates.per_classes]
        return (
            "" if all(bound is not None and bound.lipschitz is not None for bound in bounds) else "the log ratio jumps"
        )
    return "the log ratio may jump at a breakpoint" if law.breakpoints else ""


def bound_values(evidence: Evidence) -> dict[str, list[float]]:
    """The bounds on W for each K, for a picture: `specht`, `hoeffding`, and `lipschitz` where it applies."""
    quantities = evidence.quantities
    values: dict[str, list[float]] = {"specht": [], "hoeffding": []}
    for entry in quantities.per_classes:
        w = entry.bins.oscillation
        if not np.all(np.isfinite(w)):
            return {}
        values["specht"].append(float(entry.bins.q @ [specht.value(v) for v in w.tolist()]))
        values["hoeffding"].append(float(entry.bins.q @ w**2 / 8))
    if not _why_no_slope(evidence) and math.isfinite(quantities.lipschitz.value):
        half = [quantities.lipschitz.value * entry.bins.width / 2 for entry in quantities.per_classes]
        values["lipschitz"] = [log_sinh_ratio(u).value for u in half]
    return values
