"""The networks of the field study through the trial's engine; imports JAX."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from numerics.field import protocol
from numerics.field.arms import REMEDIES
from numerics.field.data import SIDE
from numerics.trial import train
from numerics.trial.network import Convolution, Dense
from numerics.trial.world import World

Array = np.ndarray


def setting(images: bool) -> train.Setting:
    """The protocol's setting."""
    network = Convolution(SIDE) if images else Dense(protocol.HIDDEN)
    return train.Setting(
        network, protocol.EPOCHS, protocol.PATIENCE, protocol.BATCH, protocol.RATE, protocol.NOISE_RATE
    )


def fit(
    arm: str, worlds: Sequence[World], seeds: Sequence[int], images: bool, devices: int | None
) -> list[train.Fitted]:
    """Trains an arm on splits."""
    return train.fit(REMEDIES[arm], worlds, seeds, setting(images), devices)


def probabilities(fitted: train.Fitted) -> Array:
    """Class probabilities (m, K) of an HL-Gauss network."""
    logits = np.asarray(fitted.outputs, np.float64)
    share = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(share / share.sum(1, keepdims=True))
