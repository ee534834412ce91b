"""discretisation: how far cross-entropy over bins is from the regression log-loss."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from numerics import corrected, quadrature
from numerics.channels import Channel
from numerics.checks import statements
from numerics.checks.common import Page, rounded, total
from numerics.checks.limits import UNSEEN, UNSEEN_FEATURE, quotient, resolved, richardson, seen
from numerics.checks.rates import not_smooth
from numerics.closed_form import log_sinh_ratio
from numerics.corrected import Labels, gap
from numerics.evidence import Evidence
from numerics.laws.law import Law
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Check, Estimate
from numerics.routes.route import NotReached, Route
from theory.claim import Worded
from theory.discretisation import FARTHEST, SHARP, Err, p, uniform
from theory.formula import Formula, value
from theory.record import Result
from theory.statement import Statement
from theory.terms import KL, C, E, X, Y

CLASSES = (4, 8, 16, 32, 64, 128, 256)
FINEST = 256
INPUTS = (0.25, 0.5, 0.75)
"""Where posteriors are cut into bins, as shares of the support."""
HALF_WIDTHS = (0.05, 0.7, 3.0)
"""u = M d/2 at which affine m attains the bounds."""
ENDS = {"M": 1.5, "t_1": 0.3, "t_2": 0.9}
"""M, and the distances of a label from the ends of its bin, at which the two extremes are checked."""
ZERO, ONE = Estimate(0.0, 0.0), Estimate(1.0, 0.0)


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement in finite worlds; Err on the run's posteriors by its definition and as a divergence, its bounds, its limit; laws that
    attain the bounds."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    law = evidence.world.law
    why = "discrete labels have no density" if law.discrete else ""
    why = why or ("p never samples some labels" if law.unsampled else "")
    if why:
        page.skip("error", "identity", why)
    else:
        _own(page, result)
    with page.elsewhere("a bin with affine log density"):
        for formula in statements.lines(result, "pointwise", Formula):
            _extremes(page, formula)
        for u in HALF_WIDTHS:
            for _ in statements.lines(result, "pointwise", Worded):
                _affine_ends(page, u)
            for formula in statements.lines(result, "mean_sharp", Formula):
                _affine_mean(page, u, formula)
    for _ in statements.lines(result, "mean", Worded):
        with page.elsewhere("a bin with two labels, q-mass 1/2 each"):
            for w in (0.01, 0.5, 4.0):
                page.add("mean", "upper bound", rounded(w * w / 8), two_labels(w), f"w = {w:g}")
    for _ in statements.lines(result, "leading", Worded):
        with page.elsewhere("a Gaussian posterior on the whole line"):
            page.add("leading", "asymptotic", ONE, gaussian_limit(), GAUSSIAN_NOTE)
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
    worlds = []
    cuts = corrected.equal_edges(law, FINEST)
    for order in corrected.ORDERS:
        nodes = law.nodes(cuts, order, law.length)
        m = nodes.log_ratio + channel.log_density(x, nodes.y)
        top = float(m.max())
        m = m - top - math.log(float((nodes.weight * np.exp(m - top)).sum()))
        slope = nodes.slope + channel.slope(x, nodes.y)
        worlds.append(Posterior(m, Labels(nodes.y, nodes.weight, nodes.log_ratio, order), slope))
    return worlds


def mean_error(posterior: Posterior, place: np.ndarray) -> float:
    """E_p[Err|x] = sum_c p(c|x) KL(p(y|x,c)||uniform), each as E_uniform[e^s gap(-s)], s = log of the density ratio: no cancellation."""
    w, m = posterior.labels.weight, posterior.log_density
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


def _own(page: Page, result: Result) -> None:
    evidence = page.evidence
    law, low = evidence.world.law, float(evidence.world.law.support[0])
    rough = "the log ratio jumps" if law.breakpoints else ""
    rough = rough or (
        "" if math.isfinite(evidence.quantities.lipschitz.value) else "the slope of the log ratio is unbounded"
    )
    for share in INPUTS:
        x = low + share * law.length
        posterior = _posteriors(law, evidence.world.channel, x)
        for K in (CLASSES[0], CLASSES[-1]):
            _definition(page, result, law, posterior[0], x, K)
            if not rough:
                _bounds(page, result, law, posterior, x, K)
        for _ in statements.lines(result, "pointwise", Worded) if rough else ():
            page.skip("pointwise", "upper bound", rough)
        why = rough or not_smooth(law, evidence.quantities.slope_square)
        for _ in statements.lines(result, "leading", Worded) if share == INPUTS[1] else ():
            if not why or why.startswith("r is constant"):
                _limit(page, law, posterior, x)
            else:
                page.skip("leading", "asymptotic", why)


def _definition(page: Page, result: Result, law: Law, posterior: Posterior, x: float, K: int) -> None:
    """-log p(c|x) + log d + log p(y|x) on average, against the divergence from uniform; both on one rule, so only rounding differs."""
    w, m = posterior.labels.weight, posterior.log_density
    place, D = corrected.bin_index(corrected.equal_bins(law, K), posterior.labels.y), law.length
    mass = np.bincount(place, w * np.exp(m), K)
    there = mass > 0
    entropy = -float(mass[there] @ np.log(mass[there]))
    log_density = float((w * np.exp(m) * (m - math.log(D))).sum())
    size = 4 + float(np.abs(m[np.exp(m) * w > 1e-300]).max()) + abs(math.log(D / K)) + math.log(K)
    table = {
        E(Err, law=p): rounded(entropy + math.log(D / K) + log_density, 64, size),
        KL(p, uniform, Y, given=X | C): rounded(mean_error(posterior, place), 64, size),
    }
    route = Route("a posterior", "quadrature", lambda whole, _: table.get(whole))
    for line in statements.lines(result, "error", Statement):
        with suppress(NotReached):
            expected, measured = route.number(line.right), route.number(line.left)
            page.add("error", "identity", expected, measured, f"E_p Err at x = {x:.4g}", classes=K)


def _bounds(page: Page, result: Result, law: Law, posterior: list[Posterior], x: float, K: int) -> None:
    steep = steepest(page, x)
    u = Estimate(steep.value * law.length / K / 2, steep.error * law.length / K)
    for _ in statements.lines(result, "pointwise", Worded):
        _pointwise(page, law, posterior[0], x, K, u)
    for _ in statements.lines(result, "mean", Worded):
        bound = rounded((2 * u.value) ** 2 / 8, 8 + int(u.error / EPSILON / max(u.value, 1e-300)))
        page.add("mean", "upper bound", bound, _mean(posterior, law, K), f"(M d)^2/8, x = {x:.4g}", classes=K)
    for formula in statements.lines(result, "mean_sharp", Formula):
        top = sharp(u.value, formula)
        bound = Estimate(top.value, top.error + u.error)
        page.add("mean_sharp", "upper bound", bound, _mean(posterior, law, K), f"at x = {x:.4g}", classes=K)


def _pointwise(page: Page, law: Law, posterior: Posterior, x: float, K: int, u: Estimate) -> None:
    place = corrected.bin_index(corrected.equal_bins(law, K), posterior.labels.y)
    w, m = posterior.labels.weight, posterior.log_density
    mass_q, mass_p = np.bincount(place, w, K), np.bincount(place, w * np.exp(m), K)
    # Bins where the posterior underflows have no p(y|x, c) in doubles.
    seen_bins = (mass_p > 1e-250)[place]
    err = (m - np.log(np.where(mass_p > 0, mass_p, 1.0) / mass_q)[place])[seen_bins]
    bend = log_sinh_ratio(u.value)
    noise = 64 * EPSILON * (4 + float(np.abs(m).max())) + u.error
    for sign, name in ((1, "Err"), (-1, "-Err")):
        page.add(
            "pointwise",
            "upper bound",
            Estimate(u.value - sign * bend, noise),
            Estimate(float((sign * err).max()), noise),
            f"largest {name} at x = {x:.4g}",
            classes=K,
        )


def _mean(posterior: list[Posterior], law: Law, K: int) -> Estimate:
    fine, coarse = (
        mean_error(part, corrected.bin_index(corrected.equal_bins(law, K), part.labels.y)) for part in posterior
    )
    size = 1 + float(np.abs(posterior[0].labels.log_ratio).max())
    # m is good to some units of its size near the mode; Err's mean has the slope E|Err| ~ sqrt(2 mean) in it.
    return Estimate(fine, SAFETY * abs(fine - coarse) + 64 * EPSILON * (fine + size * math.sqrt(2 * max(fine, 0.0))))


def sharp(u: float, formula: Formula = SHARP) -> Estimate:
    """The sharp bound of the mean, from 40 digits."""
    number, _ = value(formula.left, {"u": u})
    return Estimate(number, 4 * EPSILON * abs(number))


def _limit(page: Page, law: Law, posterior: list[Posterior], x: float) -> None:
    """24 E_p Err/(d^2 E_p[m'^2]) as K grows."""
    squares = [float((part.labels.weight * np.exp(part.log_density) * part.slope**2).sum()) for part in posterior]
    steep = Estimate(squares[0], SAFETY * abs(squares[0] - squares[1]) + 64 * EPSILON * squares[0])
    ratios = [quotient(_mean(posterior, law, K), steep.scaled((law.length / K) ** 2 / 24)) for K in CLASSES]
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


def _extremes(page: Page, formula: Formula) -> None:
    """How far the means of e^(M|y' - y|) and e^(-M|y' - y|) over a bin are from their extremes, both integrals by quadrature."""
    M, left, right = ENDS["M"], ENDS["t_1"], ENDS["t_2"]

    def integral(sign: int, end: float) -> Estimate:
        return quadrature.integrate(lambda t: np.exp(sign * M * t), [0.0, end], 0.25)

    # Of the two lines the first speaks of growth, the other of decay.
    farther, nearer = (
        (integral(sign, left + right) - integral(sign, left) - integral(sign, right)).scaled(float(sign))
        for sign in (1, -1)
    )
    grows = formula.text.startswith(FARTHEST.lead)
    measured, what = (farther, "farthest") if grows else (nearer, "nearest")
    for expression in (formula.left, formula.right):
        expected = statements.side(expression, **ENDS)
        page.add("pointwise", "identity", expected, measured, f"the {what} label, M = 1.5, 0.3 and 0.9 from the ends")


def _affine_ends(page: Page, u: float) -> None:
    """m = M y on one bin: the density is M e^(M y)/(e^M - 1), and both ends are in closed form; they attain the bounds."""
    M = 2 * u
    bend = log_sinh_ratio(u)
    error = 32 * EPSILON * (2 + M)
    top, bottom = math.log(M) + M - math.log(math.expm1(M)), math.log(math.expm1(M) / M)
    for bound, end, name in ((u - bend, top, "upper"), (u + bend, bottom, "lower")):
        note = f"the {name} end, u = {u:g}"
        page.add("pointwise", "identity", Estimate(bound, error), Estimate(end, error), note)


def _affine_mean(page: Page, u: float, formula: Formula) -> None:
    """The mean of Err for m = M y attains the sharp bound, which is below the plain one."""
    mean = _affine(u)
    top = sharp(u, formula)
    page.add("mean_sharp", "identity", top, mean, f"attained by affine m, u = {u:g}")
    page.add("mean_sharp", "upper bound", statements.side(formula.right, u=u), mean, f"(M d)^2/24, u = {u:g}")


@lru_cache(maxsize=8)
def _affine(u: float) -> Estimate:
    M = 2 * u
    return quadrature.integrate(
        lambda t: M * np.exp(M * t) / math.expm1(M) * (M * t + math.log(M / math.expm1(M))), [0.0, 1.0], 0.25
    )


def two_labels(w: float) -> Estimate:
    """E_p Err in a bin of two labels of equal q-mass whose m differ by w."""
    masses = np.array([1.0, math.exp(w)]) / (1 + math.exp(w))
    return Estimate(float(masses @ np.log(2 * masses)), 16 * EPSILON)


GAUSSIAN_NOTE = "E Err over d^2/(24 s^2), d = s to s/8, extrapolated"


@lru_cache(maxsize=1)
def gaussian_limit() -> Estimate:
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
        mean = Estimate(
            sums[0], SAFETY * abs(sums[0] - sums[1]) + 64 * EPSILON * (sums[0] + math.sqrt(sums[0])) + 1e-18
        )
        ratios.append(quotient(mean, rounded(d * d / 24)))
    return richardson(ratios, 2, (2, 4))


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: E_p Err at three inputs against K and the width in noises, with the bounds and the asymptote at the middle one."""
    law = evidence.world.law
    if law.discrete or law.unsampled:
        return {}
    page = Page(evidence, "discretisation")
    low = float(law.support[0])
    widths = [law.length / K / evidence.world.channel.noise for K in CLASSES]
    drawn: dict[str, Any] = {"classes": list(CLASSES), "width": widths, "at": []}
    for share in INPUTS:
        x = low + share * law.length
        posterior = _posteriors(law, evidence.world.channel, x)[0]
        errors = [
            mean_error(posterior, corrected.bin_index(corrected.equal_bins(law, K), posterior.labels.y))
            for K in CLASSES
        ]
        drawn["at"].append({"x": x, "mean": errors})
        if share == INPUTS[1]:
            square = float((posterior.labels.weight * np.exp(posterior.log_density) * posterior.slope**2).sum())
            drawn["asymptote"] = [(law.length / K) ** 2 / 24 * square for K in CLASSES]
            M = steepest(page, x).value
            if math.isfinite(M) and not law.breakpoints:
                drawn["sharp"] = [sharp(M * law.length / K / 2).value for K in CLASSES]
                drawn["hoeffding"] = [(M * law.length / K) ** 2 / 8 for K in CLASSES]
    return drawn
