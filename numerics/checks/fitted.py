"""Fitted numbers: intervals over seeds, wide enough for all of a run's fitted checks together.

A fitted number's error is `numerics.fits.summary.interval`: the Student quantile that all fitted numbers of a run exceed together in at most one
run of a hundred (Bonferroni), times the standard error over seeds, and what early stopping and the jackknife leave. The theory speaks of unlimited
capacity: the distance of the model family's own optimum, known without training, is added to it and stated.
"""

from __future__ import annotations

from numerics.evidence import Evidence
from numerics.fits import Fits, Fitted
from numerics.records import Estimate


def interval(fits: Fits, entry: Fitted) -> Estimate:
    """The mean over seeds with its interval's half-width as error."""
    from numerics.fits import summary

    return summary.interval(entry, len(fits.quantities))


def find(evidence: Evidence, name: str, classes: int | None = None) -> tuple[Fitted, Estimate] | None:
    """A fitted number with its interval, or None where it was not fitted."""
    fits = evidence.fits
    entry = None if fits is None else fits.find(name, classes)
    return None if fits is None or entry is None else (entry, interval(fits, entry))
