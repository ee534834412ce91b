"""Models with a closed form: histogram regression, linear and ridge least squares, and the risk of a fit measured by label.

All on the cells, from counts; the same formulas on exact probabilities give the predictions, and on the evaluation rule the numbers without cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from numerics.fits.counting_cells import LEAST_COUNT, TAIL
from numerics.fits.probability_tables import Tables
from numerics.world import bin_index

BUMPS = 12
RIDGE = 1e-3
"""Penalty on the bumps' coefficients, as a share of their mean square."""


@dataclass(frozen=True)
class Readout:
    """Least squares of y on fixed features of x, weights `ridge`-penalised.

    Attributes:
      name: `linear` or `ridge`.
      cells: features at the cells of x, shape (cells, J).
      nodes: at the evaluation nodes, shape (n, J).
      ridge: the penalty.
    """

    name: str
    cells: np.ndarray
    nodes: np.ndarray
    ridge: float

    def solve(self, inputs: np.ndarray, labels: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Coefficients, shape (..., J).

        Args:
          inputs: probability of each row of `at`, shape (..., rows).
          labels: the label summed against the same probabilities, shape (..., rows).
          at: features, shape (rows, J).
        """
        gram = np.einsum("ri,...r,rj->...ij", at, inputs, at, optimize=True) + self.ridge * np.eye(at.shape[1])
        return np.linalg.solve(gram, (labels @ at)[..., None])[..., 0]


def readouts(table: Tables) -> tuple[Readout, Readout]:
    """The two feature maps: a line in the folded input, and bumps along it; bounded, so that all moments exist in heavy tails too."""
    cells, nodes = table.inputs.fold(table.inputs.points), table.inputs.fold(table.x)
    centres = np.linspace(-1 - TAIL / 2, 1 + TAIL / 2, BUMPS)
    width = centres[1] - centres[0]

    def bumps(t: np.ndarray) -> np.ndarray:
        return np.exp(-0.5 * ((t[:, None] - centres) / width) ** 2)

    def line(t: np.ndarray) -> np.ndarray:
        return np.stack([np.ones_like(t), t], axis=1)

    size = float(np.mean(table.p.sum(axis=1) @ bumps(cells) ** 2))
    return Readout("linear", line(cells), line(nodes), 0.0), Readout("ridge", bumps(cells), bumps(nodes), RIDGE * size)


@dataclass(frozen=True)
class Moments:
    """What least squares needs of a table: share of each cell and its share times mean label, shape (..., cells) each."""

    inputs: np.ndarray
    labels: np.ndarray


def moments(table: Tables, share: np.ndarray) -> Moments:
    """Moments of tables of shares, shape (..., cells, subcells)."""
    return Moments(share.sum(axis=-1), share @ table.labels.points)


def scores(table: Tables, readout: Readout, beta: np.ndarray, balanced: np.ndarray) -> dict[str, np.ndarray]:
    """Squared errors under q of fits with coefficients `beta`, shape (..., J).

    Args:
      balanced: coefficients of the same readout fitted under q.
    """
    fitted = beta @ readout.nodes.T
    return {
        f"{readout.name}_squared_error": (fitted - table.f_q) ** 2 @ table.q_inputs,
        f"{readout.name}_readout_gap": (fitted - balanced @ readout.nodes.T) ** 2 @ table.q_inputs,
    }


def exact_scores(table: Tables, readout: Readout) -> dict[str, float]:
    """The same numbers with no cells, by the evaluation rule."""
    p = readout.solve(table.p_inputs, table.p_inputs * table.f_p, readout.nodes)
    q = readout.solve(table.q_inputs, table.q_inputs * table.f_q, readout.nodes)
    return {name: float(value) for name, value in scores(table, readout, p, q).items()}


def groups(table: Tables, draws: int) -> np.ndarray:
    """For histogram regression: the group of each cell of x, neighbours joined until each expects enough draws; shape (cells,)."""
    expected = table.p.sum(axis=1) * draws
    group = np.empty(len(expected), int)
    number, total = 0, 0.0
    for cell, count in enumerate(expected):
        group[cell] = number
        total += count
        if total >= LEAST_COUNT and expected[cell + 1 :].sum() >= LEAST_COUNT:
            number, total = number + 1, 0.0
    return group


def histogram_score(table: Tables, group: np.ndarray, data: Moments) -> np.ndarray:
    """E_q(fhat - f_q)^2 of the mean label of each group of cells, shape (...)."""
    member = np.eye(group[-1] + 1)[group]
    means = (data.labels @ member) / (data.inputs @ member)
    at = group[table.inputs.index(table.x)]
    return (means[..., at] - table.f_q) ** 2 @ table.q_inputs


@dataclass(frozen=True)
class Risk:
    """The risk decomposition of one predictor: R_q = R_p + between + within."""

    imbalanced: float
    between: float
    within: float
    balanced: float


def risk(
    table: Tables,
    edges: tuple[Fraction, ...],
    fitted: np.ndarray,
    p: np.ndarray,
    q: np.ndarray,
    laws: tuple[np.ndarray, np.ndarray] | None = None,
) -> Risk:
    """The decomposition, on samples or on exact probabilities.

    Args:
      edges: of the classes.
      fitted: the predictor at the cells of x, shape (cells,).
      p, q: tables of both worlds (counts or shares), shape (cells, subcells).
      laws: tables that the class masses p_c and q_c are taken from, `p` and `q` themselves by default. On counts the two risks are then
        measured apart from the class errors' weights; with the sample's own shares the terms would add up for any counts whatever.
    """
    p, q = p / p.sum(), q / q.sum()
    square = (table.labels.points - fitted[:, None]) ** 2
    place = bin_index(edges, table.labels.points)
    number = len(edges) - 1
    shares = [np.bincount(place, part.sum(axis=0), number) for part in (p, q)]
    totals = [np.bincount(place, (part * square).sum(axis=0), number) for part in (p, q)]
    # By label: e_c is the mean squared error of the labels in a class, in either world.
    error_p, error_q = (total / share for total, share in zip(totals, shares, strict=True))
    mass_p, mass_q = (np.bincount(place, law.sum(axis=0) / law.sum(), number) for law in laws or (p, q))
    between = float((mass_q - mass_p) @ error_p)
    within = float(mass_q @ (error_q - error_p))
    return Risk(float(totals[0].sum()), between, within, float(totals[1].sum()))


Key = tuple[str, int | None]


def columns(table: Tables, draws: int, first: np.ndarray, second: np.ndarray) -> dict[Key, np.ndarray]:
    """Scores of the closed forms on whole samples and on each half, shape (3, fits).

    Args:
      first, second: counts of each half of the samples, shape (fits, cells, subcells).
    """
    group = groups(table, draws)
    data = [
        moments(table, sample / sample.sum(axis=(1, 2))[:, None, None]) for sample in (first + second, first, second)
    ]
    scores_by_key: dict[Key, np.ndarray] = {
        ("histogram_squared_error", None): np.stack([histogram_score(table, group, part) for part in data])
    }
    for readout in readouts(table):
        balanced = readout.solve(table.q_inputs, table.q_inputs * table.f_q, readout.nodes)
        scored = [
            scores(table, readout, readout.solve(part.inputs, part.labels, readout.cells), balanced) for part in data
        ]
        scores_by_key |= {(name, None): np.stack([part[name] for part in scored]) for name in scored[0]}
    return scores_by_key


def predicted(table: Tables, draws: int) -> tuple[dict[Key, float], dict[Key, float]]:
    """The same scores on exact probabilities: on the cells, and without cells."""
    truth = moments(table, table.p)
    name = "histogram_squared_error"
    on_cells: dict[Key, float] = {(name, None): float(histogram_score(table, groups(table, draws), truth))}
    without: dict[Key, float] = {(name, None): table.squared_error_price}
    for readout in readouts(table):
        balanced = readout.solve(table.q_inputs, table.q_inputs * table.f_q, readout.nodes)
        beta = readout.solve(truth.inputs, truth.labels, readout.cells)
        on_cells |= {(key, None): float(value) for key, value in scores(table, readout, beta, balanced).items()}
        without |= {(key, None): value for key, value in exact_scores(table, readout).items()}
    return on_cells, without


def rarest_group(table: Tables, draws: int) -> float:
    """Least expected count of a group of `groups`."""
    return float(draws * np.bincount(groups(table, draws), table.p.sum(axis=1)).min())


def risks(
    table: Tables,
    chosen: Sequence[int],
    edges: Sequence[tuple[Fraction, ...]],
    sample: np.ndarray,
    p: np.ndarray,
    q: np.ndarray,
) -> dict[Key, np.ndarray]:
    """The risk decomposition of the ridge fit of each sample, on fresh pairs (class errors weighted with the law's masses) and exactly, shape (2, fits).

    Args:
      sample: training counts, shape (fits, cells, subcells).
      p, q: counts of the fresh pairs of both worlds, same shape.
    """
    readout = readouts(table)[1]
    data = moments(table, sample / sample.sum(axis=(1, 2))[:, None, None])
    fitted = readout.solve(data.inputs, data.labels, readout.cells) @ readout.cells.T
    scores_by_key: dict[Key, np.ndarray] = {}
    for K, own in zip(chosen, edges, strict=True):
        laws = table.p, table.q
        measured = [risk(table, own, *case, laws) for case in zip(fitted, p, q, strict=True)]
        exact = [risk(table, own, fit, table.p, table.q) for fit in fitted]
        for name, classes in (("imbalanced", None), ("balanced", None), ("between", K), ("within", K)):
            title = name if classes else f"{name}_risk"
            scores_by_key[title, classes] = np.array(
                [[getattr(one, name) for one in part] for part in (measured, exact)]
            )
    return scores_by_key
