"""Why an inequality holds for every law: its gap is a sum of means of products that are visibly not negative.

Example: `E_q Delta >= 0` has the certificate `E[gibbs(Z/r)]`, the mean of `t - 1 - log t` at `t = Z/r`. The calculus checks that the gap equals
that mean; the lemma *gibbs* says that `t - 1 - log t` is not negative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from theory.axioms import Form, Given, Monomial, Symbol, Unprovable, all_positive, form, positive
from theory.terms import NOTHING, Atom, E, Extreme, Field, Product, Term, X, log, r, replaced, term
from theory.words import D, V, Z, a, class_part, price, within_part, y


def visibly_not_negative(polynomial: Form) -> bool:
    """Whether no coefficient is negative, and no symbol or its power."""
    return all(coefficient > 0 and _not_negative(monomial) for monomial, coefficient in polynomial)


def _not_negative(monomial: Monomial) -> bool:
    return all(exponent % 2 == 0 or positive(symbol) or _at_least_zero(symbol) for symbol, exponent in monomial)


def _at_least_zero(symbol: Symbol) -> bool:
    match symbol:
        case Atom(low=low):
            return low is not None and low >= 0
        case Given(inside, _):
            return _not_negative(inside)
    return False


@dataclass(frozen=True)
class Positive:
    """A term whose form shows that it is not negative: `r/Z`, which is positive, or the square of any atom, which may be zero."""

    term: Term

    def holds(self) -> bool:
        return visibly_not_negative(form(self.term))


@dataclass(frozen=True)
class Square:
    """The square of a term."""

    root: Term

    @property
    def term(self) -> Term:
        return self.root**2

    def holds(self) -> bool:
        return True


@dataclass(frozen=True)
class Slack:
    """What is between a term and its supremum or infimum."""

    bound: Extreme

    @property
    def term(self) -> Term:
        gap = self.bound - self.bound.argument
        return gap if self.bound.upper else -gap

    def holds(self) -> bool:
        return True


@dataclass(frozen=True)
class Low:
    """What is between a bounded atom and its least value."""

    atom: Atom

    @property
    def term(self) -> Term:
        return self.atom - (self.atom.low or 0)

    def holds(self) -> bool:
        return self.atom.low is not None


@dataclass(frozen=True)
class High:
    """What is between the largest value of a bounded atom and the atom."""

    atom: Atom

    @property
    def term(self) -> Term:
        return (self.atom.high or 0) - self.atom

    def holds(self) -> bool:
        return self.atom.high is not None


@dataclass(frozen=True)
class Inside:
    """(y - a)(a + D - y): not negative, since labels lie in [a, a + D]."""

    @property
    def term(self) -> Term:
        return (y - a) * (a + D - y)

    def holds(self) -> bool:
        return True


@dataclass(frozen=True)
class Lemma:
    """A pointwise inequality between numbers: `term >= 0` for all values of the parameters.

    Attributes:
      name: where it is proved: a claim of the ledger, as `gibbs.log_bound`.
      parameters: constants; one that is declared positive may be replaced by a positive term only.
      term: what is not negative.
    """

    name: str
    parameters: tuple[Atom, ...]
    term: Term

    def __call__(self, *arguments: Term) -> Instance:
        return Instance(self, tuple(map(term, arguments)))


@dataclass(frozen=True)
class Instance:
    """A lemma with terms in place of its parameters."""

    lemma: Lemma
    arguments: tuple[Term, ...]

    @property
    def term(self) -> Term:
        whole = self.lemma.term
        for parameter, argument in zip(self.lemma.parameters, self.arguments, strict=True):
            whole = replaced(whole, parameter, argument)
        return whole

    def holds(self) -> bool:
        pairs = zip(self.lemma.parameters, self.arguments, strict=True)
        return all(all_positive(form(argument)) for parameter, argument in pairs if parameter.positive)


Factor: TypeAlias = "Positive | Square | Slack | Low | High | Inside | Instance | Piece"


@dataclass(frozen=True)
class Piece:
    """E_q[product of factors | given], each factor not negative; itself one, too."""

    factors: tuple[Factor, ...]
    given: Field = NOTHING

    @property
    def term(self) -> Term:
        return E(Product(tuple(factor.term for factor in self.factors)), self.given)

    def holds(self) -> bool:
        return all(factor.holds() for factor in self.factors)


Certificate: TypeAlias = tuple[Piece, ...]


def lemmas(certificate: Certificate) -> Iterator[Lemma]:
    """The lemmas that a certificate leans on."""
    for piece in certificate:
        for factor in piece.factors:
            if isinstance(factor, Instance):
                yield factor.lemma
            elif isinstance(factor, Piece):
                yield from lemmas((factor,))


def certifies(certificate: Certificate, gap: Term) -> bool:
    """Whether the gap equals the certificate for every law, and every factor is visibly not negative."""
    try:
        rest = gap
        for piece in certificate:
            rest = rest - piece.term
        return all(piece.holds() for piece in certificate) and not form(rest)
    except Unprovable:
        return False


def with_atom(certificate: Certificate, old: Atom, new: Term) -> Certificate:
    """The certificate with an atom replaced everywhere."""

    def factor(kept: Factor) -> Factor:
        match kept:
            case Positive(whole):
                return Positive(replaced(whole, old, new))
            case Square(root):
                return Square(replaced(root, old, new))
            case Slack(bound):
                return Slack(Extreme(replaced(bound.argument, old, new), bound.upper, bound.given))
            case Instance(lemma, arguments):
                return Instance(lemma, tuple(replaced(argument, old, new) for argument in arguments))
            case Piece(factors, given):
                return Piece(tuple(map(factor, factors)), given)
        return kept

    return tuple(Piece(tuple(map(factor, piece.factors)), piece.given) for piece in certificate)


t = Atom("t", "t", NOTHING, positive=True)
u = Atom("u", "u", NOTHING, positive=True)
v = Atom("v", "v", NOTHING)
GIBBS = Lemma("gibbs.log_bound", (t,), t - 1 - log(t))
"""`t - 1 - log t >= 0`, zero at t = 1 alone."""
PINSKER = Lemma("pinsker.pointwise", (u, v), u * log(u) - u + 1 - 2 * v * (u - 1) + Fraction(2, 3) * v**2 * (u + 2))
"""`u log u - u + 1 - 2 v (u - 1) + (2/3) v^2 (u + 2) >= 0`: what Pinsker's inequality is a mean of."""


def gibbs(ratio: Term, weight: Term | int = 1, given: Field = NOTHING) -> Piece:
    """E[weight (t - 1 - log t) | given] at a positive ratio t."""
    return Piece((Positive(term(weight)), GIBBS(ratio)), given)


def square(root: Term, weight: Term | int = 1, given: Field = NOTHING) -> Piece:
    """E[weight root^2 | given]."""
    return Piece((Positive(term(weight)), Square(root)), given)


NOT_NEGATIVE: tuple[tuple[Term, Certificate], ...] = (
    (price, (gibbs(r / Z),)),
    (class_part, (gibbs(V / Z),)),
    (within_part, (gibbs(r / V),)),
)
"""Words that are divergences without being written as one, each with its certificate."""

LARGER_UNDER_P: Certificate = (gibbs(Z**2 / E(r**2, X)), square(r - Z, 1 / E(r**2, X)))
"""E_q log E_p[r|x] - E_q log Z >= 0, since E_p[r|x] = E_q[r^2|x]/Z is at least Z(x)."""
