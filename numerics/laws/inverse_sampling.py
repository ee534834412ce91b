"""Labels from a density by inverting its distribution function.

The distribution function is tabulated exactly (certified bin masses) on a grid that contains every breakpoint, and
joined within a cell by the quintic Hermite polynomial through value, density and slope of the density at both ends.
Cells are halved until the polynomial agrees with the certified distribution function at the cell's middle to
`TOLERANCE`, then a label is found by Newton's method held inside its cell. Quadrature (`Density.nodes`) shares none
of this.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from numerics.expression.tree import Expression
from numerics.laws.law import Support
from unskew.ground.refusals import InputError


class SmoothPiece(Protocol):
    """A stretch on which a density is smooth, see `numerics.laws.density.Piece`."""

    @property
    def upper(self) -> Fraction: ...
    @property
    def log_expression(self) -> Expression: ...
    @property
    def slope_expression(self) -> Expression: ...


class PiecewiseDensity(Protocol):
    """What the table needs of a density, see `numerics.laws.density.Density`."""

    @property
    def name(self) -> str: ...
    @property
    def support(self) -> Support: ...
    @property
    def mesh(self) -> tuple[Fraction, ...]: ...
    @property
    def pieces(self) -> Sequence[SmoothPiece]: ...
    @property
    def log_normaliser(self) -> float: ...
    def bin_masses(self, edges: Sequence[Fraction], precision: int) -> tuple[np.ndarray, np.ndarray]: ...


TOLERANCE = 1e-13
"""Largest distance allowed between the table's distribution function and the certified one, as a probability."""
CELLS = 128
MOST_CELLS = 8_192
ROUNDS = 20
LARGEST_ERROR = 1e-10
"""What may be left when cells or rounds run out; far below what any number of draws could show."""
STEPS = 12
BLOCK = 2048
"""Labels of one block: its numbers fit into a core's own cache, which makes a draw three times as fast."""
PRECISION = 80
"""In bits, of the tabulated distribution function: the doubles that it is rounded to have 53."""


class Table(NamedTuple):
    """Cells of the distribution function, arrays of shape (cells,) and their quintic coefficients, shape (cells, 6), on `[0, 1]`."""

    lower: Any
    width: Any
    start: Any
    mass: Any
    quintic: Any
    error: float


def table(density: PiecewiseDensity) -> Table:
    """The table of a density; `error` is the largest distance found at the cells' middles.

    Raises:
      InputError: it exceeds `LARGEST_ERROR` when the cells run out.
    """
    lower, upper = density.support
    step = (upper - lower) / CELLS
    grid = sorted({lower + step * i for i in range(CELLS + 1)} | {*density.mesh})
    done: list[tuple[Fraction, Fraction, np.ndarray]] = []
    wanted = list(pairwise(grid))
    for rounds in range(ROUNDS + 1):
        columns, error = _cells(density, wanted)
        good = (error <= TOLERANCE) | (rounds == ROUNDS) | (len(done) + len(wanted) > MOST_CELLS)
        done += [(*cell, column) for cell, column, fine in zip(wanted, columns, good, strict=True) if fine]
        halves = [
            (left, (left + right) / 2, right) for (left, right), fine in zip(wanted, good, strict=True) if not fine
        ]
        wanted = [part for left, middle, right in halves for part in ((left, middle), (middle, right))]
        if not wanted:
            break
    done.sort(key=lambda cell: cell[0])
    made = np.array([column for _, _, column in done])
    if not np.max(made[:, 1]) <= LARGEST_ERROR:
        raise InputError(f"density {density.name!r} varies too fast to be sampled", "choose a gentler one")
    mass = made[:, 0]
    return Table(
        np.array([float(left) for left, _, _ in done]),
        np.array([float(right - left) for left, right, _ in done]),
        np.concatenate([[0.0], np.cumsum(mass)[:-1]]),
        mass,
        made[:, 2:],
        float(np.max(made[:, 1])),
    )


def _cells(density: PiecewiseDensity, cells: list[tuple[Fraction, Fraction]]) -> tuple[np.ndarray, np.ndarray]:
    """For each cell a row of its mass, its error at the middle and its quintic's six coefficients; and the errors."""
    from numerics.expression.values import evaluate

    edges = sorted({edge for left, right in cells for edge in (left, (left + right) / 2, right)})
    place = {edge: number for number, edge in enumerate(edges)}
    _, masses = density.bin_masses(edges, PRECISION)
    first = np.array([masses[place[left]] for left, _ in cells])
    mass = first + np.array([masses[place[right] - 1] for _, right in cells])
    left, right = (np.array([float(cell[side]) for cell in cells]) for side in (0, 1))
    width = np.array([float(cell[1] - cell[0]) for cell in cells])
    # One-sided limits: each end is read from the piece that the cell lies in.
    piece = np.searchsorted([float(part.upper) for part in density.pieces], (left + right) / 2)
    values = np.empty((4, len(cells)))
    for number, part in enumerate(density.pieces):
        here = piece == number
        for row, end in ((0, left[here]), (1, right[here])):
            with np.errstate(all="ignore"):
                values[row, here] = (
                    np.exp(evaluate(part.log_expression, end, np) - density.log_normaliser) * width[here]
                )
                values[row + 2, here] = values[row, here] * evaluate(part.slope_expression, end, np) * width[here]
    p0, p1, d0, d1 = values
    # A slope that is infinite at an end (a root) is replaced by the chord; the error check then refines there.
    d0 = np.where(np.isfinite(d0), d0, p1 - p0)
    d1 = np.where(np.isfinite(d1), d1, p1 - p0)
    gap, rise, turn = mass - p0 - d0 / 2, p1 - p0 - d0, d1 - d0
    quintic = np.stack(
        [
            np.zeros_like(p0),
            p0,
            d0 / 2,
            10 * gap - 4 * rise + turn / 2,
            -15 * gap + 7 * rise - turn,
            6 * gap - 3 * rise + turn / 2,
        ],
        axis=1,
    )
    error = np.abs(quintic @ (0.5 ** np.arange(6)) - first)
    return np.column_stack([mass, error, quintic]), error


def draw(made: Table, key: Any, n: int) -> Any:
    """`n` labels, shape (n,), in the default float type; same key, same bits."""
    # Padded to a power of two with cells that are never reached, so that densities share compiled programs.
    cells = len(made.mass)
    extra = (1 << (cells - 1).bit_length()) - cells
    fill = (1.0, 1.0, 2.0, 1.0, 0.0)
    columns = [
        jnp.asarray(np.concatenate([column, np.full((extra, *column.shape[1:]), value)]))
        for column, value in zip(made[:5], fill, strict=True)
    ]
    return _draw(*columns, key, n)


@partial(jax.jit, static_argnames="n")
def _draw(lower: Any, width: Any, start: Any, mass: Any, quintic: Any, key: Any, n: int) -> Any:
    """`n` labels, `BLOCK` at a time: what Newton's method goes over again and again then stays near the processor."""
    u = jax.random.uniform(key, (n,), dtype=start.dtype)
    blocks = jnp.pad(u, (0, -n % BLOCK)).reshape(-1, BLOCK)
    return jax.lax.map(partial(_labels, lower, width, start, mass, quintic), blocks).ravel()[:n]


def _labels(lower: Any, width: Any, start: Any, mass: Any, quintic: Any, u: Any) -> Any:
    """The labels at shares `u` of the distribution function."""
    cell = jnp.searchsorted(start, u, side="right") - 1
    target = jnp.clip(u - start[cell], 0, mass[cell])
    coefficients = [quintic[:, power][cell] for power in range(6)]

    def step(_: int, state: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
        low, high, t = state
        value = jnp.zeros_like(t)
        slope = jnp.zeros_like(t)
        for coefficient in reversed(coefficients):
            slope = slope * t + value
            value = value * t + coefficient
        above = value > target
        low, high = jnp.where(above, low, t), jnp.where(above, t, high)
        newton = t - (value - target) / jnp.where(slope > 0, slope, 1)
        inside = (newton >= low) & (newton <= high) & (slope > 0)
        return low, high, jnp.where(inside, newton, (low + high) / 2)

    guess = target / mass[cell]
    _, _, t = jax.lax.fori_loop(0, STEPS, step, (jnp.zeros_like(u), jnp.ones_like(u), guess))
    return lower[cell] + width[cell] * t
