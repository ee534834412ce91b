"""Chunks on other processes or machines, through dask.distributed (extra `cluster`).

A chunk is a pure function of its jobs, so where and how often it runs changes nothing: a chunk whose worker dies is run again by another.
Only the calling process writes the store.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from numerics.study.execution import Chunk, Execute, Finished, RunChunk, chunk_weight
from numerics.study.store import Result
from unskew.ground.refusals import InputError

PATIENCE = 5.0
"""Seconds to wait for a scheduler."""
DEATHS = 10
"""How many workers may die over one chunk before it is given up as the cause."""


def _timed(run_chunk: RunChunk, chunk: Chunk) -> tuple[list[Result], float]:
    begin = time.perf_counter()
    results = run_chunk(chunk)
    return results, time.perf_counter() - begin


def _load() -> Any:
    try:
        import dask
        import distributed
    except ImportError as problem:
        raise InputError("running on workers needs dask.distributed", "pip install 'unskew[cluster]'") from problem
    # What goes wrong is said once, in one line, by whoever waits for it; these would print stack traces besides.
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    dask.config.set({"distributed.scheduler.allowed-failures": DEATHS})
    # No pages about the run: a port of this machine answers to whoever is logged in on it.
    dask.config.set({"distributed.scheduler.http.routes": [], "distributed.worker.http.routes": []})
    return distributed


def _unreachable(address: str, problem: Exception | str) -> InputError:
    reason = str(problem).splitlines()[0] if str(problem) else problem.__class__.__name__
    return InputError(
        f"no scheduler at {address} ({reason})", "start 'dask scheduler' and give the address that it prints"
    )


def _probe(distributed: Any, address: str) -> None:
    """Refuses an address where no scheduler answers, before a `Client` is made.

    A `Client` waits for ever for an address that takes connections and says nothing, and one whose constructor fails is closed by the
    garbage collector, which may run while another one is being made in the same process; the two then wait for each other for ever.
    """
    match = re.fullmatch(r"(?:tcp|tls)://\[?([^/\[\]]+?)\]?:(\d{1,5})", address)
    if match is None or not 0 < int(match[2]) < 65536:
        raise _unreachable(address, "not of the form tcp://HOST:PORT or tls://HOST:PORT")

    async def identity() -> Any:
        options = distributed.Security().get_connection_args("client")
        comm = await distributed.core.connect(address, timeout=PATIENCE, **options)
        try:
            return await distributed.core.send_recv(comm, op="identity", reply=True)
        finally:
            comm.abort()

    try:
        kind = asyncio.run(asyncio.wait_for(identity(), 2 * PATIENCE)).get("type")
    except TimeoutError as problem:
        raise _unreachable(address, "no answer") from problem
    except Exception as problem:
        # Whoever listens there may answer anything, in any protocol.
        raise _unreachable(address, problem) from problem
    if kind != "Scheduler":
        raise _unreachable(address, f"a {kind} answers")


def _private(distributed: Any) -> Any:
    """Keys that live as long as this process, so that no other user of the machine can send work to its ports; None without `cryptography`."""
    try:
        return distributed.Security.temporary()
    except ImportError:
        return None


@contextmanager
def client(workers: int | None = None, address: str | None = None) -> Iterator[Any]:
    """A client of a running scheduler, or of local worker processes on the loopback interface alone, over TLS with keys of their own.

    Args:
      workers: number of local processes, one thread each.
      address: `tcp://HOST:PORT` of a running scheduler.

    Raises:
      InputError: dask.distributed is absent, or the scheduler does not answer.
    """
    distributed = _load()
    if address is not None:
        _probe(distributed, address)
        try:
            connected = distributed.Client(address, timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError, TypeError, ImportError) as problem:
            raise _unreachable(address, problem) from problem
        with connected:
            yield connected
        return
    with ExitStack() as stack:
        try:
            local = stack.enter_context(
                distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    host="127.0.0.1",
                    dashboard_address=None,
                    scheduler_kwargs={"dashboard": False, "dashboard_address": "127.0.0.1:0"},
                    security=_private(distributed),
                )
            )
        except RuntimeError as problem:
            raise InputError(f"cannot start {workers} worker processes ({problem})", "ask for fewer") from problem
        yield stack.enter_context(distributed.Client(local, set_as_default=False))


def on(connected: Any, run_chunk: RunChunk) -> Execute:
    """Runs chunks on the workers of a client, heaviest first, and yields each as it finishes.

    Args:
      connected: a `distributed.Client`.
      run_chunk: importable on the workers.
    """

    def execute(pending: Sequence[tuple[int, Chunk]]) -> Iterator[Finished]:
        from concurrent.futures import CancelledError

        from distributed import KilledWorker, as_completed

        heaviest = sorted(pending, key=lambda item: (-chunk_weight(item[1]), item[0]))
        futures = {
            connected.submit(_timed, run_chunk, chunk, pure=False, retries=2): number for number, chunk in heaviest
        }
        try:
            for future in as_completed(list(futures), loop=connected.loop):
                try:
                    results, seconds = future.result()
                except (KilledWorker, CancelledError) as problem:
                    # Lost with its workers; an error inside the chunk is a fault of ours and passes through.
                    raise InputError(
                        f"chunk {futures[future]} was lost with its workers ({problem.__class__.__name__})",
                        "finished chunks are kept: mend the workers and run the same command again",
                    ) from problem
                yield futures[future], results, seconds
                future.release()
        finally:
            connected.cancel(list(futures))

    return execute
