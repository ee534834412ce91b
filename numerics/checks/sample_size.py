"""sample_size: what estimated class priors cost, and how many classes a sample carries."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import closed_form, corrected
from numerics.checks import statements
from numerics.checks.common import Page, rounded
from numerics.checks.limits import quotient, richardson
from numerics.checks.rates import not_smooth
from numerics.evidence import Evidence
from numerics.laws.law import Law
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Check, Estimate
from numerics.routes import class_sums
from numerics.routes.class_sums import inverse_ratio
from numerics.routes.route import NotReached
from theory.formula import Formula, value
from theory.mutants import atoms
from theory.record import Result
from theory.sample_size import BEST, QUADRATIC, n_labels
from theory.statement import Statement

ONE = Estimate(1.0, 0.0)
SIZES = (256, 512, 1024, 2048)
"""n of the exact expectations over two classes; three classes take the first of them over 4, since their sums have n^2 terms."""
TWO, THREE = ((0.25, 0.75), (0.5, 0.5)), ((0.2, 0.5, 0.3), (0.5, 0.25, 0.25))
"""p and q of the exact expectations."""
SAMPLE = 10_000
"""n at which the run's own best number is found."""
REPLICATES, MANY = 2000, 40_000
"""Samples drawn for each n in a run with fits, and with --full."""
RARE = (100.0, 1600.0)
"""n p_c of the rarest class at the two n of a Monte Carlo: their distance tells the next order, which at the second is sixteen times smaller."""
FALSE_ALARM = 1e-4
"""Probability that any Monte Carlo check of a run fails by chance; beside the 1 % of the fitted numbers it does not count."""
RATE = 6.0


def checks(evidence: Evidence, result: Result, seed: int | None = None) -> list[Check]:
    """Every statement by every route and in finite worlds; the expected penalty exactly for few classes and by Monte Carlo on the run's
    classes, against the limit that the ledger states; the best number of classes against W and the penalty of real partitions.

    Args:
      seed: of the Monte Carlo; the fits' own when None.
    """
    page = Page(evidence, result.name)
    statements.add(page, result)
    for line in statements.lines(result, "penalty", Statement):
        if n_labels in atoms(line.right):
            with page.elsewhere("exact expectations over two and three classes"):
                for (p, q), sizes in ((TWO, SIZES), (THREE, tuple(n // 4 for n in SIZES))):
                    with suppress(NotReached):  # of a wrong version that is no mean over classes
                        _expectation(page, line, p, q, sizes)
            if evidence.fits is not None or evidence.full:
                with suppress(NotReached):
                    _monte_carlo(page, line, seed)
    for formula in statements.lines(result, "best_number", Formula):
        _best_number(page, formula)
        with page.elsewhere("p proportional to exp(-6*y), closed form"):
            _partitions(page, formula)
    return page.checks


def penalty(q: np.ndarray, p: np.ndarray, estimate: np.ndarray) -> np.ndarray:
    """sum_c q_c log(phat_c/p_c) + log sum_c q_c p_c/phat_c, over the last axis of `estimate`."""
    return _log_near(estimate / p, (estimate - p) / p) @ q + _log_near(
        (p / estimate) @ q, ((p - estimate) / estimate) @ q
    )


def _log_near(value: np.ndarray, off: np.ndarray) -> np.ndarray:
    """log of `value`, from what it differs from 1 by where that is small."""
    near = np.abs(off) < 0.5
    return np.where(near, np.log1p(np.where(near, off, 0.0)), np.log(value))


def leading(q: np.ndarray, p: np.ndarray, line: Statement = QUADRATIC) -> Estimate:
    """n times the expected penalty to leading order, as the ledger states it."""
    return class_sums.of_masses(q, p).number(line.right)


def expected_penalty(q: np.ndarray, p: np.ndarray, n: int) -> Estimate:
    """E[penalty | no class empty] for two or three classes, summed over all samples of size n."""
    from scipy.special import gammaln, xlogy

    if len(p) == 2:
        counts = np.stack([np.arange(1, n), n - np.arange(1, n)], axis=1)
    else:
        first, second = (part.ravel() for part in np.meshgrid(np.arange(1, n - 1), np.arange(1, n - 1)))
        counts = np.stack([first, second, n - first - second], axis=1)
        counts = counts[counts[:, 2] > 0]
    log_mass = gammaln(n + 1) - gammaln(counts + 1).sum(axis=1) + xlogy(counts, p).sum(axis=1)
    mass = np.exp(log_mass - log_mass.max())
    mass = mass / mass.sum()
    terms = mass * penalty(q, p, counts / n)
    # Logarithms of factorials are known to some units of their size, n log n, and a common error drops out in the normalisation.
    return Estimate(float(terms.sum()), (16 + 4 * n * math.log(n)) * EPSILON * float(np.abs(terms).sum()))


@lru_cache(maxsize=4)
def _expectations(p: tuple[float, ...], q: tuple[float, ...], sizes: tuple[int, ...]) -> tuple[Estimate, ...]:
    return tuple(expected_penalty(np.array(q), np.array(p), n) for n in sizes)


def _expectation(
    page: Page, line: Statement, p: tuple[float, ...], q: tuple[float, ...], sizes: tuple[int, ...]
) -> None:
    limit = leading(np.array(q), np.array(p), line)
    measured = _expectations(p, q, sizes)
    ratios = [quotient(value.scaled(float(n)), limit) for n, value in zip(sizes, measured, strict=True)]
    note = f"n times E[penalty | no empty class], n = {sizes[0]} to {sizes[-1]}, extrapolated, over its limit"
    page.add("penalty", "asymptotic", ONE, richardson(ratios, 2, (1, 2)), note)


def best_number(square: Estimate, length: float, effective: Estimate) -> Estimate:
    """K*, the best number of classes."""
    number, _ = value(BEST, {"A": length**2 * square.value, "n_eff": effective.value})
    return Estimate(
        number, number * (square.error / square.value + effective.error / effective.value) / 3 + 8e-16 * number
    )


def _best_number(page: Page, line: Formula) -> None:
    """Both sides for the run's labels, and the bound at K* against its neighbours."""
    law, own = page.evidence.world.law, page.evidence.quantities
    loss = inverse_ratio(law)
    why = not_smooth(law, own.slope_square) or ("" if math.isfinite(loss.value) else "p never samples some labels")
    if why:
        page.skip("best_number", "identity", why)
        return

    def side(expression: Any, share: float) -> Estimate:
        A, effective = law.length**2 * own.slope_square.value, SAMPLE / loss.value
        return statements.side(expression, A=A, n_eff=effective, x=share)

    for share in (0.5, 1.0, 2.0):
        note = f"the bound at K = {share:g} K*, n = {SAMPLE}"
        page.add("best_number", "identity", side(line.right, share), side(line.left, share), note)
    for share in (0.9, 1.1):
        note = f"the bound at K* against {share:g} K*, n = {SAMPLE}"
        page.add("best_number", "upper bound", side(line.left, share), side(line.right, 1.0), note)


def closed_masses(K: int) -> np.ndarray:
    """p_c of equal bins for p proportional to exp(-6 y), in closed form, shape (K,)."""
    edges = np.arange(K + 1) / K
    masses: np.ndarray = -np.exp(-RATE * edges[:-1]) * np.expm1(-RATE / K) / -np.expm1(-RATE)
    return masses


def _partitions(page: Page, line: Formula) -> None:
    """W and the penalty of K equal bins in closed form, over what the formula says of them, as K grows with K/K* kept."""
    # E_q[1/r], r = exp(-6 y) over its mean.
    loss = math.expm1(RATE) / RATE * -math.expm1(-RATE) / RATE
    for share in (0.5, 1.0, 2.0):
        for side in (line.left, line.right):
            ratios = []
            for K in (32, 64, 128, 256):
                effective = RATE * (K / share) ** 3 / RATE**2
                bound = statements.side(side, A=RATE**2, n_eff=effective, x=share)
                exact = closed_form.log_sinh_ratio(RATE / K / 2) + _penalty(K).value / (effective * loss)
                ratios.append(quotient(rounded(exact, 32 + K), bound))
            note = f"W and penalty over the bound at K = {share:g} K*, K = 32 to 256, extrapolated"
            page.add("best_number", "asymptotic", ONE, richardson(ratios, 2, (1, 2)), note)


@lru_cache(maxsize=8)
def _penalty(K: int) -> Estimate:
    """n times the penalty of K equal bins for exp(-6 y)."""
    return leading(np.full(K, 1 / K), closed_masses(K))


def _monte_carlo(page: Page, line: Statement, seed: int | None) -> None:
    """The mean penalty of priors estimated on drawn samples, on the run's own classes."""
    evidence = page.evidence
    own_seed = seed if seed is not None else (evidence.fits.seed if evidence.fits is not None else 0)
    replicates = MANY if evidence.full else REPLICATES
    entries = [entry for entry in evidence.quantities.per_classes if len(entry.bins.q) > 1]
    quantile = normal_quantile(FALSE_ALARM / max(1, len(entries)))
    for entry in entries:
        q, p = entry.bins.q, entry.bins.p
        if not np.all(p > 0):
            page.skip("penalty", "asymptotic", "undefined: a class is never sampled", "fitted", entry.classes)
            continue
        page.add(
            "penalty",
            "asymptotic",
            ONE,
            monte_carlo(q, p, replicates, (own_seed, entry.classes), leading(q, p, line), quantile),
            f"n times the mean penalty over its limit; {replicates} samples for each of two n, 1/n^2 taken off",
            source="fitted",
            classes=entry.classes,
        )


def normal_quantile(probability: float) -> float:
    """Exceeded by the absolute value of a standard normal with this probability."""
    from scipy.special import ndtri

    return float(-ndtri(probability / 2))


def monte_carlo(
    q: np.ndarray, p: np.ndarray, replicates: int, seed: tuple[int, ...], limit: Estimate, quantile: float
) -> Estimate:
    """n E[penalty | no class empty] over its limit as n grows: sample means at the two n of `RARE`, their next order taken off.

    The error is `quantile` standard errors, and `SAFETY` times what was taken off, over the ratio of the two n: an order further is smaller by
    that ratio.
    """
    growth = RARE[1] / RARE[0]
    drawn = _drawn(tuple(q.tolist()), tuple(p.tolist()), replicates, seed)
    (first, second), errors = ([part / limit.value for part in parts] for parts in zip(*drawn, strict=True))
    ratio = (growth * second - first) / (growth - 1)
    deviation = math.hypot(growth * errors[1], errors[0]) / (growth - 1)
    return Estimate(ratio, quantile * deviation + SAFETY * abs(ratio - second) + limit.error / limit.value)


@lru_cache(maxsize=32)
def _drawn(
    q: tuple[float, ...], p: tuple[float, ...], replicates: int, seed: tuple[int, ...]
) -> tuple[tuple[float, float], ...]:
    """n times the mean penalty of drawn samples and its standard error, at the two n of `RARE`."""
    above, below, drawn = np.array(q), np.array(p), []
    for place, rare in enumerate(RARE):
        n = math.ceil(rare / min(p))
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([*seed, place])))
        counts = generator.multinomial(n, below / below.sum(), size=replicates)
        values = n * penalty(above, below, counts[(counts > 0).all(axis=1)] / n)
        drawn.append((float(values.mean()), float(values.std(ddof=1)) / math.sqrt(len(values))))
    return tuple(drawn)


FINEST = (2048, 1536)
"""Classes of the finest cuts of the picture; their halves, quarters, ... are drawn too, so that numbers lie a factor of 4/3 or 3/2 apart."""
SHOWN = tuple(10**power for power in range(3, 9))
"""Sample sizes of the picture."""


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: W against K, its sum with the penalty for several n, the K where that is least, and K*."""
    law, quantities = evidence.world.law, evidence.quantities
    loss = inverse_ratio(law)
    entries = [entry for entry in quantities.per_classes if np.all(entry.bins.p > 0)]
    if not math.isfinite(loss.value) or not entries or not math.isfinite(quantities.kl_labels.value):
        return {}
    if law.discrete:
        rows = [(entry.classes, entry.remainder.value, leading(entry.bins.q, entry.bins.p).value) for entry in entries]
    else:
        rows = sorted(row for most in FINEST for row in _halved(law, most))
    classes = [K for K, _, _ in rows]
    drawn: dict[str, Any] = {"classes": classes, "remainder": [W for _, W, _ in rows], "samples": []}
    for n in SHOWN:
        bound = [W + cost / n for _, W, cost in rows]
        place = min(range(len(bound)), key=bound.__getitem__)
        # A minimum at the last K is none: the curve still falls there.
        least = {"classes": classes[place], "value": bound[place]} if place + 1 < len(classes) else None
        drawn["samples"].append({"n": n, "bound": bound, "least": least})
    if not not_smooth(law, quantities.slope_square):
        for sample in drawn["samples"]:
            effective = Estimate(sample["n"] / loss.value, 0.0)
            sample["best"] = best_number(quantities.slope_square, law.length, effective).value
    return drawn


def _halved(law: Law, most: int) -> list[tuple[int, float, float]]:
    """K, W and n times the leading penalty for `most` equal classes, half as many, and so on down to 2 or 3."""
    labels = corrected.label_rules(law, corrected.equal_edges(law, most))[0]
    mass = labels.weight * np.exp(labels.log_ratio)
    rows = []
    while most > 1:
        edges = corrected.equal_bins(law, most)
        p = np.bincount(corrected.bin_index(edges, labels.y), mass, most)
        rows.append((most, corrected.remainder([labels], edges).value, leading(np.full(most, 1 / most), p).value))
        if most % 2:
            break
        most //= 2
    return rows
