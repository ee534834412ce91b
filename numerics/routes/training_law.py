"""The route of Part IV: any term on a grid of inputs and labels, where every mean is a plain weighted sum under the law that it names.

Example: `E(w log w, law=p)` sums `w(x) log w(x)` with the masses of p, where `w(x)` is itself a sum of `1/r` with the masses of `p(y|x)`. Nothing is
rewritten, so a mean under p is summed under p. Two grids of different orders give the error.

The statements speak of any model h, any estimate e, any prediction t. Here they are one of each, named below, so that they have numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import quadrature, world
from numerics.evidence import Evidence
from numerics.posterior.label_side import label_rule, panel_range
from numerics.posterior.quantities import INPUT_ORDERS, TAIL, input_panels
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Estimate
from numerics.routes import quadrature as by_quantity
from numerics.routes.route import NeedsClasses, Route
from numerics.world import World
from theory.terms import (
    NOTHING,
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
    exp,
)

LARGEST = 1_500_000
"""Pairs of the finer grid: 12 MB an array. Noise below about 1/100 of the support goes without this route."""
NARROWER = 0.8
"""The noise of the imbalanced law's own channel over that of the balanced one, where a statement has two channels."""
WIDER = 1.25
"""The scale of Balanced MSE over the channel's noise, where a statement has such a scale."""
CUT = TAIL / (ROUNDING * EPSILON)
"""What lies beyond the grid, as a share of the largest value, in the units of a rounding error."""

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Grid:
    """Inputs and labels with their balanced masses.

    Attributes:
      x, y: inputs (m, 1), symmetric about the middle of the labels; labels (1, n).
      mass: joint masses under q, (m, n).
      log_ratio: l at the labels, (1, n).
      order: nodes a panel of the labels; 1 for atoms.
      cells: which prediction is made from each input, (m,), from zero.
      trained: values of atoms that a trained model supplies, in place of those of `ATOMS`.
    """

    world: World
    x: Array
    y: Array
    mass: Array
    log_ratio: Array
    order: int
    cells: Array
    trained: Mapping[str, Array] = field(default_factory=dict)

    @property
    def share(self) -> Array:
        """The labels as shares of their interval, (1, n)."""
        share: Array = (self.y - float(self.world.law.support[0])) / self.world.law.length
        return share

    @property
    def place(self) -> Array:
        """The inputs in units of the label interval, counted from its middle, (m, 1)."""
        low, high = (float(end) for end in self.world.law.support)
        place: Array = (self.x - (low + high) / 2) / (high - low)
        return place


@lru_cache(maxsize=2)
def grids(here: World) -> tuple[Grid, ...]:
    """The grids of a world, the finer first; none where labels are never sampled or the finer would be too large."""
    law, channel = here.law, here.channel
    if law.unsampled:
        return ()
    panels = input_panels(here, 1.0)
    rule = label_rule(law, here.edges, min(channel.noise, law.length / 8))
    made = []
    for index, inputs in enumerate(INPUT_ORDERS):
        place = min(index, len(rule.nodes) - 1)
        nodes = rule.nodes[place]
        x, weight = (part.ravel() for part in quadrature.composite(panels, inputs))
        if len(x) * len(nodes.y) > LARGEST:
            return ()
        mass = weight[:, None] * np.exp(channel.log_density(x[:, None], nodes.y[None, :])) * nodes.weight
        # Panels are symmetric about the middle of the labels, so that an input and its mirror image share a prediction.
        cells = np.minimum(np.arange(len(x)), np.arange(len(x))[::-1])
        made.append(Grid(here, x[:, None], nodes.y[None, :], mass, nodes.log_ratio[None, :], rule.orders[place], cells))
    return tuple(made)


def _model(grid: Grid) -> Array:
    """h(y|x)/q(y|x): the imbalanced posterior, up to half as much again too large and half too small, by input and by label."""
    return np.exp(grid.log_ratio) * (1 + 0.5 * np.sin(5 * grid.share + 3 * grid.place))


def _estimate(grid: Grid) -> Array:
    """phat/q: the imbalanced label law, up to 0.3 of it wrong."""
    return np.exp(grid.log_ratio) * (1 + 0.3 * np.sin(7 * grid.share))


def _own_channel(grid: Grid) -> Array:
    """k_p/k_q where the noise of the imbalanced law is `NARROWER` times that of the balanced one."""
    from numerics.channels import log_density

    channel = grid.world.channel
    narrow = log_density(channel.name, NARROWER * channel.noise, grid.x, grid.y)
    return np.exp(narrow - channel.log_density(grid.x, grid.y))


def _wide(grid: Grid) -> Array:
    """N(y; f(x), s^2)/k(x|y) for a prediction near the input and a scale `WIDER` times the channel's."""
    scale, low = WIDER * grid.world.channel.noise, float(grid.world.law.support[0])
    centre = low + grid.world.law.length * (0.5 + 0.8 * grid.place)
    log_channel = grid.world.channel.log_density(grid.x, grid.y)
    return np.exp(-(((grid.y - centre) / scale) ** 2) / 2 - log_channel + log_channel.max(axis=1, keepdims=True))


ATOMS: dict[str, Callable[[Grid], Array]] = {
    "r(y)": lambda grid: np.exp(grid.log_ratio),
    "y": lambda grid: grid.y,
    "a": lambda grid: np.full((1, 1), float(grid.world.law.support[0])),
    "D": lambda grid: np.full((1, 1), grid.world.law.length),
    "h(y|x)/q(y|x)": _model,
    "e(y)": _estimate,
    "k_p/k_q": _own_channel,
    "n(y|x)": _wide,
    "t(x)": lambda grid: np.sin(3 * grid.place) / grid.world.law.length,
    "c(x)": lambda grid: 1 + grid.place**2,
    "v(x)": lambda grid: grid.world.channel.noise**2 * (1 + 0.5 * np.sin(3 * grid.place)),
    "s^2": lambda grid: np.full((1, 1), grid.world.channel.noise**2),
    "alpha": lambda grid: np.full((1, 1), 2 / grid.world.law.length),
    # A prediction is the distance of the input from the middle: two inputs share one, and f(t) is any function of it.
    "f(t)": lambda grid: float(grid.world.law.support[0]) + grid.world.law.length * np.abs(grid.place) / 2,
}
"""Every atom of the statements, as it is on a grid."""


class Unknown(Exception):
    """A term that has no value on a grid."""


@dataclass
class Values:
    """The values of terms on one grid, as arrays that broadcast to (m, n); the small ones are kept.

    Attributes:
      classes: the class of each label, (n,); None where no K is named.
      behind: the values themselves, where each sum here is taken of absolute terms: the size that rounding acts on.
    """

    grid: Grid
    classes: Array | None = None
    behind: Values | None = None
    kept: dict[Term, Array] = field(default_factory=dict)

    def table(self, whole: Term) -> Array:
        """The value of a term.

        Raises:
          NeedsClasses: it speaks of classes, and there are none.
          Unknown: it has none.
        """
        if whole in self.kept:
            return self.kept[whole]
        value = self._table(whole)
        if value.size < self.grid.mass.size:
            self.kept[whole] = value
        return value

    def _table(self, whole: Term) -> Array:
        match whole:
            case Number(value):
                number = float(value)
                return np.full((1, 1), abs(number) if self.size else number)
            case Atom(name) if name in self.grid.trained:
                return self._own(self.grid.trained[name])
            case Atom(name) if name in ATOMS:
                return self._own(self._normalised(ATOMS[name](self.grid), whole.unit))
            case Named(_, _, definition):
                return self.table(definition)
            case Sum(terms):
                total = self.table(terms[0])
                for part in terms[1:]:
                    total = total + self.table(part)
                return total
            case Product(factors):
                product = self.table(factors[0])
                for part in factors[1:]:
                    product = product * self.table(part)
                return product
            case Power(base, exponent):
                # A reciprocal is as large as it is, whatever its denominator is a sum of.
                return (self.plain.table(base) if exponent < 0 else self.table(base)) ** float(exponent)
            case Log(argument):
                logarithm = np.log(self.plain.table(argument))
                return 1.0 + np.abs(logarithm) if self.size else logarithm
            case Apply(function, argument) if function == exp:
                raised: Array = np.exp(self.plain.table(argument))
                return raised
            case Mean(argument, given, law):
                return self._mean(self.table(argument), given, self.masses(law))
            case Density(law, of, given):
                return self._own(self._density(law, of, given))
            case Divergence():
                return self._divergence(whole)
            case Extreme(argument, upper, given) if given == NOTHING:
                return self._own(self._extreme(self.plain.table(argument), upper))
        raise Unknown

    @property
    def plain(self) -> Values:
        """The values themselves."""
        return self.behind or self

    @property
    def size(self) -> bool:
        """Whether sizes are held."""
        return self.behind is not None

    def _own(self, value: Array) -> Array:
        return np.abs(value) if self.size else value

    def masses(self, law: Law) -> Array:
        """The mass of every pair under a law, (m, n)."""
        return self.grid.mass * self.plain.table(law.density)

    def sums(self, values: Array, given: Field) -> Array:
        """Values added up over what a field cannot tell apart."""
        if "y" not in given and "c" in given:
            if self.classes is None:
                raise NeedsClasses
            members = np.eye(int(self.classes.max()) + 1)[self.classes]
            values = (values @ members) @ members.T
        elif "y" not in given:
            values = values.sum(axis=1, keepdims=True)
        if "x" not in given and "t" in given:
            members = np.eye(int(self.grid.cells.max()) + 1)[self.grid.cells]
            values = members @ (members.T @ values)
        elif "x" not in given:
            values = values.sum(axis=0, keepdims=True)
        return values

    def _mean(self, values: Array, given: Field, masses: Array) -> Array:
        values = np.broadcast_to(values, masses.shape)
        weighted = np.where(masses > 0, masses * np.where(masses > 0, values, 0.0), 0.0)
        mean = self.sums(weighted, given) / self.sums(masses, given)
        if self.size and not given:
            mean = mean + CUT * np.max(values, where=masses > 0, initial=0.0)
        return mean

    def _normalised(self, values: Array, unit: Field | None) -> Array:
        """Values with balanced mean 1 given a field, as a density has."""
        return values if unit is None else values / self._mean(values, unit, self.grid.mass)

    def _density(self, law: Law, of: Field, given: Field) -> Array:
        masses = self.masses(law)
        return self.sums(masses, of | given) / self.sums(masses, given)

    def _divergence(self, whole: Divergence) -> Array:
        above, below = (self._density(law, whole.of, whole.given) for law in (whole.above, whole.below))
        logarithm = np.log(above) - np.log(below)
        size = 2.0 + np.abs(np.log(above)) + np.abs(np.log(below)) if self.size else logarithm
        return self._mean(size, NOTHING, self.masses(whole.above))

    def _extreme(self, values: Array, upper: bool) -> Array:
        order = self.grid.order
        if values.shape[0] > 1:
            raise Unknown
        if order == 1:
            return np.full((1, 1), values.max() if upper else values.min())
        low, high, error = panel_range(values[0], order)
        return np.full((1, 1), (high + error).max() if upper else (low - error).min())


def number(grid: Grid, whole: Term, classes: int | None = None) -> float:
    """The value of a constant term on one grid, without an error; what figures draw."""
    with np.errstate(all="ignore"):
        return float(Values(grid, places(grid, classes)).table(whole).item())


def places(grid: Grid, classes: int | None) -> Array | None:
    """The class of each label for K classes, (n,)."""
    return None if classes is None else world.bin_index(world.class_edges(grid.world.law, classes), grid.y[0])


@lru_cache(maxsize=2)
def _values(here: World) -> dict[int | None, tuple[Values, ...]]:
    """The evaluators of a world by number of classes: one for each grid, and one for the sizes on the finer."""
    made: dict[int | None, tuple[Values, ...]] = {}
    for count in (None, *here.classes) if grids(here) else ():
        fine, coarse = (Values(grid, places(grid, count)) for grid in grids(here))
        made[count] = fine, coarse, Values(fine.grid, fine.classes, fine)
    return made


@lru_cache(maxsize=4096)
def _estimate_of(here: World, whole: Term, classes: int | None) -> Estimate | None:
    """The number of a constant term; None where it has none."""
    try:
        with np.errstate(all="ignore"):
            tables = [each.table(whole) for each in _values(here).get(classes, ())]
    except Unknown:
        return None
    if not tables or any(table.size > 1 or not np.isfinite(table).all() for table in tables):
        return None
    fine, coarse, size = (float(table.item()) for table in tables)
    return Estimate(fine, SAFETY * abs(fine - coarse) + ROUNDING * EPSILON * size)


def route(evidence: Evidence) -> Route:
    """The route of a run."""

    def lookup(whole: Term, classes: int | None) -> Estimate | None:
        return _estimate_of(evidence.world, whole, classes)

    return Route("sums under the law named", "quadrature", lookup)


def pairs(evidence: Evidence) -> tuple[tuple[Route, Route], ...]:
    """The routes of the left and of the right side: this one against that by quadrature, which shares none of its sums, and against itself."""
    own = route(evidence)
    first, second = by_quantity.routes(evidence)
    return ((first, own), (second, own), (own, first), (own, own))
