"""The question in four numbers for each K: the extra error term predicted and measured, what the prior-corrected model is left with, and W."""

from __future__ import annotations

import math
from typing import Any

from numerics.evidence import Evidence
from numerics.records import Estimate


def rows(evidence: Evidence) -> list[dict[str, Any]]:
    """One row for each K; measured entries are `{mean, low, high}` or None."""
    from numerics.checks.fitted import measured

    found = evidence.quantities
    made = []
    for entry in found.per_classes:
        K = entry.classes
        extra = measured(evidence, "plain_excess", K) or measured(evidence, "extra_term")
        made.append(
            {
                "classes": K,
                "extra_predicted": found.price.value,
                "extra_measured": extra,
                "corrected_predicted": entry.corrected_excess.value,
                "corrected_measured": measured(evidence, "corrected_excess", K),
                "remainder": entry.remainder.value,
                "verdict": verdict(found.price, entry.corrected_excess, entry.kl_classes - found.kl_inputs),
            }
        )
    return made


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
