"""A form as a term again: to print what a proof leaves over, and to give a form a number."""

from __future__ import annotations

from fractions import Fraction

from theory.axioms import Bound, Form, Given, LogOf, Monomial, Reference, Symbol, Value, spelled
from theory.terms import Apply, Density, Extreme, Log, Mean, Number, Power, Product, Sum, Term, q


def of_form(form: Form) -> Term:
    """A term with this form, its products in a fixed order."""
    parts = [(of_monomial(monomial), coefficient) for monomial, coefficient in sorted(form, key=spelled)]
    return Sum(tuple(part if k == 1 else Product((Number(k), part)) for part, k in parts))


def of_monomial(monomial: Monomial) -> Term:
    """A term with this monomial for its form."""
    factors = [
        of_symbol(symbol) if k == 1 else Power(of_symbol(symbol), k) for symbol, k in sorted(monomial, key=spelled)
    ]
    return factors[0] if len(factors) == 1 else Product(tuple(factors))


def of_symbol(symbol: Symbol) -> Term:
    """A term with this symbol for its form."""
    match symbol:
        case Given(inside, field):
            return Mean(of_monomial(inside), field, q)
        case LogOf(argument):
            return Log(Number(Fraction(argument)) if isinstance(argument, int) else of_symbol(argument))
        case Reference(field):
            return Density(q, field)
        case Bound(inside, upper, field, _):
            return Extreme(of_form(inside), upper, field)
        case Value(function, inside, _):
            return Apply(function, of_form(inside))
    return symbol
