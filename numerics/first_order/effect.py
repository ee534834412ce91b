"""One network: its minimum, the predicted effect of an infinitesimal plain term, and the one measured by training on at a small weight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import linalg

from numerics.first_order.network import Data, Network, targets

GRADIENT = 1e-10
"""Norm of the gradient at which a minimum counts as one; beside curvatures of at least the decay."""
HEAD_GRADIENT = 1e-10
STEPS, NEWTON_STEPS = 400, 40
SMALL = 1e-3
"""Length of the move, as a share of the parameters' norm, at which the effect is measured."""


@dataclass(frozen=True)
class Minimum:
    """A minimum of the training loss.

    Attributes:
      theta, hessian: where, and the Hessian there from products with the unit vectors.
      gradient: norm of the gradient.
      least: the least eigenvalue of the Hessian.
    """

    theta: np.ndarray
    hessian: np.ndarray
    gradient: float
    least: float

    @property
    def real(self) -> bool:
        """Whether it is a minimum: no slope, positive definite."""
        return self.gradient <= GRADIENT and self.least > 0


def minimum(net: Network, own: Data, decay: float, start: np.ndarray) -> Minimum:
    """Levenberg-Marquardt, then Newton's method with the Hessian's eigenvalues in absolute value."""
    theta, damping = start, 1e-2
    n = len(own.x)
    value = float(net.loss(theta, own.x, own.y))
    for _ in range(STEPS):
        residual, jacobian = (np.asarray(part) for part in net.residuals(theta, own.x, own.y))
        normal = 2 / n * jacobian.T @ jacobian + decay * np.eye(len(theta))
        slope = 2 / n * jacobian.T @ residual + decay * theta
        for _ in range(8):
            step = np.linalg.solve(normal + damping * np.diag(np.diag(normal)), -slope)
            moved = float(net.loss(theta + step, own.x, own.y))
            if moved < value:
                break
            damping *= 4
        else:
            break
        gain, theta, value, damping = value - moved, theta + step, moved, max(damping / 5, 1e-9)
        if gain < 1e-9 * value:
            break
    return _polished(net, own, theta)


def hessian(net: Network, own: Data, theta: np.ndarray) -> np.ndarray:
    """Its columns by products with the unit vectors."""
    whole = np.asarray(net.products(theta, own.x, own.y, np.eye(len(theta))))
    return (whole + whole.T) / 2


def _polished(net: Network, own: Data, theta: np.ndarray) -> Minimum:
    damping = 1e-2
    for _ in range(STEPS):
        value, slope = (np.asarray(part) for part in net.value_and_gradient(theta, own.x, own.y))
        whole = hessian(net, own, theta)
        size, vectors = np.linalg.eigh(whole)
        if np.linalg.norm(slope) <= GRADIENT:
            break
        for _ in range(20):
            step = -vectors @ ((vectors.T @ slope) / (np.abs(size) + damping))
            new, new_slope = (np.asarray(part) for part in net.value_and_gradient(theta + step, own.x, own.y))
            # Near the minimum the value has no digits left; the gradient has.
            if new < value or (new <= value * (1 + 1e-13) and np.linalg.norm(new_slope) < np.linalg.norm(slope)):
                theta, damping = theta + step, damping / 10
                break
            damping = max(4 * damping, 1e-12)
        else:
            break
    return Minimum(theta, whole, float(np.linalg.norm(slope)), float(size[0]))


def best_head(net: Network, own: Data, theta: np.ndarray, soft: np.ndarray, head: np.ndarray) -> np.ndarray:
    """The head with the least cross-entropy: Newton's method by conjugate gradients."""
    for _ in range(NEWTON_STEPS):
        step, size = (np.asarray(part) for part in net.head_step(theta, head, own.x, soft))
        if float(size) <= HEAD_GRADIENT:
            break
        head = head + step
    return head


@dataclass(frozen=True)
class Effect:
    """The slope of the balanced risk in the weight of a plain term, at weight zero.

    Attributes:
      predicted: -grad R_q·H^-1 grad CE*, by conjugate gradients.
      direct: the same by a dense solve.
      measured: (R_q(theta_w) - R_q(theta_-w))/(2 w) of models trained on at the small weights w and -w; None where Newton's map
        contracts for no weight that leaves digits.
      weight: w.
      training: L_p(theta_w) - L_p(theta_0) over (w^2/2) grad CE*·H^-1 grad CE*, the mean of both signs: 1 in the limit.
    """

    predicted: float
    direct: float
    measured: float | None
    weight: float
    training: float | None


def effect(net: Network, own: Data, at: Minimum, classes: int, kind: str, seed: int) -> Effect:
    """The effect of one plain term."""
    soft = targets(own.y, classes, kind, seed)
    width = net_width(at.theta)
    head = best_head(net, own, at.theta, soft, np.zeros((classes, width + 1)))
    slope = np.asarray(net.envelope(at.theta, head, own.x, soft))
    risk_slope = np.asarray(net.gradient_of_risk(at.theta, own.uniform_x, own.uniform_y))
    solved = np.linalg.solve(at.hessian, slope)
    operator = linalg.LinearOperator(
        at.hessian.shape, lambda v: np.asarray(net.product(at.theta, own.x, own.y, np.ravel(v))), dtype=float
    )
    # Scaled by the diagonal: curvatures span some eight orders. The residual is a 1e-10th of the slope, which is how well the minimum is known (its own
    # gradient is at most 1e-10); both predictions stand in the report, beside each other.
    scaling = linalg.LinearOperator(at.hessian.shape, lambda v: np.ravel(v) / np.diag(at.hessian), dtype=float)
    by_products, _ = linalg.cg(operator, slope, rtol=1e-10, maxiter=20 * len(slope), M=scaling)
    weight = SMALL * float(np.linalg.norm(at.theta)) / float(np.linalg.norm(solved))
    moved = _both(net, own, at, soft, head, weight)
    while moved is None and weight > 1e-12:
        weight /= 10
        moved = _both(net, own, at, soft, head, weight)
    if moved is None:
        return Effect(-float(risk_slope @ by_products), -float(risk_slope @ solved), None, weight, None)
    risks = [float(net.risk(theta, own.uniform_x, own.uniform_y)) for theta in moved]
    start = float(net.loss(at.theta, own.x, own.y))
    rises = [float(net.loss(theta, own.x, own.y)) - start for theta in moved]
    return Effect(
        -float(risk_slope @ by_products),
        -float(risk_slope @ solved),
        (risks[0] - risks[1]) / (2 * weight),
        weight,
        sum(rises) / 2 / (weight**2 / 2 * float(slope @ solved)),
    )


def net_width(theta: np.ndarray) -> int:
    """Features of the last hidden layer, from the number of parameters: 12 + 7 w + w + 1."""
    return (len(theta) - 13) // 8


def _both(
    net: Network, own: Data, at: Minimum, soft: np.ndarray, head: np.ndarray, weight: float
) -> list[np.ndarray] | None:
    """The minima at both signs of a weight; None where one is not reached."""
    moved = []
    for sign in (1, -1):
        theta = _trained_on(net, own, at, soft, head, sign * weight)
        if theta is None:
            return None
        moved.append(theta)
    return moved


def _trained_on(
    net: Network, own: Data, at: Minimum, soft: np.ndarray, head: np.ndarray, weight: float
) -> np.ndarray | None:
    """The minimum of L_p + weight CE* near the first, by Newton's map with the Hessian at the first, as in the proof; no slope predicted enters.

    Returns:
      None where the map does not contract: the weight is too large for it.
    """
    theta, before = at.theta, np.inf
    for _ in range(30):
        head = best_head(net, own, theta, soft, head)
        plain = np.asarray(net.value_and_gradient(theta, own.x, own.y)[1])
        slope = plain + weight * np.asarray(net.envelope(theta, head, own.x, soft))
        size = float(np.linalg.norm(slope))
        if size <= 1e-7 * float(np.linalg.norm(plain - slope)):
            return theta
        if not size < 0.7 * before:
            return None
        theta, before = theta - np.linalg.solve(at.hessian, slope), size
    return None
