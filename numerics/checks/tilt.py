"""tilt: p(y|x) = q(y|x) r(y)/Z(x), so the log-loss gains the extra error term Delta(x, y) = log Z(x) - l(y)."""

from __future__ import annotations

import numpy as np

from numerics import quadrature
from numerics.checks.common import Page, rounded
from numerics.checks.examples import ALL, Example, posterior
from numerics.evidence import Evidence
from numerics.laws.density import Density
from numerics.laws.discrete import DiscreteLaw
from numerics.quadrature import EPSILON, ROUNDING
from numerics.records import Check, Estimate, Falsifier
from numerics.world import World

RESULT = "tilt"
ORDERS = (16, 11)
LABELS = 31
REACH = 12.0
"""Half-width in standard deviations on the whole line: a Gaussian has less than 4e-33 of its mass beyond."""


def checks(
    evidence: Evidence,
    *,
    ratio_sign: float = 1.0,
    evidence_weight: float = 1.0,
    shift_factor: float = 1.0,
    precision_sign: float = -1.0,
) -> list[Check]:
    """The extra error term at three inputs, the same on finite worlds, and the Gaussian tilt on the whole line.

    Args:
      ratio_sign: sign of l inside the tilt; 1 in the theorem.
      evidence_weight: factor of log Z in Delta; 1 in the theorem.
      shift_factor: the mean moves by this times alpha s^2; 1 in the theorem.
      precision_sign: of beta s^2 in the tilted precision (1 - beta s^2)/s^2; -1 in the theorem.
    """
    page = Page(evidence, RESULT)
    _at_inputs(page, ratio_sign, evidence_weight)
    for example in ALL:
        with page.elsewhere(example.name):
            _finite(page, example, ratio_sign, evidence_weight)
    with page.elsewhere("Gaussian labels on the whole line"):
        _whole_line(page, shift_factor, precision_sign)
    return page.checks


def _at_inputs(page: Page, ratio_sign: float, evidence_weight: float) -> None:
    """Delta at three inputs, at the label where it is largest, and Z there: once as E_q(y|x)[r] on the law's nodes, once from the two
    posteriors, each with its own normaliser, integrated from the density on other panels."""
    here = page.evidence.world
    low, high = (float(end) for end in here.law.support)
    for share in (0.1, 0.5, 0.9):
        x = low + share * (high - low)
        log_z = _log_mean_ratio(here, x)
        p_x, q_x = _integral(here, x, True), _integral(here, x, False)
        log_share = Estimate(float(np.log(p_x.value / q_x.value)), _normaliser_error(p_x, q_x))
        told = log_z.scaled(evidence_weight)
        page.add("posterior", "identity", told, log_share, f"log Z = log p(x)/q(x) at x = {x:.4g}")
        labels, log_ratio, gap = _posteriors(here, p_x, q_x)
        worst = int(np.argmax(np.abs(gap)))
        theory = evidence_weight * log_z.value - ratio_sign * float(log_ratio[worst])
        size = 1.0 + abs(float(log_ratio[worst]))
        error = log_z.error * max(1.0, evidence_weight) + ROUNDING * EPSILON * size
        page.add(
            "extra_error",
            "identity",
            Estimate(theory, error),
            Estimate(float(gap[worst]), _normaliser_error(p_x, q_x) + ROUNDING * EPSILON * size),
            f"at x = {x:.4g}, y = {labels[worst]:.4g}",
        )


def _log_mean_ratio(here: World, x: float) -> Estimate:
    """log Z(x) = log E_{q(y|x)}[r] on the nodes of the law, by two orders."""
    values = []
    for order in ORDERS:
        nodes = here.law.nodes((), order, here.channel.noise)
        log_weight = here.channel.log_density(x, nodes.y)
        weight = nodes.weight * np.exp(log_weight - log_weight.max())
        values.append(float(np.log(np.sum(weight * np.exp(nodes.log_ratio)) / np.sum(weight))))
    gap = abs(values[0] - values[-1])
    return Estimate(values[0], quadrature.SAFETY * gap + 2 * ROUNDING * EPSILON * (1 + abs(values[0])))


def _integral(here: World, x: float, tilted: bool) -> Estimate:
    """p(x), or q(x), from the density itself (for a discrete law: from its counts) on panels of half a noise."""
    law, channel = here.law, here.channel
    if isinstance(law, DiscreteLaw):
        atoms, counts = np.array([float(atom) for atom in law.atoms]), np.array(law.counts, float)
        mass = counts / counts.sum() if tilted else np.full(len(atoms), 1 / len(atoms))
        terms = mass * np.exp(channel.log_density(x, atoms))
        return Estimate(float(terms.sum()), ROUNDING * EPSILON * float(terms.sum()))

    assert isinstance(law, Density)

    def integrand(y: np.ndarray) -> np.ndarray:
        density = law.density(y) if tilted else np.full_like(y, 1 / law.length)
        return density * np.exp(channel.log_density(x, y))

    edges = [float(edge) for edge in (law.support[0], *law.mesh, law.support[1])]
    return quadrature.integrate(integrand, edges, channel.noise / 2)


def _normaliser_error(p_x: Estimate, q_x: Estimate) -> float:
    """Error of log p(x) - log q(x)."""
    return p_x.error / p_x.value + q_x.error / q_x.value + 4 * EPSILON


def _posteriors(here: World, p_x: Estimate, q_x: Estimate) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, l there, and log q(y|x) - log p(y|x) from the two posteriors; labels that p never samples are left out."""
    law = here.law
    if isinstance(law, DiscreteLaw):
        counts = np.array(law.counts, float)
        seen = counts > 0
        labels = np.array([float(atom) for atom in law.atoms])[seen]
        p, q = counts[seen] / counts.sum(), np.full(int(seen.sum()), 1 / len(counts))
        log_ratio = law.nodes((), 1, float("inf")).log_ratio[seen]
    else:
        assert isinstance(law, Density)
        low, high = (float(end) for end in law.support)
        labels = low + (high - low) * (np.arange(LABELS) + 0.5) / LABELS
        p, q = np.asarray(law.density(labels)), np.full(LABELS, 1 / law.length)
        log_ratio = np.asarray(law.log_density(labels)) + np.log(law.length)
    # k(x|y) belongs to both posteriors; it is left out because far from x it is below the smallest double.
    balanced, imbalanced = q / q_x.value, p / p_x.value
    return labels, log_ratio, np.log(balanced) - np.log(imbalanced)


def _finite(page: Page, example: Example, ratio_sign: float, evidence_weight: float) -> None:
    """Delta at every pair of a finite world; the pair where the two sides differ most."""
    q, p, k = example.q, example.p, example.k
    posterior_q, posterior_p = posterior(q, k), posterior(p, k)
    ratio = p / q
    mean_ratio = ratio @ posterior_q
    theory = evidence_weight * np.log(mean_ratio)[None, :] - ratio_sign * np.log(ratio)[:, None]
    there = k > 0
    numeric = np.where(there, np.log(np.where(there, posterior_q, 1)) - np.log(np.where(there, posterior_p, 1)), theory)
    y, x = np.unravel_index(int(np.argmax(np.abs(theory - numeric))), k.shape)
    page.add(
        "extra_error",
        "identity",
        rounded(float(theory[y, x]), 16, 1.0 + abs(float(theory[y, x]))),
        rounded(float(numeric[y, x]), 16, 1.0 + abs(float(numeric[y, x]))),
        f"the pair of label {y + 1} and input {x + 1}, where the sides differ most",
    )


def _whole_line(page: Page, shift_factor: float, precision_sign: float) -> None:
    """A Gaussian posterior of standard deviation s under an affine and a quadratic log ratio, by quadrature."""
    s = float(page.evidence.world.channel.noise)
    for slope, bend in ((-0.7, 0.0), (0.4, -0.5)):
        # slope and bend in units of 1/s and 1/s^2
        mean, variance = _tilted_moments(slope, bend)
        precision = 1 + precision_sign * bend
        told_mean, told_variance = shift_factor * slope / precision, 1 / precision
        claim = "gaussian_variance" if bend else "gaussian_shift"
        words = f"l = {slope:g} (y/s)" + (f" + {bend / 2:g} (y/s)^2" if bend else "")
        page.add(claim, "identity", rounded(told_mean * s), mean.scaled(s), f"{words}: mean")
        page.add(claim, "identity", rounded(told_variance * s * s), variance.scaled(s * s), f"{words}: variance")


def _tilted_moments(slope: float, bend: float) -> tuple[Estimate, Estimate]:
    """Mean and variance of exp(-t^2/2 + slope t + bend t^2/2), normalised."""

    def moment(power: int) -> Estimate:
        def integrand(t: np.ndarray) -> np.ndarray:
            return t**power * np.exp(-t * t / 2 + slope * t + bend * t * t / 2)

        return quadrature.integrate(integrand, [-REACH, 0.0, REACH], 0.5)

    moments = [moment(power) for power in (0, 1, 2)]
    mass = moments[0]

    def over_mass(top: Estimate) -> Estimate:
        value = top.value / mass.value
        return Estimate(value, (top.error + abs(value) * mass.error) / mass.value + EPSILON * abs(value))

    mean, second = over_mass(moments[1]), over_mass(moments[2])
    square = Estimate(mean.value**2, 2 * abs(mean.value) * mean.error + EPSILON * mean.value**2)
    return mean, second - square


FALSIFIERS = (
    Falsifier(RESULT, "inverted", "q/p in place of r = p/q", lambda evidence: checks(evidence, ratio_sign=-1.0)),
    Falsifier(
        RESULT, "labels only", "log Z is left out of Delta", lambda evidence: checks(evidence, evidence_weight=0.0)
    ),
    Falsifier(
        RESULT, "twice", "the Gaussian mean moves by 2 alpha s^2", lambda evidence: checks(evidence, shift_factor=2.0)
    ),
    Falsifier(
        RESULT,
        "wider",
        "a concave quadratic log ratio widens the posterior",
        lambda evidence: checks(evidence, precision_sign=1.0),
    ),
)
