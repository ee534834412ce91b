"""price: what imbalance costs the best predictor in log-loss, E_q Delta = KL(q_y||p_y) - KL(q_x||p_x)."""

from __future__ import annotations

import math

import numpy as np

from numerics import finite, quadrature
from numerics.checks import exponential, fitted
from numerics.checks.common import ZERO, Page, enclosed, rounded, total
from numerics.checks.examples import ALL, REVEALED, THREE, Example, divergence
from numerics.evidence import Evidence
from numerics.records import Check, Falsifier

RESULT = "price"
GAUSSIAN = ((0.3, 0.09), (-0.2, 0.04))
"""Mean and variance of q_y and p_y on the whole line."""


def checks(
    evidence: Evidence,
    *,
    inputs_weight: float = -1.0,
    reversed_labels: bool = False,
    training_sign: float = 1.0,
    ceiling: float = 1.0,
    price_factor: float = 1.0,
    swapped_ends: bool = False,
) -> list[Check]:
    """The price by posteriors, by a sum of non-negative terms and by certified balls against the difference of divergences; its range; the
    gain on training data; finite worlds at both ends of the range; Gaussian labels on the whole line.

    Args:
      inputs_weight: factor of KL(q_x||p_x); -1 in the theorem.
      reversed_labels: take KL(p_y||q_y) for KL(q_y||p_y).
      training_sign: sign of E_p Delta; 1 in the theorem.
      ceiling: the price is at most this times KL(q_y||p_y); 1 in the theorem.
      price_factor: factor of the price wherever it is found; 1 in the theorem.
      swapped_ends: claim the upper end where the input determines r, and zero where q_x = p_x.
    """
    page = Page(evidence, RESULT)
    found = evidence.quantities
    price = found.price.scaled(price_factor)
    labels = found.kl_labels_reversed if reversed_labels else found.kl_labels
    told = total(labels, found.kl_inputs.scaled(inputs_weight))
    because = ("price",)
    page.add("label_minus_input", "identity", told, price, "E_q log q(y|x)/p(y|x)", because=because)
    page.add("posterior_divergence", "identity", found.price_by_tilt, price, because=because)
    page.add("non_negative", "upper bound", ZERO, price.scaled(-1.0), "minus the price", because=because)
    page.add("at_most_label_divergence", "upper bound", labels.scaled(ceiling), price, because=because)
    told = total(found.kl_inputs_reversed, found.kl_labels_reversed.scaled(-1.0)).scaled(training_sign)
    page.add("training_difference", "identity", told, found.training_extra, "E_p Delta")
    page.add(
        "training_gain", "upper bound", ZERO, found.training_extra.scaled(training_sign), "E_p Delta is at most zero"
    )
    exponential.add(page, "label_minus_input", "price", price)
    exponential.add(page, "label_divergence", "kl_labels", labels)
    _certified(page, inputs_weight, reversed_labels, price_factor)
    told = total(labels, found.kl_inputs.scaled(inputs_weight))
    fitted.add(page, "label_minus_input", "extra_term", told, factor=price_factor)
    for example in ALL:
        with page.elsewhere(example.name):
            _finite(page, example, inputs_weight, reversed_labels, training_sign, ceiling, price_factor, swapped_ends)
    with page.elsewhere("Gaussian labels on the whole line"):
        _gaussian(page, inputs_weight, price_factor)
    return page.checks


def _certified(page: Page, inputs_weight: float, reversed_labels: bool, price_factor: float) -> None:
    """Certified balls against quadrature, and against each other."""
    certificates, found = page.evidence.certificates, page.evidence.quantities
    if certificates is None:
        return
    balls = enclosed(certificates.kl_labels_reversed if reversed_labels else certificates.kl_labels)
    page.add(
        "label_divergence",
        "identity",
        balls,
        found.kl_labels,
        "KL(q_y||p_y)",
        source="certified",
        because=("kl_labels",),
    )
    if certificates.price is None:
        why = certificates.notes.get("price", "no closed form of p(x)")
        page.skip("label_minus_input", "identity", why, "certified")
        return
    price = enclosed(certificates.price)
    page.add(
        "price_by_quadrature", "identity", price, found.price.scaled(price_factor), "the price", source="certified"
    )
    told = total(balls, found.kl_inputs.scaled(inputs_weight))
    price = price.scaled(price_factor)
    page.add("label_minus_input", "identity", told, price, "the certified price", source="certified")


def _finite(
    page: Page,
    example: Example,
    inputs_weight: float,
    reversed_labels: bool,
    training_sign: float,
    ceiling: float,
    price_factor: float,
    swapped_ends: bool,
) -> None:
    """The same identities where every sum is finite."""
    q, p, k = example.q, example.p, example.k
    price = example.found(finite.price).scaled(price_factor)
    labels = divergence(p, q) if reversed_labels else divergence(q, p)
    inputs = divergence(q @ k, p @ k)
    page.add("label_minus_input", "identity", total(labels, inputs.scaled(inputs_weight)), price)
    page.add("non_negative", "upper bound", ZERO, price.scaled(-1.0), "minus the price")
    page.add("at_most_label_divergence", "upper bound", labels.scaled(ceiling), price)
    told = total(divergence(p @ k, q @ k), divergence(p, q).scaled(-1.0)).scaled(training_sign)
    page.add("training_difference", "identity", told, example.found(finite.training_extra))
    if example is THREE:
        told = ZERO if swapped_ends else rounded(math.log(5 / 3))
        page.add("finite_example", "identity", told, price, "KL(q_y||p_y) = log(5/3), q_x = p_x")
    if example is REVEALED:
        page.add("zero_price", "identity", labels if swapped_ends else ZERO, price, "the input determines r")


def _gaussian(page: Page, inputs_weight: float, price_factor: float) -> None:
    """Gaussian labels on the whole line: the closed form against E_{q(x)} KL by quadrature in x, with the channel's noise as scale."""
    (mean_q, var_q), (mean_p, var_p) = GAUSSIAN
    s2 = 0.05

    def gap(v: float, u: float) -> float:
        return 0.5 * (math.log(u / v) + v / u - 1 + (mean_q - mean_p) ** 2 / u)

    told = rounded(gap(var_q, var_p) + inputs_weight * gap(var_q + s2, var_p + s2), 32, gap(var_q, var_p) + 2)
    spread = math.sqrt(var_q + s2)

    def posterior_of(mean: float, variance: float, x: np.ndarray) -> tuple[np.ndarray, float]:
        return (mean * s2 + x * variance) / (variance + s2), variance * s2 / (variance + s2)

    def integrand(t: np.ndarray) -> np.ndarray:
        x = mean_q + spread * t
        (m, v), (n, u) = posterior_of(mean_q, var_q, x), posterior_of(mean_p, var_p, x)
        kl = 0.5 * (math.log(u / v) + v / u - 1 + (m - n) ** 2 / u)
        return kl * np.exp(-t * t / 2) / math.sqrt(2 * math.pi)

    found = quadrature.integrate(integrand, [-12.0, 0.0, 12.0], 0.5, tail=1e-30).scaled(price_factor)
    page.add("gaussian", "identity", told, found, "N(0.3, 0.09) and N(-0.2, 0.04), noise variance 0.05")


FALSIFIERS = (
    Falsifier(RESULT, "plus", "KL(q_x||p_x) is added", lambda evidence: checks(evidence, inputs_weight=1.0)),
    Falsifier(RESULT, "dropped", "KL(q_x||p_x) is left out", lambda evidence: checks(evidence, inputs_weight=0.0)),
    Falsifier(
        RESULT,
        "direction",
        "KL(p_y||q_y) in place of KL(q_y||p_y)",
        lambda evidence: checks(evidence, reversed_labels=True),
    ),
    Falsifier(
        RESULT, "training loss", "E_p Delta with the other sign", lambda evidence: checks(evidence, training_sign=-1.0)
    ),
    Falsifier(
        RESULT, "half", "the price is at most half of KL(q_y||p_y)", lambda evidence: checks(evidence, ceiling=0.5)
    ),
    Falsifier(
        RESULT,
        "upside down",
        "the price is E_q log p(y|x)/q(y|x)",
        lambda evidence: checks(evidence, price_factor=-1.0),
    ),
    Falsifier(
        RESULT,
        "bits",
        "the price in bits, the divergences in nats",
        lambda evidence: checks(evidence, price_factor=1 / math.log(2)),
    ),
    Falsifier(
        RESULT,
        "ends",
        "the upper end where x determines r, zero where q_x = p_x",
        lambda evidence: checks(evidence, swapped_ends=True),
    ),
)
