"""Exact arithmetic with logarithms, in which identities vanish by expansion alone.

Three kinds of number, all over one polynomial ring with rational coefficients:

- `Positive`: a product of integer powers of positive polynomials (its atoms); its logarithm expands into logarithms of
  atoms;
- `Ratio`: a polynomial over a product of atoms, of any sign;
- `Logs`: a sum of logarithms of atoms with `Ratio` coefficients, plus a `Ratio`.

Logarithms of different atoms are treated as independent unknowns. That can only make a true identity look false, never
the reverse.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sympy import QQ, factorint
from sympy.polys.rings import PolyElement, ring

Powers = Mapping[PolyElement, int]


def _merge(first: Powers, second: Powers, sign: int = 1) -> dict[PolyElement, int]:
    powers = dict(first)
    for atom, power in second.items():
        powers[atom] = powers.get(atom, 0) + sign * power
        if not powers[atom]:
            del powers[atom]
    return powers


def _product(one: PolyElement, powers: Powers) -> PolyElement:
    for atom, power in powers.items():
        one = one * atom**power
    return one


@dataclass(frozen=True, eq=False)
class Positive:
    """A positive number: a product of integer powers of atoms.

    Attributes:
      one: the one of the polynomial ring.
      powers: atom to exponent, none of them zero.
    """

    one: PolyElement
    powers: Powers

    def __mul__(self, other: Positive) -> Positive:
        return Positive(self.one, _merge(self.powers, other.powers))

    def __truediv__(self, other: Positive) -> Positive:
        return Positive(self.one, _merge(self.powers, other.powers, -1))

    @property
    def ratio(self) -> Ratio:
        """The same number as a `Ratio`."""
        above = {atom: power for atom, power in self.powers.items() if power > 0}
        below = {atom: -power for atom, power in self.powers.items() if power < 0}
        return Ratio(_product(self.one, above), below)

    @property
    def log(self) -> Logs:
        """Its logarithm, expanded."""
        return Logs({atom: Ratio(self.one * power, {}) for atom, power in self.powers.items()}, Ratio(self.one * 0, {}))


def positive(polynomial: PolyElement) -> Positive:
    """A polynomial that is declared positive (a probability, a variance), split into its atoms.

    Common monomials and rational factors are taken out (a rational number into primes), so that equal numbers meet as
    equal atoms.

    Raises:
      ValueError: the polynomial has no positive coefficient.
    """
    numbers = polynomial.ring
    if all(coefficient <= 0 for coefficient in polynomial.coeffs()):
        raise ValueError(f"{polynomial} is not positive")
    powers: dict[PolyElement, int] = {}
    content, rest = polynomial.primitive()
    for integer, sign in ((content.numerator, 1), (content.denominator, -1)):
        for prime, power in factorint(int(integer)).items():
            powers = _merge(powers, {numbers.one * prime: sign * power})
    shared = tuple(min(column) for column in zip(*rest.monoms(), strict=True))
    for generator, power in zip(numbers.gens, shared, strict=True):
        if power:
            powers[generator] = power
    rest = rest.exquo(numbers.from_dict({shared: QQ(1)}))
    if rest != numbers.one:
        # Rebuilt, because SymPy's division leaves behind the hash of an unfinished quotient, and atoms are dictionary keys.
        powers = _merge(powers, {numbers.from_dict(dict(rest)): 1})
    return Positive(numbers.one, powers)


@dataclass(frozen=True, eq=False)
class Ratio:
    """A polynomial over a product of atoms.

    Attributes:
      above: the numerator.
      below: atom to positive exponent.
    """

    above: PolyElement
    below: Powers

    def _over(self, below: Powers) -> PolyElement:
        """The numerator over a common multiple of the denominator."""
        return _product(self.above, _merge(below, self.below, -1))

    def __add__(self, other: Ratio) -> Ratio:
        if self.below == other.below:
            return Ratio(self.above + other.above, self.below)
        below = {atom: max(self.below.get(atom, 0), other.below.get(atom, 0)) for atom in {**self.below, **other.below}}
        return Ratio(self._over(below) + other._over(below), below)

    def __neg__(self) -> Ratio:
        return Ratio(-self.above, self.below)

    def __sub__(self, other: Ratio) -> Ratio:
        return self + -other

    def __mul__(self, other: Ratio | Positive | int) -> Ratio:
        if isinstance(other, int):
            return Ratio(self.above * other, self.below)
        factor = other.ratio if isinstance(other, Positive) else other
        return Ratio(self.above * factor.above, _merge(self.below, factor.below))

    def __truediv__(self, other: Positive) -> Ratio:
        return self * Positive(other.one, {atom: -power for atom, power in other.powers.items()})

    @property
    def is_zero(self) -> bool:
        """Exactly zero."""
        return not self.above

    def __str__(self) -> str:
        return f"({self.above})/({')('.join(map(str, self.below))})" if self.below else str(self.above)


@dataclass(frozen=True, eq=False)
class Logs:
    """A sum of logarithms of atoms with rational coefficients, plus a rational part.

    Attributes:
      terms: atom to the coefficient of its logarithm.
      plain: the part without a logarithm.
    """

    terms: Mapping[PolyElement, Ratio]
    plain: Ratio

    def __add__(self, other: Logs | Ratio) -> Logs:
        if isinstance(other, Ratio):
            return Logs(self.terms, self.plain + other)
        terms = dict(self.terms)
        for atom, coefficient in other.terms.items():
            terms[atom] = terms[atom] + coefficient if atom in terms else coefficient
        return Logs(terms, self.plain + other.plain)

    def __neg__(self) -> Logs:
        return self * -1

    def __sub__(self, other: Logs | Ratio) -> Logs:
        return self + -other

    def __mul__(self, weight: Positive | Ratio | int) -> Logs:
        factor = weight.ratio if isinstance(weight, Positive) else weight
        return Logs({atom: c * factor for atom, c in self.terms.items()}, self.plain * factor)

    @property
    def is_zero(self) -> bool:
        """Exactly zero, whatever the logarithms are."""
        return self.plain.is_zero and all(coefficient.is_zero for coefficient in self.terms.values())

    def __str__(self) -> str:
        parts = [f"({c})*log({atom})" for atom, c in self.terms.items() if not c.is_zero]
        return " + ".join(parts + ([] if self.plain.is_zero else [str(self.plain)])) or "0"


def total(numbers: Sequence[Positive]) -> Positive:
    """The sum of positive numbers, again as a product of atoms.

    Denominators that divide the sum are cancelled, so that equal numbers meet as equal atoms.
    """
    whole = functools.reduce(lambda a, b: a + b, [number.ratio for number in numbers])
    above, below = whole.above, dict(whole.below)
    for atom in whole.below:
        while below.get(atom):
            quotient, remainder = divmod(above, atom)
            if remainder:
                break
            above, below = quotient, _merge(below, {atom: 1}, -1)
    return positive(above) / Positive(numbers[0].one, below)


def summed(terms: Iterable[Any]) -> Any:
    """The sum of `Ratio`s or of `Logs`; never empty."""
    return functools.reduce(lambda a, b: a + b, terms)


def difference(first: Positive, second: Positive) -> Ratio:
    """First minus second."""
    return first.ratio - second.ratio


def divergence(first: Sequence[Positive], second: Sequence[Positive]) -> Logs:
    """KL(first || second) in nats."""
    return summed((a / b).log * a for a, b in zip(first, second, strict=True))


class Part(NamedTuple):
    """One term weight * KL(first || second)."""

    weight: Positive
    first: Sequence[Positive]
    second: Sequence[Positive]


Term = tuple[Positive, Sequence[Positive], Sequence[Positive]]
"""What a `Part` is, without its names."""


def divergences(parts: Sequence[Term]) -> Logs:
    """The sum of weight * KL(first || second) over parts."""
    return summed(divergence(first, second) * weight for weight, first, second in parts)


def gibbs_terms(parts: Sequence[Term]) -> tuple[Logs, list[Ratio]]:
    """A sum of divergences with positive weights, and what the lemma `gibbs` needs to call it non-negative.

    Returns:
      The sum, and for each part the difference of the masses of its two laws, which must be zero.
    """
    masses = [summed(a.ratio - b.ratio for a, b in zip(one, two, strict=True)) for _, one, two in parts]
    return divergences(parts), masses


Law = tuple[Positive, ...]


def symbols(*names: str) -> tuple[Positive, ...]:
    """Positive symbols of one ring, tied by nothing."""
    return tuple(map(positive, ring(list(names), QQ)[1:]))


def weights(size: int, *prefixes: str) -> tuple[Law, ...]:
    """One list of `size` positive symbols for each prefix, all of one ring: measures that need not have mass one."""
    entries = symbols(*(f"{prefix}{i}" for prefix in prefixes for i in range(1, size + 1)))
    return tuple(entries[i * size : (i + 1) * size] for i in range(len(prefixes)))
