"""The report of one run as records: the question, its evidence, every check, and the answer for each number of classes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal

from numerics import checks
from numerics.evidence import Evidence
from numerics.records import Check, EvidenceKind
from numerics.verify import extra_term
from numerics.verify.gather import Tick, gather
from numerics.verify.proofs import Prover
from numerics.verify.request import Question

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


@dataclass(frozen=True, repr=False)
class Verification:
    """The verifier's report. Its `repr` is the summary that the command prints.

    Attributes:
      question: what was verified.
      evidence: the numbers, by all routes.
      checks: result by result in the order of the ledger, proofs first.
      results: one summary a result.
      extra_term: the answer for each K.
    """

    question: Question
    evidence: Evidence
    checks: tuple[Check, ...]
    results: tuple[ResultSummary, ...]
    extra_term: tuple[extra_term.Row, ...]

    @property
    def status(self) -> Verdict:
        """Whether everything holds."""
        return verdict(self.checks)

    def __repr__(self) -> str:
        from numerics.verify import summary

        return "\n".join(line.text for line in summary.whole(self))


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


def verify(
    question: Question, prover: Prover, progress: AbstractContextManager[Tick | None] | None = None
) -> Verification:
    """Gathers the evidence, checks, and waits for the proofs.

    Args:
      prover: started on `question.only`.
      progress: see `gather`.

    Raises:
      InputError: the question cannot be answered.
    """
    evidence = gather(question, progress)
    numeric = {name: tuple(checks.run(name, evidence)) for name in question.only}
    ledger = prover.collect()
    questions = dict(ledger.questions)
    own = {
        name: (*(proof.check for proof in ledger.proofs if proof.result == name), *numeric[name])
        for name in question.only
    }
    return Verification(
        question,
        evidence,
        tuple(check for name in question.only for check in own[name]),
        tuple(summarise(name, questions.get(name, ""), own[name]) for name in question.only),
        extra_term.rows(evidence),
    )
