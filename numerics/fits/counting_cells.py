"""Where inputs and labels are counted: cells of x, and pieces, panels and subcells of y.

A sample enters training as counts on cells of x and subcells of y, narrow beside the noise, so training costs nothing in n. The same cells,
filled with exact probabilities, give the population optimum: quantisation is part of the family and of its prediction alike.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

import numpy as np

from numerics.laws.law import Law
from numerics.world import World, common_cells

TAIL = 0.25
"""The infinite tails of x are folded into this share of the core's half-width on each side."""
CELLS_PER_NOISE = 16
"""Quantising x to s/16 is as if the noise variance grew by 1/(12 * 256), 0.03 per cent."""
FEWEST_CELLS, MOST_CELLS = 128, 1024
SUBCELLS_PER_NOISE = 24
NODES_PER_PANEL = 3
LOOKUP = 1 << 13
STRAIGHT = 0.01
"""A piece is short enough when l is straight on it to this many nats: the family then misses p(y) by about STRAIGHT^2/4 in KL."""
LEAST_COUNT = 60
"""Expected draws a piece of the label bias needs: what the jackknife leaves of its 1/n bias is then below 3 per cent (see `summary`)."""


@dataclass(frozen=True)
class InputCells:
    """Cells of x, uniform in the coordinate t that is linear on the core and folds each infinite tail into a finite share.

    Attributes:
      centre, half: the core is `centre` plus or minus `half` (label units).
      count: number of cells; they cover the whole line.
    """

    centre: float
    half: float
    count: int

    def fold(self, x: np.ndarray) -> np.ndarray:
        """t(x) in (-1 - TAIL, 1 + TAIL); slope continuous."""
        u = (x - self.centre) / self.half
        beyond = np.maximum(np.abs(u) - 1, 0)
        return np.where(np.abs(u) <= 1, u, np.sign(u) * (1 + beyond / (1 + beyond / TAIL)))

    def unfold(self, t: np.ndarray) -> np.ndarray:
        """The inverse of `fold`; infinite at both ends."""
        beyond = np.maximum(np.abs(t) - 1, 0)
        with np.errstate(divide="ignore"):
            u = np.where(np.abs(t) <= 1, t, np.sign(t) * (1 + beyond / np.maximum(1 - beyond / TAIL, 0)))
        return self.centre + self.half * u

    @property
    def edges(self) -> np.ndarray:
        """Shape (count + 1,), the ends infinite."""
        t = np.linspace(-1 - TAIL, 1 + TAIL, self.count + 1)
        edges = self.unfold(t)
        edges[0], edges[-1] = -np.inf, np.inf
        return edges

    @property
    def points(self) -> np.ndarray:
        """The x that stands for each cell, shape (count,)."""
        step = (2 + 2 * TAIL) / self.count
        return self.unfold(-1 - TAIL + step * (np.arange(self.count) + 0.5))

    def index(self, x: np.ndarray) -> np.ndarray:
        """The cell of each input."""
        place = (self.fold(x) + 1 + TAIL) * (self.count / (2 + 2 * TAIL))
        return np.minimum(place.astype(np.int64), self.count - 1)

    def rule(self, width: float, order: int) -> tuple[np.ndarray, np.ndarray]:
        """Gauss-Legendre nodes and weights for integrals over the whole line; panels at most `width` wide on the core."""
        core = math.ceil(2 * self.half / width)
        tail = max(8, math.ceil(2 * TAIL * self.half / width))
        t = np.concatenate(
            [
                np.linspace(-1 - TAIL, -1, tail + 1)[:-1],
                np.linspace(-1, 1, core + 1)[:-1],
                np.linspace(1, 1 + TAIL, tail + 1),
            ]
        )
        points, weights = np.polynomial.legendre.leggauss(order)
        nodes = ((t[1:] + t[:-1])[:, None] / 2 + np.diff(t)[:, None] / 2 * points).ravel()
        slope = self.half / np.where(np.abs(nodes) <= 1, 1.0, (1 - np.maximum(np.abs(nodes) - 1, 0) / TAIL) ** 2)
        return self.unfold(nodes), (np.diff(t)[:, None] / 2 * weights).ravel() * slope


def input_cells(world: World) -> InputCells:
    """Cells for a world: the core holds all but a hundredth of the noise beyond either end of the support."""
    low, high = (float(end) for end in world.law.support)
    noise = world.channel.noise
    half = (high - low) / 2 + world.channel.reach(1e-2)
    count = math.ceil((2 + 2 * TAIL) * half * CELLS_PER_NOISE / noise)
    return InputCells((low + high) / 2, half, min(max(count, FEWEST_CELLS), MOST_CELLS))


@dataclass(frozen=True)
class LabelCells:
    """The label side of the model family, for labels that p samples.

    Attributes:
      nodes: labels at which models are integrated, ascending, shape (N,).
      weight: q-probability of each node, shape (N,); sums to 1, or to the q-mass of what p samples.
      log_ratio: l at the nodes, shape (N,), finite.
      node_piece: the piece of each node.
      edges: of the subcells, shape (S + 1,); for a discrete law the midpoints between sampled atoms.
      points: the label that stands for each subcell, shape (S,).
      point_piece: the piece of each subcell.
      fine, fine_q, fine_p, fine_cell: labels with their probability in both worlds and their subcell, for the exact tables.
      middle, half: of each piece, shape (pieces,); `half` is 0 for a single atom, which has no slope.
      mass: p-mass of each piece, `reference` its q-mass.
      all_nodes, all_weight: as `nodes` and `weight`, labels that p never samples included.
    """

    nodes: np.ndarray
    weight: np.ndarray
    log_ratio: np.ndarray
    node_piece: np.ndarray
    edges: np.ndarray
    points: np.ndarray
    point_piece: np.ndarray
    fine: np.ndarray
    fine_q: np.ndarray
    fine_p: np.ndarray
    fine_cell: np.ndarray
    middle: np.ndarray
    half: np.ndarray
    mass: np.ndarray
    reference: np.ndarray
    all_nodes: np.ndarray
    all_weight: np.ndarray

    def index(self, y: np.ndarray) -> np.ndarray:
        """The subcell of each label: the number of inner edges at or below it, looked up on an even grid and put right from there."""
        low, scale, first, passes = self._lookup
        at = first[np.clip((y - low) * scale, 0, len(first) - 1).astype(np.int64)]
        inner = np.append(self.edges[1:-1], np.inf)
        for _ in range(passes):
            at += y >= inner[at]
        return at

    @cached_property
    def _lookup(self) -> tuple[float, float, np.ndarray, int]:
        """Lower end and scale of the grid, edges below each of its cells, and the most edges that one cell can hide."""
        inner = self.edges[1:-1]
        if not len(inner):
            return 0.0, 0.0, np.zeros(1, np.int64), 0
        low, high = float(self.points[0]), float(self.points[-1])
        grid, step = np.linspace(low, high, LOOKUP + 1, retstep=True)
        # A label may round into the neighbouring cell of the grid; edges that near are left to the correction.
        first = np.searchsorted(inner, grid[:-1] - 1e-6 * step, side="right")
        first[0] = 0
        last = np.searchsorted(inner, grid[1:] + 1e-6 * step, side="right")
        last[-1] = len(inner)
        return low, 1 / step, first, int((last - first).max())

    def bias(self, y: np.ndarray, piece: np.ndarray) -> np.ndarray:
        """The label bias: on each piece a constant and a slope, one constant (of the likeliest piece) left out; shape (len(y), columns)."""
        rows = np.arange(len(y))
        constant = np.zeros((len(y), len(self.middle)))
        constant[rows, piece] = 1
        sloped = np.flatnonzero(self.half > 0)
        slope = np.zeros_like(constant)
        slope[rows, piece] = (y - self.middle[piece]) / np.where(self.half > 0, self.half, 1.0)[piece]
        return np.concatenate([np.delete(constant, int(np.argmax(self.mass)), axis=1), slope[:, sloped]], axis=1)


def label_cells(world: World, partitions: Sequence[Sequence[Fraction]], draws: int) -> LabelCells:
    """Label cells for a world whose classes have the given edges, to be trained on `draws` labels."""
    if world.law.discrete:
        return _atoms(world.law, draws)
    law, noise = world.law, world.channel.noise
    profile = law.nodes((), 8, law.length / 512)
    mass = profile.weight * np.exp(profile.log_ratio)
    ends = [law.support[0], *law.breakpoints, law.support[1]]
    cuts = _pieces(ends, profile.y, profile.log_ratio, mass / mass.sum(), law.length / 8, draws)
    panels = _panels(common_cells([cuts, *partitions]), profile.y, profile.log_ratio, min(law.length / 64, noise))
    nodes = law.nodes(panels, NODES_PER_PANEL, math.inf)
    subcells: list[Fraction] = [panels[0]]
    for low, high in pairwise(panels):
        count = max(4, math.ceil(float(high - low) * SUBCELLS_PER_NOISE / noise))
        subcells.extend(low + (high - low) * Fraction(step, count) for step in range(1, count + 1))
    edges = np.array([float(edge) for edge in subcells])
    points = (edges[1:] + edges[:-1]) / 2
    fine = law.nodes(subcells, 2, math.inf)
    fine_p = fine.weight * np.exp(fine.log_ratio)
    ends_of_pieces = np.array([float(cut) for cut in cuts])

    def piece(y: np.ndarray) -> np.ndarray:
        return np.searchsorted(ends_of_pieces[1:-1], y, side="right")

    node_piece = piece(nodes.y)
    return LabelCells(
        nodes.y,
        nodes.weight,
        nodes.log_ratio,
        node_piece,
        edges,
        points,
        piece(points),
        fine.y,
        fine.weight,
        fine_p / fine_p.sum(),
        np.repeat(np.arange(len(points)), 2),
        (ends_of_pieces[1:] + ends_of_pieces[:-1]) / 2,
        np.diff(ends_of_pieces) / 2,
        np.bincount(node_piece, nodes.weight * np.exp(nodes.log_ratio)),
        np.bincount(node_piece, nodes.weight),
        nodes.y,
        nodes.weight,
    )


def _deviation(y: np.ndarray, value: np.ndarray) -> float:
    """Largest distance of the values from their least-squares line."""
    if len(y) < 3:
        return 0.0
    middle = y - y.mean()
    slope = (middle @ value) / (middle @ middle)
    return float(np.abs(value - value.mean() - slope * middle).max())


def _pieces(
    ends: Sequence[Fraction], y: np.ndarray, log_ratio: np.ndarray, mass: np.ndarray, width: float, draws: int
) -> list[Fraction]:
    """Halves each stretch while l bends on it and both halves would still be sampled often enough."""
    total = np.concatenate([[0.0], np.cumsum(mass)])

    def split(low: Fraction, high: Fraction) -> list[Fraction]:
        middle = (low + high) / 2
        left, centre, right = (int(np.searchsorted(y, float(end))) for end in (low, middle, high))
        if min(centre - left, right - centre) < 4:
            return [high]
        wide = float(high - low) > width * (1 + 1e-9)
        if not wide and _deviation(y[left:right], log_ratio[left:right]) <= STRAIGHT:
            return [high]
        if draws * min(total[centre] - total[left], total[right] - total[centre]) < LEAST_COUNT:
            return [high]
        return split(low, middle) + split(middle, high)

    return [ends[0], *(cut for low, high in pairwise(ends) for cut in split(low, high))]


def _panels(edges: Sequence[Fraction], y: np.ndarray, log_ratio: np.ndarray, width: float) -> list[Fraction]:
    """The edges, refined until no panel is wider than `width` or spans more than one nat of l."""

    def split(low: Fraction, high: Fraction) -> list[Fraction]:
        left, right = (int(np.searchsorted(y, float(end))) for end in (low, high))
        values = log_ratio[left:right]
        steep = right - left >= 4 and values.max() - values.min() > 1.0
        if float(high - low) <= width * (1 + 1e-9) and not steep:
            return [high]
        middle = (low + high) / 2
        return split(low, middle) + split(middle, high)

    return [edges[0], *(cut for low, high in pairwise(edges) for cut in split(low, high))]


def _atoms(law: Law, draws: int) -> LabelCells:
    """A discrete law: atoms are nodes and subcells; a rare atom shares a piece with its neighbours."""
    atoms = law.nodes((), 1, math.inf)
    sampled = np.isfinite(atoms.log_ratio)
    y, weight, log_ratio = atoms.y[sampled], atoms.weight[sampled], atoms.log_ratio[sampled]
    mass = weight * np.exp(log_ratio)
    mass = mass / mass.sum()

    def split(low: int, high: int) -> list[int]:
        if high - low == 1 or _deviation(y[low:high], log_ratio[low:high]) <= STRAIGHT:
            return [high]
        # The cut that leaves the rarer side as often sampled as can be.
        left = np.cumsum(mass[low:high])[:-1]
        rarer = np.minimum(left, mass[low:high].sum() - left)
        best = int(np.argmax(rarer))
        if draws * rarer[best] < LEAST_COUNT:
            return [high]
        return split(low, low + best + 1) + split(low + best + 1, high)

    ends = np.array([0, *split(0, len(y))])
    piece = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    first, last = y[ends[:-1]], y[ends[1:] - 1]
    edges = np.concatenate([[-np.inf], (y[1:] + y[:-1]) / 2, [np.inf]])
    cell = np.arange(len(y))
    return LabelCells(
        y,
        weight,
        log_ratio,
        piece,
        edges,
        y,
        piece,
        y,
        weight,
        mass,
        cell,
        (first + last) / 2,
        (last - first) / 2,
        np.bincount(piece, mass),
        np.bincount(piece, weight),
        atoms.y,
        atoms.weight,
    )
