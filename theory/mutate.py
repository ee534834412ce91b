"""Every wrong version of every statement: refused by its proof and by numbers, or true as well with a reason."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Literal

from theory import formula as formulas
from theory import ledger, mutants
from theory.certificate import certifies
from theory.claim import AlsoTrue, Claim, Worded
from theory.formula import Formula
from theory.record import Result
from theory.residual import examine
from theory.statement import Statement

FEW = 8
"""Claims that are not worth another process."""
Verdict = Literal["refused", "true as well", "survived"]


@dataclass(frozen=True)
class Mutation:
    """A wrong version, and what became of it.

    Attributes:
      result, claim: whose mutant it is.
      mistake: what is wrong with it, in words.
      text: the wrong version.
      proof: whether its proof holds. For a wrong version it must not.
      numbers: where numbers refute it; empty where they do not. A wrong version written by hand has its proof alone.
      reason: why it is true as well; empty where nothing shows it.
    """

    result: str
    claim: str
    mistake: str
    text: str
    proof: bool
    numbers: str
    reason: str

    @property
    def status(self) -> Verdict:
        """Refused by both; true as well, so by neither and with a reason; survived in every other case."""
        if self.numbers:
            return "survived" if self.proof else "refused"
        return "true as well" if self.reason else "survived"

    @property
    def by(self) -> str:
        """What settled it, in words."""
        return self.numbers or self.reason or "nothing"


def mutations(result: str, claim: Claim) -> Iterator[Mutation]:
    """The wrong versions of a claim, each tried by proof and by numbers."""
    for line in claim.lines:
        if isinstance(line, Worded):
            for each in line.wrong:
                holds, residual = examine(each.residual())
                yield Mutation(result, claim.name, each.name, each.wrong, holds, f"left over: {residual}", "")
        else:
            for mistake, wrong in wrong_lines(line):
                yield judged(result, claim, line, mistake, wrong)


def wrong_lines(line: Statement | Formula) -> list[tuple[str, Statement | Formula]]:
    """The mutants of a statement or formula, each with its mistake in words."""
    if isinstance(line, Statement):
        return [(each.mistake, each.statement) for each in mutants.mutants(line)]
    return [*formulas.mutants(line)]


def judged(result: str, claim: Claim, line: Statement | Formula, mistake: str, wrong: Statement | Formula) -> Mutation:
    """What becomes of one mutant of a line of a claim."""
    if isinstance(line, Statement) and isinstance(wrong, Statement):
        label_shift = mistake != mutants.LABEL_SHIFT
        numbers, reason = mutants.refuted(wrong, label_shift, mutants.FIRST), ""
        if not numbers:
            reason = mutants.true_as_well(line, wrong, claim.not_negative) or listed(claim, mistake, wrong)
        if not numbers and not reason:
            numbers = mutants.refuted(wrong, label_shift)
    else:
        assert isinstance(line, Formula), "a mutant is of its line's kind"
        assert isinstance(wrong, Formula), "a mutant is of its line's kind"
        numbers = formulas.refuted(wrong)
        reason = "" if numbers else formulas.true_as_well(line, wrong) or listed(claim, mistake, None)
    return Mutation(result, claim.name, mistake, wrong.text, wrong.proved(), numbers, reason)


def listed(claim: Claim, mistake: str, wrong: Statement | None) -> str:
    """The reason that the claim lists for a mutant, if its certificate (where it has one) proves the mutant."""
    for each in claim.also_true:
        if mistake.startswith(each.mistake) and _shown(each, wrong):
            return each.reason
    return ""


def _shown(entry: AlsoTrue, wrong: Statement | None) -> bool:
    return not entry.certificate or (wrong is not None and certifies(entry.certificate, wrong.gap))


def every(results: Sequence[Result]) -> list[Mutation]:
    """The wrong versions of all claims, in the order of the ledger; claims are shared out among the processor's cores."""
    names = [(result.name, claim.name) for result in results for claim in result.claims]
    if len(names) <= FEW:
        return [mutation for name in names for mutation in _of(name)]
    # Fresh processes: a copy of one with threads could wait for a lock that nobody holds any more.
    with ProcessPoolExecutor(len(os.sched_getaffinity(0)), get_context("spawn")) as pool:
        return [mutation for claim in pool.map(_of, names) for mutation in claim]


def _of(name: tuple[str, str]) -> list[Mutation]:
    """The wrong versions of one claim, found by name in another process."""
    result, claim = name
    return [
        mutation for each in ledger.load(result).claims if each.name == claim for mutation in mutations(result, each)
    ]


def superfluous(results: Sequence[Result], every: Sequence[Mutation]) -> list[str]:
    """Claims that assume label shift, and whose proofs hold without it: `price.posterior_divergence`."""
    names = []
    for result in results:
        for claim in result.claims:
            assumed = any(text.startswith("label shift") for text in (*result.assumptions, *claim.assumptions))
            without = [
                mutation.status
                for mutation in every
                if (mutation.result, mutation.claim, mutation.mistake) == (result.name, claim.name, mutants.LABEL_SHIFT)
            ]
            if assumed and without and set(without) == {"true as well"}:
                names.append(f"{result.name}.{claim.name}")
    return names
