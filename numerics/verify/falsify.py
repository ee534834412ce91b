"""`--falsify`: every wrong version of every statement, symbolic and numeric, and which check rejected it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from numerics import checks, deadline
from numerics.evidence import Evidence
from numerics.records import Check, EvidenceKind
from numerics.verify.gather import Tick, gather
from numerics.verify.proofs import Ledger, Prover
from numerics.verify.request import Question
from numerics.verify.result_summary import Verdict


@dataclass(frozen=True)
class Residual:
    """What the proof of a wrong version left over."""

    claim: str
    residual: str


@dataclass(frozen=True)
class Trial:
    """A wrong version and what became of it.

    Attributes:
      result, name, wrong: whose it is, its name, what is wrong with it.
      caught: whether it was rejected.
      evidence: the kinds of evidence that rejected it.
      by: the checks that reject it, or what its proof left over.
    """

    result: str
    name: str
    wrong: str
    caught: bool
    evidence: tuple[EvidenceKind, ...]
    by: tuple[Check | Residual, ...]


@dataclass(frozen=True)
class Falsification:
    """All trials of a run, result by result."""

    density: str
    trials: tuple[Trial, ...]

    @property
    def missed(self) -> tuple[Trial, ...]:
        """Wrong versions that nothing rejected."""
        return tuple(trial for trial in self.trials if not trial.caught)

    @property
    def status(self) -> Verdict:
        """`holds` when there are wrong versions and each is rejected."""
        return "fails" if self.missed or not self.trials else "holds"


def failing(results: Iterable[Check]) -> tuple[Check, ...]:
    """Those that fail."""
    return tuple(check for check in results if check.status == "fails")


def numeric(result: str, evidence: Evidence) -> list[Trial]:
    """The wrong versions of one result's checks: each is caught when a check fails."""
    # Rejecting means nothing where the true version fails as well.
    true = [
        Trial(result, "true version", f"nothing, and yet {check.claim} fails", False, (check.evidence,), (check,))
        for check in failing(checks.run(result, evidence))
    ]
    wrong = [(name, text, failing(own)) for name, text, own in checks.wrong_versions(result, evidence)]
    return true + [
        Trial(
            result,
            name,
            text,
            bool(failures),
            tuple(sorted({check.evidence for check in failures})),
            failures,
        )
        for name, text, failures in wrong
    ]


def symbolic(result: str, ledger: Ledger) -> list[Trial]:
    """The wrong versions of one result's proofs."""
    return [
        Trial(result, entry.name, entry.wrong, entry.caught, ("symbolic",), (Residual(entry.claim, entry.residual),))
        for entry in ledger.wrong_versions
        if entry.result == result
    ]


def falsify(
    question: Question, prover: Prover, progress: AbstractContextManager[Tick | None] | None = None
) -> Falsification:
    """Runs them all.

    Args:
      prover: started on `question.only`, wrong versions included.
      progress: see `gather`.
    """
    with deadline.within(deadline.BUDGET):
        evidence = gather(question, progress)
    trials = {name: numeric(name, evidence) for name in question.only}
    ledger = prover.collect()
    return Falsification(
        evidence.world.law.name,
        tuple(trial for name in question.only for trial in (*symbolic(name, ledger), *trials[name])),
    )
