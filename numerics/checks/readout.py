"""readout: what imbalance does to weighted least squares on fixed features, and what class features change, either way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import corrected
from numerics.checks import fitted
from numerics.checks.common import Page, rounded
from numerics.checks.decoder import Grid, grid
from numerics.checks.examples import Example, exact
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Check, Estimate, Falsifier
from numerics.world import class_edges

RESULT = "readout"
RANDOM = 6
"""Random cosines beside the constant."""
SEED = 20231
MOST_CLASSES = 64
DRAWN = (2, 3, 4, 6, 8, 12, 16)
RANK = 1e-7
"""Directions of the features below this share of the largest are left out: the span of many class posteriors is numerically thin."""

Knobs = tuple[bool, float, bool, bool]
"""The wrong versions of `gap`, in its order."""

_THREE = (exact("1/2 1/4 1/4"), exact("1/4 1/2 1/4"), exact("1/4 1/4 1/2"))
_Q3 = exact("1/3 1/3 1/3")
SYMMETRIC = Example("labels -1, 0, 1, symmetric p", exact("-1 0 1"), _Q3, exact("1/8 3/4 1/8"), _THREE, (0, 1, 2))
COMPLETE = Example(
    "labels -1, 0, 1, as many inputs, a class a label", exact("-1 0 1"), _Q3, exact("1/6 1/6 2/3"), _THREE, (0, 1, 2)
)
FEW = Example(
    "two labels, three inputs, a class a label",
    exact("0 1"),
    exact("1/2 1/2"),
    exact("4/5 1/5"),
    (exact("1/2 1/3 1/6"), exact("1/6 1/3 1/2")),
    (0, 1),
)
KNOWN = Example(
    "two labels, the input tells which",
    exact("0 1"),
    exact("1/2 1/2"),
    exact("4/5 1/5"),
    (exact("1 0"), exact("0 1")),
    (0, 1),
)


@dataclass(frozen=True)
class Inputs:
    """A world seen from its inputs: masses of both laws, f_q, f_p, mean squared labels, and the size of labels; shape (m,) each."""

    q: np.ndarray
    p: np.ndarray
    f_q: np.ndarray
    f_p: np.ndarray
    size: float


def inputs(y: np.ndarray, q: np.ndarray, p: np.ndarray) -> Inputs:
    """From joint masses (inputs, labels); labels are counted from their middle, which least squares with a constant does not see."""
    q_x, p_x = q.sum(axis=1), p.sum(axis=1)
    return Inputs(q_x, p_x, (q @ y) / q_x, (p @ y) / p_x, float(np.abs(y).max()))


def orthonormal(features: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """The features' span in coordinates that are orthonormal under `mass`, thin directions left out; shape (m, rank)."""
    root = np.sqrt(mass)[:, None]
    left, values, _ = np.linalg.svd(features * root, full_matrices=False)
    span: np.ndarray = left[:, values > RANK * values[0]] / root
    return span


def solve(features: np.ndarray, mass: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Least squares of a target on features under `mass`, by orthogonal factors of the weighted features themselves."""
    root = np.sqrt(mass)
    solution: np.ndarray = np.linalg.lstsq(features * root[:, None], target * root, rcond=None)[0]
    return solution


@dataclass(frozen=True)
class Gap:
    """A read-out's gap by three routes: the two risks, the predictions' distance, the formula with S_p; shift and parts of E_p[phi eps].

    Attributes:
      by_risks, by_distance, by_formula: E_q differences in squared label units.
      direct, told: beta_p - beta_q from the two fits and from the formula, (features,).
      whole, label_shift, capacity: E_p[phi eps] and its parts, (features,).
      capacity_gap: E_q(phi.S_p^-1 capacity)^2.
      error: of a gap, label size squared times rounding times the condition of S_p.
      size: of a label.
    """

    by_risks: float
    by_distance: float
    by_formula: float
    direct: np.ndarray
    told: np.ndarray
    whole: np.ndarray
    label_shift: np.ndarray
    capacity: np.ndarray
    capacity_gap: float
    error: float
    size: float


def gap(
    here: Inputs,
    features: np.ndarray,
    inner_p: bool = False,
    sign: float = 1.0,
    outer_q: bool = False,
    from_mean: bool = False,
) -> Gap:
    """All of `Gap`. The wrong versions: `inner_p` and `outer_q` put the other law's S in the middle of the form and outside, `sign` turns the capacity
    part, `from_mean` counts the gap from f_q."""
    phi = orthonormal(features, here.q)
    beta_q, beta_p = solve(phi, here.q, here.f_q), solve(phi, here.p, here.f_p)
    # Risks up to E_q Var_q(y|x), which is common to both.
    risk_q, risk_p = (float(here.q @ (here.f_q - phi @ beta) ** 2) for beta in (beta_q, beta_p))
    S_p, S_q = (phi.T @ (phi * mass[:, None]) for mass in (here.p, here.q))
    residual_p, residual_q = here.f_p - phi @ beta_q, here.f_q - phi @ beta_q
    whole = phi.T @ (here.p * residual_p)
    shift = phi.T @ (here.p * (here.f_p - here.f_q))
    capacity = phi.T @ (here.p * residual_q)
    told = np.linalg.solve(S_q if outer_q else S_p, whole)
    own = np.linalg.solve(S_p, capacity)
    middle = S_p if inner_p else S_q
    condition = float(np.linalg.cond(S_p))
    return Gap(
        by_risks=risk_p - (0.0 if from_mean else risk_q),
        by_distance=float(here.q @ (phi @ (beta_p - beta_q)) ** 2),
        by_formula=float(told @ middle @ told),
        direct=beta_p - beta_q,
        told=told,
        whole=whole,
        label_shift=shift,
        capacity=sign * capacity,
        capacity_gap=float(own @ S_q @ own),
        error=64 * EPSILON * condition * phi.shape[1] * here.size**2,
        size=here.size,
    )


def checks(
    evidence: Evidence,
    *,
    inner_p: bool = False,
    outer_q: bool = False,
    capacity_sign: float = 1.0,
    zero_limit: bool = False,
    room: float = 0.25,
    with_ratio: bool = True,
    exchanged: bool = False,
    from_mean: bool = False,
) -> list[Check]:
    """Shift, gap and its parts on random and on class features of the run's world; exact worlds for both directions of the effect; fits.

    Args:
      inner_p: put S_p for S_q in the middle of the gap's form.
      outer_q: put S_q^-1 for S_p^-1 in the shift, and so on both sides of the form.
      capacity_sign: sign of the capacity part; 1 in the theorem.
      zero_limit: with classes that represent both means the gap is zero.
      room: the capacity part's own gap is at most sup r/inf r times this d^2; 1/4 in the theorem.
      with_ratio: keep the factor sup r/inf r.
      exchanged: tell each example of the world next to it: complete classes exceed the price, and the two directions the other way round.
      from_mean: take R_q(f_q) off in place of R_q(beta_q): the gap counted from the conditional mean, for the fits as well.
    """
    page = Page(evidence, RESULT)
    knobs = (inner_p, capacity_sign, outer_q, from_mean)
    world, found = evidence.world, evidence.quantities
    here = grid(world)
    whole = inputs(here.y - (here.low + here.high) / 2, here.q, here.p)
    _identities(page, gap(whole, random_features(len(whole.q)), *knobs), "random features", None)
    for entry in found.per_classes:
        if not 1 < len(entry.bins.q) <= MOST_CLASSES:
            continue
        edges = np.array([float(edge) for edge in entry.bins.edges])
        classes = posteriors(here, edges)
        for name, features in (
            ("q(c|x)", classes),
            ("random features and q(c|x)", np.hstack([random_features(len(whole.q)), classes])),
        ):
            made = gap(whole, features, *knobs)
            _identities(page, made, name, entry.classes)
        spread = found.log_ratio_high - found.log_ratio_low
        if not (math.isfinite(spread) and np.all(entry.bins.p > 0) and not world.law.unsampled):
            page.skip("capacity", "upper bound", "infinite: p never samples some labels", classes=entry.classes)
            continue
        made = gap(whole, classes)
        top = (math.exp(min(spread, 700.0)) if with_ratio else 1.0) * room * entry.bins.width**2
        page.add(
            "capacity",
            "upper bound",
            rounded(top, 1024),
            Estimate(made.capacity_gap, made.error),
            "q(c|x): the capacity part's own gap",
            classes=entry.classes,
        )
    _finite(page, knobs, zero_limit, room, with_ratio, exchanged)
    _fitted(page, knobs)
    return page.checks


def random_features(number: int) -> np.ndarray:
    """A constant and random cosines of an input counted from -1 to 1, shape (m, 1 + RANDOM)."""
    generator = np.random.Generator(np.random.Philox(SEED))
    frequency, phase = generator.uniform(0.5, 6.0, RANDOM), generator.uniform(0, 2 * math.pi, RANDOM)
    t = np.linspace(-1, 1, number)[:, None]
    return np.hstack([np.ones((number, 1)), np.cos(frequency * t + phase)])


def posteriors(here: Grid, edges: np.ndarray) -> np.ndarray:
    """q(c|x), shape (inputs, bins)."""
    members = np.eye(len(edges) - 1)[np.searchsorted(edges[1:-1], here.y, side="right")]
    joint = here.q @ members
    shares: np.ndarray = joint / joint.sum(axis=1, keepdims=True)
    return shares


def _identities(page: Page, made: Gap, name: str, K: int | None) -> None:
    """The largest component stands for a vector."""
    gap_error = made.error
    page.add(
        "gap",
        "identity",
        Estimate(made.by_formula, gap_error),
        Estimate(made.by_risks, gap_error),
        f"R_q(beta_p) - R_q(beta_q), {name}",
        classes=K,
    )
    # A coefficient, and a component of E_p[phi eps], is of label size, with the same factors of rounding.
    off = gap_error / made.size
    most = int(np.argmax(np.abs(made.direct)))
    page.add(
        "shift",
        "identity",
        Estimate(float(made.told[most]), off),
        Estimate(float(made.direct[most]), off),
        f"largest component, {name}",
        classes=K,
    )
    most = int(np.argmax(np.abs(made.whole) + np.abs(made.capacity)))
    parts = Estimate(float(made.label_shift[most] + made.capacity[most]), off)
    page.add(
        "split",
        "identity",
        parts,
        Estimate(float(made.whole[most]), off),
        f"E_p[phi eps], largest component, {name}",
        classes=K,
    )


@lru_cache(maxsize=8)
def _example(here: Example) -> tuple[Inputs, np.ndarray]:
    """Inputs of a finite world and its class posteriors q(c|x)."""
    joint_q, joint_p = (law[:, None] * here.k for law in (here.q, here.p))
    classes = (here.members @ joint_q).T
    return inputs(here.y, joint_q.T, joint_p.T), classes / classes.sum(axis=1, keepdims=True)


def _finite(page: Page, knobs: Knobs, zero_limit: bool, room: float, with_ratio: bool, exchanged: bool) -> None:
    ones = np.ones((3, 1))
    with page.elsewhere(COMPLETE.name):
        here, classes = _example(COMPLETE)
        made = gap(here, classes, *knobs)
        price = float(here.q @ (here.f_p - here.f_q) ** 2)
        told = Estimate(0.0 if zero_limit else price, 64 * EPSILON)
        page.add("bayes_price", "identity", told, Estimate(made.by_risks, made.error), "the gap of q(c|x)")
        made = gap(here, ones, *knobs)
        _identities(page, made, "a constant", None)
        slanted = np.stack([np.ones(3), np.array([0.0, 1.0, 3.0])], axis=1)
        _identities(page, gap(here, slanted, *knobs), "a constant and a slope", None)
    with page.elsewhere("two labels in one class, both inputs"):
        _capacity_of_one_class(page, room, with_ratio)
    few = COMPLETE if exchanged else FEW
    with page.elsewhere(few.name):
        here, classes = _example(few)
        price = float(here.q @ (here.f_p - here.f_q) ** 2)
        made = gap(here, classes)
        found = Estimate(made.by_distance, made.error)
        page.add(
            "incomplete", "counterexample", Estimate(price, 64 * EPSILON), found, "the gap exceeds the Bayes price"
        )
    raising, lowering = (KNOWN, SYMMETRIC) if exchanged else (SYMMETRIC, KNOWN)
    for example, claim, less, more in (
        (raising, "raises", "constant", "classes"),
        (lowering, "lowers", "classes", "constant"),
    ):
        here, classes = _example(example)
        kinds = {"constant": np.ones((len(here.q), 1)), "classes": classes}
        low, high = (gap(here, kinds[kind]) for kind in (less, more))
        with page.elsewhere(example.name):
            page.add(
                claim,
                "counterexample",
                Estimate(low.by_distance, low.error),
                Estimate(high.by_distance, high.error),
                f"the gap with phi = {'q(c|x)' if more == 'classes' else '1'} exceeds that with phi = {'1' if more == 'classes' else 'q(c|x)'}",
            )


def _capacity_of_one_class(page: Page, room: float, with_ratio: bool) -> None:
    """Two labels at the ends of one class, told by the input, p nearly all on one: the capacity part's gap is nearly (d/2)^2."""
    share = 1e-3
    joint_q, joint_p = np.diag([0.5, 0.5]), np.diag([1 - share, share])
    made = gap(inputs(np.array([-0.5, 0.5]), joint_q, joint_p), np.ones((2, 1)))
    top = ((1 - share) / share if with_ratio else 1.0) * room
    page.add("capacity", "upper bound", rounded(top, 64), Estimate(made.capacity_gap, made.error), "q(c|x) = 1")


def _fitted(page: Page, knobs: Knobs) -> None:
    """Least squares on a constant and the folded input, fitted to draws from p, against the formula."""
    *_, from_mean = knobs
    if page.evidence.fits is None:
        return
    world = page.evidence.world
    if world.law.discrete or world.law.unsampled or world.channel.name == "student":
        page.skip(
            "gap", "identity", "the formula's own quadrature is for densities with light-tailed channels", "fitted"
        )
        return
    from numerics.fits.counting_cells import input_cells

    fold = input_cells(world).fold
    values = []
    rules = corrected.label_rules(world.law, (), min(world.channel.noise / 2, world.law.length / 64))
    for labels, kernel in zip(rules, corrected.kernels(rules, world.channel), strict=True):
        ratio = np.exp(labels.log_ratio)
        z = kernel.posterior @ ratio
        here = Inputs(
            kernel.mass,
            kernel.mass * z,
            kernel.mean,
            (kernel.posterior @ (ratio * labels.y)) / z,
            float(np.abs(labels.y).max()),
        )
        made = gap(here, np.stack([np.ones_like(kernel.x), fold(kernel.x)], axis=1), *knobs)
        values.append((made.by_formula, made.error))
    told = Estimate(values[0][0], SAFETY * abs(values[0][0] - values[1][0]) + values[0][1])
    # What the fits measured from f_q, where that is the mistake.
    fitted.add(page, "gap", "linear_readout_gap", told, measured="linear_squared_error" if from_mean else "")


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: the gap and its capacity part with class features against K, beside random features and the Bayes price."""
    here, law = grid(evidence.world), evidence.world.law
    whole = inputs(here.y - (here.low + here.high) / 2, here.q, here.p)
    rows = []
    for K in DRAWN:
        edges = np.array([float(edge) for edge in class_edges(law, K)])
        if len(edges) == K + 1:
            made = gap(whole, posteriors(here, edges))
            rows.append({"classes": K, "gap": made.by_distance, "capacity": made.capacity_gap, "error": made.error})
    price = float(whole.q @ (whole.f_p - whole.f_q) ** 2)
    random, constant = (
        gap(whole, features).by_distance for features in (random_features(len(whole.q)), np.ones((len(whole.q), 1)))
    )
    return {"per_classes": rows, "random": random, "constant": constant, "price": price} if rows else {}


FALSIFIERS = (
    Falsifier(RESULT, "inner", "S_p in the middle of the form", lambda evidence: checks(evidence, inner_p=True)),
    Falsifier(RESULT, "outer", "S_q^-1 in the shift", lambda evidence: checks(evidence, outer_q=True)),
    Falsifier(RESULT, "sign", "the capacity part taken off", lambda evidence: checks(evidence, capacity_sign=-1.0)),
    Falsifier(
        RESULT, "zero", "with enough classes the gap is zero", lambda evidence: checks(evidence, zero_limit=True)
    ),
    Falsifier(
        RESULT,
        "exchanged",
        "classes raise the gap where the input tells the label, lower it from zero, and exceed the price where they are complete",
        lambda evidence: checks(evidence, exchanged=True),
    ),
    Falsifier(
        RESULT,
        "mean",
        "the gap counted from f_q, not from the best read-out under q",
        lambda evidence: checks(evidence, from_mean=True),
    ),
    Falsifier(
        RESULT,
        "eighth",
        "d^2/8, and no sup r/inf r",
        lambda evidence: checks(evidence, room=0.125, with_ratio=False),
    ),
)
