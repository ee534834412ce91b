"""The comparisons of the study and the rule of its verdict, as data. Written down before any result was seen.

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


def verdict(contrasts: Mapping[str, Mapping[str, Any]]) -> tuple[str, str]:
    """The verdict on one cell and the reason, from the contrasts pooled over classes.

    The rule: *not replicated* unless the claim's Holm-adjusted p is at most 0.05 with a positive difference. Then *confounded* as soon as one
    control does not leave such a difference too (the burden is on the claim: an effect that a control does not leave visible is one that
    the control may explain), and *replicated* when every control leaves one. *uncontrolled*: the claim holds and a control was not run.
    *undecided*: no p-value, too few functions.

    Args:
      contrasts: by name, each with `difference`, `p` and `holm` (nan where undefined).

    Returns:
      One of `VERDICTS`, and the reason in words.
    """

    def lower(name: str) -> bool:
        return bool(contrasts[name]["holm"] <= LEVEL and contrasts[name]["difference"] > 0)

    if "claim" not in contrasts:
        return "undecided", "reg and reg_cls were not both run"
    claim = contrasts["claim"]
    if claim["holm"] != claim["holm"]:
        return "undecided", claim.get("note") or "no p-value"
    if not lower("claim"):
        if claim["holm"] <= LEVEL:
            return "not replicated", "the opposite sign: reg_cls is worse than reg"
        if claim.get("p", 1.0) <= LEVEL:
            return "not replicated", f"p = {claim['p']:.3g} alone, not established after Holm ({claim['holm']:.3g})"
        return "not replicated", "reg_cls does not differ from reg"
    controls = [contrast for contrast in CONTRASTS if contrast.role == "control"]
    explaining = [contrast.name for contrast in controls if contrast.name in contrasts and not lower(contrast.name)]
    absent = [contrast.name for contrast in controls if contrast.name not in contrasts]
    if explaining:
        return "confounded", f"no effect is established against the control {', '.join(explaining)}"
    if absent:
        return "uncontrolled", f"lower error than reg, but the control {', '.join(absent)} was not run"
    return "replicated", "lower error than reg and than every control"
