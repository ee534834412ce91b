"""soft_labels: the bias of a centre decoder by sines, by the direct sum and certified; class weights for smoothed targets."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np
from scipy.special import ndtr

from numerics.certified.soft_bias import soft_bias, soft_bias_bound
from numerics.checks import statements
from numerics.checks.common import Page, enclosed, rounded
from numerics.evidence import Evidence
from numerics.posterior.label_side import label_rule
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Check, Estimate
from numerics.routes.route import NeedsClasses, Route
from numerics.world import World
from theory.claim import Worded
from theory.record import Result
from theory.soft_labels import weighted
from theory.terms import KL, C, Term, Y, q
from theory.words import W

Array = np.ndarray[Any, Any]
RATIOS = (Fraction(1, 4), Fraction(1, 2), Fraction(1))
"""tau over the bin width."""
PLACES = (Fraction(1, 10), Fraction(1, 4), Fraction(7, 10))
"""Labels within a bin."""
HALF = 0.5
ZERO = 1e-18


def by_sines(place: float, ratio: float) -> Estimate:
    """The bias in units of the bin width by its sine series."""
    terms, k = [], 1
    while (height := math.exp(-2 * (math.pi * k * ratio) ** 2) / k) > ZERO:
        terms.append(height * math.sin(2 * math.pi * k * place))
        k += 1
    return Estimate(math.fsum(terms) / math.pi, ROUNDING * EPSILON * (1 + k) + ZERO)


def by_bins(place: float, ratio: float) -> Estimate:
    """The same as a sum over bins, each with its share of the smoothed label."""
    far = math.ceil(12 * ratio) + 4
    edges = np.arange(-far, far + 1)
    centres = (edges[:-1] + edges[1:]) / 2
    value = float((centres * np.diff(ndtr((edges - place) / ratio))).sum()) - place
    return Estimate(value, ROUNDING * EPSILON * far)


def bound(ratio: float) -> Estimate:
    """(1/pi) sum_k e^(-2 pi^2 k^2 ratio^2)/k."""
    terms, k = [], 1
    while (height := math.exp(-2 * (math.pi * k * ratio) ** 2) / k) > ZERO:
        terms.append(height)
        k += 1
    return rounded(math.fsum(terms) / math.pi, 8 + 64 * math.ceil(ratio**2))


def at_end(ratio: float, bins: int = 64) -> Estimate:
    """How far from an end its own label is decoded, in bin widths, with targets kept within the interval and normalised."""
    edges = np.arange(bins + 1)
    shares = np.diff(ndtr(edges / ratio))
    return rounded(float((shares * (edges[:-1] + 0.5)).sum() / shares.sum()), 64)


@lru_cache(maxsize=32)
def masses(here: World, classes: int, ratio: float) -> tuple[dict[Term, Estimate], dict[Term, Estimate]]:
    """The label numbers of smoothed targets corrected with the masses of the labels themselves: each term directly, and as a sum over classes."""
    edges = np.array([float(edge) for edge in here.edges[here.classes.index(classes)]])
    rule = label_rule(
        here.law, here.edges, min(here.channel.noise, here.law.length / 8, ratio * here.law.length / classes)
    )
    direct: list[list[float]] = []
    for nodes in rule.nodes:
        target = _targets(nodes.y, edges, ratio * float(np.diff(edges).max()))
        joint = nodes.weight[:, None] * target
        hard = np.eye(len(edges) - 1)[np.clip(np.searchsorted(edges[1:-1], nodes.y, side="right"), 0, len(edges) - 2)]
        p_hard, q_hard = (nodes.weight * np.exp(nodes.log_ratio)) @ hard, nodes.weight @ hard
        log_v = np.log(q_hard / p_hard)
        q_soft, p_soft = joint.sum(axis=0), (joint * np.exp(nodes.log_ratio)[:, None]).sum(axis=0)
        log_total = math.log(float((p_soft * np.exp(log_v)).sum()))
        whole = float((joint * (log_total - log_v - nodes.log_ratio[:, None])).sum())
        # Within a class the law is that of p, so W is a mean of log(p_c/q_c) - l.
        inside = float((joint * (np.log(p_soft / q_soft) - nodes.log_ratio[:, None])).sum())
        outside = float((q_soft * (np.log(q_soft / p_soft) - log_v + log_total)).sum())
        direct.append([whole, inside, outside])
    fine, coarse = direct[0], direct[-1]
    size = 1 + float(np.abs(rule.nodes[0].log_ratio).max())
    numbers = [
        Estimate(one, SAFETY * abs(one - two) + ROUNDING * EPSILON * size)
        for one, two in zip(fine, coarse, strict=True)
    ]
    return {KL(q, weighted, Y): numbers[0]}, {W: numbers[1], KL(q, weighted, C): numbers[2]}


def _targets(y: Array, edges: Array, width: float) -> Array:
    """The smoothed targets within the interval, (labels, classes); differences of tails keep their digits on both sides."""
    z = (edges - y[:, None]) / width
    shares = np.where(z[:, :-1] > 0, ndtr(-z[:, :-1]) - ndtr(-z[:, 1:]), ndtr(z[:, 1:]) - ndtr(z[:, :-1]))
    targets: Array = shares / shares.sum(axis=1, keepdims=True)
    return targets


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """The bias by three routes, its bound, an end; every statement in finite worlds, and on smoothed targets of the run's labels."""
    page = Page(evidence, result.name)
    statements.add(page, result, _pairs(evidence))
    for claim in ("bias", "bound", "ends"):
        for _ in statements.lines(result, claim, Worded):
            with page.elsewhere("smoothed targets on the line" if claim != "ends" else "smoothed targets at an end"):
                _decoded(page, claim)
    return page.checks


def _decoded(page: Page, claim: str) -> None:
    for ratio in RATIOS:
        share = float(ratio)
        if claim == "ends" and share <= HALF:
            page.add(
                "ends",
                "counterexample",
                bound(share),
                at_end(share),
                f"label at an end, tau = {share:g} d, in bin widths",
            )
        for place in PLACES if claim != "ends" else ():
            sines, note = (
                by_sines(float(place), share),
                f"label {float(place):g} d into its bin, tau = {share:g} d, in bin widths",
            )
            if claim == "bias":
                page.add("bias", "identity", sines, by_bins(float(place), share), note)
                page.add("bias", "identity", sines, enclosed(soft_bias(place, ratio)), note, source="certified")
            else:
                ball, most = soft_bias(place, ratio).estimate, soft_bias_bound(ratio).estimate
                page.add("bound", "upper bound", bound(share), Estimate(abs(sines.value), sines.error), note)
                page.add("bound", "upper bound", most, Estimate(abs(ball.value), ball.error), note, source="certified")


def _pairs(evidence: Evidence) -> tuple[tuple[Route, Route], ...]:
    """Pairs of a label and a smoothed class, tau half a bin; labels on atoms or never sampled have none."""

    def lookup(index: int, whole: Term, classes: int | None) -> Estimate | None:
        if whole not in (KL(q, weighted, Y), KL(q, weighted, C), W) or not _reached(evidence):
            return None
        if classes is None:
            raise NeedsClasses
        return masses(evidence.world, classes, HALF)[index].get(whole)

    names = ("smoothed targets, pair by pair", "smoothed targets, class by class")
    left, right = (Route(name, "quadrature", partial(lookup, index)) for index, name in enumerate(names))
    return ((left, right),)


def _reached(evidence: Evidence) -> bool:
    law = evidence.world.law
    return not law.discrete and not law.unsampled


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: the bias and what the labels certify, against the width of the targets, for one number of classes."""
    if not _reached(evidence):
        return {}
    classes = next((count for count in evidence.world.classes if count > 1), 1)
    ratios = np.linspace(0.1, 1.0, 19).tolist()
    numbers = [masses(evidence.world, classes, ratio)[1] for ratio in ratios]
    return {
        "classes": classes,
        "ratio": ratios,
        "bias": [max(abs(by_bins(place, ratio).value) for place in np.linspace(0, 0.5, 101)) for ratio in ratios],
        "bound": [bound(ratio).value for ratio in ratios],
        "smoothed": [number[W].value for number in numbers],
        "own": [number[W].value + number[KL(q, weighted, C)].value for number in numbers],
    }
