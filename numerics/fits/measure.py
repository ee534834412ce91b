"""What a fitted model is worth under q: exact sums over the evaluation rule, no Monte Carlo.

The model is a function of x and y; its score is integrated over q by quadrature in x (the whole line) and in y. Classes are handled on the cells of
their common refinement, on which a model's label weights are summed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from numerics.fits.decoded import Decoded, decoded
from numerics.fits.features import Family
from numerics.fits.fitted_numbers import Correction
from numerics.fits.partition import Partition, log_sums, partition
from numerics.fits.probability_tables import Tables
from numerics.world import bin_index, common_cells

Key = tuple[str, int | None]
"""Name of a number, and its K where it has one."""


@dataclass(frozen=True)
class ClassScore:
    """Numbers of one regressor with the class network of one K; log-losses in nats, None where p does not sample every label.

    Attributes:
      classes: K.
      class_excess, within_excess, plain_excess, corrected_excess, corrected_squared_error: see `fitted_numbers.Fits`.
      decoded: of the class network alone.
    """

    classes: int
    class_excess: float
    within_excess: float | None
    plain_excess: float | None
    corrected_excess: float | None
    corrected_squared_error: float
    decoded: Decoded


@dataclass(frozen=True)
class Score:
    """All numbers of one regressor and its class networks; `extra_term` is None where p does not sample every label."""

    squared_error: float
    extra_term: float | None
    per_classes: tuple[ClassScore, ...]

    def numbers(self) -> dict[Key, float]:
        """The numbers that there are, but for the decoded ones."""
        names = ("class_excess", "within_excess", "plain_excess", "corrected_excess", "corrected_squared_error")
        values: list[tuple[Key, float | None]] = [
            (("squared_error", None), self.squared_error),
            (("extra_term", None), self.extra_term),
            *(((name, entry.classes), getattr(entry, name)) for entry in self.per_classes for name in names),
        ]
        return {key: value for key, value in values if value is not None}


@dataclass(frozen=True)
class Stage:
    """What all models of a run are scored on.

    Attributes:
      table: the world.
      partitions: one for each fitted K.
      starts: first label node of each cell of the common refinement.
      evidence: log q(x) by the same rule, shape (n,).
    """

    table: Tables
    partitions: tuple[Partition, ...]
    starts: np.ndarray
    evidence: np.ndarray


def stage(table: Tables, classes: Sequence[int], edges: Sequence[tuple[Fraction, ...]]) -> Stage:
    """Sets up scoring for the given partitions (with every class sampled by p)."""
    refined = common_cells([*edges, table_ends(table, edges)])
    cells = bin_index(refined, table.labels.nodes)
    parts = tuple(partition(table, K, e, cells) for K, e in zip(classes, edges, strict=True))
    evidence = log_sums(table.log_kernel + np.log(table.labels.weight), np.zeros(1, int))[:, 0]
    return Stage(table, parts, np.flatnonzero(np.diff(cells, prepend=-1)), evidence)


def table_ends(table: Tables, edges: Sequence[tuple[Fraction, ...]]) -> tuple[Fraction, ...]:
    """The ends of the support, exact where classes give them."""
    if edges:
        return (edges[0][0], edges[0][-1])
    return (Fraction(float(table.labels.all_nodes[0])), Fraction(float(table.labels.all_nodes[-1])))


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log probabilities along the last axis."""
    top = logits.max(axis=-1, keepdims=True)
    return logits - top - np.log(np.exp(logits - top).sum(axis=-1, keepdims=True))


def score(
    stage: Stage,
    log_weights: np.ndarray,
    class_logits: Sequence[np.ndarray],
    priors: Sequence[np.ndarray],
    correction: Correction = "divide",
) -> Score:
    """All numbers of one regressor and its class networks.

    Args:
      log_weights: log of the regressor's weight of each label node, up to a function of x, shape (n, N).
      class_logits: of each partition's class network, shape (n, bins).
      priors: class shares of the training sample, shape (bins,) each; the correction divides by these, so that the error that the sample's
        class counts make in the network's biases cancels to first order.
      correction: see `fitted_numbers.Options`.

    """
    table = stage.table
    labels = table.labels
    sums = log_sums(log_weights, stage.starts)
    lengths = np.diff(np.append(stage.starts, len(labels.nodes)))
    centred = np.exp(log_weights - np.repeat(sums, lengths, axis=1))
    means = np.add.reduceat(centred * labels.nodes, stage.starts, axis=1)
    log_share = log_softmax(sums)
    squared_error = float(table.q_inputs @ ((np.exp(log_share) * means).sum(axis=1) - table.f_q) ** 2)
    gain = extra_term = None
    if table.all_sampled:
        # log phat(y|x)/q(y) against log q(y|x)/q(y) = log k(x|y)/q(x), with the sums over q taken node by node.
        gain = float(((log_weights - np.log(labels.weight) - table.log_kernel) * table.q_joint).sum())
        total = sums.max(axis=1) + np.log(np.exp(sums - sums.max(axis=1, keepdims=True)).sum(axis=1))
        extra_term = -gain + float(table.q_inputs @ (total - stage.evidence))

    def of_classes(part: Partition, logits: np.ndarray, prior: np.ndarray) -> ClassScore:
        in_class = log_sums(sums, part.starts)
        counts = np.diff(np.append(part.starts, sums.shape[1]))
        weights = np.exp(sums - np.repeat(in_class, counts, axis=1))
        class_means = np.add.reduceat(weights * means, part.starts, axis=1)
        shift = {"divide": 1.0, "dropped": 0.0, "inverted": -1.0}[correction] * np.log(part.q / prior)
        plain, corrected = log_softmax(logits), log_softmax(logits + shift)
        mean = (np.exp(corrected) * class_means).sum(axis=1)
        posterior = np.where(part.joint > 0, part.joint, 1.0) / table.q_inputs[:, None]
        log_posterior = np.where(part.joint > 0, np.log(posterior), 0.0)
        class_excess = float((part.joint * (log_posterior - plain)).sum())
        within = None if gain is None else -gain + float((part.joint * (in_class - part.evidence)).sum())
        adjusted = float((part.joint * (log_posterior - corrected)).sum())
        return ClassScore(
            part.classes,
            class_excess,
            within,
            None if within is None else class_excess + within,
            None if within is None else adjusted + within,
            float(table.q_inputs @ (mean - table.f_q) ** 2),
            decoded(table, part, plain),
        )

    parts = zip(stage.partitions, class_logits, priors, strict=True)
    return Score(squared_error, extra_term, tuple(of_classes(*part) for part in parts))


def logits_at(family: Family, theta: np.ndarray) -> np.ndarray:
    """A family's logits at the evaluation nodes, shape (n, N)."""
    return family.logits(theta, family.hidden_x)


def exact(stage: Stage) -> Score:
    """The theory's numbers: the same score of the Bayes predictors of the p world, corrected for the prior exactly."""
    table = stage.table
    labels = table.labels
    log_weights = table.log_kernel + np.log(labels.weight) + labels.log_ratio
    logits = [log_sums(log_weights, np.flatnonzero(np.diff(part.place, prepend=-1))) for part in stage.partitions]
    return score(stage, log_weights, logits, [part.p for part in stage.partitions])
