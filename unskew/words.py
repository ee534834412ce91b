"""Answers in words: three lines first (what it costs, what to do, what that buys), the rest after them. Nothing is computed here."""

from __future__ import annotations

import shlex

from unskew.from_labels import LabelAnswer
from unskew.inputs import HeldOut
from unskew.intervals import Estimate
from unskew.options import Options
from unskew.remedies import Comparison, Remedy

UNITS = {"squared": "squared label units", "absolute": "label units"}
"""Of each score."""
UNIT = UNITS["squared"]
NAMES = {
    "nothing": "nothing",
    "recalibration": "recalibrate the predictions",
    "probabilities": "divide the probabilities by r",
    "weights": "retrain with weights 1/r",
    "classes": "retrain with corrected classes",
    "balanced_mse": "retrain with Balanced MSE",
}

RETRAIN = (
    "  classes = unskew.Classes.fit(y_train, noise)",
    "  head = unskew.torch.WithinClassRegression(classes.edges, classes.p, classes.q)   # reads a last layer of head.outputs numbers",
    "  head.loss(outputs, y).mean(); head.predict(outputs)",
)
"""How to train with corrected classes, as a reader types it."""


def number(value: float) -> str:
    """Four digits."""
    return f"{value:.4g}"


def between(one: Estimate) -> str:
    """`71.2 [65.8, 76.6]`."""
    return f"{number(one.value)} [{number(one.low)}, {number(one.high)}]"


def percent(one: Estimate) -> str:
    """`35 % [31 %, 38 %]`."""
    return f"{100 * one.value:.3g} % [{100 * one.low:.3g} %, {100 * one.high:.3g} %]"


def rows_first(options: Options, sample: HeldOut, comparison: Comparison) -> list[str]:
    """The three lines for held-out rows."""
    price, best = comparison.price, comparison.best
    unit = UNITS[options.score]
    law = "a uniform label law" if options.target == "uniform" else "the target's label law"
    if price.cost.low > 0:
        costs = f"imbalance costs this model {between(price.cost)} {unit}, {percent(price.cost_share)} of its error under {law}"
    else:
        costs = f"imbalance costs this model nothing that {price.rows} rows can show: {between(price.cost)} {unit} under {law}"
    if best.name == "nothing":
        return [
            costs,
            "do: nothing; no remedy that needs no training is likely to save anything",
            f"that keeps its error of {between(best.error)} {unit}; recalibrated it would be {between(comparison.remedies[1].error)}",
        ]
    sure = (
        "do"
        if best.saving.low > 0
        else f"do, though it may save nothing ({100 * (1 - best.confidence):.2g} % of resamples)"
    )
    action = correction(options) if best.name == "recalibration" else f"{NAMES[best.name]} (unskew.PriorCorrection)"
    return [
        costs,
        f"{sure}: {action}",
        f"that buys {between(best.saving)} {unit}, {percent(best.saving_share)}: error {number(price.before.value)} before, {number(best.error.value)} after",
    ]


def correction(options: Options) -> str:
    """The command that corrects predictions."""
    words = ["unskew", "correct", options.file, "--label", str(options.label), "--prediction", str(options.prediction)]
    if options.training is not None:
        words += ["--training", options.training]
    if options.target != "uniform":
        words += ["--target", options.target]
    if options.score != "squared":
        words += ["--score", options.score]
    return f"{shlex.join(words)} --apply NEW --out FILE"


def rows_more(options: Options, sample: HeldOut, comparison: Comparison) -> list[str]:
    """The rest for held-out rows."""
    shift, price, unit = sample.shift, comparison.price, UNITS[options.score]
    lines = [
        "",
        f"the label law: {shift.n} training labels from {number(shift.edges[0])} to {number(shift.edges[-1])} in {shift.stretches} stretches; "
        f"KL(q_y||p_y) {number(shift.kl)} nats; worth {number(shift.effective_sample_size)} balanced ones",
        f"predicted error on new rows, averaged over stretches as the target weighs them ({unit}, 95 % intervals from {price.rows} held-out rows):",
        *table(comparison.remedies),
        "retraining is predicted for the best that it can make of the present prediction. A model that sees all inputs may do better; what its own estimation",
        "  costs cannot be known from held-out rows: 'unskew trial' measures it.",
    ]
    plain = price.balanced.plain
    lines.append(
        f"balance has its own price: averaged over rows as they come, the error is {number(plain[0])} before and {number(plain[1])} after recalibration"
    )
    recalibration = price.recalibration
    assert recalibration is not None
    if not recalibration.corrected.monotone:
        lines.append(
            "the map of the predictions goes down somewhere: the data speak against a monotone one by more than two standard errors"
        )
    lines.append(
        f"predictions below {number(recalibration.least)} or above {number(recalibration.largest)} were not seen; the map stays at its end values there"
    )
    lines += notes(sample, comparison)
    lines += [
        "to retrain with classes and the regression within them (unskew.jax has the same):",
        *RETRAIN,
    ]
    return lines


def notes(sample: HeldOut, comparison: Comparison) -> list[str]:
    """What is not known, in sentences."""
    shift, unknown = sample.shift, comparison.price.unknown
    lines = []
    if unknown:
        share = 100 * sum(float(shift.q[number]) for number in unknown)
        lines.append(
            f"unknown one by one: {enumeration([shift.words[number] for number in unknown])}; fewer than ten held-out labels each, so they count with their "
            f"neighbours ({share:.3g} % of the target)"
        )
    if len(shift.empty):
        lines.append(
            f"without training labels, and out of the target: {enumeration([shift.words[number] for number in shift.empty])}"
        )
    if sample.law is not None and not sample.law.identified:
        lines.append(
            "warning: these predictions cannot tell the target's label law; take the numbers as a guess, or give labels of the target"
        )
    elif sample.law is not None:
        lines.append(
            f"the target's label law was estimated in {sample.law.groups} groups of stretches; its own error is not in the intervals"
        )
    return lines


def enumeration(items: list[str]) -> str:
    """At most six of them."""
    return ", ".join(items[:6]) + (f" and {len(items) - 6} more" if len(items) > 6 else "")


def table(remedies: tuple[Remedy, ...]) -> list[str]:
    """Remedies as rows of aligned text."""
    rows = [("remedy", "error", "saves", "how")]
    rows += [(NAMES[one.name], between(one.error), percent(one.saving_share), one.detail) for one in remedies]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    return [
        "  " + "  ".join([*(cell.ljust(width) for cell, width in zip(row[:3], widths, strict=True)), row[3]]).rstrip()
        for row in rows
    ]


def labels_first(answer: LabelAnswer) -> list[str]:
    """The three lines for labels alone."""
    classes, most = answer.classes, answer.most
    count = len(classes.p)
    saving = most.squared_price - most.squared_decoded[0]
    if answer.noise is None:
        costs = f"from labels alone imbalance costs between 0 and {number(most.squared_price)} {UNIT} (the most at noise {number(most.noise)}); held-out predictions would tell"
        action = f"do: give held-out labels and predictions (--label, --prediction, --training); to retrain at once, take {count} corrected classes ({classes.kind})"
        buys = f"that buys between 0 and {number(max(saving, 0.0))} {UNIT}; the labels leave at most W = {number(classes.remainder)} of KL(q_y||p_y) = {number(answer.imbalance.kl)} nats"
        return [costs, action, buys]
    words = "at most " if most.at_most else ""
    return [
        f"at noise {number(most.noise)} imbalance costs {words}{number(most.squared_price)} {UNIT}, on top of {number(most.balanced_risk)} that no predictor avoids",
        f"do: retrain with {count} corrected classes ({classes.kind}), or give held-out predictions and correct those"
        if saving > 0
        else "do: nothing about classes; held-out predictions would tell what recalibration buys",
        f"that buys {number(max(saving, 0.0))} {UNIT}: {number(most.squared_decoded[0])} are left when classes are decoded to their centres, {number(most.squared_corrected[0])} with the regression within them",
    ]


def labels_more(answer: LabelAnswer) -> list[str]:
    """The rest for labels alone."""
    one, cells = answer.imbalance, answer.cells
    lines = [
        "",
        *(f"{words}." for words in cells.labels.report.words),
        f"KL(q_y||p_y) {number(one.kl)} nats against {cells.reference}: the most that imbalance can cost in log-loss; largest to least p/q {number(one.ratio)}",
        f"{cells.n} labels are worth {number(one.effective)} balanced ones; no channel costs more than {number(answer.bound)} {UNIT}",
        f"{len(answer.classes.p)} classes, {answer.classes.kind}: W = {number(answer.classes.remainder)} nats, and {number(answer.penalty)} for estimating their masses",
        "if labels of one input spread by s (Gaussian), in squared label units:",
        "  s          costs      left       left, decoded to centres",
    ]
    lines += [
        f"  {number(each.noise):<10} {number(each.squared_price):<10} {number(each.squared_corrected[0]):<10} {number(each.squared_decoded[0])}"
        for each in answer.predictions
    ]
    if cells.unsampled:
        lines.append(
            f"never sampled: {enumeration(list(cells.unsampled))}; there the log-loss price is infinite and no correction helps. All numbers are for the target on the other labels"
        )
    lines += [
        "not known from labels: how well inputs tell labels apart, whether the noise is larger where labels are rare, what the present model makes of them.",
        "a plain cross-entropy term buys nothing of this: with capacity to spare it does not move the optimum. To retrain with a corrected one (unskew.jax has the same):",
        *RETRAIN,
    ]
    return lines
