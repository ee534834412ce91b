"""best_classes: which edges leave the least W; exact dynamic programming against equal width, equal frequency, exhaustion and the asymptote."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from numerics import corrected, quadrature
from numerics.checks import statements
from numerics.checks.common import Page, rounded, total
from numerics.checks.limits import quotient, richardson
from numerics.closed_form import log_sinh_ratio
from numerics.corrected import Labels
from numerics.evidence import Evidence
from numerics.laws.discrete import DiscreteLaw
from numerics.laws.law import Law
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate
from numerics.world import bin_index
from theory.claim import Worded
from theory.formula import Formula
from theory.record import Result
from unskew import partitions

CELLS = 256
CLASSES = (4, 16, 64, 128)
ONE = Estimate(1.0, 0.0)
SMOOTHING = 0.5
"""Added to each count of discrete labels, so that rare or empty cells do not win."""
RATE = 6.0
FACTORS = ((4, 6.473), (128, 234.90))
"""K, and what equal frequency costs more than equal width for exp(-6 y), at least."""

SEVEN_Q = np.array([2, 1, 3, 2, 2, 1, 3]) / 14
SEVEN_P = np.array([1, 4, 1, 6, 1, 3, 2]) / 18
"""Seven labels whose ratio goes up and down."""
SEVEN = "seven labels, a ratio that goes up and down"
MONOTONE_Q = np.array([3, 1, 2, 2, 1, 3, 2, 1, 1, 2]) / 18
MONOTONE_P = MONOTONE_Q * np.array([1, 1, 2, 3, 3, 5, 9, 9, 14, 20])
MONOTONE_P = MONOTONE_P / MONOTONE_P.sum()
SHIFT = 0.2
"""The asymptote is read off p proportional to (y + 0.2)^-2, whose best density of edges and its quantiles have closed forms."""


def divergence(above: np.ndarray, below: np.ndarray) -> Estimate:
    """KL between two arrays of probabilities of one shape; zero where the first one is. Exact but for rounding."""
    there = above > 0
    terms = above[there] * np.log(above[there] / below[there])
    return rounded(float(terms.sum()), 8 + terms.size, float(np.abs(terms).sum() + above.sum()))


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement by every route and in finite worlds; the best partitions of the run's labels against the usual ones; exhaustion on
    small alphabets; limits and closed forms."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    for _ in statements.lines(result, "dynamic_programming", Worded):
        _own(page)
        with page.elsewhere(SEVEN):
            _exhaustive(page)
            _usual(page, SEVEN_Q, SEVEN_P, {K: _edges(SEVEN_Q, SEVEN_P, K) for K in range(2, 7)}, "labels")
    for _ in statements.lines(result, "level_sets", Worded):
        with page.elsewhere(SEVEN):
            _level_sets(page)
    with page.elsewhere("ten labels, a rising ratio"):
        for chord in statements.lines(result, "quadrangle", Formula):
            _quadrangle(page, MONOTONE_Q, MONOTONE_P, chord)
    for _ in statements.lines(result, "density", Worded):
        with page.elsewhere("p proportional to (y + 0.2)^-2"):
            page.add("density", "asymptotic", ONE, density_ratio(), DENSITY_NOTE)
    with page.elsewhere("p proportional to exp(-6*y)"):
        for formula in statements.lines(result, "equal_width", Formula):
            _equal_width(page, formula)
        for _ in statements.lines(result, "equal_frequency", Worded):
            for K, least in FACTORS:
                note = "W of equal frequency over W of equal width"
                page.add("equal_frequency", "counterexample", Estimate(least, 0.0), factor(K), note, classes=K)
        for formula in statements.lines(result, "equal_frequency", Formula):
            _limit(page, formula)
    for formula in statements.lines(result, "empty_bins", Formula):
        with page.elsewhere("ten labels in four cells, one of them empty"):
            _empty(page, formula)
    return page.checks


@dataclass(frozen=True)
class Cells:
    """Candidate intervals of a label law: masses of both laws, (n,) each, and edges, (n + 1,)."""

    q: np.ndarray
    p: np.ndarray
    edges: tuple[float, ...]


@lru_cache(maxsize=8)
def cells(law: Law) -> Cells:
    """`CELLS` intervals of equal width, or the atoms of a discrete law with its counts smoothed."""
    if isinstance(law, DiscreteLaw):
        counts = np.array(law.counts, float) + SMOOTHING
        atoms = [float(atom) for atom in law.atoms]
        middles = [(low + high) / 2 for low, high in pairwise(atoms)]
        edges = (float(law.support[0]), *middles, float(law.support[1]))
        return Cells(np.full(len(atoms), 1 / len(atoms)), counts / counts.sum(), edges)
    (labels, *_) = corrected.label_rules(law, corrected.equal_edges(law, CELLS))
    ends = corrected.equal_edges(law, CELLS)
    p = np.bincount(bin_index(ends, labels.y), labels.weight * np.exp(labels.log_ratio), CELLS)
    return Cells(np.full(CELLS, 1 / CELLS), p / p.sum(), tuple(float(end) for end in ends))


@lru_cache(maxsize=8)
def _best(law: Law) -> dict[int, tuple[int, ...]]:
    """Edges of the best partition of the cells for each K of `CLASSES` that they admit."""
    cell_masses = cells(law)
    classes = [K for K in CLASSES if len(cell_masses.q) >= K] or [len(cell_masses.q)]
    return {partition.classes: partition.edges for partition in partitions.best(cell_masses.q, cell_masses.p, classes)}


def remainder(q: np.ndarray, p: np.ndarray, edges: Sequence[int]) -> Estimate:
    """W of classes of cells as the sum over classes of q_c KL(q_{cell|c}||p_{cell|c}); cells are the labels here."""
    terms = []
    for low, high in pairwise(edges):
        mass_q, mass_p = float(q[low:high].sum()), float(p[low:high].sum())
        terms.append(divergence(q[low:high] / mass_q, p[low:high] / mass_p).scaled(mass_q))
    return total(*terms)


def criterion(q: np.ndarray, p: np.ndarray, edges: Sequence[int]) -> Estimate:
    """KL(q_C||p_C); each mass is a sum of at most n positive numbers, so good to n roundings of its own size, before and in the log."""
    value = partitions.kl_classes(q, p, edges)
    masses = [(float(q[low:high].sum()), float(p[low:high].sum())) for low, high in pairwise(edges)]
    size = sum(a * (abs(math.log(a / b)) + 2.0) for a, b in masses)
    return Estimate(value, EPSILON * (len(q) + len(masses)) * size)


def _own(page: Page) -> None:
    law = page.evidence.world.law
    own = cells(law)
    n = len(own.q)
    what = "atoms, counts smoothed" if law.discrete else "cells"
    if n < 2:
        page.skip("dynamic_programming", "identity", "one label: nothing to divide")
        return
    _usual(page, own.q, own.p, _best(law), what)


def _usual(page: Page, q: np.ndarray, p: np.ndarray, best: Mapping[int, Sequence[int]], what: str) -> None:
    """W of the best classes against that of equal width and of equal frequency, either of which can be the worse."""
    n = len(q)
    for K, edges in best.items():
        least = remainder(q, p, edges)
        for name, other in (
            ("equal width", partitions.equal_width(n, K)),
            ("equal frequency", partitions.equal_frequency(p, K)),
        ):
            note = f"W of the best of {n} {what} against {name}"
            page.add("dynamic_programming", "upper bound", remainder(q, p, other), least, note, classes=K)


def _edges(q: np.ndarray, p: np.ndarray, classes: int) -> tuple[int, ...]:
    return _searched(tuple(q.tolist()), tuple(p.tolist()))[classes - 1].edges


def _programmed(q: np.ndarray, p: np.ndarray, classes: int) -> float:
    return _searched(tuple(q.tolist()), tuple(p.tolist()))[classes - 1].kl_classes


@lru_cache(maxsize=8)
def _searched(q: tuple[float, ...], p: tuple[float, ...]) -> tuple[partitions.Partition, ...]:
    return tuple(partitions.best(np.array(q), np.array(p), range(1, len(q) + 1)))


def gain(q: float, p: float) -> float:
    """q log(q/p)."""
    return q * math.log(q / p)


def intervals(n: int, classes: int) -> Iterator[tuple[int, ...]]:
    """Edges of every partition of n labels into K intervals."""
    for inner in combinations(range(1, n), classes - 1):
        yield (0, *inner, n)


def value(q: np.ndarray, p: np.ndarray, edges: Sequence[int]) -> float:
    """KL(q_C||p_C), bin by bin."""
    return math.fsum(gain(float(q[a:b].sum()), float(p[a:b].sum())) for a, b in pairwise(edges))


def _exhaustive(page: Page) -> None:
    """Dynamic programming against every partition into intervals."""
    for classes in range(2, 7):
        most = max(value(SEVEN_Q, SEVEN_P, edges) for edges in intervals(7, classes))
        programmed = _programmed(SEVEN_Q, SEVEN_P, classes)
        page.add(
            "dynamic_programming",
            "identity",
            rounded(most, 32, 4.0),
            rounded(programmed, 64, 4.0),
            "KL(q_C||p_C), the best of all",
            classes=classes,
        )


def set_partitions(n: int, classes: int) -> Iterator[list[list[int]]]:
    """Every partition of n labels into K sets."""
    if classes == 0 or n < classes:
        if n == classes:
            yield []
        return
    for smaller in set_partitions(n - 1, classes - 1):
        yield [*smaller, [n - 1]]
    for smaller in set_partitions(n - 1, classes):
        for place in range(classes):
            yield [[*part, n - 1] if i == place else part for i, part in enumerate(smaller)]


def _level_sets(page: Page) -> None:
    """The best of all partitions, whatever their shape, is met by one into intervals of r."""
    order = np.argsort(SEVEN_P / SEVEN_Q)
    q, p = SEVEN_Q[order], SEVEN_P[order]
    level = max(value(q, p, edges) for edges in intervals(7, 3))
    best = max(
        math.fsum(gain(float(SEVEN_Q[part].sum()), float(SEVEN_P[part].sum())) for part in parts)
        for parts in set_partitions(7, 3)
    )
    note = "KL(q_C||p_C): the best of all set partitions against the best of level sets, K = 3"
    page.add("level_sets", "upper bound", rounded(level, 32, 4.0), rounded(best, 32, 4.0), note)


def _quadrangle(page: Page, q: np.ndarray, p: np.ndarray, chord: Formula) -> None:
    """cost(A+B) + cost(B+C) - cost(A+B+C) - cost(B) over all neighbouring triples: at most zero; the smallest by the chord."""

    def masses(low: int, high: int) -> tuple[float, float]:
        return float(q[low:high].sum()), float(p[low:high].sum())

    def excess(i: int, j: int, k: int, m: int) -> float:
        return gain(*masses(i, m)) + gain(*masses(j, k)) - gain(*masses(i, k)) - gain(*masses(j, m))

    triples = list(combinations(range(len(q) + 1), 4))
    worst, (i, j, k, m) = max(triples, key=lambda cut: excess(*cut)), min(triples, key=lambda cut: excess(*cut))
    note = "cost(A+B) + cost(B+C) less cost(A+B+C) + cost(B)"
    page.add("quadrangle", "upper bound", Estimate(0.0, 0.0), rounded(excess(*worst), 64, 8.0), f"{note}, the largest")
    (a, b), (c, d) = masses(i, k), masses(j, m)
    for expression in (chord.left, chord.right):
        parts = []
        for mass, other in (masses(i, m), masses(j, k)):
            share = (d / c - other / mass) / (d / c - b / a)
            parts.append(statements.side(expression, r_X=b / a, r_Z=d / c, theta=share).scaled(-mass))
        smallest = rounded(excess(i, j, k, m), 64, 8.0)
        page.add("quadrangle", "identity", total(*parts), smallest, f"{note}, the smallest, by the chord")


DENSITY_NOTE = "24 K^2 W at the quantiles of the best density, K = 16 to 128, extrapolated, over its least value"


@lru_cache(maxsize=1)
def density_ratio() -> Estimate:
    """24 K^2 W of edges at the quantiles of (q l'^2)^(1/3), over (int (q l'^2)^(1/3))^3, for l = -2 log(y + SHIFT)."""
    ends = (SHIFT ** (1 / 3), (1 + SHIFT) ** (1 / 3))
    least = rounded(4 * (3 * (ends[1] - ends[0])) ** 3, 32)
    ratios = []
    for K in (16, 32, 64, 128):
        edges = (ends[0] + (ends[1] - ends[0]) * np.arange(K + 1) / K) ** 3 - SHIFT
        edges[0], edges[-1] = 0.0, 1.0
        rules = []
        for order in corrected.ORDERS:
            y, weight = (part.ravel() for part in quadrature.composite(edges, order))
            rules.append(Labels(y, weight, -2 * np.log(y + SHIFT), order))
        # Nodes come bin by bin: `order` a bin.
        W = corrected.remainder(rules, K)
        ratios.append(quotient(W.scaled(24.0 * K**2), least))
    return richardson(ratios, 2, (2, 4))


def _equal_width(page: Page, formula: Formula) -> None:
    """exp(-6 y): the least W of cells, in any intervals, is that of equal widths."""
    law = _straight_cells()
    whole = rounded(log_sinh_ratio(RATE / 2), 16, 4.0)
    for K, edges in _straight_best().items():
        least = total(whole, criterion(law.q, law.p, edges).scaled(-1.0))
        # The left side is an integral to 40 digits: once is enough.
        for expression in (formula.left, formula.right) if CLASSES[0] == K else (formula.right,):
            equal = statements.side(expression, K=K, c=0.5)
            note = f"W of equal bins, and the least W of {CELLS} cells"
            page.add("equal_width", "identity", equal, least, note, classes=K)


def factor(K: int) -> Estimate:
    """W of equal frequency over W of equal width for exp(-6 y)."""
    return quotient(equal_frequency(K), rounded(log_sinh_ratio(RATE / 2 / K), 16))


def _limit(page: Page, formula: Formula) -> None:
    """The same factor as K grows."""
    for expression in (formula.left, formula.right):
        limit = statements.side(expression)
        ratios = [quotient(factor(K), limit) for K in (512, 1024, 2048, 4096)]
        note = "W of equal frequency over W of equal width, over its limit, K = 512 to 4096, extrapolated"
        page.add("equal_frequency", "asymptotic", ONE, richardson(ratios, 2, (2, 4)), note)


@lru_cache(maxsize=1)
def _straight_best() -> dict[int, tuple[int, ...]]:
    law = _straight_cells()
    return {best.classes: best.edges for best in partitions.best(law.q, law.p, CLASSES)}


@lru_cache(maxsize=1)
def _straight_cells() -> Cells:
    edges = np.arange(CELLS + 1) / CELLS
    p = -np.exp(-RATE * edges[:-1]) * np.expm1(-RATE / CELLS) / -np.expm1(-RATE)
    return Cells(np.full(CELLS, 1 / CELLS), p, tuple(edges.tolist()))


@lru_cache(maxsize=8)
def equal_frequency(K: int) -> Estimate:
    """W of exactly equal-frequency classes for exp(-6 y): edges in closed form, each class an affine log ratio of its own width."""
    shares = np.arange(K + 1) / K
    edges = -np.log1p(shares * math.expm1(-RATE)) / RATE
    widths = np.diff(edges)
    W = math.fsum(float(width) * log_sinh_ratio(RATE * float(width) / 2) for width in widths)
    # A class at the far end is as wide as the rounding of log1p of nearly -1 lets it be known: e^6 units.
    return Estimate(W, 32 * EPSILON * math.exp(RATE) * W + 8 * EPSILON * K * W)


def _empty(page: Page, formula: Formula) -> None:
    """Smoothed counts: what an empty cell is worth."""
    counts, a = np.array([5, 0, 3, 2]), 0.5
    q, p = np.full(4, 0.25), (counts + a) / (counts.sum() + 4 * a)
    rest = math.fsum(gain(0.25, float(p[c])) for c in (0, 2, 3))
    term = total(Estimate(partitions.kl_classes(q, p, (0, 1, 2, 3, 4)), 16 * EPSILON * 4), rounded(-rest, 16, 4.0))
    for expression in (formula.left, formula.right):
        worth = statements.side(expression, q_B=0.25, n=10, K=4, alpha=a, n_B=0)
        page.add("empty_bins", "identity", worth, term, "the term of an empty cell, counts smoothed by 1/2")


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: W of the best, equal-width and equal-frequency classes of the run's labels, and their edges at one K."""
    law = evidence.world.law
    cell_masses = cells(law)
    n = len(cell_masses.q)
    if n < 8:
        return {}
    programmed_edges = _best(law)
    shown = 16 if 16 in programmed_edges else next(iter(programmed_edges))
    drawn: dict[str, Any] = {"classes": list(programmed_edges), "cells": n, "shown": shown}
    for name, edges_of in (
        ("best", lambda K: programmed_edges[K]),
        ("equal_width", lambda K: partitions.equal_width(n, K)),
        ("equal_frequency", lambda K: partitions.equal_frequency(cell_masses.p, K)),
    ):
        drawn[name] = [remainder(cell_masses.q, cell_masses.p, edges_of(K)).value for K in programmed_edges]
        drawn[f"{name}_edges"] = [cell_masses.edges[edge] for edge in edges_of(shown)]
    return drawn
