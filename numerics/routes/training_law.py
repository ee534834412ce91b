"""The route of Part IV: any term on a grid of inputs and labels, where every mean is a plain weighted sum under the law that it names.

Example: `E(w log w, law=p)` sums `w(x) log w(x)` with the masses of p, where `w(x)` is itself a sum of `1/r` with the masses of `p(y|x)`. Nothing is
rewritten, so a mean under p is summed under p. Two grids of different orders give the error.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from numerics.evidence import Evidence
from numerics.grids.grid import Grid, grids, places
from numerics.grids.values import Unknown, Values
from numerics.quadrature import EPSILON, ROUNDING, SAFETY
from numerics.records import Estimate
from numerics.routes import quadrature as by_quantity
from numerics.routes.route import Route
from numerics.world import World
from theory.terms import Term


def number(grid: Grid, whole: Term, classes: int | None = None) -> float:
    """The value of a constant term on one grid, without an error; what figures draw."""
    with np.errstate(all="ignore"):
        return float(Values(grid, places(grid, classes)).table(whole).item())


@lru_cache(maxsize=2)
def _values(here: World) -> dict[int | None, tuple[Values, ...]]:
    """The evaluators of a world by number of classes: one for each grid, and one for the sizes on the finer."""
    if not grids(here):
        return {}
    fine, coarse = map(Values, grids(here))
    size = Values(fine.grid, plain=fine)
    evaluators: dict[int | None, tuple[Values, ...]] = {None: (fine, coarse, size)}
    for K in here.classes:
        own, other = (Values(each.grid, places(each.grid, K), each) for each in (fine, coarse))
        evaluators[K] = own, other, Values(own.grid, own.classes, size, own)
    return evaluators


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
