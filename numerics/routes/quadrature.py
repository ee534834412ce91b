"""Two routes by quadrature: every quantity in the form that keeps most digits, and in a second form where there is one.

The names are those of `numerics.posterior.records`; a check sets one form of the left side against the form that the right side is made of.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from numerics.evidence import Evidence
from numerics.quadrature import EPSILON
from numerics.records import Estimate
from numerics.routes import by_class
from numerics.routes.route import NotReached, Route, entry
from numerics.world import World
from theory.squared_error import covariance
from theory.terms import KL, C, E, Term, X, Y, p, q, r
from theory.words import (
    D,
    W,
    Z,
    at_phat,
    class_part,
    corrected_excess,
    f_hat,
    f_p,
    f_q,
    phat,
    price,
    proxy,
    risk,
    training_extra,
    within_part,
)

MEAN_SQUARE = E((covariance / Z) ** 2)
"""E_{q(x)} of the square of f_p - f_q as a covariance."""
WORLD: dict[Term, str] = {
    KL(q, p, Y): "kl_labels",
    KL(p, q, Y): "kl_labels_reversed",
    KL(q, p, X): "kl_inputs",
    KL(p, q, X): "kl_inputs_reversed",
    KL(q, p, Y, given=X): "price",
    price: "price_by_tilt",
    training_extra: "training_extra",
    E((f_p - f_q) ** 2): "squared_error_price",
    MEAN_SQUARE: "squared_error_price_by_covariance",
    risk(f_q): "balanced_risk",
    risk(f_p): "transferred_risk",
    risk(f_p, p): "imbalanced_risk",
}
CLASSES: dict[Term, str] = {
    W: "remainder",
    KL(q, p, Y, given=C): "remainder",
    KL(q, p, C): "kl_classes",
    class_part: "class_part",
    KL(q, p, C, given=X): "class_part",
    within_part: "within_part",
    KL(q, p, Y, given=X | C): "within_part",
    KL(q, p, X, given=C): "kl_inputs_within",
    corrected_excess: "corrected_excess_by_tilt",
    KL(q, phat, Y, given=X): "corrected_excess",
    KL(q, phat, X): "kl_inputs_corrected",
    at_phat(price): "corrected_excess_by_tilt",
    E((f_hat - f_q) ** 2): "corrected_squared_error",
    at_phat(E((f_p - f_q) ** 2)): "corrected_squared_error",
    at_phat(MEAN_SQUARE): "corrected_squared_error",
}
SECOND_WORLD: dict[Term, str] = {
    price: "price",
    risk(f_p) - risk(f_q): "squared_error_price_by_risk",
    E((f_p - f_q) ** 2): "squared_error_price_by_covariance",
}
SECOND_CLASSES: dict[Term, str] = {
    corrected_excess: "corrected_excess",
    W: "remainder_by_difference",
    at_phat(price): "corrected_excess",
    E((f_hat - f_q) ** 2): "corrected_squared_error_by_means",
    at_phat(E((f_p - f_q) ** 2)): "corrected_squared_error_by_means",
}


def routes(evidence: Evidence) -> tuple[Route, Route]:
    """The two routes of a run."""

    def lookup(whole: Term, classes: int | None, second: bool) -> Estimate | None:
        quantities = evidence.quantities
        if whole == D:
            length = float(evidence.world.law.length)
            return Estimate(length, EPSILON * length)
        if whole == proxy:
            return _proxy(evidence.world)
        if whole == E(r**2):
            square = quantities.chi_square
            return Estimate(1 + square.value, square.error + EPSILON * (1 + abs(square.value)))
        name = (SECOND_WORLD.get(whole) if second else None) or WORLD.get(whole)
        if name is not None:
            estimate: Estimate = getattr(quantities, name)
            return estimate
        name = (SECOND_CLASSES.get(whole) if second else None) or CLASSES.get(whole)
        if name is not None:
            return getattr(entry(evidence, classes), name)
        if not by_class.is_mean(whole):
            return None
        bins = entry(evidence, classes).bins
        return by_class.lookup(whole, bins, by_class.ratios(bins))

    return (
        Route("quadrature", "quadrature", lambda whole, classes: lookup(whole, classes, False)),
        Route("quadrature, second form", "quadrature", lambda whole, classes: lookup(whole, classes, True)),
    )


@lru_cache(maxsize=8)
def _proxy(here: World) -> Estimate:
    """s^2, the sub-Gaussian proxy of p(y|x) where the channel is Gaussian and the log ratio concave.

    Raises:
      NotReached: they are not, or cannot be shown to be.
    """
    if here.channel.name != "gaussian":
        raise NotReached(f"the {here.channel.name} channel: the claim is about the Gaussian one")
    if here.law.discrete:
        raise NotReached("discrete labels: no density whose logarithm could be concave")
    nodes = None if here.law.breakpoints else here.law.nodes((), 8, here.law.length / 512)
    # l' falls from node to node, up to its own rounding, with no breakpoint that could hide a jump or a kink upwards.
    if nodes is None or np.any(np.diff(nodes.slope) > 64 * EPSILON * float(np.max(np.abs(nodes.slope)))):
        raise NotReached("the log ratio is not concave")
    square = float(here.channel.noise) ** 2
    return Estimate(square, 2 * EPSILON * square)


def why_not_finite(evidence: Evidence, classes: int | None) -> str:
    """Why a number may be infinite or undefined, in the words of the quadrature."""
    notes = evidence.quantities.notes
    own = notes.get(f"per_classes {classes}") if classes is not None else None
    return own or notes.get("price") or notes.get("kl_labels") or "infinite or undefined for these labels"


def finite(*estimates: Estimate) -> bool:
    """Whether all values are finite numbers."""
    return all(math.isfinite(estimate.value) for estimate in estimates)
