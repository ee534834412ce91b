"""The route by ball arithmetic: rigorous enclosures, the radius as error."""

from __future__ import annotations

from numerics.certified.enclosure import Enclosure
from numerics.evidence import Evidence
from numerics.records import Estimate
from numerics.routes.route import NeedsClasses, Route
from theory.terms import KL, C, E, Term, X, Y, p, q
from theory.words import W, at_phat, corrected_excess, f_hat, f_p, f_q, phat, price, specht, width

LABELS: dict[Term, str] = {KL(q, p, Y): "kl_labels", KL(p, q, Y): "kl_labels_reversed"}
INPUTS: dict[Term, str] = {price: "price", KL(q, p, X): "kl_inputs", E((f_p - f_q) ** 2): "squared_error_price"}
CLASSES: dict[Term, str] = {W: "remainder", KL(q, p, C): "kl_classes"}
CORRECTIONS: dict[Term, str] = {
    corrected_excess: "corrected_excess",
    KL(q, phat, X): "kl_inputs_corrected",
    E((f_hat - f_q) ** 2): "corrected_squared_error",
    at_phat(price): "corrected_excess",
    at_phat(E((f_p - f_q) ** 2)): "corrected_squared_error",
}
BOUNDS: dict[Term, tuple[str, float]] = {
    E(specht(width(given=C))): ("specht", 1.0),
    E(width(given=C) ** 2): ("hoeffding", 8.0),
}
"""Bounds on W, and the factor on the certified number."""


def _bound(evidence: Evidence, name: str, factor: float, classes: int | None) -> Estimate | None:
    if classes is None:
        raise NeedsClasses
    for each in () if evidence.certificates is None else evidence.certificates.per_classes:
        if each.classes == classes and each.bounds is not None:
            ball: Enclosure = getattr(each.bounds, name)
            return ball.estimate.scaled(factor)
    return None


def route(evidence: Evidence) -> Route:
    """The route of a run; it has no numbers where nothing is certified."""

    def enclosure(whole: Term, classes: int | None) -> Enclosure | None:
        certificates = evidence.certificates
        if certificates is None:
            return None
        if whole in LABELS:
            ball: Enclosure | None = getattr(certificates, LABELS[whole])
            return ball
        if whole in INPUTS:
            return getattr(certificates, INPUTS[whole])
        for table, entries in (
            (CLASSES, certificates.per_classes),
            (CORRECTIONS, certificates.inputs.corrections if certificates.inputs else ()),
        ):
            if whole in table:
                if classes is None:
                    raise NeedsClasses
                balls = [getattr(each, table[whole]) for each in entries if each.classes == classes]
                return balls[0] if balls else None
        return None

    def lookup(whole: Term, classes: int | None) -> Estimate | None:
        if whole in BOUNDS:
            return _bound(evidence, *BOUNDS[whole], classes)
        ball = enclosure(whole, classes)
        return None if ball is None else ball.estimate

    return Route("certified enclosure", "certified", lookup)
