"""Gaussian labels on the whole line: the closed forms of the ledger against quadrature over the inputs and the labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from numerics import quadrature
from numerics.checks.common import Page
from numerics.quadrature import EPSILON
from numerics.records import Estimate
from numerics.routes.route import Route, logarithm, power, product, total
from theory.record import Result
from theory.terms import Term
from theory.words import divergence_at_x, f_p, f_q, proxy

WHERE = "Gaussian labels on the whole line"


@dataclass(frozen=True)
class Labels:
    """Mean and variance of q_y and of p_y, and the variance of the channel's noise."""

    mean_q: float
    variance_q: float
    mean_p: float
    variance_p: float
    noise: float

    @property
    def text(self) -> str:
        """In words."""
        return f"N({self.mean_q:g}, {self.variance_q:g}), N({self.mean_p:g}, {self.variance_p:g}), noise {self.noise:g}"


LABELS = Labels(0.3, 0.09, -0.2, 0.04, 0.05)
ONE_VARIANCE = Labels(0.0, 1.0, 1.0, 1.0, 1.0)
"""Here (f_p - f_q)^2 is exactly 2 sigma^2 KL(q(y|x)||p(y|x)) at every x."""


def at_noise(here: Labels, variance: float) -> Labels:
    """The same labels behind another noise."""
    return replace(here, noise=variance)


INPUT = 0.7
"""Where pointwise statements are evaluated."""


def price(page: Page, result: Result) -> None:
    """Both sides of the closed form of the price against E_{q(x)} KL(q(y|x)||p(y|x))."""
    from theory.formula import Formula, value

    for claim in result.claims:
        for line in claim.lines if claim.name == "gaussian" else ():
            if not isinstance(line, Formula):
                continue
            _, measured = means(LABELS)
            with page.elsewhere(WHERE):
                for side in (line.left, line.right):
                    number, size = value(side, numbers(LABELS))
                    expected = Estimate(number, 64 * EPSILON * size)
                    page.add("gaussian", "identity", expected, measured, LABELS.text)


def numbers(labels: Labels) -> dict[str, float]:
    """By the names of the ledger's symbols."""
    own = {"m_q": labels.mean_q, "v_q": labels.variance_q, "m_p": labels.mean_p, "v_p": labels.variance_p}
    return {**own, "s2": labels.noise}


def means(labels: Labels) -> tuple[Estimate, Estimate]:
    """E_{q(x)} (f_p - f_q)^2 and E_{q(x)} KL(q(y|x)||p(y|x)) by quadrature over x, in units of the inputs' standard deviation."""
    spread, noise = math.sqrt(labels.variance_q + labels.noise), labels.noise

    def posterior(mean: float, variance: float, x: np.ndarray) -> tuple[np.ndarray, float]:
        return (mean * noise + x * variance) / (variance + noise), variance * noise / (variance + noise)

    def parts(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = labels.mean_q + spread * t
        (m, v), (n, u) = posterior(labels.mean_q, labels.variance_q, x), posterior(labels.mean_p, labels.variance_p, x)
        kl = 0.5 * (math.log(u / v) + v / u - 1 + (m - n) ** 2 / u)
        weight = np.exp(-t * t / 2) / math.sqrt(2 * math.pi)
        return weight * (m - n) ** 2, weight * kl

    edges = [-12.0, 0.0, 12.0]
    shift = quadrature.integrate(lambda t: parts(t)[0], edges, 0.5, tail=1e-30)
    return shift, quadrature.integrate(lambda t: parts(t)[1], edges, 0.5, tail=1e-30)


def at_input(labels: Labels) -> Route:
    """The route at one input: means, the variance of p(y|x) as its proxy, and the divergence, by quadrature over the labels."""

    def log_joint(y: np.ndarray, mean: float, variance: float) -> np.ndarray:
        return -((y - mean) ** 2) / (2 * variance) - (INPUT - y) ** 2 / (2 * labels.noise)

    laws = ((labels.mean_q, labels.variance_q), (labels.mean_p, labels.variance_p))

    def integral(law: int, factor: Callable[[np.ndarray], np.ndarray]) -> Estimate:
        return quadrature.integrate(
            lambda y: factor(y) * np.exp(log_joint(y, *laws[law])), [-12.0, 0.0, 12.0], 0.5, tail=1e-30
        )

    def mean(law: int, factor: Callable[[np.ndarray], np.ndarray]) -> Estimate:
        return product(integral(law, factor), power(integral(law, np.ones_like), -1))

    centres = [mean(law, lambda y: y) for law in (0, 1)]
    log_masses = [logarithm(integral(law, np.ones_like)) for law in (0, 1)]
    gap = mean(0, lambda y: log_joint(y, *laws[0]) - log_joint(y, *laws[1]))
    table: dict[Term, Estimate] = {
        f_q.definition: centres[0],
        f_p.definition: centres[1],
        proxy: mean(1, lambda y: (y - centres[1].value) ** 2),
        divergence_at_x.definition: total([gap, log_masses[1], log_masses[0].scaled(-1.0)]),
    }
    return Route("one input", "quadrature", lambda whole, _: table.get(whole))
