"""The question in four numbers for each K: the extra error term predicted and measured, what the prior-corrected model is left with, and W."""

from __future__ import annotations

import math
from dataclasses import dataclass

from numerics.evidence import Evidence
from numerics.records import Estimate


@dataclass(frozen=True)
class Measured:
    """A number of fitted models.

    Attributes:
      mean, low, high: mean over repetitions, and its interval.
      gap: what the model family cannot represent.
    """

    mean: float
    low: float
    high: float
    gap: float


@dataclass(frozen=True)
class Row:
    """One number of classes; log-losses in nats under the balanced law, measured ones None where nothing was fitted.

    Attributes:
      classes: K.
      extra_predicted, extra_measured: the price.
      corrected_predicted, corrected_measured: excess of the prior-corrected model.
      remainder: W.
      verdict: what the correction does, in words.
    """

    classes: int
    extra_predicted: float
    extra_measured: Measured | None
    corrected_predicted: float
    corrected_measured: Measured | None
    remainder: float
    verdict: str


def measured(evidence: Evidence, name: str, classes: int | None = None) -> Measured | None:
    """A fitted number with its interval, or None where it was not fitted."""
    if evidence.fits is None or (entry := evidence.fits.find(name, classes)) is None:
        return None
    from numerics.fits import summary

    mean = summary.interval(entry, len(evidence.fits.quantities))
    return Measured(mean.value, mean.value - mean.error, mean.value + mean.error, entry.representation_gap)


def rows(evidence: Evidence) -> tuple[Row, ...]:
    """One row for each K."""
    numbers = evidence.quantities
    return tuple(
        Row(
            entry.classes,
            numbers.price.value,
            measured(evidence, "plain_excess", entry.classes) or measured(evidence, "extra_term"),
            entry.corrected_excess.value,
            measured(evidence, "corrected_excess", entry.classes),
            entry.remainder.value,
            verdict(numbers.price, entry.corrected_excess, entry.kl_classes - numbers.kl_inputs),
        )
        for entry in numbers.per_classes
    )


def verdict(price: Estimate, corrected: Estimate, certain: Estimate) -> str:
    """What the correction does at this K, in words.

    Args:
      certain: KL(q_C||p_C) - KL(q_x||p_x); above zero the labels and inputs alone guarantee that it helps.
    """
    if not (math.isfinite(price.value) and math.isfinite(corrected.value)):
        return "infinite or undefined"
    saved = price - corrected
    if abs(saved.value) <= saved.error:
        return "no difference"
    if saved.value < 0:
        return "hurts"
    share = saved.value / price.value
    return f"offsets {share:.1%}" + (", guaranteed" if certain.value > certain.error else "")
