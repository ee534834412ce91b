"""The classes of one K, as the evaluation of fitted models needs them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from numerics.fits.probability_tables import Tables
from numerics.world import bin_index


@dataclass(frozen=True)
class Partition:
    """The classes of one K, as the evaluation needs them.

    Attributes:
      classes: the nominal K.
      edges: of the classes.
      place: class of each label node that p samples, shape (N,), ascending; every class occurs.
      joint, joint_p: q(x, c) and p(x, c) at the evaluation nodes, shape (n, bins) each.
      q, p: class masses, shape (bins,).
      starts: first cell of the common refinement in each class.
      evidence: log of the q-weighted kernel summed over each class, shape (n, bins).
    """

    classes: int
    edges: tuple[Fraction, ...]
    place: np.ndarray
    joint: np.ndarray
    joint_p: np.ndarray
    q: np.ndarray
    p: np.ndarray
    starts: np.ndarray
    evidence: np.ndarray


def partition(table: Tables, classes: int, edges: tuple[Fraction, ...], cells: np.ndarray) -> Partition:
    """A partition on a table; `cells` are the label nodes' cells of the common refinement."""
    labels = table.labels
    place = bin_index(edges, labels.nodes)
    number = len(edges) - 1
    everywhere = bin_index(edges, labels.all_nodes)
    joint = table.q_all @ np.eye(number)[everywhere]
    first_nodes = np.flatnonzero(np.diff(cells, prepend=-1))
    starts = np.flatnonzero(np.diff(place[first_nodes], prepend=-1))
    q = np.bincount(everywhere, labels.all_weight, number)
    p = np.bincount(place, labels.weight * np.exp(labels.log_ratio), number)
    own = np.flatnonzero(np.diff(place, prepend=-1))
    evidence = log_sums(table.log_kernel + np.log(labels.weight), own)
    joint_p = table.p_joint @ np.eye(number)[place]
    return Partition(classes, edges, place, joint, joint_p, q / q.sum(), p / p.sum(), starts, evidence)


def log_sums(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Logarithms of sums of exponentials over consecutive columns, shape (rows, len(starts))."""
    lengths = np.diff(np.append(starts, values.shape[1]))
    top = np.maximum.reduceat(values, starts, axis=1)
    return top + np.log(np.add.reduceat(np.exp(values - np.repeat(top, lengths, axis=1)), starts, axis=1))
