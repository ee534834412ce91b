"""The route by closed forms: exponential (or balanced) labels, uniform reference, Gaussian channel; error functions throughout."""

from __future__ import annotations

from numerics.checks.exponential import numbers
from numerics.evidence import Evidence
from numerics.records import Estimate
from numerics.routes.route import NeedsClasses, Route
from theory.terms import KL, C, E, Term, X, Y, p, q
from theory.words import W, at_phat, corrected_excess, f_hat, f_p, f_q, phat, price, risk

WORLD: dict[Term, str] = {
    KL(q, p, Y): "kl_labels",
    KL(q, p, X): "kl_inputs",
    price: "price",
    E((f_p - f_q) ** 2): "squared_error_price",
    risk(f_q): "balanced_risk",
}
CLASSES: dict[Term, str] = {
    W: "remainder",
    KL(q, p, C): "kl_classes",
    corrected_excess: "corrected_excess",
    KL(q, phat, X): "kl_inputs_corrected",
    E((f_hat - f_q) ** 2): "corrected_squared_error",
    at_phat(price): "corrected_excess",
    at_phat(E((f_p - f_q) ** 2)): "corrected_squared_error",
}


def route(evidence: Evidence) -> Route:
    """The route of a run; it has no numbers where the world has no closed form."""

    def lookup(whole: Term, classes: int | None) -> Estimate | None:
        if whole in CLASSES and classes is None:
            raise NeedsClasses
        name = WORLD.get(whole) or CLASSES.get(whole)
        return numbers(evidence.world, classes or evidence.world.classes[0]).get(name) if name else None

    return Route("closed form: error functions", "quadrature", lookup)
