"""Limits read off a sequence by Richardson's extrapolation, with the difference of extrapolants as error.

Values at K, gK, g^2 K, ... whose error is a series in powers of 1/K. Of three successive values two powers are removed; the last two extrapolants
differ by about the error of the one before the last, which is the larger of the two once the series has set in. That it has is seen
from the values themselves: their steps must fall at least half as fast as the first power says, and the finest value must lie as near
to the limit as its last step says. Otherwise nothing is read off, so that no wide tolerance hides a wrong constant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from numerics.quadrature import SAFETY
from numerics.records import Estimate

SEEN = 0.02
"""A limit known to no better than this share of itself decides nothing: the wrong constants in use differ by at least 10 %."""
FEATURES = 2.0
"""Classes at most so many times as wide as the density's narrowest feature see it; wider ones may show a limit that is none."""
UNSEEN_FEATURE = "the density has features narrower than the finest classes, so no limit is seen"
UNSEEN = "the limit is not seen with these numbers of classes: the ratio has not settled"


def richardson(values: Sequence[Estimate], growth: float, powers: Sequence[float]) -> Estimate:
    """The limit of values at K, growth K, growth^2 K, ...; the best of what any three successive ones tell.

    Args:
      values: at least three.
      growth: ratio of successive K.
      powers: the first two powers of 1/K in the error.

    Returns:
      the second extrapolant; its error is `SAFETY` times the larger of its distances to the first extrapolant and to the same from the three
      values before (a small part that has not set in moves these), and the values' own errors propagated. An infinite error where the steps do
      not fall as they should.
    """
    limit, before = Estimate(values[-1].value, math.inf), math.nan
    for start in range(len(values) - 2):
        extrapolant = _three(values[start : start + 3], growth, powers)
        moved = 0.0 if len(values) == 3 else SAFETY * abs(extrapolant.value - before)
        before = extrapolant.value
        if not _agrees(extrapolant, values[-2:], growth, powers[0]):
            continue
        if not (start == 0 and len(values) > 3) and extrapolant.error + moved < limit.error:
            limit = Estimate(extrapolant.value, extrapolant.error + moved)
    return limit


def _agrees(limit: Estimate, last: Sequence[Estimate], growth: float, power: float) -> bool:
    """Whether the last value is as near to the limit as its step says, twice over: three coarse values on a plateau say nothing of what finer ones see."""
    step = abs(last[1].value - last[0].value) / (growth**power - 1)
    return bool(abs(limit.value - last[1].value) <= 2 * step + limit.error + last[0].error + last[1].error)


def _three(values: Sequence[Estimate], growth: float, powers: Sequence[float]) -> Estimate:
    coarse, middle, fine = values
    if not all(math.isfinite(part.value) for part in values):
        return Estimate(math.nan, math.inf)
    steps = [abs(middle.value - coarse.value), abs(fine.value - middle.value)]
    known = coarse.error + middle.error + fine.error
    first, second = growth ** powers[0], growth ** powers[1]
    before = (middle.scaled(first) - coarse).scaled(1 / (first - 1))
    once = (fine.scaled(first) - middle).scaled(1 / (first - 1))
    twice = (once.scaled(second) - before).scaled(1 / (second - 1))
    if steps[1] > max(2 * steps[0] / first, 2 * known):
        return Estimate(twice.value, math.inf)
    return Estimate(twice.value, twice.error + SAFETY * abs(twice.value - once.value))


def resolved(law: Any, classes: int) -> bool:
    """Whether so many classes of equal width see every feature of a density."""
    return bool(law.length <= FEATURES * law.finest * classes)


def seen(limit: Estimate) -> bool:
    """Whether a ratio's limit is known well enough to tell right from wrong constants."""
    return math.isfinite(limit.value) and limit.error <= SEEN * max(1.0, abs(limit.value))


def quotient(top: Estimate, bottom: Estimate) -> Estimate:
    """top/bottom with both errors; undefined unless bottom is known to differ from zero."""
    room = abs(bottom.value) - bottom.error
    if not room > 0:
        return Estimate(math.nan, 0.0)
    value = top.value / bottom.value
    return Estimate(value, (top.error + abs(value) * bottom.error) / room + 4e-16 * abs(value))


def doubling(classes: Sequence[int], least: int = 3) -> tuple[int, ...]:
    """The longest run K, 2K, 4K, ... among the numbers of classes (the one that ends highest, of several), or nothing if it is shorter than
    `least`."""
    there = sorted(set(classes))
    best: tuple[int, ...] = ()
    for start in there:
        run = [start]
        while 2 * run[-1] in there:
            run.append(2 * run[-1])
        if (len(run), run[-1]) > (len(best), best[-1] if best else 0):
            best = tuple(run)
    return best if len(best) >= least else ()
