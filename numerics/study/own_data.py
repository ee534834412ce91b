"""A user's own data in place of the synthetic functions: read, checked, standardised, compared with ridge.

The file is npz with `x (n, f)`, `y (n,)` and `split (n,)` of the words train, dev and test. Inputs and targets are standardised by the mean
and standard deviation of the train rows (an input that is constant there becomes 0), because `lambda` and the learning rate are set for
targets of about unit variance; all scores are given in the units of `y`. The balanced score is the mean squared error averaged over the
non-empty ones of 20 equal-width bins of the test targets. There is one data set, so the replicates are training seeds: intervals speak of
training again on these rows, not of other rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numerics.study import statistics
from numerics.study.job import OwnData
from unskew.ground.refusals import InputError, readable

SPLITS = ("train", "dev", "test")
BINS = 20
REMEDY = "give an npz file with arrays x (n, f), y (n,) and split (n,) of 'train', 'dev' and 'test'"

Array = np.ndarray


@dataclass(frozen=True)
class Own:
    """Checked data.

    Attributes:
      digest: of the arrays, 16 hexadecimal digits; part of every result's key.
      data: standardised, as the engine takes it.
      mean, deviation: of `y` over the train rows, in its units.
      y: targets in their units.
      constant_inputs: inputs without spread over the train rows.
    """

    digest: str
    data: OwnData
    mean: float
    deviation: float
    y: Array
    constant_inputs: int


def read(path: Path | str, batch: int) -> Own:
    """Reads and checks a file.

    Args:
      batch: the batch size that training will use; fewer train rows would give no step at all.

    Raises:
      InputError: the file is no npz, lacks an array, holds pickled objects, a wrong shape or kind, values that are not finite, an unknown
        split, an empty one, or too few train rows.
    """
    with readable(path, "npz", REMEDY), np.load(path, allow_pickle=False) as archive:
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise InputError(f"{path} is no npz archive", REMEDY)
        absent = [name for name in ("x", "y", "split") if name not in archive.files]
        if absent:
            raise InputError(f"{path} has no array {absent[0]!r}", REMEDY)
        x, y, split = (archive[name] for name in ("x", "y", "split"))
    return check(str(path), x, y, split, batch)


def check(name: str, x: Array, y: Array, split: Array, batch: int) -> Own:
    """Checks arrays and standardises them; arguments and errors as in `read`, `name` for messages."""
    if x.ndim != 2 or x.shape[1] == 0:
        raise InputError(f"{name}: x has shape {x.shape}", REMEDY)
    for label, array in (("y", y), ("split", split)):
        if array.shape != (len(x),):
            raise InputError(f"{name}: {label} has shape {array.shape} beside x {x.shape}", REMEDY)
    for label, array in (("x", x), ("y", y)):
        if array.dtype.kind not in "fiu":
            raise InputError(f"{name}: {label} is of kind {array.dtype}, not numbers", REMEDY)
        wrong = ~np.isfinite(array.reshape(len(array), -1)).all(axis=1)
        if wrong.any():
            raise InputError(
                f"{name}: {label} is not finite in {int(wrong.sum())} rows, first row {int(wrong.argmax())}",
                "remove or fill them",
            )
    if split.dtype.kind not in "US":
        raise InputError(f"{name}: split is of kind {split.dtype}, not words", REMEDY)
    words = split.astype(str)
    unknown = sorted(set(words.tolist()) - set(SPLITS))
    if unknown:
        raise InputError(f"{name}: split has the word {unknown[0]!r}", REMEDY)
    part = np.select([words == word for word in SPLITS], range(3)).astype(np.int8)
    for number, word in enumerate(SPLITS):
        if not (part == number).any():
            raise InputError(f"{name}: split has no {word!r} row", REMEDY)
    train = part == 0
    if int(train.sum()) < batch:
        raise InputError(f"{name}: {int(train.sum())} train rows are fewer than one batch of {batch}", "lower --batch")
    x, y = x.astype(np.float64), y.astype(np.float64)
    digest = hashlib.sha256(repr(x.shape).encode())
    for array in (x, y, part):
        digest.update(np.ascontiguousarray(array).tobytes())
    centre, spread = x[train].mean(axis=0), x[train].std(axis=0)
    # Below rounding of the column's own size there is no spread, only noise of the mean.
    constant = spread <= 1e-12 * np.maximum(1.0, np.abs(centre))
    mean, deviation = float(y[train].mean()), float(y[train].std())
    if not deviation > 1e-12 * max(1.0, abs(mean)):
        raise InputError(f"{name}: all train targets are equal", "there is nothing to regress on")
    scaled = np.where(constant, 0.0, (x - centre) / np.where(constant, 1.0, spread))
    data = OwnData(scaled, (y - mean) / deviation, part)
    return Own(digest.hexdigest()[:16], data, mean, deviation, y, int(constant.sum()))


def scores(truth: Array, predicted: Array) -> tuple[float, float]:
    """Plain and balanced mean squared error of predictions `(m,)`."""
    squared = (truth - predicted) ** 2
    low, high = float(truth.min()), float(truth.max())
    if high == low:
        return float(squared.mean()), float(squared.mean())
    # A billionth of a bin of leeway, as in the engine: labels given in steps lie on edges.
    place = np.minimum(((truth - low) / (high - low) * BINS + 1e-9).astype(int), BINS - 1)
    sums, counts = np.bincount(place, squared, BINS), np.bincount(place, minlength=BINS)
    return float(squared.mean()), float((sums[counts > 0] / counts[counts > 0]).mean())


def ridge(own: Own) -> dict[str, Any]:
    """Ridge regression in closed form, its penalty chosen on the dev rows by plain error from 61 values; scores on the test rows.

    The penalty is `alpha |w|^2` beside the sum of squares over the train rows, with a free intercept.
    """
    parts = [own.data.split == number for number in range(3)]
    x, y = own.data.x, own.y
    centre = x[parts[0]].mean(axis=0)
    u, s, vt = np.linalg.svd(x[parts[0]] - centre, full_matrices=False)
    along = u.T @ (y[parts[0]] - own.mean)
    best: tuple[float, float, Array] | None = None
    for alpha in np.logspace(-4, 6, 61):
        weights = vt.T @ (s / (s**2 + alpha) * along)
        error = float(np.mean((own.mean + (x[parts[1]] - centre) @ weights - y[parts[1]]) ** 2))
        if best is None or error < best[0]:
            best = error, float(alpha), weights
    assert best is not None
    plain, balanced = scores(y[parts[2]], own.mean + (x[parts[2]] - centre) @ best[2])
    return {"alpha": best[1], "dev_mse": best[0], "test_mse": plain, "balanced_mse": balanced}


def in_units(own: Own, results: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Results in the units of `y`, with the scores of the best constant known from the train rows (their mean)."""
    test = own.y[own.data.split == 2]
    plain, balanced = scores(test, np.full_like(test, own.mean))
    factor = own.deviation**2
    changed = {}
    for text, result in results.items():
        scaled = {
            name: result[name] * factor for name in ("test_mse", "balanced_mse", "validation_mse") if name in result
        }
        changed[text] = {**result, **scaled, "test_variance": plain, "balanced_variance": balanced}
    return changed


def describe(own: Own, runs: Sequence[tuple[str, str, Mapping[str, Array]]]) -> dict[str, Any]:
    """What the report says of a user's data: sizes, ridge, and every arm against ridge and against `reg`.

    Args:
      runs: a score's name, a condition in words, and by arm `(seeds, 1)` averaged over class counts.
    """
    reference = ridge(own)
    test = own.y[own.data.split == 2]
    constant = scores(test, np.full_like(test, own.mean))
    rows: list[dict[str, Any]] = []
    for metric, condition, arms in runs:
        for arm, values in arms.items():
            against = {"ridge": reference[metric] - values}
            if arm != "reg" and "reg" in arms:
                against["reg"] = arms["reg"] - values
            for base, difference in against.items():
                average = statistics.mean(difference)
                rows.append(
                    {"metric": metric, "condition": condition, "arm": arm, "base": base, "difference": average.value}
                    | {"low": average.low, "high": average.high, "p": average.p}
                )
    for row, adjusted in zip(rows, statistics.holm([row["p"] for row in rows]), strict=True):
        row["holm"] = adjusted
    return {
        "digest": own.digest,
        "rows": {word: int((own.data.split == number).sum()) for number, word in enumerate(SPLITS)},
        "inputs": own.data.x.shape[1],
        "constant_inputs": own.constant_inputs,
        "ridge": reference,
        "constant": {"test_mse": constant[0], "balanced_mse": constant[1]},
        "against": rows,
        "words": _words(own, reference, constant, rows),
    }


def _words(
    own: Own, reference: Mapping[str, float], constant: tuple[float, float], rows: Sequence[Mapping[str, Any]]
) -> list[str]:
    plain, balanced = reference["test_mse"], reference["balanced_mse"]
    lines = [
        f"own data: {len(own.y)} rows, {own.data.x.shape[1]} inputs ({own.constant_inputs} constant over train)",
        f"ridge (alpha {reference['alpha']:.3g}, chosen on dev): test {plain:.5g}, balanced {balanced:.5g}; "
        f"train mean: test {constant[0]:.5g}, balanced {constant[1]:.5g}",
    ]
    for metric, condition, base in dict.fromkeys((row["metric"], row["condition"], row["base"]) for row in rows):
        family = [row for row in rows if (row["metric"], row["condition"], row["base"]) == (metric, condition, base)]
        differing = [row for row in family if row["holm"] <= statistics.LEVEL]
        lower = [row["arm"] for row in differing if row["difference"] > 0]
        higher = [row["arm"] for row in differing if row["difference"] < 0]
        words = [f"lower: {', '.join(lower)}"] * bool(lower) + [f"higher: {', '.join(higher)}"] * bool(higher)
        lines.append(f"{metric} against {base} ({condition}): {'; '.join(words) or 'no arm differs'}")
    return [
        *lines,
        "Holm over all of these; intervals are over training seeds on these rows and do not speak of other rows",
    ]
