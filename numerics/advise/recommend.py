"""How many classes, and whether to have any: the rule, which was fixed before it was looked at on data.

Lower limits, from what the classes are for:

1. W(K) <= epsilon (*remainder*, *offset*): at most epsilon nats of the extra error are left, whatever the inputs are.
2. With a noise s: K >= D/(3.5074... s) (*bin_width*): for a straight log ratio away from the ends, fewer cost more than they save; else a guide.

Upper limits, from what the labels can carry:

3. the K that minimises W(K) + penalty(K) (*sample_size*, with these labels' own W in place of its asymptote);
4. as many classes as can hold `classes.LEAST` labels each, and `--max-classes`;
5. with a noise s: K <= 4 D/s; classes narrower than s/4 leave less than (1/4)^2/12, half a per cent, of the price (*bin_width*).

K is the larger lower limit, but not above the smallest upper one. With a noise, K is then raised to the first number within the upper limits at which
the predicted benefit, price - corrected excess - penalty, is positive; if there is none, no classes are recommended. Nor are they where
KL(q_C||p_C) - penalty is not positive (the benefit where inputs say least), or where KL(q_y||p_y) <= epsilon already. Without a noise the answer
depends on it, and the table over noises says how.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from numerics.advise import channel
from numerics.advise.cells import Cells
from numerics.advise.channel import Prediction
from numerics.advise.classes import Edges, Remainder
from numerics.advise.imbalance import Imbalance

POINTLESS = 4
"""Classes to a noise, beyond which finer ones are pointless."""


@dataclass(frozen=True)
class Rules:
    """The number of classes that each rule names; None where it names none or was not asked.

    Attributes:
      by_epsilon: least K with W <= epsilon.
      by_sample: K that minimises W + penalty.
      by_formula: K* = (D^2 E_q[l'^2] n_eff/6)^(1/3), for equal widths, uniform q and a smooth l; None otherwise.
      by_noise: least K of `bin_width`.
      finest: most K that the noise makes sensible.
      most: classes that can hold enough labels, at most as many as asked for.
    """

    by_epsilon: int | None
    by_sample: int
    by_formula: float | None
    by_noise: int | None
    finest: int | None
    most: int


@dataclass(frozen=True)
class Recommendation:
    """The answer.

    Attributes:
      verdict: `classes` (add them), `none` (do not), `depends` (on the noise, which was not given).
      kind: kind of edges.
      classes: K.
      edges: indices into the cells' edges.
      remainder, penalty, kl_classes: W, estimation penalty, KL(q_C||p_C), nats.
      reasons: sentences, the deciding one first.
      prediction: with a noise, at these classes.
    """

    verdict: str
    kind: str
    classes: int
    edges: Edges
    remainder: float
    penalty: float
    kl_classes: float
    reasons: tuple[str, ...]
    prediction: Prediction | None


def threshold() -> float:
    """d/s at which the correction costs as much as it saves (*bin_width*), the double nearest to its certified value."""
    from numerics.certified.constants import excess_threshold

    return excess_threshold().estimate.value


def rules(cells: Cells, found: Remainder, numbers: Imbalance, epsilon: float, noise: float | None) -> Rules:
    """What each rule says; `found` is of the kind of edges asked for."""
    enough = np.flatnonzero(found.remainder <= epsilon)
    smooth = cells.uniform and not cells.discrete
    formula = (cells.length**2 * cells.slope_square * numbers.effective / 6) ** (1 / 3) if smooth else None
    return Rules(
        by_epsilon=int(found.used[enough[0]]) if len(enough) else None,
        by_sample=int(found.used[int(np.argmin(found.bound))]),
        by_formula=formula,
        by_noise=None if noise is None else max(1, math.ceil(cells.length / (threshold() * noise))),
        finest=None if noise is None else max(1, math.floor(POINTLESS * cells.length / noise)),
        most=int(found.used.max()),
    )


def recommend(
    cells: Cells, found: Remainder, edges: list[Edges], named: Rules, epsilon: float, noise: float | None
) -> Recommendation:
    """Applies the rule of the module's docstring."""
    total = channel.remainder(cells, (0, len(cells.y)))
    lower = [(f"W <= {epsilon:g} nats needs {named.by_epsilon}", named.by_epsilon or named.most + 1)]
    if named.by_epsilon is None:
        lower = [(f"no number of classes brings W to {epsilon:g} nats", named.most + 1)]
    upper = [
        (f"more than {named.by_sample} cost more in estimated class masses than they save in W", named.by_sample),
        (f"no more than {named.most} can be had", named.most),
    ]
    if named.by_noise is not None and named.finest is not None:
        lower.append(
            (
                f"fewer than {named.by_noise} are wider than {threshold():.4g} noises, where the correction costs more than it saves for a straight log ratio",
                named.by_noise,
            )
        )
        upper.append((f"more than {named.finest} are finer than a quarter of the noise", named.finest))
    need, least = max(lower, key=lambda one: one[1])
    limit, most = min(upper, key=lambda one: one[1])
    reasons = [need if least <= most else f"{need}, but {limit}"]
    place = _first(found, min(least, most))
    prediction = None
    if noise is not None:
        tried = [number for number in range(place, len(found.used)) if found.used[number] <= most] or [place]
        prediction = channel.predict(cells, [edges[number] for number in tried], noise)
        benefit = prediction.price - np.array(prediction.corrected) - found.penalty[tried]
        chosen = int(np.argmax(benefit > 0))
        if chosen:
            reasons.append(f"raised from {found.used[place]}: fewer would cost more than they save at this noise")
        place = tried[chosen]
        prediction = channel.predict(cells, [edges[place]], noise)
    count, remains, price = int(found.used[place]), float(found.remainder[place]), float(found.penalty[place])
    gain = total - remains
    verdict = "depends" if prediction is None else "classes"
    if total <= epsilon:
        verdict, why = "none", f"imbalance costs at most KL(q_y||p_y) = {total:.3g} nats, within epsilon already"
    elif gain - price <= 0:
        verdict, why = "none", "even where inputs say nothing, the classes would not pay for their own estimation"
    elif prediction is not None and prediction.price - prediction.corrected[0] - price <= 0:
        verdict, why = "none", "at this noise the correction would cost more than imbalance does"
    else:
        why = ""
    return Recommendation(
        verdict, found.kind, count, edges[place], remains, price, gain, tuple([why] * bool(why) + reasons), prediction
    )


def _first(found: Remainder, least: int) -> int:
    """The first partition with at least so many classes, or the one with the most."""
    enough = np.flatnonzero(found.used >= least)
    return int(enough[0]) if len(enough) else int(np.argmax(found.used))


def predicted(cells: Cells, edges: list[Edges], noises: list[float]) -> list[Prediction]:
    """Predictions for each noise, with the same partitions."""
    return [channel.predict(cells, edges, noise) for noise in noises]
