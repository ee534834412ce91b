"""The population optimum of a family: Newton's method on exact probabilities, in numpy.

This is the prediction's route. It shares no code with training (`numerics.fits.softmax`): another optimiser, another language of arrays, exact
probabilities for counts. Its Hessian also serves training as a preconditioner, which changes the way to a minimum, never the minimum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.fits.features import Family

STEPS = 100
DECREMENT = 1e-20


@dataclass(frozen=True)
class Statistics:
    """What training sees of a sample: shares, not counts.

    Attributes:
      inputs: share of each cell of x, shape (..., cells).
      moments: mean of the sufficient statistics, in the order of theta, shape (..., parameters).
    """

    inputs: np.ndarray
    moments: np.ndarray


def statistics(family: Family, share: np.ndarray, output: np.ndarray, bias: np.ndarray) -> Statistics:
    """Statistics of a table of shares.

    Args:
      share: shape (..., cells, columns), sums to 1 over the last two axes.
      output: output functions at the columns, shape (columns, I).
      bias: shape (columns, B).
    """
    inputs, labels = share.sum(axis=-1), share.sum(axis=-2)
    head = np.einsum("cj,...ci->...ji", family.hidden, share @ output)
    return Statistics(inputs, np.concatenate([labels @ bias, head.reshape(*head.shape[:-2], -1)], axis=-1))


@dataclass(frozen=True)
class Optimum:
    """The minimum of the ridge-penalised mean log-loss.

    Attributes:
      theta: shape (parameters,).
      hessian: there, ridge included.
      decrement: Newton decrement squared, about twice the distance to the minimal loss.
      steps: Newton steps taken.
    """

    theta: np.ndarray
    hessian: np.ndarray
    decrement: float
    steps: int


def loss(family: Family, data: Statistics, theta: np.ndarray, ridge: float) -> tuple[float, np.ndarray]:
    """Penalised mean log-loss (up to the label's own weights) and the model's probabilities, shape (cells, N)."""
    logits = family.logits(theta, family.hidden)
    top = logits.max(axis=1, keepdims=True)
    terms = np.exp(logits - top)
    total = terms.sum(axis=1, keepdims=True)
    value = float(data.inputs @ (np.log(total) + top)[:, 0] - data.moments @ theta + ridge / 2 * theta @ theta)
    return value, terms / total


def curvature(family: Family, inputs: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean statistics under the model, shape (parameters,), and their covariance within cells, (parameters, parameters)."""
    J, I, B = family.hidden.shape[1], family.output.shape[1], family.bias.shape[1]
    weighted = family.hidden * inputs[:, None]
    label, output = share @ family.bias, share @ family.output
    squares = (family.output[:, :, None] * family.output[:, None, :]).reshape(len(family.output), -1)
    spread = share @ squares - (output[:, :, None] * output[:, None, :]).reshape(len(share), -1)
    pairs = (weighted[:, :, None] * family.hidden[:, None, :]).reshape(len(share), -1)
    head = (pairs.T @ spread).reshape(J, J, I, I).transpose(0, 2, 1, 3).reshape(J * I, J * I)
    bar = inputs @ share
    own = (family.bias * bar[:, None]).T @ family.bias - (label * inputs[:, None]).T @ label
    by_node = weighted.T @ share
    cross = np.einsum("jn,ni,nb->bji", by_node, family.output, family.bias, optimize=True)
    cross = cross - np.einsum("cj,ci,cb->bji", weighted, output, label, optimize=True)
    cross = cross.reshape(B, J * I)
    mean = np.concatenate([inputs @ label, (weighted.T @ output).ravel()])
    return mean, np.block([[own, cross], [cross.T, head]])


def minimise(family: Family, data: Statistics, ridge: float) -> Optimum:
    """Damped Newton from zero.

    Raises:
      ArithmeticError: no minimum found in `STEPS` steps; the family is then worse conditioned than its design allows.
    """
    theta = np.zeros(family.parameters)
    value, share = loss(family, data, theta, ridge)
    for step in range(STEPS):
        mean, hessian = curvature(family, data.inputs, share)
        hessian[np.diag_indices_from(hessian)] += ridge
        gradient = mean - data.moments + ridge * theta
        direction = -np.linalg.solve(hessian, gradient)
        decrement = float(-gradient @ direction)
        if decrement <= DECREMENT:
            return Optimum(theta, hessian, max(decrement, 0.0), step)
        length = 1.0
        while True:
            trial_value, trial_share = loss(family, data, theta + length * direction, ridge)
            # Below 1e-12 the decrease drowns in rounding, and Newton's method needs no guard.
            if trial_value <= value - 1e-4 * length * decrement or decrement < 1e-12 or length < 1e-8:
                break
            length /= 2
        theta, value, share = theta + length * direction, trial_value, trial_share
    raise ArithmeticError(f"no minimum after {STEPS} Newton steps, decrement {decrement:.1e}")
