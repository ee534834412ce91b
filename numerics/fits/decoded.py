"""What a fitted class network is worth when a value is decoded from it (result `decoder`): exact sums over the evaluation rule, for each repetition.

Numbers of one trained network, not of its family: the bounds of `decoder` hold for every predictor, so they are looked at repetition by repetition,
without any jackknife.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.fits.partition import Partition
from numerics.fits.probability_tables import Tables


@dataclass(frozen=True)
class Decoded:
    """What one class predictor is worth under q.

    Attributes:
      hard, soft: R_q of the argmax's centre and of the mean of centres.
      errors: Err_c, (bins,); nan where a class holds nothing, here and below.
      entropy_q, entropy_p: CE_c under q_{y|c} and p_{y|c}, (bins,).
      ranges: the range of l in each class, (bins,).
      mass: q_c, (bins,).
      miss, miss_square: E_q v and E_q v^2, with v = 1 - phat(c|x).
      off: the total mass of the rule that these are sums over, less 1.
    """

    hard: float
    soft: float
    errors: np.ndarray
    entropy_q: np.ndarray
    entropy_p: np.ndarray
    ranges: np.ndarray
    mass: np.ndarray
    miss: float
    miss_square: float
    off: float = 0.0


def decoded(table: Tables, part: Partition, log_probability: np.ndarray) -> Decoded:
    """The numbers of one class network.

    Args:
      part: its classes.
      log_probability: log phat(c|x) at the evaluation nodes, shape (n, bins).
    """
    ends = np.array([float(edge) for edge in part.edges])
    centres = (ends[1:] + ends[:-1]) / 2
    probability = np.exp(log_probability)
    best = log_probability.argmax(axis=1)
    wrong = np.arange(len(centres)) != best[:, None]
    mass_q, mass_p = part.joint.sum(axis=0), part.joint_p.sum(axis=0)
    errors = (part.joint * wrong).sum(axis=0) / mass_q
    entropy_q = -(part.joint * log_probability).sum(axis=0) / mass_q
    entropy_p = -(part.joint_p * log_probability).sum(axis=0) / mass_p
    log_ratio = table.labels.log_ratio
    starts = np.flatnonzero(np.diff(part.place, prepend=-1))
    ranges = np.maximum.reduceat(log_ratio, starts) - np.minimum.reduceat(log_ratio, starts)
    # Labels counted from the middle, so that little cancels in E y^2 - 2 E f f_q + E f^2.
    middle = (ends[0] + ends[-1]) / 2
    square = float(table.q_all.sum(axis=0) @ (table.labels.all_nodes - middle) ** 2)
    f_q = table.f_q - middle

    def risk(values: np.ndarray) -> float:
        f = values - middle
        return square + float(table.q_inputs @ (f * f - 2 * f * f_q))

    return Decoded(
        soft=risk(probability @ centres / probability.sum(axis=1)),
        hard=risk(centres[best]),
        off=float(table.q_inputs.sum() - 1),
        miss=float((part.joint * (1 - probability)).sum()),
        miss_square=float((part.joint * (1 - probability) ** 2).sum()),
        errors=errors,
        entropy_q=entropy_q,
        entropy_p=entropy_p if table.all_sampled else np.full(len(centres), np.nan),
        ranges=ranges,
        mass=mass_q,
    )
