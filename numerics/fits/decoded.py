"""What a fitted class network is worth when a value is decoded from it (result `decoder`): exact sums over the evaluation rule, for each repetition.

Numbers of one trained network, not of its family: the bounds of `decoder` hold for every predictor, so they are looked at repetition by repetition,
without any jackknife.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from numerics.fits.partition import Partition
from numerics.fits.probability_tables import Tables


@dataclass(frozen=True)
class Decoded:
    """Numbers of one class network under q.

    Attributes:
      soft, hard: R_q of the mean of centres and of the argmax's centre.
      off: the rule's total mass less 1.
      miss, miss_square: E_q v and E_q v^2, with v = 1 - phat(c|x).
      errors, entropy: sum_c q_c Err_c and sum_c q_c CE_c.
      nearest_error, nearest_loss: Err_c and CE_c of the class with the least CE_c/log 2 - Err_c.
      transport_room: the least w_c + log CE_c^p - log CE_c^q, with w_c the range of l over the rule's labels; nan where p misses labels.
      loss_ratio: the largest log CE_c^q - log CE_c^p; nan where p misses labels.
    """

    soft: float
    hard: float
    off: float
    miss: float
    miss_square: float
    errors: float
    entropy: float
    nearest_error: float
    nearest_loss: float
    transport_room: float
    loss_ratio: float


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
    change = np.log(entropy_q) - np.log(entropy_p)
    closest = int(np.argmin(entropy_q / math.log(2) - errors))
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
        errors=float(mass_q @ errors),
        entropy=float(mass_q @ entropy_q),
        nearest_error=float(errors[closest]),
        nearest_loss=float(entropy_q[closest]),
        transport_room=float((ranges - change).min()) if table.all_sampled else math.nan,
        loss_ratio=float(change.max()) if table.all_sampled else math.nan,
    )
