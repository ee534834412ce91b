"""The values of terms on a grid: every mean a plain weighted sum under the law that it names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from numerics.grids.grid import ATOMS, Array, Grid
from numerics.posterior.label_side import panel_range
from numerics.posterior.quantities import TAIL
from numerics.quadrature import EPSILON, ROUNDING
from numerics.routes.route import NeedsClasses
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
    X,
    Y,
    exp,
    q,
)

CUT = TAIL / (ROUNDING * EPSILON)
"""What lies beyond the grid, as a share of the largest value, in the units of a rounding error."""


KEPT = 8_000_000
LEAST_KEPT = 4
"""Entries of large arrays that an evaluator keeps (64 MB), and how many arrays at least."""


class Unknown(Exception):
    """A term that has no value on a grid."""


@dataclass(frozen=True)
class Groups:
    """A partition of the places of an axis: what a field cannot tell apart.

    Attributes:
      order: the places, group by group.
      starts: where each group begins in `order`.
      of: the group of each place.
    """

    order: Array
    starts: Array
    of: Array

    @staticmethod
    def from_places(numbers: Array) -> Groups:
        """Places of one number are a group; a number that no place has is none."""
        _, of = np.unique(numbers, return_inverse=True)
        order = np.argsort(of, kind="stable")
        return Groups(order, np.flatnonzero(np.diff(of[order], prepend=-1)), of)

    def sums(self, values: Array, axis: int) -> Array:
        """Values added up in each group, at every place of it."""
        sums: Array = np.add.reduceat(values.take(self.order, axis), self.starts, axis).take(self.of, axis)
        return sums


class Values:
    """The values of terms on one grid, as arrays that broadcast to (m, n).

    What is small is kept, and the last of what is large. A term that speaks of no classes is computed by an evaluator without classes, once for all K.

    Attributes:
      grid: where.
      classes: the class of each label, (n,); None where no K is named.
      common: the evaluator without classes, of values or of sizes as this one is; None for that one itself.
      plain: the values themselves: this evaluator, unless it takes each sum of absolute terms, the size that rounding acts on.
    """

    def __init__(
        self, grid: Grid, classes: Array | None = None, common: Values | None = None, plain: Values | None = None
    ) -> None:
        self.grid, self.classes, self.common, self.plain = grid, classes, common, plain or self
        self._small: dict[object, Array] = {}
        self._large: OrderedDict[object, Array] = OrderedDict()
        self._of_classes: set[Term] = set()
        self._laws: dict[Law, bool] = {}
        self._in_classes = None if classes is None else Groups.from_places(classes)
        self._in_cells: Groups = common._in_cells if common else Groups.from_places(grid.cells)

    def _kept(self, key: object, compute: Callable[[], Array]) -> Array:
        """What is kept under a key, computed where it is not."""
        if key in self._small:
            return self._small[key]
        value = self._large.pop(key, None)
        if value is None:
            value = compute()
        if value.size < self.grid.mass.size:
            self._small[key] = value
            return value
        self._large[key] = value
        if len(self._large) > max(LEAST_KEPT, KEPT // value.size):
            self._large.popitem(last=False)
        return value

    @property
    def size(self) -> bool:
        """Whether sizes are held."""
        return self.plain is not self

    def table(self, whole: Term) -> Array:
        """The value of a term.

        Raises:
          NeedsClasses: it speaks of classes, and there are none.
          Unknown: it has none.
        """
        if whole in self._small:
            return self._small[whole]
        if self.common is not None and whole not in self._of_classes:
            try:
                return self.common.table(whole)
            except NeedsClasses:
                self._of_classes.add(whole)
        value = self._table(whole)
        if value.size < self.grid.mass.size:
            self._small[whole] = value
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
                inner = self.plain.table(base) if exponent < 0 else self.table(base)
                return 1.0 / inner if exponent == -1 else inner ** float(exponent)
            case Log(argument):
                logarithm = np.log(self.plain.table(argument))
                return 1.0 + np.abs(logarithm) if self.size else logarithm
            case Apply(function, argument) if function == exp:
                raised: Array = np.exp(self.plain.table(argument))
                return raised
            case Mean(argument, given, law):
                return self._mean(self.table(argument), given, law)
            case Density(law, of, given):
                return self._own(self.plain.density(law, of, given))
            case Divergence():
                return self._divergence(whole)
            case Extreme(argument, upper, given) if given == NOTHING:
                return self._own(self._extreme(self.plain.table(argument), upper))
        raise Unknown

    def _own(self, value: Array) -> Array:
        return np.abs(value) if self.size else value

    def _keeper(self, law: Law, *over: Field) -> Values:
        """Who keeps what is asked of a law's values: the evaluator without classes, unless law or fields speak of them."""
        if self.common is None or any("c" in each and "y" not in each for each in over):
            return self
        if law not in self._laws:
            self.table(law.density)
            self._laws[law] = law.density in self._of_classes
        return self if self._laws[law] else self.common

    def masses(self, law: Law) -> Array:
        """The mass of every pair under a law, (m, n)."""
        keeper = self._keeper(law)
        return keeper._kept(law, lambda: keeper.grid.mass * keeper.table(law.density))

    def marginal(self, law: Law, over: Field) -> Array:
        """The masses of a law added up over what a field cannot tell apart."""
        keeper = self._keeper(law, over)
        return keeper._kept((law, over), lambda: keeper._sums(keeper.masses(law), over))

    def density(self, law: Law, of: Field, given: Field) -> Array:
        """law(of|given) against the masses of nothing: the share of what is given."""
        return self.marginal(law, of | given) / self.marginal(law, given)

    def log_density(self, law: Law, of: Field, given: Field) -> Array:
        """Its logarithm."""
        keeper = self._keeper(law, of | given, given)
        return keeper._kept((law, of, given), lambda: np.log(keeper.density(law, of, given)))

    def _sums(self, values: Array, given: Field) -> Array:
        """Values added up over what a field cannot tell apart."""
        return self._over_inputs(self._over_labels(values, given), given)

    def _over_labels(self, values: Array, given: Field) -> Array:
        if "y" in given:
            return values
        if "c" not in given:
            return values.sum(axis=1, keepdims=True)
        if self._in_classes is None:
            raise NeedsClasses
        return self._in_classes.sums(values, 1)

    def _over_inputs(self, values: Array, given: Field) -> Array:
        if "x" in given:
            return values
        return self._in_cells.sums(values, 0) if "t" in given else values.sum(axis=0, keepdims=True)

    def _mean(self, values: Array, given: Field, law: Law) -> Array:
        plain = self.plain
        if values.shape[1] == 1:  # of the inputs alone: the labels of a law add up once for all such terms
            sums = self._over_inputs(_weighted(plain.marginal(law, given | X), values), given)
        elif values.shape[0] == 1:
            sums = self._over_labels(_weighted(plain.marginal(law, given | Y), values), given)
        else:
            sums = self._sums(_weighted(plain.masses(law), values), given)
        mean: Array = sums / plain.marginal(law, given)
        if self.size and not given:
            masses = plain.masses(law)
            mean = mean + CUT * np.max(np.broadcast_to(values, masses.shape), where=masses > 0, initial=0.0)
        return mean

    def _normalised(self, values: Array, unit: Field | None) -> Array:
        """Values with balanced mean 1 given a field, as a density has."""
        return values if unit is None else values / self._mean(values, unit, q)

    def _divergence(self, whole: Divergence) -> Array:
        above, below = (self.plain.log_density(law, whole.of, whole.given) for law in (whole.above, whole.below))
        size = 2.0 + np.abs(above) + np.abs(below) if self.size else above - below
        return self._mean(size, NOTHING, whole.above)

    def _extreme(self, values: Array, upper: bool) -> Array:
        order = self.grid.order
        if values.shape[0] > 1:
            raise Unknown
        if order == 1:
            return np.full((1, 1), values.max() if upper else values.min())
        low, high, error = panel_range(values[0], order)
        return np.full((1, 1), (high + error).max() if upper else (low - error).min())


def _weighted(masses: Array, values: Array) -> Array:
    """Values times masses, nothing where there is no mass."""
    if masses.min() > 0:
        return masses * values
    return np.where(masses > 0, masses * np.where(masses > 0, values, 0.0), 0.0)
