"""The comparisons of the study and the rule of its verdict, as data.

The comparisons were written down before any result was seen. The rule was written down twice: without *undecided* before the ten functions were
trained, with it before any of the drawn ones were.

A difference is always `base - arm`: positive when `arm` has the lower error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from numerics.study.statistics import LEVEL

Role = Literal["claim", "control", "description"]


@dataclass(frozen=True)
class Contrast:
    """A matched comparison.

    Attributes:
      name: short, unique.
      base, arm: names of arms; the difference is `base - arm`.
      role: claim (the paper's), control (the claim must survive it), description (no part of the verdict).
      question: what it answers.
    """

    name: str
    base: str
    arm: str
    role: Role
    question: str


CONTRASTS: tuple[Contrast, ...] = (
    Contrast("claim", "reg", "reg_cls", "claim", "does the paper's method lower the test error?"),
    Contrast("scale", "reg_scaled", "reg_cls", "control", "does it beat the same loss scale without classes?"),
    Contrast("placebo", "reg_cls_placebo", "reg_cls", "control", "does it beat classes that carry no information?"),
    Contrast("decay", "reg_nodecay", "reg_cls_nodecay", "control", "does classification help where nothing decays?"),
    Contrast("loss_scale", "reg", "reg_scaled", "description", "what does the loss scale alone do?"),
    Contrast("no_decay", "reg", "reg_nodecay", "description", "what does dropping the decay alone do?"),
    Contrast("any_auxiliary", "reg_scaled", "reg_cls_placebo", "description", "what does any auxiliary loss do?"),
    Contrast("offset", "reg_cls", "reg_cls_corrected", "description", "what does the prior correction add?"),
    Contrast(
        "corrected", "reg", "reg_cls_corrected", "description", "does the corrected method beat plain regression?"
    ),
    Contrast("weighted", "reg", "reg_weighted", "description", "what do importance weights do?"),
    Contrast("decoded", "reg", "cls_decoded", "description", "does classification alone, decoded, beat regression?"),
)

VERDICTS = ("replicated", "not replicated", "confounded", "uncontrolled", "undecided")


def verdict(contrasts: Mapping[str, Mapping[str, Any]], published: float | None) -> tuple[str, str]:
    """The verdict on one cell and the reason, from the contrasts pooled over classes.

    The rule. An effect is *established* when its Holm-adjusted p is at most 0.05 and its difference is positive.

    - The claim is not established: *not replicated* when the design would have detected the published effect, or when the opposite sign is
      established; *undecided* when the smallest effect that it could have detected is larger than the published one, or none is given.
    - The claim is established: *confounded* as soon as one control leaves no effect although it would have detected one of the claim's size
      (the smaller of the claim's difference and the published effect; the burden is on the claim); *undecided* when the only controls that
      leave none could not have detected it; *uncontrolled* when a control was not run; *replicated* when every control leaves an effect.
    - No p-value, too few functions: *undecided*.

    Args:
      contrasts: by name, each with `difference`, `p`, `holm` (nan where undefined) and `detectable`, the smallest detectable effect.
      published: the published effect in the units of this cell's errors; None where there is none.

    Returns:
      One of `VERDICTS`, and the reason in words.
    """

    def established(name: str, sign: int = 1) -> bool:
        return bool(contrasts[name]["holm"] <= LEVEL and sign * contrasts[name]["difference"] > 0)

    if "claim" not in contrasts:
        return "undecided", "reg and reg_cls were not both run"
    claim = contrasts["claim"]
    if claim["holm"] != claim["holm"]:
        return "undecided", claim.get("note") or "no p-value"
    if established("claim", -1):
        return "not replicated", "the opposite sign: reg_cls is worse than reg"
    if not established("claim"):
        return _without_effect(claim, published)
    size = claim["difference"] if published is None else min(claim["difference"], published)
    controls = [contrast.name for contrast in CONTRASTS if contrast.role == "control"]
    without = [name for name in controls if name in contrasts and not established(name)]
    explaining = [name for name in without if contrasts[name]["detectable"] <= size or established(name, -1)]
    absent = [name for name in controls if name not in contrasts]
    if explaining:
        return "confounded", f"no effect is established against the control {', '.join(explaining)}"
    if without:
        return "undecided", f"the control {', '.join(without)} could have missed an effect of {size:.3g}"
    if absent:
        return "uncontrolled", f"lower error than reg, but the control {', '.join(absent)} was not run"
    return "replicated", "lower error than reg and than every control"


def _without_effect(claim: Mapping[str, Any], published: float | None) -> tuple[str, str]:
    """The verdict where the claim's effect is not established."""
    reason = "reg_cls does not differ from reg"
    if claim["p"] <= LEVEL:
        reason = f"p = {claim['p']:.3g} alone, not established after Holm ({claim['holm']:.3g})"
    if published is None:
        return "undecided", f"{reason}; no published effect to compare with"
    least = (
        "no effect is detectable"
        if claim["detectable"] == float("inf")
        else f"the smallest detectable effect is {claim['detectable']:.3g}"
    )
    size = f"{least}, the published one is {published:.3g}"
    return "not replicated" if claim["detectable"] <= published else "undecided", f"{reason}; {size}"
