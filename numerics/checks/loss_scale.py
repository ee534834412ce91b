"""loss_scale: multiplying a squared loss under weight decay, by actual gradient descent to the optimum."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from numerics.checks.common import Page
from numerics.checks.gradient_flow import MOST_CLASSES, own_classes
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate, Falsifier

RESULT = "loss_scale"
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

    def risk(self, here: Linear, law: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray]:
        """E (y - w.phi)^2 under a law of the inputs and a bound of its error, (scales,) each."""
        mass, length = np.array(law), np.sqrt((here.phi**2).sum(axis=1))
        left = np.abs((np.array(here.optimum) - self.w) @ here.phi.T)
        moved = length * self.off[:, None]
        value = left**2 @ mass
        size = (length * np.linalg.norm(here.optimum)) ** 2 @ mass
        return value, (2 * left * moved + moved**2) @ mass + ROUNDINGS * EPSILON * size

    def extra(self, here: Linear) -> tuple[np.ndarray, np.ndarray]:
        """R_q - R_p and a bound of its error."""
        (above, first), (below, second) = self.risk(here, here.q), self.risk(here, here.p)
        return above - below, first + second


def separate(name: str, p: tuple[float, ...], q: tuple[float, ...], y: tuple[float, ...], decay: float = 2.0) -> Linear:
    """Separate classes: one-hot features."""
    one_hot = tuple(tuple(float(i == j) for j in range(len(p))) for i in range(len(p)))
    return Linear(name, one_hot, p, q, y, decay)


def two(y: tuple[float, float] = (1.0, 1.0)) -> Linear:
    """Two classes told by the input."""
    return separate("p = (4/5, 1/5), q = (1/2, 1/2)", (0.8, 0.2), (0.5, 0.5), y)


def overlap(frequent: float = 0.99) -> Linear:
    """Two inputs whose features overlap: fitting the frequent one moves the prediction at the rare one."""
    features = ((1.0, 0.0), (2.0, 1.0))
    name = "features (1, 0) and (2, 1), p = (99/100, 1/100)"
    return Linear(name, features, (frequent, 1 - frequent), (0.5, 0.5), (1.0, -2.0), 1.0)


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
    for i, here in enumerate(worlds):
        inputs, features = here.phi.shape
        phi[i, :inputs, :features], p[i, :inputs] = here.phi, here.p
        y[i, :inputs] = here.phi @ np.array(here.optimum)
    decay = np.repeat([here.decay for here in worlds], len(SCALES))
    scale = np.tile(SCALES, n)
    phi, p, y = (np.repeat(part, len(SCALES), axis=0) for part in (phi, p, y))
    curvature = 2 * scale * np.einsum("im,imd->i", p, phi**2) + decay
    w, gradient = (np.asarray(part) for part in _descent()(phi, p, y, scale, decay, 1 / curvature))
    # The gradient is a sum of products of this size, each good to some roundings.
    terms = curvature * (np.linalg.norm(w, axis=1) + np.sqrt((p * y**2).sum(axis=1)))
    off = (np.linalg.norm(gradient, axis=1) + ROUNDINGS * EPSILON * terms) / decay
    w, off = w.reshape(n, len(SCALES), size), off.reshape(n, len(SCALES))
    return tuple(Trained(w[i, :, : here.phi.shape[1]], off[i]) for i, here in enumerate(worlds))


def remaining(here: Linear, double: float = 2.0, scales: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """h_i = mu alpha_i/(double lambda s_i + mu), (scales, features), and the eigenvectors v_i of G_p as columns."""
    values, vectors = np.linalg.eigh(here.gram(here.p))
    alpha = vectors.T @ np.array(here.optimum)
    scale = np.array(SCALES) if scales is None else scales
    return here.decay * alpha / (double * scale[:, None] * values + here.decay), vectors


def worlds(
    evidence: Evidence, labels: tuple[float, float] = (1.0, 1.0), frequent: float = 0.99
) -> tuple[tuple[Linear, ...], bool]:
    """The worlds of a run, and whether the last is the run's own."""
    own = own_classes(evidence)
    here = two(labels), overlap(frequent), GENERIC
    # Filled up, so that one compiled descent serves every run.
    return (*here, here[0] if own is None else separate(own.name, own.p, own.q, own.y, 0.5)), own is not None


def checks(
    evidence: Evidence,
    *,
    power: float = -1.0,
    double: float = 2.0,
    crossed: float = 1.0,
    everywhere: bool = False,
    labels: tuple[float, float] = (1.0, 1.0),
    frequent: float = 0.99,
) -> list[Check]:
    """Ridge, closed forms, monotonicity and both examples against descent to the optimum, each check the worst over all scales.

    Args:
      power: the ridge penalty is mu lambda^power; -1 in the theorem.
      double: of lambda s in h; 2 in the theorem.
      crossed: weight of the terms i != j of the extra term; 1 in the theorem.
      everywhere: claims that the balanced risk falls in every world.
      labels: of the two separate classes; (1, 1) in the theorem.
      frequent: p of the first input of `overlap`; 99/100 in the theorem.
    """
    page = Page(evidence, RESULT)
    every, with_own = worlds(evidence, labels, frequent)
    made = trained(every)
    for here, found in zip(every[: 4 if with_own else 3], made, strict=False):
        with page.elsewhere(here.name):
            _ridge(page, here, found, power)
            one_hot = np.array_equal(here.phi, np.eye(len(here.p)))
            if one_hot:
                _separate(page, here, found, double)
            _extra(page, here, found, double, crossed)
            _falls(page, here, found, "training risk R_p", here.p)
            if one_hot or everywhere:
                _falls(page, here, found, "balanced risk R_q", here.q)
    if not with_own:
        why = f"p never samples a class, or the run has no 2 to {MOST_CLASSES} classes"
        page.skip("separate_classes", "identity", why, source="fitted")
    _rises(page, every, made)
    return page.checks


def _worst(told: np.ndarray, told_off: np.ndarray, found: np.ndarray, off: np.ndarray) -> tuple[Estimate, Estimate]:
    """Both sides where they are furthest apart in units of what they may be."""
    told, told_off, found, off = (part.ravel() for part in np.broadcast_arrays(told, told_off, found, off))
    place = int(np.argmax(np.abs(told - found) / np.maximum(told_off + off, 1e-300)))
    return Estimate(float(told[place]), float(told_off[place])), Estimate(float(found[place]), float(off[place]))


def _ridge(page: Page, here: Linear, found: Trained, power: float) -> None:
    """Ridge regression by orthogonal factors of the weighted features with the square root of the penalty below them."""
    root = np.sqrt(np.array(here.p))[:, None]
    told, told_off = [], []
    for scale in SCALES[1:]:
        penalty = math.sqrt(here.decay * scale**power / 2)
        rows = np.vstack([root * here.phi, penalty * np.eye(here.phi.shape[1])])
        goal = np.concatenate([root[:, 0] * (here.phi @ np.array(here.optimum)), np.zeros(here.phi.shape[1])])
        told.append(np.linalg.lstsq(rows, goal, rcond=None)[0])
        told_off.append(ROUNDINGS * EPSILON * np.linalg.cond(rows) ** 2 * np.linalg.norm(here.optimum))
    sides = _worst(np.array(told), np.array(told_off)[:, None], found.w[1:], found.off[1:, None])
    note = "weights after training on lambda MSE + (mu/2)|w|^2, worst weight and lambda"
    page.add("ridge", "identity", *sides, note, source="fitted")


def _separate(page: Page, here: Linear, found: Trained, double: float) -> None:
    p, y, scale = np.array(here.p), np.array(here.optimum), np.array(SCALES)[:, None]
    told = (here.decay / (double * scale * p + here.decay)) ** 2 * y**2
    left = np.abs(y - found.w)
    off = 2 * left * found.off[:, None] + found.off[:, None] ** 2 + ROUNDINGS * EPSILON * y**2
    sides = _worst(told, ROUNDINGS * EPSILON * told, left**2, off)
    page.add(
        "separate_classes", "identity", *sides, "squared error of a class, worst class and lambda", source="fitted"
    )


def _extra(page: Page, here: Linear, found: Trained, double: float, crossed: float) -> None:
    left, vectors = remaining(here, double)
    gram_q, gram_p = here.gram(here.q), here.gram(here.p)
    form = vectors.T @ (gram_q - gram_p) @ vectors
    form = crossed * form + (1 - crossed) * np.diag(np.diag(form))
    told = np.einsum("li,ij,lj->l", left, form, left)
    # An eigenvalue is good to some units of the largest, and moves h by 2 lambda/mu as much.
    size = np.linalg.norm(here.optimum) ** 2 * (np.trace(gram_q) + np.trace(gram_p))
    off = ROUNDINGS * EPSILON * size * (1 + 2 * np.array(SCALES) * np.trace(gram_p) / here.decay)
    page.add(
        "extra_term", "identity", *_worst(told, off, *found.extra(here)), "R_q - R_p, worst lambda", source="fitted"
    )


def _falls(page: Page, here: Linear, found: Trained, name: str, law: tuple[float, ...]) -> None:
    """The largest rise from one scale to the next."""
    value, off = found.risk(here, law)
    place = int(np.argmax(np.diff(value)))
    before, after = (Estimate(float(value[i]), float(off[i])) for i in (place, place + 1))
    note = f"{name} from lambda = {SCALES[place]:g} to {SCALES[place + 1]:g}, where it falls least"
    page.add("risk_falls", "upper bound", before, after, note, source="fitted")


def _rises(page: Page, every: tuple[Linear, ...], made: tuple[Trained, ...]) -> None:
    here, found = every[0], made[0]
    value, off = found.extra(here)
    one = SCALES.index(1.0)
    top = Estimate(float(value[one]), float(off[one]))
    with page.elsewhere(here.name):
        for other in (0, len(SCALES) - 1):
            note = f"R_q - R_p at lambda = 1, above that at {SCALES[other]:g}"
            low = Estimate(float(value[other]), float(off[other]))
            page.add("extra_rises", "counterexample", low, top, note, source="fitted")
    here, found = every[1], made[1]
    value, off = found.risk(here, here.q)
    four = SCALES.index(4.0)
    top = Estimate(float(value[four]), float(off[four]))
    with page.elsewhere(here.name):
        low = Estimate(float(value[0]), float(off[0]))
        page.add("balanced_rises", "counterexample", low, top, "R_q at lambda = 4, above that at 0", source="fitted")
        note = "R_q at lambda = 4, above 1"
        page.add("balanced_rises", "counterexample", Estimate(1.0, 0.0), top, note, source="fitted")


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: both risks and the extra term against lambda for both examples, by the closed form and as trained."""
    every, _ = worlds(evidence)
    scales = np.geomspace(1 / 16, 16, 49)
    drawn = []
    for here, found in list(zip(every, trained(every), strict=True))[:2]:
        left, vectors = remaining(here, scales=scales)
        error = left @ vectors.T @ here.phi.T
        above, below = error**2 @ np.array(here.q), error**2 @ np.array(here.p)
        drawn.append(
            {
                "world": here.name,
                "decay": here.decay,
                "balanced": above.tolist(),
                "imbalanced": below.tolist(),
                "trained_balanced": found.risk(here, here.q)[0][1:].tolist(),
                "trained_imbalanced": found.risk(here, here.p)[0][1:].tolist(),
                "extra": (above - below).tolist(),
                "trained_extra": found.extra(here)[0][1:].tolist(),
            }
        )
    return {"scale": scales.tolist(), "trained_scale": list(SCALES[1:]), "worlds": drawn}


FALSIFIERS = (
    Falsifier(RESULT, "product", "a penalty of mu lambda", lambda evidence: checks(evidence, power=1.0)),
    Falsifier(RESULT, "half", "lambda s in place of 2 lambda s", lambda evidence: checks(evidence, double=1.0)),
    Falsifier(RESULT, "diagonal", "the terms i != j dropped", lambda evidence: checks(evidence, crossed=0.0)),
    Falsifier(
        RESULT, "everywhere", "the balanced risk always falls", lambda evidence: checks(evidence, everywhere=True)
    ),
    Falsifier(
        RESULT,
        "frequent only",
        "the extra term rises though the rare class has nothing to learn",
        lambda evidence: checks(evidence, labels=(1.0, 0.0)),
    ),
    Falsifier(
        RESULT,
        "no imbalance",
        "the balanced risk rises though p = q",
        lambda evidence: checks(evidence, frequent=0.5),
    ),
)
