"""Results on disk: one sqlite file, one row a training, written a chunk at a time.

A row's key is everything that determines the result: the canonical job and the engine's version.
Rows are inserted whole or not at all (write-ahead log, synced), so a killed run leaves every finished chunk and nothing half; several
processes may write at once, and the first result of a job stays.
"""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from unskew.ground.refusals import InputError

APPLICATION = 0x43465231  # "CFR1", marks the file as ours
SCHEMA = 1
TABLES = (
    "CREATE TABLE results (engine INTEGER NOT NULL, job TEXT NOT NULL, result TEXT NOT NULL, PRIMARY KEY (engine, job))"
    " WITHOUT ROWID",
    "CREATE TABLE speeds (engine INTEGER NOT NULL, weight REAL NOT NULL, seconds REAL NOT NULL)",
)
ENVIRONMENTS = "CREATE TABLE IF NOT EXISTS environments (engine INTEGER NOT NULL, words TEXT NOT NULL, PRIMARY KEY (engine, words))"
"""Which library versions and kinds of processor wrote the rows: bits are equal within one of them alone."""
WAIT = 60.0
"""Seconds to wait for another process that writes."""

Result = dict[str, Any]


def environment() -> str:
    """What besides the job settles the last bits of a result, as far as this process can tell without starting JAX."""
    versions = " ".join(f"{name} {metadata.version(name)}" for name in ("jax", "jaxlib", "numpy"))
    return f"{versions} {platform.system()} {platform.machine()}"


class Store:
    """An open store; a context manager.

    Args:
      path: the file, made if absent; `:memory:` keeps results for this process only.
      engine: the engine's version, part of every key.

    Raises:
      InputError: the file is something else, was written by another schema, or cannot be read and written.
    """

    def __init__(self, path: Path | str, engine: int) -> None:
        self.path = str(path)
        self.engine = engine
        if self.path != ":memory:":
            folder = Path(self.path).resolve().parent
            if not folder.is_dir():
                raise InputError(f"the store's folder {folder} does not exist", "make it, or name another with --store")
            if Path(self.path).is_dir():
                raise InputError(f"the store {self.path} is a folder", "name a file with --store")
            if Path(self.path).exists() and not os.access(self.path, os.R_OK | os.W_OK):
                raise self._unwritable("no permission")
        try:
            self._connection = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
            self._prepare()
        except sqlite3.DatabaseError as problem:
            raise self._problem(problem) from problem

    def _prepare(self) -> None:
        connection = self._connection
        connection.execute(f"PRAGMA busy_timeout = {int(WAIT * 1000)}")
        # BEGIN IMMEDIATE: two processes that open a new file at once must not both find it empty.
        if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
            connection.execute("BEGIN IMMEDIATE")
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if application == 0 and tables == 0:
                for statement in TABLES:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION}")
                connection.execute(f"PRAGMA user_version = {SCHEMA}")
            elif application != APPLICATION:
                connection.execute("ROLLBACK")
                raise InputError(f"{self.path} is a database of something else", "name another file with --store")
            connection.execute("COMMIT")
        schema = connection.execute("PRAGMA user_version").fetchone()[0]
        if schema != SCHEMA:
            raise InputError(
                f"the store {self.path} has schema {schema}, this version writes {SCHEMA}",
                "keep it for the version that wrote it, and name a new file with --store",
            )
        connection.execute(ENVIRONMENTS)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    def _unwritable(self, reason: str) -> InputError:
        return InputError(
            f"cannot write the store {self.path} ({reason})",
            "finished chunks in it are kept; make room or name another file with --store, then run the same command again",
        )

    def _problem(self, problem: sqlite3.DatabaseError) -> InputError:
        text = str(problem)
        if "not a database" in text or "malformed" in text:
            return InputError(
                f"the store {self.path} is not a readable database ({text})", "name another file with --store"
            )
        return self._unwritable(text)

    def get(self, jobs: Iterable[Any]) -> dict[str, Result]:
        """The stored results of jobs, by their text; absent ones are left out."""
        found = {}
        try:
            for job in jobs:
                text = job.text()
                row = self._connection.execute(
                    "SELECT result FROM results WHERE engine = ? AND job = ?", (self.engine, text)
                ).fetchone()
                if row is not None:
                    found[text] = json.loads(row[0])
        except sqlite3.DatabaseError as problem:
            raise self._problem(problem) from problem
        return found

    def add(
        self, jobs: Sequence[Any], results: Sequence[Mapping[str, Any]], weight: float = 0.0, seconds: float = 0.0
    ) -> None:
        """Adds a chunk's results in one transaction; a job that is there already keeps its first result.

        Args:
          jobs: the chunk.
          results: in the same order; numbers keep all their bits.
          weight, seconds: size of the chunk in the units of `run.weight` and how long it took, for later estimates; 0 records nothing.
        """
        rows = [(self.engine, job.text(), _text(result)) for job, result in zip(jobs, results, strict=True)]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR IGNORE INTO results VALUES (?, ?, ?)", rows)
            self._connection.execute("INSERT OR IGNORE INTO environments VALUES (?, ?)", (self.engine, environment()))
            if weight > 0 and seconds > 0:
                self._connection.execute("INSERT INTO speeds VALUES (?, ?, ?)", (self.engine, weight, seconds))
            self._connection.execute("COMMIT")
        except sqlite3.DatabaseError as problem:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise self._problem(problem) from problem

    def rate(self) -> float | None:
        """Seconds per unit of weight over all recorded chunks; None when there are none."""
        try:
            row = self._connection.execute(
                "SELECT sum(weight), sum(seconds) FROM speeds WHERE engine = ?", (self.engine,)
            ).fetchone()
        except sqlite3.DatabaseError as problem:
            raise self._problem(problem) from problem
        return row[1] / row[0] if row[0] else None

    def environments(self) -> list[str]:
        """Library versions and kinds of processor that wrote rows of this engine, in order."""
        query = "SELECT words FROM environments WHERE engine = ? ORDER BY words"
        return [row[0] for row in self._connection.execute(query, (self.engine,))]

    def other_engines(self) -> int:
        """How many rows other versions of the engine wrote; they are kept and not used."""
        query = "SELECT count(*) FROM results WHERE engine != ?"
        return int(self._connection.execute(query, (self.engine,)).fetchone()[0])

    def close(self) -> None:
        """Closes the file; what was added is already durable."""
        self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _text(result: Mapping[str, Any]) -> str:
    """JSON with Python's shortest exact floats; inf and nan as Python writes them, this text is read by `get` alone."""
    return json.dumps(dict(result), sort_keys=True, separators=(",", ":"))
