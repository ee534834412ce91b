"""A stand-in for the engine: results from a hash of the job, at once. Tests of everything around the engine import it."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from typing import Any


def uniform(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7], "big") / 2**56


EFFECT = {
    "reg": 0.5,
    "reg_scaled": 0.4,
    "reg_cls": 0.3,
    "reg_cls_placebo": 0.45,
    "reg_nodecay": 0.42,
    "reg_cls_nodecay": 0.3,
}


def fake(chunk: Sequence[Any]) -> list[dict[str, Any]]:
    """Errors with a function effect, an arm effect and noise; every 97th or so diverges. `FAKE_PAUSE` seconds a chunk."""
    time.sleep(float(os.environ.get("FAKE_PAUSE", "0")))
    results = []
    for job in chunk:
        noise = uniform(job.text())
        size = 0.5 + uniform(f"function {job.function}")
        error = size * EFFECT.get(job.arm, 0.35) * (0.9 + 0.2 * noise)
        diverged = noise > 0.99
        results.append(
            {
                "test_mse": float("inf") if diverged else error,
                "balanced_mse": error * 1.1,
                "validation_mse": error,
                "train_mse": error / 2,
                "train_loss": error / 2,
                "test_variance": 1.0,
                "bin_bias": [noise] * 20,
                "diverged": diverged,
            }
        )
    return results


def dies_once(chunk: Sequence[Any]) -> list[dict[str, Any]]:
    """As `fake`, but the first call that finds no file `FAKE_DEATH` makes it and kills its process."""
    mark = os.environ["FAKE_DEATH"]
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return fake(chunk)
    os.kill(os.getpid(), 9)
    return []


if __name__ == "__main__":
    from numerics.study import options, session
    from unskew.ground import command

    command.run("python -m numerics.study", lambda: session.run(options.read(sys.argv[1:]), fake))
