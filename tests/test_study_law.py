"""Drawn functions: by number, from the law of the protocol's ten."""

from __future__ import annotations

import numpy as np
from scipy import stats

from numerics.study import law, protocol
from numerics.study.sampling import target

DRAWN = [law.function(number) for number in range(10, 2010)]


def test_the_ten_are_the_protocols_and_numbers_are_keys() -> None:
    assert tuple(law.function(number) for number in range(10)) == protocol.FUNCTIONS
    first = law.function(57)
    law.function.cache_clear()
    assert law.function(57) == first
    assert len(set(DRAWN)) == len(DRAWN)


def test_drawn_functions_have_the_law() -> None:
    # Goodness of fit at 0.1 % each.
    assert stats.kstest([f.A for f in DRAWN], "uniform").pvalue > 1e-3
    counts = np.bincount([f.C for f in DRAWN], minlength=29)
    assert counts[:12].sum() == 0
    assert len(counts) == 29
    assert stats.chisquare(counts[12:]).pvalue > 1e-3
    # A and C are independent: no rank correlation.
    assert stats.spearmanr([f.A for f in DRAWN], [f.C for f in DRAWN]).pvalue > 1e-3


def test_the_ten_look_like_draws_and_other_laws_are_rejected() -> None:
    ten = [f.A for f in protocol.FUNCTIONS], [f.C for f in protocol.FUNCTIONS]
    assert stats.kstest(ten[0], "uniform").pvalue > 0.01
    assert (min(ten[1]), max(ten[1])) == (law.LEAST_C, law.LARGEST_C)
    # The same test at the same size refuses A uniform on [0, 1.5] and C on 12 to 27.
    wider = 1.5 * np.array([f.A for f in DRAWN])
    assert stats.kstest(wider, "uniform").pvalue < 1e-3
    assert stats.chisquare(np.bincount([min(f.C, 27) for f in DRAWN], minlength=29)[12:]).pvalue < 1e-3


def test_a_drawn_function_is_the_sum_of_its_sines() -> None:
    f, x = law.function(123), np.linspace(-1, 1, 7)
    expected = f.A * np.sin(f.C * x) + (1.5 - f.A) * np.sin((f.C // 3) * x)
    assert np.array_equal(target(123, x), expected)
