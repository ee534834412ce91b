"""Rigorous integrals over x by Taylor series: KL(q_x||p_x) and E_{q(x)} (f_p - f_q)^2 for mixtures with closed form under the Gaussian channel.

Around a center c every mixture is p(c + t) = p(c) e^{a t} b(t), with a = (log p)'(c) and b(t) = e^{-t^2/(2 s^2)} E_{p(y|c)} exp(t (y - m)/s^2), m the
posterior mean at c; so b(0) = 1, b'(0) = 0. On the disc |t| <= rho

  |b(t)| <= e^{rho^2/s^2} (b(rho) + b(-rho)),

which bounds the Taylor coefficients that are not computed (Cauchy), hence S >= sup |b - 1| on a smaller disc |t| <= R. Where S < 1 the mixture has no
zero there and |log b| <= -log(1 - S). With log p and log q so bounded, the integrands are analytic and bounded on the disc, and the remainder of
their integrated Taylor series over |t| <= h < R follows from Cauchy once more. Coefficients are balls, so every step is certified.

The squared-error integrand uses f_p(x) - f_q(x) = s^2 d/dx log (p(x)/q(x)) (Tweedie's formula), so means need no integrals of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Protocol

import flint
from flint import arb, arb_series

from numerics import deadline
from numerics.certified.enclosure import NotCertified
from numerics.certified.truncated_moments import Smoothed
from numerics.expression.balls import exact

ORDER = 48
"""Taylor terms."""
STEP = Fraction(1, 8)
"""h in noises; R is 4 h, rho 16 h."""
DISC, OUTER = 4, 16
REACH = 10
"""Range of integration beyond the support, in noises; q has mass 1.6e-23 beyond."""
MOST_CENTERS = 8_000


class Mixed(Protocol):
    """A density of x that is a mixture of the Gaussian channel over labels."""

    def value(self, center: Fraction) -> arb:
        """The density at a point."""

    def series(self, center: Fraction) -> arb_series:
        """Its series in a displacement from the center."""


@dataclass(frozen=True)
class Mixture:
    """A density of x as a sum of closed forms.

    Attributes:
      parts: their sum integrates to 1.
    """

    parts: tuple[Smoothed, ...]

    def value(self, center: Fraction) -> arb:
        """The density at a point."""
        return sum((part(exact(center)) for part in self.parts), arb(0))

    def series(self, center: Fraction) -> arb_series:
        """Its series in a displacement from the center."""
        x = arb_series([exact(center), 1])
        total = self.parts[0](x)
        for part in self.parts[1:]:
            total = total + part(x)
        return total


@dataclass(frozen=True)
class Local:
    """A mixture around one center.

    Attributes:
      value: p(c).
      tilt: a = (log p)'(c).
      relative: the series of p(c + t)/p(c).
      spread: S, a bound of sup |b - 1| over the disc.
    """

    value: arb
    tilt: arb
    relative: arb_series
    spread: arb

    @cached_property
    def log_bound(self) -> arb:
        """sup |log b| over the disc."""
        return -(1 - self.spread).log()


class Unresolved(Exception):
    """A disc on which a mixture was not proved to be without zero: smaller steps are needed."""


def grid(support: tuple[Fraction, Fraction], noise: Fraction, step: Fraction) -> list[Fraction]:
    """Centers 2 h apart whose intervals cover the support and `REACH` noises beyond, and `OUTER` steps more on both sides for bounds."""
    low, high = support
    half = step * noise
    count = -int(-(high - low + 2 * REACH * noise) // (2 * half))
    if count > MOST_CENTERS:
        raise NotCertified(
            f"no certified price: {count} Taylor expansions", f"more than {MOST_CENTERS}; noise is too small"
        )
    start = low - REACH * noise
    margin = OUTER // 2
    return [start + (2 * i + 1) * half for i in range(-margin, count + margin)]


def locals_of(mixture: Mixed, centers: Sequence[Fraction], noise: Fraction, step: Fraction) -> list[Local]:
    """The mixture around each center but the margins.

    Raises:
      Unresolved: a disc is too large for a proof.
    """
    half = exact(step * noise)
    disc, outer = DISC * half, OUTER * half
    margin = OUTER // 2
    series = []
    for center in centers[margin:-margin]:
        deadline.check()
        series.append(mixture.series(center))
    values = [
        *(mixture.value(center) for center in centers[:margin]),
        *(one[0] for one in series),
        *(mixture.value(center) for center in centers[-margin:]),
    ]
    swell = (outer * outer / exact(noise * noise)).exp()
    ratio = disc / outer
    beyond = ratio**ORDER / (1 - ratio)
    found = []
    for index, one in enumerate(series, margin):
        deadline.check()
        value = values[index]
        if not value > 0:
            raise Unresolved
        relative = one / value
        tilt = relative[1]
        bent = relative * (arb_series([0, -tilt])).exp()
        largest = swell * (
            values[index + margin] / value * (-tilt * outer).exp()
            + values[index - margin] / value * (tilt * outer).exp()
        )
        spread = largest.abs_upper() * beyond
        power = disc
        for k in range(2, ORDER):
            power = power * disc
            spread += bent[k].abs_upper() * power
        if not spread < arb("0.9"):
            raise Unresolved
        found.append(Local(value, tilt, relative, spread))
    return found


def divergence(q: Sequence[Local], p: Sequence[Local], noise: Fraction, step: Fraction) -> tuple[arb, arb]:
    """int q log(q/p) and int q (s^2 (log p/q)')^2 over the centers' intervals, certified."""
    half = exact(step * noise)
    disc = DISC * half
    inner = disc * 2 / 3
    near, nearer = (half / disc) ** ORDER / (1 - half / disc), (half / inner) ** ORDER / (1 - half / inner)
    variance = exact(noise * noise)
    kl, square = arb(0), arb(0)
    for a, b in zip(q, p, strict=True):
        log_ratio = a.relative.log() - b.relative.log()
        level = (a.value / b.value).log()
        gap = log_ratio.derivative() * variance
        kl += a.value * _integrated(a.relative * (log_ratio + level), half)
        square += a.value * _integrated(a.relative * gap * gap, half)
        reach = (a.tilt - b.tilt).abs_upper() * disc + a.log_bound + b.log_bound
        height = a.value * (a.tilt.abs_upper() * disc).exp() * (1 + a.spread)
        kl_rest = 2 * half * height * (level.abs_upper() + reach) * near
        # Cauchy for the derivative: on |t| <= inner it is at most reach/(disc - inner).
        square_rest = 2 * half * height * (variance * reach / (disc - inner)) ** 2 * nearer
        kl += arb(0, 1) * kl_rest.abs_upper()
        square += arb(0, 1) * square_rest.abs_upper()
    return kl, square


def _integrated(series: arb_series, half: arb) -> arb:
    """The integral of the polynomial part over [-h, h]: odd powers cancel."""
    total, power = arb(0), 2 * half
    for k in range(0, min(ORDER, series.length()), 2):
        total += series[k] * power / (k + 1)
        power = power * half * half
    return total


class SeriesContext:
    """Sets the length of power series to `ORDER` for a `with` block."""

    def __enter__(self) -> None:
        self.before = flint.ctx.cap
        flint.ctx.cap = ORDER

    def __exit__(self, *_: object) -> None:
        flint.ctx.cap = self.before
