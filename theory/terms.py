"""The language of statements: terms built from random variables, conditional means, divergences and logarithms.

Example: `KL(q, p, Y, given=X)` is `E_{q(x)} KL(q(y|x)||p(y|x))`, and `E(log(Z) - log(r))` is the price of imbalance.

There is one probability space, with the balanced law q on it. A *field* is a set of variables that one knows: `X` is knowing the input.
Knowing a label means knowing its class, and knowing an input means knowing a prediction `t(x)`. Every other law is its density against q, a
positive term: that of p is `r`. Alphabets, densities and mixtures are one case, since nothing is written as a sum or an integral.

A term says nothing about how it is proved, printed or evaluated: `theory.axioms`, `theory.printing` and the routes to a number each read it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

Field: TypeAlias = frozenset[str]
"""Variables that are known: any of y, b, c, x, t, closed under what determines what."""

DETERMINED = {"y": "bc", "b": "c", "x": "t"}
"""A label determines its class and its part b of the class, a part determines its class, an input the prediction made from it."""


def field(*variables: str) -> Field:
    """The variables and all that they determine."""
    return frozenset(variables).union(*(DETERMINED.get(name, "") for name in variables))


NOTHING: Field = field()
Y, X, B, C, T = field("y"), field("x"), field("b"), field("c"), field("t")
ALL: Field = X | Y


class Term:
    """A random variable (a constant is one, too). Subclasses are frozen records; operators build larger terms."""

    def __add__(self, other: Term | int | Fraction) -> Term:
        return Sum((self, term(other)))

    def __radd__(self, other: int | Fraction) -> Term:
        return Sum((term(other), self))

    def __sub__(self, other: Term | int | Fraction) -> Term:
        return Sum((self, -term(other)))

    def __rsub__(self, other: int | Fraction) -> Term:
        return Sum((term(other), -self))

    def __neg__(self) -> Term:
        return Product((Number(Fraction(-1)), self))

    def __mul__(self, other: Term | int | Fraction) -> Term:
        return Product((self, term(other)))

    def __rmul__(self, other: int | Fraction) -> Term:
        return Product((term(other), self))

    def __truediv__(self, other: Term | int | Fraction) -> Term:
        return Product((self, Power(term(other), -1)))

    def __rtruediv__(self, other: int | Fraction) -> Term:
        return Product((term(other), Power(self, -1)))

    def __pow__(self, exponent: int) -> Term:
        return Power(self, exponent)


@dataclass(frozen=True)
class Number(Term):
    """A rational constant."""

    value: Fraction


@dataclass(frozen=True)
class Atom(Term):
    """A random variable that is given.

    Attributes:
      name: as printed in text, with its argument: `r(y)`.
      latex: as printed in LaTeX.
      field: what one must know to know its value; a constant has the empty field.
      positive: whether it is positive wherever it is defined.
      unit: a field given which its q-mean is 1, as for the density of a law; None where nothing is assumed.
      low, high: its least and its largest value; None where there is none.
    """

    name: str
    latex: str
    field: Field
    positive: bool = False
    unit: Field | None = None
    low: Fraction | None = None
    high: Fraction | None = None


@dataclass(frozen=True)
class Sum(Term):
    """A sum."""

    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Product(Term):
    """A product."""

    factors: tuple[Term, ...]


@dataclass(frozen=True)
class Power(Term):
    """An integer power; a negative one of a positive monomial only."""

    base: Term
    exponent: int


@dataclass(frozen=True)
class Log(Term):
    """The natural logarithm of a positive monomial."""

    argument: Term


@dataclass(frozen=True)
class Law:
    """A probability law.

    Attributes:
      density: the law's density against q.
    """

    name: str
    latex: str
    density: Term


@dataclass(frozen=True)
class Mean(Term):
    """E_law[argument | given]."""

    argument: Term
    given: Field
    law: Law


@dataclass(frozen=True)
class Divergence(Term):
    """E_{above(given)} KL(above(of|given)||below(of|given)), in nats."""

    above: Law
    below: Law
    of: Field
    given: Field = NOTHING


@dataclass(frozen=True)
class Density(Term):
    """law(of|given), a conditional probability (or its density against whatever q's is taken against)."""

    law: Law
    of: Field
    given: Field = NOTHING


@dataclass(frozen=True)
class Extreme(Term):
    """The essential supremum or infimum of a term given a field: over everything, or over a bin for `given=C`."""

    argument: Term
    upper: bool
    given: Field = NOTHING


@dataclass(frozen=True)
class Function:
    """A function of one real variable that statements name, such as h of *remainder*.

    Attributes:
      name, latex: as printed before the argument.
      value: its value at a number; it must take any number that it is applied to.
      expression: the same as a SymPy expression of a SymPy symbol; where proofs about the function itself begin.
      positive: whether it is positive on its domain.
      nonnegative: whether it is not negative there; a claim of the ledger says so.
    """

    name: str
    latex: str
    value: Callable[[float], float]
    expression: Callable[[Any], Any]
    positive: bool = False
    nonnegative: bool = False

    def __call__(self, argument: Term) -> Term:
        return Apply(self, argument)


@dataclass(frozen=True)
class Apply(Term):
    """A function of a term."""

    function: Function
    argument: Term


@dataclass(frozen=True)
class Named(Term):
    """A term with a name of its own: printed as the name, and everywhere else the same as its definition.

    Attributes:
      name, latex: as printed.
      definition: what it stands for.
      quantity: the name under which every route to a number knows it; empty where none needs to.
    """

    name: str
    latex: str
    definition: Term
    quantity: str = ""


@dataclass(frozen=True)
class Restricted(Named):
    """Any value of a form, such as "any f this far from y at most": an assumption. What is wrong with one is to leave it out, not to alter it."""


def term(value: Term | int | Fraction) -> Term:
    """A number as a term; a term as it is."""
    return value if isinstance(value, Term) else Number(Fraction(value))


def log(argument: Term | int | Fraction) -> Term:
    """The logarithm of a positive monomial."""
    return Log(term(argument))


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def _symbolic_exp(symbol: Any) -> Any:
    import sympy

    return sympy.exp(symbol)


exp = Function("exp", r"\exp", _exp, _symbolic_exp, positive=True)
"""The exponential; the axioms know that it undoes the logarithm."""

ONE, ZERO = term(1), term(0)
r = Atom("r(y)", "r(y)", Y, positive=True, unit=NOTHING)
"""p/q on labels. That it is known from the label alone is label shift."""

q = Law("q", "q", ONE)
p = Law("p", "p", r)


def E(argument: Term | int, given: Field = NOTHING, law: Law = q) -> Term:
    """E_law[argument | given]."""
    return Mean(term(argument), given, law)


def KL(above: Law, below: Law, of: Field, given: Field = NOTHING) -> Term:
    """E_{above(given)} KL(above(of|given)||below(of|given))."""
    return Divergence(above, below, of, given)


def sup(argument: Term, given: Field = NOTHING) -> Extreme:
    """The supremum of a term."""
    return Extreme(argument, True, given)


def inf(argument: Term, given: Field = NOTHING) -> Extreme:
    """The infimum of a term."""
    return Extreme(argument, False, given)


def children(whole: Term) -> tuple[Term, ...]:
    """The terms directly inside a term, in the order in which `rebuilt` takes them."""
    match whole:
        case Sum(terms):
            return terms
        case Product(factors):
            return factors
        case Power(base, _):
            return (base,)
        case Log(argument) | Mean(argument, _, _) | Extreme(argument, _, _) | Apply(_, argument):
            return (argument,)
        case Named(definition=definition):
            return (definition,)
    return ()


def rebuilt(whole: Term, parts: tuple[Term, ...]) -> Term:
    """The same term with other terms directly inside. A named term whose definition changes loses its name."""
    match whole:
        case Sum():
            return Sum(parts)
        case Product():
            return Product(parts)
        case Power(_, exponent):
            return Power(parts[0], exponent)
        case Log():
            return Log(parts[0])
        case Mean(_, given, law):
            return Mean(parts[0], given, law)
        case Extreme(_, upper, given):
            return Extreme(parts[0], upper, given)
        case Apply(function, _):
            return Apply(function, parts[0])
        case Named():
            return parts[0]
    return whole


def replaced(whole: Term, old: Term, new: Term) -> Term:
    """The term with an atom or a named term replaced everywhere, in the densities of laws too."""

    def law(kept: Law) -> Law:
        density = replaced(kept.density, old, new)
        return kept if density == kept.density else Law(kept.name, kept.latex, density)

    if whole == old:
        return new
    match whole:
        case Divergence(above, below, of, given):
            return Divergence(law(above), law(below), of, given)
        case Density(of_law, of, given):
            return Density(law(of_law), of, given)
        case Mean(argument, given, of_law):
            return Mean(replaced(argument, old, new), given, law(of_law))
    parts = children(whole)
    after = tuple(replaced(part, old, new) for part in parts)
    return whole if after == parts else rebuilt(whole, after)
