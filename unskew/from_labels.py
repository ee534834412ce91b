"""What labels alone say: how imbalanced they are, what that can cost at most, and which classes a new training should have."""

from __future__ import annotations

from dataclasses import dataclass

from unskew import channel, class_edges
from unskew.cells import Cells
from unskew.channel import Prediction
from unskew.classes import Classes, choose
from unskew.imbalance import Imbalance, imbalance

NOISES = tuple(2.0**-step for step in range(8, -2, -1))
"""As shares of the label range: what the cost is looked up over where the noise is not known."""


@dataclass(frozen=True)
class LabelAnswer:
    """The answer for labels alone.

    Attributes:
      cells, imbalance: the labels.
      predictions: what a Gaussian channel makes of them with the chosen classes, over noises; at the stated one alone where there is one.
      noise: as stated, or None.
      classes: for squared error, at the stated noise (else by W and the cost of the class masses).
      bound: `(D^2/2) KL(q_y||p_y)`, squared label units, what no channel exceeds (result `squared_error`).
      penalty: nats that estimating the class masses costs.
    """

    cells: Cells
    imbalance: Imbalance
    predictions: tuple[Prediction, ...]
    noise: float | None
    classes: Classes
    bound: float
    penalty: float

    @property
    def most(self) -> Prediction:
        """The prediction with the largest price."""
        return max(self.predictions, key=lambda one: one.squared_price)


def answer(cells: Cells, noise: float | None) -> LabelAnswer:
    """Looks at labels alone."""
    numbers = imbalance(cells)
    classes = choose(cells, noise, "squared", None, None)
    places = cells.edges.searchsorted(classes.edges)
    edges = tuple(int(place) for place in places)
    noises = [noise] if noise is not None else [share * cells.length for share in NOISES]
    seen = [one for one in noises if one >= channel.least_noise(cells)] or [channel.least_noise(cells)]
    predictions = tuple(channel.predict(cells, [edges], one) for one in seen)
    bound = cells.length**2 / 2 * numbers.kl
    return LabelAnswer(cells, numbers, predictions, noise, classes, bound, class_edges.penalty(cells, edges))
