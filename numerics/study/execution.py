"""Runs what is missing, chunk by chunk, into the store. How a chunk is computed is an argument: here, or on a cluster."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TextIO

from numerics.study.store import Result, Store
from unskew.ground.refusals import InputError


class Training(Protocol):
    """What is run: its text is the key of its result, its weight its cost relative to others."""

    def text(self) -> str:
        """All that determines the result."""

    @property
    def weight(self) -> float:
        """In one unit for all of a run."""


Chunk = tuple[Any, ...]
"""Of `Training` of one kind."""
RunChunk = Callable[[Chunk], list[Result]]
Finished = tuple[int, list[Result], float]
Execute = Callable[[Sequence[tuple[int, Chunk]]], Iterator[Finished]]
"""Takes numbered chunks, yields number, results and seconds of each as it finishes, in any order."""


def in_process(run_chunk: RunChunk) -> Execute:
    """Runs chunks one after another in this process."""

    def execute(pending: Sequence[tuple[int, Chunk]]) -> Iterator[Finished]:
        for number, chunk in pending:
            begin = time.perf_counter()
            results = run_chunk(chunk)
            yield number, results, time.perf_counter() - begin

    return execute


def chunk_weight(chunk: Iterable[Training]) -> float:
    """The cost of a chunk."""
    return sum(job.weight for job in chunk)


def duration(seconds: float) -> str:
    """A time in words: `41 s`, `3 min 20 s`, `2 h 05 min`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def missing(chunks: Sequence[Chunk], store: Store) -> list[tuple[int, Chunk]]:
    """The chunks with at least one result that the store does not have, numbered as in `chunks`."""
    return [(number, chunk) for number, chunk in enumerate(chunks) if len(store.get(chunk)) < len(chunk)]


class Progress:
    """One line on stderr that says how far and how long; a line at most every ten seconds where stderr is no terminal."""

    def __init__(self, pending: Sequence[tuple[int, Chunk]], stream: TextIO | None = None) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self.terminal = self.stream.isatty()
        self.left = {number: chunk_weight(chunk) for number, chunk in pending}
        self.count = len(self.left)
        self.total = sum(self.left.values())
        self.begin = self.last_line = time.perf_counter()

    def __call__(self, number: int) -> None:
        """Chunk `number` is in the store."""
        self.left.pop(number, None)
        now = time.perf_counter()
        if not self.terminal and self.left and now - self.last_line < 10:
            return
        self.last_line = now
        rest = sum(self.left.values())
        done = self.total - rest
        left = (now - self.begin) * rest / done if done else 0.0
        line = f"{self.count - len(self.left)} of {self.count} chunks, about {duration(left)} left"
        end = "\n" if not self.terminal or not self.left else ""
        print(f"\r\x1b[K{line}" if self.terminal else line, end=end, file=self.stream, flush=True)


def complete(
    chunks: Sequence[Chunk], store: Store, execute: Execute, progress: Callable[[int], None] | None = None
) -> dict[str, Result]:
    """Computes what the store lacks and returns the results of all chunks, by job text.

    A chunk that lacks one result is run whole, in the same company as always.

    Raises:
      InputError: the store cannot be written; finished chunks are in it.
    """
    for number, results, seconds in execute(missing(chunks, store)):
        chunk = chunks[number]
        if len(results) != len(chunk):
            raise InputError(f"chunk {number} came back with {len(results)} of {len(chunk)} results", "report this")
        store.add(chunk, results, chunk_weight(chunk), seconds)
        if progress is not None:
            progress(number)
    return {text: result for chunk in chunks for text, result in store.all(chunk).items()}


def summary(chunks: Sequence[Chunk], store: Store) -> dict[str, Any]:
    """What a run would do: trainings and chunks in all and missing, and their weight."""
    pending = missing(chunks, store)
    return {
        "trainings": sum(map(len, chunks)),
        "chunks": len(chunks),
        "missing_trainings": sum(len(chunk) for _, chunk in pending),
        "missing_chunks": len(pending),
        "missing_weight": sum(chunk_weight(chunk) for _, chunk in pending),
    }
