"""The trust base: every rewriting step that a proof for every law may take.

`form(term)` brings a term to a polynomial in atoms. Each step is an instance of one of six axioms, so a form that comes out as zero proves
that the term is zero, for every law. Nothing here decides what is true: a form that is not zero proves nothing.

Example: `E(r * log(Z))` with `Z = E[r|x]`. The factor `log Z` is known given x (axiom 3), so r may be replaced by its mean given x, which is
Z: the form is that of `E(Z * log(Z))`.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from theory.terms import (
    NOTHING,
    Apply,
    Atom,
    B,
    C,
    Density,
    Divergence,
    Extreme,
    Field,
    Function,
    Law,
    Log,
    Mean,
    Named,
    Number,
    Power,
    Product,
    Sum,
    T,
    Term,
    X,
    Y,
    exp,
)

AXIOMS = (
    "E is linear: E[a f + b g | S] = a E[f|S] + b E[g|S] for rational a, b.",
    "Another law is its density: E_w[f|S] = E[(dw/dq) f | S]/E[dw/dq | S], and a density has q-mean 1.",
    "Tower and pull-out: E[b g | S] = E[b E[g|S'] | S] if S' contains S and b is known given S'.",
    "Conditional densities are quotients: w(T|S) = (E[dw/dq|T,S]/E[dw/dq|S]) q(T|S), and q(T|S) = q(T,S)/q(S).",
    "Pointwise inequalities survive a mean. Those used are the lemmas that `theory.certificate` lists, and inf a <= a <= sup a.",
    "Integrability: 0 < inf r <= sup r < inf, and so for every positive atom; others are square integrable: every mean above is finite.",
)
"""All that a proof for every law rests on, apart from the field arithmetic of rational numbers, log(a b) = log a + log b and log exp a = a."""

FOLDS: tuple[Field, ...] = (X, T, C, C | T, B, X | C, X | B, Y, Y | T)
"""Fields tried in this order when a mean is brought to its canonical shape. The order decides what can be proved, never what is true."""


class Unprovable(Exception):
    """The axioms have no word for a term: a sum in a denominator or a logarithm, say."""


@dataclass(frozen=True)
class Given:
    """E[inside | field], as an atom of forms; `inside` is a monomial that no axiom can simplify."""

    inside: Monomial
    field: Field


@dataclass(frozen=True)
class LogOf:
    """The logarithm of a positive atom, or of a prime number."""

    argument: Symbol | int


@dataclass(frozen=True)
class Reference:
    """q(field), the density that all conditional densities are relative to."""

    field: Field


@dataclass(frozen=True)
class Bound:
    """The supremum or infimum of a form given a field."""

    inside: Form
    upper: bool
    field: Field
    positive: bool


@dataclass(frozen=True)
class Value:
    """A function of a form; nothing is known of it but what a lemma says."""

    function: Function
    inside: Form
    field: Field


Symbol: TypeAlias = Atom | Given | LogOf | Reference | Bound | Value
Monomial: TypeAlias = frozenset[tuple[Symbol, int]]
Form: TypeAlias = frozenset[tuple[Monomial, Fraction]]
"""A polynomial: monomials with rational coefficients that are not zero."""

UNIT: Monomial = frozenset()


@functools.cache
def known(symbol: Symbol) -> Field:
    """What one must know to know the value of a symbol."""
    if isinstance(symbol, LogOf):
        return NOTHING if isinstance(symbol.argument, int) else known(symbol.argument)
    return symbol.field


@functools.cache
def positive(symbol: Symbol) -> bool:
    """Whether a symbol is positive: declared so, a mean of a positive monomial, a reference density, or a bound of such."""
    match symbol:
        case Atom() | Bound():
            return symbol.positive
        case Value(function, _, _):
            return function.positive
        case Given(inside, _):
            return all(positive(factor) for factor, _ in inside)
        case Reference():
            return True
        case LogOf(argument):
            # The logarithm of a prime.
            return isinstance(argument, int)
    return False


@functools.cache
def spelled(part: object) -> str:
    """A part of a form in letters, the same in every process: choices among equals go by it."""
    match part:
        case frozenset():
            return "{" + ",".join(sorted(map(spelled, part))) + "}"
        case tuple():
            return "(" + ",".join(map(spelled, part)) + ")"
        case Given() | LogOf() | Reference() | Bound() | Value():
            return type(part).__name__ + spelled(tuple(vars(part).values()))
        case Atom() | Function():
            return part.name
    return str(part)


def collected(parts: Iterable[tuple[Monomial, Fraction]]) -> Form:
    """A sum of monomials, like ones added."""
    total: dict[Monomial, Fraction] = {}
    for monomial, coefficient in parts:
        total[monomial] = total.get(monomial, Fraction(0)) + coefficient
    return frozenset((monomial, coefficient) for monomial, coefficient in total.items() if coefficient)


def times(left: Monomial, right: Monomial) -> Monomial:
    """The product of two monomials."""
    powers = dict(left)
    for symbol, exponent in right:
        powers[symbol] = powers.get(symbol, 0) + exponent
    return frozenset((symbol, exponent) for symbol, exponent in powers.items() if exponent)


def product(left: Form, right: Form) -> Form:
    """The product of two forms."""
    return collected((times(a, b), x * y) for a, x in left for b, y in right)


def constant(value: Fraction) -> Form:
    """A rational number as a form."""
    return collected([(UNIT, value)])


def all_positive(form: Form) -> bool:
    """Whether a form is a sum of positive products, one at least."""
    return bool(form) and all(k > 0 and all(positive(symbol) for symbol, _ in m) for m, k in form)


def single(form: Form, why: str) -> tuple[Monomial, Fraction]:
    """The only monomial of a form.

    Raises:
      Unprovable: it has none, or several.
    """
    if len(form) != 1:
        raise Unprovable(f"{why} is not a single product")
    return next(iter(form))


def inverse(form: Form) -> Form:
    """One over a form that is a single product of positive symbols, so that no denominator can be zero.

    Raises:
      Unprovable: it is not a single product, or a symbol is not visibly positive.
    """
    monomial, coefficient = single(form, "a denominator")
    if not all(positive(symbol) for symbol, _ in monomial):
        raise Unprovable("a denominator may be zero")
    return frozenset([(frozenset((symbol, -exponent) for symbol, exponent in monomial), 1 / coefficient)])


def logarithm(form: Form) -> Form:
    """log of a positive product, as the sum of the logarithms of its factors."""
    monomial, coefficient = single(form, "the argument of a logarithm")
    if not all_positive(form):
        raise Unprovable("the argument of a logarithm is not visibly positive")
    parts: list[tuple[Monomial, Fraction]] = []
    for symbol, exponent in monomial:
        if isinstance(symbol, Value) and symbol.function == exp:
            parts += [(inner, exponent * k) for inner, k in symbol.inside]  # log exp a = a
        else:
            parts.append((frozenset([(LogOf(symbol), 1)]), Fraction(exponent)))
    parts += [(frozenset([(LogOf(prime), 1)]), Fraction(exponent)) for prime, exponent in primes(coefficient)]
    return collected(parts)


def primes(value: Fraction) -> Iterable[tuple[int, int]]:
    """The prime factors of a positive rational number, with their exponents."""
    for number, sign in ((value.numerator, 1), (value.denominator, -1)):
        divisor = 2
        while number > 1:
            if divisor * divisor > number:
                divisor = number
            while number % divisor == 0:
                number //= divisor
                yield divisor, sign
            divisor += 1


def mean(form: Form, given: Field) -> Form:
    """E[form | given]: linear, and each monomial by `_mean` (axiom 1)."""
    return collected(
        (monomial, coefficient * inner) for outer, coefficient in form for monomial, inner in _mean(outer, given)
    )


@functools.cache
def _mean(monomial: Monomial, given: Field) -> Form:
    """E[monomial | given] in canonical shape: known factors out, inner means opened, then closed again in one order (axiom 3)."""
    out, rest = _split(monomial, given)
    opened = _opened(rest, given)
    while opened is not None:
        more, rest = _split(opened, given)
        out = times(out, more)
        opened = _opened(rest, given)
    return product(frozenset([(out, Fraction(1))]), _folded(rest, given))


def _split(monomial: Monomial, given: Field) -> tuple[Monomial, Monomial]:
    """The factors that are known given a field, and the others."""
    out = frozenset(factor for factor in monomial if known(factor[0]) <= given)
    return out, monomial - out


def _opened(monomial: Monomial, given: Field) -> Monomial | None:
    """The monomial with one inner mean opened: E[b E[g|S'] | S] = E[b g | S] for b known given S', S' containing S; None if there is none.

    The same axiom drops a density: E[b a | S] = E[b | S] where a has mean 1 given S' and b is known given S'.
    """
    for symbol, exponent in sorted(monomial, key=spelled):
        if exponent != 1:
            continue
        rest = monomial - {(symbol, exponent)}
        if isinstance(symbol, Given):
            inner, inside = symbol.field, symbol.inside
        elif isinstance(symbol, Atom) and symbol.unit is not None:
            inner, inside = symbol.unit, UNIT
        else:
            continue
        if given <= inner and all(known(factor) <= inner for factor, _ in rest):
            return times(rest, inside)
    return None


def _folded(monomial: Monomial, given: Field) -> Form:
    """E[b g | S] = E[b E[g|S'] | S] with the first S' of `FOLDS` that knows a part b of the monomial but not all of it."""
    if monomial == UNIT:
        return constant(Fraction(1))
    for fold in FOLDS:
        inner = fold | given
        b, g = _split(monomial, inner)
        if b and g:
            parts = []
            for factors, coefficient in product(frozenset([(b, Fraction(1))]), _mean(g, inner)):
                out, rest = _split(factors, given)
                # Opening again would undo the fold; closing on may still simplify.
                parts += [(times(out, m), coefficient * k) for m, k in _folded(rest, given)]
            return collected(parts)
    (symbol, exponent), *others = monomial
    if not others and exponent == 1 and isinstance(symbol, Given) and given <= symbol.field:
        return _mean(symbol.inside, given)
    return frozenset([(frozenset([(Given(monomial, given), 1)]), Fraction(1))])


def density(law: Law, of: Field, given: Field) -> Form:
    """(dw/dq)(of|given) = E[dw/dq | of, given]/E[dw/dq | given] (axiom 4)."""
    whole = form(law.density)
    return product(mean(whole, of | given), inverse(mean(whole, given)))


@functools.cache
def form(term: Term) -> Form:
    """The canonical form of a term.

    Raises:
      Unprovable: the term leaves the language of the axioms.
    """
    match term:
        case Number(value):
            return constant(value)
        case Atom():
            return frozenset([(frozenset([(term, 1)]), Fraction(1))])
        case Named(definition=definition):
            return form(definition)
        case Sum(terms):
            return collected(part for each in terms for part in form(each))
        case Product(factors):
            return functools.reduce(product, map(form, factors), constant(Fraction(1)))
        case Power(base, exponent):
            inner = form(base) if exponent >= 0 else inverse(form(base))
            return functools.reduce(product, [inner] * abs(exponent), constant(Fraction(1)))
        case Log(argument):
            return logarithm(form(argument))
        case Mean(argument, given, law):
            weight = form(law.density)
            return product(mean(product(weight, form(argument)), given), inverse(mean(weight, given)))
        case Divergence(above, below, of, given):
            ratio = product(density(above, of, given), inverse(density(below, of, given)))
            weight = form(above.density)
            return product(mean(product(weight, logarithm(ratio)), NOTHING), inverse(mean(weight, NOTHING)))
        case Density(law, of, given):
            reference = frozenset(
                [(Reference(of | given), 1), (Reference(given), -1)] if given else [(Reference(of), 1)]
            )
            return product(density(law, of, given), frozenset([(reference, Fraction(1))]))
        case Extreme(argument, upper, given):
            inside = form(argument)
            bound = Bound(inside, upper, given, all_positive(inside))
            return frozenset([(frozenset([(bound, 1)]), Fraction(1))])
        case Apply(function, argument):
            inside = form(argument)
            over = frozenset().union(*(known(symbol) for monomial, _ in inside for symbol, _ in monomial))
            return frozenset([(frozenset([(Value(function, inside, over), 1)]), Fraction(1))])
    raise Unprovable(f"no axiom speaks of {type(term).__name__}")


def zero(term: Term) -> bool:
    """Whether the axioms bring a term to zero: then it is zero for every law."""
    return not form(term)
