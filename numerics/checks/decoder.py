"""decoder: from a class predictor to a value; how large the squared error can be when the cross-entropy is small."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np

from numerics.checks import formulas, statements
from numerics.checks.common import Page, rounded
from numerics.evidence import Evidence
from numerics.fits.decoded import Decoded
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate, EvidenceKind
from numerics.routes.by_class import Table
from numerics.world import World, class_edges
from theory.decoder import (
    CE,
    LENGTH,
    CE_p,
    Err,
    Loss,
    R_hard,
    R_soft,
    R_unequal,
    d,
    label_ratio,
    narrow,
    predicted,
    rest,
    v,
)
from theory.record import Result
from theory.statement import Statement
from theory.terms import C, E, Term, inf, sup

INPUTS = 129
LABEL_ORDER = 6
UNEQUAL = (0.0, 0.1, 0.35, 1.0)
"""Edges of classes of unequal width, as shares of the support."""
MISSES = (0.0, 0.2, 0.9)
RANGES = (0.3, 2.0, 5.0)


@dataclass(frozen=True)
class Grid:
    """A world cut down to finitely many inputs and labels, on which every bound holds exactly as it does on the whole.

    Attributes:
      y: labels, (n,).
      q, p: joint masses, (inputs, n) each.
      low, high: ends of Y.
    """

    y: np.ndarray
    q: np.ndarray
    p: np.ndarray
    low: float
    high: float


def grid(cut: World) -> Grid:
    """Equally spaced inputs from four noises below the labels to four above, quadrature nodes or atoms as labels."""
    low, high = (float(end) for end in cut.law.support)
    reach = 4 * cut.channel.noise
    nodes = cut.law.nodes((), LABEL_ORDER, cut.law.length / 64)
    x = np.linspace(low - reach, high + reach, INPUTS)
    kernel = np.exp(cut.channel.log_density(x[:, None], nodes.y[None, :]))
    q = kernel / kernel.sum(axis=0) * nodes.weight
    ratio = np.exp(nodes.log_ratio)
    p = q * ratio
    return Grid(nodes.y, q / q.sum(), p / p.sum(), low, high)


def posterior(joint: np.ndarray, place: np.ndarray, number: int) -> np.ndarray:
    """Class probabilities at each input, (inputs, bins); equal ones where an input never occurs."""
    sums = joint @ np.eye(number)[place]
    total = sums.sum(axis=1, keepdims=True)
    return np.where(total > 0, sums / np.where(total > 0, total, 1.0), 1 / number)


def decode(cut: Grid, edges: np.ndarray, shares: np.ndarray) -> Decoded:
    """Evaluates a class predictor, shape (inputs, bins), by plain sums over inputs and labels."""
    number = len(edges) - 1
    centres = (edges[1:] + edges[:-1]) / 2
    place = np.searchsorted(edges[1:-1], cut.y, side="right")
    hard, soft = centres[shares.argmax(axis=1)], shares @ centres
    own = shares[:, place]
    loss = -np.log(np.maximum(own, 1e-300))
    members = np.eye(number)[place]
    label_q, label_p = cut.q.sum(axis=0), cut.p.sum(axis=0)
    mass_q, mass_p = label_q @ members, label_p @ members

    def by_class(joint: np.ndarray, mass: np.ndarray, term: np.ndarray) -> np.ndarray:
        sums: np.ndarray = (joint * term).sum(axis=0) @ members
        return np.where(mass > 0, sums / np.where(mass > 0, mass, 1.0), np.nan)

    with np.errstate(divide="ignore"):
        log_ratio = np.log(label_p) - np.log(label_q)
    inside = np.where(members > 0, log_ratio[:, None], np.nan)
    there = mass_q > 0
    ranges = np.full(number, np.nan)
    high, low = np.nanmax(inside[:, there], axis=0), np.nanmin(inside[:, there], axis=0)
    # A class without any sampled label has no ratio: both ends are minus infinity.
    ranges[there] = np.subtract(high, low, out=np.full(high.shape, np.nan), where=np.isfinite(high))
    wrong = shares.argmax(axis=1)[:, None] != place[None, :]
    return Decoded(
        hard=float((cut.q * (cut.y[None, :] - hard[:, None]) ** 2).sum()),
        soft=float((cut.q * (cut.y[None, :] - soft[:, None]) ** 2).sum()),
        errors=by_class(cut.q, mass_q, wrong),
        entropy_q=by_class(cut.q, mass_q, loss),
        entropy_p=by_class(cut.p, mass_p, loss),
        ranges=ranges,
        mass=mass_q,
        miss=float((cut.q * (1 - own)).sum()),
        miss_square=float((cut.q * (1 - own) ** 2).sum()),
    )


def tables(decoded: Decoded, edges: np.ndarray, rounding: float) -> list[Table]:
    """The terms of the statements: one table for what is summed over classes, and one for each class.

    Args:
      rounding: of a number of size one.
    """
    widths, length = np.diff(edges), float(edges[-1] - edges[0])
    wide, least = float(widths.max()), float(widths.min())
    equal = wide - least <= 16 * EPSILON * length
    there = np.isfinite(decoded.errors)
    error, entropy = (float(decoded.mass[there] @ part[there]) for part in (decoded.errors, decoded.entropy_q))
    off = length**2 * (abs(decoded.off) + rounding)
    whole: dict[Term, Estimate] = {
        d: rounded(wide, 2, length),
        LENGTH: rounded(length),
        E(Err): Estimate(error, rounding),
        E(v): Estimate(decoded.miss, rounding),
        E(v**2): Estimate(decoded.miss_square, rounding),
        E(CE): Estimate(entropy, rounding * (1 + entropy)),
    }
    if equal:
        risks = {R_hard: decoded.hard, R_soft: decoded.soft}
        whole |= {rest: rounded(length - wide, 4, length)}
    else:
        risks = {R_unequal: decoded.hard}
        whole |= {narrow: rounded(least, 2, length)}
    whole |= {term: Estimate(value, off) for term, value in risks.items()}
    return [whole, *(_of_class(decoded, c, rounding) for c in np.flatnonzero(there).tolist())]


def _of_class(decoded: Decoded, c: int, rounding: float) -> Table:
    error, entropy, other, width = (
        float(part[c]) for part in (decoded.errors, decoded.entropy_q, decoded.entropy_p, decoded.ranges)
    )
    table: dict[Term, Estimate] = {
        Err: Estimate(error, rounding),
        Loss: Estimate(entropy, rounding * (1 + entropy)),
        CE: Estimate(entropy, rounding * (1 + entropy)),
    }
    if math.isfinite(width) and math.isfinite(other) and width < 700:
        # The bound depends on the quotient of the two alone.
        ends = {sup(label_ratio, C): math.exp(width / 2), inf(label_ratio, C): math.exp(-width / 2)}
        table |= {end: Estimate(value, rounding * value * (1 + width)) for end, value in ends.items()}
        table |= {CE_p: Estimate(other, rounding * (1 + other))}
    return table


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement in finite worlds; for the class posterior of p, plain and corrected, and for trained networks; worlds that attain the bounds."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    for K, name, rows in on_grid(evidence.world):
        _write(page, result, rows, name, K)
    for K in evidence.world.classes if evidence.fits else ():
        if K > 1:
            _fitted(page, result, K)
    for where, name, table in attained():
        with page.elsewhere(where):
            _write(page, result, [table], name)
    _widest(page, result)
    return page.checks


def _write(
    page: Page, result: Result, rows: Sequence[Table], name: str, K: int | None = None, fitted: bool = False
) -> None:
    """Each statement by the table in which it comes nearest to failing."""
    for claim in result.claims:
        for line in claim.lines:
            if isinstance(line, Statement):
                source: EvidenceKind = "fitted" if fitted else "quadrature"
                statements.by_tables(page, claim.name, line, rows, name, K, source)


@lru_cache(maxsize=8)
def on_grid(world: World) -> list[tuple[int | None, str, list[Table]]]:
    """The predictors of each number of classes, and one of classes of unequal width, on the run's labels."""
    cut, length = grid(world), world.law.length
    rows: list[tuple[int | None, str, list[Table]]] = []
    for K in world.classes:
        edges = np.array([float(edge) for edge in class_edges(world.law, K)])
        for name, shares in predictors(cut, edges) if len(edges) > 2 else ():
            rows.append((K, name, tables(decode(cut, edges, shares), edges, 64 * EPSILON)))
    edges = cut.low + np.array(UNEQUAL) * length
    place = np.searchsorted(edges[1:-1], cut.y, side="right")
    if len(set(place.tolist())) == 3:
        decoded = decode(cut, edges, posterior(cut.p, place, 3))
        rows.append((None, "p(c|x), unequal widths", tables(decoded, edges, 64 * EPSILON)))
    return rows


def predictors(cut: Grid, edges: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The class posterior of p, and the same corrected for the prior."""
    place = np.searchsorted(edges[1:-1], cut.y, side="right")
    plain = posterior(cut.p, place, len(edges) - 1)
    q, p = (law.sum(axis=0) @ np.eye(len(edges) - 1)[place] for law in (cut.q, cut.p))
    if not np.all(p > 0):
        return [("p(c|x)", plain)]
    corrected = plain * (q / p)
    return [("p(c|x)", plain), ("corrected", corrected / corrected.sum(axis=1, keepdims=True))]


def _fitted(page: Page, result: Result, K: int) -> None:
    """Trained class networks: the repetition that comes nearest to its bound, with that repetition's own numbers."""
    fits = page.evidence.fits
    if fits is None or K not in fits.decoded:
        why = (fits.note("class_excess", K) if fits else "") or "not fitted"
        page.skip("hard", "upper bound", why, "fitted", K)
        return
    edges = np.array([float(edge) for edge in class_edges(page.evidence.world.law, K)])
    # The rule's inputs and labels are a finite world, on which the bounds hold; its mass is off by what the rule leaves out.
    rows = [table for decoded in fits.decoded[K] for table in tables(decoded, edges, 4096 * EPSILON)]
    _write(page, result, rows, f"trained networks, the nearest to its bound of {fits.seeds} seeds", K, fitted=True)


@lru_cache(maxsize=1)
def attained() -> list[tuple[str, str, Table]]:
    """One label at 0 in [0, 1] and two bins; a tie of two classes of three; a class of two labels whose loss falls on the rarer one under p."""
    worlds: list[tuple[str, str, Table]] = []
    one = np.ones((1, 1))

    def point(y: float, edges: np.ndarray, shares: list[float]) -> list[Table]:
        decoded = decode(Grid(np.full(1, y), one, one, 0.0, 1.0), edges, np.array([shares]))
        return tables(decoded, edges, 16 * EPSILON)

    for miss in MISSES:
        whole, own = point(0.0, np.array([0.0, 0.5, 1.0]), [1 - miss, miss])
        pointwise = {predicted: rounded(1 - miss), v: rounded(miss, 4, 1.0)}
        worlds.append(("labels at an end of Y", f"v = {miss:g}", {**whole, **own, **pointwise}))
    # A tie counts as an error, as the bound must allow for either way of breaking it; a third class takes no part in it.
    tie = point(0.5, np.linspace(0, 1, 4), [0.5, 0.5, 0.0])[1]
    worlds.append(("a tie at 1/2 of two classes of three", "argmax", tie))
    for w in RANGES:
        q = np.array([0.999, 0.001])
        p = q * np.array([math.exp(w), 1.0])
        table: dict[Term, Estimate] = {
            CE: rounded(float(q[1])),
            CE_p: rounded(float((p / p.sum())[1]), 16),
            sup(label_ratio, C): rounded(math.exp(w) / float(p.sum()), 16),
            inf(label_ratio, C): rounded(1 / float(p.sum()), 16),
        }
        worlds.append(("the whole loss on the rarer of two labels", f"w = {w:g}", table))
    return worlds


def _widest(page: Page, result: Result) -> None:
    """Bins [0, 9/10) and [9/10, 1], labels at 0, always decoded to the second: the bound of equal widths fails, that of unequal ones holds."""
    edges = np.array([0, 0.9, 1.0])
    decoded = decode(Grid(np.zeros(1), np.ones((1, 1)), np.ones((1, 1)), 0.0, 1.0), edges, np.array([[0.0, 1.0]]))
    with page.elsewhere("bins [0, 9/10) and [9/10, 1], labels at 0, always decoded to the second"):
        _write(page, result, tables(decoded, edges, 64 * EPSILON)[:1], "the narrowest bin in the second term")
        for claim, line in formulas.lines(result):
            left, right = (statements.side(each, d=0.9) for each in (line.left, line.right))
            page.add(
                claim, "counterexample", left, rounded(decoded.hard, 16), f"{line.text}: R_q exceeds the left side"
            )
            page.add(claim, "identity", right, rounded(decoded.hard, 16), f"{line.text}: R_q is the right side")


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: R_q of both decoders of the plain and the corrected class posterior against K, and the soft bound."""
    cut, rows = grid(evidence.world), []
    for entry in evidence.quantities.per_classes:
        edges = np.array([float(edge) for edge in entry.bins.edges])
        D, d = evidence.world.law.length, max(high - low for low, high in pairwise(edges.tolist()))
        if len(edges) < 3:
            continue
        row: dict[str, Any] = {"classes": entry.classes, "quantisation": d * d / 4}
        for name, shares in predictors(cut, edges):
            decoded = decode(cut, edges, shares)
            key = "plain" if name == "p(c|x)" else name
            row[f"{key}_hard"], row[f"{key}_soft"] = decoded.hard, decoded.soft
            row[f"{key}_bound"] = d * d / 4 + d * (D - d) * decoded.miss + (D - d) ** 2 * decoded.miss_square
        rows.append(row)
    return {"per_classes": rows, "balanced_risk": evidence.quantities.balanced_risk.value} if rows else {}
