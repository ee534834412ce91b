"""Models fitted to samples of the imbalanced world alone, evaluated in the balanced one.

`fits` trains, for every repetition, a fine regressor of p(y|x) and one class network for each K on n pairs drawn from p, and scores under q the
regressor (its extra log-loss is the price), the plain joint model (the price again), and the joint model with its class posterior corrected for the
prior (at most W). Each number comes with its values over repetitions and with what this family of models must come to, computed by another route.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from numerics.fits.fitted_numbers import Fits, Fitted, Options

if TYPE_CHECKING:
    from numerics.world import World

__all__ = ["Fits", "Fitted", "Options", "fits"]


def fits(
    world: World,
    seeds: int = 8,
    seed: int = 0,
    options: Options | None = None,
    progress: Callable[[int, int, str], None] | None = None,
) -> Fits:
    """Fits every model of a world.

    Args:
      world: label law, channel, numbers of classes.
      seeds: repetitions, at least 2.
      seed: what all keys are made from; same seed (and number of devices), same bits.
      options: sizes, and the wrong versions for falsifiers.
      progress: called with (done, total, what is being done).

    Raises:
      ValueError: fewer than two repetitions, or numbers of draws that do not divide.
    """
    from numerics.fits.repetitions import run

    return run(world, seeds, seed, options or Options(), progress or (lambda done, total, what: None))
