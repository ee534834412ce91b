"""The question and its answer in six sentences, numbers filled in from the results; what is not known beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from figures import style
from figures.collection import Collection, Report

QUESTION = (
    "Why does adding a classification loss help a regressor, when does it, and how many classes should it have? The question is that of Pintea, Lin, "
    "Dijkstra and van Gemert (ICCV 2023); here it is answered by proofs that a machine re-runs, by numbers, and by their comparison run again with controls."
)
UNKNOWN = (
    "Whether a plain classification term helps a given network on given data. The theorems speak of populations and of models with capacity to spare, "
    "of linear features, and of training flows that can be solved; what is outside is a matter of measurement.",
    "The study is one small network on functions of one input. The published gains of deep networks on images were not run again here.",
    "Training and test share the channel from labels to inputs (label shift). Nothing here covers inputs that change for a given label.",
    "The thresholds on the width of a class are exact to leading order, away from the ends of the label interval and for a straight log ratio; "
    "for other densities they are a guide, and W, which always holds, can be far from attained.",
    "Which classes are best was settled among intervals of labels; that the best density of bins is not beaten by a sequence of partitions that has no density is not proved.",
)


def number(value: Any) -> str:
    """Four digits; words as they are."""
    return style.number(value, 4).replace("-", "−")


def percent(value: Any) -> str:
    """A share; words as they are."""
    return style.percent(value).replace("-", "−")


def epochs(count: int) -> str:
    """`1 epoch`, `80 epochs`."""
    return f"{count} epoch" if count == 1 else f"{count} epochs"


def draft(found: Collection) -> str:
    """A sentence that owns up to what was left out; nothing where nothing was."""
    if any(report["seeds"] for report in found.verify.values()):
        return ""
    return " No models were fitted for this: a draft, in which no measured number stands beside the predicted ones."


def harmed(found: Collection) -> list[tuple[str, int, float, float]]:
    """Density, K, corrected excess and price wherever the correction costs more than it saves."""
    return [
        (report["density"], entry["classes"], entry["corrected_excess"], report["quantities"]["price"])
        for report in found.verify.values()
        for entry in report["quantities"]["per_classes"]
        if isinstance(report["quantities"]["price"], float)
        and isinstance(entry["corrected_excess"], float)
        and entry["corrected_excess"] > report["quantities"]["price"]
    ]


def _measured(report: Report, classes: int) -> str:
    """The fitted models' figure beside the predicted one."""
    row = next((row for row in report["central"] if row["classes"] == classes), None)
    measured = None if row is None else row["corrected_measured"]
    if not measured:
        return ""
    return f", measured {number(measured['mean'])} [{number(measured['low'])}, {number(measured['high'])}] on {report['seeds']} fits"


def price(found: Collection) -> str:
    """What imbalance costs."""
    numbers = found.main["quantities"]
    return (
        f"Label imbalance has a price even for the best possible predictor: trained on the {found.main['density']} label density and judged on balanced labels, it "
        f"loses {number(numbers['price'])} nats of log-loss, and {number(numbers['squared_error_price'])} of squared error on top of an unavoidable "
        f"{number(numbers['balanced_risk'])}."
    )


def plain(found: Collection) -> str:
    """What a plain term does."""
    return (
        "A plain cross-entropy term does not change this price: with capacity to spare, the optimum of regression log-loss plus cross-entropy is the same "
        f"imbalanced posterior for every weight of the term, and the price stays {number(found.main['quantities']['price'])} nats."
    )


def correction(found: Collection) -> str:
    """What the prior correction buys."""
    rows = [row for row in found.main["quantities"]["per_classes"] if row["classes"] >= 4]
    parts = [
        f"{number(row['corrected_excess'])} nats with {row['classes']} classes (W = {number(row['remainder'])}{_measured(found.main, row['classes'])})"
        for row in (rows[0], rows[-1])
    ]
    return (
        "Correcting the class posterior for the class prior does change it: what is left to lose is never more than W, a number computed from the labels alone; "
        f"here {' and '.join(parts)}."
    )


def count(found: Collection) -> str:
    """How many classes."""
    text = (
        "As a guide (exact to leading order for a straight log ratio away from the ends of the label interval) the correction pays once each class is narrower than 3.5 "
        "standard deviations of the noise in the label (7.1 for squared error), and more classes lower W, in the end like 1/K² where the log ratio is smooth and like 1/K where "
        "it jumps, but need more labels, since the class masses are estimated"
    )
    sample = found.advise.get("sample")
    if sample is None:
        return text + "."
    classes = sample["classes"]
    return (
        text
        + f": for {sample['labels']['n']} labels drawn from the longtail density the least predicted error is that of {classes['classes']} classes, "
        f"where W = {number(classes['remainder'])}."
    )


def densities(found: Collection) -> str:
    """`1 density`, `7 densities`."""
    return f"{len(found.verify)} density" if len(found.verify) == 1 else f"{len(found.verify)} densities"


def harm(found: Collection) -> str:
    """When it hurts."""
    rows = harmed(found)
    if not rows:
        return (
            f"With too few classes the correction can hurt: no case among the {densities(found)} here, but there is an exact example in which nothing is to be paid before it and "
            "(1/4) log(16/15) nats after it."
        )
    worst = max(rows, key=lambda row: row[2] - row[3])
    pairs = sum(len(report["quantities"]["per_classes"]) for report in found.verify.values())
    return (
        f"With too few classes the correction can hurt: in {len(rows)} of the {pairs} pairs of density and K here it costs more than it saves, most for {worst[0]} with {worst[1]} "
        f"classes ({number(worst[2])} nats after the correction against {number(worst[3])} before)."
    )


def study(found: Collection) -> str:
    """What the study says, with the control."""
    if found.study is None:
        return "The published comparison was not run again for this page."
    cells = [cell for cell in found.study["cells"] if cell["metric"] == "test_mse"]
    cell = next((cell for cell in cells if cell["sampling"] == "severe"), cells[-1])
    rows = {row["name"]: row for row in cell["contrasts"] if row["classes"] is None}
    claim, scale, share = rows["claim"], rows.get("scale"), cell["attribution"]
    relative, length = claim["relative"], epochs(cell["condition"]["epochs"])
    counts = ", ".join(map(str, cell["classes"]))
    text = (
        f"In the published 1-D experiment ({cell['condition']['setting']} setting, K = {counts}), run again with controls ({found.study['trainings']} trainings of {length}), "
        f"the test error changes by {percent(relative['value'])} [{percent(relative['low'])}, {percent(relative['high'])}] under {cell['sampling']} imbalance when the "
        "classification loss is added"
    )
    if isinstance(share["value"], float):
        text += f", but the larger weight on the squared error that comes with it by itself gives {percent(share['value'])} [{percent(share['low'])}, {percent(share['high'])}] of that"
    if scale is not None:
        text += f", and against that control the difference is {number(scale['difference'])} [{number(scale['low'])}, {number(scale['high'])}]"
    others = ", ".join(f"{other['sampling']} {other['verdict']}" for other in cells if other is not cell)
    return text + f": the verdict is “{cell['verdict']}”" + (f" (of the others: {others})." if others else ".")


def price_alone(found: Collection) -> float | str:
    """The price in log-loss."""
    return found.main["quantities"]["price"]


def study_shortly(found: Collection) -> str:
    """The study in one number."""
    if found.study is None:
        return study(found)
    cells = [cell for cell in found.study["cells"] if cell["metric"] == "test_mse"]
    cell = next((cell for cell in cells if cell["sampling"] == "severe"), cells[-1])
    relative = next(row for row in cell["contrasts"] if row["classes"] is None and row["name"] == "claim")["relative"]
    if isinstance(relative["value"], str):
        return f"Run again with controls, the gain of an added classification loss under {cell['sampling']} imbalance is “{cell['verdict']}”."
    return (
        f"Run again with controls, the published gain of an added classification loss is {percent(-relative['value'])} of the test error under "
        f"{cell['sampling']} imbalance, and the verdict on it is “{cell['verdict']}”."
    )


def price_shortly(found: Collection) -> str:
    """The price in one number."""
    return f"Trained on {found.main['density']} labels and scored on balanced ones, even the best possible predictor loses {number(price_alone(found))} nats of log-loss."


def plain_shortly(found: Collection) -> str:
    """What a plain term does, in one number."""
    return f"It does not change this: the loss stays at {number(price_alone(found))} nats, whatever the weight of the term."


def correction_shortly(found: Collection) -> str:
    """What the correction buys, in one number."""
    row = found.main["quantities"]["per_classes"][-1]
    return f"Divide the probability of each class by how frequent the class is, and with {classes_in_words(row['classes'])} {number(row['corrected_excess'])} nats are left."


def classes_in_words(count: int) -> str:
    """`sixteen classes`; numerals beyond those that are asked for most."""
    words = {2: "two", 4: "four", 8: "eight", 16: "sixteen", 32: "thirty-two", 64: "sixty-four"}
    return f"{words.get(count, str(count))} classes"


def count_shortly(_: Collection) -> str:
    """How wide a class may be."""
    return "As a guide, so many that each is narrower than 3.5 standard deviations of the noise in the label; below that the correction saves more than it costs."


def harm_shortly(found: Collection) -> str:
    """How often it hurts."""
    rows = harmed(found)
    if not rows:
        return "With too few classes the correction can hurt, but none of the cases computed for this page shows it; an exact example loses 0.0161 nats by it."
    return f"With too few classes: in {len(rows)} of the cases computed for this page the correction costs more than it saves."


@dataclass(frozen=True)
class Answer:
    """One of the six.

    Attributes:
      lead: what it is about.
      shortly: a sentence with one number.
      fully: the same with everything that belongs to it.
      shown: where on the page it is looked at more closely: an id and words.
    """

    lead: str
    shortly: str
    fully: str
    shown: tuple[str, str]


Words = Callable[[Collection], str]
PARTS: tuple[tuple[str, Words, Words, tuple[str, str]], ...] = (
    ("The published effect.", study_shortly, study, ("study", "the study")),
    ("What imbalance costs.", price_shortly, price, ("question-price", "its proofs")),
    ("A plain classification term.", plain_shortly, plain, ("question-offset", "its proofs")),
    ("A corrected one.", correction_shortly, correction, ("question-offset", "its proofs")),
    ("How many classes.", count_shortly, count, ("question-bin_width", "its proofs")),
    ("When it hurts.", harm_shortly, harm, ("question-offset", "its proofs")),
)
"""What each sentence is about; the awkward one first."""


def answers(found: Collection) -> list[Answer]:
    """The six answers."""
    return [Answer(lead, shortly(found), fully(found), shown) for lead, shortly, fully, shown in PARTS]


def sentences(found: Collection) -> list[tuple[str, str]]:
    """The six answers in full, each under the words that say what it is about."""
    return [(one.lead, one.fully) for one in answers(found)]


def measured(found: Collection) -> str:
    """What the field study says of weights; nothing where it was not run."""
    if found.field is None:
        return ""
    rows = {row["name"]: row for row in found.field["contrasts"]}
    pairs = (
        ("weights", "weights against squared error alone"),
        ("recalibrated_weights", "a map of the predictions against weights"),
        ("classes_weights", "corrected classes against weights"),
    )
    parts = [
        f"{words} changes the balanced error by {percent(rows[name]['change'])} [{percent(rows[name]['low'])}, {percent(rows[name]['high'])}] ({rows[name]['verdict']})"
        for name, words in pairs
        if name in rows and not isinstance(rows[name]["low"], str)
    ]
    return f" On {len(found.field['tables'])} real tables {'; '.join(parts)}." if parts else ""


def weights(found: Collection) -> str:
    """Why not importance weights."""
    text = (
        "Weights 1/r in the training loss aim at the same balanced predictor as a full correction, so with labels enough everywhere they are as good, and they need no classes. "
        "They pay in variance: a label that stands for many others carries its own noise as many times."
    )
    sample = found.advise.get("sample")
    if sample is not None:
        numbers = sample["imbalance"]
        times = sample["labels"]["n"] / numbers["n_eff"]
        text += (
            f" The {sample['labels']['n']} long-tailed labels of the sample here count like {numbers['n_eff']:.0f} balanced ones, so an estimate from them varies "
            f"about {times:.2g} times as much."
        )
    text += measured(found)
    return (
        text
        + " Classes pay less where W allows few of them, because only the shares of the classes are estimated; and a map of the predictions of a finished model needs no training at all."
    )
