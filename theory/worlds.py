"""Finite worlds, on which any term has a number: by plain loops over labels and inputs that share no code with the prover.

Example: `evaluate(price, world)` walks the pairs (x, y), sums masses into cells of equal input, and adds up what the term says.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Generic

from theory.numbers import Exact, N, Real
from theory.terms import (
    Apply,
    Atom,
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
)

Pair = tuple[int, int]
"""An input and a label, by their indices."""


@dataclass(frozen=True)
class World(Generic[N]):
    """Two label laws, one channel (or one for each law), classes, predictions and values.

    Attributes:
      q, p: probabilities of the labels under the balanced and the imbalanced law.
      k: `k[y][x]`, the probability of input x given label y under both laws.
      classes: the class of each label, from zero.
      labels: the value of each label.
      predictions: which prediction is made from each input, from zero; inputs of one prediction cannot be told apart by it.
      k_p: the channel of the imbalanced law where it is another one (no label shift).
      spread: positive free atoms are drawn down to 2^-spread of the largest.
      seed: what the values of free atoms (any prediction, any model) are drawn from.
    """

    name: str
    q: tuple[N, ...]
    p: tuple[N, ...]
    k: tuple[tuple[N, ...], ...]
    classes: tuple[int, ...]
    labels: tuple[N, ...]
    predictions: tuple[int, ...]
    kind: type[N]
    k_p: tuple[tuple[N, ...], ...] | None = None
    seed: int = 0
    spread: int = 0

    def pairs(self) -> list[Pair]:
        """The pairs of positive probability."""
        return self._pairs

    @cached_property
    def _pairs(self) -> list[Pair]:
        zero = self.kind.of(Fraction(0))
        return [(x, y) for y in range(len(self.q)) for x in range(len(self.k[y])) if self.k[y][x] != zero]

    def number(self, value: int | Fraction) -> N:
        return self.kind.of(Fraction(value))

    def cell(self, pair: Pair, given: Field) -> tuple[int, ...]:
        """What one knows at a pair who knows a field; pairs with equal answers cannot be told apart."""
        x, y = pair
        # The parts of a class are its labels of even and of odd index.
        answers = {"x": x, "y": y, "b": 2 * self.classes[y] + y % 2, "c": self.classes[y], "t": self.predictions[x]}
        return tuple(answers[name] for name in sorted(given))


Table = dict[Pair, N]
"""The value of a term at every pair."""


@dataclass
class Evaluation(Generic[N]):
    """The values of terms in one world; those of inner terms, laws and conditional probabilities are kept while it lives."""

    world: World[N]
    tables: dict[Term, Table[N]] = field(default_factory=dict)
    weights: dict[Law, Table[N]] = field(default_factory=dict)
    conditionals: dict[tuple[Law, Field, Field], Table[N]] = field(default_factory=dict)

    def number(self, whole: Term) -> N:
        """The value of a constant."""
        return next(iter(self.table(whole).values()))

    def table(self, whole: Term) -> Table[N]:
        """The value of a term at every pair."""
        if whole not in self.tables:
            self.tables[whole] = self._table(whole)
        return self.tables[whole]

    def _table(self, whole: Term) -> Table[N]:
        pairs = self.world.pairs()
        match whole:
            case Number(value):
                return {pair: self.world.number(value) for pair in pairs}
            case Atom():
                return self._atom(whole)
            case Named(definition=definition):
                return self.table(definition)
            case Sum(terms):
                return self._combined(terms, lambda a, b: a + b, 0)
            case Product(factors):
                return self._combined(factors, lambda a, b: a * b, 1)
            case Power(base, exponent):
                return {pair: self._power(value, exponent) for pair, value in self.table(base).items()}
            case Log(argument):
                return {pair: value.log() for pair, value in self.table(argument).items()}
            case Apply(function, argument):
                return {pair: self._applied(function.value, value) for pair, value in self.table(argument).items()}
            case Mean(argument, given, law):
                masses, values = self.masses(law), self.table(argument)
                above = self._sums({pair: masses[pair] * values[pair] for pair in pairs}, given)
                below = self._sums(masses, given)
                cells = {pair: self.world.cell(pair, given) for pair in pairs}
                means = {cell: above[cell] / below[cell] for cell in above}
                return {pair: means[cells[pair]] for pair in pairs}
            case Density(law, of, given):
                return self._conditional(law, of, given)
            case Divergence():
                total = self._divergence(whole)
                return dict.fromkeys(pairs, total)
            case Extreme(argument, upper, given):
                return self._extreme(self.table(argument), upper, given)
        raise TypeError(f"no value of {type(whole).__name__}")

    def _combined(self, parts: Sequence[Term], joined: Callable[[N, N], N], start: int) -> Table[N]:
        pairs = self.world.pairs()
        whole = {pair: self.world.number(start) for pair in pairs}
        for part in parts:
            values = self.table(part)
            whole = {pair: joined(whole[pair], values[pair]) for pair in pairs}
        return whole

    def _power(self, value: N, exponent: int) -> N:
        whole = self.world.number(1)
        for _ in range(abs(exponent)):
            whole = whole * value
        return whole if exponent >= 0 else self.world.number(1) / whole

    def _applied(self, function: Callable[[float], float], value: N) -> N:
        """A function of a float, its error by its change over the error of the argument."""
        assert isinstance(value, Real), "functions have no exact values"
        centre = function(value.value)
        ends = [function(value.value - value.error), function(value.value + value.error)]
        error = max(abs(end - centre) for end in ends) + 16 * 2.0**-52 * (1.0 + abs(centre))
        return Real(centre, error)  # type: ignore[return-value]  # N is Real where there are functions

    def masses(self, law: Law) -> Table[N]:
        """The mass of every pair under a law."""
        if law not in self.weights:
            self.weights[law] = self._masses(law)
        return self.weights[law]

    def _masses(self, law: Law) -> Table[N]:
        world = self.world
        if law.name == "q":
            return {(x, y): world.q[y] * world.k[y][x] for x, y in world.pairs()}
        if law.name == "p":
            channel = world.k if world.k_p is None else world.k_p
            return {(x, y): world.p[y] * channel[y][x] for x, y in world.pairs()}
        if law.name == "phat":
            return self._corrected()
        balanced = {(x, y): world.q[y] * world.k[y][x] for x, y in world.pairs()}
        density = self.table(law.density)
        masses = {pair: balanced[pair] * density[pair] for pair in balanced}
        total = self._sums(masses, frozenset())[()]
        return {pair: mass / total for pair, mass in masses.items()}

    def _corrected(self) -> Table[N]:
        """q_c p(y|c) k(x|y), the masses added up label by label."""
        world = self.world
        balanced, imbalanced = ([world.number(0)] * (max(world.classes) + 1) for _ in range(2))
        for y, c in enumerate(world.classes):
            balanced[c] = balanced[c] + world.q[y]
            imbalanced[c] = imbalanced[c] + world.p[y]
        channel = world.k if world.k_p is None else world.k_p
        return {
            (x, y): balanced[world.classes[y]] * world.p[y] / imbalanced[world.classes[y]] * channel[y][x]
            for x, y in world.pairs()
        }

    def _sums(self, values: Table[N], given: Field) -> dict[tuple[int, ...], N]:
        """The values added up over the pairs that a field cannot tell apart."""
        sums: dict[tuple[int, ...], N] = {}
        for pair, value in values.items():
            cell = self.world.cell(pair, given)
            sums[cell] = sums[cell] + value if cell in sums else value
        return sums

    def _conditional(self, law: Law, of: Field, given: Field) -> Table[N]:
        if (law, of, given) not in self.conditionals:
            masses = self.masses(law)
            above, below = self._sums(masses, of | given), self._sums(masses, given)
            self.conditionals[law, of, given] = {
                pair: above[self.world.cell(pair, of | given)] / below[self.world.cell(pair, given)]
                for pair in self.world.pairs()
            }
        return self.conditionals[law, of, given]

    def _divergence(self, whole: Divergence) -> N:
        above = self._conditional(whole.above, whole.of, whole.given)
        below = self._conditional(whole.below, whole.of, whole.given)
        masses, total = self.masses(whole.above), self.world.number(0)
        for pair in self.world.pairs():
            total = total + masses[pair] * (above[pair] / below[pair]).log()
        return total

    def _extreme(self, values: Table[N], upper: bool, given: Field) -> Table[N]:
        best: dict[tuple[int, ...], N] = {}
        for pair, value in values.items():
            cell = self.world.cell(pair, given)
            if cell not in best or (_size(value) > _size(best[cell])) == upper:
                best[cell] = value
        return {pair: best[self.world.cell(pair, given)] for pair in values}

    def _atom(self, atom: Atom) -> Table[N]:
        world = self.world
        low, high = min(world.labels, key=_size), max(world.labels, key=_size)
        match atom.name:
            case "r(y)":
                return {(x, y): world.p[y] / world.q[y] for x, y in world.pairs()}
            case "r(x,y)":
                channel = world.k if world.k_p is None else world.k_p
                return {(x, y): world.p[y] * channel[y][x] / (world.q[y] * world.k[y][x]) for x, y in world.pairs()}
            case "k_p/k_q":
                channel = world.k if world.k_p is None else world.k_p
                return {(x, y): channel[y][x] / world.k[y][x] for x, y in world.pairs()}
            case "y":
                return {(x, y): world.labels[y] for x, y in world.pairs()}
            case "a":
                return dict.fromkeys(world.pairs(), low)
            case "D":
                return dict.fromkeys(world.pairs(), high - low)
            case "|y - med_p|" | "|y - med_q|":
                middle = self._medians(atom.name[-2])
                gaps = {(x, y): world.labels[y] - middle[x] for x, y in world.pairs()}
                return {pair: gap if _size(gap) >= 0 else world.number(0) - gap for pair, gap in gaps.items()}
            case "|med_p - med_q|":
                of_p, of_q = self._medians("p"), self._medians("q")
                steps = {(x, y): of_p[x] - of_q[x] for x, y in world.pairs()}
                return {pair: step if _size(step) >= 0 else world.number(0) - step for pair, step in steps.items()}
            case "sigma^2":  # a proxy of every law on an interval of length D is D^2/4 (Hoeffding)
                return dict.fromkeys(world.pairs(), (high - low) * (high - low) * world.number(Fraction(1, 4)))
        return self._drawn(atom)

    def _medians(self, law: str) -> dict[int, N]:
        """The least median of the labels given each input."""
        masses = self.masses(Law(law, law, Number(Fraction(1))))  # both are known by name
        middle: dict[int, N] = {}
        for x in {x for x, _ in self.world.pairs()}:
            own = sorted((_size(self.world.labels[y]), _size(mass), y) for (at, y), mass in masses.items() if at == x)
            half, below = sum(mass for _, mass, _ in own) / 2, 0.0
            for _, mass, y in own:
                below += mass
                if below >= half:
                    middle[x] = self.world.labels[y]
                    break
        return middle

    def _drawn(self, atom: Atom) -> Table[N]:
        """Any values: of a free prediction, a free model (positive, mean 1 given its unit field)."""
        dice: dict[tuple[int, ...], N] = {}
        for pair in self.world.pairs():
            cell = self.world.cell(pair, atom.field)
            if cell not in dice:
                source = random.Random(f"{self.world.seed} {atom.name} {cell}")
                positive = Fraction(source.randint(1, 64), (16, 256)[self.world.seed % 2])
                positive *= Fraction(1, 2 ** source.randint(0, self.world.spread))
                share = positive if atom.positive else Fraction(source.randint(-48, 48), 16)
                dice[cell] = self.world.number(share if atom.low is None else self._between(atom, source))
        values = {pair: dice[self.world.cell(pair, atom.field)] for pair in self.world.pairs()}
        if atom.unit is None:
            return values
        masses = self.masses(Law("q", "q", Number(Fraction(1))))
        above = self._sums({pair: masses[pair] * value for pair, value in values.items()}, atom.unit)
        below = self._sums(masses, atom.unit)
        means = {cell: above[cell] / below[cell] for cell in above}
        return {pair: value / means[self.world.cell(pair, atom.unit)] for pair, value in values.items()}

    def _between(self, atom: Atom, source: random.Random) -> Fraction:
        """A value of a bounded atom (without an end: of one that reaches 3 farther): anywhere, or at the ends, where bounds are attained."""
        low, mode = atom.low or Fraction(0), self.world.seed // 2 % 4
        anywhere, an_end = Fraction(source.randint(0, 64), 64), Fraction(source.randint(0, 1))
        if atom.positive:
            # Neither zero, nor (but for some cells of the last kind) the other end: logarithms and their slopes are finite and not zero.
            share = (max(anywhere, Fraction(1, 64)), Fraction(63, 64), Fraction(1, 64), (1 + an_end) / 2)[mode]
        elif atom.high is None:
            share = (anywhere, Fraction(0), Fraction(0), Fraction(0))[mode]
        else:
            share = (anywhere, Fraction(0), Fraction(1), an_end if low >= 0 else Fraction(1))[mode]
        return low + (3 if atom.high is None else atom.high - low) * share


def _size(value: N) -> float:
    """A number to compare by."""
    return value.real().value if isinstance(value, Exact) else value.value if isinstance(value, Real) else float("nan")


def evaluate(whole: Term, world: World[N]) -> N:
    """The number of a constant term in a world."""
    return Evaluation(world).number(whole)


def exact(
    name: str, q: str, p: str, k: Sequence[str], classes: Sequence[int], labels: str, predictions: Sequence[int] = ()
) -> World[Exact]:
    """A world of rational numbers written as text: `q = "1/4 3/4"`, one row of `k` for each label."""

    def row(text: str) -> tuple[Exact, ...]:
        return tuple(Exact(Fraction(part)) for part in text.split())

    channel = tuple(map(row, k))
    return World(
        name, row(q), row(p), channel, tuple(classes), row(labels), tuple(predictions or range(len(channel[0]))), Exact
    )


def real(world: World[Exact]) -> World[Real]:
    """The same world in floats."""

    def row(values: tuple[Exact, ...]) -> tuple[Real, ...]:
        return tuple(value.real() for value in values)

    return World(
        world.name,
        row(world.q),
        row(world.p),
        tuple(map(row, world.k)),
        world.classes,
        row(world.labels),
        world.predictions,
        Real,
        None if world.k_p is None else tuple(map(row, world.k_p)),
        world.seed,
    )


CHANNELS = ("noisy", "deterministic", "silent", "sparse")


def drawn(seed: int, most: int = 40, least: float = 1e-12, channel: str = "", label_shift: bool = True) -> World[Real]:
    """A random world: up to `most` labels and inputs, up to five classes, masses down to `least`.

    Args:
      channel: one of `CHANNELS`; drawn where it is empty. A deterministic one gives an input of its own to every label or two; a silent one
        says nothing about the label; a sparse one has zeros.
      label_shift: one channel for both laws; else each has its own.
    """
    source = random.Random(f"world {seed} {most} {least} {channel} {label_shift}")
    labels = source.randint(2, most)
    inputs = source.randint(2, most)
    classes = source.randint(1, min(5, labels))
    sort = channel or source.choice(CHANNELS)

    def law(size: int, sparse: bool = False) -> tuple[Real, ...]:
        lowest = source.choice([least, 1e-6, 1e-2])
        masses = [lowest ** source.random() for _ in range(size)]
        if sparse:
            keep = source.randrange(size)
            masses = [mass if i == keep or source.random() < 0.6 else 0.0 for i, mass in enumerate(masses)]
        # Masses need not add up to one exactly: the sum is computed with its error, and divided by.
        total = Real(0.0)
        for mass in masses:
            total = total + Real(mass)
        return tuple(Real(mass) / total if mass else Real(0.0) for mass in masses)

    def rows() -> tuple[tuple[Real, ...], ...]:
        if sort == "deterministic":
            return tuple(tuple(Real(float(x == y // 2 % inputs)) for x in range(inputs)) for y in range(labels))
        if sort == "silent":
            return (law(inputs),) * labels
        return tuple(law(inputs, sort == "sparse") for _ in range(labels))

    k = rows()
    parts = sorted(source.randrange(classes) for _ in range(labels))
    names = {part: i for i, part in enumerate(sorted(set(parts)))}
    k_p = None
    if not label_shift:
        # Another channel with the same zeros, so that neither law has mass where the other has none.
        rows_p = []
        for row in k:
            weights = [entry * Real(0.1 ** source.random()) for entry in row]
            total = Real(0.0)
            for weight in weights:
                total = total + weight
            rows_p.append(tuple(weight / total if weight.value else Real(0.0) for weight in weights))
        k_p = tuple(rows_p)
    return World(
        f"world {seed}",
        law(labels),
        law(labels),
        k,
        tuple(names[part] for part in parts),
        tuple(Real(round(source.uniform(-2, 2), 3)) for _ in range(labels)),
        tuple(source.randrange(max(1, inputs // 2)) for _ in range(inputs)),
        Real,
        k_p,
        seed,
    )
