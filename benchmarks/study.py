"""Speed of the study's engine as shares of the matrix product peak of the same machine in the same run.

A model-step is what the training does with one batch of one model, all of it: batch order, gather, forward, backward, optimiser.

Timings are taken in rounds, each with its own peak measured beside it in a process of its own, and reported as medians of ratios, so that
other load weighs on both sides. On a machine with more load than cores that is not enough; the figures by processor time then come closer to
what an idle machine gives: useful operations of a second of processor time against those of a product on one core, and the processor time of a
step on all devices against one device bound to one core.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from unskew.ground import command, files

GOALS = {0: (0.11, 0.20), 64: (0.24, 0.40), 1024: (0.23, 0.40)}
"""Least and aimed-at share of the peak by number of classes."""
GRID_MINUTES = (60.0, 35.0)
SCALING = 1.8
PEAK_MEMORY = 2.0
MODELS = 50

PEAK_PROGRAM = """
import time, numpy as np
a = np.random.default_rng(0).random((1024, 1024), dtype=np.float32)
b = a.T.copy()
a @ b
times, busy = [], []
for _ in range(20):
    begin, processor = time.perf_counter(), time.process_time()
    a @ b
    times.append(time.perf_counter() - begin)
    busy.append(time.process_time() - processor)
try:
    from threadpoolctl import threadpool_info
    kernel = ", ".join(f"{pool['internal_api']} {pool.get('architecture', '')}" for pool in threadpool_info())
except ImportError:
    kernel = ""
print(2 * 1024**3 / sorted(times)[10], 2 * 1024**3 / sorted(busy)[10], kernel, sep="|")
"""

MEMORY_PROGRAM = """
import resource, sys
from numerics.study.chunk import prepare, run_chunk
from numerics.study.job import Job, chunks
prepare(int(sys.argv[1]))
jobs = [Job("clean", "severe", f, s, 1024, "reg_cls", epochs=1) for f in range(10) for s in range(5)]
for chunk in chunks(jobs):
    run_chunk(chunk)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20)
"""


ONE_CORE_PROGRAM = """
import os, sys
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
from numerics.study.chunk import prepare
prepare(1)
from benchmarks.study import Case
print(*Case(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])).step(1))
"""


def clean_environment() -> dict[str, str]:
    """The environment without the settings that pick a slower kernel for NumPy."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS_", "OMP_", "MKL_"))}


def peak() -> tuple[float, float, str]:
    """NumPy sgemm, n = 1024: operations a second on all cores, operations a second of processor time on one, the kernel's name where known.

    Medians of 20 products, each in a process of its own.
    """
    rates = []
    for threads in ({}, {"OPENBLAS_NUM_THREADS": "1"}):
        environment = clean_environment() | threads
        done = subprocess.run(
            [sys.executable, "-c", PEAK_PROGRAM], capture_output=True, text=True, check=True, env=environment
        )
        rates.append(done.stdout.strip().split("|"))
    return float(rates[0][0]), float(rates[1][1]), rates[0][2]


def one_core(classes: int, epochs: int) -> tuple[float, float]:
    """Seconds of one model-step on one host device and one core, as `Case.step`; in a process of its own, which can be bound to a core.

    A device that may use all cores is no baseline: XLA hands parts of its work to the others.
    """
    command_line = [sys.executable, "-c", ONE_CORE_PROGRAM, *map(str, (classes, 10, epochs))]
    done = subprocess.run(command_line, capture_output=True, text=True, check=True)
    by_clock, busy = map(float, done.stdout.split())
    return by_clock, busy


def operations(classes: int, batch: int = 256, hidden: tuple[int, ...] = (6, 15)) -> dict[str, int]:
    """Useful floating-point operations of one model-step: two for each multiply-add of the matrix products, nothing else.

    Exponentials, rectifiers, biases, optimiser, gather and batch order are not counted. The input gradient stops at the first hidden layer.
    """
    widths = (1, *hidden, 1)
    pairs = [a * b for a, b in pairwise(widths)]
    head = hidden[-1] * classes
    return {
        "forward": 2 * batch * (sum(pairs) + head),
        "weight gradients": 2 * batch * (sum(pairs) + head),
        "input gradients": 2 * batch * (sum(pairs[1:]) + head),
    }


class Case:
    """The training of many models of one number of classes, ready to be timed."""

    def __init__(self, classes: int, models: int, epochs: int) -> None:
        from numerics.study import engine
        from numerics.study.arms import ARMS
        from numerics.study.job import Job

        arm = "reg_cls" if classes else "reg"
        jobs = [
            Job("clean", "severe", i // 5 % 10, i % 5, classes, arm, scale=100.0, epochs=epochs) for i in range(models)
        ]
        self.engine, self.arm, self.job, self.models = engine, ARMS[arm], jobs[0], models
        self.inputs = [engine.inputs(job) for job in jobs]
        self.steps = sum(len(one.splits[0].y) // self.job.batch * epochs for one in self.inputs)

    def step(self, devices: int) -> tuple[float, float]:
        """Seconds of one model-step on so many devices: by the clock, and of processor time (all devices added up)."""
        import jax

        from numerics.study.train import group_size, train

        available = jax.devices()[:devices]
        size = group_size(available[0].platform)
        ready: dict[int, list[Any]] = {}
        for number, start in enumerate(range(0, self.models, size)):
            group = self.inputs[start : start + size]
            group = [*group, *[group[0]] * (size - len(group))]
            arguments = self.engine.group_arguments(self.arm, self.job, group, self.engine.PADDED)
            ready[start] = [jax.device_put(arguments, device) for device in available]
            if number == 0:
                for copy in ready[start]:
                    short = (*copy[:-1], copy[-1] * 0)
                    jax.block_until_ready(train(*short, batch=self.job.batch))
        jax.block_until_ready(ready)

        def work(part: slice, device: Any) -> list[Any]:
            return [jax.block_until_ready(train(*ready[part.start][available.index(device)], batch=self.job.batch))]

        begin, busy = time.perf_counter(), time.process_time()
        self.engine.spread(work, self.models, available)
        return (time.perf_counter() - begin) / self.steps, (time.process_time() - busy) / self.steps


def plain_step(classes: int, steps: int = 200) -> float:
    """Seconds of one step of a plain loop: one model, autodiff, optax, one call of a compiled step for each batch."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    import optax

    from numerics.study.model import initial

    layers = [jnp.asarray(layer, jnp.float32) for layer in initial(0, 0, 1, (6, 15), classes)]
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (steps, 256, 1)).astype(np.float32)
    y = np.sin(3 * x[:, :, 0])
    label = rng.integers(0, max(classes, 1), y.shape)
    optimiser = optax.chain(optax.add_decayed_weights(1e-3), optax.adam(1e-3))

    def loss(layers: list[Any], x: Any, y: Any, label: Any) -> Any:
        h = x
        for layer in layers[:-2] if classes else layers[:-1]:
            if layer.ndim == 2:
                h = jax.nn.relu(h @ layer[:, :-1].T + layer[:, -1])
        out = layers[2]
        total = 100 * jnp.mean((h @ out[:-1] + out[-1] - y) ** 2)
        if classes:
            logits = h @ layers[3][:, :-1].T + layers[3][:, -1]
            total += optax.softmax_cross_entropy_with_integer_labels(logits, label).mean()
        return total

    @jax.jit
    def step(layers: list[Any], state: Any, x: Any, y: Any, label: Any) -> Any:
        gradient = jax.grad(loss)(layers, x, y, label)
        change, state = optimiser.update(gradient, state, layers)
        return optax.apply_updates(layers, change), state

    layers = layers if classes else layers[:3]
    state = optimiser.init(layers)
    layers, state = step(layers, state, x[0], y[0], label[0])
    begin = time.perf_counter()
    for i in range(steps):
        layers, state = step(layers, state, x[i], y[i], label[i])
    jax.block_until_ready(layers)
    return (time.perf_counter() - begin) / steps


def overhead(case: Case) -> float:
    """Seconds of a chunk outside its training: data, initial weights, predictions, scores."""
    from dataclasses import replace

    from numerics.study import sampling
    from numerics.study.chunk import run_chunk

    jobs = [replace(case.job, function=f, data_seed=s, epochs=0) for f in range(10) for s in range(5)]
    run_chunk(jobs)
    sampling.splits.cache_clear()
    begin = time.perf_counter()
    run_chunk(jobs)
    return time.perf_counter() - begin


def grid_seconds(step: dict[int, float], chunk_overhead: float, shared: bool) -> float:
    """Time of the 3,000 pairs of `reg` and `reg_cls` from model-step times by class count.

    Args:
      shared: train `reg` once for the five pairs that differ in K alone (it is the same training), instead of five times.
    """
    from numerics.study.protocol import BATCH, BINS, CLASSES, EPOCHS, FLOOR_DRAWS, PEAK_CAP, UNIFORM_DRAWS

    peaked = (PEAK_CAP + FLOOR_DRAWS * BINS) // 3 // BATCH
    steps = 3 * MODELS * EPOCHS * (3 * peaked + UNIFORM_DRAWS * BINS // 3 // BATCH)
    regressions = 1 if shared else len(CLASSES)
    chunks = 12 * (len(CLASSES) + regressions)
    return steps * (sum(step[k] for k in CLASSES) + regressions * step[0]) + chunks * chunk_overhead


def measure(rounds: int, devices: int, say: Callable[[str], None]) -> dict[str, Any]:
    """All figures."""
    from numerics.study.protocol import CLASSES

    epochs = {0: 12, 4: 8, 16: 6, 64: 3, 256: 1, 1024: 1}
    counts = (0, *CLASSES)
    cases = {classes: Case(classes, MODELS, epochs[classes]) for classes in counts}
    steps, busy, shares, busy_shares, single, single_busy, plain = (
        {classes: list[float]() for classes in counts} for _ in range(7)
    )
    peaks, busy_peaks, kernel = [], [], ""
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for classes, case in cases.items():
            rate, busy_rate, kernel = peak()
            peaks.append(rate)
            busy_peaks.append(busy_rate)
            useful = sum(operations(classes).values())
            for record, value in zip((steps, busy), case.step(devices), strict=True):
                record[classes].append(value)
            shares[classes].append(useful / steps[classes][-1] / rate)
            busy_shares[classes].append(useful / busy[classes][-1] / busy_rate)
            if classes in GOALS:
                for record, value in zip((single, single_busy), one_core(classes, epochs[classes]), strict=True):
                    record[classes].append(value)
                plain[classes].append(plain_step(classes))
    half, double = Case(64, MODELS // 2, 2), Case(64, 2 * MODELS, 2)
    linear = [double.step(devices)[1] / half.step(devices)[1] for _ in range(rounds)]
    chunk_overhead = overhead(cases[64])
    memory = subprocess.run(
        [sys.executable, "-c", MEMORY_PROGRAM, str(devices)], capture_output=True, text=True, check=True
    )
    middle = {classes: statistics.median(values) for classes, values in steps.items()}
    return {
        "rounds": rounds,
        "devices": devices,
        "peak": {"median": statistics.median(peaks), "least": min(peaks), "largest": max(peaks), "kernel": kernel},
        "peak_one_core_processor_time": statistics.median(busy_peaks),
        "classes": {
            classes: {
                "operations": operations(classes),
                "step_us": middle[classes] * 1e6,
                "share": statistics.median(shares[classes]),
                "share_least": min(shares[classes]),
                "share_largest": max(shares[classes]),
                "share_processor_time": statistics.median(busy_shares[classes]),
                **({"goal": GOALS[classes][0], "aim": GOALS[classes][1]} if classes in GOALS else {}),
            }
            for classes in counts
        },
        "devices_speedup_processor_time": {
            classes: devices
            * statistics.median(a / b for a, b in zip(single_busy[classes], busy[classes], strict=True))
            for classes in GOALS
        },
        "devices_speedup": {
            classes: statistics.median(a / b for a, b in zip(single[classes], steps[classes], strict=True))
            for classes in GOALS
        },
        "plain_loop": {
            classes: {
                "step_us": statistics.median(plain[classes]) * 1e6,
                "times_slower": statistics.median(a / b for a, b in zip(plain[classes], steps[classes], strict=True)),
            }
            for classes in GOALS
        },
        "cost_per_model_100_over_25": statistics.median(linear),
        "peak_memory_gib": float(memory.stdout),
        "chunk_overhead_s": chunk_overhead,
        "grid_minutes_processor_time": grid_seconds(
            {classes: statistics.median(values) / devices for classes, values in busy.items()}, chunk_overhead, True
        )
        / 60,
        "grid_minutes": grid_seconds(middle, chunk_overhead, True) / 60,
        "grid_minutes_reg_five_times": grid_seconds(middle, chunk_overhead, False) / 60,
    }


def text(figures: dict[str, Any]) -> str:
    """The figures as text."""
    lines = [
        f"NumPy sgemm peak, n = 1024, all cores: {figures['peak']['median'] / 1e9:.0f} GFLOP/s"
        f" ({figures['peak']['least'] / 1e9:.0f} to {figures['peak']['largest'] / 1e9:.0f}) {figures['peak']['kernel']}",
        f"model-step, batch 256, net 1-6-15-1, {figures['devices']} devices; medians of {figures['rounds']} rounds",
        "classes   operations    us/step   share of peak   (least to largest)   by processor time   goal   aim",
    ]
    for classes, row in figures["classes"].items():
        goal = f"{row['goal']:.0%}   {row['aim']:.0%}" if "goal" in row else ""
        span = f"({row['share_least']:.1%} to {row['share_largest']:.1%})"
        lines.append(
            f"{classes or 'none':>7} {sum(row['operations'].values()):>12,} {row['step_us']:>10.2f} {row['share']:>15.1%}"
            f"   {span:>18} {row['share_processor_time']:>19.1%}    {goal}".rstrip()
        )
    for classes, ratio in figures["devices_speedup"].items():
        busy = figures["devices_speedup_processor_time"][classes]
        lines.append(
            f"{figures['devices']} devices against one device on one core, K = {classes}: {ratio:.2f} times, by processor time {busy:.2f} (goal {SCALING})"
        )
    for classes, row in figures["plain_loop"].items():
        lines.append(
            f"plain loop, one model at a time, K = {classes}: {row['step_us']:.0f} us a step, {row['times_slower']:.1f} times slower"
        )
    lines += [
        f"cost of a model, 100 models against 25: {figures['cost_per_model_100_over_25']:.2f} times",
        f"peak memory of a chunk, K = 1024: {figures['peak_memory_gib']:.2f} GiB (at most {PEAK_MEMORY})",
        f"a chunk outside its training: {figures['chunk_overhead_s']:.2f} s",
        f"3,000 pairs, extrapolated: {figures['grid_minutes']:.1f} min, by processor time"
        f" {figures['grid_minutes_processor_time']:.1f} (goal {GRID_MINUTES[0]:.0f}, aim {GRID_MINUTES[1]:.0f});"
        f" with `reg` trained again for each K: {figures['grid_minutes_reg_five_times']:.1f} min",
    ]
    return "\n".join(lines)


def reached(figures: dict[str, Any]) -> bool:
    """Whether all goals (not aims) are met."""
    return (
        all(row["share"] >= row.get("goal", 0) for row in figures["classes"].values())
        and all(ratio >= SCALING for ratio in figures["devices_speedup"].values())
        and figures["peak_memory_gib"] <= PEAK_MEMORY
        and figures["grid_minutes_reg_five_times"] <= GRID_MINUTES[0]
    )


def main(arguments: Sequence[str]) -> int:
    """`python -m benchmarks study`; exit code 1 where a goal is missed."""
    parser = command.Parser(prog="python -m benchmarks study", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="rounds of timings (5)")
    parser.add_argument("--devices", type=int, default=2, metavar="N", help="host devices (2)")
    parser.add_argument(
        "--json", metavar="FILE", help="also write the figures as JSON; - for stdout instead of the table"
    )
    options = parser.parse_args(arguments)
    if options.rounds < 1 or options.devices < 1:
        parser.error("rounds and devices must be at least 1")
    from numerics.study.chunk import prepare

    prepare(options.devices)
    figures = measure(options.rounds, options.devices, lambda line: print(line, file=sys.stderr, flush=True))
    if options.json == "-":
        print(json.dumps(figures, indent=1))
    else:
        print(text(figures))
        if options.json:
            files.write_json(options.json, figures)
    return command.HOLDS if reached(figures) else command.FAILS
