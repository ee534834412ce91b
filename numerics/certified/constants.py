"""Certified constants of the theory: the thresholds of `bin_width`, Specht's constant of `remainder`, tanh(w/4) of `risk`, log(sinh u/u).

Everything in ball arithmetic; thresholds are roots of monotone functions, bracketed by strict signs, so each enclosure holds exactly one root.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import flint
from flint import arb

from numerics.certified.bounds import log_sinh_ratio, specht
from numerics.certified.enclosure import Enclosure, NotCertified, enclosure
from numerics.expression.balls import PRECISION, exact

BISECTIONS = 110
"""Halvings of a bracket of length 1: 33 digits."""


def excess_ratio(t: arb) -> arb:
    """Corrected excess over price in the limit of `bin_width`, t = d/s: 2 sum_k (1 - e^{-a k^2})/(a k^2), a = 4 pi^2/t^2.

    Written as t^2/12 - (2/a) sum_k e^{-a k^2}/k^2; each term (1 - e^{-u})/u of the first form falls in u = a k^2, so the ratio rises in t.
    """
    a = 4 * arb.pi() ** 2 / (t * t)
    return t * t / 12 - 2 / a * _theta_sum(a, 2)


def squared_error_ratio(t: arb) -> arb:
    """The same for squared error: 2 sum_k e^{-a k^2}, a = 4 pi^2/t^2; rises in t term by term."""
    return 2 * _theta_sum(4 * arb.pi() ** 2 / (t * t), 0)


def _theta_sum(a: arb, power: int) -> arb:
    """sum_k e^{-a k^2}/k^power; what is left after n terms is below e^{-a n^2} e^{-2 a n}/(1 - e^{-2 a n}), since (n+j)^2 >= n^2 + 2 n j."""
    if not a > 0:
        raise ValueError("a must be positive")
    total, n = arb(0), 0
    while True:
        n += 1
        term = (-a * n * n).exp()
        total += term / arb(n) ** power
        if term < arb(2) ** -(flint.ctx.prec + 8):
            step = (-2 * a * n).exp()
            rest = (term * step / (1 - step)).abs_upper()
            return total + rest * arb("0.5 +/- 0.5")


def _root(function: Callable[[arb], arb], low: Fraction, high: Fraction, what: str) -> Enclosure:
    """The root of a rising function in a bracket, by bisection with strict signs."""
    with flint.ctx.workprec(PRECISION):
        if not (function(exact(low)) < 0 and function(exact(high)) > 0):
            raise NotCertified(f"no certified {what}", "the bracket's ends have no strict signs")
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            value = function(exact(middle))
            if value < 0:
                low = middle
            elif value > 0:
                high = middle
            else:
                break
        return enclosure(arb(exact((low + high) / 2), exact((high - low) / 2)), what)


def excess_threshold() -> Enclosure:
    """d/s above which the correction costs more than the price (result `bin_width`); 3.508 in the sheet."""
    return _root(lambda t: excess_ratio(t) - 1, Fraction(3), Fraction(4), "threshold of the corrected excess")


def squared_error_threshold() -> Enclosure:
    """d/s above which the corrected squared error exceeds the squared-error price; 7.090 in the sheet."""
    return _root(lambda t: squared_error_ratio(t) - 1, Fraction(7), Fraction(8), "threshold of the squared error")


@dataclass(frozen=True)
class Attained:
    """A sharp constant and the example that attains it.

    Attributes:
      bound: the constant.
      attained: the same quantity on the example, computed from the example.
      share: the example's free parameter: the q-mass of its upper point.
    """

    bound: Enclosure
    attained: Enclosure
    share: Enclosure


def specht_constant(w: Fraction) -> Attained:
    """h(w), and the two-point bin that attains it: l in {0, w}, upper share 1/w - 1/(e^w - 1); there KL = log E e^l - E l.

    Raises:
      ValueError: w is not positive.
    """
    with flint.ctx.workprec(PRECISION):
        width = _positive(w)
        share = 1 / width - 1 / width.expm1()
        return Attained(
            enclosure(specht(width), "Specht's constant"),
            enclosure(two_point_divergence(width, share), "divergence of a two-point bin"),
            enclosure(share, "share"),
        )


def two_point_divergence(w: arb, share: arb) -> arb:
    """KL(q||p) on two points with log p/q rising by w from the lower to the upper, which has q-mass `share`."""
    return (1 + share * w.expm1()).log() - share * w


def tanh_constant(w: Fraction) -> Attained:
    """tanh(w/4), and its two-point bin: e in {0, 1}, upper share 1/(1 + e^{w/2}); there |e^q - e^p| is the bound times osc(e) = 1.

    Raises:
      ValueError: w is not positive.
    """
    with flint.ctx.workprec(PRECISION):
        width = _positive(w)
        share = 1 / (1 + (width / 2).exp())
        return Attained(
            enclosure((width / 4).tanh(), "tanh(w/4)"),
            enclosure(two_point_shift(width, share), "shift of a two-point bin"),
            enclosure(share, "share"),
        )


def two_point_shift(w: arb, share: arb) -> arb:
    """p-mass minus q-mass of the upper point, as in `two_point_divergence`."""
    lifted = share * w.exp()
    return lifted / (1 - share + lifted) - share


def affine_remainder(u: Fraction) -> Attained:
    """log(sinh u/u), and W of an affine log ratio on one bin: log N + u-average, from the exponential density's own integrals.

    l = -2 u y on [0, 1]: KL(q||p) = log int e^{-2 u y} dy + 2 u/2.

    Raises:
      ValueError: u is not positive.
    """
    with flint.ctx.workprec(PRECISION):
        half = _positive(u)
        mass = -(-2 * half).expm1() / (2 * half)
        return Attained(
            enclosure(log_sinh_ratio(half), "log(sinh u/u)"),
            enclosure(mass.log() + half, "remainder of an affine log ratio"),
            enclosure(arb("0.5"), "share"),
        )


def _positive(value: Fraction) -> arb:
    if value <= 0:
        raise ValueError("must be positive")
    return exact(value)
