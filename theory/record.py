"""What a theorem is here: data, with a proof that a machine re-runs.

A `Result` has a short name and one or more `Claim`s. A claim has a kind, which picks how it is checked, a statement and a proof: a
tuple of `Step`s. A step says one sentence and carries a function without arguments that returns what must come out as exactly zero
(an expression, or several) or as `True`. `theory.prove` runs every step each time; a lemma that many proofs cite is run once in a process.

A `Falsifier` is a wrong version of a claim (a wrong sign, weight or constant) with the same kind of residual; it is caught when the
proof rejects it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from theory.residual import Residual

if TYPE_CHECKING:
    from theory.claim import Claim as NewClaim

Kind = Literal["identity", "upper bound", "asymptotic", "counterexample"]
"""identity: two-sided; upper bound: one-sided; asymptotic: a ratio tends to 1; counterexample: a strict inequality on an exact example."""

KINDS: tuple[Kind, ...] = ("identity", "upper bound", "asymptotic", "counterexample")


@dataclass(frozen=True)
class Step:
    """One step of a proof.

    Attributes:
      text: the sentence that a reader sees.
      residual: recomputes the step; what it returns must be exactly zero, or `True`.
    """

    text: str
    residual: Callable[[], Residual | Iterable[Residual]]


@dataclass(frozen=True)
class Falsifier:
    """A wrong version of a claim that the proof must reject.

    Attributes:
      name: a short name, unique within the claim's result.
      wrong: what is wrong with it, in words.
      residual: the same computation as a proof step with the mistake put in; must not be zero or `True`.
    """

    name: str
    wrong: str
    residual: Callable[[], Residual | Iterable[Residual]]


@dataclass(frozen=True)
class Claim:
    """One checkable statement of a result.

    Attributes:
      name: a short name, unique within the result; numeric checks refer to it.
      kind: picks the assertion.
      statement: the claim in plain text, symbols as in `paper_notes.md`.
      latex: the same in LaTeX (amsmath only), in display-math form without delimiters.
      proof: steps that a machine re-runs; never empty.
      falsifiers: wrong versions that the proof rejects.
      assumptions: what this claim needs beyond the assumptions of its result.
    """

    name: str
    kind: Kind
    statement: str
    latex: str
    proof: tuple[Step, ...]
    falsifiers: tuple[Falsifier, ...] = ()
    assumptions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """A named result: what the file of that name in every room is about.

    Attributes:
      name: the one name (`price`, `offset`, ...).
      title: a phrase of a few words.
      question: the question it answers, in one plain sentence.
      assumptions: what all of its claims need.
      claims: the statements, the main one first.
      source: where it is from (a paper, or "this project").
      lemma: True for a lemma, which has no rooms of its own outside `theory`.
    """

    name: str
    title: str
    question: str
    assumptions: tuple[str, ...]
    claims: tuple[Claim | NewClaim, ...]
    source: str
    lemma: bool = False
