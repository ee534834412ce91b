"""gradient_flow: what the choice of loss does on the way, by actual gradient descent on both losses from the same start."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
import sympy

from numerics.checks import formulas
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Check, Estimate, Kind
from theory.formula import Formula
from theory.record import Result
from theory.softmax_flow import PRODUCT

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


def balanced(world: Classes) -> Classes:
    """The same with class c weighted by q_c/p_c."""
    weight = tuple(q / p for q, p in zip(world.q, world.p, strict=True))
    return Classes(f"{world.name}, weighted", world.p, world.q, world.y, world.time, weight)


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
    for i, world in enumerate(worlds):
        speed[i, : world.number], y[i, : world.number] = world.speed, world.y
        wall[i, : world.number, : world.number] = 0.0
    span = np.array([world.time for world in worlds])
    measured = [
        tuple(np.asarray(part) for part in _descent()(speed, y, wall, span / (TIMES * inner), inner)) for inner in STEPS
    ]
    descents = []
    for i, world in enumerate(worlds):
        n = world.number
        left, margin, missing = [], [], []
        for w, logits in measured:
            values = np.concatenate([np.zeros((1, n, n)), logits[:, i, :n, :n]])
            own = values[:, np.arange(n), np.arange(n)]
            gap = values - own[:, :, None]
            gap[:, np.arange(n), np.arange(n)] = -math.inf
            odds = np.exp(gap).sum(axis=-1)
            left.append(np.array(world.y) - np.concatenate([np.zeros((1, n)), w[:, i, :n]]))
            margin.append(-gap.max(axis=-1))
            missing.append(odds / (1 + odds))
        t = world.time * np.arange(TIMES + 1) / TIMES
        descents.append(Course(np.stack(left), np.stack(margin), np.stack(missing), t, TIMES * STEPS[-1]))
    return tuple(descents)


def lambert_missing(tau: np.ndarray, classes: int) -> np.ndarray:
    """1 - pi = 1/(1 + W0(exp((1 + K tau)/(K - 1))/(K - 1))), for times whose exponential is not a double too."""
    from scipy.special import wrightomega

    # W0(e^a) is Wright's omega of a, which does not overflow.
    measured: np.ndarray = 1 / (1 + wrightomega((1 + classes * tau) / (classes - 1) - math.log(classes - 1)))
    return measured


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


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every formula of the result against descent with the step halved twice and taken to zero; each check is the worst of its course."""
    page = Page(evidence, result.name)
    own = own_classes(evidence)
    worlds = (TWO, THREE, FIVE, long(), balanced(THREE), own or TWO)
    descents = courses(worlds)
    for world, course in zip(worlds[: 6 if own else 5], descents, strict=False):
        with page.elsewhere(world.name):
            for claim, line in formulas.lines(result):
                if world is worlds[4]:
                    if claim == "balancing" and line.name:
                        _balanced(page, world, course, line)
                else:
                    _flow(page, world, course, claim, line)
    if own is None:
        why = f"p never samples a class, or the run has no 2 to {MOST_CLASSES} classes"
        page.skip("squared_loss", "identity", why, source="fitted")
    for claim, line in formulas.lines(result):
        if claim == "not_monotone" and line.name:
            with page.elsewhere(TWO.name):
                _not_monotone(page, descents[0], line)
        elif claim == "above_the_ratio":
            with page.elsewhere(worlds[3].name):
                _above(page, worlds[3], descents[3], line)
    return page.checks


Numbers = tuple[np.ndarray, np.ndarray]
"""Values and their errors."""


def _flow(page: Page, world: Classes, course: Course, claim: str, line: Formula) -> None:
    """The formulas of both flows along a course."""
    short = world.time <= MOST_SQUARED  # longer ones are cross-entropy's alone
    match claim, line.name:
        case "squared_loss", name if name and short:
            _squared(page, world, course, line)
        case "margin", _:
            _margin(page, world, course, line)
        case "lambert", "1 - pi":
            measured = course.limit(lambda part: part.missing)
            _worst(page, claim, "identity", _side(line.right, world, course), measured, "1 - pi, worst class and time")
        case "tail", name if name and world is FIVE:
            _tail(page, course, line)
        case "slower", _:
            _slower(page, world, course, line)
        case "rare_to_frequent", name if name:
            _ratio(page, world, course, line)


def _side(side: sympy.Expr, world: Classes, course: Course) -> Numbers:
    """A side at the times of a course, for each class."""
    numbers = {"K": world.number, "p_c": world.speed, "q_c": np.array(world.q), "u_0": np.array(world.y)}
    return formulas.values(side, {**numbers, "t": course.t[:, None], "tau": world.speed * course.t[:, None]})


def _worst(page: Page, claim: str, kind: Kind, theory: Numbers, measured: Numbers, note: str) -> None:
    """One check for a whole course: where numeric and theory are furthest apart (for a bound: where it is nearest to broken)."""
    expected, off, numeric, error = (part.ravel() for part in np.broadcast_arrays(*theory, *measured))
    room = numeric - expected if kind == "upper bound" else np.abs(numeric - expected)
    # Where anything is not finite, that is the worst.
    unfit = ~np.isfinite(numeric + error + expected)
    place = int(np.argmax(np.where(unfit, math.inf, room / np.maximum(error + off, 1e-300))))
    numbers = Estimate(float(numeric[place]), float(error[place]))
    page.add(claim, kind, Estimate(float(expected[place]), float(off[place])), numbers, note, source="fitted")


def _squared(page: Page, world: Classes, course: Course, line: Formula) -> None:
    expected, off = _side(line.right, world, course)
    if line.name == "u_c(t)":
        measured = course.limit(lambda part: part.left)
        _worst(
            page,
            "squared_loss",
            "identity",
            (expected, off),
            measured,
            "what squared loss leaves, worst class and time",
        )
    else:
        change = np.array(world.q) - np.array(world.p)
        size = float(np.abs(change) @ np.array(world.y) ** 2)
        extra = course.limit(lambda part: (part.left**2 @ change)[..., None], size)
        whole = expected.sum(axis=1, keepdims=True), off.sum(axis=1, keepdims=True)
        _worst(page, "squared_loss", "identity", whole, extra, "R_q - R_p of squared loss, worst time")


def _margin(page: Page, world: Classes, course: Course, line: Formula) -> None:
    z, error = course.limit(lambda part: part.margin)
    if line.name == "1 + K tau":
        numbers = {"z": z, "K": world.number}
        value, rounding = formulas.values(line.right, numbers)
        # It is steepest at the upper end of what z may be.
        (symbol,) = (each for each in line.right.free_symbols if each.name == "z")
        slope, _ = formulas.values(sympy.diff(line.right, symbol), {**numbers, "z": z + error})
        expected = 1 + world.number * world.speed * course.t[:, None]
        measured = value, np.abs(slope) * error + rounding
        note = "the margin of descent in the formula, against 1 + K tau, worst class and time"
        _worst(page, "margin", "identity", (expected, 8 * EPSILON * expected), measured, note)
    elif line.relation == "<":
        # The side that the velocity exceeds is exceeded by what the margin has gained at any time.
        place = np.unravel_index(int(np.argmin(z[1:] - error[1:])), z[1:].shape)
        gained = Estimate(float(z[1:][place]), float(error[1:][place]))
        expected, off = (
            float(part) for part in formulas.values(line.left, {"K": world.number, "z": float(z[1:][place])})
        )
        page.add("margin", "counterexample", Estimate(expected, off), gained, "smallest margin", source="fitted")


def _slower(page: Page, world: Classes, course: Course, line: Formula) -> None:
    start = (world.number - 1) / world.number
    fall = course.limit(lambda part: -np.log(part.missing / start), 1.0)
    side = line.left if line.relation == "<" else line.right
    expected, off = _side(side, world, course)
    # At the start both are zero.
    pairs = (expected[1:], off[1:]), (fall[0][1:], fall[1][1:])
    _worst(page, "slower", "upper bound", *pairs, "-log rho, worst class and time")
    if line.relation == "<" and world.time <= MOST_SQUARED:
        squares = course.limit(lambda part: -np.log(part.left / np.array(world.y)), 1.0)
        note = "-log of what squared loss leaves, relative, worst class and time"
        _worst(page, "slower", "identity", _side(line.right, world, course), squares, note)


def _ratio(page: Page, world: Classes, course: Course, line: Formula) -> None:
    K, p = world.number, world.speed
    rare, frequent = int(np.argmin(p)), int(np.argmax(p))
    if p[frequent] / p[rare] - 1 < ALIKE:
        page.skip("rare_to_frequent", "upper bound", "no class is rarer than another", "fitted")
        return
    predicted = formulas.values(line.right, {"K": K, "t": course.t[:, None], "p_r": p[rare], "p_f": p[frequent]})
    if line.name == "tau rho":
        scale = p * course.t[:, None] * K / (K - 1)
        measured = course.limit(lambda part: scale * part.missing)
        _worst(page, "rare_to_frequent", "upper bound", predicted, measured, "tau rho, worst class and time")
    elif line.relation == "<":
        measured = course.limit(
            lambda part: part.missing[..., [rare]] / part.missing[..., [frequent]] * p[rare] / p[frequent]
        )
        note = "rho rare over rho frequent, times p_r/p_f, worst time"
        _worst(page, "rare_to_frequent", "upper bound", predicted, measured, note)
    elif world.time <= MOST_SQUARED:
        value = course.limit(
            lambda part: np.log(
                part.left[..., [rare]] / world.y[rare] / (part.left[..., [frequent]] / world.y[frequent])
            ),
            1.0,
        )
        # A logarithm is good to the relative error of its argument, and to roundings of its own.
        log = np.log(predicted[0])
        expected = log, predicted[1] / predicted[0] + EPSILON * np.abs(log)
        _worst(page, "rare_to_frequent", "identity", expected, value, "log ratio under squared loss, worst time")


def _tail(page: Page, course: Course, line: Formula) -> None:
    K, tau = FIVE.number, FIVE.speed * course.t[1:, None]
    value, error = (part[1:] for part in course.limit(lambda part: part.missing))
    z, off = (part[1:] for part in course.limit(lambda part: part.margin))
    numbers = {"K": K, "tau": tau, "z": z}
    expected, rounding = formulas.values(line.right, numbers)
    if line.relation == "=":
        scale = K * tau / (K - 1)
        # Its slope in z is at most 1 from z = 0 on.
        measured = value * scale, error * scale
        note = "(1 - pi) K tau/(K - 1) against its exact relative error, worst class and time"
        _worst(page, "tail", "asymptotic", (expected, rounding + off), measured, note)
    else:
        last = np.unravel_index(int(np.argmax(tau)), tau.shape)
        known, _ = formulas.values(PRODUCT - 1, numbers)
        ratio = Estimate(float((value / expected)[last]), float((error / np.abs(expected))[last]))
        page.add(
            "tail",
            "asymptotic",
            Estimate(1.0, 0.0),
            ratio,
            f"1 - pi over its tail at tau = {tau[last]:g}, allowed its own relative error there",
            source="fitted",
            allowance=float(abs(known[last]) + off[last]),
        )


def _not_monotone(page: Page, course: Course, line: Formula) -> None:
    change = np.array(TWO.q) - np.array(TWO.p)
    size = float(np.abs(change) @ np.array(TWO.y) ** 2)
    value, error = course.limit(lambda part: (part.left**2 @ change)[..., None], size)
    if line.relation == "~":
        return
    expected, off = formulas.values(line.right, {"t": course.t[:, None]})
    if line.relation == "<=":
        _worst(page, "not_monotone", "upper bound", (expected, off), (value, error), "R_q - R_p, worst time")
        return
    _worst(page, "not_monotone", "identity", (expected, off), (value, error), "R_q - R_p, worst time")
    turn = int(np.argmin(np.abs(course.t - TURN)))
    top = Estimate(float(value[turn, 0]), float(error[turn, 0]))
    for other, where in ((0, "start"), (TIMES, "end")):
        low = Estimate(float(expected[other, 0]), float(off[other, 0]))
        note = f"R_q - R_p at t = (5/6) log 2, above that at the {where}"
        page.add("not_monotone", "counterexample", low, top, note, source="fitted")


def _above(page: Page, world: Classes, course: Course, line: Formula) -> None:
    ratio, off = (
        float(part[-1, 0]) for part in course.limit(lambda part: part.missing[..., [1]] / part.missing[..., [0]])
    )
    measured = Estimate(ratio, off)
    bound, rounding = (float(part) for part in formulas.values(line.left if line.relation == "<" else line.right, {}))
    expected, claim = Estimate(bound, rounding), "above_the_ratio"
    if line.relation == "<":
        note = "rho rare over rho frequent at margins 3 and 6, above p_f/p_r"
        page.add(claim, "counterexample", expected, measured, note, source="fitted")
    elif line.name == "rho_r/rho_f":
        page.add(claim, "identity", expected, measured, "rho rare over rho frequent", source="fitted")
    elif line.name == "p_f/p_r":
        share = world.p[0] / world.p[1]
        own = Estimate(share, 16 * EPSILON * share)
        page.add(claim, "identity", expected, own, "p_f/p_r of the world with these margins", source="fitted")


def _balanced(page: Page, world: Classes, course: Course, line: Formula) -> None:
    """Velocities are read from the formula: that of w_c at w_c = 0, that of z at z = 0, from which the flows follow."""
    y, K = np.array(world.y), world.number
    rate, _ = formulas.values(line.right, {"q_c": np.array(world.q), "y_c": y, "w_c": 0.0, "z": 0.0, "K": K})
    if line.name == "dw_c/dt":
        expected = y * np.exp(-rate / y * course.t[:, None])
        measured = course.limit(lambda part: part.left)
        note = "what squared loss leaves, worst class and time"
    else:
        expected = lambert_missing(rate * course.t[:, None], K)
        measured = course.limit(lambda part: part.missing)
        note = "1 - pi, worst class and time"
    _worst(page, "balancing", "identity", (expected, formulas.ROUNDINGS * EPSILON * np.abs(expected)), measured, note)


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
