"""The records that a comparison is made of: a number with its error, and a check with both sides.

A check's kind picks its assertion, and its tolerance is the sum of the errors of its two sides, never a guess:

- identity: `|theory - numeric| <= tolerance`
- upper bound: `numeric <= theory + tolerance`
- asymptotic: `theory` is the limit 1 of a ratio, `numeric` the ratio, `tolerance` a derived bound on the distance
- counterexample: strict, `numeric > theory + tolerance`

A number that is not finite never passes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Kind = Literal["identity", "upper bound", "asymptotic", "counterexample"]
EvidenceKind = Literal["symbolic", "certified", "quadrature", "fitted"]
Status = Literal["holds", "fails", "not_applicable"]


@dataclass(frozen=True)
class Estimate:
    """A number and a bound (or derived estimate) of its absolute error, in the number's own unit.

    Attributes:
      value: the number.
      error: non-negative; zero only for exact numbers.
    """

    value: float
    error: float

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(self.value + other.value, self.error + other.error)

    def __sub__(self, other: Estimate) -> Estimate:
        return Estimate(self.value - other.value, self.error + other.error)

    def scaled(self, factor: float) -> Estimate:
        """The estimate times an exact factor."""
        return Estimate(self.value * factor, self.error * abs(factor))


@dataclass(frozen=True)
class Check:
    """Two numbers side by side, and whether the claim holds.

    Attributes:
      result: the name of the result (`price`).
      claim: the name of the claim within the result, as in `theory`.
      kind: the claim's kind.
      evidence: how the numeric side was obtained.
      theory: what the claim says.
      numeric: the number that it is set against.
      error: error of the numeric side alone.
      tolerance: errors of both sides, the allowance of the assertion.
      status: holds, fails or not_applicable.
      note: one line in words.
      classes: the number of classes K, where there is one.
      where: the world of the comparison in a phrase, where it is not that of the run (a finite one, the whole line).
    """

    result: str
    claim: str
    kind: Kind
    evidence: EvidenceKind
    theory: float
    numeric: float
    error: float
    tolerance: float
    status: Status
    note: str = ""
    classes: int | None = None
    where: str = ""


def holds(kind: Kind, theory: float, numeric: float, tolerance: float) -> bool:
    """The assertion that the kind picks. Anything not finite fails."""
    if not all(map(math.isfinite, (theory, numeric, tolerance))) or tolerance < 0:
        return False
    match kind:
        case "identity" | "asymptotic":
            return abs(theory - numeric) <= tolerance
        case "upper bound":
            return numeric <= theory + tolerance
        case "counterexample":
            return numeric > theory + tolerance


def compare(
    result: str,
    claim: str,
    kind: Kind,
    evidence: EvidenceKind,
    theory: Estimate,
    numeric: Estimate,
    *,
    classes: int | None = None,
    note: str = "",
    allowance: float = 0.0,
) -> Check:
    """Sets two estimates side by side.

    Args:
      theory: what the claim says, with its error.
      numeric: the same number by different code, with its error.
      allowance: a further derived tolerance (an asymptotic remainder, a stated training gap); the note must say where it is from.
    """
    tolerance = theory.error + numeric.error + allowance
    status: Status = "holds" if holds(kind, theory.value, numeric.value, tolerance) else "fails"
    return Check(
        result, claim, kind, evidence, theory.value, numeric.value, numeric.error, tolerance, status, note, classes
    )


def not_applicable(
    result: str, claim: str, kind: Kind, evidence: EvidenceKind, note: str, classes: int | None = None
) -> Check:
    """A check that this input does not admit, with the reason in words; it counts neither for nor against."""
    nan = math.nan
    return Check(result, claim, kind, evidence, nan, nan, nan, nan, "not_applicable", note, classes)
