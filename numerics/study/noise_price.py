"""`python -m numerics.study.noise_price`: what imbalance would cost the best predictor if the study's noise were tilted by the sampling.

The study adds its noise after the sampling, so that `p(y|x) = q(y|x)` in every setting and the price is zero (result *price*): imbalance costs this
network through its capacity alone. Here the same label ratio acts on the noisy label instead. The ratio takes two values, one in the peak window and
one outside, and with Gaussian noise `f_p - f_q` is in closed form. Its mean square over the balanced test third is the price in squared error.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from numerics.study import protocol
from numerics.study.sampling import Array, splits, target
from unskew.ground import command


def shift(f: Array, low: float, high: float, ratio: float, noise: float) -> Array:
    """`f_p - f_q` at the clean values `f`: the mean of `N(f, noise^2)` tilted by `ratio` on `[low, high]` and 1 elsewhere, minus `f`."""
    a, b = (low - f) / noise, (high - f) / noise
    density = (np.exp(-(a**2) / 2) - np.exp(-(b**2) / 2)) / np.sqrt(2 * np.pi)
    return noise * (ratio - 1) * density / (1 + (ratio - 1) * (ndtr(b) - ndtr(a)))


def price(sampling: str, function: int, seed: int, noise: float) -> float:
    """Mean square of `shift` over the balanced test third of one data set."""
    train = splits(False, sampling, 0.0, function, seed)[0]
    inverse = train.inverse_ratio
    inside = train.y[inverse < inverse.max()]
    if not len(inside):
        return 0.0
    test = splits(False, "uniform", 0.0, function, seed)[2]
    window = float(inside.min()), float(inside.max())
    clean = target(function, test.x[:, 0])
    return float(np.mean(shift(clean, *window, float(inverse.max() / inverse.min()), noise) ** 2))


def main() -> int:
    parser = command.Parser(
        prog="python -m numerics.study.noise_price",
        description="What imbalance would cost the best predictor if the noise were tilted by the sampling.",
    )
    parser.parse_args()
    noise = protocol.SETTINGS["noisy"].noise
    print(
        f"squared error that tilted noise of standard deviation {noise:g} would cost, mean over ten functions and five seeds"
    )
    for sampling in protocol.SAMPLINGS:
        grid = [(f, seed) for f in range(len(protocol.FUNCTIONS)) for seed in range(protocol.SEEDS)]
        prices = [price(sampling, *one, noise) for one in grid]
        print(f"{sampling:9} {np.mean(prices):.5f} (largest {max(prices):.5f})")
    return 0


if __name__ == "__main__":
    command.run("python -m numerics.study.noise_price", main)
