"""Rigorous enclosures of what a centre decoder is off on smoothed targets, in units of the bin width: the direct sum, and the bound."""

from __future__ import annotations

from fractions import Fraction

import flint
from flint import arb

from numerics.certified.enclosure import Enclosure, enclosure
from numerics.expression.balls import PRECISION, exact

HARMONICS = 64


def soft_bias(place: Fraction, ratio: Fraction) -> Enclosure:
    """The mean centre less the label, for the label at `place` and smoothing of width `ratio`, on the line, as a sum over bins.

    Bins beyond n hold mass at most 2 e^(-(c - 1)^2/(2 ratio^2)) each; with n at least 14 ratios and four bins away successive terms fall by more than half.
    """
    with flint.ctx.workprec(PRECISION):
        y, width = exact(place), exact(ratio)
        far = int(14 * ratio) + 6

        def share(edge: int) -> arb:
            return (-(edge - y) / (width * arb(2).sqrt())).erfc() / 2

        total = sum((exact(Fraction(2 * c + 1, 2)) * (share(c + 1) - share(c)) for c in range(-far, far)), arb(0))
        beyond = 8 * (far + 2) * (-(exact(Fraction(far - 1)) ** 2) / (2 * width**2)).exp()
        return enclosure(total - y + arb(0, 1) * beyond, "bias of soft targets")


def soft_bias_bound(ratio: Fraction) -> Enclosure:
    """(1/pi) sum_k e^(-2 pi^2 k^2 ratio^2)/k."""
    with flint.ctx.workprec(PRECISION):
        rate = 2 * arb.pi() ** 2 * exact(ratio) ** 2
        total = sum(((-rate * k * k).exp() / k for k in range(1, HARMONICS)), arb(0))
        beyond = (-rate * HARMONICS**2).exp() / (1 - (-rate).exp())
        return enclosure((total + arb("0.5 +/- 0.5") * beyond) / arb.pi(), "bound on the bias of soft targets")
