"""The numbers of a density beside their certificates, before anything is said about it: where they disagree, the density is refused.

A certificate comes from balls, the other number from quadrature in doubles with an error bar of its own. They share no code, so a disagreement says that one
of them is wrong; no check built on either would be worth anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from numerics.certified.certificates import Certificates
from numerics.certified.enclosure import Enclosure
from numerics.posterior.quantities import Quantities
from numerics.records import Estimate
from unskew.ground.refusals import InputError

DIVERGENCES = (
    "kl_labels",
    "kl_labels_reversed",
    "kl_inputs",
    "kl_inputs_reversed",
    "price",
    "price_by_tilt",
    "chi_square",
)
CLASS_DIVERGENCES = (
    "class_part",
    "within_part",
    "kl_inputs_within",
    "remainder",
    "corrected_excess",
    "kl_inputs_corrected",
    "kl_classes",
)
REMEDY = "give a density with wider features or a narrower range"


def refuse_disagreement(numbers: Quantities, certificates: Certificates) -> None:
    """Refuses numbers that contradict a certificate or that cannot be.

    Raises:
      InputError: a number lies off its certificate by more than both errors, or a divergence is negative.
    """
    for what, number, ball in _pairs(numbers, certificates):
        truth = ball.estimate
        if math.isfinite(number.value) and not abs(number.value - truth.value) <= number.error + truth.error:
            raise InputError(
                f"{what} is {number.value:.10g} by quadrature, {truth.value:.10g} certified: they disagree", REMEDY
            )
    for what, number in _divergences(numbers):
        if number.value < -number.error:
            raise InputError(f"{what} is {number.value:.3g} by quadrature, and no divergence is negative", REMEDY)


def _pairs(numbers: Quantities, certificates: Certificates) -> Iterator[tuple[str, Estimate, Enclosure]]:
    """Everything that both routes know."""
    wholes = [
        ("KL(q_y||p_y)", numbers.kl_labels, certificates.kl_labels),
        ("KL(p_y||q_y)", numbers.kl_labels_reversed, certificates.kl_labels_reversed),
        ("KL(q_x||p_x)", numbers.kl_inputs, certificates.kl_inputs),
        ("the price", numbers.price, certificates.price),
        ("the squared-error price", numbers.squared_error_price, certificates.squared_error_price),
    ]
    for entry, ball in zip(numbers.per_classes, certificates.per_classes, strict=True):
        wholes.append((f"W (K = {entry.classes})", entry.remainder, ball.remainder))
        wholes.append((f"KL(q_C||p_C) (K = {entry.classes})", entry.kl_classes, ball.kl_classes))
    corrections = () if certificates.inputs is None else certificates.inputs.corrections
    for correction in corrections:
        entry = next(entry for entry in numbers.per_classes if entry.classes == correction.classes)
        wholes.append(
            (f"the corrected excess (K = {entry.classes})", entry.corrected_excess, correction.corrected_excess)
        )
    yield from ((what, number, ball) for what, number, ball in wholes if ball is not None)


def _divergences(numbers: Quantities) -> Iterator[tuple[str, Estimate]]:
    for name in DIVERGENCES:
        yield name, getattr(numbers, name)
    for entry in numbers.per_classes:
        for name in CLASS_DIVERGENCES:
            yield f"{name} (K = {entry.classes})", getattr(entry, name)
