"""The study's statistics: intervals that hold the truth as often as they say, p-values that agree with them, Holm, verdicts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from numerics.study import coverage, statistics
from numerics.study.contrasts import CONTRASTS, verdict
from numerics.study.presets import PRESETS

SAMPLES = 800
# One-sided test of each world's coverage against 95 %, Bonferroni over the worlds at 1 % in all.
Z = float(stats.norm.ppf(1 - 0.01 / len(coverage.WORLDS)))


# Where the interval is known to fall short: 94.0 % of 18,000 samples (standard error 0.2 %) when effects of functions are lognormal with skewness
# 2.9; none of the intervals tried reaches 95 % there with ten functions. The notes say so.
SHORT = {"very skewed": 0.94}


def covers(name: str, interval: coverage.Interval) -> bool:
    missed = sum(coverage.misses(coverage.WORLDS[name], interval, SAMPLES, seed=7))
    level = SHORT.get(name, 0.95)
    return 1 - missed / SAMPLES >= level - Z * math.sqrt(level * (1 - level) / SAMPLES)


@pytest.mark.parametrize("name", coverage.WORLDS)
def test_interval_reaches_its_coverage(name: str) -> None:
    assert covers(name, coverage.used)


def test_falsifier_percentile_and_student_intervals_are_rejected() -> None:
    # The same test must reject intervals that are known to be short under skewness.
    assert not covers("very skewed", coverage.percentile)
    assert not covers("very skewed", coverage.student)


def test_worlds_have_the_means_they_claim() -> None:
    for name, world in coverage.WORLDS.items():
        drawn = world.draw(np.random.default_rng(3), (40_000, 10, 1)).mean(axis=(1, 2))
        error = drawn.std(ddof=1) / len(drawn) ** 0.5
        assert abs(drawn.mean() - world.truth) < 4.5 * error, name


def test_ratio_interval_reaches_its_coverage() -> None:
    generator = np.random.default_rng(11)
    samples, missed = 300, 0
    for number in range(samples):
        total = 0.12 + 0.06 * generator.standard_normal((10, 1)) + 0.05 * generator.standard_normal((10, 5))
        part = 0.4 * total + 0.03 * generator.standard_normal((10, 1)) + 0.02 * generator.standard_normal((10, 5))
        found = statistics.ratio(part, total, statistics.resampling(10, 5, 999, number % 32))
        if found.note.startswith("undefined"):
            continue
        missed += not found.low <= 0.4 <= found.high
    assert missed / samples <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / samples)


@given(st.integers(0, 10_000), st.floats(-0.2, 0.2))
def test_p_value_agrees_with_the_interval(seed: int, shift: float) -> None:
    values = shift + np.random.default_rng(seed).standard_normal((6, 3)) * 0.2
    found = statistics.mean(values, statistics.resampling(6, 3, 999))
    assert (found.p <= 0.05) == found.differs


@given(st.integers(0, 10_000))
def test_signs_and_units(seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal((7, 4))
    draws = statistics.resampling(7, 4, 999)
    found, turned, larger = (statistics.mean(factor * values, draws) for factor in (1.0, -1.0, 1024.0))
    assert (larger.low, larger.high, larger.p) == (1024 * found.low, 1024 * found.high, found.p)
    # A quantile between two draws is interpolated from the other side: two roundings.
    slack = 4 * 2**-52 * (abs(found.low) + abs(found.high))
    assert turned.p == found.p
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), rel=0, abs=slack)


def test_near_normal_data_agree_with_student() -> None:
    # Different method, same question: with 200 clusters the two must be close; 3 % of the width is the resampling's own noise.
    values = np.random.default_rng(5).standard_normal((200, 2))
    found, (low, high) = statistics.mean(values), statistics.t_interval(values)
    assert found.low == pytest.approx(low, abs=0.03 * (high - low))
    assert found.high == pytest.approx(high, abs=0.03 * (high - low))


def test_student_is_scipys() -> None:
    values = np.random.default_rng(1).standard_normal((10, 5))
    expected = stats.ttest_1samp(values.mean(axis=1), 0.0).confidence_interval(0.95)
    assert statistics.t_interval(values) == pytest.approx((expected.low, expected.high), rel=1e-12)


def test_same_input_same_bits() -> None:
    values = np.random.default_rng(1).standard_normal((10, 5))
    first = statistics.mean(values)
    statistics.resampling.cache_clear()
    assert statistics.mean(values) == first


def test_what_cannot_be_told_is_undefined_in_words() -> None:
    few = statistics.mean(np.ones((2, 5)))
    assert math.isnan(few.low)
    assert "at least 3" in few.note
    constant = statistics.mean(np.ones((5, 5)))
    assert math.isnan(constant.p)
    assert "no spread" in constant.note
    assert statistics.mean(np.zeros((5, 5))).p == 1.0
    around_zero = np.random.default_rng(2).standard_normal((10, 5))
    assert (
        statistics.ratio(np.ones((10, 5)), around_zero).note == "undefined: the interval of the denominator contains 0"
    )


def test_ratio_of_proportional_arrays_is_exact() -> None:
    denominator = 1 + 0.1 * np.random.default_rng(2).standard_normal((10, 5))
    found = statistics.ratio(0.25 * denominator, denominator)
    # The spread of `numerator - theta denominator` cancels to rounding, whose square root is about 1e-8.
    assert (found.value, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25), rel=1e-6)


def test_holm_against_a_worked_example_and_the_definition() -> None:
    assert statistics.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02], rel=2**-52)
    assert statistics.holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_rejects_step_down(p_values: list[float]) -> None:
    adjusted = statistics.holm(p_values)
    rejected = set()
    for rank, index in enumerate(np.argsort(p_values, kind="stable")):
        if (len(p_values) - rank) * p_values[index] > 0.05:
            break
        rejected.add(int(index))
    assert {index for index, value in enumerate(adjusted) if value <= 0.05} == rejected
    assert all(value >= p for value, p in zip(adjusted, p_values, strict=True))


def test_undefined_p_values_count_in_the_family() -> None:
    adjusted = statistics.holm([0.02, math.nan])
    assert adjusted[0] == 0.04
    assert math.isnan(adjusted[1])


def test_win_rate_counts_ties_half() -> None:
    assert statistics.win_rate(np.array([1.0, 2.0, 3.0]), np.array([0.0, 2.0, 4.0])) == 0.5


def contrast(difference: float, holm: float, detectable: float = 0.05) -> dict[str, object]:
    return {"difference": difference, "p": holm / 4, "holm": holm, "detectable": detectable}


YES, NO, WORSE = contrast(0.1, 0.01), contrast(0.1, 0.3), contrast(-0.1, 0.01)
# The same without the power to see an effect of 0.08, the published one below.
WEAK, WEAK_YES = contrast(0.1, 0.3, 0.09), contrast(0.1, 0.01, 0.09)


@pytest.mark.parametrize(
    ("claim", "scale", "placebo", "decay", "expected"),
    [
        (YES, YES, YES, YES, "replicated"),
        (WEAK_YES, WEAK_YES, YES, YES, "replicated"),
        (YES, NO, YES, YES, "confounded"),
        (YES, YES, NO, YES, "confounded"),
        (YES, YES, YES, NO, "confounded"),
        (YES, WORSE, None, None, "confounded"),
        (YES, NO, WEAK, YES, "confounded"),
        (YES, WEAK, YES, YES, "undecided"),
        (YES, WEAK, YES, None, "undecided"),
        (YES, contrast(-0.1, 0.01, 0.09), YES, YES, "confounded"),
        (YES, YES, YES, None, "uncontrolled"),
        (YES, None, None, None, "uncontrolled"),
        (NO, YES, YES, YES, "not replicated"),
        (contrast(0.1, 0.3, 0.08), YES, YES, YES, "not replicated"),
        (WEAK, YES, YES, YES, "undecided"),
        (contrast(0.1, 0.3, math.inf), YES, YES, YES, "undecided"),
        (contrast(0.0, 1.0, math.nan), YES, YES, YES, "undecided"),
        (WORSE, YES, YES, YES, "not replicated"),
        (contrast(-0.1, 0.01, 0.09), YES, YES, YES, "not replicated"),
        (contrast(0.1, math.nan), YES, YES, YES, "undecided"),
        (None, YES, YES, YES, "undecided"),
    ],
)
def test_verdict_rule(claim: object, scale: object, placebo: object, decay: object, expected: str) -> None:
    given = {"claim": claim, "scale": scale, "placebo": placebo, "decay": decay}
    assert verdict({name: row for name, row in given.items() if row is not None}, 0.08)[0] == expected  # type: ignore[misc]


def test_a_control_is_measured_by_the_smaller_of_claim_and_published_effect() -> None:
    rows = {"claim": YES, "scale": contrast(0.0, 1.0, 0.09), "placebo": YES, "decay": YES}
    assert [verdict(rows, size)[0] for size in (0.08, 0.2, None)] == ["undecided", "confounded", "confounded"]  # type: ignore[arg-type]
    rows["scale"] = contrast(0.0, 1.0, 0.15)
    assert verdict(rows, 0.2)[0] == "undecided"  # type: ignore[arg-type]


def test_what_holm_takes_away_is_said() -> None:
    lost = {"claim": {"difference": 0.1, "p": 0.005, "holm": 0.07, "detectable": 0.06}}
    alone = "p = 0.005 alone, not established after Holm (0.07)"
    assert verdict(lost, None) == ("undecided", f"{alone}; no published effect to compare with")
    sizes = "the smallest detectable effect is 0.06, the published one is 0.05"
    assert verdict(lost, 0.05) == ("undecided", f"{alone}; {sizes}")


def test_smallest_detectable_effect_turns_the_p_value_round() -> None:
    # Shift the values so that a repetition stands at the least established statistic: just beyond it p is small enough, just before it not.
    values = np.random.default_rng(3).standard_normal((12, 3))
    draws, family = statistics.resampling(12, 3), 6
    centred = values - values.mean()
    error = centred.mean(axis=1).std(ddof=1) / 12**0.5
    low, high = 0.0, 100 * error
    for _ in range(60):
        middle = (low + high) / 2
        if statistics.mean(centred + middle, draws).p <= statistics.LEVEL / family:
            high = middle
        else:
            low = middle
    resampled = statistics._function_means(centred, draws)
    spread = resampled.std(axis=0, ddof=1) / 12**0.5
    needed = statistics.detectable(values, family, draws)
    established = (resampled.mean(axis=0) + needed) / spread >= high / error * (1 - 1e-9)
    assert established.mean() == pytest.approx(statistics.POWER, abs=1 / statistics.RESAMPLES)


@pytest.mark.parametrize(("functions", "seeds", "family"), [(40, 2, 12), (150, 2, 12)])
def test_smallest_detectable_effect_is_students_with_many_functions(functions: int, seeds: int, family: int) -> None:
    # Another method: the noncentral t law at the true standard error. The estimate's own spread and the resampling's are averaged over studies.
    generator = np.random.default_rng(functions)
    shape = (40, functions, seeds)
    worlds = 0.08 * generator.standard_normal((*shape[:2], 1)) + 0.1 * generator.standard_normal(shape)
    draws = statistics.resampling(functions, seeds, 3999)
    estimates = np.array([statistics.detectable(values, family, draws) for values in worlds])
    error = (0.08**2 + 0.1**2 / seeds) ** 0.5 / functions**0.5
    least = stats.t.ppf(1 - statistics.LEVEL / family / 2, functions - 1)
    low, high = 0.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if stats.nct.sf(least, functions - 1, middle) < statistics.POWER else (low, middle)
    # The wider of two tails, seeds resampled within functions and normal tails of few clusters make it larger, never much smaller.
    assert 0.97 <= estimates.mean() / (high * error) <= 1.25


@pytest.mark.parametrize("shift", [1.0, 0.5, 0.0])
def test_power_at_the_smallest_detectable_effect(shift: float) -> None:
    # Whole studies, tested by the rule itself, with a true mean of `shift` times the smallest detectable effect.
    generator = np.random.default_rng(8)
    functions, seeds, family, studies = 60, 2, 12, 300
    draws = statistics.resampling(functions, seeds, 1999)

    def study() -> np.ndarray:
        return 0.08 * generator.standard_normal((functions, 1)) + 0.1 * generator.standard_normal((functions, seeds))

    effect = np.mean([statistics.detectable(study(), family, draws) for _ in range(40)])
    means = [statistics.mean(shift * effect + study(), draws) for _ in range(studies)]
    share = np.mean([one.p <= statistics.LEVEL / family and one.value > 0 for one in means])
    if shift == 1.0:
        assert abs(share - statistics.POWER) < 0.07 + 3 * math.sqrt(0.16 / studies)
    else:
        assert share < 0.5 if shift else share < 0.02


def test_smallest_detectable_effect_ignores_the_mean_and_follows_units() -> None:
    values = np.random.default_rng(6).standard_normal((10, 5))
    here = statistics.detectable(values, 8)
    assert statistics.detectable(values + 3, 8) == pytest.approx(here, rel=1e-9)
    assert statistics.detectable(1024 * values, 8) == 1024 * here
    assert statistics.detectable(values, 16) > here
    assert statistics.detectable(values, 2000) == math.inf  # 19,999 resamples give no p-value of 0.000025
    assert math.isnan(statistics.detectable(np.ones((10, 5)), 8))
    # Four functions, one seed: a resample in 64 draws one function four times and has no spread.
    assert statistics.detectable(values[:4, :1], 8) == math.inf
    assert math.isnan(statistics.detectable(values[:2], 8))


def test_presets_carry_the_controls() -> None:
    controls = {arm for row in CONTRASTS if row.role != "description" for arm in (row.base, row.arm)}
    assert controls == {"reg", "reg_scaled", "reg_nodecay", "reg_cls", "reg_cls_nodecay", "reg_cls_placebo"}
    for name, preset in PRESETS.items():
        four = name in (
            "map",
            "drawn",
            "paper-noisy-ood",
        )  # decay is an axis of the first; the others ask at the paper's decay
        needed = controls - ({"reg_nodecay", "reg_cls_nodecay"} if four else set())
        assert needed <= set(preset["arms"]), name
    assert 0.0 in PRESETS["map"]["decay"]
