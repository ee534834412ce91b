"""Class probabilities corrected for the label law: divided by `r` and normalised (results `offset`, `predictions`)."""

from __future__ import annotations

from typing import Any

import numpy as np

from unskew.ground.refusals import InputError
from unskew.shift import LabelShift, checked_edges

SLACK = 1e-3
"""By which a row of probabilities may miss one: single precision and a few rounded digits."""


class PriorCorrection:
    """Divides class probabilities by the ratio of label laws.

    Args:
      shift: training labels and target.
      edges: of the classes that the probabilities speak of, (K + 1,), increasing, label units.

    Attributes:
      centres: middles of the classes, (K,): what a class is decoded to.
      inverse: q_c/p_c, (K,); 0 for a class that neither law knows.

    Raises:
      InputError: edges that do not increase or lie outside the training labels.

    Source: results `predictions`, `transfer`, `absolute_error`.
    """

    def __init__(self, shift: LabelShift, edges: Any) -> None:
        if edges is None:
            raise InputError("probabilities without edges", "give the K + 1 edges of their classes")
        self.edges = checked_edges(edges)
        if self.edges[0] >= shift.edges[-1] or self.edges[-1] <= shift.edges[0]:
            raise InputError(
                f"edges from {self.edges[0]:g} to {self.edges[-1]:g}, training labels from {shift.edges[0]:g} to {shift.edges[-1]:g}",
                "give edges in the unit of the labels",
            )
        self.centres = (self.edges[1:] + self.edges[:-1]) / 2
        q, p = shift.masses(self.edges)
        self.inverse = np.divide(q, p, out=np.zeros(len(p)), where=p > 0)

    def transform(self, probabilities: Any) -> np.ndarray:
        """Corrected probabilities, (n, K), rows that sum to one.

        Raises:
          InputError: rows that are no probabilities for these classes, or that lie on classes without target mass alone.
        """
        rows = rows_of(probabilities, self.edges) * self.inverse
        total = rows.sum(axis=1, keepdims=True)
        if not total.min() > 0:
            raise InputError(
                f"row {int(np.argmin(total))} has all its probability where the target has none",
                "leave that row out, or give a target that covers it",
            )
        return rows / total

    def mean(self, probabilities: Any) -> np.ndarray:
        """The corrected mean, (n,), label units: least squared error."""
        return self.transform(probabilities) @ self.centres

    def median(self, probabilities: Any) -> np.ndarray:
        """The corrected median, (n,), label units: least absolute error, the median of `p(y|x)/r` (result `absolute_error`)."""
        return medians(self.transform(probabilities), self.edges)

    def decode(self, probabilities: Any) -> np.ndarray:
        """The mean without the correction, (n,)."""
        return rows_of(probabilities, self.edges) @ self.centres


def medians(probabilities: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The median of each row, (n,), probability taken even within a class."""
    above = np.cumsum(probabilities, axis=1)
    half = above[:, -1] / 2
    number = np.argmax(above >= half[:, None], axis=1)
    rows = np.arange(len(half))
    inside = probabilities[rows, number]
    below = above[rows, number] - inside
    share = np.divide(half - below, inside, out=np.full(len(half), 0.5), where=inside > 0)
    return edges[number] + np.clip(share, 0, 1) * (edges[number + 1] - edges[number])


def rows_of(probabilities: Any, edges: np.ndarray) -> np.ndarray:
    """Probabilities as doubles, (n, K), each row normalised to the last digit.

    Raises:
      InputError: another shape, nan, logits or log-probabilities given as probabilities, rows that do not sum to one.
    """
    rows = np.asarray(probabilities)
    classes = len(edges) - 1
    if rows.ndim != 2 or rows.dtype.kind not in "iuf":
        raise InputError(f"probabilities of shape {rows.shape}, {rows.dtype}", "give one row of numbers for each label")
    if rows.shape[1] != classes:
        raise InputError(
            f"{rows.shape[1]} probabilities a row and {len(edges)} edges",
            f"{rows.shape[1]} classes have {rows.shape[1] + 1} edges",
        )
    rows = rows.astype(np.float64)
    if not len(rows) or not np.isfinite(rows).all():
        raise InputError("probabilities with nan or infinite values, or none", "leave those rows out")
    if rows.min() < 0 or rows.max() > 1 + SLACK:
        raise InputError(
            f"probabilities from {rows.min():.3g} to {rows.max():.3g}",
            "these look like logits or log-probabilities: apply softmax (or exp) first",
        )
    total = rows.sum(axis=1)
    worst = int(np.argmax(np.abs(total - 1)))
    if abs(total[worst] - 1) > SLACK:
        raise InputError(f"row {worst} of the probabilities sums to {total[worst]:.4g}", "normalise the rows to one")
    return rows / total[:, None]
