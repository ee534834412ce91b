"""risk: the balanced risk of any predictor is its imbalanced risk plus a between-class and a within-class extra term."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from numerics import quadrature
from numerics.certified import constants
from numerics.checks import fitted, statements
from numerics.checks.common import Page, rounded
from numerics.checks.limits import UNSEEN_FEATURE, resolved
from numerics.checks.linear_predictor import class_errors, direct_risks, line
from numerics.evidence import Evidence
from numerics.fits import Fits
from numerics.fits.summary import quantile
from numerics.laws.law import Law
from numerics.posterior.label_side import BinSide
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Check, Estimate
from numerics.routes import by_class
from numerics.routes.route import NotReached, Route
from theory import formula, ledger
from theory.formula import Formula
from theory.printing import text
from theory.record import Result
from theory.risk import e, e_p, e_q
from theory.statement import Statement
from theory.terms import C, E, Term, inf, p, sup
from theory.words import f, risk

OSCILLATIONS = (0.2, 2.0, 9.0)
"""w at which the two-label bin is shown to attain tanh(w/4)."""
MOST_PANELS = 1 << 15
CLOSE = 1e-5
BETWEEN, WITHIN = E(e_p) - E(e_p, law=p), E(e_q - e_p)
Sample = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""The class, the quadrature weight, l, l', e counted from the middle of the class, and e', at nodes."""


@dataclass(frozen=True)
class Prediction:
    """The numbers of one predictor and one partition.

    Attributes:
      name: in words.
      bins: of the partition.
      risks: risk(f) and risk(f, p).
      classes: a table for each class: e_c^q and e_c^p, the range of e where it is known, and the numbers of r.
    """

    name: str
    bins: BinSide
    risks: by_class.Table
    classes: tuple[by_class.Table, ...]

    @property
    def route(self) -> Route:
        """The route of the statements that speak of any f."""
        return Route(self.name, "quadrature", self.lookup)

    def lookup(self, whole: Term, _: int | None) -> Estimate | None:
        """The estimate of a term, where there is one."""
        return self.risks.get(whole) or by_class.lookup(whole, self.bins, self.classes)


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement in finite worlds; for the Bayes predictor of p, a straight line and ridge fits; what attains the bound; the limit."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    everything = list(predictions(evidence))
    for claim in result.claims:
        for each in claim.lines:
            if isinstance(each, Statement) and claim.name == "split":
                for K, prediction in everything:
                    _split(page, each, K, prediction)
                for K in evidence.world.classes if evidence.fits else ():
                    _fitted(page, each, K)
            elif isinstance(each, Statement) and claim.name == "within_bound":
                for K, prediction in everything:
                    _bound(page, each, K, prediction)
            elif isinstance(each, Formula) and claim.name == "within_bound_attained":
                with page.elsewhere("two labels that attain the bound"):
                    _attained(page, each)
            elif claim.name == "within_asymptotic":
                _limit(page)
    return page.checks


def predictions(evidence: Evidence) -> Iterator[tuple[int, Prediction]]:
    """For each K: f_p, whose errors come with the posterior, and the least-squares line under p, whose errors live on the labels."""
    quantities, model = evidence.quantities, line(evidence.world)
    risk_q, risk_p = direct_risks(evidence.world, model)
    for entry in quantities.per_classes:
        bins, ratios = entry.bins, by_class.ratios(entry.bins)
        errors = zip(entry.errors_q, entry.errors_p, strict=True)
        yield (
            entry.classes,
            Prediction(
                "f_p",
                bins,
                {risk(f): quantities.transferred_risk, risk(f, p): quantities.imbalanced_risk},
                tuple(_errors(*pair) for pair in errors),
            ),
        )
        tables = []
        errors = zip(*class_errors(evidence.world, model, bins.edges), strict=True)
        for pair, (low, high), table in zip(errors, pairwise(bins.edges), ratios, strict=True):
            lowest, highest = model.extremes(float(low), float(high))
            off = ROUNDING * EPSILON * highest
            ends: by_class.Table = {inf(e, C): Estimate(lowest, off), sup(e, C): Estimate(highest, off)}
            tables.append({**table, **_errors(*pair), **ends})
        risks = {risk(f): risk_q, risk(f, p): risk_p}
        yield entry.classes, Prediction("the least-squares line under p", bins, risks, tuple(tables))


def _errors(under_q: Estimate, under_p: Estimate) -> by_class.Table:
    return {e_q.definition: under_q, e_p.definition: under_p}


def _split(page: Page, statement: Statement, K: int, prediction: Prediction) -> None:
    try:
        left, right = prediction.route.number(statement.left), prediction.route.number(statement.right)
    except NotReached:
        return
    page.add("split", "identity", right, left, f"{text(statement.left)} of {prediction.name}", classes=K)


def _bound(page: Page, statement: Statement, K: int, prediction: Prediction) -> None:
    """At the class that comes closest, by shares of the larger side. Where a side is known to its error only, every share is noise."""
    closest: tuple[float, int, Estimate, Estimate] | None = None
    for c, table in enumerate(prediction.classes):
        try:
            route = by_class.route(table)
            left, right = route.number(statement.left), route.number(statement.right)
        except NotReached:
            return
        if not math.isfinite(left.value) or not math.isfinite(right.value):
            continue
        share = max(left.value - left.error, 0.0) / right.value if right.value > right.error else left.value
        if closest is None or share > closest[0]:
            closest = (share, c, left, right)
    if closest is None:
        page.skip("within_bound", "upper bound", "no class where e_c^p is defined and l bounded", classes=K)
        return
    _, c, left, right = closest
    note = f"{text(statement.left)} of {prediction.name}, class {c + 1}, the closest"
    page.add("within_bound", "upper bound", right, left, note, classes=K)


def _fitted(page: Page, statement: Statement, K: int) -> None:
    """The same terms of a ridge fit, measured on fresh samples by label, in which the law's class masses weigh the class errors, against the
    risk of the balanced sample, which knows no classes; and what the terms are for each seed's own fit against the same risk."""
    fits = page.evidence.fits
    names = {
        risk(f): ("balanced_risk", None),
        risk(f, p): ("imbalanced_risk", None),
        BETWEEN: ("between", K),
        WITHIN: ("within", K),
    }
    measured = {term: fitted.find(page.evidence, *name) for term, name in names.items()}
    entries = {term: entry for term, entry in measured.items() if entry is not None}
    if fits is None or len(entries) < len(names):
        why = next((fits.note(*names[term]) for term, entry in measured.items() if entry is None), "") if fits else ""
        page.skip("split", "identity", why or "not measured", "fitted", K)
        return
    seeds = [
        {term: Estimate(fit.values[seed], 0.0) for term, (fit, _) in entries.items()} for seed in range(fits.seeds)
    ]
    exact = {term: Estimate(fit.predicted, 0.0) for term, (fit, _) in entries.items()}
    try:
        sides = np.array([[_number(side, table) for side in (statement.left, statement.right)] for table in seeds])
        expected = _number(statement.right, exact)
    except NotReached:
        return
    left, right = sides.mean(axis=0)
    # What the true terms miss R_q by, seed by seed: a wrong statement must not widen its own allowance.
    true = next(each.lines[0] for each in ledger.load("risk").claims if each.name == "split")
    assert isinstance(true, Statement)
    off = _half_width(fits, np.array([_number(true.gap, table) for table in seeds]))
    note = "R_q of a ridge fit on fresh samples, against"
    mean_risk = Estimate(float(left), off)
    words = f"{note} class errors at the law's masses"
    page.add("split", "identity", rounded(float(right), 8), mean_risk, words, source="fitted", classes=K)
    if statement.left in entries:
        _, mean = entries[statement.left]
        words = f"{note} the terms of each seed's own fit"
        page.add("split", "identity", rounded(expected, 8), mean, words, source="fitted", classes=K)


def _number(side: Term, table: by_class.Table) -> float:
    return by_class.route(table).number(side).value


def _half_width(fits: Fits, differences: np.ndarray) -> float:
    """Half an interval of a mean difference. The two risks of a run are fitted numbers that nothing else is asked of, so all its splits together
    take their two places in Bonferroni's count (see `numerics.checks.fitted`)."""
    splits = sum(entry.name == "between" for entry in fits.quantities)
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return quantile(len(differences), math.ceil(len(fits.quantities) * splits / 2)) * error


def _attained(page: Page, each: Formula) -> None:
    """Both sides against two labels with q = (S, 1)/(1 + S), r proportional to (1/S, S), S = e^(w/2), e = (0, 1); by certified balls too."""
    for w in OSCILLATIONS:
        S = math.exp(w / 2)
        q_y = np.array([S, 1.0]) / (1 + S)
        p_y = q_y * np.array([1 / S, S])
        gap = rounded(float(p_y[1] / p_y.sum() - q_y[1]), 8, 1.0)
        ball = constants.tanh_constant(Fraction(repr(w))).attained.estimate
        for side in (each.left, each.right):
            value, size = formula.value(side, {"osc": 1.0, "rho": 0.75, "w": w})
            expected = Estimate(value, 64 * EPSILON * size)
            page.add("within_bound_attained", "identity", expected, gap, f"w = {w:g}")
            page.add("within_bound_attained", "identity", expected, ball, f"w = {w:g}", source="certified")


def _limit(page: Page) -> None:
    """The limit of the within-class sum for fine classes: of the straight line in this world, and where everything is known."""
    law, model = page.evidence.world.law, line(page.evidence.world)
    with page.elsewhere("l = y, e = y^2 on [0, 1]"):
        _add_ratio(page, ratio(known, 1.0), "known error")
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

        _add_ratio(page, ratio(sample, law.length, law), "the least-squares line")
        return
    page.skip("within_asymptotic", "asymptotic", why)


def _add_ratio(page: Page, measured: Estimate | str, words: str) -> None:
    if isinstance(measured, str):
        page.skip("within_asymptotic", "asymptotic", f"{words}: {measured}")
    else:
        page.add("within_asymptotic", "asymptotic", Estimate(1.0, 0.0), measured, f"{words}: ratio, extrapolated")


def known(panels: int) -> Sample:
    """l = y up to a constant and e = y^2 on [0, 1]."""
    y, weight = (part.ravel() for part in quadrature.composite(np.linspace(0, 1, panels + 1), 8))
    place = np.repeat(np.arange(panels), 8)
    middle = (place + 0.5) / panels
    return place, weight, y, np.ones_like(y), (y - middle) * (y + middle), 2 * y


def ratio(sample: Callable[[int], Sample], length: float, law: Law | None = None) -> Estimate | str:
    """The within-class sum over -(d^2/12) E_q[e' l'], extrapolated to d = 0 by Richardson, since the ratio is 1 + c d^2 + O(d^4); words where
    there is none.

    Classes are halved until two extrapolated values agree or `MOST_PANELS` is reached; what separates them is the error. Nothing is read
    off classes that do not see every feature of the law.
    """
    ratios: list[float] = []
    limits: list[float] = []
    panels, rounding = 64, 0.0
    while law is not None and not resolved(law, panels):
        panels *= 2
    if 4 * panels > MOST_PANELS:
        return UNSEEN_FEATURE
    while panels <= MOST_PANELS:
        place, mass, log_ratio, slope, rise, derivative = sample(panels)
        product, scale = float(mass @ (derivative * slope)), float(mass @ np.abs(derivative * slope))
        if abs(product) <= 1e-6 * scale or scale == 0.0:
            return "E_q[e' l'] is zero, so the sum has no such limit"
        expected = -((length / panels) ** 2) / 12 * product
        tilted = mass * np.exp(log_ratio)
        q_c, p_c, mean = (np.bincount(place, part, panels) for part in (mass, tilted, mass * rise))
        centred = rise - (mean / q_c)[place]
        ratios.append(-float(q_c @ (np.bincount(place, tilted * centred, panels) / p_c)) / expected)
        # Labels of one class differ by 1/panels of the support, so their differences are good to that many roundings; those of l too, by its size.
        flat = float(mass @ np.abs(derivative)) * (1 + float(np.abs(log_ratio).max())) / length
        rounding = ROUNDING * EPSILON * panels * (scale + flat) / abs(product)
        if len(ratios) > 1:
            limits.append((4 * ratios[-1] - ratios[-2]) / 3)
        # Finer classes than those whose limits agree to rounding would only add rounding.
        if len(limits) > 1 and SAFETY * abs(limits[-1] - limits[-2]) < max(CLOSE, 2 * rounding):
            break
        panels *= 2
    return Estimate(limits[-1], SAFETY * abs(limits[-1] - limits[-2]) + 2 * rounding)
