"""Expansion of the quantities of one bin in its half-width h, with Taylor coefficients as symbols; exact polynomials throughout.

A bin is centred at 0 and its labels are h*t with t in [-1, 1]. A function with derivatives f_1, f_2, ... at the centre is the polynomial
f_0 + f_1 h t + f_2 (h t)^2/2 + ...; a mean over the bin replaces t^n by 1/(n+1) for even n and by 0 for odd n.
"""

from __future__ import annotations

from collections.abc import Sequence

from sympy import QQ, factorial
from sympy.polys.ring_series import rs_exp, rs_log, rs_mul, rs_pow
from sympy.polys.rings import PolyElement, ring

ORDER = 5  # powers of h kept: 0 .. ORDER - 1
NAMES = ("h", "t", "l1", "l2", "l3", "l4", "g0", "g1", "g2", "g3", "g4")
RING, h, t, l1, l2, l3, l4, g0, g1, g2, g3, g4 = ring(NAMES, QQ)
L_DERIVATIVES = (l1, l2, l3, l4)
G_DERIVATIVES = (g1, g2, g3, g4)


def taylor(derivatives: Sequence[PolyElement], start: PolyElement | int = 0) -> PolyElement:
    """The Taylor polynomial of a function with these derivatives at the centre, in powers of h t."""
    terms = [f * (h * t) ** n * QQ(1, int(factorial(n))) for n, f in enumerate(derivatives, 1)]
    return sum(terms, RING(start))


def product(first: PolyElement, second: PolyElement) -> PolyElement:
    """Product, cut at h^ORDER."""
    return rs_mul(first, second, h, ORDER)


def exponential(polynomial: PolyElement) -> PolyElement:
    """e to a polynomial without constant term in h, cut."""
    return rs_exp(polynomial, h, ORDER)


def logarithm(polynomial: PolyElement) -> PolyElement:
    """The logarithm of a polynomial that is 1 at h = 0, cut."""
    return rs_log(polynomial, h, ORDER)


def reciprocal(polynomial: PolyElement) -> PolyElement:
    """One over a polynomial that is 1 at h = 0, cut."""
    return rs_pow(polynomial, -1, h, ORDER)


def mean(polynomial: PolyElement) -> PolyElement:
    """The mean over the bin under uniform labels."""
    averaged = RING(0)
    for powers, coefficient in polynomial.terms():
        n = powers[1]
        if n % 2 == 0:
            averaged += RING.from_dict({(powers[0], 0, *powers[2:]): coefficient / (n + 1)})
    return averaged


def tilt(log_ratio: PolyElement) -> tuple[PolyElement, PolyElement]:
    """e^l, and log of its mean over the bin."""
    grown = exponential(log_ratio)
    return grown, logarithm(mean(grown))


def divergence_of_uniform(log_ratio: PolyElement) -> PolyElement:
    """KL(uniform || tilted by e^l) = log mean e^l - mean l."""
    return tilt(log_ratio)[1] - mean(log_ratio)


def divergence_to_uniform(log_ratio: PolyElement) -> PolyElement:
    """KL(tilted by e^l || uniform) = mean(l e^l)/mean(e^l) - log mean e^l."""
    grown, log_mean = tilt(log_ratio)
    weighted = mean(product(log_ratio, grown))
    return product(weighted, reciprocal(mean(grown))) - log_mean


def below(polynomial: PolyElement, power: int) -> PolyElement:
    """The terms with fewer than `power` factors h: zero iff the polynomial is O(h^power)."""
    return RING.from_dict({monomial: c for monomial, c in polynomial.terms() if monomial[0] < power})
