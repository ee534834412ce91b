"""`python -m numerics.study.coverage`: how often the study's 95 % interval holds the truth, by simulation with clusters like the study's.

Ten functions with five seeds, differences drawn from worlds whose mean is known; beside the interval that the study uses, the percentile
interval of the same bootstrap and Student's on function means.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from numerics.study import statistics
from numerics.study.statistics import LEVEL, Resampling
from unskew.ground import command

FUNCTIONS, SEEDS = 10, 5
Array = np.ndarray


@dataclass(frozen=True)
class World:
    """A law of differences `(n, F, S)` with its mean.

    Attributes:
      draw: takes a generator and `(n, F, S)`.
      truth: the mean over functions and seeds of the law.
      words: what is peculiar about it.
    """

    draw: Callable[[np.random.Generator, tuple[int, int, int]], Array]
    truth: float
    words: str


def _normal(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    return 0.05 + 0.08 * generator.standard_normal((*shape[:2], 1)) + 0.1 * generator.standard_normal(shape)


def _unequal_seeds(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    return 0.05 * np.exp(generator.standard_normal((*shape[:2], 1))) * generator.standard_normal(shape)


def _unequal_functions(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    spread = 0.05 * np.exp(generator.standard_normal((*shape[:2], 1)))
    return spread * (generator.standard_normal((*shape[:2], 1)) + generator.standard_normal(shape))


def _heavy(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    return 0.05 + 0.1 * generator.standard_t(3, (*shape[:2], 1)) + 0.1 * generator.standard_normal(shape)


def _bounded(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    function = 0.36 * generator.beta(0.8, 1.6, (*shape[:2], 1))
    return function * (1 + 0.8 * generator.standard_normal(shape))


def _skewed(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    return 0.1 * generator.gamma(1.5, 1.0, (*shape[:2], 1)) + 0.05 * generator.standard_normal(shape)


def _very_skewed(generator: np.random.Generator, shape: tuple[int, int, int]) -> Array:
    return 0.3 * np.exp(0.7 * generator.standard_normal((*shape[:2], 1))) * (1 + 0.5 * generator.standard_normal(shape))


WORLDS: dict[str, World] = {
    "normal": World(_normal, 0.05, "normal functions, normal seeds"),
    "null, unequal seeds": World(_unequal_seeds, 0.0, "no effect; spread over seeds differs between functions by lognormal factors"),
    "null, unequal functions": World(_unequal_functions, 0.0, "no effect; spread of functions and seeds differs by lognormal factors"),
    "heavy": World(_heavy, 0.05, "effects of functions have Student's law with 3 degrees of freedom"),
    "bounded": World(_bounded, 0.12, "effect in proportion to a function's size, beta law; nearest to the published effects"),
    "skewed": World(_skewed, 0.15, "effects of functions have a gamma law of skewness 1.6"),
    "very skewed": World(_very_skewed, 0.3 * float(np.exp(0.245)), "effects lognormal, skewness 2.9: beyond the published ones"),
}  # fmt: skip


def percentile(values: Array, draws: Resampling) -> tuple[float, float]:
    """The plain percentile interval of the same bootstrap, for comparison (it is too short)."""
    means = statistics._function_means(values, draws).mean(axis=0)
    low, high = np.quantile(means, [LEVEL / 2, 1 - LEVEL / 2])
    return float(low), float(high)


def used(values: Array, draws: Resampling) -> tuple[float, float]:
    """The interval that the study uses."""
    average = statistics.mean(values, draws)
    return average.low, average.high


def student(values: Array, draws: Resampling) -> tuple[float, float]:
    """Student's interval on function means."""
    return statistics.t_interval(values)


Interval = Callable[[Array, Resampling], tuple[float, float]]


def misses(
    world: World,
    interval: Interval,
    samples: int,
    resamples: int = 999,
    seed: int = 0,
    shape: tuple[int, int] = (FUNCTIONS, SEEDS),
) -> tuple[int, int]:
    """How many of `samples` intervals lie above the truth and how many below it."""
    generator = np.random.default_rng(seed)
    drawn = world.draw(generator, (samples, *shape))
    above = below = 0
    for number, values in enumerate(drawn):
        draws = statistics.resampling(*shape, resamples, seed + 1 + number % 64)
        low, high = interval(values, draws)
        above += low > world.truth
        below += high < world.truth
    return above, below


def main() -> int:
    command.Parser(
        prog="python -m numerics.study.coverage", description="Simulate how often the intervals cover."
    ).parse_args()
    samples = 4000
    print(
        f"{samples} samples a world, Monte-Carlo standard error at 95 %: {100 * (0.05 * 0.95 / samples) ** 0.5:.2f} %"
    )
    for name, world in WORLDS.items():
        covered = []
        for interval in (used, percentile, student):
            above, below = misses(world, interval, samples)
            covered.append(
                f"{interval.__name__} {100 * (1 - (above + below) / samples):.1f} % (misses {above} above, {below} below)"
            )
        print(f"{name} ({world.words}): {'; '.join(covered)}")
    return 0


if __name__ == "__main__":
    command.run("python -m numerics.study.coverage", main)
