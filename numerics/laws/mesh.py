"""Panels on which a density is proved to have no feature that a quadrature rule could miss.

On each panel the logarithm of the density is analytic, and known to within `SPREAD`, on a rectangle around the ellipse through 1.5 times the panel's
half-width: a complex ball says so. Gauss-Legendre errors then fall at least like `2.6^(-2 n)` in the order n (Bernstein), so the difference of two orders
is an error estimate that is true. Panels halve towards whatever is in the way: a peak, a step, a root, a pole near the real line.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from numerics import deadline
from numerics.expression.calculus import derivative
from numerics.expression.tree import Constant, Expression, TrigonometricSeries
from unskew.ground.refusals import InputError

if TYPE_CHECKING:
    from flint import acb

    from numerics.laws.piece import Piece

SPREAD = 2.0
"""Radius of the logarithm's ball on a panel, in nats."""
REAL, IMAGINARY = Fraction(3, 2), Fraction(9, 8)
"""Half-axes of the rectangle, in half-widths of the panel."""
SHARE = 0.85
"""How far the density may move on a panel, as a share of its value in the middle: `-log(1 - 0.85)` is below `SPREAD`."""
PRECISION = 96
DEEPEST = 40
"""Halvings of the support. A panel at an end of a piece may be left there: it holds a root, whose integral over a share of 2^-40 of the support is below
2^-60, and its nodes are still 2^-49 from the end where doubles are 2^-53 apart."""
MOST_PANELS = 4_000


def panels(piece: Piece, length: Fraction, name: str) -> list[Fraction]:
    """Inner ends of the panels of a piece, ascending.

    Args:
      length: of the support.
      name: the density as the user gave it.

    Raises:
      InputError: more panels than `MOST_PANELS`, or one that would have to be narrower than doubles tell apart.
    """
    import flint

    if isinstance(piece.expression, Constant | TrigonometricSeries):
        return []
    cuts: list[Fraction] = []
    stack = [(piece.lower, piece.upper)]
    slope = derivative(piece.expression)
    # Doubles are coarser away from zero: a panel must still tell its nodes from its end.
    far = max(abs(piece.lower), abs(piece.upper), length) / length
    narrowest = length / 2**DEEPEST * 2 ** math.ceil(math.log2(far))
    with flint.ctx.workprec(PRECISION):
        while stack:
            left, right = stack.pop()
            deadline.check()
            if _smooth(piece, slope, left, right) or (
                right - left <= narrowest and (left == piece.lower or right == piece.upper)
            ):
                continue
            middle = (left + right) / 2
            if right - left <= narrowest / 2**6:
                raise InputError(
                    f"density {name!r} has a feature near y = {float(middle):.9g} narrower than doubles can follow",
                    "make it wider than 1e-12 of the support, or shorten the support around it",
                )
            cuts.append(middle)
            if len(cuts) > MOST_PANELS:
                raise InputError(
                    f"density {name!r} changes too often: more than {MOST_PANELS} smooth stretches, some narrower than {float(right - left):.2g}",
                    "shorten the support or make its features wider",
                )
            stack += [(middle, right), (left, middle)]
    return sorted(cuts)


def _smooth(piece: Piece, slope: Expression, left: Fraction, right: Fraction) -> bool:
    """By the ball of the logarithm; where that is too wide, by the mean value form `f(z) = f(c) + f'(Z) (z - c)` of the density itself."""
    from flint import acb

    from numerics.expression.balls import ball, exact

    around = rectangle(left, right)
    value = piece.log_ball(around, True)
    if value.is_finite() and value.real.rad() <= SPREAD and value.imag.rad() <= SPREAD:
        return True
    steep = ball(slope, around, True)
    if not steep.is_finite() or not piece.ball(around, True).is_finite():
        return False
    middle = acb(exact((left + right) / 2))
    center = piece.ball(middle)
    return bool((steep * (around - middle)).abs_upper() <= SHARE * center.abs_lower())


def rectangle(left: Fraction, right: Fraction) -> acb:
    """The complex ball around a panel."""
    from flint import acb, arb

    from numerics.expression.balls import exact

    middle, half = (left + right) / 2, (right - left) / 2
    return acb(arb(exact(middle), exact(REAL * half)), arb(0, exact(IMAGINARY * half)))
