"""What became of one result: its proofs, its checks by evidence, the one that comes closest to failing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from numerics.records import Check, EvidenceKind

Verdict = Literal["holds", "fails"]


@dataclass(frozen=True)
class ResultSummary:
    """What became of one result.

    Attributes:
      result: its name.
      question: what it answers.
      claims, proved: number of its claims, and of those whose proof holds.
      holding: numeric checks that hold, by evidence.
      skipped: checks that do not apply.
      failures: checks that fail, proofs among them.
      closest: the numeric check that holds by the least margin, None where there is none.
    """

    result: str
    question: str
    claims: int
    proved: int
    holding: Counter[EvidenceKind]
    skipped: int
    failures: tuple[Check, ...]
    closest: Check | None


def verdict(results: Sequence[Check]) -> Verdict:
    """`holds` when at least one check holds and none fails, else `fails`."""
    statuses = {check.status for check in results}
    return "fails" if "fails" in statuses or "holds" not in statuses else "holds"


def closeness(check: Check) -> float:
    """How near a check that holds is to failing: the share of its tolerance that is used, from 0 to 1."""
    distance = check.numeric - check.theory
    if check.tolerance <= 0:
        return 0.0
    match check.kind:
        case "identity" | "asymptotic":
            return abs(distance) / check.tolerance
        case "upper bound":
            return max(0.0, distance) / check.tolerance
        case "counterexample":
            return check.tolerance / distance


def summarise(result: str, question: str, own: Sequence[Check]) -> ResultSummary:
    """The summary of one result's checks."""
    proofs = [check for check in own if check.evidence == "symbolic"]
    holding = [check for check in own if check.evidence != "symbolic" and check.status == "holds"]
    return ResultSummary(
        result,
        question,
        len(proofs),
        sum(check.status == "holds" for check in proofs),
        Counter(check.evidence for check in holding),
        sum(check.status == "not_applicable" for check in own),
        tuple(check for check in own if check.status == "fails"),
        max(holding, key=closeness, default=None),
    )
