"""`--falsify`: every wrong version of every statement, symbolic and numeric, and which check rejected it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from numerics import checks, deadline
from numerics.evidence import Evidence
from numerics.records import Check, EvidenceKind
from numerics.verify.gather import Tick, gathered
from numerics.verify.proofs import Ledger, Prover
from numerics.verify.request import Question
from numerics.verify.result_summary import Verdict

LONGEST = 60.0
"""Seconds of processor time for the wrong versions of one result; `best_classes` of the skewed density takes a quarter of them."""


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


def numeric(result: str, evidence: Evidence, seconds: float = LONGEST) -> list[Trial]:
    """The wrong versions of one result's checks: each is caught when a check fails.

    Args:
      seconds: of processor time; the wrong versions left after them are one trial that says so, and is not caught.
    """
    trials: list[Trial] = []
    try:
        with deadline.within(seconds):
            # Rejecting means nothing where the true version fails as well.
            for check in failing(checks.run(result, evidence)):
                words = f"nothing, and yet {check.claim} fails"
                trials.append(Trial(result, "true version", words, False, (check.evidence,), (check,)))
            for name, text, own in checks.wrong_versions(result, evidence):
                failures = failing(own)
                kinds = tuple(sorted({check.evidence for check in failures}))
                trials.append(Trial(result, name, text, bool(failures), kinds, failures))
                deadline.check()
    except deadline.OutOfTime:
        words = f"not decided: {seconds:g} s of processor time are spent on the {len(trials)} before; run it with --only {result}"
        trials.append(Trial(result, "the others", words, False, (), ()))
    return trials


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
        evidence = gathered(question, progress)
    trials = {name: numeric(name, evidence) for name in question.only}
    ledger = prover.collect()
    return Falsification(
        evidence.world.law.name,
        tuple(trial for name in question.only for trial in (*symbolic(name, ledger), *trials[name])),
    )
