"""What a Gaussian channel makes of it: price, corrected excess and their squared-error versions, for any reference and any classes.

x = y + s e with e standard normal, labels on the cells. Then q(x), p(x) and phat(x) are finite Gaussian mixtures, and by *price* and *offset*
price = KL(q_y||p_y) - KL(q_x||p_x), corrected excess = W - KL(q_x||phat_x), phat(y) = q_c p(y|c): one integral over x each, by Gauss-Legendre
panels two noises wide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from unskew.cells import Cells
from unskew.class_edges import Edges, kl_classes, kl_labels

REACH = 8.5
"""Noises beyond the labels; less than 2e-17 of the mass lies further out."""
ORDERS = (12, 8)
WIDE = 2
"""Noises to a panel."""
PANELS = 8
"""Panels a block: a block sees the cells within reach alone."""


@dataclass(frozen=True)
class Prediction:
    """Numbers at one noise, nats and squared label units; for each partition in the order given.

    Attributes:
      noise: s.
      price: E_q Delta, what imbalance costs the best predictor in log-loss.
      corrected: corrected excess of each partition.
      squared_price: R_q(f_p) - R_q(f_q).
      squared_corrected: E_q(x) (fhat - f_q)^2 of each partition.
      squared_decoded: E_q(x) (sum_c qhat(c|x) m_c - f_q)^2, m_c the reference mean of class c: what decoding to class centres gives, each partition.
      balanced_risk: R_q(f_q), the least squared error that any predictor can have.
      error: quadrature's own error, of the log-loss numbers; `squared_error` of the others.
      at_most: the noise asked for is finer than a cell, so these are upper bounds: price and corrected excess grow with the noise.
    """

    noise: float
    price: float
    corrected: tuple[float, ...]
    squared_price: float
    squared_corrected: tuple[float, ...]
    squared_decoded: tuple[float, ...]
    balanced_risk: float
    error: float
    squared_error: float
    at_most: bool = False


def least_noise(cells: Cells) -> float:
    """The finest noise that the cells resolve: one cell for continuous labels (the error of a sum in place of an integral is then below
    2 exp(-2 pi^2) = 6e-9 of it), none for atoms."""
    return 0.0 if cells.discrete else cells.length / len(cells.y)


def predict(cells: Cells, partitions: Sequence[Edges], noise: float) -> Prediction:
    """The numbers for a Gaussian channel.

    Price and corrected excess rise with the noise (a noisier input is a garbling, which lowers KL(q_x||p_x) and KL(q_x||phat_x)), so at a noise that
    the cells do not resolve the numbers of `least_noise` are upper bounds; `at_most` says so.
    """
    s = max(noise, least_noise(cells))
    corrected = [phat(cells, edges) for edges in partitions]
    columns = np.stack([cells.q, cells.p, *corrected], axis=1)
    centres = np.stack([centres_of(cells, edges) for edges in partitions], axis=1)
    fine, coarse = (_integrals(cells, columns, centres, s, order) for order in ORDERS)
    labels = np.array([kl_labels(cells.q, cells.p), *(kl_labels(cells.q, one) for one in corrected)])
    inputs, squares, risk = fine
    count = 1 + len(partitions)
    # Both are non-negative by the theory; rounding of a difference may not be.
    log_loss = np.maximum(labels - inputs, 0.0)
    return Prediction(
        noise=s,
        price=float(log_loss[0]),
        corrected=tuple(log_loss[1:].tolist()),
        squared_price=float(squares[0]),
        squared_corrected=tuple(squares[1:count].tolist()),
        squared_decoded=tuple(squares[count:].tolist()),
        balanced_risk=float(risk),
        error=float(np.max(np.abs(inputs - coarse[0]))) + 64 * np.finfo(float).eps * float(1 + labels.max()),
        squared_error=float(max(np.max(np.abs(squares - coarse[1])), abs(risk - coarse[2])))
        + 64 * np.finfo(float).eps * cells.length**2,
        at_most=noise < s,
    )


def remainder(cells: Cells, edges: Edges) -> float:
    """W by its definition as KL(q_y||phat_y), nats."""
    return float(kl_labels(cells.q, cells.p) - kl_classes(cells.q, cells.p, edges))


def phat(cells: Cells, edges: Edges) -> np.ndarray:
    """The label law of the corrected model, q_c p(y|c)."""
    q, p = (np.add.reduceat(column, edges[:-1]) for column in (cells.q, cells.p))
    return cells.p * np.repeat(q / p, np.diff(edges))


def centres_of(cells: Cells, edges: Edges) -> np.ndarray:
    """The reference mean of each cell's class, (m,)."""
    q, first = (np.add.reduceat(column, edges[:-1]) for column in (cells.q, cells.q * cells.y))
    return np.repeat(first / q, np.diff(edges))


def _integrals(
    cells: Cells, columns: np.ndarray, centres: np.ndarray, s: float, order: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """KL(q_x||.) and E_q(x) (f - f_q)^2 of the other columns, then of the decoded ones, and R_q(f_q).

    Args:
      columns: label masses (m, 2 + partitions), q first.
      centres: what each cell's class is decoded to, (m, partitions).
    """
    points, weights = np.polynomial.legendre.leggauss(order)
    middle = float(cells.y[len(cells.y) // 2])
    y = cells.y - middle
    decoded = columns[:, 2:] * (centres - middle)
    moments = np.concatenate([columns, columns * y[:, None], decoded, columns[:, :1] * y[:, None] ** 2], axis=1)
    count = columns.shape[1]
    # Which column each mean is divided by: its own, then phat again for the decoded ones.
    owner = np.array([*range(count), *range(2, count)])
    kl, squares, risk = np.zeros(count - 1), np.zeros(len(owner) - 1), 0.0
    for starts in _blocks(y, s):
        x = (starts[:, None] + WIDE * s * (points + 1) / 2).ravel()
        weight = np.tile(WIDE * weights / 2, len(starts)) / np.sqrt(2 * np.pi)
        low, high = np.searchsorted(y, [x[0] - (REACH + 1) * s, x[-1] + (REACH + 1) * s])
        kernel = np.exp(-(((x[:, None] - y[None, low:high]) / s) ** 2) / 2)
        sums = kernel @ moments[low:high]
        mass, mean = sums[:, :count], sums[:, count:-1]
        seen = np.all(mass > 0, axis=1)
        mass, mean, second, share = mass[seen], mean[seen], sums[seen, -1], weight[seen]
        mean = mean / mass[:, owner]
        q = mass[:, 0] * share
        kl += q @ (np.log(mass[:, :1]) - np.log(mass[:, 1:]))
        squares += q @ (mean[:, 1:] - mean[:, :1]) ** 2
        risk += float(np.sum(share * second - q * mean[:, 0] ** 2))
    return kl, squares, risk


def _blocks(y: np.ndarray, s: float) -> list[np.ndarray]:
    """Left ends of panels that cover all x within reach of a cell, in blocks of neighbours."""
    panel = WIDE * s
    first = np.floor((y - REACH * s) / panel).astype(np.int64)
    last = np.ceil((y + REACH * s) / panel).astype(np.int64)
    # A gap between cells that no panel need cover starts a new stretch.
    gaps = np.flatnonzero(first[1:] > last[:-1])
    begin, end = [first[0], *first[gaps + 1]], [*last[gaps], last[-1]]
    blocks = []
    for low, high in zip(begin, end, strict=True):
        blocks += [np.arange(start, min(start + PANELS, high)) * panel for start in range(int(low), int(high), PANELS)]
    return blocks
