"""Finite worlds with symbolic probabilities: two label laws, one channel, one partition of the labels.

A probability vector of n entries has n - 1 free symbols; its last entry is one minus their sum, so nothing is left to
impose.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sympy import QQ
from sympy.polys.rings import PolyElement, ring

from theory.logarithms import Law, Logs, Part, Positive, Ratio, positive, summed, total


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
