"""remainder: W, what is left within classes in the worst channel, computed from the labels alone; and what bounds it."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from numerics import finite, quadrature
from numerics.certified import constants
from numerics.checks import exponential
from numerics.checks.common import ZERO, Page, enclosed, rounded, total, weighted
from numerics.checks.examples import ALL, Example, divergence
from numerics.evidence import Evidence
from numerics.posterior.records import PerClasses
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate, EvidenceKind, Falsifier

RESULT = "remainder"
OSCILLATIONS = (0.05, 0.5, 2.0, 8.0)
"""w at which the two-point bin is shown to attain h(w)."""
HALF_WIDTHS = (0.1, 1.0, 4.0)
"""u = L d/2 at which the affine log ratio is shown to attain log(sinh u/u)."""
SMALL = 0.4
SPECHT_SERIES = (
    *(1 / 8, -1 / 576, 1 / 25920, -1 / 1075200, 1 / 43545600, -691 / 1207084032000),
    *(15 / 14 * 4 / 18243225 / 4**7, -17 / 16 * 3617 / 162820783125 / 4**8),
)
SINH_SERIES = (
    *(1 / 6, -1 / 180, 1 / 2835, -1 / 37800, 1 / 467775, -691 / 3831077250),
    *(2 / 127702575, -3617 / 2605132530000),
)
"""Coefficients of w^2, w^4, ...; below `SMALL` the closed forms cancel and these leave less than 4e-15 of the value."""


def _series(coefficients: tuple[float, ...], w: float) -> Estimate:
    value = sum(c * w ** (2 * i + 2) for i, c in enumerate(coefficients))
    # The coefficients alternate in sign and fall: what is left out is below the last term times w^2.
    return Estimate(value, 8 * EPSILON * value + abs(coefficients[-1]) * w ** (2 * len(coefficients) + 2))


def specht(w: float) -> Estimate:
    """h(w) = log((e^w - 1)/w) - 1 + w/(e^w - 1), the log of Specht's ratio."""
    if w < SMALL:
        return _series(SPECHT_SERIES, w)
    # log((e^w - 1)/w) = w + log((1 - e^-w)/w): no overflow.
    shrunk = -math.expm1(-w)
    return rounded(w + math.log(shrunk / w) - 1 + w * math.exp(-w) / shrunk, 8, 2.0 + 2 * w)


def log_sinh_ratio(u: float) -> Estimate:
    """log(sinh u/u), u >= 0."""
    if u < SMALL:
        return _series(SINH_SERIES, u)
    return rounded(u + math.log(-math.expm1(-2 * u) / (2 * u)), 8, 2.0 + 2 * u)


def checks(
    evidence: Evidence,
    *,
    classes_weight: float = -1.0,
    inputs_weight: float = -1.0,
    range_factor: float = 1.0,
    eighth: float = 8.0,
    slope_factor: float = 1.0,
    training_weights: bool = False,
    same_masses: bool = False,
    flat_density: bool = False,
    reversed_bounds: bool = False,
) -> list[Check]:
    """W by sum, by difference and by certified balls; the within-class part below it; its bounds; the worlds that attain them.

    Args:
      classes_weight: factor of KL(q_C||p_C) in W; -1 in the theorem.
      inputs_weight: factor of sum_c q_c KL(q_{x|c}||p_{x|c}) in the within-class part; -1 in the theorem.
      range_factor: factor of h in bound (a); 1 in the theorem.
      eighth: Hoeffding's bound is w^2 over this; 8 in the theorem.
      slope_factor: factor of L in bound (b); 1 in the theorem.
      training_weights: weigh the classes of finite worlds with p_c; q_c in the theorem.
      same_masses: take q_c for the class masses p_c.
      flat_density: claim that nothing is left where p is constant on each class; r in the theorem.
      reversed_bounds: claim the bounds on W, and W on the within-class part, from below.
    """
    page = Page(evidence, RESULT)
    found = evidence.quantities
    # KL(q_C||q_C) is zero.
    classes_weight = 0.0 if same_masses else classes_weight
    for entry in found.per_classes:
        K = entry.classes
        told = total(found.kl_labels, entry.kl_classes.scaled(classes_weight))
        page.add("label_only", "identity", told, entry.remainder, classes=K, because=("kl_labels",))
        told = total(entry.remainder, entry.kl_inputs_within.scaled(inputs_weight))
        page.add("within_part", "identity", told, entry.within_part, classes=K)
        _at_most(page, "within_at_most_remainder", entry.remainder, entry.within_part, reversed_bounds, classes=K)
        exponential.add(page, "label_only", "remainder", entry.remainder, K)
    for entry in found.per_classes:
        _bounds(page, entry, range_factor, eighth, slope_factor, reversed_bounds)
    _certified(page, classes_weight, range_factor, eighth, slope_factor, same_masses, reversed_bounds)
    for example in ALL:
        with page.elsewhere(example.name):
            _finite(
                page,
                example,
                classes_weight,
                inputs_weight,
                range_factor,
                training_weights,
                flat_density,
                reversed_bounds,
            )
    with page.elsewhere("bins that attain the bounds"):
        _attained(page, range_factor, eighth, slope_factor)
    return page.checks


def _at_most(
    page: Page,
    claim: str,
    above: Estimate,
    below: Estimate,
    reverse: bool,
    note: str = "",
    *,
    source: EvidenceKind = "quadrature",
    classes: int | None = None,
) -> None:
    """Writes down that one number is at most the other, or, in the wrong version, at least."""
    top, found = (below, above) if reverse else (above, below)
    page.add(claim, "upper bound", top, found, note, source=source, classes=classes)


def _bounds(
    page: Page, entry: PerClasses, range_factor: float, eighth: float, slope_factor: float, reverse: bool
) -> None:
    """Bounds (a) and (b) in doubles, from the ranges and slopes of l on the quadrature's panels."""
    K, bins = entry.classes, entry.bins
    w, off = bins.oscillation, 2 * bins.range_error
    if not np.all(np.isfinite(w)):
        page.skip("range_bound", "upper bound", "infinite: the log ratio has no finite range on some class", classes=K)
        return
    # h' <= 1: a range known to `off` gives h to `off`.
    ranges = [Estimate(s.value, s.error + e) for s, e in zip(map(specht, w.tolist()), off.tolist(), strict=True)]
    # For `off`, at most: h'(w) <= min(1, w/4), the bound of Hoeffding's derivative.
    top = weighted(bins.q, ranges).scaled(range_factor)
    _at_most(page, "range_bound", top, entry.remainder, reverse, classes=K)
    squares = [Estimate(v * v / eighth, 2 * v * e / eighth) for v, e in zip(w.tolist(), off.tolist(), strict=True)]
    page.add("hoeffding_bound", "upper bound", weighted(bins.q, squares), top, classes=K)
    _lipschitz(page, entry, slope_factor, reverse)


def _why_no_slope(page: Page) -> str:
    """Why bound (b) does not apply, or nothing."""
    law, certificates = page.evidence.world.law, page.evidence.certificates
    if law.discrete:
        return "discrete labels: no slope of the log ratio"
    if certificates is not None:
        bounds = [entry.bounds for entry in certificates.per_classes]
        return (
            "" if all(bound is not None and bound.lipschitz is not None for bound in bounds) else "the log ratio jumps"
        )
    return "the log ratio may jump at a breakpoint" if law.breakpoints else ""


def _lipschitz(page: Page, entry: PerClasses, slope_factor: float, reverse: bool) -> None:
    K, why, steep = entry.classes, _why_no_slope(page), page.evidence.quantities.lipschitz
    if why or not math.isfinite(steep.value):
        page.skip(
            "lipschitz_bound", "upper bound", why or "infinite: the slope of the log ratio is unbounded", classes=K
        )
        return
    u = slope_factor * steep.value * entry.bins.width / 2
    off = slope_factor * steep.error * entry.bins.width / 2
    sharp = log_sinh_ratio(u)
    # (log(sinh u/u))' = coth u - 1/u <= 1.
    sharp = Estimate(sharp.value, sharp.error + off)
    _at_most(page, "lipschitz_bound", sharp, entry.remainder, reverse, "log(sinh u/u), u = L d/2", classes=K)
    square = Estimate(u * u / 6, u * off / 3 + 4 * EPSILON * u * u)
    page.add("lipschitz_bound", "upper bound", square, sharp, "(L d)^2/24", classes=K)


def bound_values(evidence: Evidence) -> dict[str, list[float]]:
    """The bounds on W for each K, for a picture: `specht`, `hoeffding`, and `lipschitz` where it applies."""
    found, page = evidence.quantities, Page(evidence, RESULT)
    values: dict[str, list[float]] = {"specht": [], "hoeffding": []}
    for entry in found.per_classes:
        w = entry.bins.oscillation
        if not np.all(np.isfinite(w)):
            return {}
        values["specht"].append(float(entry.bins.q @ [specht(v).value for v in w.tolist()]))
        values["hoeffding"].append(float(entry.bins.q @ w**2 / 8))
    if not _why_no_slope(page) and math.isfinite(found.lipschitz.value):
        half = [found.lipschitz.value * entry.bins.width / 2 for entry in found.per_classes]
        values["lipschitz"] = [log_sinh_ratio(u).value for u in half]
    return values


def _certified(
    page: Page,
    classes_weight: float,
    range_factor: float,
    eighth: float,
    slope_factor: float,
    same_masses: bool,
    reverse: bool,
) -> None:
    """Certified W and bounds, against quadrature and against each other."""
    certificates, found = page.evidence.certificates, page.evidence.quantities
    if certificates is None:
        return
    for ball, entry in zip(certificates.per_classes, found.per_classes, strict=True):
        K = entry.classes
        W = enclosed(ball.remainder)
        page.add("label_only", "identity", W, entry.remainder, "W by quadrature", source="certified", classes=K)
        told = total(enclosed(certificates.kl_labels), enclosed(ball.kl_classes).scaled(classes_weight))
        page.add(
            "label_only", "identity", told, W, "certified W", source="certified", classes=K, because=("kl_labels",)
        )
        masses, doubles = [enclosed(mass) for mass in ball.p], entry.bins.q if same_masses else entry.bins.p
        off = max(range(len(masses)), key=lambda c: abs(masses[c].value - doubles[c]))
        double = Estimate(float(doubles[off]), EPSILON * float(doubles[off]))
        page.add(
            "bin_mass",
            "identity",
            masses[off],
            double,
            f"p_c of class {off + 1}, the largest gap",
            source="certified",
            classes=K,
        )
        if ball.bounds is None:
            page.skip(
                "range_bound",
                "upper bound",
                "infinite: the log ratio has no finite range on some class",
                "certified",
                K,
            )
            continue
        top = ball.bounds.specht.estimate.scaled(range_factor)
        _at_most(page, "range_bound", top, W, reverse, source="certified", classes=K)
        page.add(
            "hoeffding_bound",
            "upper bound",
            ball.bounds.hoeffding.estimate.scaled(8 / eighth),
            top,
            source="certified",
            classes=K,
        )
        if ball.bounds.sinh is not None and ball.bounds.square is not None:
            sinh, square = ball.bounds.sinh.estimate, ball.bounds.square.estimate
            # Certified for L itself; with another slope this bound says nothing.
            if slope_factor == 1.0:
                _at_most(page, "lipschitz_bound", sinh, W, reverse, "log(sinh u/u)", source="certified", classes=K)
            page.add(
                "lipschitz_bound",
                "upper bound",
                square.scaled(slope_factor**2),
                sinh,
                "(L d)^2/24",
                source="certified",
                classes=K,
            )


def _finite(
    page: Page,
    example: Example,
    classes_weight: float,
    inputs_weight: float,
    range_factor: float,
    training_weights: bool,
    flat_density: bool,
    reverse: bool,
) -> None:
    q, p, k, members = example.q, example.p, example.k, example.members
    inside = [divergence(q[c > 0] / (c @ q), p[c > 0] / (c @ p)) for c in members]
    W = weighted(members @ (p if training_weights else q), inside)
    page.add("label_only", "identity", W, example.found(finite.remainder), "sum over classes")
    told = total(divergence(q, p), divergence(members @ q, members @ p).scaled(classes_weight))
    page.add("label_only", "identity", told, example.found(finite.remainder))
    within = example.found(finite.within_part)
    inputs = divergence(
        members @ (q[:, None] * k), (members @ (p[:, None] * k)) / (members @ p / (members @ q))[:, None]
    )
    page.add("within_part", "identity", total(W, inputs.scaled(inputs_weight)), within)
    _at_most(page, "within_at_most_remainder", W, within, reverse)
    ratio = np.log(p / q)
    ranges = [specht(float(np.ptp(ratio[c > 0]))) for c in members]
    _at_most(page, "range_bound", weighted(members @ q, ranges).scaled(range_factor), W, reverse)
    # A world whose ratio is constant on classes: the same p between classes, q's own shape within.
    even = np.ones_like(q) if flat_density else q
    flat = members.T @ ((members @ p) / (members @ even)) * even
    zero = total(divergence(q, flat), divergence(members @ q, members @ flat).scaled(-1.0))
    page.add("zero_remainder", "identity", ZERO, zero, "r made constant on each class")


def _attained(page: Page, range_factor: float, eighth: float, slope_factor: float) -> None:
    """Two-point bins attain h(w); an affine log ratio attains log(sinh u/u)."""
    for w in OSCILLATIONS:
        theta = (1 / w - 1 / math.expm1(w)) if w > SMALL else 0.5 - w / 12 + w**3 / 720 - w**5 / 30240
        law = np.array([1 - theta, theta])
        tilted = law * np.array([1.0, math.exp(w)])
        W = divergence(law, tilted / tilted.sum())
        page.add("range_attained", "identity", specht(w).scaled(range_factor), W, f"two labels, w = {w:g}")
        page.add("hoeffding_bound", "upper bound", rounded(w * w / eighth), W, f"two labels, w = {w:g}")
        known = constants.specht_constant(Fraction(repr(w)))
        told = known.bound.estimate.scaled(range_factor)
        page.add("range_attained", "identity", told, known.attained.estimate, f"w = {w:g}", source="certified")
    for u in HALF_WIDTHS:
        mean = _mean_exponential(u)
        W = Estimate(math.log(mean.value), mean.error / mean.value + EPSILON * (1 + u))
        told = log_sinh_ratio(slope_factor * u)
        page.add("lipschitz_attained", "identity", told, W, f"log E e^l - E l for l affine, u = {u:g}")
        page.add("lipschitz_bound", "upper bound", rounded((slope_factor * u) ** 2 / 6), W, f"l affine, u = {u:g}")
        bound = constants.affine_remainder(Fraction(repr(u)) * Fraction(repr(slope_factor))).bound.estimate
        found = constants.affine_remainder(Fraction(repr(u))).attained.estimate
        page.add("lipschitz_attained", "identity", bound, found, f"l affine, u = {u:g}", source="certified")


def _mean_exponential(u: float) -> Estimate:
    """The mean of e^(u t) for t uniform on [-1, 1]."""
    return quadrature.integrate(lambda t: np.exp(u * t) / 2, [-1.0, 0.0, 1.0], 0.25)


FALSIFIERS = (
    Falsifier(RESULT, "sign", "KL(q_C||p_C) is added", lambda evidence: checks(evidence, classes_weight=1.0)),
    Falsifier(
        RESULT,
        "dropped",
        "the divergences of inputs are left out",
        lambda evidence: checks(evidence, inputs_weight=0.0),
    ),
    Falsifier(RESULT, "weight", "classes weighted with p_c", lambda evidence: checks(evidence, training_weights=True)),
    Falsifier(RESULT, "range", "0.9 h(w_c) in place of h(w_c)", lambda evidence: checks(evidence, range_factor=0.9)),
    Falsifier(RESULT, "twelfth", "w^2/12 in place of w^2/8", lambda evidence: checks(evidence, eighth=12.0)),
    Falsifier(RESULT, "slope", "0.9 L in place of L", lambda evidence: checks(evidence, slope_factor=0.9)),
    Falsifier(
        RESULT,
        "masses",
        "classes have the same masses in both worlds",
        lambda evidence: checks(evidence, same_masses=True),
    ),
    Falsifier(
        RESULT,
        "flat",
        "nothing is left where p, not r, is constant on each class",
        lambda evidence: checks(evidence, flat_density=True),
    ),
    Falsifier(
        RESULT,
        "from below",
        "W is at most the within-class part and at least its bounds",
        lambda evidence: checks(evidence, reversed_bounds=True),
    ),
)
