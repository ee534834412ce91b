"""A chunk of the field study: one arm trained on all splits of a table, scored, mended, and what was promised set beside what came."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from numerics.field import data, scores
from numerics.field.protocol import ARMS
from numerics.trial import experiment, world
from numerics.trial.world import World

ENGINE = 2
"""Part of every result's key: raise it whenever a change alters any bit of a result."""

Array = np.ndarray


@dataclass(frozen=True)
class Job:
    """One training.

    Attributes:
      source: name of the data; file, label: where the user's are.
      digest: of the data.
      arm: name of an arm that is trained.
      split: its number.
      seed: of the study.
      weight: cost relative to others, not part of the key.
    """

    source: str
    file: str
    label: str
    digest: str
    arm: str
    split: int
    seed: int
    weight: float

    def text(self) -> str:
        """The key: what determines the result. The place of a file does not."""
        fields = {name: value for name, value in asdict(self).items() if name not in ("file", "weight")}
        return json.dumps(fields, sort_keys=True, separators=(",", ":"))


BLOCK = 5
"""Splits in a chunk. What a split gives does not depend on its company."""
TRAINED = tuple(arm for arm in ARMS if not arm.origin)
EFFORT = {"CE": 1.1, "CE, corrected": 1.1, "HL-Gauss": 1.6, "HL-Gauss, corrected": 1.6, "trees": 2.0}
"""Seconds of arms relative to squared error, roughly; for the time left."""


def jobs(one: data.Data, file: str, splits: int, seed: int) -> list[tuple[Job, ...]]:
    """The chunks of a source, arm by arm, `BLOCK` splits each."""
    size = len(one.table.y) * (1.0 + one.table.x.shape[1] / 100 + 4.0 * one.images) / 6000
    digest = one.digest

    def job(arm: str, split: int) -> Job:
        return Job(one.name, file, one.table.label, digest, arm, split, seed, size * EFFORT.get(arm, 1.0))

    blocks = [range(start, min(start + BLOCK, splits)) for start in range(0, splits, BLOCK)]
    return [tuple(job(arm.name, split) for split in block) for arm in TRAINED for block in blocks]


def ordered(of_source: Sequence[Sequence[tuple[Job, ...]]]) -> list[tuple[Job, ...]]:
    """All chunks in the order in which they are run: the first splits of every source before the next ones, cheap sources first, so that a run that is cut short
    has something to say of every table."""
    cost = {id(chunks): sum(job.weight for chunk in chunks for job in chunk) for chunks in of_source}
    entries = [
        (chunk[0].split, cost[id(chunks)], number, chunk) for chunks in of_source for number, chunk in enumerate(chunks)
    ]
    return [entry[3] for entry in sorted(entries, key=lambda entry: entry[:3])]


@lru_cache(maxsize=40)
def split_of(source: str, file: str, label: str, seed: int, number: int) -> World:
    """One split of a source; kept for the arms that follow."""
    one = data.load(source, file, label)
    return world.prepare(one.table, world.parts(one.group, seed, number), one.stretches)


def run(chunk: Sequence[Job], devices: int | None = None) -> list[dict[str, Any]]:
    """Trains and scores the jobs of a chunk, which differ in their split alone.

    Returns:
      Of each job the scores of its arm and of those that mend it, the gains, and the epoch that was kept.
    """
    first = chunk[0]
    worlds = [split_of(job.source, job.file, job.label, job.seed, job.split) for job in chunk]
    seeds = [experiment.split_seed(job.seed, job.split) for job in chunk]
    if first.arm in ("trees", "trees, weights 1/r"):
        from numerics.field import trees

        found = trees.fit(worlds, weighted=first.arm != "trees", workers=devices)
        return [
            result(first.arm, one, fitted, seed, kept)
            for one, (fitted, kept), seed in zip(worlds, found, seeds, strict=True)
        ]
    from numerics.field import networks

    images = data.load(first.source, first.file, first.label).images
    results = []
    for one, fitted, seed in zip(worlds, networks.fit(first.arm, worlds, seeds, images, devices), seeds, strict=True):
        values = result(first.arm, one, fitted.predictions, seed, fitted.epoch)
        if first.arm == "HL-Gauss":
            edges = one.mean + one.deviation * one.fine.edges
            better, gains = scores.divided(one, networks.probabilities(fitted), edges, seed)
            values["scores"]["HL-Gauss, divided by r"] = scores.measure(one, better)
            values["gains"] |= gains
        results.append(values)
    return results


def result(arm: str, one: World, predictions: Array, seed: int, kept: int) -> dict[str, Any]:
    """Scores and gains of one split."""
    values: dict[str, Any] = {"scores": {arm: scores.measure(one, predictions)}, "gains": {}, "epoch": kept}
    if arm in ("MSE", "trees"):
        better, values["gains"] = scores.mended(one, predictions, seed)
        values["scores"][f"{arm}, recalibrated"] = scores.measure(one, better)
    if arm == "MSE":
        train, _, test = one.labels
        values["table"] = {"variance": float(test.var()), "train": len(train), "test": len(test), "kl": one.shift.kl,
            "effective": one.shift.effective_sample_size}  # fmt: skip
    return values


def arms_of(name: str) -> tuple[str, ...]:
    """Arms whose scores a chunk of this arm gives."""
    return (name, *(arm.name for arm in ARMS if arm.origin == name))
