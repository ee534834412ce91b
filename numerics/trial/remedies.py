"""The remedies of the trial as data: the loss that each trains and how it is read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

import unskew.jax as heads

Array = np.ndarray
Weights = Literal["none", "inverse", "root"]


@dataclass(frozen=True)
class Law:
    """Classes of one split in standardised labels: edges (K + 1,), shares of the training labels and of the target (K,)."""

    edges: Array
    p: Array
    q: Array


@dataclass(frozen=True)
class Remedy:
    """One way to train.

    Attributes:
      name: as the report says it.
      make: the head from the classes of a split, and from fine ones; None for squared error on one output.
      fine: whether `make` takes the fine classes.
      weights: of the training rows.
      noise: the loss takes a trained noise.
    """

    name: str
    make: Callable[[Law], Any] | None = None
    fine: bool = False
    weights: Weights = "none"
    noise: bool = False

    def outputs(self, head: Any) -> int:
        """Numbers that the network gives a row."""
        return head.outputs if self.make is not None and not self.noise else 1

    def loss(self, head: Any, outputs: Any, y: Any, log_noise: Any) -> Any:
        """(n, o) and (n,) to (n,)."""
        if self.make is None:
            return (outputs[:, 0] - y) ** 2
        return head.loss(outputs[:, 0], y, log_noise) if self.noise else head.loss(outputs, y)

    def predict(self, head: Any, outputs: Any) -> Any:
        """(n, o) to (n,)."""
        return outputs[:, 0] if self.make is None or self.noise else head.predict(outputs)


BASE = Remedy("squared error")
REMEDIES = (
    BASE,
    Remedy("weights 1/r", weights="inverse"),
    Remedy("root weights", weights="root"),
    Remedy("squared error + plain classes", lambda law: heads.RegressionWithClasses(law.edges, law.p, law.q)),
    Remedy("Balanced MSE (bins)", lambda law: heads.BalancedMSEBins(law.edges, law.p), fine=True, noise=True),
    Remedy("HL-Gauss, corrected", lambda law: heads.HLGauss(law.edges, law.p, law.q), fine=True),
    Remedy(
        "within-class regression, plain",
        lambda law: heads.WithinClassRegression(law.edges, law.p, law.q, corrected=False),
    ),
    Remedy("within-class regression, corrected", lambda law: heads.WithinClassRegression(law.edges, law.p, law.q)),
)
RECALIBRATED = "squared error, recalibrated"
"""Nothing trained: the base's predictions through a map fitted to validation rows (result *recalibration*)."""
