"""One run of the field study: sources loaded or skipped by name, trainings into the store, then the report and its files."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from functools import partial
from typing import Any

from numerics import drawing, provenance
from numerics.field import data, report, text, work
from numerics.field.options import Options
from numerics.study import execution
from numerics.study.session import processors
from numerics.study.store import Store
from unskew.ground import command, files, interrupt

WRITTEN = ("report.json", "table.csv", "predictions.csv", "field*")
"""Patterns of the files that `--out` gets, besides the store."""


def train(chunk: execution.Chunk, devices: int | None = None) -> list[dict[str, Any]]:
    """Trains a chunk, in this process or on a worker; starts JAX on the first call.

    Args:
      devices: host devices to split this process into.
    """
    from numerics.study.chunk import prepare

    prepare(devices, double=False)
    return work.run(chunk, devices)


def sources(request: Options) -> tuple[list[data.Data], dict[str, str]]:
    """What is there, and why the rest is not."""
    found, skipped = [], {}
    for name in request.sources:
        try:
            found.append(data.load(name, request.file(name), request.label))
        except data.Skipped as reason:
            skipped[name] = str(reason)
    return found, skipped


def run(request: Options, train_chunk: execution.RunChunk | None = None) -> int:
    """The command.

    Args:
      train_chunk: computes a chunk; the engine by default. Must be importable on workers.

    Raises:
      InputError: bad input, an unwritable store or folder, an unreachable scheduler.
    """
    inputs = [path for path in (request.sentences, request.table) if path is not None]
    files.check_file("--json", request.json, inputs)
    files.check_folder("--out", request.out, inputs, WRITTEN)
    if request.out is not None:
        files.make_folder(request.out)
    files.make_folder(request.store.parent)
    found, skipped = sources(request)
    for name, reason in skipped.items():
        print(f"{name} is skipped: {reason}", file=sys.stderr)
    of_source = [(one, work.jobs(one, request.file(one.name), request.splits, request.seed)) for one in found]
    trainings = work.ordered([chunks for _, chunks in of_source])
    remote = request.workers is not None or request.scheduler is not None
    with ExitStack() as stack:
        store = stack.enter_context(Store(request.store, work.ENGINE))
        pending = execution.missing(trainings, store)
        if request.dry_run:
            print(f"{len(found)} sources: {', '.join(one.name for one, _ in of_source)}")
            print(
                f"{sum(map(len, trainings))} trainings; {sum(len(chunk) for _, chunk in pending)} are missing in {store.path}"
            )
            return command.HOLDS
        devices = None if remote else processors()
        execute = execution.in_process(train_chunk or partial(train, devices=devices))
        if remote and pending:
            from numerics.study import cluster

            connected = stack.enter_context(cluster.client(request.workers, request.scheduler))
            execute = cluster.on(connected, train_chunk or train)
        progress = None if request.quiet or not pending else execution.Progress(pending)
        with interrupt.saying(
            lambda: f"; finished trainings are in {request.store}, the same command goes on from there"
        ):
            results = execution.complete(trainings, store, execute, progress)
        environments = store.environments()
    record = report.build(
        [report.Source(one, [[results[job.text()] for job in chunk] for chunk in chunks]) for one, chunks in of_source],
        skipped,
        request.splits,
    )
    record["environments"] = environments
    record["made"] = provenance.made(request.command, {"field": request.seed})
    if request.out is not None:
        comment = provenance.comment(provenance.line(record["made"]))
        files.write_json(request.out / "report.json", record)
        files.write_text(request.out / "table.csv", comment + text.table(record))
        files.write_text(request.out / "predictions.csv", comment + text.predictions(record))
        drawing.draw(request.out)
    if request.json is not None:
        files.write_json(request.json, record)
    if request.json != "-":
        sys.stdout.write(text.text(record))
    return command.HOLDS
