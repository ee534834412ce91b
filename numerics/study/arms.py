"""The nine arms of the study as data: which terms each loss has, with which weights.

Imports nothing heavy: a command's argument parsing reads the names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Labels = Literal["none", "true", "permuted"]


@dataclass(frozen=True)
class Arm:
    """One arm: `(scale if scaled else 1) * regression * [importance] MSE + classification CE`, and its decay.

    Attributes:
      name: as in the protocol.
      regression: the squared error is part of the loss.
      scaled: the squared error is multiplied by the study's `lambda`.
      labels: class labels of the cross-entropy: none (no such term), true, or permuted at random over samples.
      corrected: the cross-entropy takes `logit + log(p_c/q_c)` (result *offset*), so that the logits are balanced.
      weighted: squared errors are weighted by the true `1/r` of the sampling.
      decay: the study's weight decay applies; otherwise there is none.
      decoded: the prediction is the prior-corrected soft decoding of the class posterior (result *decoder*), not the regression head.
      isolates: what the comparison with `partner` shows.
      partner: the arm that differs from it in that one thing.
    """

    name: str
    regression: bool = True
    scaled: bool = False
    labels: Labels = "none"
    corrected: bool = False
    weighted: bool = False
    decay: bool = True
    decoded: bool = False
    partner: str = "reg"
    isolates: str = ""

    @property
    def classifies(self) -> bool:
        """Whether there is a class head."""
        return self.labels != "none"


ARMS: dict[str, Arm] = {
    arm.name: arm
    for arm in (
        Arm("reg", isolates="the baseline"),
        Arm("reg_scaled", scaled=True, isolates="loss scale against weight decay, no classification"),
        Arm("reg_nodecay", decay=False, isolates="loss scale against weight decay, from the other side"),
        Arm("reg_cls", scaled=True, labels="true", partner="reg_scaled", isolates="classification at equal loss scale"),
        Arm(
            "reg_cls_nodecay",
            scaled=True,
            labels="true",
            decay=False,
            partner="reg_cls",
            isolates="classification without the decay effect",
        ),
        Arm(
            "reg_cls_corrected",
            scaled=True,
            labels="true",
            corrected=True,
            partner="reg_cls",
            isolates="the prior correction of the class posterior",
        ),
        Arm(
            "reg_cls_placebo",
            scaled=True,
            labels="permuted",
            partner="reg_cls",
            isolates="what any auxiliary loss of that size does",
        ),
        Arm("reg_weighted", weighted=True, isolates="balanced reference: importance weights"),
        Arm(
            "cls_decoded",
            regression=False,
            labels="true",
            decoded=True,
            partner="reg_cls",
            isolates="classification alone, decoded",
        ),
    )
}
NAMES: tuple[str, ...] = tuple(ARMS)
