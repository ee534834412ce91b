"""Fitted numbers against the theory: intervals over seeds, wide enough for all of a run's fitted checks together.

A fitted number's error is `numerics.fits.summary.interval`: the Student quantile that all fitted numbers of a run exceed together in at most one
run of a hundred (Bonferroni), times the standard error over seeds, and what early stopping and the jackknife leave. Two comparisons are made of
each number: against the optimum of exactly this model family, computed without training (claims named `trained_...`), and against the theory
with unlimited capacity, where the distance of the two optima is allowed for and stated.
"""

from __future__ import annotations

from numerics.checks.common import Page
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


def add(
    page: Page,
    claim: str,
    name: str,
    theory: Estimate,
    classes: int | None = None,
    *,
    measured: str = "",
    factor: float = 1.0,
) -> None:
    """Sets a fitted number against the theory, and against the optimum of its family.

    Args:
      name: of the fitted number.
      theory: what the claim says, with unlimited capacity.
      measured: the fitted number that is set against both; `name` in the theorem.
      factor: put on it; 1 in the theorem.
    """
    fits = page.evidence.fits
    if fits is None:
        return
    found, other = (find(page.evidence, one, classes) for one in (name, measured or name))
    if found is None or other is None:
        missing = name if found is None else measured
        page.skip(claim, "identity", fits.note(missing, classes) or f"{missing} was not fitted", "fitted", classes)
        return
    entry, mean = found[0], other[1].scaled(factor)
    # Both ends of the gap are the fits' own: a wrong theory must not widen its own allowance.
    gap = abs(entry.representation_gap)
    page.add(
        claim,
        "identity",
        theory,
        mean,
        f"{name}; the family cannot come closer than {gap:.1e}, allowed for",
        source="fitted",
        classes=classes,
        allowance=gap,
    )
    page.add(
        f"trained_{name}",
        "identity",
        Estimate(entry.predicted, 0.0),
        mean,
        f"{fits.seeds} seeds of {entry.draws} draws from p; 1/n bias of {entry.bias:.1e} removed",
        source="fitted",
        classes=classes,
    )
