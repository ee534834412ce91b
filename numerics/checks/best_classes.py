"""best_classes: which edges leave the least W; exact dynamic programming against equal width, equal frequency, exhaustion and the asymptote."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from numerics import corrected, quadrature
from numerics.checks.common import Page, rounded, total
from numerics.checks.examples import divergence
from numerics.checks.limits import quotient, richardson
from numerics.closed_form import log_sinh_ratio
from numerics.corrected import Labels
from numerics.evidence import Evidence
from numerics.laws.discrete import DiscreteLaw
from numerics.laws.law import Law
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate, Falsifier
from numerics.world import bin_index
from unskew import partitions

RESULT = "best_classes"
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
FOUR_Q, FOUR_COUNTS = np.full(4, 0.25), (3, 2, 1, 2)
MONOTONE_Q = np.array([3, 1, 2, 2, 1, 3, 2, 1, 1, 2]) / 18
MONOTONE_P = MONOTONE_Q * np.array([1, 1, 2, 3, 3, 5, 9, 9, 14, 20])
MONOTONE_P = MONOTONE_P / MONOTONE_P.sum()
SHIFT = 0.2
"""The asymptote is read off p proportional to (y + 0.2)^-2, whose best density of edges and its quantiles have closed forms."""
Edges = Callable[[np.ndarray, np.ndarray, int], Sequence[int]]
"""Edges of K intervals from the masses of both laws and K."""


def checks(
    evidence: Evidence,
    *,
    classes_weight: float = -1.0,
    root: float = 3.0,
    half_width: float = 3.0,
    limit_factor: float = 1.0,
    search: Callable[[np.ndarray, np.ndarray, int], float] | None = None,
    best: Edges | None = None,
    over_intervals: bool = False,
    nested: bool = True,
    counts: tuple[int, ...] = FOUR_COUNTS,
    monotone: bool = True,
    normalised: float = 1.0,
) -> list[Check]:
    """The best partitions of the run's labels against the usual ones; exhaustion on small alphabets; limits and counterexamples.

    Args:
      classes_weight: factor of KL(q_C||p_C) in the criterion; -1 in the theorem.
      root: the best density of edges is (q l'^2)^(1/this); 3 in the theorem.
      half_width: u = this/K in W = log(sinh u/u) of equal bins for exp(-6 y); 3 in the theorem.
      limit_factor: factor of the limit of equal frequency over equal width; 1 in the theorem.
      search: the best KL(q_C||p_C) of K intervals; dynamic programming when None.
      best: edges of the best K intervals; dynamic programming when None.
      over_intervals: take the best over intervals of labels for the best over level sets.
      nested: splitting a bin never raises W; without it any partition into more classes.
      counts: p of the four labels on which greedy splitting loses, up to a factor; (3, 2, 1, 2) in the theorem.
      monotone: the quadrangle inequality is about monotone r; without it about any.
      normalised: factor of K a in the smoothed p_c = (n_c + a)/(n + K a); 1 in the theorem.
    """
    page = Page(evidence, RESULT)
    _own(page, classes_weight, best)
    with page.elsewhere("seven labels, a ratio that goes up and down"):
        for edges in ((0, 3, 7), (0, 1, 4, 6, 7)):
            told = total(
                divergence(SEVEN_Q, SEVEN_P), rounded(value(SEVEN_Q, SEVEN_P, edges), 32, 4.0).scaled(classes_weight)
            )
            page.add("criterion", "identity", told, remainder(SEVEN_Q, SEVEN_P, edges), classes=len(edges) - 1)
        _exhaustive(page, search or _programmed)
        _level_sets(page, over_intervals)
        _splits(page, nested)
        _usual(page, SEVEN_Q, SEVEN_P, {K: (best or _edges)(SEVEN_Q, SEVEN_P, K) for K in range(2, 7)}, "labels")
    with page.elsewhere(f"four labels, q = 1/4 each, p = {counts}/{sum(counts)}"):
        _greedy(page, np.array(counts) / sum(counts))
    with page.elsewhere("ten labels, a rising ratio" if monotone else "seven labels, a ratio that goes up and down"):
        _quadrangle(page, *((MONOTONE_Q, MONOTONE_P) if monotone else (SEVEN_Q, SEVEN_P)))
    with page.elsewhere("p proportional to (y + 0.2)^-2"):
        _density(page, root)
    with page.elsewhere("p proportional to exp(-6*y)"):
        _straight(page, half_width, limit_factor)
    with page.elsewhere("ten labels in four cells, one of them empty"):
        _empty(page, normalised)
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
    here = cells(law)
    classes = [K for K in CLASSES if len(here.q) >= K] or [len(here.q)]
    return {found.classes: found.edges for found in partitions.best(here.q, here.p, classes)}


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


def _own(page: Page, classes_weight: float, best_edges: Edges | None) -> None:
    law = page.evidence.world.law
    here = cells(law)
    n = len(here.q)
    what = "atoms, counts smoothed" if law.discrete else "cells"
    if n < 2:
        page.skip("criterion", "identity", "one label: nothing to divide")
        return
    whole = divergence(here.q, here.p)
    found: dict[int, Sequence[int]] = dict(_best(law))
    if best_edges is not None:
        found = {K: best_edges(here.q, here.p, K) for K in found}
    last: Estimate | None = None
    for K, edges in found.items():
        best = remainder(here.q, here.p, edges)
        told = total(whole, criterion(here.q, here.p, edges).scaled(classes_weight))
        page.add("criterion", "identity", told, best, f"W of the best, {n} {what}", classes=K)
        if last is not None:
            page.add("refinement", "upper bound", last, best, "W of the best with more classes", classes=K)
        last = best
    _usual(page, here.q, here.p, found, what)


def _usual(page: Page, q: np.ndarray, p: np.ndarray, found: Mapping[int, Sequence[int]], what: str) -> None:
    """W of the best classes against that of equal width and of equal frequency, either of which can be the worse."""
    n = len(q)
    for K, edges in found.items():
        best = remainder(q, p, edges)
        for name, other in (
            ("equal_width", partitions.equal_width(n, K)),
            ("equal_frequency", partitions.equal_frequency(p, K)),
        ):
            note = f"W of the best of {n} {what} against {name.replace('_', ' ')}"
            page.add(f"best_against_{name}", "upper bound", remainder(q, p, other), best, note, classes=K)


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


def greedy(q: np.ndarray, p: np.ndarray, classes: int) -> float:
    """KL(q_C||p_C) of splitting again and again where it gains most."""
    edges = [0, len(q)]
    for _ in range(classes - 1):
        inner = (edge for edge in range(1, len(q)) if edge not in edges)
        edges = max((sorted([*edges, edge]) for edge in inner), key=lambda made: value(q, p, made))
    return value(q, p, edges)


def _greedy(page: Page, p: np.ndarray) -> None:
    """Greedy splitting loses, and no tie had to be broken for it: another best first cut might have led to the optimum."""
    single = sorted((value(FOUR_Q, p, edges) for edges in intervals(4, 2)), reverse=True)
    whole = divergence(FOUR_Q, p)
    for told, found, note in (
        (single[0], single[1], "W of the second best first cut exceeds the best, K = 2"),
        (_programmed(FOUR_Q, p, 3), greedy(FOUR_Q, p, 3), "W of greedy splitting exceeds the least, K = 3"),
    ):
        least, more = (total(whole, rounded(gained, 32, 2.0).scaled(-1.0)) for gained in (told, found))
        page.add("greedy", "counterexample", least, more, note)


def _splits(page: Page, nested: bool) -> None:
    """The largest rise of W over every partition of the seven labels and every split of one of its bins."""
    W = {edges: remainder(SEVEN_Q, SEVEN_P, edges) for K in range(1, 8) for edges in intervals(7, K)}
    rises = [
        W[finer] - W[coarse]
        for coarse in W
        for finer in W
        if len(finer) == len(coarse) + 1 and (not nested or set(coarse) <= set(finer))
    ]
    worst = max(rises, key=lambda rise: rise.value)
    page.add("refinement", "upper bound", Estimate(0.0, 0.0), worst, f"largest rise of W over {len(rises)} splits")


def _exhaustive(page: Page, search: Callable[[np.ndarray, np.ndarray, int], float]) -> None:
    """Dynamic programming against every partition into intervals."""
    for classes in range(2, 7):
        told = max(value(SEVEN_Q, SEVEN_P, edges) for edges in intervals(7, classes))
        found = search(SEVEN_Q, SEVEN_P, classes)
        page.add(
            "dynamic_programming",
            "identity",
            rounded(told, 32, 4.0),
            rounded(found, 64, 4.0),
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


def _level_sets(page: Page, over_intervals: bool) -> None:
    """The best of all partitions, whatever their shape, is met by one into intervals of r."""
    order = np.arange(7) if over_intervals else np.argsort(SEVEN_P / SEVEN_Q)
    q, p = SEVEN_Q[order], SEVEN_P[order]
    told = max(value(q, p, edges) for edges in intervals(7, 3))
    found = max(
        math.fsum(gain(float(SEVEN_Q[part].sum()), float(SEVEN_P[part].sum())) for part in parts)
        for parts in set_partitions(7, 3)
    )
    note = "KL(q_C||p_C): the best of all set partitions against the best of level sets, K = 3"
    page.add("level_sets", "upper bound", rounded(told, 32, 4.0), rounded(found, 32, 4.0), note)


def _quadrangle(page: Page, q: np.ndarray, p: np.ndarray) -> None:
    """cost(A+B) + cost(B+C) - cost(A+B+C) - cost(B) over all neighbouring triples: at most zero."""
    n = len(q)

    def cost(low: int, high: int) -> float:
        return -gain(float(q[low:high].sum()), float(p[low:high].sum())) if high > low else 0.0

    worst = max(cost(i, k) + cost(j, m) - cost(i, m) - cost(j, k) for i, j, k, m in combinations(range(n + 1), 4))
    page.add("quadrangle", "upper bound", Estimate(0.0, 0.0), rounded(worst, 64, 8.0), "largest of all triples")


def _closed_edges(K: int, root: float) -> np.ndarray:
    """Quantiles of the density of edges (q l'^2)^(1/root) for l = -2 log(y + SHIFT): l'^2 = 4 (y + SHIFT)^-2."""
    power = 1 - 2 / root
    low, high = SHIFT**power, (1 + SHIFT) ** power
    edges = (low + (high - low) * np.arange(K + 1) / K) ** (1 / power) - SHIFT
    edges[0], edges[-1] = 0.0, 1.0
    return edges


def _density(page: Page, root: float) -> None:
    """24 K^2 W of edges at the quantiles of the best density, over (int (q l'^2)^(1/3))^3."""
    told = rounded(4 * (3 * ((1 + SHIFT) ** (1 / 3) - SHIFT ** (1 / 3))) ** 3, 32)
    ratios = []
    for K in (16, 32, 64, 128):
        edges = _closed_edges(K, root)
        rules = []
        for order in corrected.ORDERS:
            y, weight = (part.ravel() for part in quadrature.composite(edges, order))
            rules.append(Labels(y, weight, -2 * np.log(y + SHIFT), order))
        # Nodes come bin by bin: `order` a bin.
        W = corrected.remainder(rules, K)
        ratios.append(quotient(W.scaled(24.0 * K**2), told))
    note = "24 K^2 W at the quantiles of the best density, K = 16 to 128, extrapolated, over its least value"
    page.add("density", "asymptotic", ONE, richardson(ratios, 2, (2, 4)), note)


def _straight(page: Page, half_width: float, limit_factor: float) -> None:
    """exp(-6 y): equal bins are the best; equal frequency is far from it."""
    law = _straight_cells()
    found = partitions.best(law.q, law.p, CLASSES)
    whole = rounded(log_sinh_ratio(RATE / 2), 16, 4.0)
    for K, best in zip(CLASSES, found, strict=True):
        u = half_width / K
        note = f"log(sinh u/u) of equal bins, and the least W of {CELLS} cells"
        least = total(whole, criterion(law.q, law.p, best.edges).scaled(-1.0))
        page.add("equal_width", "identity", rounded(log_sinh_ratio(u), 16), least, note, classes=K)
    for K, least_factor in FACTORS:
        factor = quotient(equal_frequency(K), rounded(log_sinh_ratio(half_width / K), 16))
        note = "W of equal frequency over W of equal width"
        page.add("equal_frequency", "counterexample", Estimate(least_factor, 0.0), factor, note, classes=K)
    limit = math.expm1(12) * (-math.expm1(-6)) ** 2 / 432 * limit_factor
    ratios = [
        quotient(quotient(equal_frequency(K), rounded(log_sinh_ratio(RATE / 2 / K), 16)), rounded(limit, 16))
        for K in (512, 1024, 2048, 4096)
    ]
    note = "the same factor over its limit, K = 512 to 4096, extrapolated"
    page.add("equal_frequency_limit", "asymptotic", ONE, richardson(ratios, 2, (2, 4)), note)


@lru_cache(maxsize=1)
def _straight_cells() -> Cells:
    edges = np.arange(CELLS + 1) / CELLS
    p = -np.exp(-RATE * edges[:-1]) * np.expm1(-RATE / CELLS) / -np.expm1(-RATE)
    return Cells(np.full(CELLS, 1 / CELLS), p, tuple(edges.tolist()))


def equal_frequency(K: int) -> Estimate:
    """W of exactly equal-frequency classes for exp(-6 y): edges in closed form, each class an affine log ratio of its own width."""
    shares = np.arange(K + 1) / K
    edges = -np.log1p(shares * math.expm1(-RATE)) / RATE
    widths = np.diff(edges)
    W = math.fsum(float(width) * log_sinh_ratio(RATE * float(width) / 2) for width in widths)
    # A class at the far end is as wide as the rounding of log1p of nearly -1 lets it be known: e^6 units.
    return Estimate(W, 32 * EPSILON * math.exp(RATE) * W + 8 * EPSILON * K * W)


def _empty(page: Page, normalised: float) -> None:
    """Smoothed counts: what an empty cell is worth."""
    counts, a = np.array([5, 0, 3, 2]), 0.5
    q, p = np.full(4, 0.25), (counts + a) / (counts.sum() + 4 * a)
    edges = (0, 1, 2, 3, 4)
    rest = math.fsum(gain(0.25, float(p[c])) for c in (0, 2, 3))
    told = rounded(0.25 * math.log(0.25 * (10 + normalised * 4 * a) / a), 8)
    found = total(Estimate(partitions.kl_classes(q, p, edges), 16 * EPSILON * 4), rounded(-rest, 16, 4.0))
    page.add("empty_bins", "identity", told, found, "the term of the empty cell, q_B log(q_B (n + K a)/a)")


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: W of the best, equal-width and equal-frequency classes of the run's labels, and their edges at one K."""
    law = evidence.world.law
    here = cells(law)
    n = len(here.q)
    if n < 8:
        return {}
    made = _best(law)
    shown = 16 if 16 in made else next(iter(made))
    drawn: dict[str, Any] = {"classes": list(made), "cells": n, "shown": shown}
    for name, edges_of in (
        ("best", lambda K: made[K]),
        ("equal_width", lambda K: partitions.equal_width(n, K)),
        ("equal_frequency", lambda K: partitions.equal_frequency(here.p, K)),
    ):
        drawn[name] = [remainder(here.q, here.p, edges_of(K)).value for K in made]
        drawn[f"{name}_edges"] = [here.edges[edge] for edge in edges_of(shown)]
    return drawn


FALSIFIERS = (
    Falsifier(RESULT, "plus", "KL(q_C||p_C) is added", lambda evidence: checks(evidence, classes_weight=1.0)),
    Falsifier(RESULT, "greedy", "greedy splitting is the best", lambda evidence: checks(evidence, search=greedy)),
    Falsifier(RESULT, "half", "edges of density (q l'^2)^(1/4)", lambda evidence: checks(evidence, root=4.0)),
    Falsifier(RESULT, "width", "u = 6/K for equal bins", lambda evidence: checks(evidence, half_width=6.0)),
    Falsifier(
        RESULT, "intervals", "no set beats intervals of labels", lambda evidence: checks(evidence, over_intervals=True)
    ),
    Falsifier(RESULT, "limit", "twice the limit", lambda evidence: checks(evidence, limit_factor=2.0)),
    Falsifier(
        RESULT,
        "equal width",
        "equal width leaves the least W",
        lambda evidence: checks(evidence, best=lambda q, p, K: partitions.equal_width(len(q), K)),
    ),
    Falsifier(
        RESULT,
        "equalised",
        "equal frequency leaves the least W",
        lambda evidence: checks(evidence, best=lambda q, p, K: partitions.equal_frequency(p, K)),
    ),
    Falsifier(
        RESULT, "more", "more classes never raise W, split or not", lambda evidence: checks(evidence, nested=False)
    ),
    Falsifier(
        RESULT,
        "tie",
        "greedy splitting loses for p = (4, 3, 1, 4)/12, where two first cuts tie",
        lambda evidence: checks(evidence, counts=(4, 3, 1, 4)),
    ),
    Falsifier(
        RESULT,
        "falling",
        "greedy splitting loses for p = (4, 3, 2, 1)/10",
        lambda evidence: checks(evidence, counts=(4, 3, 2, 1)),
    ),
    Falsifier(
        RESULT, "any order", "the quadrangle inequality for any r", lambda evidence: checks(evidence, monotone=False)
    ),
    Falsifier(RESULT, "unnormalised", "n in place of n + K a", lambda evidence: checks(evidence, normalised=0.0)),
)
