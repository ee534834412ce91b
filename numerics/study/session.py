"""One run of the command: inputs checked first, then trainings into the store, then the report and its files."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from numerics import drawing, provenance
from numerics.study import execution, grid, published, report_text, verdict_report
from numerics.study.chunk import ENGINE, curves, prepare, run_chunk
from numerics.study.job import Job, chunks
from numerics.study.options import Options
from numerics.study.store import Result, Store
from unskew.ground import command, files, interrupt


def train(chunk: execution.Chunk, devices: int | None = None) -> list[Result]:
    """Trains a chunk with the engine, in this process or on a worker; starts JAX on the first call.

    Args:
      devices: host devices to split this process into.
    """
    prepare(devices)
    return run_chunk(chunk)


@dataclass(frozen=True)
class CurveOf:
    """The key under which the store keeps a job's predictions on `EXAMPLE_GRID`."""

    job: Job

    def text(self) -> str:
        """As `Job.text`, marked."""
        return f"curve:{self.job.text()}"


WRITTEN = ("report.json", "table.csv", "runs.csv", "study_*")
"""Patterns of the files that `--out` gets, besides the store."""
EXAMPLE_FUNCTION = 4
EXAMPLE_POINTS = 401


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_time(
    pending: Sequence[tuple[int, execution.Chunk]], store: Store, train_chunk: execution.RunChunk
) -> tuple[float, str]:
    """Expected seconds of the missing chunks and where the figure is from: the store's own record, or a calibration of two short chunks."""
    rate = store.rate()
    total = sum(execution.chunk_weight(chunk) for _, chunk in pending)
    if not pending:
        return 0.0, "nothing is missing"
    if rate is not None:
        return rate * total, "from the speed of earlier chunks in this store"
    ordered = sorted((chunk for _, chunk in pending), key=execution.chunk_weight)
    points = []
    for chunk in (ordered[0], ordered[-1]):
        short = tuple(replace(job, epochs=1) for job in chunk)
        train_chunk(short)  # compiles
        begin = time.perf_counter()
        train_chunk(short)
        points.append((execution.chunk_weight(short), time.perf_counter() - begin))
    (light, fast), (heavy, slow) = points
    slope = (slow - fast) / (heavy - light) if heavy > light and slow > fast else fast / light
    seconds = 0.0
    for _, chunk in pending:
        epochs = chunk[0].epochs
        seconds += epochs * max(0.0, fast + slope * (execution.chunk_weight(chunk) / epochs - light))
    return seconds, "from one short epoch of the lightest and the heaviest chunk"


def example(cells: Sequence[grid.Cell], results: Mapping[str, Result], store: Store) -> dict[str, Any]:
    """Fits of every arm on one function and the residuals by label, for the figures. Trained again unless the store has the curves."""
    import numpy as np

    from numerics.study.protocol import SETTINGS
    from numerics.study.sampling import splits, target

    cell = next((cell for cell in cells if cell.sampling == "severe"), cells[-1])
    function = int(EXAMPLE_FUNCTION if EXAMPLE_FUNCTION in cell.functions else cell.functions[-1])
    classes = min(cell.classes, key=lambda count: abs(count - 64))
    jobs = [cell.job(arm, classes, function, 0) for arm in cell.arms]
    x = np.linspace(-1.0, 1.0, EXAMPLE_POINTS)
    keys = [CurveOf(job) for job in jobs]
    for key in keys:
        if not store.get([key]):
            prepare(processors())
            store.add([key], [{"curve": [float(value) for value in curves([key.job], x)[0]]}])
    stored = store.get(keys)
    by_input = SETTINGS[cell.condition.setting].by_input
    train, _, _ = splits(by_input, cell.sampling, 0.0, function, 0)
    window = train.y[
        train.inverse_ratio < train.inverse_ratio.max()
    ]  # the true ratio takes two values: in the peak window and outside
    return {
        "function": function,
        "sampling": cell.sampling,
        "condition": cell.condition.as_json(),
        "classes": classes,
        "x": [float(value) for value in x],
        "truth": [float(value) for value in target(function, x)],
        "window": [float(window.min()), float(window.max())] if len(window) else None,
        "arms": {
            arm: {"curve": stored[key.text()]["curve"], "bin_bias": results[job.text()].get("bin_bias")}
            for arm, job, key in zip(cell.arms, jobs, keys, strict=True)
        },
    }


def runs_table(cells: Sequence[grid.Cell], results: Mapping[str, Result]) -> str:
    """Every training as csv: its job and its numbers."""
    import csv
    import io

    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    job_fields = [name for name in Job.__dataclass_fields__ if name != "hidden"]
    numbers = ("test_mse", "balanced_mse", "validation_mse", "train_mse", "train_loss", "test_variance", "diverged")
    writer.writerow((*job_fields, "hidden", *numbers))
    for job in grid.jobs(list(cells)):
        result = results[job.text()]
        layers = "-".join(map(str, job.hidden))
        writer.writerow(
            (*(getattr(job, name) for name in job_fields), layers, *(result.get(name, "") for name in numbers))
        )
    return stream.getvalue()


def save(record: dict[str, Any], runs: str, folder: Path) -> None:
    """Writes `report.json`, `table.csv`, `runs.csv`, and the figures in a process of their own."""
    files.write_json(folder / "report.json", record)
    comment = provenance.comment(provenance.line(record["made"]))
    files.write_text(folder / "table.csv", comment + report_text.table(record))
    files.write_text(folder / "runs.csv", comment + runs)
    drawing.draw(folder)


def run(request: Options, train_chunk: execution.RunChunk | None = None) -> int:
    """The command.

    Args:
      request: the complete options.
      train_chunk: computes a chunk; the engine by default. Must be importable on workers.

    Raises:
      InputError: bad input, an unwritable store or folder, an unreachable scheduler.
    """
    outside = published.read(request.published) if request.published is not None else None
    cells = grid.cells(request)
    trainings = chunks(grid.jobs(cells))
    inputs = [path for path in (request.file, request.published) if path is not None]
    files.check_file("--json", request.json, inputs)
    files.check_folder("--out", request.out, inputs, WRITTEN)
    if request.out is not None:
        files.make_folder(request.out)
    if request.store is None:
        files.make_folder(request.file.parent)
    remote = request.workers is not None or request.scheduler is not None
    work = train_chunk or partial(train, devices=None if remote else processors())
    with ExitStack() as stack:
        store = stack.enter_context(Store(request.file, ENGINE))
        if request.dry_run:
            _tell_plan(trainings, store, work)
            return command.HOLDS
        pending = execution.missing(trainings, store)
        execute = execution.in_process(work)
        if remote and pending:
            from numerics.study import cluster

            execute = cluster.on(stack.enter_context(cluster.client(request.workers, request.scheduler)), work)
        progress = None if request.quiet or not pending else execution.Progress(pending)
        with interrupt.saying(
            lambda: f"; finished trainings are in {request.file}, the same command goes on from there"
        ):
            results = execution.complete(trainings, store, execute, progress)
        environments, others = store.environments(), store.other_engines()
        fits = example(cells, results, store) if request.out is not None and train_chunk is None else None
    record = verdict_report.build(
        cells,
        results,
        engine=ENGINE,
        published=outside,
        with_map=request.map,
        example=fits,
    )
    record["environments"] = environments
    seeds = f"data seeds 0 to {request.seeds - 1}, streams by job"
    record["made"] = provenance.made(request.command, {"study": seeds})
    if len(environments) > 1 and not request.quiet:
        print(
            f"the store mixes results of {len(environments)} environments: {'; '.join(environments)}", file=sys.stderr
        )
    if others and not request.quiet:
        print(f"{others} trainings of other versions of the engine are in {request.file}; not used", file=sys.stderr)
    if request.out is not None:
        save(record, runs_table(cells, results), request.out)
    if request.json is not None:
        files.write_json(request.json, record)
    if request.json != "-":
        sys.stdout.write(report_text.text(record))
    return command.HOLDS


def _tell_plan(trainings: Sequence[execution.Chunk], store: Store, work: execution.RunChunk) -> None:
    plan = execution.summary(trainings, store)
    print(
        f"{plan['trainings']} trainings in {plan['chunks']} chunks; {plan['missing_trainings']} in {plan['missing_chunks']} are missing"
    )
    print(f"store: {store.path}")
    seconds, source = run_time(execution.missing(trainings, store), store, work)
    print(f"expected time: {execution.duration(seconds)} ({source})")
