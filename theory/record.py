"""A result: a name, what it assumes, and its claims (`theory.claim`), which carry the statements and their proofs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from theory.claim import Claim

Kind = Literal["identity", "upper bound", "asymptotic", "counterexample"]
"""identity: two-sided; upper bound: one-sided; asymptotic: a ratio tends to 1; counterexample: a strict inequality on an exact example."""

KINDS: tuple[Kind, ...] = ("identity", "upper bound", "asymptotic", "counterexample")


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
    claims: tuple[Claim, ...]
    source: str
    lemma: bool = False
