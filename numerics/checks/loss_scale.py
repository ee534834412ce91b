"""loss_scale: multiplying a squared loss under weight decay, by actual gradient descent to the optimum."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import sympy

from numerics.checks import formulas
from numerics.checks.common import Page
from numerics.checks.gradient_flow import MOST_CLASSES, own_classes
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Check, Estimate
from theory.formula import Formula
from theory.loss_scale import LEFT_OVER, loss, square
from theory.record import Result

SCALES = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
"""lambda."""
STEPS = 1000
"""Enough for rounding: the worst ratio of curvatures here is about 50, and each step takes off at least one part in it."""
ROUNDINGS = 64
"""Of a sum of at most `MOST_CLASSES` squared products."""


@dataclass(frozen=True)
class Linear:
    """A linear model on finitely many inputs, whose labels it can represent.

    Attributes:
      name: a phrase.
      features: phi of each input, inputs x features.
      p, q: probabilities of the inputs.
      optimum: w*, so that y = w*.phi.
      decay: mu.
    """

    name: str
    features: tuple[tuple[float, ...], ...]
    p: tuple[float, ...]
    q: tuple[float, ...]
    optimum: tuple[float, ...]
    decay: float

    @property
    def phi(self) -> np.ndarray:
        return np.array(self.features)

    def gram(self, law: tuple[float, ...]) -> np.ndarray:
        """E[phi phi^T] under a law of the inputs."""
        moments: np.ndarray = self.phi.T @ (np.array(law)[:, None] * self.phi)
        return moments


@dataclass(frozen=True)
class Trained:
    """Where descent ended for each of `SCALES`.

    Attributes:
      w: weights, (scales, features).
      off: bound of the distance to the optimum, (scales,): the objective is mu-strongly convex, so that the gradient's norm over mu bounds it.
    """

    w: np.ndarray
    off: np.ndarray

    def risk(self, world: Linear, law: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
        """E (y - w.phi)^2 under a law of the inputs and a bound of its error, (scales,) each."""
        mass, length = np.array(law), np.sqrt((world.phi**2).sum(axis=1))
        left = np.abs((np.array(world.optimum) - self.w) @ world.phi.T)
        moved = length * self.off[:, None]
        value = left**2 @ mass
        size = (length * np.linalg.norm(world.optimum)) ** 2 @ mass
        return value, (2 * left * moved + moved**2) @ mass + ROUNDINGS * EPSILON * size

    def extra(self, world: Linear) -> tuple[np.ndarray, np.ndarray]:
        """R_q - R_p and a bound of its error."""
        (above, first), (below, second) = self.risk(world, world.q), self.risk(world, world.p)
        return above - below, first + second


def separate(name: str, p: tuple[float, ...], q: tuple[float, ...], y: tuple[float, ...], decay: float = 2.0) -> Linear:
    """Separate classes: one-hot features."""
    one_hot = tuple(tuple(float(i == j) for j in range(len(p))) for i in range(len(p)))
    return Linear(name, one_hot, p, q, y, decay)


TWO = separate("p = (4/5, 1/5), q = (1/2, 1/2)", (0.8, 0.2), (0.5, 0.5), (1.0, 1.0))
"""Two classes told by the input."""
OVERLAP = Linear(
    "features (1, 0) and (2, 1), p = (99/100, 1/100)",
    ((1.0, 0.0), (2.0, 1.0)),
    (0.99, 0.01),
    (0.5, 0.5),
    (1.0, -2.0),
    1.0,
)
"""Two inputs whose features overlap: fitting the frequent one moves the prediction at the rare one."""
GENERIC = Linear(
    "four inputs, three features",
    ((1.0, 0.5, 0.0), (0.25, -1.0, 0.5), (1.0, 0.75, -0.5), (-0.5, 0.25, 1.0)),
    (0.625, 0.125, 0.1875, 0.0625),
    (0.25, 0.25, 0.25, 0.25),
    (1.0, -0.5, 2.0),
    0.5,
)


@cache
def _descent() -> Any:
    """Gradient descent on lambda MSE + (mu/2)|w|^2 for many problems at once, by differentiating the objective; compiled at first use."""
    import jax
    import jax.numpy as jnp

    def objective(w: Any, phi: Any, p: Any, y: Any, scale: Any, decay: Any) -> Any:
        squared = jnp.sum(p * (y - jnp.sum(phi * w[..., None, :], axis=-1)) ** 2, axis=-1)
        return jnp.sum(scale * squared + decay / 2 * jnp.sum(w**2, axis=-1))

    slope = jax.grad(objective)

    def run(phi: Any, p: Any, y: Any, scale: Any, decay: Any, step: Any) -> Any:
        problem = phi, p, y, scale, decay
        start = jnp.zeros(phi.shape[:1] + phi.shape[2:])
        w = jax.lax.fori_loop(0, STEPS, lambda _, w: w - step[:, None] * slope(w, *problem), start)
        return w, slope(w, *problem)

    return jax.jit(run)


@lru_cache(maxsize=16)
def trained(worlds: tuple[Linear, ...]) -> tuple[Trained, ...]:
    """Trains every world at every scale."""
    size, n = MOST_CLASSES, len(worlds)
    phi, p, y = np.zeros((n, size, size)), np.zeros((n, size)), np.zeros((n, size))
    for i, world in enumerate(worlds):
        inputs, features = world.phi.shape
        phi[i, :inputs, :features], p[i, :inputs] = world.phi, world.p
        y[i, :inputs] = world.phi @ np.array(world.optimum)
    decay = np.repeat([world.decay for world in worlds], len(SCALES))
    scale = np.tile(SCALES, n)
    phi, p, y = (np.repeat(part, len(SCALES), axis=0) for part in (phi, p, y))
    curvature = 2 * scale * np.einsum("im,imd->i", p, phi**2) + decay
    w, gradient = (np.asarray(part) for part in _descent()(phi, p, y, scale, decay, 1 / curvature))
    # The gradient is a sum of products of this size, each good to some roundings.
    terms = curvature * (np.linalg.norm(w, axis=1) + np.sqrt((p * y**2).sum(axis=1)))
    off = (np.linalg.norm(gradient, axis=1) + ROUNDINGS * EPSILON * terms) / decay
    w, off = w.reshape(n, len(SCALES), size), off.reshape(n, len(SCALES))
    return tuple(Trained(w[i, :, : world.phi.shape[1]], off[i]) for i, world in enumerate(worlds))


def eigen(world: Linear) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """s_i, v_i as columns, and alpha_i = v_i.w*."""
    values, vectors = np.linalg.eigh(world.gram(world.p))
    return values, vectors, vectors.T @ np.array(world.optimum)


def remaining(world: Linear, side: sympy.Expr, scales: np.ndarray) -> np.ndarray:
    """h_i by a closed form of the ledger, (scales, features)."""
    values, _, alpha = eigen(world)
    left, _ = formulas.values(side, {"lambda": scales[:, None], "mu": world.decay, "s_i": values, "alpha_i": alpha})
    return left


def worlds(evidence: Evidence) -> tuple[tuple[Linear, ...], bool]:
    """The worlds of a run, and whether the last is the run's own."""
    own = own_classes(evidence)
    # Filled up, so that one compiled descent serves every run.
    last = TWO if own is None else separate(own.name, own.p, own.q, own.y, 0.5)
    return (TWO, OVERLAP, GENERIC, last), own is not None


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every formula of the result against descent to the optimum, each check the worst over all scales."""
    page = Page(evidence, result.name)
    every, with_own = worlds(evidence)
    fits = trained(every)
    for world, weights in zip(every[: 4 if with_own else 3], fits, strict=False):
        with page.elsewhere(world.name):
            for claim, line in formulas.lines(result):
                _general(page, world, weights, claim, line)
    if not with_own:
        why = f"p never samples a class, or the run has no 2 to {MOST_CLASSES} classes"
        page.skip("separate_classes", "identity", why, source="fitted")
    for claim, line in formulas.lines(result):
        _example(page, fits, claim, line)
    return page.checks


def _general(page: Page, world: Linear, weights: Trained, claim: str, line: Formula) -> None:
    one_hot = np.array_equal(world.phi, np.eye(len(world.p)))
    if claim == "ridge":
        for side in (line.left, line.right):
            _ridge(page, world, weights, side)
    elif claim == "separate_classes" and one_hot and line.name:
        _separate(page, world, weights, line)
    elif claim == "extra_term" and line.name:
        _extra(page, world, weights, line)
    elif claim == "risk_falls" and line.name:
        _falls(page, world, weights, "training risk R_p", world.p, line)
        if one_hot:
            _falls(page, world, weights, "balanced risk R_q", world.q, line)


def _worst(
    expected: np.ndarray, expected_off: np.ndarray, weights: np.ndarray, off: np.ndarray
) -> tuple[Estimate, Estimate]:
    """Both sides where they are furthest apart in units of what they may be."""
    expected, expected_off, weights, off = (
        part.ravel() for part in np.broadcast_arrays(expected, expected_off, weights, off)
    )
    # Where anything is not finite, that is the worst.
    room = np.abs(expected - weights) / np.maximum(expected_off + off, 1e-300)
    place = int(np.argmax(np.where(np.isfinite(room), room, np.inf)))
    return Estimate(float(expected[place]), float(expected_off[place])), Estimate(
        float(weights[place]), float(off[place])
    )


def _ridge(page: Page, world: Linear, weights: Trained, objective: sympy.Expr) -> None:
    """Ridge regression by orthogonal factors of the weighted features with the square root of the penalty below them."""
    scales = np.array(SCALES[1:])
    numbers = {"lambda": scales, "mu": world.decay}
    of_loss, of_square = (formulas.values(sympy.expand(objective).coeff(term), numbers)[0] for term in (loss, square))
    masses = np.array(world.p)[:, None]
    expected, expected_off = [], []
    for first, second in zip(np.maximum(of_loss, 0.0), np.maximum(of_square, 0.0), strict=True):
        root = np.sqrt(first * masses)
        rows = np.vstack([root * world.phi, np.sqrt(second) * np.eye(world.phi.shape[1])])
        goal = np.concatenate([root[:, 0] * (world.phi @ np.array(world.optimum)), np.zeros(world.phi.shape[1])])
        expected.append(np.linalg.lstsq(rows, goal, rcond=None)[0])
        expected_off.append(ROUNDINGS * EPSILON * np.linalg.cond(rows) ** 2 * np.linalg.norm(world.optimum))
    sides = _worst(np.array(expected), np.array(expected_off)[:, None], weights.w[1:], weights.off[1:, None])
    note = "weights after training on lambda MSE + (mu/2)|w|^2, worst weight and lambda"
    page.add("ridge", "identity", *sides, note, source="fitted")


def _separate(page: Page, world: Linear, weights: Trained, line: Formula) -> None:
    p, y, scale = np.array(world.p), np.array(world.optimum), np.array(SCALES)[:, None]
    expected = formulas.values(line.right, {"lambda": scale, "mu": world.decay, "p_c": p, "y_c": y})
    left = np.abs(y - weights.w)
    off = 2 * left * weights.off[:, None] + weights.off[:, None] ** 2 + ROUNDINGS * EPSILON * y**2
    note = "squared error of a class, worst class and lambda"
    page.add("separate_classes", "identity", *_worst(*expected, left**2, off), note, source="fitted")


def _extra(page: Page, world: Linear, weights: Trained, line: Formula) -> None:
    left = remaining(world, line.right, np.array(SCALES))
    _, vectors, _ = eigen(world)
    gram_q, gram_p = world.gram(world.q), world.gram(world.p)
    expected = np.einsum("li,ij,lj->l", left, vectors.T @ (gram_q - gram_p) @ vectors, left)
    # An eigenvalue is good to some units of the largest, and moves h by 2 lambda/mu as much.
    size = np.linalg.norm(world.optimum) ** 2 * (np.trace(gram_q) + np.trace(gram_p))
    off = ROUNDINGS * EPSILON * size * (1 + 2 * np.array(SCALES) * np.trace(gram_p) / world.decay)
    page.add(
        "extra_term",
        "identity",
        *_worst(expected, off, *weights.extra(world)),
        "R_q - R_p, worst lambda",
        source="fitted",
    )


def _falls(page: Page, world: Linear, solution: Trained, name: str, law: tuple[float, ...], line: Formula) -> None:
    """From one scale to the next a risk changes by the integral of its slope, and by no more than that of a bound of the slope."""
    values, vectors, alpha = eigen(world)
    shares = np.diag(vectors.T @ world.gram(law) @ vectors)
    low, high = np.array(SCALES[:-1]), np.array(SCALES[1:])

    def integral(order: int) -> tuple[np.ndarray, np.ndarray]:
        nodes, weights = np.polynomial.legendre.leggauss(order)
        at = (low + high)[:, None] / 2 + (high - low)[:, None] / 2 * nodes
        numbers = {"lambda": at[..., None], "mu": world.decay, "s_i": values, "g_i": shares, "alpha_i": alpha}
        slope, off = (part.sum(axis=-1) @ weights * (high - low) / 2 for part in formulas.values(line.right, numbers))
        return slope, off

    (coarse, _), (expected, rounding) = integral(16), integral(32)
    # Eigenvalues and shares are good to some units of the largest, as in `_extra`.
    size = np.linalg.norm(world.optimum) ** 2 * (np.trace(world.gram(law)) + np.trace(world.gram(world.p)))
    expected_off = (
        SAFETY * np.abs(expected - coarse)
        + rounding
        + ROUNDINGS * EPSILON * size * (1 + 2 * high * np.trace(world.gram(world.p)) / world.decay)
    )
    value, error = solution.risk(world, law)
    change, off = np.diff(value), error[1:] + error[:-1]
    if line.relation == "=":
        note = f"{name} from one lambda to the next, by the integral of its slope, worst lambda"
        page.add("risk_falls", "identity", *_worst(expected, expected_off, change, off), note, source="fitted")
    else:
        place = int(np.argmax(change - expected))
        bound = Estimate(float(expected[place]), float(expected_off[place] if expected.any() else 0.0))
        note = f"{name} from lambda = {SCALES[place]:g} to {SCALES[place + 1]:g}, where it falls least"
        page.add(
            "risk_falls",
            "upper bound",
            bound,
            Estimate(float(change[place]), float(off[place])),
            note,
            source="fitted",
        )


def _example(page: Page, fits: tuple[Trained, ...], claim: str, line: Formula) -> None:
    """The two examples: the extra term of `TWO`, the balanced risk of `OVERLAP`."""
    scales = np.array(SCALES)
    if claim == "extra_rises":
        with page.elsewhere(TWO.name):
            value, off = fits[0].extra(TWO)
            if line.relation == "=" and line.name:
                sides = _worst(*formulas.values(line.right, {"lambda": scales}), value, off)
                page.add(claim, "identity", *sides, "R_q - R_p, worst lambda", source="fitted")
            elif line.relation == "<":
                one = SCALES.index(1.0)
                expected, rounding = formulas.values(line.left, {"lambda": scales[one]})
                low, top = Estimate(float(expected), float(rounding)), Estimate(float(value[one]), float(off[one]))
                page.add(claim, "counterexample", low, top, "R_q - R_p at lambda = 1", source="fitted")
    elif claim == "balanced_rises" and line.name:
        with page.elsewhere(OVERLAP.name):
            value, off = fits[1].risk(OVERLAP, OVERLAP.q)
            at = [SCALES.index(float(name)) for name in ("0", "4") if line.name == f"R_q({name})"] or slice(None)
            sides = _worst(*formulas.values(line.right, {"lambda": scales[at]}), value[at], off[at])
            page.add(claim, "identity", *sides, f"{line.name}, worst lambda", source="fitted")
            if line.name == "R_q(0)":
                four = SCALES.index(4.0)
                top = Estimate(float(value[four]), float(off[four]))
                page.add(claim, "counterexample", sides[0], top, "R_q at lambda = 4, above that at 0", source="fitted")


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: both risks and the extra term against lambda for both examples, by the closed form and as trained."""
    every, _ = worlds(evidence)
    scales = np.geomspace(1 / 16, 16, 49)
    drawn = []
    for world, weights in list(zip(every, trained(every), strict=True))[:2]:
        error = remaining(world, LEFT_OVER, scales) @ eigen(world)[1].T @ world.phi.T
        above, below = error**2 @ np.array(world.q), error**2 @ np.array(world.p)
        drawn.append(
            {
                "world": world.name,
                "decay": world.decay,
                "balanced": above.tolist(),
                "imbalanced": below.tolist(),
                "trained_balanced": weights.risk(world, world.q)[0][1:].tolist(),
                "trained_imbalanced": weights.risk(world, world.p)[0][1:].tolist(),
                "extra": (above - below).tolist(),
                "trained_extra": weights.extra(world)[0][1:].tolist(),
            }
        )
    return {"scale": scales.tolist(), "trained_scale": list(SCALES[1:]), "worlds": drawn}
