"""The label law of the training data against that of the score, stretch by stretch.

A score that balances labels averages errors over stretches of the label; so the ratio `r = p/q` is taken constant on each stretch, which is exact
for that score and needs no smoothing. Twenty equal stretches by default, or one for each label where there are no more than so many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unskew.ground.refusals import InputError
from unskew.label_files.column import column_of
from unskew.smoother import chunks

STRETCHES = 20
MOST_STRETCHES = 1000
OUTSIDE = 0.01
"""Share of labels beyond the training labels that is taken into the end stretches; more is refused."""


@dataclass(frozen=True)
class Masses:
    """A label law on stretches.

    Attributes:
      edges: (S + 1,), increasing, label units.
      masses: (S,), non-negative.
    """

    edges: np.ndarray
    masses: np.ndarray


Target = str | Sequence[float] | np.ndarray | Callable[[np.ndarray], np.ndarray] | Masses


class LabelShift:
    """Training labels, and the label law under which the model is scored.

    Args:
      y_train: labels that the model was trained on, (n,).
      target: `"uniform"` on the stretches that hold training labels; or labels of the target; or a density of labels, up to a factor; or `Masses`.
      support: ends of the label interval; by default the least and largest training label.
      stretches: into how many equal stretches the interval is cut.

    Attributes:
      edges: of the stretches, (S + 1,), label units; stretch s is [edges[s], edges[s+1]), the last one closed.
      p: share of the training labels in each stretch, (S,).
      q: the target's mass of each stretch, (S,).
      n: number of training labels.
      empty: stretches without training labels, which the uniform target leaves out.

    Raises:
      InputError: labels that are no law, or a target with mass where there is no training label: what the model never saw cannot be corrected.

    Source: results `tilt`, `price`, `sample_size`.
    """

    def __init__(
        self,
        y_train: Any,
        target: Target = "uniform",
        *,
        support: tuple[float, float] | None = None,
        stretches: int = STRETCHES,
    ) -> None:
        y = column_of(y_train, "y_train").cells
        if not 2 <= stretches <= MOST_STRETCHES:
            raise InputError(f"{stretches} stretches", f"take 2 to {MOST_STRETCHES}")
        self.edges = _edges(y, support, stretches)
        counts = np.bincount(self.stretch_of(y), minlength=len(self.edges) - 1)
        self.n = len(y)
        self.p = counts / len(y)
        self.empty = np.flatnonzero(counts == 0)
        self.q = _masses(self.edges, counts, target, support is not None)

    @property
    def stretches(self) -> int:
        """S."""
        return len(self.p)

    @property
    def words(self) -> list[str]:
        """Each stretch by its ends."""
        return [f"{low:.4g} to {high:.4g}" for low, high in zip(self.edges[:-1], self.edges[1:], strict=True)]

    @property
    def kl(self) -> float:
        """KL(q_y||p_y) of the stretches, nats: the most that imbalance can cost in log-loss (result `price`)."""
        inside = self.q > 0
        return max(0.0, float(np.sum(self.q[inside] * np.log(self.q[inside] / self.p[inside]))))

    @property
    def effective_sample_size(self) -> float:
        """n/(1 + chi^2(q_y||p_y)): how many balanced labels these are worth (result `sample_size`)."""
        return self.n / float(np.sum(self.q * self.inverse))

    @property
    def inverse(self) -> np.ndarray:
        """1/r = q/p on each stretch, (S,); 0 where there are neither training labels nor target mass."""
        return np.divide(self.q, self.p, out=np.zeros(len(self.p)), where=self.p > 0)

    def stretch_of(self, y: Any) -> np.ndarray:
        """The stretch of each label, (n,) integers; labels beyond the ends belong to the end stretches.

        Raises:
          InputError: more than a share `OUTSIDE` of them lie beyond the ends.
        """
        labels = column_of(y, "labels").cells
        least, largest = float(self.edges[0]), float(self.edges[-1])
        numbers, beyond = np.empty(len(labels), np.int16), 0
        for rows in chunks(len(labels)):
            numbers[rows] = place(self.edges, labels[rows])
            beyond += int(np.count_nonzero((labels[rows] < least) | (labels[rows] > largest)))
        if beyond > OUTSIDE * len(labels):
            raise InputError(
                f"{beyond} of {len(labels)} labels lie outside the training labels, {least:g} to {largest:g}",
                "give the labels that the model was trained on, or leave out those rows",
            )
        return numbers

    def weights(self, y: Any) -> np.ndarray:
        """1/r(y) = q/p of each label, (n,): under these weights training data stand for the target."""
        return self.inverse[self.stretch_of(y)]

    def ratio(self, y: Any) -> np.ndarray:
        """r(y) = p/q of each label, (n,); infinite where the target has no mass."""
        with np.errstate(divide="ignore"):
            return 1 / self.weights(y)

    def masses(self, edges: Any) -> tuple[np.ndarray, np.ndarray]:
        """(q_c, p_c), (K,) each, of classes of labels, both laws taken even within a stretch.

        Args:
          edges: (K + 1,), increasing; labels beyond the ends belong to the end classes.
        """
        class_edges = checked_edges(edges)
        inner = np.concatenate([[self.edges[0]], class_edges[1:-1], [self.edges[-1]]])
        q, p = (
            np.diff(np.interp(inner, self.edges, np.concatenate([[0.0], np.cumsum(law)]))) for law in (self.q, self.p)
        )
        return q, p

    def log_adjustment(self, edges: Any) -> np.ndarray:
        """log p_c - log q_c, (K,): what is added to class logits in training so that they are right for the target (result `offset`).

        Raises:
          InputError: a class that one of the laws does not know.
        """
        q, p = self.masses(edges)
        if not (np.all(q > 0) and np.all(p > 0)):
            number = int(np.argmin(np.minimum(q, p)))
            raise InputError(
                f"class {number} from {edges[number]:g} to {edges[number + 1]:g} has no {'training' if p[number] <= 0 else 'target'} labels",
                "join it with a neighbour, or take edges from unskew.Classes.fit",
            )
        return np.log(p) - np.log(q)


def place(edges: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The stretch of each label, (n,); beyond the ends the end ones."""
    count = len(edges) - 1
    # Equal stretches are found by a product; a search puts right the labels that rounding leaves next to an edge.
    scale = count / (edges[-1] - edges[0])
    if np.allclose(np.diff(edges) * scale, 1, rtol=0, atol=1e-9):
        numbers = np.clip((y - edges[0]) * scale, 0, count - 1).astype(np.int64)
        low, high = edges[numbers], edges[numbers + 1]
        numbers -= (y < low) & (numbers > 0)
        numbers += (y >= high) & (numbers < count - 1)
        return numbers
    return np.searchsorted(edges[1:-1], y, side="right")


def checked_edges(edges: Any) -> np.ndarray:
    """Edges as doubles.

    Raises:
      InputError: fewer than three, or they do not increase.
    """
    values = np.asarray(edges, np.float64)
    if values.ndim != 1 or len(values) < 2:
        raise InputError(f"edges of shape {values.shape}", "give K + 1 increasing numbers")
    if not np.isfinite(values).all() or not np.all(np.diff(values) > 0):
        raise InputError("edges that do not increase", "give K + 1 increasing numbers")
    return values


def _edges(y: np.ndarray, support: tuple[float, float] | None, stretches: int) -> np.ndarray:
    """The ends of the stretches."""
    if len(y) < 2:
        raise InputError(f"{len(y)} training labels", "give at least two")
    least, largest = float(y.min()), float(y.max())
    if not (np.isfinite(least) and np.isfinite(largest)):
        raise InputError("infinite training labels", "take them out")
    if least == largest:
        raise InputError(f"{len(y)} training labels that all equal {least:g}", "give labels that differ")
    if largest - least < 1e-12 * max(abs(least), abs(largest)):
        raise InputError(f"training labels from {least:g} to {largest:g}", "shift them to fit in double precision")
    if support is not None:
        lower, upper = float(support[0]), float(support[1])
        if not lower < upper:
            raise InputError(f"support {lower:g} {upper:g}", "give the lower end first, the upper end second")
        if least < lower or largest > upper:
            raise InputError(
                f"training labels from {least:g} to {largest:g} outside the support {lower:g} {upper:g}",
                "give a support that covers them",
            )
        return np.linspace(lower, upper, stretches + 1)
    points = _few(y, stretches)
    if points is None:
        return np.linspace(least, largest, stretches + 1)
    return np.concatenate([[least], (points[1:] + points[:-1]) / 2, [largest]])


def _few(y: np.ndarray, most: int) -> np.ndarray | None:
    """The distinct labels where there are at most so many; found by taking the least away again and again, which needs no sorting."""
    points: list[float] = []
    rest = y
    if len(np.unique(y[: 10 * most])) > most:
        return None
    while len(rest):
        points.append(float(rest.min()))
        rest = rest[rest > points[-1]]
        if len(points) > most:
            return None
    return np.array(points)


def _masses(edges: np.ndarray, counts: np.ndarray, target: Target, explicit: bool) -> np.ndarray:
    """The target's masses on the stretches."""
    count = len(counts)
    if isinstance(target, str):
        if target != "uniform":
            raise InputError(f"target {target!r}", "give 'uniform', labels, a density or unskew.Masses")
        q = np.ones(count) if explicit else (counts > 0).astype(float)
    elif isinstance(target, Masses):
        law_edges = checked_edges(target.edges)
        masses = np.asarray(target.masses, float)
        if masses.shape != (len(law_edges) - 1,):
            raise InputError(f"{masses.shape} masses for {len(law_edges) - 1} stretches", "give one mass a stretch")
        if not np.isfinite(masses).all() or masses.min() < 0 or not masses.sum() > 0:
            raise InputError("target masses that are negative, infinite or all zero", "give masses of a law")
        q = np.diff(np.interp(edges, law_edges, np.concatenate([[0.0], np.cumsum(masses)])))
        outside = masses.sum() - q.sum()
        if outside > OUTSIDE * masses.sum():
            raise InputError(
                f"{100 * outside / masses.sum():.2g} % of the target lie outside the training labels",
                "give masses on the training labels' range",
            )
    elif callable(target):
        points, weights = np.polynomial.legendre.leggauss(16)
        at = (edges[1:] + edges[:-1])[:, None] / 2 + np.diff(edges)[:, None] / 2 * points
        with np.errstate(all="ignore"):
            values = np.broadcast_to(np.asarray(target(at.ravel()), float), at.size).reshape(at.shape)
        if not np.isfinite(values).all() or values.min() < 0 or not values.max() > 0:
            raise InputError("the target density is negative, infinite or zero", "give one that is positive")
        q = values @ weights * np.diff(edges)
    else:
        labels = column_of(target, "target labels").cells
        beyond = int(np.count_nonzero((labels < edges[0]) | (labels > edges[-1])))
        if not len(labels) or beyond > OUTSIDE * len(labels):
            raise InputError(
                f"{beyond} of {len(labels)} target labels lie outside the training labels, {edges[0]:g} to {edges[-1]:g}",
                "leave them out: what was never trained on cannot be corrected",
            )
        q = np.bincount(place(edges, labels), minlength=count).astype(float)
    q = q / q.sum()
    bare = np.flatnonzero((q > 0) & (counts == 0))
    if len(bare):
        low, high = edges[bare[0]], edges[bare[0] + 1]
        raise InputError(
            f"{100 * q[bare].sum():.3g} % of the target lie where there are no training labels ({low:.4g} to {high:.4g})",
            "collect labels there, or leave that stretch out of the target",
        )
    return q
