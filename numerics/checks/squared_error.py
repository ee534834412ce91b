"""squared_error: what the imbalanced conditional mean loses in squared error, and how the log-loss price bounds it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from numerics import finite, quadrature
from numerics.checks import exponential, fitted
from numerics.checks.common import Page, product, rounded, total
from numerics.checks.examples import ALL, Example, divergence, exact, posterior
from numerics.evidence import Evidence
from numerics.finite import FiniteWorld
from numerics.fits import Fits, Fitted
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate, Falsifier, Kind

RESULT = "squared_error"
GAUSSIAN = ((0.3, 0.09), (-0.2, 0.04))
"""Mean and variance of q_y and p_y on the whole line."""
SHARP = 1e-3
"""e of the two labels that make D^2/2 sharp."""
TOLD = Example(
    "three labels, the input tells {0, 1} from {1/2}",
    exact("0 1/2 1"),
    exact("1/4 1/2 1/4"),
    exact("499/10000 9/10 501/10000"),
    (exact("1 0"), exact("0 1"), exact("1 0")),
    (0, 1, 0),
)
"""The two labels of `SHARP` as one class of their own: what the correction leaves is all within it, and D^2/2 is as sharp."""


def checks(
    evidence: Evidence,
    *,
    shift_sign: float = 1.0,
    centred: bool = True,
    length_divisor: float = 2.0,
    square_divisor: float = 1.0,
    noise_factor: float = 2.0,
    offset_weight: float = 1.0,
    within: bool = True,
    exchanged: bool = False,
) -> list[Check]:
    """The squared-error price by means, by covariance and by risks; its bounds by the log-loss price; finite worlds; Gaussian labels.

    Args:
      shift_sign: sign of E(f_p - f_q)^2 in the difference of risks; 1 in the theorem.
      centred: use the covariance of y and r; without it the mean of their product.
      length_divisor: the bound is D^2 over this times the price; 2 in the theorem.
      square_divisor: the bound without the price is D^2 over this; 1 in the theorem.
      noise_factor: the Gaussian channel's bound is this times s^2 times the price; 2 in the theorem.
      offset_weight: factor of the squared constant shift in the Gaussian closed form; 1 in the theorem.
      within: the corrected mean shifts by the covariance of y and rhat = phat/q; without it of y and r, as if nothing were corrected.
      exchanged: take what is found of the corrected models and of the uncorrected ones for each other.
    """
    if exchanged and evidence.fits is not None:
        evidence = replace(evidence, fits=_exchanged(evidence.fits))
    page = Page(evidence, RESULT)
    found, law = evidence.quantities, evidence.world.law
    price = found.squared_error_price
    page.add(
        "pythagoras", "identity", price.scaled(shift_sign), found.squared_error_price_by_risk, "R_q(f_p) - R_q(f_q)"
    )
    page.add("covariance", "identity", found.squared_error_price_by_covariance, price, "E_{q(x)} (Cov(y, r)/Z)^2")
    square = rounded(law.length**2)
    bound = product(square.scaled(1 / length_divisor), found.price)
    page.add("divergence_bound", "upper bound", bound, price, "(D^2/2) E_q Delta", because=("price",))
    page.add("at_most_squared_length", "upper bound", square.scaled(1 / square_divisor), price, "D^2")
    _gaussian_channel(page, noise_factor)
    for entry in found.per_classes:
        K = entry.classes
        shift = entry.corrected_squared_error if within else found.squared_error_price_by_covariance
        page.add(
            "corrected_covariance",
            "identity",
            shift,
            entry.corrected_squared_error_by_means,
            "E_{q(x)} (fhat - f_q)^2",
            classes=K,
        )
        bound = product(square.scaled(1 / length_divisor), entry.corrected_excess)
        page.add(
            "corrected_bound",
            "upper bound",
            bound,
            entry.corrected_squared_error,
            "(D^2/2) corrected excess",
            classes=K,
        )
        exponential.add(page, "corrected_covariance", "corrected_squared_error", shift, K)
        fitted.add(page, "corrected_covariance", "corrected_squared_error", shift, K)
    exponential.add(page, "pythagoras", "squared_error_price", price.scaled(shift_sign))
    balanced = total(found.transferred_risk, price.scaled(-shift_sign))
    exponential.add(page, "balanced_risk", "balanced_risk", balanced)
    _certified(page, shift_sign)
    _certified_corrections(page, within)
    fitted.add(page, "pythagoras", "squared_error", price.scaled(shift_sign))
    fitted.add(page, "pythagoras", "histogram_squared_error", price.scaled(shift_sign))
    for example in ALL:
        with page.elsewhere(example.name):
            _finite(page, example, shift_sign, centred, length_divisor)
            _finite_correction(page, example, within, exchanged)
    with page.elsewhere("two labels, an input that says nothing"):
        _sharp(page, length_divisor, square_divisor)
    with page.elsewhere(TOLD.name):
        left = divergence(*(posterior(law, TOLD.k) * (TOLD.q @ TOLD.k) for law in (TOLD.q, TOLD.corrected)))
        bound = left.scaled(TOLD.length**2 / length_divisor)
        page.add("corrected_bound", "upper bound", bound, TOLD.found(finite.corrected_squared_error))
    with page.elsewhere("Gaussian labels on the whole line"):
        _whole_line(page, noise_factor, offset_weight, length_divisor)
    return page.checks


def _exchanged(fits: Fits) -> Fits:
    """The fits with the squared errors of corrected and of uncorrected models filed under each other's names."""
    corrected = [entry for entry in fits.quantities if entry.name == "corrected_squared_error"]
    plain = fits.find("squared_error")
    if plain is None or not corrected:
        return fits

    def filed(entry: Fitted) -> Fitted:
        other = {"corrected_squared_error": plain, "squared_error": corrected[0]}.get(
            entry.name.removeprefix("histogram_")
        )
        if other is None:
            return entry
        return replace(other, name=entry.name, classes=entry.classes, predicted=entry.predicted, exact=entry.exact)

    return replace(fits, quantities=tuple(map(filed, fits.quantities)))


def _gaussian_channel(page: Page, noise_factor: float) -> None:
    here, found = page.evidence.world, page.evidence.quantities
    claim: str = "gaussian_channel_bound"
    kind: Kind = "upper bound"
    if here.channel.name != "gaussian":
        page.skip(claim, kind, f"the {here.channel.name} channel: the claim is about the Gaussian one")
    elif here.law.discrete:
        page.skip(claim, kind, "discrete labels: no density whose logarithm could be concave")
    elif not _concave(page):
        page.skip(claim, kind, "the log ratio is not concave")
    else:
        bound = found.price.scaled(noise_factor * here.channel.noise**2)
        page.add(claim, kind, bound, found.squared_error_price, "2 s^2 E_q Delta", because=("price",))


def _concave(page: Page) -> bool:
    """Whether l' falls from node to node, up to its own rounding, with no breakpoint that could hide a jump or a kink upwards."""
    law = page.evidence.world.law
    if law.breakpoints:
        return False
    nodes = law.nodes((), 8, law.length / 512)
    slack = 64 * EPSILON * float(np.max(np.abs(nodes.slope)))
    return bool(np.all(np.diff(nodes.slope) <= slack))


def _certified(page: Page, shift_sign: float) -> None:
    certificates, found = page.evidence.certificates, page.evidence.quantities
    if certificates is not None and certificates.squared_error_price is not None:
        ball = certificates.squared_error_price.estimate
        page.add(
            "price_by_quadrature",
            "identity",
            ball,
            found.squared_error_price.scaled(shift_sign),
            "E_{q(x)} (f_p - f_q)^2",
            source="certified",
        )


def _certified_corrections(page: Page, within: bool) -> None:
    """E_{q(x)} (fhat - f_q)^2 enclosed, for the numbers of classes that are certified."""
    certificates, found = page.evidence.certificates, page.evidence.quantities
    inputs = None if certificates is None else certificates.inputs
    for ball in () if inputs is None else inputs.corrections:
        entry = next(entry for entry in found.per_classes if entry.classes == ball.classes)
        page.add(
            "corrected_covariance",
            "identity",
            ball.corrected_squared_error.estimate,
            entry.corrected_squared_error if within else found.squared_error_price_by_covariance,
            "E_{q(x)} (fhat - f_q)^2",
            source="certified",
            classes=entry.classes,
        )


def _finite(page: Page, example: Example, shift_sign: float, centred: bool, length_divisor: float) -> None:
    q, p, k, y = example.q, example.p, example.k, example.y
    posterior_q, posterior_p, q_x = posterior(q, k), posterior(p, k), q @ k
    f_q, f_p = y @ posterior_q, y @ posterior_p
    size = float(np.max(np.abs(y))) ** 2

    shift = example.found(finite.squared_error_price, size)
    risks = example.found(lambda here: finite.risk(here, q, f_p), size) - example.found(
        lambda here: finite.risk(here, q, f_q), size
    )
    told = rounded(float(q_x @ (f_p - f_q) ** 2), 16, size)
    page.add("pythagoras", "identity", told.scaled(shift_sign), risks)
    ratio = p / q
    Z = ratio @ posterior_q
    covariance = (y * ratio) @ posterior_q - (f_q * Z if centred else 0.0)
    page.add(
        "covariance",
        "identity",
        rounded(float(q_x @ (covariance / Z) ** 2), 16, size),
        shift,
        "mean square of the shift",
    )
    price = divergence(posterior_q * q_x, posterior_p * q_x)
    page.add("divergence_bound", "upper bound", price.scaled(example.length**2 / length_divisor), shift)


def _finite_correction(page: Page, example: Example, within: bool, exchanged: bool) -> None:
    """The corrected shift as a covariance, against the means of both posteriors as they are written."""
    size = float(np.max(np.abs(example.y))) ** 2
    by_means = example.found(finite.squared_error_price if exchanged else finite.corrected_squared_error, size)
    balanced, q_x = posterior(example.q, example.k), example.q @ example.k
    ratio = (example.corrected if within else example.p) / example.q
    covariance = (example.y * ratio) @ balanced - (example.y @ balanced) * (ratio @ balanced)
    told = rounded(float(q_x @ (covariance / (ratio @ balanced)) ** 2), 16, size)
    page.add("corrected_covariance", "identity", told, by_means, "E_{q(x)} (fhat - f_q)^2")


def _sharp(page: Page, length_divisor: float, square_divisor: float) -> None:
    """Labels 0 and D = 1, an input that says nothing: p = (1/2 - e, 1/2 + e) for the bound by the price, and p = (0, 1), q = (1 - e, e),
    where the price is infinite, for the bound without it.

    The first ratio to the bound is 2 e^2/(2 e^2 + 4 e^4 + ...).
    """
    e = SHARP
    price = divergence(np.array([0.5, 0.5]), np.array([0.5 - e, 0.5 + e]))
    ratio = e * e / (price.value / length_divisor)
    page.add(
        "divergence_bound_sharp",
        "asymptotic",
        Estimate(1.0, 0.0),
        Estimate(ratio, ratio * (price.error / price.value + 8 * EPSILON)),
        f"e = {e:g}; allowance 2 e^2 + 6 e^4 from the series of -(1/2) log(1 - 4 e^2)",
        allowance=2 * e**2 + 6 * e**4,
    )
    near, far = (
        rounded(
            finite.squared_error_price(FiniteWorld(q, p, np.ones((2, 1)), np.array([0.0, 1.0]), ((0, 1),))), 16, 1.0
        )
        for q, p in (
            (np.array([0.5, 0.5]), np.array([0.5 - e, 0.5 + e])),
            (np.array([1 - e, e]), np.array([0.0, 1.0])),
        )
    )
    page.add(
        "divergence_bound", "upper bound", price.scaled(1 / length_divisor), near, f"p = (1/2 - e, 1/2 + e), e = {e:g}"
    )
    bound = Estimate(1 / square_divisor, 0.0)
    page.add("at_most_squared_length", "upper bound", bound, far, f"p = (0, 1), q = (1 - e, e), e = {e:g}")


def _gaussian_means(mean_q: float, var_q: float, mean_p: float, var_p: float, s2: float) -> tuple[Estimate, Estimate]:
    """E_{q(x)} (f_p - f_q)^2 and E_q Delta by quadrature over x, labels on the whole line."""

    def parts(t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        x = mean_q + math.sqrt(var_q + s2) * t
        f_q, f_p = ((mean * s2 + x * v) / (v + s2) for mean, v in ((mean_q, var_q), (mean_p, var_p)))
        v, u = (var * s2 / (var + s2) for var in (var_q, var_p))
        kl = 0.5 * (math.log(u / v) + v / u - 1 + (f_p - f_q) ** 2 / u)
        weight = np.exp(-t * t / 2) / math.sqrt(2 * math.pi)
        return weight * (f_p - f_q) ** 2, weight * kl

    edges = [-12.0, 0.0, 12.0]
    shift = quadrature.integrate(lambda t: parts(t)[0], edges, 0.5, tail=1e-30)
    return shift, quadrature.integrate(lambda t: parts(t)[1], edges, 0.5, tail=1e-30)


def _whole_line(page: Page, noise_factor: float, offset_weight: float, length_divisor: float) -> None:
    """Gaussian labels: the closed form, equality in the sub-Gaussian bound for one variance, and the failure of bounds with D."""
    (mean_q, var_q), (mean_p, var_p) = GAUSSIAN
    s2 = 0.05
    shift, _ = _gaussian_means(mean_q, var_q, mean_p, var_p, s2)
    A = var_p / (var_p + s2) - var_q / (var_q + s2)
    B = (mean_p - mean_q) * s2 / (var_p + s2)
    told = rounded(A * A * (var_q + s2) + offset_weight * B * B, 16)
    page.add("gaussian", "identity", told, shift, "N(0.3, 0.09) and N(-0.2, 0.04), noise variance 0.05")
    shift, price = _gaussian_means(0.0, 1.0, 1.0, 1.0, 1.0)
    # Posterior variance 1/2: the bound 2 sigma^2 KL is met with equality.
    page.add(
        "sub_gaussian_bound",
        "upper bound",
        price.scaled(noise_factor * 0.5),
        shift,
        "N(0, 1), N(1, 1), noise variance 1: equality",
    )
    page.add(
        "sub_gaussian_equality",
        "identity",
        price.scaled(noise_factor * 0.5),
        shift,
        "N(0, 1), N(1, 1), noise variance 1",
    )
    page.add(
        "whole_line",
        "counterexample",
        price.scaled(1 / length_divisor),
        shift,
        "N(0, 1), N(1, 1), noise variance 1, D = 1: (D^2/2) E_q Delta",
    )
    page.add("whole_line_excess", "identity", rounded(1 / 8), total(shift, price.scaled(-1 / length_divisor)), "m^2/8")


FALSIFIERS = (
    Falsifier(RESULT, "sign", "R_q(f_p) is below R_q(f_q)", lambda evidence: checks(evidence, shift_sign=-1.0)),
    Falsifier(
        RESULT, "not centred", "E[y r] in place of the covariance", lambda evidence: checks(evidence, centred=False)
    ),
    Falsifier(RESULT, "quarter", "D^2/4 in place of D^2/2", lambda evidence: checks(evidence, length_divisor=4.0)),
    Falsifier(RESULT, "no half", "D^2 in place of D^2/2", lambda evidence: checks(evidence, length_divisor=1.0)),
    Falsifier(
        RESULT,
        "variance",
        "D^2/4, the bound of a variance, for D^2",
        lambda evidence: checks(evidence, square_divisor=4.0),
    ),
    Falsifier(RESULT, "one", "s^2 in place of 2 s^2", lambda evidence: checks(evidence, noise_factor=1.0)),
    Falsifier(
        RESULT,
        "constant shift",
        "the constant part of the Gaussian shift is left out",
        lambda evidence: checks(evidence, offset_weight=0.0),
    ),
    Falsifier(RESULT, "whole ratio", "r in place of rhat = phat/q", lambda evidence: checks(evidence, within=False)),
    Falsifier(
        RESULT,
        "exchanged",
        "corrected and uncorrected models taken for each other",
        lambda evidence: checks(evidence, exchanged=True),
    ),
)
