"""Matched pairs in clusters: means, intervals, p-values, ratios, Holm. NumPy only; nothing here knows about training.

Runs come as arrays `(F, S)`: F functions (the clusters), S data seeds within each, already averaged over whatever is pooled.

The interval. With ten clusters a percentile bootstrap covers 88 to 94 % where it says 95 % in most worlds (measured by `numerics.study.coverage`; the numbers
stand in `paper_notes.md`), so means are studentised: resample functions, then seeds within each drawn function, and divide the deviation by
the standard error over functions of the resample (bootstrap-t). Two such intervals exist, with equal tails and symmetric; the first is short
under unequal variances, the second under skewness, and neither is known in advance. The interval used is the wider end of the two on each
side, which reaches 95 % in every world tried but the most skewed (94 %). Its p-value is the larger of the two, so that 0 lies in the
95 % interval exactly when p > 0.05.

Ratios (relative change, attribution share) are inverted (Fieller): `theta` lies in the interval exactly when the mean of
`numerator - theta denominator` does not differ from 0, so they inherit the coverage of the means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

LEVEL = 0.05
POWER = 0.8
RESAMPLES = 19_999
FEWEST = 3
"""Clusters below which no interval is given: the spread over functions cannot be told."""

Array = np.ndarray


@dataclass(frozen=True)
class Resampling:
    """Which runs each bootstrap sample draws.

    Attributes:
      places: `(S, F, B)` positions in the flattened `(F, S)` values; the layout in which sums over seeds and functions are fast.
    """

    places: Array


@lru_cache(maxsize=80)
def resampling(functions: int, seeds: int, resamples: int = RESAMPLES, key: int = 20230816) -> Resampling:
    """Draws functions, then seeds within each drawn function, from a fixed key: same shape, same draws.

    Args:
      functions: number of clusters F.
      seeds: number of seeds S within each.
      resamples: B; `LEVEL (B + 1)` should be even, so that quantiles are order statistics.
    """
    generator = np.random.Generator(np.random.Philox(key=[key, functions * 1_000_003 + seeds]))
    drawn = generator.integers(0, functions, (functions, resamples))
    within = generator.integers(0, seeds, (seeds, functions, resamples))
    return Resampling(drawn * seeds + within)


def _function_means(values: Array, draws: Resampling) -> Array:
    """Means over the drawn seeds, `(F, B)`."""
    flat = values.ravel()
    total = flat.take(draws.places[0])
    for places in draws.places[1:]:
        total += flat.take(places)
    return total / len(draws.places)


def _studentised(mean: Array, variance: Array, centre: float, functions: int) -> Array:
    """`(mean* - centre)/se*`; a resample without spread counts as 0 if it sits at the centre and as infinite otherwise."""
    error = np.sqrt(np.maximum(variance, 0.0) / functions)
    deviation = mean - centre
    with np.errstate(divide="ignore", invalid="ignore"):
        t = deviation / error
    return np.where(error > 0, t, np.where(deviation == 0, 0.0, np.copysign(np.inf, deviation)))


def _p_value(t: float, resampled: Array) -> float:
    """The larger of the equal-tailed and the symmetric bootstrap p-value of a studentised statistic."""
    count = len(resampled)
    tail = min(int((resampled >= t).sum()), int((resampled <= t).sum()))
    equal = 2 * (tail + 1) / (count + 1)
    symmetric = (int((np.abs(resampled) >= abs(t)).sum()) + 1) / (count + 1)
    return min(1.0, max(equal, symmetric))


@dataclass(frozen=True)
class Mean:
    """A mean over clusters.

    Attributes:
      value: the mean over functions of the means over seeds.
      low, high: ends of the 95 % interval; nan where it is undefined.
      p: two-sided p-value of a mean of 0, consistent with the interval; nan where undefined.
      note: why something is undefined, in words; empty otherwise.
    """

    value: float
    low: float
    high: float
    p: float
    note: str = ""

    @property
    def differs(self) -> bool:
        """Whether the 95 % interval excludes 0."""
        return bool(self.low > 0 or self.high < 0)


def _undefined(value: float, functions: int) -> Mean:
    nan = float("nan")
    return Mean(value, nan, nan, nan, f"no interval: {functions} clusters, at least {FEWEST} needed")


def mean(values: Array, draws: Resampling | None = None, level: float = LEVEL) -> Mean:
    """Mean, interval and p-value of clustered values.

    Args:
      values: `(F, S)`, finite.
      draws: the resampling to use; by default the fixed one for this shape.
      level: one minus the confidence.
    """
    values = np.asarray(values, np.float64)
    functions, seeds = values.shape
    by_function = values.mean(axis=1)
    centre = float(by_function.mean())
    if functions < FEWEST:
        return _undefined(centre, functions)
    error = float(by_function.std(ddof=1)) / functions**0.5
    if error == 0.0:
        if centre == 0.0:
            return Mean(0.0, 0.0, 0.0, 1.0)
        return Mean(centre, float("nan"), float("nan"), float("nan"), "no interval: no spread over clusters")
    draws = draws or resampling(functions, seeds)
    resampled = _function_means(values, draws)
    t = np.sort(_studentised(resampled.mean(axis=0), resampled.var(axis=0, ddof=1), centre, functions))
    count = len(t)
    tail = max(1, round(level / 2 * (count + 1)))
    symmetric = float(np.sort(np.abs(t))[count - max(1, round(level * (count + 1)))])
    low = centre - max(float(t[count - tail]), symmetric) * error
    high = centre - min(float(t[tail - 1]), -symmetric) * error
    return Mean(centre, low, high, _p_value(centre / error, t))


@dataclass(frozen=True)
class Ratio:
    """A ratio of two means over the same clusters, with its 95 % interval; `note` says in words why one is undefined."""

    value: float
    low: float
    high: float
    note: str = ""


def ratio(
    numerator: Array,
    denominator: Array,
    draws: Resampling | None = None,
    level: float = LEVEL,
    *,
    with_interval: bool = True,
) -> Ratio:
    """`mean(numerator)/mean(denominator)` with the interval that inverts the test of `numerator - theta denominator`.

    Undefined, in words, where the interval of the denominator contains 0 (then no finite share is excluded).

    Args:
      numerator, denominator: `(F, S)`, matched.
      with_interval: False gives the value alone, at once.
    """
    numerator, denominator = np.asarray(numerator, np.float64), np.asarray(denominator, np.float64)
    functions, seeds = numerator.shape
    nan = float("nan")
    if not with_interval:
        bottom_mean = float(denominator.mean())
        return Ratio(float(numerator.mean()) / bottom_mean if bottom_mean else nan, nan, nan, "no interval asked")
    if functions < FEWEST:
        return Ratio(nan, nan, nan, _undefined(nan, functions).note)
    draws = draws or resampling(functions, seeds)
    below = mean(denominator, draws, level)
    if not below.differs:
        return Ratio(nan, nan, nan, "undefined: the interval of the denominator contains 0")
    top, bottom = numerator.mean(axis=1), denominator.mean(axis=1)
    value = float(top.mean() / bottom.mean())
    tops, bottoms = _function_means(numerator, draws), _function_means(denominator, draws)
    means = tops.mean(axis=0), bottoms.mean(axis=0)
    spread = tops.var(axis=0, ddof=1), bottoms.var(axis=0, ddof=1)
    joint = ((tops - means[0]) * (bottoms - means[1])).sum(axis=0) / (functions - 1)

    def rejected(theta: float) -> bool:
        deviations = top - theta * bottom
        centre, error = float(deviations.mean()), float(deviations.std(ddof=1)) / functions**0.5
        if error == 0.0:
            return centre != 0.0
        variance = spread[0] - 2 * theta * joint + theta**2 * spread[1]
        t = _studentised(means[0] - theta * means[1], variance, centre, functions)
        return _p_value(centre / error, t) <= level

    if rejected(value):  # no spread at all: the ratio is the same for every cluster
        return Ratio(value, value, value)
    low, high = (_edge(rejected, value, sign) for sign in (-1.0, 1.0))
    note = "" if np.isfinite(low) and np.isfinite(high) else "the interval has no end on one side"
    return Ratio(value, low, high, note)


def _edge(rejected: object, inside: float, sign: float) -> float:
    """The end of the accepted set on one side of a point inside, by doubling and bisection; infinite if none within 1e4."""
    assert callable(rejected)
    step = 0.01 * max(1.0, abs(inside))
    near = inside
    while not rejected(inside + sign * step):
        near = inside + sign * step
        step *= 2
        if step > 1e4:
            return sign * float("inf")
    far = inside + sign * step
    for _ in range(30):
        middle = (near + far) / 2
        if rejected(middle):
            far = middle
        else:
            near = middle
    return near


def detectable(values: Array, family: int, draws: Resampling | None = None) -> float:
    """The smallest true mean that a study of this design establishes as positive with probability `POWER`.

    Established means: p at most `LEVEL / family`, Holm's first and hardest step. The resamples stand for repetitions of the study: with `t`
    the least statistic that is established and `se*` the standard error of a resample, the repetition at a true mean `d` is established when
    `mean* - mean + d > t se*`. The answer is the `POWER` quantile of `t se* - (mean* - mean)`. The mean itself does not enter, the spread over
    functions and seeds does.

    Args:
      values: `(F, S)`, finite.
      family: how many p-values Holm corrects together.

    Returns:
      infinite where no mean would do (too few functions or resamples for the level); nan where the spread cannot be told.
    """
    values = np.asarray(values, np.float64)
    functions, seeds = values.shape
    by_function = values.mean(axis=1)
    if functions < FEWEST or by_function.std(ddof=1) == 0.0:
        return float("nan")
    draws = draws or resampling(functions, seeds)
    resampled = _function_means(values, draws)
    deviation = resampled.mean(axis=0) - by_function.mean()
    variance = resampled.var(axis=0, ddof=1)
    t = _studentised(by_function.mean() + deviation, variance, float(by_function.mean()), functions)
    count = len(t)
    # How many resamples may lie at or beyond the statistic: `_p_value` turned round.
    one_side = math.floor(LEVEL / family * (count + 1) / 2 + 1e-9) - 1
    both_sides = math.floor(LEVEL / family * (count + 1) + 1e-9) - 1
    if one_side < 0:
        return float("inf")
    least = max(float(np.sort(t)[count - 1 - one_side]), float(np.sort(np.abs(t))[count - 1 - both_sides]))
    if not math.isfinite(
        least
    ):  # resamples of one function several times have no spread: too many of them with few functions
        return float("inf")
    needed = np.sort(least * np.sqrt(variance / functions) - deviation)
    return float(needed[math.ceil(POWER * count) - 1])


def win_rate(base: Array, arm: Array) -> float:
    """The share of matched pairs in which `arm` has the lower error; ties count half."""
    base, arm = np.broadcast_arrays(base, arm)
    return float(((base > arm) + 0.5 * (base == arm)).mean())


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p-values, in the order given.

    A p-value that is nan (undefined) stays nan but counts in the family, which only makes the others larger.
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(np.where(np.isnan(p), np.inf, p), kind="stable")
    adjusted = np.full(len(p), np.nan)
    worst = 0.0
    for rank, index in enumerate(order):
        if np.isnan(p[index]):
            break
        worst = max(worst, min(1.0, (len(p) - rank) * p[index]))
        adjusted[index] = worst
    return [float(value) for value in adjusted]


def t_interval(values: Array) -> tuple[float, float]:
    """Student's 95 % interval on the function means, the plain cross-check of `mean` (`(F, S)`; nan below three clusters)."""
    by_function = np.asarray(values, np.float64).mean(axis=1)
    functions = len(by_function)
    if functions < FEWEST:
        return float("nan"), float("nan")
    from scipy.special import stdtrit

    half = float(stdtrit(functions - 1, 1 - LEVEL / 2)) * float(by_function.std(ddof=1)) / functions**0.5
    return float(by_function.mean()) - half, float(by_function.mean()) + half
