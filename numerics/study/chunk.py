"""A chunk of trainings: a pure function from its jobs to their results."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from numerics import runtime
from numerics.study.job import Job

if TYPE_CHECKING:
    import numpy as np

# Part of every result's identity: raise it whenever a change of the engine or of the sampling changes any bit of a result.
ENGINE = 1


def prepare(devices: int | None = None, *, double: bool = True) -> None:
    """Starts JAX for the engine; nothing where JAX has computed already.

    One thread a device: models are spread over devices, and a product of this size loses by being split further.

    Args:
      devices: host devices to split the processor into; one by default.
      double: float64 on.
    """
    if "jax" in sys.modules:
        return
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false".strip()
    runtime.start(devices=devices, double=double)


def run_chunk(jobs: Sequence[Job], devices: int | None = None) -> list[dict[str, Any]]:
    """Trains the jobs of one chunk.

    Args:
      jobs: as `chunks` groups them: equal but for function and data seed.
      devices: devices to use; all by default. Results do not depend on it.

    Returns:
      In job order: `test_mse` on the uniform test third, `test_variance` of its targets, `validation_mse` on the validation third of the
      job's own sampling, `train_loss` (the arm's loss over the last epoch, without decay), `train_mse` and `train_entropy` its terms,
      `balanced_mse` (average over the non-empty ones of 20 equal bins of the test targets), `bin_mse` (20 values, None where empty),
      `bin_bias` (20 mean residuals prediction - target), `diverged` (something became infinite or undefined, or the test error exceeds
      100 times the variance of the test targets). Plain floats; those of a diverged run may be inf or nan.
    """
    from numerics.study.engine import run

    return [measured for measured, _ in run(jobs, devices)]


def curves(jobs: Sequence[Job], x: np.ndarray) -> list[np.ndarray]:
    """Trains the jobs of one chunk and returns the predictions of each at `x`, (n,) inputs or (n, f)."""
    from numerics.study.engine import run

    return [curve for _, curve in run(jobs, None, x)]
