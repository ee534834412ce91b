"""Heads and losses of `unskew.jax` and `unskew.torch` as plain loops, and what each must refuse: one list for both frameworks."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

K, ROWS = 5, 7
Loop = Callable[["Batch", np.ndarray, float, float], float]


@dataclass(frozen=True)
class Batch:
    """Random classes, laws, outputs and labels."""

    edges: np.ndarray
    p: np.ndarray
    q: np.ndarray
    outputs: np.ndarray
    y: np.ndarray
    noise: float

    @property
    def centres(self) -> np.ndarray:
        return (self.edges[1:] + self.edges[:-1]) / 2


def batch(seed: int, rows: int = ROWS) -> Batch:
    random = np.random.default_rng(seed)
    edges = np.cumsum(random.uniform(0.2, 1.0, K + 1)) - 1
    p, q = (0.9 * random.dirichlet(np.ones(K)) + 0.02 for _ in range(2))
    y = random.uniform(edges[0], edges[-1], rows)
    y[0], y[1], y[2] = edges[0], edges[2], edges[-1]
    return Batch(edges, p, q, 2 * random.normal(size=(rows, 2 * K)), y, random.uniform(0.3, 2.0))


@dataclass(frozen=True)
class Case:
    """One head or loss.

    Attributes:
      name: in both frameworks.
      arguments: of its constructor, from a batch.
      outputs: numbers that it reads a label; 0 for a loss of predictions.
      loss: of one label, by loops: batch, outputs of its row, its label, noise.
      predict: of one row of outputs; None for a loss of predictions.
      options: of its constructor.
    """

    name: str
    arguments: Callable[[Batch], tuple[Any, ...]]
    outputs: int
    loss: Loop
    predict: Callable[[Batch, np.ndarray], float] | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return "-".join([self.name, *(f"{key}={value}" for key, value in self.options.items())])

    def read(self, b: Batch) -> np.ndarray:
        """The outputs that this case reads, (rows, outputs), or predictions (rows,)."""
        return b.outputs[:, : self.outputs] if self.outputs else b.outputs[:, 0]

    def losses(self, b: Batch) -> list[float]:
        return [self.loss(b, row, y, b.noise) for row, y in zip(self.read(b), b.y, strict=True)]


def loop_class(b: Batch, y: float) -> int:
    for c in range(K - 1):
        if y < b.edges[c + 1]:
            return c
    return K - 1


def sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def softmax(logits: Any) -> list[float]:
    weights = [math.exp(z) for z in logits]
    return [w / math.fsum(weights) for w in weights]


def entropy(b: Batch, logits: np.ndarray, y: float, corrected: bool) -> float:
    ratio = b.p / b.q if corrected else np.ones(K)
    return -math.log(softmax([z + math.log(r) for z, r in zip(logits, ratio, strict=True)])[loop_class(b, y)])


def within_loss(corrected: bool) -> Loop:
    def loss(b: Batch, row: np.ndarray, y: float, noise: float) -> float:
        c = loop_class(b, y)
        width = b.edges[c + 1] - b.edges[c]
        mean = b.edges[c] + width * sigmoid(row[K + c])
        return entropy(b, row[:K], y, corrected) + (y - mean) ** 2 / (2 * width**2 / 12)

    return loss


def within_predict(b: Batch, row: np.ndarray) -> float:
    means = [b.edges[c] + (b.edges[c + 1] - b.edges[c]) * sigmoid(row[K + c]) for c in range(K)]
    return math.fsum(share * mean for share, mean in zip(softmax(row[:K]), means, strict=True))


def soft_target(b: Batch, y: float, smoothing: float) -> list[float]:
    spread = smoothing * (b.edges[-1] - b.edges[0]) / K
    below = [(1 + math.erf((edge - y) / spread / math.sqrt(2))) / 2 for edge in b.edges]
    return [(high - low) / (below[-1] - below[0]) for low, high in pairwise(below)]


def smoothed(b: Batch, law: np.ndarray, smoothing: float, points: int = 2000) -> list[float]:
    """Mean soft target of a law that is uniform within classes, by the midpoint rule."""
    total = [0.0] * K
    for c in range(K):
        width = b.edges[c + 1] - b.edges[c]
        for i in range(points):
            target = soft_target(b, b.edges[c] + width * (i + 0.5) / points, smoothing)
            for k in range(K):
                total[k] += law[c] * target[k] / points
    return total


def soft_loss(smoothing: float, corrected: bool) -> Loop:
    def loss(b: Batch, row: np.ndarray, y: float, noise: float) -> float:
        if smoothing == 0:
            return entropy(b, row, y, corrected)
        shift = [0.0] * K
        if corrected:
            pairs = zip(smoothed(b, b.p, smoothing, 200), smoothed(b, b.q, smoothing, 200), strict=True)
            shift = [math.log(p / q) for p, q in pairs]
        shares = softmax([z + s for z, s in zip(row, shift, strict=True)])
        return -math.fsum(t * math.log(s) for t, s in zip(soft_target(b, y, smoothing), shares, strict=True))

    return loss


def soft_predict(b: Batch, row: np.ndarray) -> float:
    return math.fsum(s * c for s, c in zip(softmax(row), b.centres, strict=True))


def classes_loss(scale: float, corrected: bool) -> Loop:
    return lambda b, row, y, noise: scale * (row[0] - y) ** 2 + entropy(b, row[1:], y, corrected)


def normal(value: float, mean: float, variance: float) -> float:
    return math.exp(-((value - mean) ** 2) / (2 * variance)) / math.sqrt(2 * math.pi * variance)


def batch_loss(b: Batch, f: float, y: float, noise: float) -> float:
    return -math.log(normal(y, f, noise**2) / (math.fsum(normal(f, v, noise**2) for v in b.y) / len(b.y)))


def bins_loss(b: Batch, f: float, y: float, noise: float) -> float:
    mass = math.fsum(p * normal(f, c, noise**2) for p, c in zip(b.p, b.centres, strict=True))
    return -math.log(normal(y, f, noise**2) / mass)


def mixture_loss(b: Batch, f: float, y: float, noise: float) -> float:
    parts = zip(b.p, b.centres, b.q + 0.1, strict=True)
    mass = math.fsum(w * normal(f, m, v**2 + noise**2) for w, m, v in parts)
    return -math.log(normal(y, f, noise**2) / mass)


def laws(b: Batch) -> tuple[np.ndarray, ...]:
    return b.edges, b.p, b.q


CASES = [
    *(
        Case("WithinClassRegression", laws, 2 * K, within_loss(c), within_predict, {"corrected": c})
        for c in (True, False)
    ),
    *(
        Case("HLGauss", laws, K, soft_loss(s, c), soft_predict, {"smoothing": s, "corrected": c})
        for s, c in ((0.75, True), (0.75, False), (0.0, True))
    ),
    *(
        Case(
            "RegressionWithClasses",
            laws,
            1 + K,
            classes_loss(3.5, c),
            lambda b, row: float(row[0]),
            {"scale": 3.5, "corrected": c},
        )
        for c in (False, True)
    ),
    Case("BalancedMSEBatch", lambda b: (), 0, batch_loss),
    Case("BalancedMSEBins", lambda b: (b.edges, b.p), 0, bins_loss),
    Case("BalancedMSEMixture", lambda b: (b.p, b.centres, b.q + 0.1), 0, mixture_loss),
]


def tolerance(case: Case, b: Batch) -> float:
    """Of the loops against a framework in double precision.

    Rounding: some 64 operations a class on numbers below 64 / s^2. Soft masses by 200 midpoints: a quarter of what 100 of them differ from it (h^2 law).
    """
    rounding = 64 * 64 * K * np.finfo(np.float64).eps * max(1.0, 1 / b.noise**2)
    if case.name != "HLGauss" or not case.options["corrected"] or case.options["smoothing"] == 0:
        return rounding
    change = 0.0
    for law in (b.p, b.q):
        coarse, fine = (smoothed(b, law, case.options["smoothing"], n) for n in (100, 200))
        change = max(change, *(abs(math.log(c / f)) for c, f in zip(coarse, fine, strict=True)))
    return rounding + 2 * 2 * change


BAD_CLASSES: list[tuple[str, dict[str, Any], str]] = [
    ("one class", {"edges": [0.0, 1.0], "p": [1.0], "q": [1.0]}, "at least two classes"),
    ("edges that fall", {"edges": [0.0, 2.0, 1.0]}, "not finite and increasing"),
    ("equal edges", {"edges": [0.0, 1.0, 1.0]}, "not finite and increasing"),
    ("an edge that is NaN", {"edges": [0.0, math.nan, 1.0]}, "not finite and increasing"),
    ("edges (K, 1)", {"edges": [[0.0], [1.0], [2.0]]}, "one dimension"),
    ("too many masses", {"p": [0.2, 0.3, 0.5]}, "3 masses p for 3 edges"),
    ("counts", {"p": [20, 80]}, "no law"),
    ("a negative mass", {"q": [-0.5, 1.5]}, "no law"),
    ("a mass that is NaN", {"p": [math.nan, 1.0]}, "no law"),
    ("a class without training labels", {"p": [1.0, 0.0]}, "class 1, from 1 to 2, has no training labels"),
    ("a class without target mass", {"q": [0.0, 1.0]}, "class 0, from 0 to 1, has no target mass"),
]
"""Constructor arguments that differ from edges 0, 1, 2, p (.75, .25), q (.5, .5), and what is said."""

GOOD_CLASSES: dict[str, Any] = {"edges": [0.0, 1.0, 2.0], "p": [0.75, 0.25], "q": [0.5, 0.5]}

BAD_LABELS: list[tuple[str, Callable[[np.ndarray], np.ndarray], str]] = [
    ("(n, 1)", lambda y: y[:, None], r"labels of shape \(4, 1\) for predictions of shape \(4,\): .*squeeze"),
    ("(n - 1,)", lambda y: y[:-1], r"labels of shape \(3,\)"),
    ("a scalar", lambda y: y[0], r"labels of shape \(\)"),
    ("NaN", lambda y: np.where(np.arange(4) == 2, np.nan, y), "1 labels are .*first in row 2"),
    ("infinite", lambda y: np.where(np.arange(4) == 1, np.inf, y), "1 labels are .*first in row 1"),
]
"""Labels made from good ones (4,), and what is said."""
