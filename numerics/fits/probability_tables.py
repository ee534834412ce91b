"""Exact probabilities on the cells, and the rule by which fitted models are evaluated under q.

Everything here is this package's own: it shares no code with `numerics.posterior.quantities`, so that measured and predicted numbers have an origin of
their own. Cell probabilities come from the noise's distribution function, evaluation from quadrature over x on the whole line.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.fits.counting_cells import InputCells, LabelCells

ORDER = 8
NEGLIGIBLE = 1e-280
"""Evaluation nodes whose probability underflows are dropped; what they hold is far below rounding."""


def distribution(name: str, z: np.ndarray) -> np.ndarray:
    """P(e <= z) of a channel's noise with unit scale, elementwise."""
    if name == "gaussian":
        from scipy.special import ndtr

        return ndtr(z)
    if name == "logistic":
        from scipy.special import expit

        return expit(z)
    # Three degrees of freedom have a closed form.
    scaled = z / math.sqrt(3)
    with np.errstate(invalid="ignore"):
        bump = np.where(np.isfinite(scaled), scaled / (1 + scaled**2), 0.0)
    return 0.5 + (bump + np.arctan(scaled)) / math.pi


@dataclass(frozen=True)
class Tables:
    """One world on its cells.

    Attributes:
      inputs, labels: the cells.
      p, q: exact probabilities in both worlds, shape (cells, subcells) each; p sums to 1, q to the share of its labels that p samples.
      x: evaluation nodes over the whole line, shape (n,).
      log_kernel: log k(x|y) at `x` and `labels.nodes`, shape (n, N).
      q_joint, p_joint: quadrature probabilities in both worlds on the same grid, shape (n, N).
      q_all: as `q_joint` at `labels.all_nodes`; the same array where p samples every label.
      q_inputs, p_inputs: probability of each node of `x`, shape (n,).
      f_q, f_p: E[y|x] in both worlds, shape (n,).
    """

    inputs: InputCells
    labels: LabelCells
    p: np.ndarray
    q: np.ndarray
    x: np.ndarray
    log_kernel: np.ndarray
    q_joint: np.ndarray
    p_joint: np.ndarray
    q_all: np.ndarray
    q_inputs: np.ndarray
    p_inputs: np.ndarray
    f_q: np.ndarray
    f_p: np.ndarray

    @property
    def all_sampled(self) -> bool:
        """Whether p samples every label of q."""
        return len(self.labels.all_nodes) == len(self.labels.nodes)

    @property
    def price(self) -> float:
        """KL(q_y||p_y) - KL(q_x||p_x), nats; only where p samples every label."""
        labels = -float(self.labels.weight @ self.labels.log_ratio)
        return labels - float(self.q_inputs @ np.log(self.q_inputs / self.p_inputs))

    @property
    def squared_error_price(self) -> float:
        """E_q(f_p - f_q)^2, squared label units."""
        return float(self.q_inputs @ (self.f_p - self.f_q) ** 2)


def tables(channel: Any, inputs: InputCells, labels: LabelCells) -> Tables:
    """The tables of a world with the given cells."""
    noise = channel.noise
    edges = inputs.edges
    share = np.diff(distribution(channel.name, (edges[:, None] - labels.fine) / noise), axis=0)
    starts = np.searchsorted(labels.fine_cell, np.arange(len(labels.points)))
    p, q = (np.add.reduceat(share * weight, starts, axis=1) for weight in (labels.fine_p, labels.fine_q))
    x, weight = inputs.rule(noise / 2, ORDER)
    log_kernel = channel.log_density(x[:, None], labels.nodes)
    kernel = np.exp(log_kernel) * weight[:, None]
    p_weight = labels.weight * np.exp(labels.log_ratio)
    q_joint, p_joint = kernel * labels.weight, kernel * (p_weight / p_weight.sum())
    q_all = q_joint
    if len(labels.all_nodes) > len(labels.nodes):
        everything = np.exp(channel.log_density(x[:, None], labels.all_nodes))
        q_all = everything * weight[:, None] * labels.all_weight
    q_inputs, p_inputs = q_all.sum(axis=1), p_joint.sum(axis=1)
    keep = (q_inputs > NEGLIGIBLE) & (p_inputs > NEGLIGIBLE)
    x, log_kernel, q_joint, p_joint, q_all = (array[keep] for array in (x, log_kernel, q_joint, p_joint, q_all))
    q_inputs, p_inputs = q_inputs[keep], p_inputs[keep]
    return Tables(
        inputs,
        labels,
        p / p.sum(),
        q,
        x,
        log_kernel,
        q_joint,
        p_joint,
        q_all,
        q_inputs,
        p_inputs,
        q_all @ labels.all_nodes / q_inputs,
        p_joint @ labels.nodes / p_inputs,
    )
