"""risk: the balanced risk of any predictor is its imbalanced risk plus a between-class and a within-class extra term."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from numerics import finite, quadrature
from numerics.certified import constants
from numerics.checks import fitted
from numerics.checks.common import Page, rounded, total, weighted
from numerics.checks.examples import ALL, Example
from numerics.checks.limits import UNSEEN_FEATURE, resolved
from numerics.checks.linear_predictor import Line, class_errors, direct_risks, line
from numerics.evidence import Evidence
from numerics.fits import Fits
from numerics.fits.summary import quantile
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Check, Estimate, Falsifier, Kind

RESULT = "risk"
OSCILLATIONS = (0.2, 2.0, 9.0)
"""w at which the two-label bin is shown to attain tanh(w/4)."""
MOST_PANELS = 1 << 15
CLOSE = 1e-5
Sample = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""The class, the quadrature weight, l, l', e counted from the middle of the class, and e', at nodes."""


def checks(
    evidence: Evidence,
    *,
    between_weight: float = 1.0,
    within_weight: float = 1.0,
    training_weights: bool = False,
    balanced_between: bool = False,
    quarter: float = 4.0,
    twelfth: float = -12.0,
) -> list[Check]:
    """The three terms for the Bayes predictor of p and for a straight line; the bound of the within-class term, and what attains it; its
    limit for fine classes; finite worlds.

    Args:
      between_weight: factor of the between-class term; 1 in the theorem.
      within_weight: factor of the within-class term; 1 in the theorem.
      training_weights: weigh the within-class term with p_c; q_c in the theorem.
      balanced_between: use e_c^q in the between-class term; e_c^p in the theorem.
      quarter: the bound is osc tanh(w/this); 4 in the theorem.
      twelfth: the limit is d^2 over this times E_q[e' l']; -12 in the theorem.
    """
    page = Page(evidence, RESULT)
    knobs = (between_weight, within_weight, training_weights, balanced_between)
    here, found = evidence.world, evidence.quantities
    model = line(here)
    risk_q, risk_p = direct_risks(here, model)
    for entry in found.per_classes:
        K, bins = entry.classes, entry.bins
        told = three_terms(found.imbalanced_risk, bins.q, bins.p, entry.errors_q, entry.errors_p, *knobs)
        page.add("split", "identity", told, found.transferred_risk, "R_q of f_p", classes=K)
        errors_q, errors_p = class_errors(here, model, bins.edges)
        told = three_terms(risk_p, bins.q, bins.p, errors_q, errors_p, *knobs)
        page.add("split", "identity", told, risk_q, "R_q of the least-squares line under p", classes=K)
        _bound(page, K, model, errors_q, errors_p, quarter)
        _fitted(page, K, between_weight, within_weight)
    _limit(page, model, twelfth)
    for example in ALL:
        with page.elsewhere(example.name):
            _finite(page, example, *knobs, quarter)
    with page.elsewhere("two labels that attain the bound"):
        _attained(page, quarter)
    return page.checks


def three_terms(
    imbalanced: Estimate,
    q: np.ndarray,
    p: np.ndarray,
    errors_q: tuple[Estimate, ...] | list[Estimate],
    errors_p: tuple[Estimate, ...] | list[Estimate],
    between_weight: float = 1.0,
    within_weight: float = 1.0,
    training_weights: bool = False,
    balanced_between: bool = False,
) -> Estimate:
    """R_p(f) + sum_c (q_c - p_c) e_c^p + sum_c q_c (e_c^q - e_c^p)."""
    between = weighted(q, errors_q if balanced_between else errors_p) - weighted(
        p, errors_q if balanced_between else errors_p
    )
    gaps = [e - f for e, f in zip(errors_q, errors_p, strict=True)]
    within = weighted(p if training_weights else q, gaps)
    return total(imbalanced, between.scaled(between_weight), within.scaled(within_weight))


def _bound(page: Page, K: int, model: Line, errors_q: list[Estimate], errors_p: list[Estimate], quarter: float) -> None:
    """|e_c^q - e_c^p| <= osc tanh(w_c/4), for the straight line, at the class that comes closest."""
    bins = next(entry.bins for entry in page.evidence.quantities.per_classes if entry.classes == K)
    closest: tuple[float, Estimate, Estimate, int] | None = None
    for c, (low, high) in enumerate(zip(bins.edges, bins.edges[1:], strict=False)):
        gap = errors_q[c] - errors_p[c]
        if not math.isfinite(gap.value):
            continue
        osc = model.oscillation(float(low), float(high))
        w = float(bins.oscillation[c])
        # tanh' <= 1: a range known to `off` gives the bound to osc off/4.
        off = 2 * float(bins.range_error[c]) / quarter
        size = float(np.max(model.error(np.array([float(low), float(high)]))))
        top = Estimate(osc * math.tanh(w / quarter), osc * off + ROUNDING * EPSILON * size)
        # Shares only where the gap is known: below its error every share is noise.
        share = max(abs(gap.value) - gap.error, 0.0) / top.value if top.value > 0 else 0.0
        if closest is None or share > closest[0]:
            closest = (share, top, Estimate(abs(gap.value), gap.error), c)
    if closest is None:
        page.skip("within_bound", "upper bound", "undefined: no class is sampled by p", classes=K)
        return
    _, top, gap, c = closest
    page.add("within_bound", "upper bound", top, gap, f"the least-squares line, class {c + 1}, the closest", classes=K)


def _fitted(page: Page, K: int, between_weight: float, within_weight: float) -> None:
    """The same three terms of a ridge fit, measured on fresh samples by label: their sum, in which the law's class masses weigh the class errors,
    against the risk of the balanced sample, which knows no classes; and both terms against what they are for each seed's own fit."""
    if page.evidence.fits is None:
        return
    names = (("imbalanced_risk", None), ("between", K), ("within", K), ("balanced_risk", None))
    found = [fitted.find(page.evidence, name, classes) for name, classes in names]
    entries = [entry for entry in found if entry is not None]
    if len(entries) < len(names):
        why = next(page.evidence.fits.note(*name) for name, entry in zip(names, found, strict=True) if entry is None)
        page.skip("split", "identity", why or "not measured", "fitted", K)
        return
    imbalanced, between, within, balanced = (np.array(fit.values) for fit, _ in entries)
    terms = imbalanced + between_weight * between + within_weight * within
    # What the true terms miss R_q by, seed by seed: a wrong statement must not widen its own allowance.
    off = _half_width(page.evidence.fits, imbalanced + between + within - balanced)
    told, mean = rounded(float(terms.mean()), 8, float(balanced.mean())), Estimate(float(balanced.mean()), off)
    note = "R_q of a ridge fit on fresh samples, against class errors at the law's masses"
    page.add("split", "identity", told, mean, note, source="fitted", classes=K)
    for (fit, mean), weight in zip(entries[1:3], (between_weight, within_weight), strict=True):
        # Where p = q the terms are nothing but roundings of the class errors that they weigh.
        told = Estimate(weight * fit.predicted, ROUNDING * EPSILON * float((imbalanced + balanced).mean()))
        note = "exact for each seed's own fit"
        page.add(f"trained_{fit.name}", "identity", told, mean, note, source="fitted", classes=K)


def _half_width(fits: Fits, differences: np.ndarray) -> float:
    """Half an interval of a mean difference. The two risks of a run are fitted numbers that nothing else is asked of, so all its splits together
    take their two places in Bonferroni's count (see `numerics.checks.fitted`)."""
    splits = sum(entry.name == "between" for entry in fits.quantities)
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return quantile(len(differences), math.ceil(len(fits.quantities) * splits / 2)) * error


def _limit(page: Page, model: Line, twelfth: float) -> None:
    """The limit of the within-class sum for fine classes: of the straight line in this world, and where everything is known."""
    law = page.evidence.world.law
    with page.elsewhere("l = y, e = y^2 on [0, 1]"):
        _extrapolated(page, _affine, 1.0, twelfth, "known error")
    if law.discrete or law.breakpoints:
        why = "discrete labels" if law.discrete else "the log ratio has kinks or jumps: the claim is about smooth ones"
    elif not math.isfinite(page.evidence.quantities.lipschitz.value):
        why = "the slope of the log ratio is unbounded"
    else:

        def sample(panels: int) -> Sample:
            low = float(law.support[0])
            nodes = law.nodes((), 8, law.length / panels)
            place = np.clip(((nodes.y - low) / law.length * panels).astype(int), 0, panels - 1)
            rise = model.rise(nodes.y, low + (place + 0.5) * law.length / panels)
            return place, nodes.weight, nodes.log_ratio, nodes.slope, rise, model.derivative(nodes.y)

        _extrapolated(page, sample, law.length, twelfth, "the least-squares line", law)
        return
    page.skip("within_asymptotic", "asymptotic", why)


def _affine(panels: int) -> Sample:
    """l = y up to a constant and e = y^2 on [0, 1]."""
    y, weight = (part.ravel() for part in quadrature.composite(np.linspace(0, 1, panels + 1), 8))
    place = np.repeat(np.arange(panels), 8)
    middle = (place + 0.5) / panels
    return place, weight, y, np.ones_like(y), (y - middle) * (y + middle), 2 * y


def _extrapolated(
    page: Page, sample: Callable[[int], Sample], length: float, twelfth: float, words: str, law: Any = None
) -> None:
    """The within-class sum over (d^2/twelfth) E_q[e' l'], extrapolated to d = 0 by Richardson, since the ratio is 1 + c d^2 + O(d^4).

    Classes are halved until two extrapolated values agree or `MOST_PANELS` is reached; what separates them is the error. Nothing is read
    off classes that do not see every feature of the law.
    """
    claim: str = "within_asymptotic"
    kind: Kind = "asymptotic"
    ratios: list[float] = []
    limits: list[float] = []
    panels, rounding = 64, 0.0
    while law is not None and not resolved(law, panels):
        panels *= 2
    if 4 * panels > MOST_PANELS:
        page.skip(claim, kind, f"{words}: {UNSEEN_FEATURE}")
        return
    first = panels
    while panels <= MOST_PANELS:
        place, mass, log_ratio, slope, rise, derivative = sample(panels)
        product, scale = float(mass @ (derivative * slope)), float(mass @ np.abs(derivative * slope))
        if abs(product) <= 1e-6 * scale or scale == 0.0:
            page.skip(claim, kind, f"{words}: E_q[e' l'] is zero, so the sum has no such limit")
            return
        told = (length / panels) ** 2 / twelfth * product
        tilted = mass * np.exp(log_ratio)
        q_c, p_c, mean = (np.bincount(place, part, panels) for part in (mass, tilted, mass * rise))
        centred = rise - (mean / q_c)[place]
        ratios.append(-float(q_c @ (np.bincount(place, tilted * centred, panels) / p_c)) / told)
        # Labels of one class differ by 1/panels of the support, so their differences are good to that many roundings.
        rounding = ROUNDING * EPSILON * panels * scale / abs(product)
        if len(ratios) > 1:
            limits.append((4 * ratios[-1] - ratios[-2]) / 3)
        if len(limits) > 1 and SAFETY * abs(limits[-1] - limits[-2]) < CLOSE:
            break
        panels *= 2
    last = first << (len(ratios) - 1)
    found = Estimate(limits[-1], SAFETY * abs(limits[-1] - limits[-2]) + 2 * rounding)
    page.add(claim, kind, Estimate(1.0, 0.0), found, f"{words}: ratio {ratios[-1]:.6f} at K = {last}, extrapolated")


def _finite(
    page: Page,
    example: Example,
    between_weight: float,
    within_weight: float,
    training_weights: bool,
    balanced_between: bool,
    quarter: float,
) -> None:
    """Any prediction will do on a finite world: here a fixed one, far from both conditional means."""
    q, p, k, y, members = example.q, example.p, example.k, example.y, example.members
    f = y.mean() + np.linspace(-0.4, 0.7, k.shape[1])
    square = (y[:, None] - f) ** 2
    errors = (k * square).sum(axis=1)
    size = float(errors.max())
    imbalanced = example.found(lambda here: finite.risk(here, p, f), size)
    means_q, means_p = ([rounded(float((c * law) @ errors / (c @ law)), 16, size) for c in members] for law in (q, p))
    knobs = (between_weight, within_weight, training_weights, balanced_between)
    told = three_terms(imbalanced, members @ q, members @ p, means_q, means_p, *knobs)
    page.add("split", "identity", told, example.found(lambda here: finite.risk(here, q, f), size))
    ratio = np.log(p / q)
    for c, member in enumerate(members):
        inside = member > 0
        top = rounded(float(np.ptp(errors[inside])) * math.tanh(float(np.ptp(ratio[inside])) / quarter), 16, size)
        gap = means_q[c] - means_p[c]
        page.add("within_bound", "upper bound", top, Estimate(abs(gap.value), gap.error), f"class {c + 1}")


def _attained(page: Page, quarter: float) -> None:
    """Two labels with q = (S, 1)/(1 + S), r proportional to (1/S, S), S = e^(w/2), e = (0, 1)."""
    for w in OSCILLATIONS:
        S = math.exp(w / 2)
        q = np.array([S, 1.0]) / (1 + S)
        p = q * np.array([1 / S, S])
        gap = abs(float(p[1] / p.sum() - q[1]))
        page.add(
            "within_bound_attained", "identity", rounded(math.tanh(w / quarter)), rounded(gap, 8, 1.0), f"w = {w:g}"
        )
        page.add(
            "within_bound",
            "upper bound",
            rounded(math.tanh(w / quarter)),
            rounded(gap, 8, 1.0),
            f"two labels, w = {w:g}",
        )
        known = constants.tanh_constant(Fraction(repr(w)))
        told = constants.tanh_constant(Fraction(repr(w)) * 4 / Fraction(repr(quarter))).bound.estimate
        page.add("within_bound_attained", "identity", told, known.attained.estimate, f"w = {w:g}", source="certified")


FALSIFIERS = (
    Falsifier(
        RESULT, "turned", "the between-class term has p_c - q_c", lambda evidence: checks(evidence, between_weight=-1.0)
    ),
    Falsifier(
        RESULT, "dropped", "the within-class term is left out", lambda evidence: checks(evidence, within_weight=0.0)
    ),
    Falsifier(
        RESULT, "sign", "the within-class term is taken off", lambda evidence: checks(evidence, within_weight=-1.0)
    ),
    Falsifier(
        RESULT,
        "weight",
        "the within-class term is weighted with p_c",
        lambda evidence: checks(evidence, training_weights=True),
    ),
    Falsifier(
        RESULT, "mean", "the between-class term uses e_c^q", lambda evidence: checks(evidence, balanced_between=True)
    ),
    Falsifier(RESULT, "eighth", "tanh(w_c/8) in place of tanh(w_c/4)", lambda evidence: checks(evidence, quarter=8.0)),
    Falsifier(RESULT, "constant", "d^2/24 in place of d^2/12", lambda evidence: checks(evidence, twelfth=-24.0)),
)
