"""Runs proofs: every step is recomputed, and must come out as exactly zero or as `True`."""

from __future__ import annotations

import functools
import numbers
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from theory import ledger
from theory.record import Result

Status = Literal["holds", "fails"]
TEXT = 160  # characters of a residual worth showing


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


class FalsifierOutcome(NamedTuple):
    """Whether a wrong version was rejected."""

    result: str
    claim: str
    falsifier: str
    wrong: str
    caught: bool
    residual: str


def vanishes(value: Any) -> bool:
    """Whether a residual is exactly zero (a number, a polynomial, a SymPy expression) or `True`.

    SymPy expressions are expanded, then brought over one denominator; no numerical test and no heuristic `simplify` is
    involved.
    """
    if isinstance(value, bool):
        return value
    import sympy

    if isinstance(value, sympy.logic.boolalg.Boolean):
        return value is sympy.true
    if sympy.QQ.of_type(value) or sympy.ZZ.of_type(value) or isinstance(value, numbers.Rational):
        return value == 0
    if not isinstance(value, sympy.Expr):
        # A float, a None, anything that cannot be exactly zero: not shown to vanish.
        return getattr(value, "is_zero", False) is True
    expanded = sympy.expand(value)
    if expanded == 0:
        return True
    return sympy.cancel(sympy.together(expanded)) == 0


def _parts(value: Any) -> Iterable[Any]:
    """A step may return one residual or several; polynomials are mappings but count as one."""
    return value if isinstance(value, list | tuple) or hasattr(value, "__next__") else (value,)


def examine(value: Any) -> tuple[bool, str]:
    """Whether all residuals vanish, and the first that does not, as text. No residual at all counts as a failure."""
    parts = list(_parts(value))
    if not parts:
        return False, "nothing was computed"
    for part in parts:
        inner = isinstance(part, list | tuple)
        holds, text = examine(part) if inner else (vanishes(part), str(part))
        if not holds:
            return False, text if len(text) <= TEXT else text[: TEXT - 1] + "…"
    return True, "0"


def prove(result: Result) -> list[Outcome]:
    """Runs every step of every claim."""
    outcomes = []
    for claim in result.claims:
        start = time.process_time()
        steps = tuple(StepOutcome(step.text, *examine(step.residual())) for step in claim.proof)
        status: Status = "holds" if steps and all(step.holds for step in steps) else "fails"
        outcomes.append(Outcome(result.name, claim.name, claim.kind, status, steps, time.process_time() - start))
    return outcomes


def falsify(result: Result) -> list[FalsifierOutcome]:
    """Runs every wrong version; caught means that its residual does not vanish."""
    outcomes = []
    for claim in result.claims:
        for falsifier in claim.falsifiers:
            holds, residual = examine(falsifier.residual())
            outcomes.append(
                FalsifierOutcome(result.name, claim.name, falsifier.name, falsifier.wrong, not holds, residual)
            )
    return outcomes


@functools.cache
def proved(lemma: str, claim: str) -> bool:
    """Whether the proof of a lemma's claim holds, run once in a process: how a step cites a lemma.

    Raises:
      KeyError: there is no such lemma or claim.
    """
    claims = {entry.name: entry for entry in ledger.load(lemma).claims}
    return all(examine(step.residual())[0] for step in claims[claim].proof)
