"""gradient_flow: what the choice of loss does on the way, by actual gradient descent on both losses from the same start."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np

from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Check, Estimate, Falsifier, Kind

RESULT = "gradient_flow"
MOST_CLASSES = 8
"""Worlds are filled up to this many classes, so that one compiled descent serves them all."""
TIMES = 32
STEPS = (16, 32, 64)
"""Steps of descent between two of the times at which it is looked at: each run halves the step of the one before."""
TURN = 5 / 6 * math.log(2)
"""Where the extra term of `TWO` turns."""
SPAN = 12.0
"""How long the run's own classes are trained, in units of 1/p of the most frequent one."""
MOST_SQUARED = 200.0
"""Where training is longer than this the steps are too long for squared loss, which is over early; cross-entropy alone is looked at."""
MARGINS = (3.0, 6.0)
"""Margins of the rare and the frequent class where their ratio exceeds p_f/p_r."""


@dataclass(frozen=True)
class Classes:
    """Separate classes, each revealed by its input.

    Attributes:
      name: a phrase.
      p, q: class probabilities.
      y: targets of the squared loss; predictions start from zero.
      time: how long is trained.
      weight: weights of the classes in both losses.
    """

    name: str
    p: tuple[float, ...]
    q: tuple[float, ...]
    y: tuple[float, ...]
    time: float
    weight: tuple[float, ...]

    @property
    def number(self) -> int:
        return len(self.p)

    @property
    def speed(self) -> np.ndarray:
        """p_c times weight, shape (K,)."""
        return np.array(self.p) * np.array(self.weight)


@dataclass(frozen=True)
class Course:
    """What descent passed through, at each step size; shape (steps, times, K) each, times from 0 on.

    Attributes:
      left: u_c = y_c - w_c under squared loss.
      margin: the logit of the true class above the largest other.
      missing: 1 - pi under cross-entropy.
      t: times, (times,).
      steps: of descent to the end with the smallest step.
    """

    left: np.ndarray
    margin: np.ndarray
    missing: np.ndarray
    t: np.ndarray
    steps: int

    def limit(self, quantity: Callable[[Course], np.ndarray], size: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """A quantity at step size zero and its error, from its values at three step sizes.

        Descent is Euler's method on the flow, whose error is a series in powers of the step. The error is the largest distance of the two
        extrapolants along the whole course (at single times it may vanish by chance), `SAFETY` times, and the rounding of all steps; infinite
        where halving the step did not bring the values at least half as much closer as it should. `size` is that of the largest term of a
        quantity that may be a small difference: 1 for a logarithm, whose argument is good to so many roundings of its own.
        """
        coarse, middle, fine = quantity(self)
        once, twice = 2 * fine - middle, (4 * (2 * fine - middle) - (2 * middle - coarse)) / 3
        known = self.steps * EPSILON * np.maximum(np.max(np.abs(fine), axis=0), size)
        first, second = (np.max(np.abs(step), axis=0) for step in (middle - coarse, fine - middle))
        error = SAFETY * np.max(np.abs(twice - once), axis=0) + known
        error = np.where(second > first + 2 * known, math.inf, error)
        return twice, np.broadcast_to(error, twice.shape)


TWO = Classes("p = (4/5, 1/5), q = (1/2, 1/2)", (0.8, 0.2), (0.5, 0.5), (1.0, 1.0), 16 * TURN, (1.0, 1.0))
THREE = Classes(
    "three classes, p = (7/10, 1/5, 1/10)", (0.7, 0.2, 0.1), (1 / 3,) * 3, (-1.0, 0.5, 2.0), 16.0, (1.0,) * 3
)
FIVE = Classes(
    "five classes, p_c = 2^-c, the last twice, trained long",
    (0.5, 0.25, 0.125, 0.0625, 0.0625),
    (0.2,) * 5,
    (1.0, -1.0, 0.5, 2.0, 1.0),
    256.0,
    (1.0,) * 5,
)


ALIKE = 1e-4
"""Frequencies that differ by a smaller share are one frequency: what tells their courses apart drowns in the rounding of the descent."""


def long() -> Classes:
    """Two classes, trained until their margins are `MARGINS`."""
    rare, frequent = ((z + math.exp(z) - 1) / 2 for z in MARGINS)
    p = (frequent / (frequent + rare), rare / (frequent + rare))
    return Classes("p_f/p_r = (e^6 + 5)/(e^3 + 2)", p, (0.5, 0.5), (1.0, 1.0), frequent + rare, (1.0, 1.0))


def balanced(here: Classes, power: float = 1.0) -> Classes:
    """The same with class c weighted by (q_c/p_c)^power."""
    weight = tuple((q / p) ** power for q, p in zip(here.q, here.p, strict=True))
    return Classes(f"{here.name}, weighted", here.p, here.q, here.y, here.time, weight)


@cache
def _descent() -> Any:
    """Gradient descent on both losses of several worlds at once, by differentiating the losses themselves; compiled at first use."""
    import jax
    import jax.numpy as jnp

    def loss(state: Any, speed: Any, y: Any, wall: Any) -> Any:
        # Population losses with one-hot features: row c of the logits is what input c gets; `wall` shuts out classes that are not there.
        w, logits = state
        log_share = jax.nn.log_softmax(logits + wall, axis=-1)
        own = jnp.diagonal(log_share, axis1=-2, axis2=-1)
        return jnp.sum(speed * (y - w) ** 2) - jnp.sum(speed * own)

    slope = jax.grad(loss)

    def run(speed: Any, y: Any, wall: Any, step: Any, inner: Any) -> Any:
        def move(_: Any, state: Any) -> Any:
            w, logits = slope(state, speed, y, wall)
            return state[0] - step[:, None] * w, state[1] - step[:, None, None] * logits

        def until_next(state: Any, _: Any) -> Any:
            state = jax.lax.fori_loop(0, inner, move, state)
            return state, state

        start = jnp.zeros_like(y), jnp.zeros_like(wall)
        return jax.lax.scan(until_next, start, None, length=TIMES)[1]

    return jax.jit(run)


@lru_cache(maxsize=16)
def courses(worlds: tuple[Classes, ...]) -> tuple[Course, ...]:
    """Descends on both losses in every world, with each of the step sizes."""
    K = MOST_CLASSES
    speed, y, wall = np.zeros((len(worlds), K)), np.zeros((len(worlds), K)), np.full((len(worlds), K, K), -1e9)
    wall[:, np.arange(K), np.arange(K)] = 0.0
    for i, here in enumerate(worlds):
        speed[i, : here.number], y[i, : here.number] = here.speed, here.y
        wall[i, : here.number, : here.number] = 0.0
    span = np.array([here.time for here in worlds])
    found = [
        tuple(np.asarray(part) for part in _descent()(speed, y, wall, span / (TIMES * inner), inner)) for inner in STEPS
    ]
    made = []
    for i, here in enumerate(worlds):
        n = here.number
        left, margin, missing = [], [], []
        for w, logits in found:
            values = np.concatenate([np.zeros((1, n, n)), logits[:, i, :n, :n]])
            own = values[:, np.arange(n), np.arange(n)]
            gap = values - own[:, :, None]
            gap[:, np.arange(n), np.arange(n)] = -math.inf
            odds = np.exp(gap).sum(axis=-1)
            left.append(np.array(here.y) - np.concatenate([np.zeros((1, n)), w[:, i, :n]]))
            margin.append(-gap.max(axis=-1))
            missing.append(odds / (1 + odds))
        t = here.time * np.arange(TIMES + 1) / TIMES
        made.append(Course(np.stack(left), np.stack(margin), np.stack(missing), t, TIMES * STEPS[-1]))
    return tuple(made)


def lambert_missing(tau: np.ndarray, classes: int, shift: float = 1.0) -> np.ndarray:
    """1 - pi = 1/(1 + W0(exp((1 + K tau)/(K - 1))/(K - 1))); `shift` is the 1 beside K tau."""
    from scipy.special import wrightomega

    # W0(e^a) is Wright's omega of a, which does not overflow.
    found: np.ndarray = 1 / (1 + wrightomega((shift + classes * tau) / (classes - 1) - math.log(classes - 1)))
    return found


def own_classes(evidence: Evidence) -> Classes | None:
    """The run's own classes, the most that fit, labels counted from the lower end in units of the support; none where p misses a class."""
    law = evidence.world.law
    for entry in reversed(evidence.quantities.per_classes):
        bins = entry.bins
        if 1 < len(bins.q) <= MOST_CLASSES and np.all(bins.p > 0):
            edges = (np.array([float(edge) for edge in bins.edges]) - float(law.support[0])) / law.length
            p, q, y = (tuple(map(float, part)) for part in (bins.p, bins.q, (edges[1:] + edges[:-1]) / 2))
            return Classes(
                f"the run's own {len(q)} classes, told by the input", p, q, y, SPAN / max(p), (1.0,) * len(q)
            )
    return None


def checks(
    evidence: Evidence,
    *,
    rate: float = 2.0,
    shift: float = 1.0,
    tail: float = 1.0,
    quarter: bool = False,
    excess: float = 1.0,
    monotone: bool = False,
    beyond: bool = False,
    power: float = 1.0,
) -> list[Check]:
    """Closed forms, bounds and examples against descent with the step halved twice and taken to zero; each check is the worst of its course.

    Args:
      rate: u decays as exp(-rate p t); 2 in the theorem.
      shift: the one in 1 + K tau.
      tail: 1 - pi ~ tail (K - 1)/(K tau); 1 in the theorem.
      quarter: exp(-tau/4) as the lower bound of rho for every K.
      excess: of the rare/frequent bound, times s; 1 in the theorem.
      monotone: claims that the extra term is largest at the start.
      beyond: claims that the example above p_f/p_r is above (1 + s) p_f/p_r as well.
      power: classes are weighted by (q/p)^power; 1 in the theorem.
    """
    page = Page(evidence, RESULT)
    own = own_classes(evidence)
    worlds = (TWO, THREE, FIVE, long(), balanced(THREE, power), own or TWO)
    made = courses(worlds)
    for here, course in zip(worlds[: 6 if own else 5], made, strict=False):
        with page.elsewhere(here.name):
            weighted = here is worlds[4]
            speed = np.array(here.q) if weighted else here.speed
            _entropy(page, here, course, speed, shift, weighted)
            if here.time <= MOST_SQUARED:
                _squared(page, here, course, speed, rate, "balancing" if weighted else "squared_loss")
            if not weighted:
                _slower(page, here, course, quarter)
                _ratio(page, here, course, excess)
    if own is None:
        why = f"p never samples a class, or the run has no 2 to {MOST_CLASSES} classes"
        page.skip("squared_loss", "identity", why, source="fitted")
    _tail(page, made[2], tail)
    _examples(page, made[0], made[3], monotone, beyond)
    return page.checks


def _worst(
    page: Page, claim: str, kind: Kind, theory: np.ndarray, found: tuple[np.ndarray, np.ndarray], note: str
) -> None:
    """One check for a whole course: where numeric and theory are furthest apart (for a bound: where it is nearest to broken)."""
    numeric, error = (np.broadcast_to(part, theory.shape).ravel() for part in found)
    told = theory.ravel()
    # Closed forms: some roundings of their own size.
    off = 64 * EPSILON * np.abs(told)
    room = numeric - told if kind == "upper bound" else np.abs(numeric - told)
    # Where anything is not finite, that is the worst.
    unfit = ~np.isfinite(numeric + error + told)
    place = int(np.argmax(np.where(unfit, math.inf, room / np.maximum(error + off, 1e-300))))
    numbers = Estimate(float(numeric[place]), float(error[place]))
    page.add(claim, kind, Estimate(float(told[place]), float(off[place])), numbers, note, source="fitted")


def _squared(page: Page, here: Classes, course: Course, speed: np.ndarray, rate: float, claim: str) -> None:
    u, q, p = np.array(here.y), np.array(here.q), np.array(here.p)
    told = u * np.exp(-rate * speed * course.t[:, None])
    found = course.limit(lambda part: part.left)
    _worst(page, claim, "identity", told, found, "what squared loss leaves, worst class and time")
    extra = course.limit(lambda part: (part.left**2 @ (q - p))[..., None], float(np.abs(q - p) @ u**2))
    told = ((q - p) * u**2 * np.exp(-2 * rate * speed * course.t[:, None])).sum(axis=1, keepdims=True)
    _worst(page, claim, "identity", told, extra, "R_q - R_p of squared loss, worst time")


def _entropy(page: Page, here: Classes, course: Course, speed: np.ndarray, shift: float, weighted: bool) -> None:
    K, tau = here.number, speed * course.t[:, None]
    found = course.limit(lambda part: part.missing)
    claim = "balancing" if weighted else "lambert"
    _worst(page, claim, "identity", lambert_missing(tau, K, shift), found, "1 - pi, worst class and time")
    if weighted:
        return
    z, error = course.limit(lambda part: part.margin)
    # (K - 1) z + e^z is steepest at the upper end of what z may be.
    slope = K - 1 + np.exp(z + error)
    told = shift + K * tau
    found = (K - 1) * z + np.exp(z), slope * error + 64 * EPSILON * np.abs(told)
    _worst(page, "margin", "identity", told, found, "(K - 1) z + e^z against 1 + K tau, worst class and time")
    right = np.mean(course.margin[:, 1:] > 0)
    one = Estimate(1.0, 0.0)
    page.add(
        "margin",
        "identity",
        one,
        Estimate(float(right), EPSILON),
        "share of times with the right argmax",
        source="fitted",
    )


def _slower(page: Page, here: Classes, course: Course, quarter: bool) -> None:
    K, tau = here.number, here.speed * course.t[:, None]
    start = (K - 1) / K
    fall = course.limit(lambda part: -np.log(part.missing / start), 1.0)
    bound = tau / 4 if quarter else K * tau / (4 * (K - 1))
    # At the start both are zero.
    later = fall[0][1:], fall[1][1:]
    _worst(page, "slower", "upper bound", bound[1:], later, "-log rho, worst class and time")
    if here.time > MOST_SQUARED:
        return
    # Both sides were trained: the errors of both count.
    squares, first = course.limit(lambda part: part.left / np.array(here.y))
    rho, second = course.limit(lambda part: part.missing / start)
    note = "what squared loss leaves less what cross-entropy leaves, relative"
    _worst(page, "slower", "upper bound", np.zeros_like(rho[1:]), ((squares - rho)[1:], (first + second)[1:]), note)


def _excess(classes: int) -> float:
    """s = W0((K - 1) exp(-(2K - 1)/(K - 1)))."""
    from scipy.special import lambertw

    return float(lambertw((classes - 1) * math.exp(-(2 * classes - 1) / (classes - 1))).real)


def _ratio(page: Page, here: Classes, course: Course, excess: float) -> None:
    K, p = here.number, here.speed
    rare, frequent = int(np.argmin(p)), int(np.argmax(p))
    if p[frequent] / p[rare] - 1 < ALIKE:
        page.skip("rare_to_frequent", "upper bound", "no class is rarer than another", "fitted")
        return
    s = excess * _excess(K)
    found = course.limit(lambda part: part.missing[..., [rare]] / part.missing[..., [frequent]])
    bound = np.full_like(found[0], (1 + s) * p[frequent] / p[rare])
    _worst(page, "rare_to_frequent", "upper bound", bound, found, "rho rare over rho frequent, worst time")
    if here.time > MOST_SQUARED:
        return
    value, error = course.limit(
        lambda part: np.log(part.left[..., [rare]] / here.y[rare] / (part.left[..., [frequent]] / here.y[frequent])),
        1.0,
    )
    off = np.abs(value - 2 * (p[frequent] - p[rare]) * course.t[:, None])
    note = "distance of the log ratio under squared loss from 2 (p_f - p_r) t, worst time"
    _worst(page, "rare_to_frequent", "upper bound", np.zeros_like(off), (off, error), note)


def _tail(page: Page, course: Course, tail: float) -> None:
    K, tau = FIVE.number, FIVE.speed * course.t[1:, None]
    value, error = course.limit(lambda part: part.missing)
    z, off = course.limit(lambda part: part.margin)
    # The exact relative error of the tail, at the margin that was reached; its slope in z is at most 1 from z = 0 on.
    distance = ((K - 1) * z - K)[1:] / (np.exp(z) + K - 1)[1:]
    scale = K * tau / (tail * (K - 1))
    last = np.unravel_index(int(np.argmax(tau)), tau.shape)
    with page.elsewhere(FIVE.name):
        ratio = Estimate(float((value[1:] * scale)[last]), float((error[1:] * scale)[last]))
        page.add(
            "tail",
            "asymptotic",
            Estimate(1.0, 0.0),
            ratio,
            f"(1 - pi) K tau/(K - 1) at tau = {tau[last]:g}, allowed its own relative error there",
            source="fitted",
            allowance=float(abs(distance[last]) + off[1:][last]),
        )
        found = (value[1:] * scale) / (1 + distance), (error[1:] * scale + 2 * off[1:]) / np.abs(1 + distance)
        note = "the same over one and its relative error, worst class and time"
        _worst(page, "tail", "asymptotic", np.ones_like(tau), found, note)


def _examples(page: Page, two: Course, far: Course, monotone: bool, beyond: bool) -> None:
    change = np.array(TWO.q) - np.array(TWO.p)
    value, error = (part[:, 0] for part in two.limit(lambda part: (part.left**2 @ change)[..., None]))
    turn = int(np.argmin(np.abs(two.t - TURN)))
    with page.elsewhere(TWO.name):
        for other, words in ((0, "at the start"), (TIMES, "at the end")):
            pair = Estimate(float(value[other]), float(error[other])), Estimate(float(value[turn]), float(error[turn]))
            low, high = pair[::-1] if monotone else pair
            note = f"R_q - R_p at t = (5/6) log 2, above that {words}"
            page.add("not_monotone", "counterexample", low, high, note, source="fitted")
    here = long()
    ratio, off = (part[-1, 0] for part in far.limit(lambda part: part.missing[..., [1]] / part.missing[..., [0]]))
    with page.elsewhere(here.name):
        bound = here.p[0] / here.p[1] * (1 + _excess(2) if beyond else 1.0)
        told = Estimate(bound, 8 * EPSILON * bound)
        note = "rho rare over rho frequent at margins 3 and 6, above p_f/p_r"
        page.add("above_the_ratio", "counterexample", told, Estimate(float(ratio), float(off)), note, source="fitted")


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: what both losses leave of each class of `TWO` and the extra term, by descent and by the closed forms."""
    own = own_classes(evidence)
    (course, *_) = courses((TWO, THREE, FIVE, long(), balanced(THREE), own or TWO))
    t = np.linspace(0, TWO.time, 97)
    tau = TWO.speed * t[:, None]
    change = np.array(TWO.q) - np.array(TWO.p)
    left, missing = (course.limit(part)[0] for part in (lambda part: part.left, lambda part: part.missing))
    return {
        "p": list(TWO.p),
        "time": t.tolist(),
        "squared": np.exp(-2 * tau).T.tolist(),
        "entropy": (2 * lambert_missing(tau, 2)).T.tolist(),
        "extra": (np.exp(-4 * tau) @ change).tolist(),
        "turn": TURN,
        "found": {
            "time": course.t.tolist(),
            "squared": left.T.tolist(),
            "entropy": (2 * missing).T.tolist(),
            "extra": (left**2 @ change).tolist(),
        },
    }


FALSIFIERS = (
    Falsifier(RESULT, "half rate", "u decays as exp(-p t)", lambda evidence: checks(evidence, rate=1.0)),
    Falsifier(RESULT, "start", "the one in 1 + K tau dropped", lambda evidence: checks(evidence, shift=0.0)),
    Falsifier(RESULT, "tail", "1 - pi ~ 1.1 (K - 1)/(K tau)", lambda evidence: checks(evidence, tail=1.1)),
    Falsifier(RESULT, "quarter", "rho >= exp(-tau/4) for every K", lambda evidence: checks(evidence, quarter=True)),
    Falsifier(RESULT, "no excess", "the ratio is at most p_f/p_r", lambda evidence: checks(evidence, excess=0.0)),
    Falsifier(
        RESULT, "monotone", "the extra term is largest at the start", lambda evidence: checks(evidence, monotone=True)
    ),
    Falsifier(
        RESULT,
        "beyond",
        "the example is above (1 + s) p_f/p_r as well",
        lambda evidence: checks(evidence, beyond=True),
    ),
    Falsifier(RESULT, "inverse", "weights p/q", lambda evidence: checks(evidence, power=-1.0)),
)
