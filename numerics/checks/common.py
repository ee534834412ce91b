"""What the checks share: a page to write comparisons on, exact numbers as estimates, words for what is infinite or undefined."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from numerics.evidence import Evidence
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate, EvidenceKind, Kind, compare, not_applicable

if TYPE_CHECKING:
    from numerics.certified.enclosure import Enclosure

UNDEFINED = Estimate(math.nan, 0.0)


def rounded(value: float, operations: int = 4, size: float | None = None) -> Estimate:
    """A number from a closed form: `operations` roundings of its own size, or of the size of its largest term."""
    return Estimate(value, operations * EPSILON * abs(value if size is None else size))


def total(*terms: Estimate) -> Estimate:
    """The sum, errors added, with the rounding of the summation."""
    size = math.fsum(abs(term.value) for term in terms if math.isfinite(term.value))
    return Estimate(sum(term.value for term in terms), sum(term.error for term in terms) + len(terms) * EPSILON * size)


def finite(*estimates: Estimate) -> bool:
    """Whether all values are finite numbers."""
    return all(math.isfinite(estimate.value) for estimate in estimates)


def words(evidence: Evidence, fields: Iterable[str]) -> str:
    """Why a number is infinite or undefined: the note of the first field that has one, else where p is zero."""
    notes = evidence.quantities.notes
    for name in fields:
        if name in notes:
            return notes[name]
    never = "; ".join(map(str, evidence.world.law.unsampled[:3]))
    return f"infinite or undefined: p is zero where q is not ({never})" if never else "undefined for these labels"


@dataclass
class Page:
    """The checks of one result, in the order in which they are written down.

    Attributes:
      evidence: of the run.
      result: the result's name.
      checks: what was written so far.
      where: the world that checks are written about now, where it is not that of the run.
    """

    evidence: Evidence
    result: str
    checks: list[Check] = field(default_factory=list)
    where: str = ""

    @contextmanager
    def elsewhere(self, where: str) -> Iterator[None]:
        """Within the block, checks are about another world than the run's."""
        self.where = where
        yield
        self.where = ""

    def add(
        self,
        claim: str,
        kind: Kind,
        theory: Estimate,
        numeric: Estimate,
        note: str = "",
        *,
        source: EvidenceKind = "quadrature",
        classes: int | None = None,
        because: Iterable[str] = (),
        allowance: float = 0.0,
    ) -> None:
        """Writes a comparison down; where a side is infinite or undefined, the words instead.

        Args:
          because: names of the fields of `Quantities` whose notes say why a side may be infinite.
        """
        if finite(theory, numeric):
            check = compare(
                self.result, claim, kind, source, theory, numeric, classes=classes, note=note, allowance=allowance
            )
        else:
            why = words(self.evidence, (*because, *((f"per_classes {classes}",) if classes is not None else ())))
            check = not_applicable(self.result, claim, kind, source, why, classes)
        self.checks.append(replace(check, where=self.where))

    def skip(
        self, claim: str, kind: Kind, why: str, source: EvidenceKind = "quadrature", classes: int | None = None
    ) -> None:
        """Writes down that a check does not apply, and why."""
        self.checks.append(replace(not_applicable(self.result, claim, kind, source, why, classes), where=self.where))


def enclosed(ball: Enclosure | None) -> Estimate:
    """A certified number as an estimate; undefined where there is none."""
    return UNDEFINED if ball is None else ball.estimate
