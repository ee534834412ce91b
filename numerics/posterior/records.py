"""The records of a world's numbers, as `numerics.posterior.quantities` returns them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from numerics.posterior.label_side import BinSide
from numerics.records import Estimate


@dataclass(frozen=True)
class PerClasses:
    """The numbers of one partition into K bins, in nats or in squared label units.

    Attributes:
      classes: K as asked for.
      bins: the label side: edges, masses, oscillations w_c, width d, KL(q_C||p_C).
      class_part: E_q KL(q(c|x)||p(c|x)).
      class_part_by_chain: the same as KL(q_C||p_C) - KL(q_x||p_x) + sum_c q_c KL(q_{x|c}||p_{x|c}).
      within_part: E_q KL(q(y|x,c)||p(y|x,c)).
      within_part_by_difference: the same as W - sum_c q_c KL(q_{x|c}||p_{x|c}).
      kl_inputs_within: sum_c q_c KL(q_{x|c}||p_{x|c}).
      remainder: W, as the sum over bins; `remainder_by_difference`: KL(q_y||p_y) - KL(q_C||p_C).
      corrected_excess: E_q log q(y|x)/qhat(y|x), qhat built from the reweighted class posterior.
      corrected_excess_by_tilt: the same as the price of the label density phat(y) = q_c p(y|c), in the form that keeps relative accuracy.
      corrected_excess_by_difference: W - KL(q_x||phat_x).
      kl_inputs_corrected: KL(q_x||phat_x).
      kl_classes: KL(q_C||p_C).
      corrected_squared_error: E_{q(x)} (fhat - f_q)^2, the shift as a covariance with rhat - 1 (relative accuracy).
      corrected_squared_error_by_means: the same from the two means.
      errors_q, errors_p: e_c^q, e_c^p = E[(y - f_p(x))^2 | c] in each world, shape (bins,), with a common error bound each (result `risk`).
    """

    classes: int
    bins: BinSide
    class_part: Estimate
    class_part_by_chain: Estimate
    within_part: Estimate
    within_part_by_difference: Estimate
    kl_inputs_within: Estimate
    remainder: Estimate
    remainder_by_difference: Estimate
    corrected_excess: Estimate
    corrected_excess_by_tilt: Estimate
    corrected_excess_by_difference: Estimate
    kl_inputs_corrected: Estimate
    kl_classes: Estimate
    corrected_squared_error: Estimate
    corrected_squared_error_by_means: Estimate
    errors_q: tuple[Estimate, ...]
    errors_p: tuple[Estimate, ...]


@dataclass(frozen=True)
class Quantities:
    """Every number of a world.

    Attributes:
      kl_labels, kl_labels_reversed: KL(q_y||p_y), KL(p_y||q_y).
      kl_inputs, kl_inputs_reversed: KL(q_x||p_x), KL(p_x||q_x).
      price: E_q Delta as E_{q(x)} KL(q(y|x)||p(y|x)); `price_by_tilt` the same as a sum of non-negative terms; `price_by_difference`: KL(q_y||p_y) - KL(q_x||p_x).
      training_extra: E_p Delta; `training_extra_by_difference`: KL(p_x||q_x) - KL(p_y||q_y).
      squared_error_price: E_{q(x)} (f_p - f_q)^2 from the two means; `squared_error_price_by_covariance` from Cov_{q(y|x)}(y, r)/Z;
        `squared_error_price_by_risk`: R_q(f_p) - R_q(f_q).
      balanced_risk: R_q(f_q); `transferred_risk`: R_q(f_p); `imbalanced_risk`: R_p(f_p).
      chi_square, slope_square, lipschitz: E_q[r^2] - 1, E_q[l'^2], sup |l'|.
      curvature_square: E_{q(x)} kappa^2 from the definition with d/dy log k; `curvature_square_by_parts`: from the boundary terms and l''.
      log_ratio_low, log_ratio_high: inf and sup of l.
      per_classes: one entry for each K.
      notes: words for every number that is infinite or undefined, by field name.
      curves: arrays for figures, see `numerics.posterior.curves`.
    """

    kl_labels: Estimate
    kl_labels_reversed: Estimate
    kl_inputs: Estimate
    kl_inputs_reversed: Estimate
    price: Estimate
    price_by_tilt: Estimate
    price_by_difference: Estimate
    training_extra: Estimate
    training_extra_by_difference: Estimate
    squared_error_price: Estimate
    squared_error_price_by_covariance: Estimate
    squared_error_price_by_risk: Estimate
    balanced_risk: Estimate
    transferred_risk: Estimate
    imbalanced_risk: Estimate
    chi_square: Estimate
    slope_square: Estimate
    lipschitz: Estimate
    curvature_square: Estimate
    curvature_square_by_parts: Estimate
    log_ratio_low: float
    log_ratio_high: float
    per_classes: tuple[PerClasses, ...]
    notes: dict[str, str] = field(default_factory=dict)
    curves: dict[str, np.ndarray] = field(default_factory=dict)
