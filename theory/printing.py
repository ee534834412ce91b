"""How terms and statements are written, in plain text and in LaTeX, from the one object."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from theory.terms import (
    ALL,
    DETERMINED,
    NOTHING,
    Apply,
    Atom,
    B,
    C,
    Density,
    Divergence,
    Extreme,
    Field,
    Law,
    Log,
    Mean,
    Named,
    Number,
    Power,
    Product,
    Sum,
    Term,
    X,
    Y,
)

SUM, PRODUCT, FACTOR = 0, 1, 2
"""How tightly a term binds where it stands; one that binds less is put in parentheses."""


def variables(given: Field) -> str:
    """A field by the variables that determine it: `x,c`."""
    implied = "".join(DETERMINED.get(name, "") for name in given)
    return ",".join(name for name in "yxtbc" if name in given and name not in implied)


def over(whole: Term) -> Field:
    """The variables that a term depends on as it is written."""
    match whole:
        case Atom():
            return whole.field
        case Mean(_, given, _) | Extreme(_, _, given):
            return given
        case Density(_, of, given):
            return of | given
        case Divergence() | Number():
            return NOTHING
        case Sum(parts) | Product(parts):
            return frozenset().union(*map(over, parts))
        case Power(base, _):
            return over(base)
        case Log(argument) | Apply(_, argument):
            return over(argument)
        case Named():
            return over(whole.definition)
    return NOTHING


class Text:
    """Plain text."""

    def name(self, symbol: Atom | Named | Law) -> str:
        return symbol.name

    def number(self, value: Fraction) -> str:
        return str(value)

    def subscript(self, base: str, index: str) -> str:
        return f"{base}_{index}" if len(index) == 1 else f"{base}_{{{index}}}"

    def mean(self, law: str, argument: str, given: str, bare: bool) -> str:
        if given:
            return f"E_{law}[{argument}|{given}]"
        return f"E_{law} {argument}" if bare else f"E_{law}[{argument}]"

    def divergence(self, above: str, below: str) -> str:
        return f"KL({above}||{below})"

    def log(self, argument: str, bare: bool) -> str:
        return f"log {argument}" if bare else f"log({argument})"

    def power(self, base: str, exponent: int) -> str:
        return f"{base}^{exponent}"

    def quotient(self, above: str, below: str) -> str:
        return f"{above}/{below}"

    def parentheses(self, inside: str) -> str:
        return f"({inside})"

    def extreme(self, upper: bool, argument: str, given: str) -> str:
        return f"{'sup' if upper else 'inf'}{f'_{{B_{given}}}' if given else ''} {argument}"

    def apply(self, function: str, argument: str) -> str:
        return f"{function}({argument})"

    space, fraction_bars = " ", False


class Latex(Text):
    """LaTeX, amsmath only."""

    def name(self, symbol: Atom | Named | Law) -> str:
        return symbol.latex

    def number(self, value: Fraction) -> str:
        sign = "-" if value < 0 else ""
        whole = value.denominator == 1
        return str(value) if whole else rf"{sign}\tfrac{{{abs(value.numerator)}}}{{{value.denominator}}}"

    def subscript(self, base: str, index: str) -> str:
        return f"{base}_{{{index}}}"

    def mean(self, law: str, argument: str, given: str, bare: bool) -> str:
        if given:
            return rf"E_{{{law}}}\left[{argument}\,\middle|\,{given}\right]"
        return rf"E_{{{law}}}\,{argument}" if bare else rf"E_{{{law}}}\left[{argument}\right]"

    def divergence(self, above: str, below: str) -> str:
        return rf"\mathrm{{KL}}\left({above}\,\middle\|\,{below}\right)"

    def log(self, argument: str, bare: bool) -> str:
        return rf"\log {argument}" if bare else rf"\log\left({argument}\right)"

    def power(self, base: str, exponent: int) -> str:
        return f"{base}^{{{exponent}}}"

    def quotient(self, above: str, below: str) -> str:
        return rf"\frac{{{above}}}{{{below}}}"

    def parentheses(self, inside: str) -> str:
        return rf"\left({inside}\right)"

    def extreme(self, upper: bool, argument: str, given: str) -> str:
        return rf"\{'sup' if upper else 'inf'}{f'_{{B_{given}}}' if given else ''} {argument}"

    space, fraction_bars = r"\,", True


def written(whole: Term, style: Text, binding: int = SUM) -> str:
    """A term in a style, in parentheses where it binds less than its place asks for."""

    def inside(part: Term, tightness: int) -> str:
        return written(part, style, tightness)

    def enclosed(text: str, own: int) -> str:
        return style.parentheses(text) if own < binding else text

    match whole:
        case Number(value):
            return enclosed(
                style.number(value), SUM if value < 0 else PRODUCT if value.denominator != 1 else FACTOR + 1
            )
        case Atom() | Named():
            return style.name(whole)
        case Sum(terms):
            return enclosed(_sum(terms, inside, style), SUM)
        case Product(factors):
            return _product(factors, inside, style, enclosed)
        case Power(base, exponent):
            if exponent < 0:
                return _product((whole,), inside, style, enclosed)
            return style.power(inside(base, FACTOR + 1), exponent)
        case Log(argument):
            text = written(argument, style)
            bare = isinstance(argument, Atom | Named | Density)
            return enclosed(style.log(text, bare), PRODUCT)
        case Mean(argument, given, law):
            depends = over(argument)
            label = style.name(law)
            # q(x) says that only the law of x matters.
            if not given and depends not in (NOTHING, ALL, Y, X | C, X | Y):
                label = (
                    f"{{{label}({variables(depends)})}}"
                    if not style.fraction_bars
                    else f"{label}({variables(depends)})"
                )
            bare = isinstance(argument, Atom | Named)
            return enclosed(style.mean(label, written(argument, style), variables(given), bare), FACTOR)
        case Divergence(above, below, of, given):
            return enclosed(_divergence(above, below, of, given, style), FACTOR)
        case Density(law, of, given):
            return _conditional(law, of, given, style)
        case Extreme(argument, upper, given):
            return enclosed(style.extreme(upper, inside(argument, PRODUCT), variables(given)), PRODUCT)
        case Apply(function, argument):
            label = function.latex if style.fraction_bars else function.name
            return style.apply(label, written(argument, style))
    raise TypeError(f"no way to write {type(whole).__name__}")


def _sum(terms: tuple[Term, ...], inside: Callable[[Term, int], str], style: Text) -> str:
    text = ""
    for each in _flat(terms):
        sign, size = _signed(each)
        part = inside(size, PRODUCT)
        text += (f" {'-' if sign < 0 else '+'} " if text else "-" if sign < 0 else "") + part
    return text or "0"


def _flat(terms: tuple[Term, ...]) -> list[Term]:
    """The addends, sums inside sums opened."""
    return [part for each in terms for part in (_flat(each.terms) if isinstance(each, Sum) else [each])]


def _signed(whole: Term) -> tuple[int, Term]:
    """The sign that stands before an addend, and the rest."""
    factors = _factors(whole)
    numbers = [factor.value for factor in factors if isinstance(factor, Number)]
    coefficient = math.prod(numbers, start=Fraction(1))
    if coefficient >= 0:
        return 1, whole
    rest = [factor for factor in factors if not isinstance(factor, Number)]
    if coefficient != -1 or not rest:
        rest = [Number(-coefficient), *rest]
    return -1, rest[0] if len(rest) == 1 else Product(tuple(rest))


def _factors(whole: Term) -> list[Term]:
    """The factors, products inside products opened."""
    match whole:
        case Product(factors):
            return [part for each in factors for part in _factors(each)]
        case Power(Product(factors), -1):
            return [part for each in factors for part in _factors(Power(each, -1))]
        case Power(Power(base, exponent), -1):
            return [Power(base, -exponent)]
    return [whole]


def _product(
    factors: tuple[Term, ...],
    inside: Callable[[Term, int], str],
    style: Text,
    enclosed: Callable[[str, int], str],
) -> str:
    sign, above, below = 1, [], []
    coefficient = Fraction(1)
    for each in _factors(Product(factors)):
        match each:
            case Number(value):
                coefficient *= value
            case Power(base, exponent) if exponent < 0:
                below.append(base if exponent == -1 else Power(base, -exponent))
            case _:
                above.append(each)
    if coefficient < 0:
        sign, coefficient = -1, -coefficient
    if below and coefficient.denominator != 1:
        below = [Number(Fraction(coefficient.denominator)), *below]
        coefficient = Fraction(coefficient.numerator)
    if coefficient != 1 or not above:
        above = [Number(coefficient), *above]
    bar = style.fraction_bars and bool(below)
    single = len(above) == 1
    top = style.space.join(
        inside(part, SUM if bar and single else FACTOR if len(above) > 1 or below else PRODUCT) for part in above
    )
    if below:
        bottom = style.space.join(
            inside(part, SUM if bar and len(below) == 1 else FACTOR + (not bar)) for part in below
        )
        top = style.quotient(top, bottom if bar or len(below) == 1 else style.parentheses(bottom))
    return enclosed(("-" if sign < 0 else "") + top, SUM if sign < 0 else PRODUCT)


def _divergence(above: Law, below: Law, of: Field, given: Field, style: Text) -> str:
    if given:
        pair = style.divergence(_conditional(above, of, given, style), _conditional(below, of, given, style))
        return style.mean(
            f"{{{style.name(above)}({variables(given)})}}".strip("{}")
            if style.fraction_bars
            else f"{{{style.name(above)}({variables(given)})}}",
            pair,
            "",
            True,
        )
    index = variables(of).upper() if of in (B, C) else variables(of)
    return style.divergence(*(style.subscript(style.name(law), index) for law in (above, below)))


def _conditional(law: Law, of: Field, given: Field, style: Text) -> str:
    condition = f"|{variables(given)}" if given else ""
    return f"{style.name(law)}({variables(of)}{condition})"


def text(whole: Term) -> str:
    """A term in plain text."""
    return written(whole, Text())


def latex(whole: Term) -> str:
    """A term in LaTeX, without delimiters."""
    return written(whole, Latex())
