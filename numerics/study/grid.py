"""From options to trainings: conditions, cells (a condition with a sampling) and the job of each run. Loads nothing heavy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product
from typing import Any

from numerics.study import presets
from numerics.study.arms import ARMS
from numerics.study.job import Job, canonical
from numerics.study.options import Options


@dataclass(frozen=True)
class Condition:
    """What all arms of a comparison share."""

    setting: str
    optimizer: str
    learning_rate: float
    scale: float
    decay: float
    noise: float
    hidden: tuple[int, ...]
    epochs: int
    batch: int
    dtype: str

    def as_json(self) -> dict[str, Any]:
        """A plain dictionary."""
        return asdict(self)

    def words(self) -> str:
        """One line for tables."""
        layers = "-".join(map(str, self.hidden))
        return (
            f"{self.setting}, {self.optimizer} {self.learning_rate:g}, lambda {self.scale:g}, decay {self.decay:g}, "
            f"noise {self.noise:g}, hidden {layers}"
        )


@dataclass(frozen=True)
class Cell:
    """A condition with a sampling: the unit that gets a verdict.

    Attributes:
      functions: the clusters: numbers of synthetic functions, all of the protocol or all drawn.
      seeds: data seeds (replicates).
    """

    condition: Condition
    sampling: str
    arms: tuple[str, ...]
    classes: tuple[int, ...]
    functions: tuple[int, ...]
    seeds: int

    @property
    def drawn(self) -> bool:
        """Whether the functions are drawn from the law of the protocol's ten."""
        return self.functions[0] >= presets.FUNCTIONS

    def job(self, arm: str, classes: int, function: int, seed: int) -> Job:
        """The canonical job of one run; arms without a class head ignore `classes`."""
        condition = self.condition
        return canonical(
            Job(
                condition.setting,
                self.sampling,
                function,
                seed,
                classes,
                arm,
                condition.optimizer,
                condition.learning_rate,
                condition.scale,
                condition.decay,
                condition.noise,
                condition.hidden,
                condition.epochs,
                condition.batch,
                condition.dtype,
            )
        )

    def counts(self, arm: str) -> tuple[int, ...]:
        """The class counts that an arm is run with; `(0,)` without a class head."""
        return self.classes if ARMS[arm].classifies else (0,)

    def jobs(self) -> Iterator[Job]:
        """All runs of the cell, arm by arm."""
        for arm in self.arms:
            for classes, function, seed in product(self.counts(arm), self.functions, range(self.seeds)):
                yield self.job(arm, classes, function, seed)


def conditions(options: Options) -> list[Condition]:
    """The conditions of a request, in the order given, settings outermost."""
    result = []
    for setting in options.settings:
        for optimizer in options.optimizers:
            for scale in options.scales or (presets.SCALE[setting],):
                own = presets.LEARNING_RATE[setting] if optimizer == "adam" else presets.SGD_RATE / scale
                axes = (
                    options.learning_rates or (own,),
                    (scale,),
                    options.decays,
                    options.noises or (presets.NOISE[setting],),
                    options.hiddens,
                )
                shared = options.epochs, options.batch, options.dtype
                result += [Condition(setting, optimizer, *values, *shared) for values in product(*axes)]
    return result


def cells(options: Options) -> list[Cell]:
    """The cells of a request: those of the protocol's functions and those of drawn ones apart."""
    ten = tuple(range(options.functions))
    drawn = tuple(range(presets.FUNCTIONS, presets.FUNCTIONS + options.drawn))
    return [
        Cell(condition, sampling, options.arms, options.classes, functions, options.seeds)
        for condition in conditions(options)
        for sampling in options.samplings
        for functions in (ten, drawn)
        if functions
    ]


def jobs(grid_cells: list[Cell]) -> list[Job]:
    """Every training that the cells need, once."""
    return list(dict.fromkeys(job for cell in grid_cells for job in cell.jobs()))
