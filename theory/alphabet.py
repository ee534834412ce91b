"""Finite worlds with symbolic probabilities, and exact arithmetic in which their identities vanish by expansion alone.

Three kinds of number, all over one polynomial ring with rational coefficients:

- `Positive`: a product of integer powers of positive polynomials (its atoms); its logarithm expands into logarithms of
  atoms;
- `Ratio`: a polynomial over a product of atoms, of any sign;
- `Logs`: a sum of logarithms of atoms with `Ratio` coefficients, plus a `Ratio`.

Logarithms of different atoms are treated as independent unknowns. That can only make a true identity look false, never
the reverse. A probability vector of n entries has n - 1 free symbols; its last entry is one minus their sum, so nothing
is left to impose.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
      ValueError: the polynomial is zero, or a constant that is not positive.
    """
    numbers = polynomial.ring
    if not polynomial or (polynomial.is_ground and polynomial.coeff(1) <= 0):
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


@dataclass(frozen=True, eq=False)
class World:
    """Two label laws, one channel, one partition of the labels.

    Attributes:
      q, p: label probabilities under the balanced and the imbalanced law.
      k: `k[x][y]`, the probability of input x given label y; None where it is zero.
      partition: the class of each label, counted from zero.
      extra: further symbols of the ring, of any sign (values of labels, predictions).
    """

    q: Law
    p: Law
    k: tuple[tuple[Positive | None, ...], ...]
    partition: tuple[int, ...]
    extra: tuple[Ratio, ...] = ()

    @property
    def one(self) -> PolyElement:
        """The one of the polynomial ring."""
        return self.q[0].one

    def number(self, numerator: int, denominator: int = 1) -> Ratio:
        """A rational constant in the arithmetic of this world."""
        return Ratio(self.one * QQ(numerator, denominator), {})

    def logarithm(self, numerator: int, denominator: int = 1) -> Logs:
        """The logarithm of a positive rational constant."""
        return positive(self.one * QQ(numerator, denominator)).log

    @property
    def labels(self) -> range:
        return range(len(self.q))

    @property
    def inputs(self) -> range:
        return range(len(self.k))

    @property
    def classes(self) -> range:
        return range(max(self.partition) + 1)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Pairs (x, y) of positive probability."""
        return [(x, y) for x in self.inputs for y in self.labels if self.k[x][y] is not None]

    def members(self, c: int) -> list[int]:
        """Labels of class c."""
        return [y for y in self.labels if self.partition[y] == c]

    def reaching(self, x: int, c: int | None = None) -> list[int]:
        """Labels (of class c) that can give input x."""
        return [y for a, y in self.pairs if a == x and (c is None or self.partition[y] == c)]

    def channel(self, x: int, y: int) -> Positive:
        """k(x|y), of a pair of positive probability."""
        entry = self.k[x][y]
        assert entry is not None
        return entry

    def joint(self, law: Law, x: int, y: int) -> Positive:
        """law(y) k(x|y)."""
        return law[y] * self.channel(x, y)

    @functools.cache  # noqa: B019 - a handful of worlds, kept for the life of the process
    def evidence(self, law: Law, x: int, c: int | None = None) -> Positive:
        """law(x), or law(x, c)."""
        return total([self.joint(law, x, y) for y in self.reaching(x, c)])

    def posterior(self, law: Law, x: int, y: int) -> Positive:
        """law(y|x)."""
        return self.joint(law, x, y) / self.evidence(law, x)

    def class_posterior(self, law: Law, x: int, c: int) -> Positive:
        """law(c|x)."""
        return self.evidence(law, x, c) / self.evidence(law, x)

    def within_posterior(self, law: Law, x: int, y: int) -> Positive:
        """law(y|x, c(y))."""
        return self.joint(law, x, y) / self.evidence(law, x, self.partition[y])

    @functools.cache  # noqa: B019
    def mass(self, law: Law, c: int) -> Positive:
        """law(c)."""
        return total([law[y] for y in self.members(c)])

    def within(self, law: Law, y: int) -> Positive:
        """law(y|c(y))."""
        return law[y] / self.mass(law, self.partition[y])

    def posteriors(self, law: Law, x: int) -> list[Positive]:
        """law(.|x) over the labels that can give x."""
        return [self.posterior(law, x, y) for y in self.reaching(x)]

    def class_posteriors(self, law: Law, x: int) -> list[Positive]:
        """law(c|x) over the classes."""
        return [self.class_posterior(law, x, c) for c in self.classes]

    def within_posteriors(self, law: Law, x: int, c: int) -> list[Positive]:
        """law(y|x,c) over the labels of class c that can give x."""
        return [self.within_posterior(law, x, y) for y in self.reaching(x, c)]

    def inputs_within(self, law: Law, c: int) -> list[Positive]:
        """law(x|c) over the inputs."""
        return [self.evidence(law, x, c) / self.mass(law, c) for x in self.inputs]

    def labels_within(self, law: Law, c: int) -> list[Positive]:
        """law(y|c) over the labels of class c."""
        return [self.within(law, y) for y in self.members(c)]

    def input_law(self, law: Law) -> list[Positive]:
        """law(x) over the inputs."""
        return [self.evidence(law, x) for x in self.inputs]

    def class_law(self, law: Law) -> list[Positive]:
        """law(c) over the classes."""
        return [self.mass(law, c) for c in self.classes]

    def part(self, weight: Positive, entries: Callable[..., list[Positive]], *at: int) -> Part:
        """weight * KL(entries under q || the same entries under p)."""
        return Part(weight, entries(self.q, *at), entries(self.p, *at))

    def expectation(self, law: Law, term: Callable[[int, int], Logs]) -> Logs:
        """E_law of term(x, y)."""
        return summed(term(x, y) * self.joint(law, x, y) for x, y in self.pairs)


def symbols(*names: str) -> tuple[Positive, ...]:
    """Positive symbols of one ring, tied by nothing."""
    return tuple(map(positive, ring(list(names), QQ)[1:]))


def weights(size: int, *prefixes: str) -> tuple[Law, ...]:
    """One list of `size` positive symbols for each prefix, all of one ring: measures that need not have mass one."""
    entries = symbols(*(f"{prefix}{i}" for prefix in prefixes for i in range(1, size + 1)))
    return tuple(entries[i * size : (i + 1) * size] for i in range(len(prefixes)))


def vector(entries: Sequence[PolyElement], one: PolyElement) -> Law:
    """A probability vector: the entries, and what is missing to one."""
    return tuple(map(positive, [*entries, one - sum(entries)]))


@functools.cache
def symbolic(labels: int, inputs: int, partition: tuple[int, ...], extra: tuple[str, ...] = ()) -> World:
    """A world of which every probability is a positive symbol; `extra` names further symbols of its ring."""
    names = [f"q{y}" for y in range(1, labels)] + [f"p{y}" for y in range(1, labels)]
    names += [f"k{x}{y}" for y in range(1, labels + 1) for x in range(1, inputs)]
    gens = ring([*names, *extra], QQ)[1:]
    q, p, rest = gens[: labels - 1], gens[labels - 1 : 2 * labels - 2], gens[2 * labels - 2 : len(names)]
    one = gens[0].ring.one
    columns = [vector(rest[y * (inputs - 1) : (y + 1) * (inputs - 1)], one) for y in range(labels)]
    further = tuple(Ratio(symbol, {}) for symbol in gens[len(names) :])
    return World(vector(q, one), vector(p, one), tuple(zip(*columns, strict=True)), partition, further)


def fixed(world: World, rows: Sequence[Sequence[str]]) -> World:
    """The same world with a channel of rational numbers written as text ("1/4", "0"); its rows are labels."""
    columns = [tuple(None if entry == "0" else _rational(world.one, entry) for entry in row) for row in rows]
    return replace(world, k=tuple(zip(*columns, strict=True)))


def silent(world: World) -> World:
    """The same world with a channel that says nothing about the label."""
    return replace(world, k=tuple((row[0],) * len(row) for row in world.k))


def _rational(one: PolyElement, text: str) -> Positive:
    return positive(one * QQ(*map(int, text.split("/"))))


def exact(q: Sequence[str], p: Sequence[str], k: Sequence[Sequence[str]], partition: tuple[int, ...]) -> World:
    """A world of rational numbers written as text ("1/4"); "0" only in the channel, whose rows are labels."""
    one = ring("unused", QQ)[0].one
    laws = [tuple(_rational(one, entry) for entry in law) for law in (q, p)]
    return fixed(World(laws[0], laws[1], (), partition), k)


def small_worlds() -> tuple[World, ...]:
    """The worlds of every proof (labels x inputs): 2 x 2 and 3 x 3 with two classes, 2 x 2 with one, 4 x 2 with two pairs."""
    return (
        symbolic(2, 2, (0, 1)),
        symbolic(2, 2, (0, 0)),
        symbolic(3, 3, (0, 0, 1)),
        symbolic(4, 2, (0, 0, 1, 1)),
    )
