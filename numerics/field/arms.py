"""The protocol's arms as remedies of the trial: what each trains."""

from __future__ import annotations

from typing import Any

import numpy as np

import unskew.jax as heads
from numerics.field import protocol
from numerics.trial.remedies import Remedy, inverse, root, soft, within
from numerics.trial.remedies import bins as balanced_bins
from numerics.trial.world import World
from unskew import sample_weights

Array = np.ndarray


def smoothed(world: World) -> Array:
    """LDS weights."""
    return sample_weights.smoothed(world.labels[0])


def dense(world: World) -> Array:
    """DenseWeight."""
    return sample_weights.dense(world.labels[0])


def plain_term(world: World) -> Any:
    """The published loss."""
    return heads.RegressionWithClasses(world.coarse.edges, world.coarse.p, world.coarse.q, scale=protocol.LAMBDA)


def corrected_term(world: World) -> Any:
    """The same with the correction."""
    law = world.coarse
    return heads.RegressionWithClasses(law.edges, law.p, law.q, scale=protocol.LAMBDA, corrected=True)


def batch(world: World) -> Any:
    """Balanced MSE, the batch as the label law."""
    return heads.BalancedMSEBatch()


def mixture(world: World) -> Any:
    """Balanced MSE, a Gaussian mixture as the label law."""
    from sklearn.mixture import GaussianMixture

    fit = GaussianMixture(protocol.COMPONENTS, random_state=0).fit(np.asarray(world.train.y, np.float64)[:, None])
    deviations = np.sqrt(fit.covariances_.reshape(-1))
    return heads.BalancedMSEMixture(fit.weights_ / fit.weights_.sum(), fit.means_[:, 0], deviations)


def hard(world: World, *, corrected: bool = True) -> Any:
    """Cross-entropy on coarse classes, decoded to their middles."""
    law = world.coarse
    return heads.HLGauss(law.edges, law.p, law.q, smoothing=0.0, corrected=corrected)


def hard_plain(world: World) -> Any:
    """The same without the correction."""
    return hard(world, corrected=False)


def soft_plain(world: World) -> Any:
    """HL-Gauss as published."""
    law = world.fine
    return heads.HLGauss(law.edges, law.p, law.q, corrected=False)


REMEDIES: dict[str, Remedy] = {
    remedy.name: remedy
    for remedy in (
        Remedy("MSE"),
        Remedy("lambda MSE", scale=protocol.LAMBDA),
        Remedy("MSE + CE", "auxiliary", plain_term),
        Remedy("MSE + corrected CE", "auxiliary", corrected_term),
        Remedy("MSE + placebo CE", "auxiliary", plain_term, placebo=True),
        Remedy("weights 1/r", weights=inverse),
        Remedy("root weights", weights=root),
        Remedy("LDS weights", weights=smoothed),
        Remedy("DenseWeight", weights=dense),
        Remedy("oversampling", weights=inverse, resampled=True),
        Remedy("Balanced MSE, batch", "noise", batch),
        Remedy("Balanced MSE, bins", "noise", balanced_bins),
        Remedy("Balanced MSE, mixture", "noise", mixture),
        Remedy("CE", "head", hard_plain),
        Remedy("HL-Gauss", "head", soft_plain),
        Remedy("CE, corrected", "head", hard),
        Remedy("HL-Gauss, corrected", "head", soft),
        Remedy("within-class regression, corrected", "head", within),
    )
}
