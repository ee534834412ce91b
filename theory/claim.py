"""A claim: one or a few statements under one name, with what they assume and which of their mutants are true as well."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from theory.certificate import Certificate
from theory.record import Kind
from theory.residual import Residual
from theory.statement import Statement
from theory.terms import Term

if TYPE_CHECKING:
    from theory.formula import Formula

Scope = Literal["every law", "closed form", "these sizes only"]
SCOPES: tuple[Scope, ...] = ("every law", "closed form", "these sizes only")
"""For whom a claim is proved. Every law: by the axioms. Closed form: the statement itself speaks of an exact example or of a function of
numbers. These sizes only: the statement says more than its proof does; a gap."""


@dataclass(frozen=True)
class Check:
    """A step of a proof that is neither an axiom nor a formula's own: a lemma cited, an induction step computed.

    Attributes:
      text: the sentence that a reader sees.
      residual: recomputes it; what it returns must be exactly zero, or True.
    """

    text: str
    residual: Callable[[], Residual | Iterable[Residual]]


@dataclass(frozen=True)
class Wrong:
    """A wrong version that no generator would make, written by hand.

    Attributes:
      name: a short name, unique within the result.
      wrong: what is wrong with it, in words.
      residual: the proof's computation with the mistake in it; it must not come to zero or True.
    """

    name: str
    wrong: str
    residual: Callable[[], Residual | Iterable[Residual]]


@dataclass(frozen=True)
class Worded:
    """A statement that the language has no terms for (an algorithm, a limit over partitions), in words, with its own proof and wrong versions.

    Attributes:
      scope: for whom it is proved.
    """

    text: str
    latex: str
    scope: Scope
    proof: tuple[Check, ...]
    wrong: tuple[Wrong, ...]

    def proved(self) -> bool:
        """Whether every step comes to exactly zero or True."""
        from theory.residual import examine

        return all(examine(step.residual())[0] for step in self.proof)


Line: TypeAlias = "Statement | Formula | Worded"


@dataclass(frozen=True)
class AlsoTrue:
    """A mutant that is true as well.

    Attributes:
      mistake: the mutant's words, or how they begin.
      reason: why it is true.
      certificate: of the mutant, where it is an inequality that a certificate of its own proves.
    """

    mistake: str
    reason: str
    certificate: Certificate = ()


@dataclass(frozen=True)
class Claim:
    """Statements under one name.

    Attributes:
      name: a short name, unique within the result; numeric checks refer to it.
      kind: picks the assertion of numeric checks.
      lines: the statements.
      assumptions: what this claim needs beyond the assumptions of its result.
      remark: words after the statements; nothing is proved of them.
      also_true: mutants that are true as well.
      not_negative: terms of the statements that are not negative, each with the certificate of that; a mutant whose gap is larger by them is true.
      cites: further steps: lemmas that the certificates lean on.
    """

    name: str
    kind: Kind
    lines: tuple[Line, ...]
    assumptions: tuple[str, ...] = ()
    remark: str = ""
    also_true: tuple[AlsoTrue, ...] = ()
    not_negative: tuple[tuple[Term, Certificate], ...] = ()
    cites: tuple[Check, ...] = ()

    @property
    def statement(self) -> str:
        """In plain text, as a sentence."""
        text = "; ".join(line.text for line in self.lines)
        return f"{self._where}{text}{f': {self.remark}' if self.remark else ''}."

    @property
    def _where(self) -> str:
        """The one exact world that the statements are about, before them; nothing where there is none, or more than one."""
        worlds = {line.world.name for line in self.lines if isinstance(line, Statement) and line.world is not None}
        # Where there are several, the statements name them.
        return f"For {worlds.pop()}: " if len(worlds) == 1 else ""

    @property
    def latex(self) -> str:
        """In LaTeX, without delimiters."""
        lines = r", \qquad ".join(line.latex for line in self.lines)
        return (rf"\text{{{self._where}}}" if self._where else "") + lines

    @property
    def scope(self) -> Scope:
        """The narrowest scope of its lines."""
        return max((scope_of(line) for line in self.lines), key=SCOPES.index)


def scope_of(line: Line) -> Scope:
    """For whom a line is proved."""
    if isinstance(line, Worded):
        return line.scope
    return "every law" if isinstance(line, Statement) and line.world is None else "closed form"
