"""Gaussian labels on the whole line: the closed forms of the ledger against quadrature over the inputs."""

from __future__ import annotations

import math

import numpy as np

from numerics import quadrature
from numerics.checks.common import Page
from numerics.quadrature import EPSILON
from numerics.records import Estimate
from theory.claim import Claim
from theory.record import Result

MEAN_Q, VARIANCE_Q, MEAN_P, VARIANCE_P, NOISE = 0.3, 0.09, -0.2, 0.04, 0.05
"""Mean and variance of q_y and of p_y, and the variance of the channel's noise."""
WHERE = "Gaussian labels on the whole line"
SYMBOLS = {"m_q": MEAN_Q, "v_q": VARIANCE_Q, "m_p": MEAN_P, "v_p": VARIANCE_P, "s2": NOISE}


def price(page: Page, result: Result) -> None:
    """Both sides of the closed form of the price against E_{q(x)} KL(q(y|x)||p(y|x))."""
    from theory.formula import Formula, value

    for claim in result.claims:
        for line in claim.lines if isinstance(claim, Claim) and claim.name == "gaussian" else ():
            if not isinstance(line, Formula):
                continue
            measured = _price()
            with page.elsewhere(WHERE):
                for side in (line.left, line.right):
                    number, size = value(side, SYMBOLS)
                    expected = Estimate(number, 64 * EPSILON * size)
                    page.add("gaussian", "identity", expected, measured, "N(0.3, 0.09), N(-0.2, 0.04), noise 0.05")


def _price() -> Estimate:
    """E_{q(x)} KL(q(y|x)||p(y|x)) by quadrature over x, in units of the inputs' standard deviation."""
    spread = math.sqrt(VARIANCE_Q + NOISE)

    def posterior(mean: float, variance: float, x: np.ndarray) -> tuple[np.ndarray, float]:
        return (mean * NOISE + x * variance) / (variance + NOISE), variance * NOISE / (variance + NOISE)

    def integrand(t: np.ndarray) -> np.ndarray:
        x = MEAN_Q + spread * t
        (m, v), (n, u) = posterior(MEAN_Q, VARIANCE_Q, x), posterior(MEAN_P, VARIANCE_P, x)
        kl = 0.5 * (math.log(u / v) + v / u - 1 + (m - n) ** 2 / u)
        return kl * np.exp(-t * t / 2) / math.sqrt(2 * math.pi)

    return quadrature.integrate(integrand, [-12.0, 0.0, 12.0], 0.5, tail=1e-30)
