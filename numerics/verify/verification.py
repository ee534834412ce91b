"""The report of one run as records: the question, its evidence, every check, and the answer for each number of classes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from numerics import checks, deadline
from numerics.evidence import Evidence
from numerics.records import Check, not_applicable
from numerics.verify import extra_term, notebook, summary
from numerics.verify.gather import Tick, gathered
from numerics.verify.proofs import Prover
from numerics.verify.request import Question
from numerics.verify.result_summary import ResultSummary, Verdict, summarise, verdict
from numerics.verify.table import Line, filled


@dataclass(frozen=True, repr=False)
class Verification:
    """The verifier's report. Its `repr` is the summary that the command prints; a notebook shows the same as tables.

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

    def lines(self, saved: Sequence[str] = ()) -> list[Line]:
        """The summary, its verdict last.

        Args:
          saved: what was written, one phrase each.
        """
        blank = Line("")
        written = [line for phrase in saved for line in filled(f"written: {phrase}")]
        results = [*summary.results(self.results), *summary.failures(self.checks, summary.MOST_FAILURES)]
        table = summary.extra_term(self.extra_term)
        return [*summary.heading(self.evidence), blank, *results, blank, *table, blank, *written, self.last_line]

    @property
    def last_line(self) -> Line:
        """Whether everything holds, and how many checks."""
        return summary.last_line(self.evidence.world.law.name, self.status, self.checks)

    def __repr__(self) -> str:
        return "\n".join(line.text for line in self.lines())

    def _repr_html_(self) -> str:
        failures = summary.failures(self.checks, summary.MOST_FAILURES)
        return notebook.html(summary.heading(self.evidence), self.results, failures, self.extra_term, self.last_line)


def decided(result: str, evidence: Evidence) -> tuple[Check, ...]:
    """The checks of a result; where the run's time is spent, one that says so in their place."""
    try:
        return tuple(checks.run(result, evidence))
    except deadline.OutOfTime:
        why = (
            f"not decided: the {deadline.BUDGET:g} s of processor time of a run are spent; run it with --only {result}"
        )
        return (not_applicable(result, "all", "identity", "quadrature", why),)


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
    with deadline.within(deadline.BUDGET):
        evidence = gathered(question, progress)
        numeric = {name: decided(name, evidence) for name in question.only}
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
