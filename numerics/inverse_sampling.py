"""Labels from a density by inverting its distribution function.

The distribution function is tabulated exactly (certified bin masses) on a grid that contains every breakpoint, and
joined within a cell by the quintic Hermite polynomial through value, density and slope of the density at both ends.
The grid is doubled until the polynomial agrees with the certified distribution function at every cell's middle to
`TOLERANCE`, then a label is found by Newton's method held inside its cell. Quadrature (`Density.nodes`) shares none
of this.
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

if TYPE_CHECKING:
    from numerics.densities import Density

TOLERANCE = 1e-13
"""Largest distance allowed between the table's distribution function and the certified one, as a probability."""
CELLS = 128
MOST_CELLS = 8_192
STEPS = 12


class Table(NamedTuple):
    """Cells of the distribution function, arrays of shape (cells,) and their quintic coefficients, shape (cells, 6), on `[0, 1]`."""

    lower: Any
    width: Any
    start: Any
    mass: Any
    quintic: Any
    error: float


def table(density: Density) -> Table:
    """The table of a density; `error` is the distance found at the cells' middles."""
    cells = CELLS
    while True:
        made = _table(density, cells)
        if made.error <= TOLERANCE or 2 * cells > MOST_CELLS:
            return made
        cells *= 2


def _table(density: Density, cells: int) -> Table:
    lower, upper = density.support
    length = upper - lower
    grid = sorted({lower + length * Fraction(i, cells) for i in range(cells + 1)} | set(density.breakpoints))
    halves = sorted({*grid, *((left + right) / 2 for left, right in pairwise(grid))})
    _, fine = density.bin_masses(halves)
    first, mass = fine[::2], fine[::2] + fine[1::2]
    left = np.array([float(edge) for edge in grid[:-1]])
    right = np.array([float(edge) for edge in grid[1:]])
    width = right - left
    # One-sided limits: each end is read from the piece that the cell lies in.
    piece = np.searchsorted([float(p.upper) for p in density.pieces], (left + right) / 2)
    values = np.empty((4, len(left)))
    from numerics.expression import evaluate

    for number, part in enumerate(density.pieces):
        here = piece == number
        for row, end in ((0, left), (1, right)):
            log_p = evaluate(part.log_expression, end[here], np) - density.log_normaliser
            values[row, here] = np.exp(log_p) * width[here]
            with np.errstate(all="ignore"):
                values[row + 2, here] = values[row, here] * evaluate(part.slope_expression, end[here], np) * width[here]
    p0, p1, d0, d1 = values
    # A slope that is infinite at an end (a square root) is replaced by the chord; the error check below then refines
    # the grid.
    d0 = np.where(np.isfinite(d0), d0, p1 - p0)
    d1 = np.where(np.isfinite(d1), d1, p1 - p0)
    gap, start_gap, end_gap = mass - p0 - d0 / 2, p1 - p0 - d0, d1 - d0
    quintic = np.stack(
        [
            np.zeros_like(p0),
            p0,
            d0 / 2,
            10 * gap - 4 * start_gap + end_gap / 2,
            -15 * gap + 7 * start_gap - end_gap,
            6 * gap - 3 * start_gap + end_gap / 2,
        ],
        axis=1,
    )
    middle = quintic @ (0.5 ** np.arange(6))
    start = np.concatenate([[0.0], np.cumsum(mass)[:-1]])
    return Table(left, width, start, mass, quintic, float(np.max(np.abs(middle - first))))


def draw(made: Table, key: Any, n: int) -> Any:
    """`n` labels, shape (n,), in the default float type; same key, same bits."""
    columns = [jnp.asarray(column) for column in made[:5]]
    return _draw(*columns, key, n)


@partial(jax.jit, static_argnames="n")
def _draw(lower: Any, width: Any, start: Any, mass: Any, quintic: Any, key: Any, n: int) -> Any:
    u = jax.random.uniform(key, (n,), dtype=start.dtype)
    cell = jnp.searchsorted(start, u, side="right") - 1
    target = jnp.clip(u - start[cell], 0, mass[cell])
    coefficients = quintic[cell]

    def step(_: int, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        low, high, t = state
        value = jnp.zeros_like(t)
        slope = jnp.zeros_like(t)
        for k in range(5, -1, -1):
            slope = slope * t + value
            value = value * t + coefficients[:, k]
        above = value > target
        low, high = jnp.where(above, low, t), jnp.where(above, t, high)
        newton = t - (value - target) / jnp.where(slope > 0, slope, 1)
        inside = (newton >= low) & (newton <= high) & (slope > 0)
        return low, high, jnp.where(inside, newton, (low + high) / 2)

    guess = target / mass[cell]
    _, _, t = jax.lax.fori_loop(0, STEPS, step, (jnp.zeros_like(u), jnp.ones_like(u), guess))
    return lower[cell] + width[cell] * t
