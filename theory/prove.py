"""Runs proofs: every step is recomputed, and must come out as exactly zero or as `True`."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from theory import ledger
from theory.certificate import lemmas
from theory.claim import Claim, Worded
from theory.printing import text
from theory.record import Result
from theory.residual import examine
from theory.statement import Statement

Status = Literal["holds", "fails"]


class StepOutcome(NamedTuple):
    """What a step came to.

    Attributes:
      text: the sentence of the step.
      holds: whether everything it computes is exactly zero or `True`.
      residual: "0", or what was left over, cut to a line.
    """

    text: str
    holds: bool
    residual: str


@dataclass(frozen=True)
class Outcome:
    """What the proof of a claim came to.

    Attributes:
      seconds: processor time of the proof.
    """

    result: str
    claim: str
    kind: str
    status: Status
    steps: tuple[StepOutcome, ...]
    seconds: float


def prove(result: Result) -> list[Outcome]:
    """Runs every proof of every claim."""
    outcomes = []
    for claim in result.claims:
        start = time.process_time()
        steps = tuple(_steps(claim))
        status: Status = "holds" if steps and all(step.holds for step in steps) else "fails"
        outcomes.append(Outcome(result.name, claim.name, claim.kind, status, steps, time.process_time() - start))
    return outcomes


def _steps(claim: Claim) -> Iterator[StepOutcome]:
    """The steps of a claim's proof, each recomputed."""
    for line in claim.lines:
        match line:
            case Statement():
                yield StepOutcome(sentence(line), line.proved(), line.left_over())
                for lemma in dict.fromkeys(lemmas(line.certificate)):
                    holds = proved(*lemma.name.split("."))
                    yield StepOutcome(f"The lemma {lemma.name} is proved.", holds, "0" if holds else "its proof")
            case Worded():
                for check in line.proof:
                    yield StepOutcome(check.text, *examine(check.residual()))
            case _:
                for text, holds, residual in line.steps():
                    yield StepOutcome(text, holds, residual)
    for cited in claim.cites:
        yield StepOutcome(cited.text, *examine(cited.residual()))


def sentence(statement: Statement) -> str:
    """How a statement is proved, in a sentence."""
    if statement.world is not None:
        return f"In exact arithmetic in this world ({statement.world.name})."
    if statement.relation == "=":
        return "The axioms bring the difference of the two sides to zero, for every law."
    pieces = " + ".join(text(piece.term) for piece in statement.certificate)
    return f"For every law the right side minus the left is {pieces}, a mean of terms that are not negative."


@functools.cache
def proved(lemma: str, claim: str) -> bool:
    """Whether the proof of a lemma's claim holds, run once in a process: how a step cites a lemma.

    Raises:
      KeyError: there is no such lemma or claim.
    """
    claims = {entry.name: entry for entry in ledger.load(lemma).claims}
    return all(step.holds for step in _steps(claims[claim]))
