"""What the figures draw, beyond the numbers of the report: computed once and saved, so that figures compute nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics import checks, quadrature
from numerics.channels import Channel
from numerics.checks.linear_predictor import class_errors, direct_risks, line
from numerics.checks.remainder import bound_values
from numerics.evidence import Evidence
from numerics.laws.law import Law
from numerics.verify.extra_term import Measured, measured

LEAST_NOISE = 1 / 100
"""Of the support: the plain rule of the sweep is a full matrix, and below this the price has all but vanished."""
NOISE_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
MAP_INPUTS, MAP_LABELS = 97, 65
"""Points of the map of the extra error term: finer than a printed column shows."""


@dataclass(frozen=True)
class NoiseSweep:
    """Price and KL(q_x||p_x), nats, against the scale of the channel's noise, label units."""

    noise: tuple[float, ...]
    price: tuple[float, ...]
    kl_inputs: tuple[float, ...]


@dataclass(frozen=True)
class ExtraErrorMap:
    """Delta(x, y) on a grid, shape (len(x), len(y)), and the balanced joint density there."""

    x: np.ndarray
    y: np.ndarray
    extra_error: np.ndarray
    joint: np.ndarray


@dataclass(frozen=True)
class PosteriorPair:
    """Both posteriors at an input, and the corrected one for each number of classes, by its decimal."""

    x: float
    q: np.ndarray
    p: np.ndarray
    corrected: Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Posteriors:
    """Posteriors at some inputs, on the labels `y`."""

    y: np.ndarray
    at: tuple[PosteriorPair, ...]


@dataclass(frozen=True)
class CorrectedMean:
    """E[y|x] of the corrected model with K classes."""

    classes: int
    values: np.ndarray


@dataclass(frozen=True)
class Means:
    """E[y|x] in both worlds and of the corrected models, on the inputs `x`."""

    x: np.ndarray
    balanced: np.ndarray
    imbalanced: np.ndarray
    corrected: tuple[CorrectedMean, ...]


@dataclass(frozen=True)
class RiskTerms:
    """The terms of the balanced risk for one K: R_q = R_p + between + within."""

    classes: int
    balanced_risk: float
    imbalanced_risk: float
    between: float
    within: float


@dataclass(frozen=True)
class RiskDecomposition:
    """The risk of one predictor, for each K."""

    predictor: str
    per_classes: tuple[RiskTerms, ...]


@dataclass(frozen=True)
class FittedExcess:
    """What fitted models lose, for one K."""

    classes: int
    plain: Measured
    corrected: Measured
    corrected_squared_error: Measured


@dataclass(frozen=True)
class Curves:
    """All of them.

    Attributes:
      noise: None where the price is infinite.
      bounds: the bounds on W for each K by name, as they were checked.
      results: what the checks of single results have to draw, by result.
      fits: empty where nothing was fitted.
    """

    noise: NoiseSweep | None
    map: ExtraErrorMap
    posteriors: Posteriors
    means: Means
    bounds: Mapping[str, Sequence[float]]
    risk: RiskDecomposition
    results: Mapping[str, Mapping[str, Any]]
    fits: tuple[FittedExcess, ...]


def curves(evidence: Evidence, results: Sequence[str] = checks.RESULTS) -> Curves:
    """The curves of a run; the later results have theirs beside their checks, drawn for the `results` asked for."""
    drawing = {name: getattr(checks.load(name), "curves", None) for name in results}
    return Curves(
        noise(evidence),
        area(evidence),
        posteriors(evidence),
        means(evidence),
        bound_values(evidence),
        risk(evidence),
        {name: draw(evidence) for name, draw in drawing.items() if draw is not None},
        fitted(evidence),
    )


def fitted(evidence: Evidence) -> tuple[FittedExcess, ...]:
    """The fitted numbers of each K that has all three."""
    names = ("plain_excess", "corrected_excess", "corrected_squared_error")
    rows = []
    for K in evidence.world.classes:
        plain, corrected, squared = (measured(evidence, name, K) for name in names)
        if plain and corrected and squared:
            rows.append(FittedExcess(K, plain, corrected, squared))
    return tuple(rows)


def noise(evidence: Evidence) -> NoiseSweep | None:
    """The price against the scale of the channel's noise, the run's own among them; None where the price is infinite.

    A picture needs no error estimate: KL(q_x||p_x) by one plain rule in numpy, good to about 1e-8.
    """
    law, channel = evidence.world.law, evidence.world.channel
    labels = evidence.quantities.kl_labels.value
    if not math.isfinite(evidence.quantities.price.value):
        return None
    scales = [
        factor * channel.noise
        for factor in NOISE_FACTORS
        if factor == 1 or factor * channel.noise >= LEAST_NOISE * law.length
    ]
    inputs = [
        evidence.quantities.kl_inputs.value if scale == channel.noise else _kl_inputs(law, Channel(channel.name, scale))
        for scale in scales
    ]
    return NoiseSweep(tuple(scales), tuple(labels - value for value in inputs), tuple(inputs))


def _kl_inputs(law: Law, channel: Channel) -> float:
    nodes = law.nodes((), 8, min(2 * channel.noise, law.length / 64))
    low, high = (float(end) for end in law.support)
    reach = channel.reach(1e-12)
    near = min(6 * channel.noise, reach)
    core = quadrature.split([low - near, low, high, high + near], channel.noise)
    tail = near * (reach / near) ** (np.arange(1, 13) / 12) if reach > near else np.empty(0)
    x, weight = (
        part.ravel() for part in quadrature.composite(np.concatenate([low - tail[::-1], core, high + tail]), 8)
    )
    kernel = np.exp(channel.log_density(x[:, None], nodes.y[None, :]))
    q, p = kernel @ nodes.weight, kernel @ (nodes.weight * np.exp(nodes.log_ratio))
    positive = (q > 0) & (p > 0)
    return float(weight[positive] @ (q[positive] * np.log(q[positive] / p[positive])))


def area(evidence: Evidence) -> ExtraErrorMap:
    """Delta(x, y) on a grid, and the balanced joint density there."""
    arrays, world = evidence.quantities.curves, evidence.world
    columns = np.unique(np.linspace(0, len(arrays["x"]) - 1, MAP_INPUTS).round().astype(int))
    rows = np.unique(np.linspace(0, len(arrays["y"]) - 1, min(MAP_LABELS, len(arrays["y"]))).round().astype(int))
    x, y = arrays["x"][columns], arrays["y"][rows]
    joint = np.exp(world.channel.log_density(x[:, None], y[None, :])) / world.law.length
    return ExtraErrorMap(x, y, arrays["delta"][np.ix_(columns, rows)], joint)


def posteriors(evidence: Evidence) -> Posteriors:
    """The posteriors at three inputs."""
    arrays = evidence.quantities.curves
    counts = [str(count) for count in arrays["classes"].tolist()]
    fixed = [dict(zip(counts, rows, strict=True)) for rows in np.swapaxes(arrays["posterior_corrected"], 0, 1)]
    columns = zip(arrays["chosen_x"], arrays["posterior_q"], arrays["posterior_p"], fixed, strict=True)
    return Posteriors(arrays["y"], tuple(PosteriorPair(float(x), q, p, rows) for x, q, p, rows in columns))


def means(evidence: Evidence) -> Means:
    """The conditional means of both worlds and of the corrected models."""
    arrays = evidence.quantities.curves
    corrected = zip(arrays["classes"].tolist(), arrays["f_hat"], strict=True)
    return Means(arrays["x"], arrays["f_q"], arrays["f_p"], tuple(CorrectedMean(K, row) for K, row in corrected))


def risk(evidence: Evidence) -> RiskDecomposition:
    """The three terms of the balanced risk of the least-squares line under p."""
    world = evidence.world
    model = line(world)
    risk_q, risk_p = direct_risks(world, model)
    rows = []
    for entry in evidence.quantities.per_classes:
        bins = entry.bins
        errors_q, errors_p = (np.array([e.value for e in errors]) for errors in class_errors(world, model, bins.edges))
        between = float(np.sum((bins.q - bins.p) * errors_p))
        within = float(np.sum(bins.q * (errors_q - errors_p)))
        rows.append(RiskTerms(entry.classes, risk_q.value, risk_p.value, between, within))
    return RiskDecomposition("the least-squares line under p", tuple(rows))
