"""Warnings in words: where the correction would hurt, where labels are missing, where more classes are pointless."""

from __future__ import annotations

from numerics.advise.cells import Cells
from numerics.advise.channel import Prediction
from numerics.advise.classes import LEAST, Remainder
from numerics.advise.imbalance import Imbalance
from numerics.advise.options import KINDS, Options
from numerics.advise.recommend import Recommendation, Rules, threshold

FEW = 50
"""Effective labels below which the numbers themselves are mostly noise: a class mass of a tenth is then known to 40 per cent."""
VISIBLE = 0.1
"""Share of epsilon that rounding to cells may hide before it is said."""


def warnings(
    cells: Cells,
    numbers: Imbalance,
    found: Remainder,
    named: Rules,
    advice: Recommendation,
    noises: tuple[Prediction, ...],
    options: Options,
) -> list[str]:
    """Sentences, the gravest first."""
    epsilon = float(options.epsilon)
    said = []
    if cells.unsampled:
        shown = ", ".join(cells.unsampled[:8]) + (", ..." if len(cells.unsampled) > 8 else "")
        said.append(
            f"never sampled: {shown}; there the log-loss price is infinite and no correction helps. All numbers are for the reference on the other labels"
        )
    if advice.prediction is not None:
        one = advice.prediction
        left = one.price - one.corrected[0]
        if left <= 0:
            said.append(
                f"the correction would hurt: at this noise imbalance costs {one.price:.3g} nats, and {one.corrected[0]:.3g} are left after correcting with {advice.classes} classes"
            )
        elif left - advice.penalty <= 0:
            said.append("what the correction saves at this noise, estimating the class masses costs again")
        if one.squared_corrected[0] > one.squared_price:
            said.append("in squared error the correction with these classes would hurt at this noise")
        elif one.squared_decoded[0] > one.squared_price:
            said.append(
                "decoding to class centres alone would lose more squared error than imbalance costs here: regress within the classes, or take more and equal ones (--edges equal-width)"
            )
        if one.at_most:
            said.append(f"the noise is finer than the cells; numbers are upper bounds, taken at noise {one.noise:.3g}")
    else:
        harmful = [one.noise for one in noises if one.price - one.corrected[0] - advice.penalty <= 0]
        if harmful and advice.verdict != "none":
            said.append(
                f"for inputs that tell labels apart to {max(harmful):.3g} or better the correction with these classes costs more than it saves"
            )
        blunt = [one.noise for one in noises if one.squared_decoded[0] > one.squared_price]
        if blunt and advice.verdict != "none":
            said.append(
                f"for inputs that tell labels apart to {max(blunt):.3g} or better, decoding to class centres alone loses more squared error than imbalance costs"
            )
    if named.by_noise is not None and advice.classes < named.by_noise and advice.verdict == "classes":
        said.append(
            f"classes are wider than {threshold():.4g} noises ({named.by_noise} equal ones would be needed); the prediction, not the rule, says that they still help"
        )
    if named.by_epsilon is None and advice.verdict != "none":
        said.append(f"no number of classes that these labels can carry brings W to {epsilon:g} nats")
    if named.finest is not None and options.most_classes > named.finest and named.by_sample > named.finest:
        said.append(f"more than {named.finest} classes are finer than a quarter of the noise and buy nothing")
    joined = int(found.asked[-1] - found.used[-1])
    if joined > 0 and advice.kind != KINDS[0]:
        said.append(
            f"of {found.asked[-1]} classes {joined} would hold fewer than {min(LEAST, cells.n)} labels and were joined with a neighbour"
        )
    if numbers.effective < FEW:
        said.append(f"only {numbers.effective:.3g} effective labels: all of this is a rough guess")
    if cells.hidden > VISIBLE * epsilon:
        said.append(f"labels vary within the finest cells; W may be {cells.hidden:.2g} nats larger")
    return said
