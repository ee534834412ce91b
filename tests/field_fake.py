"""A stand-in for the field study's engine: results from a hash of the job, at once; `FAKE_PAUSE` seconds a chunk."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from numerics.field import work

GAINS = {"MSE": ("saving", "cost"), "trees": ("saving",), "HL-Gauss": ("division", "theorem")}


def uniform(*words: object) -> float:
    return int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:7], "big") / 2**56


def fake(chunk: Sequence[work.Job]) -> list[dict[str, Any]]:
    """Errors with a table effect, an arm effect and noise; gains that are what was predicted, up to noise of the stated size."""
    time.sleep(float(os.environ.get("FAKE_PAUSE", "0")))
    results = []
    for job in chunk:
        scores: dict[str, Any] = {}
        for arm in work.arms_of(job.arm):
            better = 0.8 if "recalibrated" in arm or "corrected" in arm or "divided" in arm else 1.0
            error = (1 + uniform(job.source)) * better * (0.97 + 0.06 * uniform(job.split, arm))
            scores[arm] = dict.fromkeys(("balanced", "absolute", "sera", "plain", "validation", "many", "few"), error)
            scores[arm]["medium"] = None
        gain = 0.1 + 0.3 * uniform(job.source, "gain")
        gains = {
            name: [gain, gain - 0.05, gain + 0.05, measured, measured - 0.05, measured + 0.05]
            for name in GAINS.get(job.arm, ())
            for measured in [gain + 0.06 * (uniform(job.split, name) - 0.5)]
        }
        result: dict[str, Any] = {"scores": scores, "gains": gains, "epoch": 7}
        if job.arm == "MSE":
            result["table"] = {"variance": 4.0, "train": 600, "test": 250, "kl": 0.5, "effective": 200.0}
        results.append(result)
    return results


if __name__ == "__main__":
    from numerics.field import options, session
    from unskew.ground import command

    command.run(options.PROGRAM, lambda: session.run(options.read(sys.argv[1:]), fake))
