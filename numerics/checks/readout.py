"""readout: what imbalance does to weighted least squares on fixed features, and what class features change, either way."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import corrected
from numerics.checks import fitted, formulas, statements
from numerics.checks.common import Page
from numerics.checks.decoder import Grid, grid
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Check, Estimate
from numerics.world import World as Run
from numerics.world import class_edges
from theory import matrices
from theory.numbers import Exact
from theory.readout import (
    BAYES_PRICE,
    COMPLETE,
    CONSTANT_GAP,
    FEW,
    KNOWN,
    LINE_GAP,
    SYMMETRIC,
    centres,
    d,
    feature,
    missed,
    shifted,
)
from theory.record import Result
from theory.statement import Statement
from theory.terms import E, Term, inf, p, r, sup
from theory.words import f, f_p, f_q, risk, y
from theory.worlds import World, real

RANDOM = 6
"""Random cosines beside the constant."""
SEED = 20231
MOST_CLASSES = 64
DRAWN = (2, 3, 4, 6, 8, 12, 16)
RANK = 1e-7
"""Directions of the features below this share of the largest are left out: the span of many class posteriors is numerically thin."""


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
    """A read-out's gap by two routes, and what its statements speak of.

    Attributes:
      by_risks, by_distance: E_q differences in squared label units.
      numbers: the matrices of the formulas, by their names.
      terms: means over the inputs, for the component of the features in which E_p[phi eps] is largest.
      capacity: E_q h^2, the capacity part's own gap.
      error: of a gap, label size squared times rounding times the condition of S_p.
      size: of a label.
    """

    by_risks: float
    by_distance: float
    numbers: Mapping[str, np.ndarray]
    terms: Mapping[Term, float]
    capacity: float
    error: float
    size: float


def gap(cut: Inputs, features: np.ndarray, centre: np.ndarray | None = None) -> Gap:
    """Least squares under both laws, by orthogonal factors of the weighted features; matrices by plain sums.

    Args:
      centre: m(x), where the features are class posteriors.
    """
    phi = orthonormal(features, cut.q)
    beta_q, beta_p = solve(phi, cut.q, cut.f_q), solve(phi, cut.p, cut.f_p)
    prediction = phi @ beta_q
    # Risks up to E_q Var_q(y|x), which is common to both.
    risk_q, risk_p = (float(cut.q @ (cut.f_q - phi @ beta) ** 2) for beta in (beta_q, beta_p))
    S_p, S_q = (phi.T @ (phi * mass[:, None]) for mass in (cut.p, cut.q))
    whole = phi.T @ (cut.p * (cut.f_p - prediction))
    residual = cut.f_q - prediction
    own = phi @ np.linalg.solve(S_p, phi.T @ (cut.p * residual))
    most = phi[:, int(np.argmax(np.abs(whole) + np.abs(phi.T @ (cut.p * residual))))]
    columns = {"beta_p": beta_p, "beta_q": beta_q, "E_p[phi eps]": whole}
    numbers = {name: column[:, None] for name, column in columns.items()}
    rows = {f"{name}^T": column[None, :] for name, column in columns.items()}
    terms: dict[Term, float] = {
        E(feature * (y - f), law=p): float((cut.p * most) @ (cut.f_p - prediction)),
        E(feature * (f_p - f_q), law=p): float((cut.p * most) @ (cut.f_p - cut.f_q)),
        E(feature * missed, law=p): float((cut.p * most) @ residual),
        E(shifted**2): float(cut.q @ own**2),
        E(shifted**2, law=p): float(cut.p @ own**2),
        E(missed**2): float(cut.q @ residual**2),
        E(missed**2, law=p): float(cut.p @ residual**2),
        E((missed - shifted) ** 2, law=p): float(cut.p @ (residual - own) ** 2),
        E(shifted * (missed - shifted), law=p): float(cut.p @ (own * (residual - own))),
    }
    if centre is not None:
        terms |= {
            E((f_q - centres) ** 2): float(cut.q @ (cut.f_q - centre) ** 2),
            E((f - centres) ** 2): float(cut.q @ (prediction - centre) ** 2),
            E(missed * (f - centres)): float(cut.q @ (residual * (prediction - centre))),
        }
    return Gap(
        by_risks=risk_p - risk_q,
        by_distance=float(cut.q @ (phi @ (beta_p - beta_q)) ** 2),
        numbers={**numbers, **rows, "S_p": S_p, "S_q": S_q},
        terms=terms,
        capacity=float(cut.q @ own**2),
        error=64 * EPSILON * float(np.linalg.cond(S_p)) * phi.shape[1] * cut.size**2,
        size=cut.size,
    )


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement in finite worlds; on random and on class features of the run's world; the examples by least squares; fits."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    world, labels = evidence.world, evidence.quantities
    # Suprema over all labels, those between the nodes of the grid too.
    ends: dict[Term, float] = {}
    if math.isfinite(labels.log_ratio_high - labels.log_ratio_low) and not world.law.unsampled:
        ends = {inf(r): math.exp(labels.log_ratio_low), sup(r): math.exp(min(labels.log_ratio_high, 700.0))}
    for name, K, width, fit in on_grid(world):
        if fit.error >= fit.size**2:
            # Then the features hardly differ where the imbalanced law has its mass, and least squares there tell nothing of a coefficient.
            for claim, _ in formulas.lines(result):
                page.skip(claim, "identity", f"S_p is singular to rounding, {name}", "quadrature", classes=K)
            continue
        _by_least_squares(page, result, fit, {**ends, d: width}, name, K)
    _examples(page, result)
    _fitted(page, result)
    return page.checks


@lru_cache(maxsize=8)
def on_grid(world: Run) -> list[tuple[str, int | None, float, Gap]]:
    """Random features, class posteriors and both: a name, K, the largest width of a class, and the fits."""
    cut = grid(world)
    middle = (cut.low + cut.high) / 2
    whole = inputs(cut.y - middle, cut.q, cut.p)
    random = random_features(len(whole.q))
    fits: list[tuple[str, int | None, float, Gap]] = [("random features", None, 0.0, gap(whole, random))]
    for K in world.classes:
        edges = np.array([float(edge) for edge in class_edges(world.law, K)])
        if not 2 < len(edges) <= MOST_CLASSES + 1:
            continue
        classes = posteriors(cut, edges)
        centre, width = classes @ ((edges[1:] + edges[:-1]) / 2 - middle), float(np.diff(edges).max())
        fits.append(("q(c|x)", K, width, gap(whole, classes, centre)))
        fits.append(("random features and q(c|x)", K, width, gap(whole, np.hstack([random, classes]), centre)))
    return fits


def random_features(number: int) -> np.ndarray:
    """A constant and random cosines of an input counted from -1 to 1, shape (m, 1 + RANDOM)."""
    generator = np.random.Generator(np.random.Philox(SEED))
    frequency, phase = generator.uniform(0.5, 6.0, RANDOM), generator.uniform(0, 2 * math.pi, RANDOM)
    t = np.linspace(-1, 1, number)[:, None]
    return np.hstack([np.ones((number, 1)), np.cos(frequency * t + phase)])


def posteriors(cut: Grid, edges: np.ndarray) -> np.ndarray:
    """q(c|x), shape (inputs, bins)."""
    members = np.eye(len(edges) - 1)[np.searchsorted(edges[1:-1], cut.y, side="right")]
    joint = cut.q @ members
    shares: np.ndarray = joint / joint.sum(axis=1, keepdims=True)
    return shares


def _by_least_squares(
    page: Page, result: Result, fit: Gap, ends: Mapping[Term, float], name: str, K: int | None
) -> None:
    """The formulas between matrices, by their largest component, and the statements that speak of any feature and any prediction."""
    for claim, formula in formulas.lines(result):
        values = [matrices.value(side, fit.numbers, np.linalg.inv) for side in (formula.left, formula.right)]
        left, right = np.broadcast_arrays(*values)
        most = int(np.argmax(np.abs(left - right)))
        # A coefficient is of label size, with the same factors of rounding as a gap.
        off = fit.error if left.size == 1 else fit.error / fit.size
        sides = [Estimate(float(side.flat[most]), off) for side in (right, left)]
        page.add(claim, "identity", sides[0], sides[1], f"component farthest from equal, {name}", classes=K)
        if formula.name:
            page.add(claim, "identity", sides[0], Estimate(fit.by_risks, off), f"{formula.name}, {name}", classes=K)
    off = fit.error / min(fit.size, 1.0)
    table = {term: Estimate(value, off) for term, value in fit.terms.items()}
    table |= {term: Estimate(value, 64 * EPSILON * value) for term, value in ends.items()}
    for each in result.claims:
        for line in each.lines:
            if isinstance(line, Statement) and line.world is None:
                statements.by_tables(page, each.name, line, [table], name, K)


def _examples(page: Page, result: Result) -> None:
    """The exact worlds by least squares: where classes represent both means, their gap stands for the Bayes price."""
    for world in (COMPLETE, FEW, SYMMETRIC, KNOWN):
        cut, classes = example(world)
        fits = {"classes": gap(cut, classes), "constant": gap(cut, np.ones((len(cut.q), 1)))}
        own = Estimate(fits["classes"].by_distance, fits["classes"].error)
        price = Estimate(float(cut.q @ (cut.f_p - cut.f_q) ** 2), 64 * EPSILON * cut.size**2)
        table = {CONSTANT_GAP: Estimate(fits["constant"].by_distance, fits["constant"].error)}
        if world is COMPLETE:
            table |= {risk(f_p) - risk(f_q): Estimate(fits["classes"].by_risks, own.error), BAYES_PRICE: price}
        else:
            table |= {LINE_GAP: own, BAYES_PRICE: price if world is FEW else own}
        with page.elsewhere(world.name):
            for each in result.claims:
                for line in each.lines:
                    about = (
                        COMPLETE if each.name == "bayes_price" else line.world if isinstance(line, Statement) else None
                    )
                    if isinstance(line, Statement) and about is world:
                        statements.by_tables(page, each.name, line, [table], "least squares")
            if world is COMPLETE:
                slanted = np.stack([np.ones(3), np.array([0.0, 1.0, 3.0])], axis=1)
                _by_least_squares(page, result, fits["constant"], {}, "a constant", None)
                _by_least_squares(page, result, gap(cut, slanted), {}, "a constant and a slope", None)


@lru_cache(maxsize=8)
def example(world: World[Exact]) -> tuple[Inputs, np.ndarray]:
    """Inputs of a finite world and its class posteriors q(c|x)."""
    close = real(world)
    q_y, p_y, labels = (np.array([each.value for each in row]) for row in (close.q, close.p, close.labels))
    k = np.array([[each.value for each in row] for row in close.k])
    joint_q, joint_p = ((law[:, None] * k).T for law in (q_y, p_y))
    classes = joint_q @ np.eye(max(world.classes) + 1)[list(world.classes)]
    return inputs(labels, joint_q, joint_p), classes / classes.sum(axis=1, keepdims=True)


def _fitted(page: Page, result: Result) -> None:
    """Least squares on a constant and the folded input, fitted to draws from p, against the formula."""
    fits, world = page.evidence.fits, page.evidence.world
    # The formula with a name is that of the gap, which is what the fits measure.
    for claim, line in formulas.lines(result):
        if fits is None or not line.name:
            continue
        entry = fits.find("linear_readout_gap")
        if entry is None or world.law.discrete or world.law.unsampled or world.channel.name == "student":
            why = "the formula's own quadrature is for densities with light-tailed channels"
            page.skip(claim, "identity", (fits.note("linear_readout_gap") if entry is None else "") or why, "fitted")
            continue
        values = [matrices.value(line.right, fit.numbers, np.linalg.inv).item() for fit in _folded(world)]
        error = SAFETY * abs(values[0] - values[1]) + _folded(world)[0].error
        # What the family cannot represent is known without training: the formula is expected to hold up to just that.
        page.add(
            claim,
            "identity",
            Estimate(values[0] + entry.representation_gap, error),
            fitted.interval(fits, entry),
            f"linear_readout_gap, {fits.seeds} seeds; the family's optimum lies {entry.representation_gap:.1e} away, which is added",
            source="fitted",
        )


@lru_cache(maxsize=4)
def _folded(cut: Run) -> list[Gap]:
    """The read-out on a constant and the folded input, by two rules of quadrature."""
    from numerics.fits.counting_cells import input_cells

    fold, gaps = input_cells(cut).fold, []
    rules = corrected.label_rules(cut.law, (), min(cut.channel.noise / 2, cut.law.length / 64))
    for labels, kernel in zip(rules, corrected.kernels(rules, cut.channel), strict=True):
        ratio = np.exp(labels.log_ratio)
        z = kernel.posterior @ ratio
        p_mean = (kernel.posterior @ (ratio * labels.y)) / z
        whole = Inputs(kernel.mass, kernel.mass * z, kernel.mean, p_mean, float(np.abs(labels.y).max()))
        gaps.append(gap(whole, np.stack([np.ones_like(kernel.x), fold(kernel.x)], axis=1)))
    return gaps


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: the gap and its capacity part with class features against K, beside random features and the Bayes price."""
    cut, law = grid(evidence.world), evidence.world.law
    whole = inputs(cut.y - (cut.low + cut.high) / 2, cut.q, cut.p)
    rows = []
    for K in DRAWN:
        edges = np.array([float(edge) for edge in class_edges(law, K)])
        if len(edges) == K + 1:
            fit = gap(whole, posteriors(cut, edges))
            rows.append({"classes": K, "gap": fit.by_distance, "capacity": fit.capacity, "error": fit.error})
    price = float(whole.q @ (whole.f_p - whole.f_q) ** 2)
    random, constant = (
        gap(whole, features).by_distance for features in (random_features(len(whole.q)), np.ones((len(whole.q), 1)))
    )
    return {"per_classes": rows, "random": random, "constant": constant, "price": price} if rows else {}
