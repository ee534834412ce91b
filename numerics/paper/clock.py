"""How long a run of the write-up still takes: what its steps take on two cores, scaled by what the finished ones took here."""

from __future__ import annotations

from dataclasses import dataclass, field

from numerics.paper.steps import Step

SECONDS = {"theory": 6.0, "verify": 15.0, "study": 280.0, "figures": 45.0, "page": 10.0}
"""By the first word of a step's name, on two idle cores, roughly: once a step has run, only their proportions count. What is not listed is short."""
SHORT = 3.0


def usual(step: Step) -> float:
    """Seconds that a step takes on two cores."""
    return SECONDS.get(step.name.partition("-")[0], SHORT)


@dataclass
class Clock:
    """The steps that have to run, in order, and what those that have run took.

    Attributes:
      waiting: not begun.
      expected, taken: seconds of the finished ones, as listed and as measured.
    """

    waiting: list[Step]
    expected: float = field(default=0.0, init=False)
    taken: float = field(default=0.0, init=False)

    def left(self, elapsed: float = 0.0) -> float:
        """Seconds until the end.

        Args:
          elapsed: of the first step that waits, which is running.
        """
        pace = self.taken / self.expected if self.expected else 1.0
        if not self.waiting:
            return 0.0
        first, *rest = (pace * usual(step) for step in self.waiting)
        return max(first - elapsed, 0.0) + sum(rest)

    def done(self, step: Step, seconds: float) -> None:
        """A step has run."""
        self.waiting = [other for other in self.waiting if other.name != step.name]
        self.expected += usual(step)
        self.taken += seconds


def words(seconds: float) -> str:
    """`about 4 min left`; below a minute in steps of ten seconds."""
    if seconds >= 60:
        return f"about {round(seconds / 60)} min left"
    return f"about {max(10, round(seconds / 10) * 10)} s left"
