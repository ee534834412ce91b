"""The hidden layers: fixed functions of x (and of the label) that know the channel and the reference, never the imbalanced labels.

A regressor's hidden layer holds the leading singular functions of the channel's log-likelihood `log k(x|y)`, centred over both arguments; for a
Gaussian channel that is one function, x itself. A class network's hidden layer holds those of the log-likelihoods of its classes, `log q(x|c)`, under
labels that are uniform or exponentially tilted within the class either way. Heads on top of these layers are what training fits. So the families are
rich enough for the Bayes predictors (the representation gap tells how nearly), conditioned well enough to be fitted to the last digit, and
nothing in them has seen p(y).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from numerics.fits.probability_tables import Tables

SMALLEST = 3e-3
"""Singular functions below this root mean square (nats) are left out: together they are worth about SMALLEST^2 nats."""
SMALLEST_CLASS = 1e-2
"""The same for class networks: a finer shape inside a class is worth nothing to W, and costs training."""
MOST_FEATURES = 10
MOST_CLASS_FEATURES = 8
TILTS = (-2.0, 0.0, 2.0)
"""Nats of tilt from a class's middle to its ends."""


@dataclass(frozen=True)
class Family:
    """A conditional family `log phat(node|x) = log_weight + bias beta + hidden(x)^T A output(node) - log N(x)`, convex in (beta, A).

    Attributes:
      hidden: at the cells of x, shape (cells, J).
      hidden_x: the same functions at the evaluation nodes of x, shape (n, J).
      output: at the nodes (labels, or classes), shape (N, I).
      bias: at the nodes, shape (N, B).
      log_weight: shape (N,).
    """

    hidden: np.ndarray
    hidden_x: np.ndarray
    output: np.ndarray
    bias: np.ndarray
    log_weight: np.ndarray

    @property
    def parameters(self) -> int:
        """Length of theta = (beta, A row by row)."""
        return self.bias.shape[1] + self.hidden.shape[1] * self.output.shape[1]

    def logits(self, theta: np.ndarray, hidden: np.ndarray) -> np.ndarray:
        """Logits with `log_weight` added, shape (..., len(hidden), N), for theta of shape (..., parameters)."""
        number = self.bias.shape[1]
        head = theta[..., number:].reshape(*theta.shape[:-1], self.hidden.shape[1], self.output.shape[1])
        label = theta[..., :number] @ self.bias.T + self.log_weight
        return (hidden @ head) @ self.output.T + label[..., None, :]


def _orthonormal(values: np.ndarray, weight: np.ndarray, *others: np.ndarray) -> tuple[np.ndarray, ...]:
    """The columns orthonormalised under the weights, after a constant, in their order; `others` changed by the same linear map."""
    one = np.column_stack([np.ones(len(values)), values])
    _, upper = np.linalg.qr(np.sqrt(weight / weight.sum())[:, None] * one)
    change = np.linalg.inv(upper)
    return tuple((np.column_stack([np.ones(len(array)), array]) @ change)[:, 1:] for array in (values, *others))


@dataclass(frozen=True)
class _Singular:
    """Leading singular functions of a matrix of log-likelihoods, centred over x and over its columns.

    Attributes:
      at_cells, at_x: the functions of x, orthonormal under p(x) but for their `size`.
      right: their counterparts on the columns, times their sizes, shape (columns, J).
      mean: the mean over x of each (row-centred) column: the columns' own part, shape (columns,).
    """

    at_cells: np.ndarray
    at_x: np.ndarray
    right: np.ndarray
    mean: np.ndarray


def _singular(
    at_cells: np.ndarray, at_x: np.ndarray, share: np.ndarray, table: Tables, smallest: float, most: int
) -> _Singular:
    """Rows weigh as x does in both worlds together, columns by `share`.

    A function keeps its size (nats, root mean square), so that coefficients are of order one and the ridge shrinks only what the data say
    next to nothing about.
    """
    weight = input_weight(table)
    at_cells, at_x = (values - (values @ share)[:, None] for values in (at_cells, at_x))
    mean = weight @ at_x
    scaled = np.sqrt(weight)[:, None] * (at_x - mean) * np.sqrt(share)
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    size = np.sqrt(np.maximum(values[::-1], 0))
    number = int(np.clip((size > smallest).sum(), 1, most))
    size, vectors = size[:number], vectors[:, ::-1][:, :number]
    # Eigenvectors have a sign by chance of the library: fixed by the largest entry.
    vectors = vectors * np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(number)])
    factors = np.sqrt(share)[:, None] * vectors / size
    hidden, hidden_x = _orthonormal((at_cells - mean) @ factors, table.p.sum(axis=1), (at_x - mean) @ factors)
    return _Singular(hidden * size, hidden_x * size, vectors / np.sqrt(share)[:, None] * size, mean)


def input_weight(table: Tables) -> np.ndarray:
    """x in both worlds together, at the evaluation nodes; sums to 1."""
    weight = table.q_inputs + table.p_inputs
    return weight / weight.sum()


def regressor(
    table: Tables, log_kernel_at_cells: np.ndarray, log_kernel_at_points: np.ndarray
) -> tuple[Family, np.ndarray]:
    """The fine regressor: a density in y, log-linear on pieces beside the channel's own part, tilted by functions of x and y together.

    Args:
      log_kernel_at_cells: log k at the points of the cells of x and the label nodes, shape (cells, N).
      log_kernel_at_points: log k at the evaluation nodes of x and the subcells' labels, shape (n, subcells).

    Returns:
      the family, and its output functions at the subcells' labels, shape (subcells, I).
    """
    labels = table.labels
    share = labels.weight / labels.weight.sum()
    layer = _singular(log_kernel_at_cells, table.log_kernel, share, table, SMALLEST, MOST_FEATURES)
    # The label's side of the same singular functions: log k(.|y) projected on the hidden layer.
    weight = input_weight(table)
    size = np.sqrt(weight @ layer.at_x**2)
    probe = (layer.at_x - weight @ layer.at_x) / size * weight[:, None]
    output, at_points = _orthonormal(table.log_kernel.T @ probe, labels.weight, log_kernel_at_points.T @ probe)
    bias = labels.bias(labels.nodes, labels.node_piece)
    return Family(layer.at_cells, layer.at_x, output, bias, np.log(labels.weight) + layer.mean), at_points


def _class_columns(log_kernel: np.ndarray, weight: np.ndarray, position: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """`log sum_{y in c} w(y) e^{tilt position} k(x|y)` for every tilt and class, shape (len(log_kernel), tilts * classes)."""
    columns = []
    lengths = np.diff(np.append(starts, log_kernel.shape[1]))
    for tilt in TILTS:
        terms = log_kernel + (np.log(weight) + tilt * position)
        top = np.maximum.reduceat(terms, starts, axis=1)
        columns.append(top + np.log(np.add.reduceat(np.exp(terms - np.repeat(top, lengths, axis=1)), starts, axis=1)))
    return np.concatenate(columns, axis=1)


def class_network(
    table: Tables, log_kernel_at_cells: np.ndarray, place: np.ndarray, broken: Sequence[int] = ()
) -> Family:
    """A class network: softmax over the classes of a hidden layer.

    Args:
      log_kernel_at_cells: as in `regressor`.
      place: class of each label node, ascending, every class present; shape (N,).
      broken: classes in which p(y) jumps; their labels are tilted like no neighbour's, so each gets an output of its own.
    """
    labels = table.labels
    starts = np.flatnonzero(np.diff(place, prepend=-1))
    number = len(starts)
    mass = np.add.reduceat(labels.weight, starts)
    middle = np.add.reduceat(labels.weight * labels.nodes, starts) / mass
    first, last = labels.nodes[starts], labels.nodes[np.append(starts[1:], len(place)) - 1]
    reach = np.where(last > first, last - first, 1.0)[place] / 2
    position = (labels.nodes - middle[place]) / reach
    layer = _singular(
        _class_columns(log_kernel_at_cells, labels.weight, position, starts),
        _class_columns(table.log_kernel, labels.weight, position, starts),
        np.tile(mass, len(TILTS)) / (mass.sum() * len(TILTS)),
        table,
        SMALLEST_CLASS,
        MOST_CLASS_FEATURES,
    )
    # Outputs: what the columns' counterparts span over the classes, all tilts together.
    right = layer.right.reshape(len(TILTS), number, -1).transpose(1, 0, 2).reshape(number, -1)
    own = np.zeros((number, len(broken)))
    own[list(broken), np.arange(len(broken))] = 1
    share = mass / mass.sum()
    right = np.concatenate([right, own], axis=1)
    left, size, _ = np.linalg.svd(np.sqrt(share)[:, None] * (right - share @ right), full_matrices=False)
    left = left * np.sign(left[np.abs(left).argmax(axis=0), np.arange(left.shape[1])])
    output = (left / np.sqrt(share)[:, None])[:, : max(1, int((size > SMALLEST_CLASS).sum()))]
    p_mass = np.add.reduceat(labels.weight * np.exp(labels.log_ratio), starts)
    bias = np.delete(np.eye(number), int(np.argmax(p_mass)), axis=1)
    return Family(layer.at_cells, layer.at_x, output, bias, np.zeros(number))


def padded(families: Sequence[Family]) -> tuple[np.ndarray, ...]:
    """Arrays of families stacked to one shape: hidden, output, bias, log_weight.

    Columns and nodes beyond a family's own are zero, and nodes have a weight whose logarithm, -1e30, no softmax can see.
    """
    J = max(family.hidden.shape[1] for family in families)
    I = max(family.output.shape[1] for family in families)
    N = max(len(family.output) for family in families)
    B = max(family.bias.shape[1] for family in families)

    def fill(array: np.ndarray, shape: tuple[int, ...], value: float = 0.0) -> np.ndarray:
        out = np.full(shape, value)
        out[tuple(slice(length) for length in array.shape)] = array
        return out

    return (
        np.stack([fill(family.hidden, (len(family.hidden), J)) for family in families]),
        np.stack([fill(family.output, (N, I)) for family in families]),
        np.stack([fill(family.bias, (N, B)) for family in families]),
        np.stack([fill(family.log_weight, (N,), -1e30) for family in families]),
    )
