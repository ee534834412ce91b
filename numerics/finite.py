"""The first seven results on finite alphabets, by their definitions, in plain loops.

Independent of `numerics.posterior.quantities` on purpose: property tests set random finite worlds against the theory with this module, and worlds of atoms
against quadrature. Sums are `math.fsum`, so that an identity fails only where it is false.

Labels are indexed by i (q_i, p_i, y_i), inputs by j, the channel is `k[i, j] = k(x_j|y_i)`, bins are tuples of label indices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

Bins = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class FiniteWorld:
    """Two label laws, one channel, a partition.

    Attributes:
      q, p: label masses, shape (n,), each summing to 1; q positive.
      k: channel, shape (n, m), rows summing to 1.
      y: label values, shape (n,).
      bins: a partition of range(n).

    Raises:
      ValueError: shapes do not fit, a mass is negative, q vanishes somewhere, or the bins are no partition.
    """

    q: np.ndarray
    p: np.ndarray
    k: np.ndarray
    y: np.ndarray
    bins: Bins

    def __post_init__(self) -> None:
        n = len(self.q)
        if not (self.p.shape == self.y.shape == self.q.shape == (n,) and self.k.shape[0] == n):
            raise ValueError("shapes do not fit")
        if np.any(self.q <= 0) or np.any(self.p < 0) or np.any(self.k < 0):
            raise ValueError("q must be positive, p and k not negative")
        if sorted(i for members in self.bins for i in members) != list(range(n)):
            raise ValueError("bins must partition the labels")

    @property
    def labels(self) -> range:
        """Label indices."""
        return range(len(self.q))

    @cached_property
    def inputs(self) -> list[int]:
        """Inputs that occur under q."""
        return [j for j in range(self.k.shape[1]) if any(self.k[i, j] > 0 for i in self.labels)]

    @cached_property
    def bin_of(self) -> list[int]:
        """The bin of each label."""
        owner = {i: c for c, members in enumerate(self.bins) for i in members}
        return [owner[i] for i in self.labels]

    def input_law(self, prior: Sequence[float] | np.ndarray) -> list[float]:
        """Masses of the inputs (all m of them) when labels follow `prior`, which need not sum to 1."""
        return [math.fsum(prior[i] * self.k[i, j] for i in self.labels) for j in range(self.k.shape[1])]

    def posterior(self, prior: Sequence[float] | np.ndarray, j: int) -> list[float]:
        """Label masses given input j; nan where the input never occurs."""
        joint = [prior[i] * self.k[i, j] for i in self.labels]
        total = math.fsum(joint)
        return [value / total if total > 0 else math.nan for value in joint]

    def bin_masses(self, masses: Sequence[float] | np.ndarray) -> list[float]:
        """Sums over bins."""
        return [math.fsum(masses[i] for i in members) for members in self.bins]

    @cached_property
    def balanced(self) -> list[float]:
        """Masses of the inputs under q."""
        return self.input_law(self.q)

    @cached_property
    def corrected_prior(self) -> list[float]:
        """phat(y) = q_c p(y|c); nan in a bin that p never samples."""
        q_bins, p_bins = self.bin_masses(self.q), self.bin_masses(self.p)
        return [
            q_bins[c] * self.p[i] / p_bins[c] if p_bins[c] > 0 else math.nan
            for i, c in zip(self.labels, self.bin_of, strict=True)
        ]

    def average(self, function: Callable[[int], float]) -> float:
        """E_{q(x)} of a function of the input's index."""
        return math.fsum(self.balanced[j] * function(j) for j in self.inputs if self.balanced[j] > 0)


def divergence(first: Iterable[float], second: Iterable[float]) -> float:
    """KL of two mass vectors in nats, 0 log 0 = 0, infinite where the second vanishes and the first does not."""
    terms = []
    for a, b in zip(first, second, strict=True):
        if a > 0:
            if not b > 0:
                return math.nan if math.isnan(b) else math.inf
            terms.append(a * (math.log(a) - math.log(b)))
    return math.fsum(terms)


def extra_error(here: FiniteWorld, i: int, j: int) -> float:
    """Delta(x_j, y_i) = log Z(x) - l(y), from the two posteriors' definition of Z."""
    z = here.input_law(here.p)[j] / here.balanced[j]
    return math.log(z) - math.log(here.p[i] / here.q[i])


def kl_labels(here: FiniteWorld) -> float:
    """KL(q_y||p_y)."""
    return divergence(here.q, here.p)


def kl_inputs(here: FiniteWorld) -> float:
    """KL(q_x||p_x)."""
    return divergence(here.balanced, here.input_law(here.p))


def price(here: FiniteWorld) -> float:
    """E_{q(x)} KL(q(y|x)||p(y|x))."""
    return here.average(lambda j: divergence(here.posterior(here.q, j), here.posterior(here.p, j)))


def training_extra(here: FiniteWorld) -> float:
    """E_p Delta = -E_{p(x)} KL(p(y|x)||q(y|x))."""
    masses = here.input_law(here.p)
    return -math.fsum(
        masses[j] * divergence(here.posterior(here.p, j), here.posterior(here.q, j))
        for j in here.inputs
        if masses[j] > 0
    )


def class_part(here: FiniteWorld) -> float:
    """E_q KL(q(c|x)||p(c|x))."""
    return here.average(
        lambda j: divergence(here.bin_masses(here.posterior(here.q, j)), here.bin_masses(here.posterior(here.p, j)))
    )


def within_part(here: FiniteWorld) -> float:
    """E_q KL(q(y|x,c)||p(y|x,c))."""

    def inner(j: int) -> float:
        q_given, p_given = here.posterior(here.q, j), here.posterior(here.p, j)
        total = []
        for members, q_bin, p_bin in zip(here.bins, here.bin_masses(q_given), here.bin_masses(p_given), strict=True):
            if q_bin > 0:
                if not p_bin > 0:
                    return math.nan
                total.append(
                    q_bin * divergence([q_given[i] / q_bin for i in members], [p_given[i] / p_bin for i in members])
                )
        return math.fsum(total)

    return here.average(inner)


def remainder(here: FiniteWorld) -> float:
    """W = sum_c q_c KL(q_{y|c}||p_{y|c})."""
    total = []
    for members, q_bin, p_bin in zip(here.bins, here.bin_masses(here.q), here.bin_masses(here.p), strict=True):
        if not p_bin > 0:
            return math.nan
        total.append(q_bin * divergence([here.q[i] / q_bin for i in members], [here.p[i] / p_bin for i in members]))
    return math.fsum(total)


def kl_classes(here: FiniteWorld) -> float:
    """KL(q_C||p_C)."""
    return divergence(here.bin_masses(here.q), here.bin_masses(here.p))


def kl_inputs_within(here: FiniteWorld) -> float:
    """sum_c q_c KL(q_{x|c}||p_{x|c})."""
    total = []
    for members, q_bin, p_bin in zip(here.bins, here.bin_masses(here.q), here.bin_masses(here.p), strict=True):
        if not p_bin > 0:
            return math.nan
        inside = set(members)
        q_x = here.input_law([here.q[i] / q_bin if i in inside else 0.0 for i in here.labels])
        p_x = here.input_law([here.p[i] / p_bin if i in inside else 0.0 for i in here.labels])
        total.append(q_bin * divergence(q_x, p_x))
    return math.fsum(total)


def corrected_posterior(here: FiniteWorld, j: int) -> list[float]:
    """qhat(y|x) as it is written: the class posterior of p reweighted by q_c/p_c, times p(y|x, c)."""
    p_given = here.posterior(here.p, j)
    p_classes = here.bin_masses(p_given)
    weights = [
        a / b if b > 0 else math.nan for a, b in zip(here.bin_masses(here.q), here.bin_masses(here.p), strict=True)
    ]
    reweighted = [a * w for a, w in zip(p_classes, weights, strict=True)]
    total = math.fsum(reweighted)
    return [
        reweighted[c] / total * (p_given[i] / p_classes[c]) if p_classes[c] > 0 else 0.0
        for i, c in zip(here.labels, here.bin_of, strict=True)
    ]


def corrected_excess(here: FiniteWorld) -> float:
    """E_{q(x)} KL(q(y|x)||qhat(y|x))."""
    return here.average(lambda j: divergence(here.posterior(here.q, j), corrected_posterior(here, j)))


def kl_inputs_corrected(here: FiniteWorld) -> float:
    """KL(q_x||phat_x), phat(y) = q_c p(y|c)."""
    return divergence(here.balanced, here.input_law(here.corrected_prior))


def mean(here: FiniteWorld, masses: Sequence[float]) -> float:
    """The mean label."""
    return math.fsum(a * float(b) for a, b in zip(masses, here.y, strict=True))


def squared_error_price(here: FiniteWorld) -> float:
    """E_{q(x)} (f_p - f_q)^2."""
    return here.average(lambda j: (mean(here, here.posterior(here.p, j)) - mean(here, here.posterior(here.q, j))) ** 2)


def corrected_squared_error(here: FiniteWorld) -> float:
    """E_{q(x)} (fhat - f_q)^2, fhat the mean of the corrected posterior."""
    return here.average(
        lambda j: (mean(here, corrected_posterior(here, j)) - mean(here, here.posterior(here.q, j))) ** 2
    )


def risk(here: FiniteWorld, prior: Sequence[float] | np.ndarray, predictor: Sequence[float] | np.ndarray) -> float:
    """E (y - f(x))^2 when labels follow `prior`; `predictor[j]` is f(x_j)."""
    return math.fsum(prior[i] * label_error(here, i, predictor) for i in here.labels)


def label_error(here: FiniteWorld, i: int, predictor: Sequence[float] | np.ndarray) -> float:
    """e(y_i) = E[(y_i - f(x))^2 | y_i], the same in both worlds."""
    return math.fsum(here.k[i, j] * (here.y[i] - predictor[j]) ** 2 for j in range(here.k.shape[1]) if here.k[i, j] > 0)


def class_errors(
    here: FiniteWorld, prior: Sequence[float] | np.ndarray, predictor: Sequence[float] | np.ndarray
) -> list[float]:
    """e_c = E[(y - f(x))^2 | c] when labels follow `prior`; nan in a bin of no mass."""
    found = []
    for members in here.bins:
        mass = math.fsum(prior[i] for i in members)
        total = math.fsum(prior[i] * label_error(here, i, predictor) for i in members)
        found.append(total / mass if mass > 0 else math.nan)
    return found


def oscillation(here: FiniteWorld) -> list[float]:
    """w_c: the range of l = log p/q over each bin; infinite where p vanishes."""
    found = []
    for members in here.bins:
        logs = [math.log(here.p[i] / here.q[i]) if here.p[i] > 0 else -math.inf for i in members]
        found.append(max(logs) - min(logs) if math.isfinite(max(logs)) else math.nan)
    return found
