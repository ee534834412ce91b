"""beyond_label_shift: what the correction mends, and what it cannot, where the channels differ too."""

from __future__ import annotations

from theory.certificate import gibbs
from theory.claim import Claim
from theory.record import Result
from theory.statement import Statement
from theory.terms import KL, E, Law, X, Y, q, r
from theory.words import R, W, channel_ratio

p_k = Law("p", "p", r * channel_ratio)
"""The imbalanced law, with a channel of its own."""
phat_k = Law("phat", r"\hat p", r / R * channel_ratio)
"""The corrected law: class masses of q, channel of p."""
channels = KL(q, p_k, X, given=Y)
"""E_{q(y)} KL(k_q(x|y)||k_p(x|y))."""

RESULT = Result(
    name="beyond_label_shift",
    title="Where the channels differ too",
    question="My two worlds differ by more than their labels: what is left after the correction?",
    assumptions=("0 < inf r, sup r < inf", "k_q(x|y) and k_p(x|y) have positive densities against each other"),
    claims=(
        Claim(
            "price",
            "identity",
            (Statement(KL(q, p_k, Y, given=X), "=", KL(q, p_k, Y) - KL(q, p_k, X) + channels),),
        ),
        Claim(
            "corrected_excess",
            "identity",
            (Statement(KL(q, phat_k, Y, given=X), "=", W - KL(q, phat_k, X) + channels),),
            remark="the correction acts on the labels alone, and the last term stays",
        ),
        Claim(
            "at_most",
            "upper bound",
            (Statement(KL(q, phat_k, Y, given=X), "<=", W + channels, (gibbs(E(r / R * channel_ratio, X)),)),),
        ),
    ),
    source="this project",
)
