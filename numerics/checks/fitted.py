"""Fitted numbers against the theory: intervals over seeds, wide enough for all of a run's fitted checks together.

A fitted number's error is a multiple of its standard error: the Student quantile (seeds - 1 degrees of freedom) that all fitted numbers of a
run exceed together in at most `FALSE_ALARM` of all runs (Bonferroni). The allowance beside it is what `numerics.fits` derives for training: the
gap of the model family, and what early stopping and the jackknife leave.
"""

from __future__ import annotations

import math
from functools import lru_cache

from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.fits.records import Fits, Fitted
from numerics.records import Estimate, Kind

FALSE_ALARM = 0.01


@lru_cache(maxsize=64)
def multiple(seeds: int, numbers: int) -> float:
    """How many standard errors: two-sided, `numbers` of them."""
    from scipy.special import stdtrit

    return float(stdtrit(seeds - 1, 1 - FALSE_ALARM / (2 * numbers)))


def half_width(fits: Fits, entry: Fitted) -> float:
    """Half of the interval of a fitted number."""
    return multiple(fits.seeds, len(fits.quantities)) * entry.standard_error


def measured(evidence: Evidence, name: str, classes: int | None = None) -> dict[str, float] | None:
    """A fitted number with its interval, or None where it was not fitted."""
    if evidence.fits is None:
        return None
    entry = evidence.fits.find(name, classes)
    if entry is None:
        return None
    half = half_width(evidence.fits, entry) + entry.optimisation + entry.remainder
    return {"mean": entry.mean, "low": entry.mean - half, "high": entry.mean + half}


def add(
    page: Page, claim: str, name: str, theory: Estimate, classes: int | None = None, kind: Kind = "identity"
) -> None:
    """Sets a fitted number against the theory: the family's own gap to the theory, known by quadrature, is allowed for and stated.

    Args:
      name: of the fitted number.
      theory: what the claim says, with unlimited capacity.
    """
    fits = page.evidence.fits
    if fits is None:
        return
    entry = fits.find(name, classes)
    if entry is None:
        page.skip(claim, kind, fits.note(name, classes) or f"{name} was not fitted", "fitted", classes)
        return
    half = half_width(fits, entry)
    gap = 0.0 if math.isnan(entry.exact) else abs(entry.representation_gap)
    left = entry.optimisation + entry.remainder
    words = (
        f"{name}, {fits.seeds} seeds of {entry.draws} draws; allowance: family {gap:.1e}, training {left:.1e};"
        f" a model pays {entry.bias:.1e} more on average, removed"
    )
    page.add(
        claim,
        kind,
        theory,
        Estimate(entry.mean, half),
        words,
        source="fitted",
        classes=classes,
        allowance=gap + left,
    )
