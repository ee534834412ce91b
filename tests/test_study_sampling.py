"""The study's data against the protocol's counts, from the outside: histograms of what comes out."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from numerics.study import order, protocol, sampling
from numerics.study.streams import stream

# Functions 0 to 9 as the protocol prints them: A, B, C, D.
TABLE = [
    (0.8444218515250481, 0.6555781484749519, 22, 7),
    (0.04048437818077755, 1.4595156218192225, 25, 8),
    (0.48592769656281265, 1.0140723034371875, 18, 6),
    (0.9677999949201714, 0.5322000050798286, 20, 6),
    (0.5833820394550312, 0.9166179605449688, 15, 5),
    (0.5046868558173903, 0.9953131441826097, 18, 6),
    (0.1397457849666789, 1.3602542150333212, 12, 4),
    (0.6183689966753316, 0.8816310033246684, 17, 5),
    (0.9872592010330129, 0.5127407989669871, 26, 8),
    (0.9827854760376531, 0.5172145239623469, 28, 9),
]
PEAKS = [name for name, half in protocol.SAMPLINGS.items() if half is not None]
# False alarms of one in 10^6 a test, so about one in 10^5 for this file.
ALARM = 1e-6
DEVIATIONS = stats.norm.isf(ALARM / 2)


def pool(function: int, seed: int) -> np.ndarray:
    x = stream("pool", function, seed).uniform(-1, 1, 100_000)
    A, B, C, D = TABLE[function]
    return A * np.sin(C * x) + B * np.sin(D * x)


def histogram(y: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.histogram(y, bins=1024, range=(low, high))[0]


def whole(*key: object) -> np.ndarray:
    return np.concatenate([part.y for part in sampling.splits(*key)])


def agree(found: np.ndarray, expected: np.ndarray, low: float, high: float, y: np.ndarray) -> None:
    """Equal histograms, up to labels that lie on an edge to rounding and may fall on either side."""
    place = (y - low) / (high - low) * 1024
    near = np.abs(place - np.round(place)) < 1024 * 8 * np.finfo(float).eps
    assert np.abs(found - expected).sum() <= 2 * near.sum()


@pytest.mark.parametrize("number", range(10))
def test_functions(number: int) -> None:
    f = protocol.FUNCTIONS[number]
    A, B, C, D = TABLE[number]
    assert (f.A, f.C, f.D) == (A, C, D)
    assert abs(f.B - B) <= np.finfo(float).eps


@pytest.mark.parametrize("function", [0, 6])
def test_uniform_has_59_of_every_bin(function: int) -> None:
    members = pool(function, 1)
    low, high = members.min(), members.max()
    y = whole(False, "uniform", 0.0, function, 1)
    agree(histogram(y, low, high), 59 * (histogram(members, low, high) > 0), low, high, y)
    assert {part.inverse_ratio.max() for part in sampling.splits(False, "uniform", 0.0, function, 1)} == {1.0}


@pytest.mark.parametrize("name", PEAKS)
@pytest.mark.parametrize("seed", [0, 3])
def test_peak_and_floor(name: str, seed: int) -> None:
    half = protocol.SAMPLINGS[name]
    members = pool(2, seed)
    low, high = members.min(), members.max()
    parts = sampling.splits(False, name, 0.0, 2, seed)
    y, weight = (np.concatenate([getattr(part, field) for part in parts]) for field in ("y", "inverse_ratio"))
    occupied = histogram(members, low, high) > 0
    # The weights have two values, and the rarer labels the larger one: the window is where it is the smaller.
    levels = np.unique(weight)
    assert len(levels) == 2
    inside = weight == levels[0]
    window = y[inside].min(), y[inside].max()
    assert window[1] - window[0] <= 2 * half * (high - low)
    assert not np.any(~inside & (y > window[0]) & (y < window[1]))
    # All that is not the floor lies in the window and is the cap (here every window holds more than the cap before it).
    floor = 6 * occupied.sum()
    assert len(y) == 58_971 + floor
    # Outside the window each bin has the floor and nothing else.
    counts = histogram(y, low, high)
    edges = np.linspace(low, high, 1025)
    clear = (edges[1:] < window[0]) | (edges[:-1] > window[1])
    outside = y[~inside]
    near = np.abs(outside[:, None] - edges[None, :]).min(1) < 8 * np.finfo(float).eps * (high - low)
    assert np.abs(counts[clear] - 6 * occupied[clear]).sum() <= 2 * near.sum()
    # The peak is flat over the window: the share of its lower half, against the binomial.
    centre = (window[0] + window[1]) / 2
    if low < centre - half * (high - low) and centre + half * (high - low) < high:
        share = np.mean(y[inside] < centre)
        # Draws of one pool bin repeat its members, so the binomial's error is too small: 1,024 bins each side fall as a block at worst.
        assert abs(share - 0.5) <= DEVIATIONS * 0.5 / np.sqrt(1024)


def test_cap_binds_and_draws_per_window_bin_are_106() -> None:
    y = np.linspace(0, 1, 100_001)
    member = sampling.bin_of(y, 0.4, 0.6)
    drawn = sampling.draw(np.random.default_rng(0), member, 106)
    assert np.all(np.bincount(member[drawn], minlength=1024) == 106)
    kept = sampling.split_draws(np.random.default_rng(0), y, 0, 1, 0.1, 0.5, 1)
    assert len(kept.members) == 58_971 + 6 * 1024
    beyond = sampling.split_draws(np.random.default_rng(0), y, 0, 1, 0.1, 0.0, 1)
    assert len(beyond.members) == 53 * 1024 + 6 * 1024  # half of the window is outside


@pytest.mark.parametrize("name", PEAKS)
@pytest.mark.parametrize("by_input", [False, True])
def test_inverse_ratio_balances(name: str, by_input: bool) -> None:
    """`E_p[g/r] = E_q[g]` for powers of y, against the standard error; the reciprocal ratio must fail."""

    def deviations(wrong: bool) -> float:
        largest = 0.0
        for split in range(3):
            part = sampling.splits(by_input, name, 0.0, 3, 2)[split]
            even = sampling.splits(by_input, "uniform", 0.0, 3, 2)[split]
            weight = 1 / part.inverse_ratio if wrong else part.inverse_ratio
            for power in range(4):
                terms, uniform = weight * part.y**power, even.y**power
                error = np.sqrt(terms.var() / len(terms) + uniform.var() / len(uniform))
                # The finite number of bins shifts a mean by at most the bins cut by the window's two ends, each 1/1,024 of the mass.
                bias = 2 / 1024 * np.abs(uniform).max() * 2
                largest = max(largest, max(0, abs(terms.mean() - uniform.mean()) - bias) / error)
        return largest

    assert deviations(wrong=False) <= DEVIATIONS
    assert deviations(wrong=True) > DEVIATIONS


def test_thirds_are_shuffled_and_alike() -> None:
    parts = sampling.splits(False, "moderate", 0.0, 4, 0)
    sizes = [len(part.y) for part in parts]
    assert max(sizes) - min(sizes) <= 1
    for part in parts:
        rank = stats.spearmanr(np.arange(len(part.y)), part.y).statistic
        assert abs(rank) <= DEVIATIONS / np.sqrt(len(part.y) - 1)
    p = [stats.ks_2samp(parts[0].y, part.y).pvalue for part in parts[1:]]
    assert min(p) > ALARM


def test_ood_deals_intervals_of_x() -> None:
    parts = sampling.splits(True, "uniform", 0.0, 5, 1)
    ranges = sampling.intervals(5, 1)
    flat = sorted(interval for split in ranges for interval in split)
    assert np.allclose([lower for lower, _ in flat], -1 + 2 / 9 * np.arange(9), rtol=0, atol=1e-15)
    assert all(upper >= lower + 2 / 9 - 1e-15 for lower, upper in flat)
    assert flat[-1][1] == 1
    members_x = stream("pool", 5, 1).uniform(-1, 1, 100_000)
    members_y = pool(5, 1)
    low, high = members_y.min(), members_y.max()
    for number, (part, own) in enumerate(zip(parts, ranges, strict=True)):
        assert own == flat[number::3]
        x = part.x[:, 0]
        assert np.all(np.any([(x >= lower) & (x <= upper) for lower, upper in own], axis=0))
        of_split = np.any([(members_x >= lower) & (members_x <= upper) for lower, upper in own], axis=0)
        expected = 20 * (histogram(members_y[of_split], low, high) > 0)
        agree(histogram(part.y, low, high), expected, low, high, part.y)


@pytest.mark.parametrize("seed", range(3))
def test_ood_peak_occurs_in_all_splits(seed: int) -> None:
    parts = sampling.splits(True, "severe", 0.0, 7, seed)
    for part in parts:
        inside = part.inverse_ratio == part.inverse_ratio.min()
        assert len(np.unique(part.inverse_ratio)) == 2
        assert inside.sum() > len(part.y) / 2
    centres = [np.median(part.y[part.inverse_ratio == part.inverse_ratio.min()]) for part in parts]
    assert max(centres) - min(centres) <= 2 * 0.03 * 4  # one window, of a range below 4


def test_noise_alone_differs() -> None:
    clean, noisy = sampling.splits(False, "mild", 0.0, 1, 0), sampling.splits(False, "mild", 0.1, 1, 0)
    for a, b in zip(clean, noisy, strict=True):
        assert np.array_equal(a.x, b.x)
        assert np.array_equal(a.inverse_ratio, b.inverse_ratio)
        noise = b.y - a.y
        n = len(noise)
        assert abs(noise.mean()) <= DEVIATIONS * 0.1 / np.sqrt(n)
        assert abs(noise.std() - 0.1) <= DEVIATIONS * 0.1 / np.sqrt(2 * n)


def test_same_key_same_bits() -> None:
    key = (False, "severe", 0.1, 8, 4)
    first = sampling.splits(*key)
    sampling.splits.cache_clear()
    again = sampling.splits(*key)
    assert first is not again
    for a, b in zip(first, again, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip((a.x, a.y), (b.x, b.y), strict=True))
    other = sampling.splits(False, "severe", 0.1, 8, 3)
    assert not np.array_equal(first[0].y, other[0].y)
    assert stream("a", 1).random() != stream("a", 2).random() != stream("b", 1).random()


def test_labels_and_prior() -> None:
    y = np.array([-1.0, -0.5, 0.0, 0.999, 1.0, 2.0, -3.0])
    assert sampling.labels(y, 4, -1.0, 1.0).tolist() == [0, 1, 2, 3, 3, 3, 0]
    prior = sampling.log_prior(np.array([0, 0, 1]), 4)
    assert np.exp(prior).mean() == pytest.approx(1, abs=4 * np.finfo(float).eps)
    assert np.exp(prior)[2] == pytest.approx(4 * 0.5 / 5, rel=4 * np.finfo(float).eps)


def epoch_order(seeds: np.ndarray, epoch: int, size: int) -> np.ndarray:
    g = len(seeds)
    return np.asarray(
        order.shuffled(
            jnp.asarray(seeds, jnp.uint32),
            jnp.full(g, epoch, jnp.uint32),
            jnp.tile(jnp.arange(size, dtype=jnp.uint32), (g, 1)),
            jnp.full(g, size, jnp.uint32),
        )
    )


@pytest.mark.parametrize("size", [1, 2, 3, 257, 20_138, 65_537])
def test_order_is_a_permutation(size: int) -> None:
    found = epoch_order(np.array([0, 1, 2**32 - 1]), 3, size)
    assert np.array_equal(np.sort(found, axis=1), np.tile(np.arange(size), (3, 1)))


def unevenness() -> float:
    """Smallest p-value of: where a sample goes, and whether two samples of one batch meet again in the next epoch."""
    size, cells, batch = 4096, 16, 256
    seeds = np.random.default_rng(1).integers(0, 2**32, 50)
    first, second = epoch_order(seeds, 0, size), epoch_order(seeds, 1, size)
    table = np.zeros((cells, cells))
    np.add.at(table, (np.tile(np.arange(size) * cells // size, (50, 1)), first * cells // size), 1)
    # Rows and columns are fixed: (cells - 1)^2 degrees of freedom; a permutation's table is slightly more even than a multinomial.
    chi = ((table - table.mean()) ** 2 / table.mean()).sum()
    place = np.argsort(second, axis=1)
    # How the first batch of one epoch spreads over the 16 batches of the next.
    counts = np.array(
        [np.bincount(where[row[:batch]] // batch, minlength=16) for row, where in zip(first, place, strict=True)]
    )
    again = ((counts - 16) ** 2 / 16).sum()
    return float(min(stats.chi2.sf(chi, (cells - 1) ** 2), stats.chi2.sf(again, 50 * 15)))


def test_order_is_even(monkeypatch: pytest.MonkeyPatch) -> None:
    assert unevenness() > ALARM
    monkeypatch.setattr(order, "ROUNDS", 1)
    assert unevenness() < ALARM


def test_epochs_and_models_have_their_own_order() -> None:
    a, b = epoch_order(np.array([5, 6]), 0, 5000), epoch_order(np.array([5, 6]), 1, 5000)
    for x, y in ((a[0], a[1]), (a[0], b[0]), (a[1], b[1])):
        same = int((x == y).sum())
        assert stats.poisson.sf(same - 1, 1) > ALARM  # fixed points of a random permutation: Poisson of mean 1
