"""A job: everything that determines one training, in plain values; and which jobs can be trained at once.

Equal canonical jobs have equal results, bit for bit on one kind of machine, whatever else is in their chunk and however many host devices there are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from numerics.study import protocol
from numerics.study.arms import ARMS

# Models trained at once; the memory of a run is bounded by a chunk whatever the size of the grid.
CHUNK = 50
# The first fields of a chunk's shape: setting, sampling and noise determine its data, given function and seed.
SHARING = 3


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
      setting: clean, noisy, ood.
      sampling: uniform, mild, moderate, severe.
      function: number of the synthetic function: 0 to 9 are the protocol's, the rest are drawn (`law.function`).
      data_seed: seeds data, initial weights and batch order.
      classes: K, at least 2; 0 where the arm has no class head.
      arm: a name of `arms.NAMES`.
      optimizer: adam or sgd.
      learning_rate: of the optimizer.
      scale: lambda, the weight of the squared error in scaled arms.
      decay: L2 decay added to the gradient of all parameters.
      noise: standard deviation of the Gaussian noise on all targets.
      hidden: widths of the hidden layers.
      epochs: passes over the training third.
      batch: samples a step; the last partial batch is dropped.
      dtype: float32 or float64.
    """

    setting: str
    sampling: str
    function: int
    data_seed: int
    classes: int
    arm: str
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    scale: float = 100.0
    decay: float = protocol.DECAY
    noise: float = 0.0
    hidden: tuple[int, ...] = protocol.HIDDEN
    epochs: int = protocol.EPOCHS
    batch: int = protocol.BATCH
    dtype: str = "float32"

    def text(self) -> str:
        """Canonical JSON of the job: sorted keys, no spaces; the key of its result."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), allow_nan=False)

    @property
    def weight(self) -> float:
        """The cost relative to others, in epochs of the net 1-6-15-1 without classes.

        Measured on a processor: a class head costs about two such nets whatever its width, and its multiplications run at three times their speed.
        """
        layers = (1, *self.hidden)
        body = sum(a * b for a, b in zip(layers, (*self.hidden, 1), strict=True))
        head = 200 + self.classes * self.hidden[-1] / 3 if self.classes else 0.0
        return self.epochs * (body + head) / 111


def job_from(text: str) -> Job:
    """The job that `Job.text` wrote."""
    fields = json.loads(text)
    return Job(**(fields | {"hidden": tuple(fields["hidden"])}))


def canonical(job: Job) -> Job:
    """The same training with every field that its arm does not use at its neutral value.

    `reg` does not depend on K or on lambda, so its five pairs share one training.
    """
    arm = ARMS[job.arm]
    return replace(
        job,
        classes=job.classes if arm.classifies else 0,
        scale=float(job.scale) if arm.scaled else 1.0,
        decay=float(job.decay) if arm.decay else 0.0,
        learning_rate=float(job.learning_rate),
        noise=float(job.noise),
    )


def chunks(jobs: Sequence[Job], size: int = CHUNK) -> list[tuple[Job, ...]]:
    """Groups jobs that can be trained at once.

    The jobs of a chunk differ in function and data seed alone. The grouping is a function of the set of jobs, and the order puts chunks that
    share data next to each other: all shapes of one block of functions, then those of the next.

    Args:
      jobs: any jobs; they are made canonical and equal ones merged.
      size: the most jobs in a chunk.
    """
    groups: dict[tuple[Any, ...], list[Job]] = {}
    for job in {canonical(job): None for job in jobs}:
        shape = (
            *(job.setting, job.sampling, job.noise, job.dtype, job.classes, job.arm),
            *(job.optimizer, job.learning_rate, job.scale, job.decay, job.hidden, job.epochs, job.batch),
        )
        groups.setdefault(shape, []).append(job)
    blocks = []
    for shape, jobs_of_shape in groups.items():
        members = sorted(jobs_of_shape, key=lambda job: (job.function, job.data_seed))
        for start in range(0, len(members), size):
            blocks.append((shape[:SHARING], start, shape[SHARING:], tuple(members[start : start + size])))
    return [members for *_, members in sorted(blocks, key=lambda block: block[:3])]
