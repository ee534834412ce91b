"""sample_size: what estimated class priors cost, and how many classes a sample carries."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import closed_form, corrected, finite
from numerics.checks.common import Page, rounded, total
from numerics.checks.examples import ALL, Example, divergence
from numerics.checks.limits import quotient, richardson
from numerics.checks.rates import not_smooth
from numerics.evidence import Evidence
from numerics.laws.law import Law
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Check, Estimate, Falsifier

RESULT = "sample_size"
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


def checks(
    evidence: Evidence,
    *,
    half: float = 2.0,
    own_weight: float = 1.0,
    normalise: bool = True,
    six: float = 6.0,
    training_chi: bool = False,
    seed: int | None = None,
) -> list[Check]:
    """The penalty exactly, its expectation exactly for few classes and by Monte Carlo on the run's classes; the best number on a grid.

    Args:
      half: the penalty is sum q_c (1 - q_c)/p_c over this times n; 2 in the theorem.
      own_weight: factor of q_c in (1 - q_c); 1 in the theorem.
      normalise: keep log sum_c q_c p_c/phat_c in the exact penalty.
      six: K*^3 is D^2 E l'^2 n_eff over this; 6 in the theorem.
      training_chi: take chi^2(p||q) in n_eff; chi^2(q||p) in the theorem.
      seed: of the Monte Carlo; the fits' own when None.
    """
    page = Page(evidence, RESULT)
    for example in ALL:
        with page.elsewhere(example.name):
            _exact_penalty(page, example, normalise)
    with page.elsewhere("exact expectations over two and three classes"):
        for (p, q), sizes in ((TWO, SIZES), (THREE, tuple(n // 4 for n in SIZES))):
            _expectation(page, np.array(p), np.array(q), sizes, half, own_weight)
    with page.elsewhere("p proportional to exp(-6*y), closed form"):
        _closed(page, six, training_chi, half)
    _own(page, six, training_chi, half)
    if evidence.fits is not None or evidence.full:
        _monte_carlo(page, half, own_weight, seed)
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


def leading(q: np.ndarray, p: np.ndarray, half: float = 2.0, own_weight: float = 1.0) -> Estimate:
    """n times the expected penalty to leading order."""
    return rounded(float(np.sum(q * (1 - own_weight * q) / p)) / half, 8 + len(q))


def _exact_penalty(page: Page, example: Example, normalise: bool) -> None:
    """KL(q_y||phat_n) by its definition, against W and the penalty."""
    classes = example.members
    q, p = classes @ example.q, classes @ example.p
    for shift in (0.7, 1.9):
        estimate = p * np.where(np.arange(len(p)) == 0, shift, 1.0)
        estimate = estimate / estimate.sum()
        law = example.p * (classes.T @ (q / estimate))
        told = rounded(float(q @ np.log(estimate / p)), 16, 4.0)
        if normalise:
            told = total(told, rounded(math.log(float(q @ (p / estimate))), 16, 4.0))
        found = divergence(example.q, law / law.sum())
        note = f"KL(q_y||phat_n), first class estimated {shift:g} times its prior"
        page.add("penalty_exact", "identity", total(example.found(finite.remainder), told), found, note)


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
    page: Page, p: np.ndarray, q: np.ndarray, sizes: tuple[int, ...], half: float, own_weight: float
) -> None:
    told = leading(q, p, half, own_weight)
    found = _expectations(tuple(p.tolist()), tuple(q.tolist()), sizes)
    ratios = [quotient(value.scaled(float(n)), told) for n, value in zip(sizes, found, strict=True)]
    note = f"n times E[penalty | no empty class], n = {sizes[0]} to {sizes[-1]}, extrapolated, over its limit"
    page.add("penalty", "asymptotic", ONE, richardson(ratios, 2, (1, 2)), note)


def best_number(square: Estimate, length: float, effective: Estimate, six: float = 6.0) -> Estimate:
    """K* = (D^2 E_q[l'^2] n_eff/6)^(1/3)."""
    value = (length**2 * square.value * effective.value / six) ** (1 / 3)
    return Estimate(
        value, value * (square.error / square.value + effective.error / effective.value) / 3 + 8e-16 * value
    )


def minimum(bound: Callable[[float], float], low: float, high: float) -> float:
    """Where a function with one minimum has it, by golden sections; good to the root of rounding."""
    golden = (math.sqrt(5) - 1) / 2
    for _ in range(90):
        left, right = high - golden * (high - low), low + golden * (high - low)
        if bound(left) < bound(right):
            high = right
        else:
            low = left
    return (low + high) / 2


def _best_number(page: Page, square: Estimate, length: float, effective: Estimate, six: float, n: int) -> None:
    """The minimum of the bound by search, against K* and (3/4) K*/n_eff."""
    told = best_number(square, length, effective, six)

    def bound(K: float) -> float:
        return length**2 * square.value / (24 * K**2) + K / (2 * effective.value)

    place = minimum(bound, told.value / 30, told.value * 30)
    # bound(x K*)/bound(K*) - 1 is about (x - 1)^2: rounding of the bound hides x - 1 below its root.
    flat = 4 * math.sqrt(EPSILON) * place
    spread = (square.error / square.value + effective.error / effective.value) * place
    page.add("best_number", "identity", told, Estimate(place, flat + spread), f"K* for n = {n}, by search")
    value = told.value * 0.75 / effective.value
    error = value * (told.error / told.value + effective.error / effective.value) + 8e-16 * value
    found = Estimate(bound(place), 2 * bound(place) * (spread / place + 8 * EPSILON))
    page.add("best_number", "identity", Estimate(value, error), found, f"the bound at K*, n = {n}")


def closed_masses(K: int) -> np.ndarray:
    """p_c of equal bins for p proportional to exp(-6 y), in closed form, shape (K,)."""
    edges = np.arange(K + 1) / K
    masses: np.ndarray = -np.exp(-RATE * edges[:-1]) * np.expm1(-RATE / K) / -np.expm1(-RATE)
    return masses


def _closed(page: Page, six: float, training_chi: bool, half: float) -> None:
    """exp(-6 y): n_eff in closed form; the penalty tends to K/(2 n_eff); the exact bound's best number tends to K*."""
    over = -math.expm1(-RATE) / RATE
    # E_q[1/r] and E_q[r^2], r = exp(-6 y)/over.
    inverse, square = math.expm1(RATE) / RATE * over, -math.expm1(-2 * RATE) / (2 * RATE) / over**2
    loss = square if training_chi else inverse
    ratios = []
    for K in (32, 64, 128, 256):
        q, p = np.full(K, 1 / K), closed_masses(K)
        ratios.append(quotient(leading(q, p, half), rounded(K * loss / 2, 16)))
    note = "penalty over K/(2 n_eff), K = 32 to 256, extrapolated"
    page.add("effective_limit", "asymptotic", ONE, richardson(ratios, 2, (1, 2)), note)
    for n in (10_000, 1_000_000):
        _best_number(page, rounded(RATE**2), 1.0, rounded(n / loss, 16), six, n)
    ratios = []
    for star in (16, 32, 64, 128):
        samples = six * star**3 * loss / RATE**2
        ratios.append(Estimate(_grid_optimum(samples, star) / star, 4 * math.sqrt(EPSILON)))
    note = "best K on a grid, W and penalty exact, over K*, at the n with K* = 16 to 128, extrapolated"
    page.add("optimum_on_grid", "asymptotic", ONE, richardson(ratios, 2, (1, 2)), note)


def _grid_optimum(n: float, around: int) -> float:
    """The best number of classes for W + penalty on the whole numbers near `around`; a parabola through the three best places it between."""
    classes = np.arange(max(2, around // 2), 2 * around)
    values = np.array(
        [
            closed_form.log_sinh_ratio(RATE / K / 2)
            + float(np.sum(1 / closed_masses(int(K)))) * (1 - 1 / K) / K / (2 * n)
            for K in classes
        ]
    )
    best = int(np.clip(np.argmin(values), 1, len(values) - 2))
    low, middle, high = values[best - 1 : best + 2]
    return float(classes[best] + 0.5 * (low - high) / (low - 2 * middle + high))


@lru_cache(maxsize=8)
def inverse_ratio(law: Law) -> Estimate:
    """1 + chi^2(q_y||p_y) = E_q[1/r]; infinite where p vanishes."""
    sums = []
    rules = corrected.label_rules(law, (), law.length / 512)
    if not all(np.all(np.isfinite(labels.log_ratio)) for labels in rules):
        return Estimate(math.inf, 0.0)
    for labels in rules:
        sums.append(float((labels.weight * np.exp(-labels.log_ratio)).sum()))
    return Estimate(sums[0], SAFETY * abs(sums[0] - sums[-1]) + 64 * EPSILON * sums[0])


def _own(page: Page, six: float, training_chi: bool, half: float) -> None:
    """n_eff on the run's classes, and its best number."""
    law, found = page.evidence.world.law, page.evidence.quantities
    loss = inverse_ratio(law)
    if not math.isfinite(loss.value):
        page.skip("effective_sample", "identity", "p never samples some labels: n_eff is zero")
        return
    if training_chi:
        loss = found.chi_square + Estimate(1.0, 0.0)
    for entry in found.per_classes:
        K, (q, p) = entry.classes, (entry.bins.q, entry.bins.p)
        if law.discrete:
            page.skip("effective_sample", "identity", "classes of unequal q_c on discrete labels", classes=K)
            continue
        chi = rounded(float(np.sum((q - p) ** 2 / p)), 16 + K, 2 + float(np.sum(q**2 / p)))
        told = (chi + Estimate(1.0, 0.0)).scaled((len(q) - 1) / 2)
        page.add("effective_sample", "identity", told, leading(q, p, half), "n times the penalty", classes=K)
        top = loss.scaled((len(q) - 1) / 2)
        page.add("effective_bound", "upper bound", top, leading(q, p, half), "n (K - 1)/(2 n_eff)", classes=K)
    why = not_smooth(law, found.slope_square)
    if why:
        page.skip("best_number", "identity", why)
        return
    effective = quotient(Estimate(float(SAMPLE), 0.0), loss)
    _best_number(page, found.slope_square, law.length, effective, six, SAMPLE)


def _monte_carlo(page: Page, half: float, own_weight: float, seed: int | None) -> None:
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
            monte_carlo(q, p, replicates, (own_seed, entry.classes), leading(q, p, half, own_weight), quantile),
            f"n times the mean penalty over its limit; {replicates} samples for each of two n, 1/n^2 taken off",
            source="fitted",
            classes=entry.classes,
        )


def normal_quantile(probability: float) -> float:
    """Exceeded by the absolute value of a standard normal with this probability."""
    from scipy.special import ndtri

    return float(-ndtri(probability / 2))


def monte_carlo(
    q: np.ndarray, p: np.ndarray, replicates: int, seed: tuple[int, ...], told: Estimate, quantile: float
) -> Estimate:
    """n E[penalty | no class empty]/told as n grows: sample means at the two n of `RARE`, their next order taken off.

    The error is `quantile` standard errors, and `SAFETY` times what was taken off, over the ratio of the two n: an order further is smaller by
    that ratio.
    """
    growth = RARE[1] / RARE[0]
    means, errors = [], []
    for place, rare in enumerate(RARE):
        n = math.ceil(rare / float(p.min()))
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([*seed, place])))
        counts = generator.multinomial(n, p / p.sum(), size=replicates)
        values = n * penalty(q, p, counts[(counts > 0).all(axis=1)] / n) / told.value
        means.append(float(values.mean()))
        errors.append(float(values.std(ddof=1)) / math.sqrt(len(values)))
    value = (growth * means[1] - means[0]) / (growth - 1)
    deviation = math.hypot(growth * errors[1], errors[0]) / (growth - 1)
    return Estimate(value, quantile * deviation + SAFETY * abs(value - means[1]) + told.error / told.value)


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: W, the penalty and their sum against K for several n, and K*."""
    law, found = evidence.world.law, evidence.quantities
    loss = inverse_ratio(law)
    entries = [entry for entry in found.per_classes if np.all(entry.bins.p > 0)]
    if not math.isfinite(loss.value) or not entries or not math.isfinite(found.kl_labels.value):
        return {}
    if law.discrete:
        rows = [(entry.classes, entry.remainder.value, leading(entry.bins.q, entry.bins.p).value) for entry in entries]
    else:
        most = 256
        rules = corrected.label_rules(law, corrected.equal_edges(law, most))
        rows = []
        for K in (2 << i for i in range(most.bit_length() - 1)):
            place = corrected.bin_index(corrected.equal_edges(law, K), rules[0].y)
            p = np.bincount(place, rules[0].weight * np.exp(rules[0].log_ratio), K)
            W = corrected.remainder(rules, corrected.equal_edges(law, K))
            rows.append((K, W.value, leading(np.full(K, 1 / K), p).value))
    drawn: dict[str, Any] = {
        "classes": [row[0] for row in rows],
        "remainder": [row[1] for row in rows],
        "samples": [{"n": n, "bound": [row[1] + row[2] / n for row in rows]} for n in (10**3, 10**4, 10**5, 10**6)],
    }
    if not not_smooth(law, found.slope_square):
        for sample in drawn["samples"]:
            effective = Estimate(sample["n"] / loss.value, 0.0)
            sample["best"] = best_number(found.slope_square, law.length, effective).value
    return drawn


FALSIFIERS = (
    Falsifier(RESULT, "half", "1/n in place of 1/(2n)", lambda evidence: checks(evidence, half=1.0)),
    Falsifier(
        RESULT, "own", "q_c/p_c in place of q_c (1 - q_c)/p_c", lambda evidence: checks(evidence, own_weight=0.0)
    ),
    Falsifier(RESULT, "dropped", "the normalisation is left out", lambda evidence: checks(evidence, normalise=False)),
    Falsifier(RESULT, "third", "3 in place of 6 in K*", lambda evidence: checks(evidence, six=3.0)),
    Falsifier(RESULT, "direction", "chi^2(p||q) in n_eff", lambda evidence: checks(evidence, training_chi=True)),
)
