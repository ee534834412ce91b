"""A budget of processor time for one run, kept by the loops that could go on for long.

Nothing is interrupted from outside: an exception thrown into a callback of native code would be swallowed there. Each long loop asks `check` instead, and an
integrand called by Arb answers "not finite" once the time is spent (`spent`). Processor time, so that a busy machine changes no answer.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

BUDGET = 28.0
"""Seconds of processor time for the checks of a run, fits aside. A run is over after 30: two looks at the clock are less than 2 s apart."""

SAMPLE = 0.05
"""Seconds by the clock between two looks at the processor time, which costs a system call."""

_end: ContextVar[float] = ContextVar("end of the budget", default=math.inf)


class OutOfTime(Exception):
    """The budget of the run is spent."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Within the block, `check` raises after so many seconds of processor time."""
    token = _end.set(time.process_time() + seconds)
    try:
        yield
    finally:
        _end.reset(token)


@contextmanager
def stopped() -> Iterator[None]:
    """Within the block the clock stands still: work that is bounded otherwise."""
    start = time.process_time()
    try:
        yield
    finally:
        _end.set(_end.get() + time.process_time() - start)


def left() -> float:
    """Seconds of processor time that are left; infinite without a budget."""
    return _end.get() - time.process_time()


@dataclass
class _Sample:
    """The last look: when by the clock, and whether the budget with that end was spent."""

    at: float
    end: float
    spent: bool


_last = _Sample(-math.inf, math.nan, False)


def spent() -> bool:
    """Whether the budget is spent, as of at most `SAMPLE` seconds ago."""
    end, now = _end.get(), time.perf_counter()
    if end == math.inf:
        return False
    if now - _last.at > SAMPLE or _last.end != end:
        _last.at, _last.end, _last.spent = now, end, time.process_time() > end
    return _last.spent


def check() -> None:
    """Raises where the budget is spent.

    Raises:
      OutOfTime: it is.
    """
    if spent():
        raise OutOfTime
