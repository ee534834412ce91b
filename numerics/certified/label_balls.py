"""The label side in ball arithmetic: KL(q_y||p_y), its reverse, KL(q_C||p_C), and W by its own integrals.

Integrands honour the `analytic` flag (`numerics.expression.balls.ball`); pieces that are constant need no integral.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from flint import acb, arb

from numerics.certified.enclosure import integral
from numerics.expression.balls import exact
from numerics.expression.tree import Constant


def kl_labels_ball(law: Any) -> arb:
    """KL(q_y||p_y) = log N - log D - (1/D) int log f, with f the unnormalised density and N its integral."""
    total = sum((_log_integral(piece) for piece in law.pieces), arb(0))
    length = exact(law.support[1] - law.support[0])
    return law.normaliser.log() - length.log() - total / length


def kl_labels_reversed_ball(law: Any) -> arb:
    """KL(p_y||q_y) = (1/N) int f log f - log N + log D."""
    total = arb(0)
    for piece in law.pieces:
        if isinstance(piece.expression, Constant):
            height = exact(piece.expression.value)
            total += exact(piece.upper - piece.lower) * height * height.log()
        else:
            total += integral(_times_log(piece), piece.lower, piece.upper, "KL(p_y||q_y)")
    length = exact(law.support[1] - law.support[0])
    return total / law.normaliser - law.normaliser.log() + length.log()


def _times_log(piece: Any) -> Callable[[acb, bool], acb]:
    return lambda y, analytic: piece.ball(y, analytic) * piece.log_ball(y, analytic)


def _log_integral(piece: Any, lower: Fraction | None = None, upper: Fraction | None = None) -> arb:
    lower, upper = piece.lower if lower is None else lower, piece.upper if upper is None else upper
    if isinstance(piece.expression, Constant):
        return exact(upper - lower) * exact(piece.expression.value).log()
    return integral(piece.log_ball, lower, upper, "KL(q_y||p_y)")


def remainder_by_bins(law: Any, edges: Sequence[Fraction]) -> arb:
    """W as the sum over bins of q_c KL(q_{y|c}||p_{y|c}), each from its own integrals: the second certified route."""
    length = exact(law.support[1] - law.support[0])
    total = arb(0)
    for (low, high), mass in zip(pairwise(edges), law.mass_balls(edges), strict=True):
        inside = arb(0)
        for piece in law.pieces:
            left, right = max(low, piece.lower), min(high, piece.upper)
            if left < right:
                inside += _log_integral(piece, left, right)
        width = exact(high - low)
        # int_B (1/D) (log(p_c/q_c) - l), with l = log f - log N + log D
        level = (mass * length / width).log() + law.normaliser.log() - length.log()
        total += (width * level - inside) / length
    return total


def kl_classes_ball(q: Sequence[Fraction], p: Sequence[arb]) -> arb:
    """KL(q_C||p_C) = sum_c q_c log(q_c/p_c); bins without q mass count nothing."""
    return sum((exact(a) * (exact(a) / b).log() for a, b in zip(q, p, strict=True) if a > 0), arb(0))


def bin_members(atoms: Sequence[Fraction], edges: Sequence[Fraction]) -> list[list[int]]:
    """Indices of the atoms in each bin [e_i, e_{i+1}), the last one closed; decided on exact rationals."""
    bins: list[list[int]] = [[] for _ in range(len(edges) - 1)]
    for index, atom in enumerate(atoms):
        place = sum(1 for edge in edges[1:-1] if atom >= edge)
        bins[place].append(index)
    return bins
