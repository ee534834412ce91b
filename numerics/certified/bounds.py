"""Certified upper bounds on W (result `remainder`): Specht's constant, Hoeffding's, and the two for a Lipschitz log ratio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Any

from flint import acb, arb

from numerics.certified.enclosure import Enclosure, NotCertified, enclosure, extremes
from numerics.expression.balls import ball, exact
from numerics.expression.tree import Expression

SERIES_BELOW = 2.0**-40
"""Below this the closed forms lose as many bits as the bound is worth; Taylor's with a rigorous remainder take over."""


@dataclass(frozen=True)
class RemainderBounds:
    """Certified bounds; the true number of each lies in its enclosure.

    Attributes:
      oscillation: w_c, one for each bin.
      specht: sum_c q_c h(w_c), bound (a).
      hoeffding: sum_c q_c w_c^2/8.
      lipschitz: L = sup |l'|; None for discrete laws and where l jumps.
      sinh: log(sinh u/u), u = L d/2, bound (b); None likewise.
      square: (L d)^2/24; None likewise.
    """

    oscillation: tuple[Enclosure, ...]
    specht: Enclosure
    hoeffding: Enclosure
    lipschitz: Enclosure | None = None
    sinh: Enclosure | None = None
    square: Enclosure | None = None


def specht(w: arb) -> arb:
    """h(w) = log((e^w - 1)/w) - 1 + w/(e^w - 1): the log of Specht's ratio, the most that KL(q||p) can be when log p/q varies by w.

    h(w) = w^2/8 - w^4/576 + ..., and h(w) <= w^2/8 (Hoeffding); near zero the ball is [w^2/8 - w^4/576 - w^6/1000, w^2/8], whose lower end follows from
    the alternating series of log(sinh(w/2)/(w/2)) and (w/2) coth(w/2).
    """
    if not w > SERIES_BELOW:
        top = w.abs_upper() ** 2 / 8
        bottom = w.abs_lower() ** 2 / 8 - w.abs_upper() ** 4 / 576 - w.abs_upper() ** 6 / 1000
        return bottom.union(top)
    grown = w.expm1()
    return (grown / w).log() - 1 + w / grown


def log_sinh_ratio(u: arb) -> arb:
    """log(sinh u/u) for u >= 0, between u^2/6 - u^4/180 and u^2/6 near zero."""
    if not u > SERIES_BELOW:
        top = u.abs_upper() ** 2 / 6
        return (u.abs_lower() ** 2 / 6 - u.abs_upper() ** 4 / 180).union(top)
    return u + (1 - (-2 * u).exp()).log() - (2 * u).log()


def density_bounds(law: Any, partitions: Sequence[Sequence[Fraction]]) -> list[RemainderBounds]:
    """The bounds of each partition for a density; ranges of l over the common cells by ball arithmetic, once for all partitions."""
    cells = sorted({*(edge for edges in partitions for edge in edges), *law.mesh})
    ranges, steepness = {}, arb(0)
    smooth = _continuous(law)
    for piece in law.pieces:
        inside = [cell for cell in cells if piece.lower <= cell <= piece.upper]
        for low, high in pairwise(inside):
            ranges[low] = extremes(piece.log_expression, low, high)
            try:
                bottom, top = extremes(piece.slope_expression, low, high, 40) if smooth else (arb(0), arb(0))
            except NotCertified:
                # The slope is not bounded (a root at an end): no Lipschitz bound, the others stand.
                smooth = False
            else:
                steepness = steepness.max(top).max(-bottom)
    width = law.support[1] - law.support[0]
    found = []
    for edges in partitions:
        oscillations = []
        for low, high in pairwise(edges):
            within = [ranges[cell] for cell in cells if low <= cell < high]
            oscillations.append(
                reduce(arb.max, (top for _, top in within)) - reduce(arb.min, (bottom for bottom, _ in within))
            )
        shares = [(high - low) / width for low, high in pairwise(edges)]
        u = steepness * exact(max(high - low for low, high in pairwise(edges))) / 2
        found.append(_assemble(oscillations, shares, *((steepness, log_sinh_ratio(u), u * u / 6) if smooth else ())))
    return found


def discrete_bounds(q: Sequence[Fraction], p: Sequence[Fraction], bins: Sequence[Sequence[int]]) -> RemainderBounds:
    """The bounds for a discrete law; ratios of exact rationals."""
    oscillations, shares = [], []
    for members in bins:
        ratios = [p[i] / q[i] for i in members]
        oscillations.append(exact(max(ratios) / min(ratios)).log())
        shares.append(sum((q[i] for i in members), Fraction(0)))
    return _assemble(oscillations, shares)


def _continuous(law: Any) -> bool:
    """Whether l may be continuous from piece to piece; a jump has no Lipschitz constant."""
    return all(
        (_at(left.log_expression, left.upper) - _at(right.log_expression, right.lower)).contains(0)
        for left, right in pairwise(law.pieces)
    )


def _at(expression: Expression, y: Fraction) -> arb:
    return ball(expression, acb(exact(y))).real


def _assemble(oscillations: list[arb], shares: list[Fraction], *lipschitz: arb) -> RemainderBounds:
    weighted = list(zip(oscillations, shares, strict=True))
    names = ("sup |l'|", "log(sinh u/u)", "(L d)^2/24")
    return RemainderBounds(
        tuple(enclosure(w, "oscillation of the log ratio") for w in oscillations),
        enclosure(sum((exact(share) * specht(w) for w, share in weighted), arb(0)), "Specht's bound"),
        enclosure(sum((exact(share) * w * w / 8 for w, share in weighted), arb(0)), "Hoeffding's bound"),
        *(enclosure(value, name) for value, name in zip(lipschitz, names, strict=False)),
    )
