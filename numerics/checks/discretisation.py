"""discretisation: how far cross-entropy over bins is from the regression log-loss."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics import corrected, quadrature
from numerics.channels import Channel
from numerics.checks.common import Page, rounded, total
from numerics.checks.limits import UNSEEN, UNSEEN_FEATURE, quotient, resolved, richardson, seen
from numerics.checks.rates import not_smooth
from numerics.checks.remainder import log_sinh_ratio
from numerics.corrected import Labels, gap
from numerics.evidence import Evidence
from numerics.laws.law import Law
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Check, Estimate, Falsifier

RESULT = "discretisation"
CLASSES = (4, 8, 16, 32, 64, 128, 256)
FINEST = 256
INPUTS = (0.25, 0.5, 0.75)
"""Where posteriors are cut into bins, as shares of the support."""
HALF_WIDTHS = (0.05, 0.7, 3.0)
"""u = M d/2 at which affine m attains the bounds."""
SMALL = 0.3
ZERO, ONE = Estimate(0.0, 0.0), Estimate(1.0, 0.0)


def checks(
    evidence: Evidence,
    *,
    log_width: float = 1.0,
    inner: float = 1.0,
    eighth: float = 8.0,
    sharp_factor: float = 1.0,
    twenty_four: float = 24.0,
) -> list[Check]:
    """Err on the run's posteriors by its definition and as a divergence, its bounds, its limit; laws that attain the bounds.

    Args:
      log_width: factor of log d in Err; 1 in the theorem.
      inner: factor of log(sinh u/u) in the pointwise bounds; 1 in the theorem.
      eighth: the mean is at most w^2 over this; 8 in the theorem.
      sharp_factor: factor of the sharp bound of the mean; 1 in the theorem.
      twenty_four: the limit is d^2/this E_p[m'^2]; 24 in the theorem.
    """
    page = Page(evidence, RESULT)
    law = evidence.world.law
    why = "discrete labels have no density" if law.discrete else ""
    why = why or ("p never samples some labels" if law.unsampled else "")
    if why:
        page.skip("error", "identity", why)
    else:
        _own(page, log_width, inner, eighth, sharp_factor, twenty_four)
    with page.elsewhere("a bin with affine log density"):
        for u in HALF_WIDTHS:
            _affine(page, u, inner, sharp_factor)
    with page.elsewhere("a bin with two labels, q-mass 1/2 each"):
        for w in (0.01, 0.5, 4.0):
            p = np.array([1.0, math.exp(w)]) / (1 + math.exp(w))
            found = Estimate(float(p @ np.log(2 * p)), 16 * EPSILON)
            page.add("mean", "upper bound", rounded(w * w / eighth), found, f"w = {w:g}")
    with page.elsewhere("a Gaussian posterior on the whole line"):
        _gaussian(page, twenty_four)
    return page.checks


@dataclass(frozen=True)
class Posterior:
    """p(y|x) at one input on the nodes of a label rule.

    Attributes:
      log_density: m(y) + log D, normalised, (n,).
      labels: the rule; weights are q-masses, q uniform.
      slope: m'(y), (n,).
    """

    log_density: np.ndarray
    labels: Labels
    slope: np.ndarray


def _posteriors(law: Law, channel: Channel, x: float) -> list[Posterior]:
    """By falling order, on panels split at `FINEST` equal widths and wherever the law's own nodes are."""
    made = []
    cuts = corrected.equal_edges(law, FINEST)
    for order in corrected.ORDERS:
        nodes = law.nodes(cuts, order, law.length)
        m = nodes.log_ratio + channel.log_density(x, nodes.y)
        top = float(m.max())
        m = m - top - math.log(float((nodes.weight * np.exp(m - top)).sum()))
        slope = nodes.slope + channel.slope(x, nodes.y)
        made.append(Posterior(m, Labels(nodes.y, nodes.weight, nodes.log_ratio, order), slope))
    return made


def mean_error(here: Posterior, place: np.ndarray) -> float:
    """E_p[Err|x] = sum_c p(c|x) KL(p(y|x,c)||uniform), each as E_uniform[e^s gap(-s)], s = log of the density ratio: no cancellation."""
    w, m = here.labels.weight, here.log_density
    number = int(place.max()) + 1
    mass_q, mass_p = np.bincount(place, w, number), np.bincount(place, w * np.exp(m), number)
    s = m - np.log(np.where(mass_p > 0, mass_p, 1.0) / mass_q)[place]
    return float((w * np.where(mass_p > 0, mass_p / mass_q, 0.0)[place] * np.exp(s) * gap(-s)).sum())


def steepest(page: Page, x: float) -> Estimate:
    """A bound M of |m'| at an input: sup |l'| plus the steepest slope of log k between the labels."""
    law, channel = page.evidence.world.law, page.evidence.world.channel
    low, high = (float(end) for end in law.support)
    channel_slope = {
        "gaussian": max(abs(x - low), abs(x - high)) / channel.noise**2,
        "logistic": 1 / channel.noise,
        "student": 2 / math.sqrt(3) / channel.noise,
    }[channel.name]
    return total(page.evidence.quantities.lipschitz, rounded(channel_slope))


def _own(page: Page, log_width: float, inner: float, eighth: float, sharp_factor: float, twenty_four: float) -> None:
    evidence = page.evidence
    law, low = evidence.world.law, float(evidence.world.law.support[0])
    rough = "the log ratio jumps" if law.breakpoints else ""
    rough = rough or (
        "" if math.isfinite(evidence.quantities.lipschitz.value) else "the slope of the log ratio is unbounded"
    )
    for share in INPUTS:
        x = low + share * law.length
        here = _posteriors(law, evidence.world.channel, x)
        for K in (CLASSES[0], CLASSES[-1]):
            _definition(page, law, here[0], x, K, log_width)
            if not rough:
                _bounds(page, law, here, x, K, inner, eighth, sharp_factor)
        if rough:
            page.skip("pointwise", "upper bound", rough)
        why = rough or not_smooth(law, evidence.quantities.slope_square)
        if share == INPUTS[1] and (not why or why.startswith("r is constant")):
            _limit(page, law, here, x, twenty_four)
        elif share == INPUTS[1]:
            page.skip("leading", "asymptotic", why)


def _definition(page: Page, law: Law, here: Posterior, x: float, K: int, log_width: float) -> None:
    """-log p(c|x) + log d + log p(y|x) on average, against the divergence from uniform; both on one rule, so only rounding differs."""
    w, m = here.labels.weight, here.log_density
    place, D = corrected.bin_index(corrected.equal_bins(law, K), here.labels.y), law.length
    mass = np.bincount(place, w * np.exp(m), K)
    there = mass > 0
    entropy = -float(mass[there] @ np.log(mass[there]))
    log_density = float((w * np.exp(m) * (m - math.log(D))).sum())
    size = 4 + float(np.abs(m[np.exp(m) * w > 1e-300]).max()) + abs(math.log(D / K)) + math.log(K)
    told = rounded(entropy + log_width * math.log(D / K) + log_density, 64, size)
    page.add(
        "error", "identity", told, rounded(mean_error(here, place), 64, size), f"E_p Err at x = {x:.4g}", classes=K
    )


def _bounds(
    page: Page,
    law: Law,
    here: list[Posterior],
    x: float,
    K: int,
    inner: float,
    eighth: float,
    sharp_factor: float,
) -> None:
    steep = steepest(page, x)
    u = Estimate(steep.value * law.length / K / 2, steep.error * law.length / K)
    place = corrected.bin_index(corrected.equal_bins(law, K), here[0].labels.y)
    w, m = here[0].labels.weight, here[0].log_density
    mass_q, mass_p = np.bincount(place, w, K), np.bincount(place, w * np.exp(m), K)
    # Bins where the posterior underflows have no p(y|x, c) in doubles.
    seen_bins = (mass_p > 1e-250)[place]
    err = (m - np.log(np.where(mass_p > 0, mass_p, 1.0) / mass_q)[place])[seen_bins]
    bend = log_sinh_ratio(u.value).value
    noise = 64 * EPSILON * (4 + float(np.abs(m).max())) + u.error
    page.add(
        "pointwise",
        "upper bound",
        Estimate(u.value - inner * bend, noise),
        Estimate(float(err.max()), noise),
        f"largest Err at x = {x:.4g}",
        classes=K,
    )
    page.add(
        "pointwise",
        "upper bound",
        Estimate(u.value + inner * bend, noise),
        Estimate(float(-err.min()), noise),
        f"largest -Err at x = {x:.4g}",
        classes=K,
    )
    found = _mean(here, law, K)
    page.add(
        "mean",
        "upper bound",
        rounded((2 * u.value) ** 2 / eighth, 8 + int(u.error / EPSILON / max(u.value, 1e-300))),
        found,
        f"(M d)^2/8, x = {x:.4g}",
        classes=K,
    )
    top = sharp(u.value)
    page.add(
        "mean_sharp",
        "upper bound",
        Estimate(top.value * sharp_factor, top.error + u.error),
        found,
        f"at x = {x:.4g}",
        classes=K,
    )


def _mean(here: list[Posterior], law: Law, K: int) -> Estimate:
    fine, coarse = (mean_error(part, corrected.bin_index(corrected.equal_bins(law, K), part.labels.y)) for part in here)
    size = 1 + float(np.abs(here[0].labels.log_ratio).max())
    # m is good to some units of its size near the mode; Err's mean has the slope E|Err| ~ sqrt(2 mean) in it.
    return Estimate(fine, SAFETY * abs(fine - coarse) + 64 * EPSILON * (fine + size * math.sqrt(2 * max(fine, 0.0))))


def sharp(u: float) -> Estimate:
    """u coth u - 1 - log(sinh u/u), by the series of u coth u and of the logarithm below `SMALL`."""
    if u < SMALL:
        coefficients = (
            1 / 3 - 1 / 6,
            -1 / 45 + 1 / 180,
            2 / 945 - 1 / 2835,
            -1 / 4725 + 1 / 37800,
            2 / 93555 - 1 / 467775,
            -1382 / 638512875 + 691 / 3831077250,
        )
        value = sum(c * u ** (2 * i + 2) for i, c in enumerate(coefficients))
        # The coefficients alternate and fall by less than a sixth: what is left out is below a sixth of the last term times u^2.
        return Estimate(value, 8 * EPSILON * value + abs(coefficients[-1]) * u ** (2 * len(coefficients) + 2) / 6)
    bend = log_sinh_ratio(u)
    return Estimate(u / math.tanh(u) - 1 - bend.value, bend.error + 8 * EPSILON * (1 + u))


def _limit(page: Page, law: Law, here: list[Posterior], x: float, twenty_four: float) -> None:
    """24 E_p Err/(d^2 E_p[m'^2]) as K grows."""
    squares = [float((part.labels.weight * np.exp(part.log_density) * part.slope**2).sum()) for part in here]
    steep = Estimate(squares[0], SAFETY * abs(squares[0] - squares[1]) + 64 * EPSILON * squares[0])
    ratios = [quotient(_mean(here, law, K), steep.scaled((law.length / K) ** 2 / twenty_four)) for K in CLASSES]
    limit = richardson(ratios, 2, (2, 4))
    if not resolved(law, CLASSES[-1]):
        page.skip("leading", "asymptotic", UNSEEN_FEATURE)
        return
    if not seen(limit):
        page.skip("leading", "asymptotic", UNSEEN)
        return
    page.add(
        "leading",
        "asymptotic",
        ONE,
        limit,
        f"E_p Err over (d^2/24) E_p[m'^2] at x = {x:.4g}, K = 4 to 256, extrapolated",
    )


def _affine(page: Page, u: float, inner: float, sharp_factor: float) -> None:
    """m = M y on one bin: the density is M e^(M y)/(e^M - 1), and both ends and the mean are in closed form."""
    M = 2 * u
    top = math.log(M) + M - math.log(math.expm1(M))
    bend = log_sinh_ratio(u).value
    error = 32 * EPSILON * (2 + M)
    page.add(
        "pointwise_attained",
        "identity",
        Estimate(u - inner * bend, error),
        Estimate(top, error),
        f"the upper end, u = {u:g}",
    )
    page.add(
        "pointwise", "upper bound", Estimate(u - inner * bend, error), Estimate(top, error), f"the upper end, u = {u:g}"
    )
    bottom = math.log(math.expm1(M) / M)
    page.add(
        "pointwise_attained",
        "identity",
        Estimate(u + inner * bend, error),
        Estimate(bottom, error),
        f"the lower end, u = {u:g}",
    )
    mean = quadrature.integrate(
        lambda t: M * np.exp(M * t) / math.expm1(M) * (M * t + math.log(M / math.expm1(M))), [0.0, 1.0], 0.25
    )
    told = sharp(u)
    page.add("mean_sharp_attained", "identity", told.scaled(sharp_factor), mean, f"u = {u:g}")
    page.add("mean_sharp", "upper bound", rounded(u * u / 6), told, f"(M d)^2/24, u = {u:g}")
    page.add("mean_sharp", "upper bound", told.scaled(sharp_factor), mean, f"u = {u:g}")


def _gaussian(page: Page, twenty_four: float) -> None:
    """N(0, 1) cut into bins of width d: the ratio of E Err to d^2/24 as d falls."""
    ratios = []
    for d in (1.0, 0.5, 0.25, 0.125):
        sums = []
        for order in (12, 9):
            edges = np.arange(-math.ceil(9.5 / d), math.ceil(9.5 / d) + 1) * d
            y, weight = quadrature.composite(edges, order)
            w = np.full(y.size, 1.0)
            labels = Labels(y.ravel(), weight.ravel() / weight.sum(), w, order)
            m = -(labels.y**2) / 2 - math.log(math.sqrt(2 * math.pi)) + math.log(float(weight.sum()))
            sums.append(mean_error(Posterior(m, labels, -labels.y), np.repeat(np.arange(len(edges) - 1), order)))
        found = Estimate(
            sums[0], SAFETY * abs(sums[0] - sums[1]) + 64 * EPSILON * (sums[0] + math.sqrt(sums[0])) + 1e-18
        )
        ratios.append(quotient(found, rounded(d * d / twenty_four)))
    note = "E Err over d^2/(24 s^2), d = s to s/8, extrapolated"
    page.add("leading", "asymptotic", ONE, richardson(ratios, 2, (2, 4)), note)


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: E_p Err at three inputs against K, with the bounds and the asymptote at the middle one."""
    law = evidence.world.law
    if law.discrete or law.unsampled:
        return {}
    page = Page(evidence, RESULT)
    low = float(law.support[0])
    drawn: dict[str, Any] = {"classes": list(CLASSES), "at": []}
    for share in INPUTS:
        x = low + share * law.length
        here = _posteriors(law, evidence.world.channel, x)[0]
        found = [mean_error(here, corrected.bin_index(corrected.equal_bins(law, K), here.labels.y)) for K in CLASSES]
        drawn["at"].append({"x": x, "mean": found})
        if share == INPUTS[1]:
            square = float((here.labels.weight * np.exp(here.log_density) * here.slope**2).sum())
            drawn["asymptote"] = [(law.length / K) ** 2 / 24 * square for K in CLASSES]
            M = steepest(page, x).value
            if math.isfinite(M) and not law.breakpoints:
                drawn["sharp"] = [sharp(M * law.length / K / 2).value for K in CLASSES]
                drawn["hoeffding"] = [(M * law.length / K) ** 2 / 8 for K in CLASSES]
    return drawn


FALSIFIERS = (
    Falsifier(RESULT, "width", "log d is left out", lambda evidence: checks(evidence, log_width=0.0)),
    Falsifier(RESULT, "sign", "plus log(sinh u/u) above", lambda evidence: checks(evidence, inner=-1.0)),
    Falsifier(RESULT, "ninth", "w^2/9 in place of w^2/8", lambda evidence: checks(evidence, eighth=9.0)),
    Falsifier(RESULT, "sharp", "nine tenths of the sharp bound", lambda evidence: checks(evidence, sharp_factor=0.9)),
    Falsifier(RESULT, "limit", "d^2/12 in place of d^2/24", lambda evidence: checks(evidence, twenty_four=12.0)),
)
