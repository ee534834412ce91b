"""The third route: where the labels are exponential (or balanced), the reference uniform and the channel Gaussian, everything has a closed form.

`numerics.closed_form` has it, by error functions and a rule for the inputs that `numerics.posterior.quantities` does not use.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from numerics import closed_form
from numerics.quadrature import EPSILON
from numerics.records import Estimate
from numerics.world import World

MOST_CLASSES = 64
STEEPEST = 300.0
"""Largest rate times length: beyond, closed forms in doubles lose their digits."""


@lru_cache(maxsize=8)
def exponential_world(world: World) -> closed_form.ExponentialWorld | None:
    """The world as the closed form knows it; None where it has none."""
    law, channel = world.law, world.channel
    if law.discrete or law.breakpoints or channel.name != "gaussian":
        return None
    slope = law.nodes((), 8, law.length / 16).slope
    rate = -float(np.median(slope))
    if float(np.ptp(slope)) > 64 * EPSILON * abs(rate) or abs(rate) * law.length > STEEPEST:
        return None
    low, high = (float(end) for end in law.support)
    return closed_form.ExponentialWorld(rate, float(channel.noise), low, high)


@lru_cache(maxsize=32)
def numbers(world: World, classes: int) -> dict[str, Estimate]:
    """The closed form's numbers for K classes; empty where there is none."""
    known = exponential_world(world)
    if known is None or classes > MOST_CLASSES:
        return {}
    return closed_form.numbers(known, classes)
