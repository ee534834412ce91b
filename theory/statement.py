"""A statement is an object: two sides and a relation. Its text, its LaTeX, its proof, its numbers and its wrong versions follow from it.

Example: `Statement(price, "=", KL(q, p, Y) - KL(q, p, X))` prints as `E_q Delta = KL(q_y||p_y) - KL(q_x||p_x)`; its proof brings the
difference of the sides to zero by the axioms, so it holds for every law.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from theory.axioms import Unprovable, all_positive, form, product
from theory.axioms import inverse as inverted
from theory.certificate import GIBBS, Certificate, Instance, Positive, Square, certifies
from theory.numbers import Exact, Real
from theory.printing import latex, text
from theory.terms import Term, q
from theory.worlds import Evaluation, World, real
from theory.written_back import of_form

Relation = Literal["=", "<=", "<"]
SIGNS: dict[str, str] = {"=": "=", "<=": r"\le", "<": "<"}


@dataclass(frozen=True)
class Equality:
    """When an inequality is an equality: if and only if two positive terms agree (almost everywhere).

    Attributes:
      left, right: the two terms.
    """

    left: Term
    right: Term


@dataclass(frozen=True)
class Statement:
    """`left relation right`, for every law, or in one exact world.

    Attributes:
      certificate: of an inequality for every law: means of products that are visibly not negative, which add up to right - left.
      equality: when `<=` is `=`; the certificate must then be one mean of `t - 1 - log t` or of a square.
      world: the exact world that the statement is about; None where it speaks of every law.
    """

    left: Term
    relation: Relation
    right: Term
    certificate: Certificate = ()
    equality: Equality | None = None
    world: World[Exact] | None = None

    @property
    def text(self) -> str:
        """In plain text."""
        iff = f", with equality iff {text(self.equality.left)} = {text(self.equality.right)}" if self.equality else ""
        return f"{text(self.left)} {self.relation} {text(self.right)}{iff}"

    @property
    def latex(self) -> str:
        """In LaTeX, without delimiters."""
        equality = self.equality
        iff = rf"\quad\text{{iff}}\quad {latex(equality.left)} = {latex(equality.right)}" if equality else ""
        iff = rf",\quad\text{{with equality}}{iff}" if iff else ""
        return f"{latex(self.left)} {SIGNS[self.relation]} {latex(self.right)}{iff}"

    @property
    def gap(self) -> Term:
        """right - left."""
        return self.right - self.left

    def proved(self) -> bool:
        """Whether the axioms prove it (for every law), or exact arithmetic does (in its world)."""
        if self.world is not None:
            return self._exact(self.world)
        if self.relation == "=":
            try:
                return not form(self.gap)
            except Unprovable:
                return False
        if self.relation == "<" or not certifies(self.certificate, self.gap):
            return False
        return self.equality is None or self._only_when(self.equality)

    def left_over(self) -> str:
        """What keeps the proof from closing, in a line; "0" where nothing does."""
        if self.proved():
            return "0"
        if self.world is not None:
            return "the two sides are other numbers in this world"
        try:
            rest = self.gap
            for piece in self.certificate:
                rest = rest - piece.term
            return text(of_form(form(rest))) if form(rest) else "a factor is not visibly positive"
        except Unprovable as problem:
            return str(problem)

    def _exact(self, world: World[Exact]) -> bool:
        """In an exact world: equality by exact numbers, a strict inequality by floats with a bound of their error."""
        close = Evaluation(real(world))
        left, right = close.table(self.left), close.table(self.right)
        apart = {pair for pair in left if right[pair].value - left[pair].value > right[pair].error + left[pair].error}
        if self.relation == "<" or len(apart) == len(left):
            return self.relation != "=" and len(apart) == len(left)
        try:
            exactly = Evaluation(world)
            lower, upper = exactly.table(self.left), exactly.table(self.right)
        except ValueError:
            return False
        return all(lower[pair] == upper[pair] or (self.relation == "<=" and pair in apart) for pair in left)

    def _only_when(self, equality: Equality) -> bool:
        """Whether the gap is zero only where the two terms agree: it is one mean of t - 1 - log t, zero at t = 1 alone, with t the quotient
        of the terms, or one mean of a square, with the difference of the terms as root."""
        if len(self.certificate) != 1:
            return False
        # A weight that may be zero would let the terms differ where it is.
        factors = [
            factor
            for factor in self.certificate[0].factors
            if not (isinstance(factor, Positive) and all_positive(form(factor.term)))
        ]
        if len(factors) != 1:
            return False
        match factors[0]:
            case Instance(lemma, (ratio,)) if lemma == GIBBS:
                quotient = product(form(equality.left), inverted(form(equality.right)))
                return form(ratio) in (quotient, inverted(quotient))
            case Square(root):
                return form(root) in (form(equality.left - equality.right), form(equality.right - equality.left))
        return False


@dataclass(frozen=True)
class Sides:
    """Both sides of a statement in one world, at the place where they are farthest from agreeing.

    Attributes:
      left, right: the sides.
      refuted: whether the relation fails, or equality comes where the statement denies it, by more than the rounding errors.
      decided: whether both sides have a finite value somewhere.
    """

    left: Real
    right: Real
    refuted: bool
    decided: bool


def sides(statement: Statement, values: Evaluation[Real]) -> Sides:
    """Sets the sides of a statement side by side in a finite world."""
    left, right = values.table(statement.left), values.table(statement.right)
    limits = {pair: left[pair].error + right[pair].error for pair in left}
    gaps = {pair: right[pair].value - left[pair].value for pair in left}
    # A number that is not finite, or has no finite bound, decides nothing.
    decided = [pair for pair in left if math.isfinite(gaps[pair]) and math.isfinite(limits[pair])]
    excess = {
        pair: abs(gaps[pair]) - limits[pair]
        if statement.relation == "="
        else -gaps[pair] - (limits[pair] if statement.relation == "<=" else -limits[pair])
        for pair in decided
    }
    worst = max(excess, key=excess.__getitem__, default=next(iter(left)))
    refuted = any(value > 0 for value in excess.values())
    if statement.equality is not None and decided and statement.relation == "<=":
        gap, limit = max(gaps[pair] for pair in decided), max(limits[pair] for pair in decided)
        refuted = refuted or _misplaced(statement.equality, values, gap, limit)
    return Sides(left[worst], right[worst], refuted, bool(decided))


HIDDEN = 1e-9
"""A gap this much smaller than the mean squared disagreement of two terms is no gap: t - 1 - log t is (t - 1)^2/2 near 1."""


def agree(equality: Equality, values: Evaluation[Real]) -> bool:
    """Whether the two terms agree everywhere in a finite world, up to rounding."""
    left, right = values.table(equality.left), values.table(equality.right)
    return all(abs(left[pair].value - right[pair].value) <= left[pair].error + right[pair].error for pair in left)


def _misplaced(equality: Equality, values: Evaluation[Real], gap: float, limit: float) -> bool:
    """Whether the sides differ though the two terms agree, or agree though the terms differ."""
    left, right = values.table(equality.left), values.table(equality.right)
    masses = values.masses(q)
    # Two terms of any sign: what they differ by, against their size.
    apart = sum(
        masses[pair].value
        * ((left[pair].value - right[pair].value) / (abs(left[pair].value) + abs(right[pair].value) or 1)) ** 2
        for pair in left
    )
    return gap > limit if agree(equality, values) else gap <= limit and limit < HIDDEN * apart
