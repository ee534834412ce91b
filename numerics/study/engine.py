"""From jobs to numbers: data and initial weights put together, groups trained on the devices, predictions scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

import jax
import numpy as np

from numerics.study.arms import ARMS, Arm
from numerics.study.job import Job
from numerics.study.model import Parameters, Terms, initial
from numerics.study.sampling import Split, labels, log_prior, splits
from numerics.study.streams import stream
from numerics.study.train import Rates, Samples, group_size, predict, train
from unskew.ground.refusals import InputError

# Synthetic splits have at most ceil((58,971 + 6 * 1,024) / 3) = 21,705 samples; one padded length, one compiled program.
PADDED = 22_016
SCORE_BINS = 20
DIVERGED = 100.0

Array = np.ndarray
# NumPy arrays where the compiled program will see jax.Array: they go to their device in one piece.
Host = Any


@dataclass(frozen=True)
class Inputs:
    """What one training gets, in float64.

    Attributes:
      splits: train, validation, test.
      label: training classes, permuted where the arm says so; empty without classes.
      log_prior: (K,) `log(p_c/q_c)`.
      centres: (K,) of the classes.
      layers: initial weights as `model.initial`.
      order: seed of the batch order.
    """

    splits: tuple[Split, Split, Split]
    label: Array
    log_prior: Array
    centres: Array
    layers: list[Array]
    order: int


def inputs(job: Job) -> Inputs:
    """Everything of one training that its key determines. Shared layers, data and order do not look at the arm, nor at K."""
    from numerics.study.protocol import SETTINGS

    arm = ARMS[job.arm]
    by_input = SETTINGS[job.setting].by_input
    key = (job.noise, job.function, job.data_seed)
    train, validation, _ = splits(by_input, job.sampling, *key)
    parts = (train, validation, splits(by_input, "uniform", *key)[2])
    y = parts[0].y
    if len(y) < job.batch:
        raise InputError(f"{len(y)} training samples", f"at least one batch of {job.batch} is needed")
    low, high = float(y.min()), float(y.max())
    label, prior, centres = np.zeros(0, np.int32), np.zeros(0), np.zeros(0)
    if arm.classifies:
        label = labels(y, job.classes, low, high)
        prior = log_prior(label, job.classes)
        centres = low + (high - low) * (np.arange(job.classes) + 0.5) / job.classes
        if arm.labels == "permuted":
            label = stream("placebo", job.function, job.data_seed).permutation(label)
    width = parts[0].x.shape[1]
    layers = initial(job.function, job.data_seed, width, job.hidden, job.classes if arm.classifies else 0)
    order = int(stream("order", job.function, job.data_seed).integers(2**32, dtype=np.uint32))
    return Inputs(parts, label, prior, centres, layers, order)


def padded(values: Sequence[Array], length: int, dtype: Any) -> Host:
    """(g, length, ...) from g arrays, zeros behind the end of each."""
    out = np.zeros((len(values), length, *values[0].shape[1:]), dtype)
    for row, value in zip(out, values, strict=True):
        row[: len(value)] = value
    return out


def group_arguments(arm: Arm, job: Job, group: Sequence[Inputs], length: int) -> tuple[Any, ...]:
    """Arguments of `train` for one group, as NumPy arrays of the job's dtype."""
    dtype = np.dtype(job.dtype)
    count = len(group)

    def each(value: float) -> Host:
        return np.full(count, value, dtype)

    layers: list[Host] = [np.stack(layer).astype(dtype) for layer in zip(*(one.layers for one in group), strict=True)]
    classifies = arm.classifies
    sizes: Host = np.array([len(one.splits[0].y) for one in group], np.int32)
    seeds: Host = np.array([one.order for one in group], np.uint32)
    samples = Samples(
        padded([one.splits[0].x for one in group], length, dtype),
        padded([one.splits[0].y for one in group], length, dtype),
        padded([one.splits[0].inverse_ratio for one in group], length, dtype) if arm.weighted else None,
        padded([one.label for one in group], length, np.int32) if classifies else None,
        sizes,
        seeds,
    )
    offset: Host = np.stack([one.log_prior for one in group]).astype(dtype)
    terms = Terms(
        each(0.0 if not arm.regression else job.scale if arm.scaled else 1.0),
        each(1.0 if classifies else 0.0),
        offset if arm.corrected else np.zeros_like(offset),
    )
    rates = Rates(each(job.learning_rate), each(job.decay if arm.decay else 0.0))
    return Parameters(tuple(layers[:-2]), *layers[-2:]), samples, terms, rates, np.int32(job.epochs)


def predictions(parameters: Parameters, arm: Arm, group: Sequence[Inputs], xs: Sequence[Array]) -> list[Array]:
    """Predictions of each model at its own inputs (n, f), in float64."""
    dtype = parameters.out.dtype
    length = -(-max(map(len, xs)) // 256) * 256
    decoding: tuple[Host, ...] = ()
    if arm.decoded:
        decoding = (
            np.stack([one.log_prior for one in group]).astype(dtype),
            np.stack([one.centres for one in group]).astype(dtype),
        )
    predictions = np.asarray(predict(parameters, padded(xs, length, dtype), *decoding), np.float64)
    return [row[: len(x)] for row, x in zip(predictions, xs, strict=True)]


def score(prediction: Array, y: Array) -> dict[str, Any]:
    """Errors of one model on its test targets, plain and by bin."""
    residual = prediction - y
    squared = residual**2
    index = labels(y, SCORE_BINS, float(y.min()), float(y.max()))
    count = np.bincount(index, minlength=SCORE_BINS)
    sums = [np.bincount(index, weights=values, minlength=SCORE_BINS) for values in (squared, residual)]
    by_bin = [[float(s / n) if n else None for s, n in zip(total, count, strict=True)] for total in sums]
    return {
        "test_mse": float(squared.mean()),
        "test_variance": float(y.var()),
        "balanced_mse": float(np.mean([value for value in by_bin[0] if value is not None])),
        "bin_mse": by_bin[0],
        "bin_bias": by_bin[1],
    }


def run_group(
    jobs: Sequence[Job], group: Sequence[Inputs], size: int, length: int, device: Any, x: Array | None
) -> list[tuple[dict[str, Any], Any]]:
    """Trains and scores one group on one device; a short group is filled up with copies of its first model."""
    job, arm = jobs[0], ARMS[jobs[0].arm]
    full = [*group, *[group[0]] * (size - len(group))]
    with np.errstate(over="ignore", invalid="ignore"):
        arguments = jax.device_put(group_arguments(arm, job, full, length), device)
        parameters, squared, entropy = train(*arguments, optimizer=job.optimizer, batch=job.batch)
        finite = np.all([np.isfinite(leaf).reshape(size, -1).all(1) for leaf in jax.tree.leaves(parameters)], axis=0)
        squared, entropy, weight, classes = (
            np.asarray(value, np.float64) for value in (squared, entropy, arguments[2].squared, arguments[2].classes)
        )
        loss = weight * squared + classes * entropy
        test = predictions(parameters, arm, full, [one.splits[2].x for one in full])
        validation = predictions(parameters, arm, full, [one.splits[1].x for one in full])
        curve = [None] * size if x is None else predictions(parameters, arm, full, [x] * size)
        results = []
        for i, one in enumerate(group):
            measured = score(test[i], one.splits[2].y)
            measured |= {
                "validation_mse": float(((validation[i] - one.splits[1].y) ** 2).mean()),
                "train_loss": float(loss[i]),
                "train_mse": float(squared[i]),
                "train_entropy": float(entropy[i]),
            }
            bounded = measured["test_mse"] <= DIVERGED * measured["test_variance"]
            measured["diverged"] = not (bool(finite[i]) and bool(np.isfinite(loss[i])) and bounded)
            results.append((measured, curve[i]))
    return results


def spread(work: Callable[[slice, Any], list[Any]], count: int, devices: Sequence[Any]) -> list[Any]:
    """Calls `work(part, device)` for each group of `count` models, one thread a device, and returns what it gives, in order."""
    size = group_size(devices[0].platform)
    free: SimpleQueue[Any] = SimpleQueue()
    for device in devices:
        free.put(device)

    def one(start: int) -> list[Any]:
        device = free.get()
        try:
            return work(slice(start, min(start + size, count)), device)
        finally:
            free.put(device)

    with ThreadPoolExecutor(len(devices)) as pool:
        return [result for results in pool.map(one, range(0, count, size)) for result in results]


def run(jobs: Sequence[Job], devices: int | None, x: Array | None = None) -> list[tuple[dict[str, Any], Any]]:
    """`chunk.run_chunk` and `chunk.curves` in one: measures of each job, and its predictions at `x`.

    Raises:
      InputError: fewer training samples than one batch; double precision asked for while JAX has it off.
    """
    if jobs[0].dtype == "float64" and not jax.config.read("jax_enable_x64"):
        raise InputError("float64 training", "start JAX with double precision (runtime.start)")
    if x is not None and x.ndim == 1:
        x = x[:, None]
    available = jax.devices()[:devices]
    size = group_size(available[0].platform)

    def work(part: slice, device: Any) -> list[tuple[dict[str, Any], Any]]:
        # Data are made here, so that one device's are while another trains.
        return run_group(jobs[part], [inputs(job) for job in jobs[part]], size, PADDED, device, x)

    return spread(work, len(jobs), available)
