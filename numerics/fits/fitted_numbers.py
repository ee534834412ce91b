"""What the fits hand back: plain records, nothing heavy imported."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from numerics.fits.decoded import Decoded

Correction = Literal["divide", "dropped", "inverted"]
TrainUnder = Literal["p", "q"]


@dataclass(frozen=True)
class Options:
    """How the models are fitted. The defaults are the true version; the last four fields make the wrong versions that checks must reject.

    Attributes:
      draws: n, pairs (x, y) from p that one repetition trains on; even.
      test_draws: fresh pairs from each world on which a fitted model's risk is measured by label.
      ridge: mu of the penalty (mu/2)|theta|^2 on the heads' weights, on the scale of a mean log-loss.
      tolerance: gradient norm (in the whitened coordinates of training) at which training stops.
      correction: `divide` multiplies the class posterior by q_c/p_c (the logit adjustment), `dropped` leaves it, `inverted` multiplies by p_c/q_c.
      train_under: the world that training pairs come from.
      edge_shift: classes of the training labels are cut this fraction of a class too far to the right.
    """

    draws: int = 1 << 20
    test_draws: int = 1 << 18
    ridge: float = 1e-9
    tolerance: float = 1e-8
    correction: Correction = "divide"
    train_under: TrainUnder = "p"
    edge_shift: float = 0.0


@dataclass(frozen=True)
class Fitted:
    """One number of fitted models, over independent repetitions.

    Attributes:
      name: see `Fits`.
      values: one for each repetition, shape (seeds,); free of the 1/n bias where `bias` is given.
      predicted: the same number at the population optimum of exactly this model family, by quadrature and a Newton fit; where the prediction
        depends on the fitted model (`risk` terms), the mean over repetitions of the exact number for each repetition's own model.
      exact: the number of the theory with unlimited capacity, by this package's own quadrature; nan where the theory has none.
      classes: K, where there is one.
      differences: `values` minus the prediction of the same repetition, shape (seeds,).
      bias: mean over repetitions of the 1/n bias that the half-samples jackknife estimates and removes; what a model trained on n pairs pays on
        average above `predicted`.
      optimisation: a bound, to first order, of what stopping early changes.
      remainder: size of the 1/n^2 term that the jackknife leaves, by the multinomial expansion.
      draws: n.
    """

    name: str
    values: tuple[float, ...]
    predicted: float
    exact: float
    classes: int | None = None
    differences: tuple[float, ...] = ()
    bias: float = 0.0
    optimisation: float = 0.0
    remainder: float = 0.0
    draws: int = 0

    @property
    def mean(self) -> float:
        """Mean over repetitions."""
        return math.fsum(self.values) / len(self.values)

    @property
    def standard_error(self) -> float:
        """Of the mean distance to the prediction: the sample standard deviation of `differences` over the root of their number."""
        number = len(self.differences)
        centre = math.fsum(self.differences) / number
        return math.sqrt(math.fsum((value - centre) ** 2 for value in self.differences) / (number - 1) / number)

    @property
    def raw_mean(self) -> float:
        """What models trained on n pairs score on average, the 1/n bias left in."""
        return self.mean + self.bias

    @property
    def representation_gap(self) -> float:
        """`predicted - exact`: what the model family cannot represent, and cells of finite width. Negative where the loss favours the approximation."""
        return self.predicted - self.exact

    @property
    def training_gap(self) -> float:
        """What training on n pairs, stopped early, adds to `predicted`: bias, optimisation and remainder, in absolute value."""
        return abs(self.bias) + self.optimisation + self.remainder


@dataclass(frozen=True)
class Fits:
    """All fitted numbers of one run.

    Names, each evaluated under q (log-losses in nats, squared errors in squared label units):

    - `extra_term`: E_q[log q(y|x) - log phat(y|x)] of the regressor trained under p (theory: the price);
    - `class_excess`, `within_excess` for each K: its parts by the chain rule, class network and within-class regressor (class_part, within_part);
    - `plain_excess` for each K: the joint model of both, no correction (again the price);
    - `corrected_excess` for each K: class posterior corrected for the prior (corrected excess, at most W);
    - `squared_error`, and `corrected_squared_error` for each K: E_q(fhat - f_q)^2 of the means of these models;
    - `histogram_squared_error`: the Bayes predictor of the p world by histogram regression;
    - `linear_squared_error`, `ridge_squared_error`: least squares under p, in closed form; `linear_readout_gap`, `ridge_readout_gap`: E_q of the
      squared distance to the same least squares under q;
    - `imbalanced_risk`, `balanced_risk`, and `between`, `within` for each K: the risk decomposition of the ridge fit, measured on fresh samples by label, class
      errors weighted with the law's class masses, so that the terms add up to the balanced risk within sampling error only.

    Attributes:
      quantities: in this order, those that the world admits.
      notes: words for what was not fitted, by name (or `name K`).
      seeds: number of repetitions.
      seed: the integer all keys are made from.
      options: how it was done.
      decoded: numbers of each repetition's class network, by K.
    """

    quantities: tuple[Fitted, ...]
    notes: Mapping[str, str]
    seeds: int
    seed: int
    options: Options
    decoded: Mapping[int, tuple[Decoded, ...]] = field(default_factory=dict)

    def find(self, name: str, classes: int | None = None) -> Fitted | None:
        """The quantity of that name (and K), or None where the world does not admit it; `note` then says why."""
        for entry in self.quantities:
            if entry.name == name and entry.classes == classes:
                return entry
        return None

    def note(self, name: str, classes: int | None = None) -> str:
        """Why a quantity is missing, in words; empty where nothing is known."""
        return self.notes.get(f"{name} {classes}") or self.notes.get(name) or self.notes.get("all", "")
