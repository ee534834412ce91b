"""What every check receives: one run's numbers, by all routes, gathered once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numerics.certified.certificates import Certificates
    from numerics.fits.fitted_numbers import Fits
    from numerics.posterior.quantities import Quantities
    from numerics.world import World


@dataclass(frozen=True)
class Evidence:
    """The evidence of one run.

    Attributes:
      world: label law, channel and numbers of classes.
      quantities: quadrature, each number by the routes that the sheet gives.
      certificates: enclosures by ball arithmetic; None for a law that has none (labels from a file).
      fits: fitted models; None with `--no-fit`.
      seeds: number of fitted repetitions.
      full: long Monte Carlo allowed.
    """

    world: World
    quantities: Quantities
    certificates: Certificates | None = None
    fits: Fits | None = None
    seeds: int = 8
    full: bool = False
