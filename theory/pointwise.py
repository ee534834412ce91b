"""Pointwise lemmas as formulas about numbers: the lemma's own term is what its proof reads, so the two cannot differ.

Example: `formula(GIBBS, ...)` is `0 <= t - 1 - log t`, and certificates cite the same `GIBBS`.
"""

from __future__ import annotations

import functools

import sympy

from theory.certificate import Lemma
from theory.formula import Formula, Range, Step
from theory.terms import Apply, Atom, Log, Named, Number, Power, Product, Sum, Term

ZERO = sympy.S.Zero


def symbol(parameter: Atom) -> sympy.Symbol:
    """A parameter as a SymPy symbol."""
    return (
        sympy.Symbol(parameter.name, positive=True) if parameter.positive else sympy.Symbol(parameter.name, real=True)
    )


def expression(whole: Term) -> sympy.Expr:
    """A term without means or bounds as a SymPy expression.

    Raises:
      TypeError: the term speaks of laws, not of numbers.
    """
    match whole:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Atom():
            return symbol(whole)
        case Named(_, _, definition):
            return expression(definition)
        case Sum(terms):
            return sympy.Add(*map(expression, terms))
        case Product(factors):
            return functools.reduce(sympy.Mul, map(expression, factors), sympy.S.One)
        case Power(base, exponent):
            return expression(base) ** exponent
        case Log(argument):
            return sympy.log(expression(argument))
        case Apply(function, argument):
            return function.expression(expression(argument))
    raise TypeError(f"{type(whole).__name__} is not a number")


def formula(lemma: Lemma, *proof: Step, ranges: tuple[Range, ...] = (), at: tuple[sympy.Expr, ...] = ()) -> Formula:
    """`0 <= term` for all values of the parameters.

    Args:
      ranges: where the symbols are tried; by default positive ones below 8, others between -8 and 8.
      at: for a lemma with a domain its parameters by positive symbols, so that these run over the whole domain.

    Raises:
      ValueError: the symbols leave the domain.
    """
    place = dict(zip(map(symbol, lemma.parameters), at, strict=True)) if at else {}
    if not all(sympy.factor(expression(each).subs(place, simultaneous=True)).is_nonnegative for each in lemma.domain):
        raise ValueError(f"{lemma.name}: the parameters leave the domain")
    whole = expression(lemma.term).subs(place, simultaneous=True)
    symbols = sorted(whole.free_symbols, key=str)
    tried = ranges or tuple(Range(each, 0 if each.is_positive else -8, 8) for each in symbols)
    return Formula(ZERO, "<=", whole, tried, proof)


def gap(inequality: Formula) -> sympy.Expr:
    """What a proof must show not to be negative: the right side minus the left."""
    return inequality.right - inequality.left
