"""Label densities on a bounded support, by name or by typed expression; those estimated from labels are in `numerics.laws.labels`."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from numerics.expression.tree import substitute
from numerics.laws.density import Density, Piece
from numerics.laws.law import LabelNodes, Support
from unskew.ground.refusals import InputError

__all__ = ["NAMES", "UNIT", "Density", "LabelNodes", "Piece", "Support", "named", "typed"]

NAMES: tuple[str, ...] = ("uniform", "skewed", "mild", "moderate", "severe", "bimodal", "longtail")

UNIT: Support = (Fraction(0), Fraction(1))

PEAK_CENTRE = Fraction(2, 5)
"""Where the peak window of mild, moderate and severe sits, as a fraction of the range; the widest window (half-width .3) then fits."""
HALF_WIDTHS = {"mild": Fraction(3, 10), "moderate": Fraction(1, 10), "severe": Fraction(3, 100)}
PEAK_DRAWS = 58_971
FLOOR_DRAWS = 6 * 1_024

LARGEST_LOG_RATIO = 600.0
"""Of p to q: beyond this, products of densities leave the range of doubles."""

SHAPES = {
    "uniform": "1",
    "skewed": "0.05 + 56*y*(1 - y)**6",
    "bimodal": "0.05 + exp(-50*(y - 0.25)**2) + 0.5*exp(-50*(y - 0.75)**2)",
    "longtail": "1/(y + 0.05)**2",
}
"""On the unit interval, up to a constant."""


def named(name: str, support: Support = UNIT) -> Density:
    """One of `NAMES`, its unit-interval shape stretched over the support.

    `skewed` is `0.05 + 56 u (1-u)^6`; `mild`, `moderate` and `severe` are the study's samplings: 6 draws from each of
    1,024 bins of the range over 58,971 draws from a peak window of half-width .3, .1, .03 around `PEAK_CENTRE`;
    `bimodal` two Gaussian bumps over a floor; `longtail` a power law with largest to least density 441.

    Raises:
      InputError: no such name, or an empty support.
    """
    from numerics.expression.parse import parse
    from numerics.expression.tree import Y, constant, divide, subtract

    lower, upper = _checked(support)
    if name in HALF_WIDTHS:
        return Density(name, support, _peak_window(HALF_WIDTHS[name], support), f"{name} peak window over a floor")
    if name not in SHAPES:
        raise InputError(f"density {name!r}", f"use one of {', '.join(NAMES)}")
    unit_label = divide(subtract(Y, constant(lower)), constant(upper - lower))
    expression = substitute(parse(SHAPES[name]), unit_label)
    return Density(
        name, support, (Piece(lower, upper, expression),), f"p(u) proportional to {SHAPES[name]}".replace("y", "u")
    )


def _peak_window(half_width: Fraction, support: Support) -> tuple[Piece, ...]:
    from numerics.expression.tree import constant

    lower, upper = support
    length = upper - lower
    left = lower + (PEAK_CENTRE - half_width) * length
    right = lower + (PEAK_CENTRE + half_width) * length
    floor = constant(FLOOR_DRAWS)
    peak = constant(FLOOR_DRAWS + PEAK_DRAWS / (2 * half_width))
    return Piece(lower, left, floor), Piece(left, right, peak), Piece(right, upper, floor)


def typed(text: str, support: Support = UNIT) -> Density:
    """A density proportional to a typed expression in the label `y`, in label units.

    Raises:
      InputError: the text is refused by the parser, or the expression is not proved positive, finite and integrable
        on the support, or its range does not fit in doubles.
    """
    from numerics.expression.parse import parse
    from numerics.expression.pieces import certified_pieces
    from numerics.expression.tree import text as written

    lower, upper = _checked(support)
    expression = parse(text)
    pieces = tuple(Piece(*piece) for piece in certified_pieces(expression, lower, upper, text.strip()))
    density = Density(text.strip(), support, pieces, f"p(y) proportional to {written(expression)}")
    if not _largest_log_ratio(density) <= LARGEST_LOG_RATIO:
        raise InputError(
            f"density {text.strip()!r} spans more than exp(+-{LARGEST_LOG_RATIO:g})",
            "choose a gentler one or a shorter support",
        )
    return density


def _largest_log_ratio(density: Density) -> float:
    """`sup |l|` from the nodes; between them l moves by less than the mesh allows."""
    with np.errstate(all="ignore"):
        return float(np.max(np.abs(density.nodes((), 4, density.length).log_ratio)))


def _checked(support: Support) -> Support:
    lower, upper = support
    if not lower < upper:
        raise InputError(f"support {float(lower):g} {float(upper):g}", "give a lower end below the upper end")
    return support
