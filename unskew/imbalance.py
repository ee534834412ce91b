"""How imbalanced the labels are, from the cells alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unskew.cells import Cells
from unskew.class_edges import kl_labels


@dataclass(frozen=True)
class Imbalance:
    """Numbers of one column.

    Attributes:
      kl: KL(q_y||p_y), nats: the most that imbalance can cost in log-loss.
      kl_reversed: KL(p_y||q_y).
      chi_square: chi^2(q_y||p_y) = E_q[q/p] - 1.
      effective: n_eff = n/(1 + chi^2): how many balanced labels these are worth (result `sample_size`).
      ratio: largest to least p/q.
    """

    kl: float
    kl_reversed: float
    chi_square: float
    effective: float
    ratio: float


def imbalance(cells: Cells) -> Imbalance:
    """The numbers; q and p are masses of the cells."""
    known = cells.q > 0
    q, p = cells.q[known], cells.p[known]
    chi_square = float(np.sum(q * q / p)) - 1
    inside = cells.p[known].sum()
    reverse = float(np.sum(p * np.log(p / q))) if inside > 1 - 1e-12 else float("inf")
    ratio = p / q
    return Imbalance(
        max(0.0, float(kl_labels(cells.q, cells.p))),
        max(0.0, reverse),
        max(0.0, chi_square),
        cells.n / (1 + max(0.0, chi_square)),
        float(ratio.max() / ratio.min()),
    )
