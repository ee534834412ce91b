"""Results on disk: one sqlite file, one row a training, written a chunk at a time.

A row's key is everything that determines the result: the canonical job and the engine's version.
Rows are inserted whole or not at all (write-ahead log, synced), so a killed run leaves every finished chunk and nothing half; several
processes may write at once, and the first result of a job stays. Every row carries a checksum of its key and its content: a bit that
turned on the disk is refused, never averaged.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import platform
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from unskew.ground.refusals import InputError

APPLICATION = 0x43465231  # "CFR1", marks the file as ours
SCHEMA = 2
"""1 had no checksums. Such a store is refused: what is in it cannot be told from what a disk has changed, and to train again is cheap."""
TABLES = (
    "CREATE TABLE results (engine INTEGER NOT NULL, job TEXT NOT NULL, result TEXT NOT NULL, checksum TEXT NOT NULL,"
    " PRIMARY KEY (engine, job)) WITHOUT ROWID",
    "CREATE TABLE speeds (engine INTEGER NOT NULL, weight REAL NOT NULL, seconds REAL NOT NULL, checksum TEXT NOT NULL)",
    # Which library versions and kinds of processor wrote the rows: bits are equal within one of them alone.
    "CREATE TABLE environments (engine INTEGER NOT NULL, words TEXT NOT NULL, checksum TEXT NOT NULL,"
    " PRIMARY KEY (engine, words))",
)
UNWRITABLE = (
    "SQLITE_FULL",
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_READONLY",
    "SQLITE_CANTOPEN",
    "SQLITE_IOERR",
    "SQLITE_PERM",
)
"""Errors of SQLite that speak of the disk or of another process; all others speak of the file."""
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
        with self._explained():
            self._connection = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
        try:
            with self._explained():
                self._prepare()
        except InputError:
            self._connection.close()
            raise

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
                "delete it, or keep it and name a new file with --store; the trainings in it are run again",
            )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    def _unwritable(self, reason: str) -> InputError:
        return InputError(
            f"cannot write the store {self.path} ({reason})",
            "finished chunks in it are kept; make room or name another file with --store, then run the same command again",
        )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Says what the database refuses within the block; of a damaged file SQLite's own message may be no text."""
        try:
            yield
        except (sqlite3.Error, UnicodeError) as problem:
            raise self._problem(problem) from problem

    def _problem(self, problem: Exception) -> InputError:
        if getattr(problem, "sqlite_errorname", "").startswith(UNWRITABLE):
            return self._unwritable(str(problem))
        return self._damaged(f"is not a readable database ({problem})")

    def _damaged(self, how: str) -> InputError:
        return InputError(
            f"the store {self.path} {how}",
            "put back a copy, or name another file with --store; what is missing there is trained again",
        )

    def _rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query whose last column is the checksum of the others, without it.

        Raises:
          InputError: the file cannot be read, or a row is not as it was written.
        """
        with self._explained():
            rows = self._connection.execute(query, values).fetchall()
        if any(checksum != _checksum(*parts) for *parts, checksum in rows):
            raise self._damaged("holds a row that is not as it was written")
        return [row[:-1] for row in rows]

    def get(self, jobs: Iterable[Any]) -> dict[str, Result]:
        """The stored results of jobs, by their text; absent ones are left out."""
        query = "SELECT engine, job, result, checksum FROM results WHERE engine = ? AND job = ?"
        stored = {}
        for text in (job.text() for job in jobs):
            for *key, result in self._rows(query, self.engine, text):
                if key != [self.engine, text]:
                    # In a tree out of order a search ends at another row, whole in itself.
                    raise self._damaged("gives another row than the one it is asked for")
                stored[text] = json.loads(result)
        return stored

    def all(self, jobs: Iterable[Any]) -> dict[str, Result]:
        """`get` for jobs that have been added.

        Raises:
          InputError: one is absent all the same: a damaged page hides it.
        """
        expected = list(jobs)
        stored = self.get(expected)
        if len(stored) < len(expected):
            raise self._damaged("has lost a row that was written")
        return stored

    def add(
        self, jobs: Sequence[Any], results: Sequence[Mapping[str, Any]], weight: float = 0.0, seconds: float = 0.0
    ) -> None:
        """Adds a chunk's results in one transaction; a job that is there already keeps its first result.

        Args:
          jobs: the chunk.
          results: in the same order; numbers keep all their bits.
          weight, seconds: size of the chunk in the unit of its jobs' weights and how long it took, for later estimates; 0 records nothing.
        """
        rows = [_row(self.engine, job.text(), _text(result)) for job, result in zip(jobs, results, strict=True)]
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT OR IGNORE INTO results VALUES (?, ?, ?, ?)", rows)
            self._connection.execute(
                "INSERT OR IGNORE INTO environments VALUES (?, ?, ?)", _row(self.engine, environment())
            )
            if weight > 0 and seconds > 0:
                self._connection.execute(
                    "INSERT INTO speeds VALUES (?, ?, ?, ?)", _row(self.engine, float(weight), float(seconds))
                )
            self._connection.execute("COMMIT")
        except (sqlite3.Error, UnicodeError) as problem:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise self._problem(problem) from problem

    def rate(self) -> float | None:
        """Seconds per unit of weight over all recorded chunks; None when there are none."""
        rows = self._rows("SELECT engine, weight, seconds, checksum FROM speeds WHERE engine = ?", self.engine)
        weight, seconds = (math.fsum(row[column] for row in rows) for column in (1, 2))
        return seconds / weight if weight else None

    def environments(self) -> list[str]:
        """Library versions and kinds of processor that wrote rows of this engine, in order."""
        rows = self._rows("SELECT engine, words, checksum FROM environments WHERE engine = ?", self.engine)
        return sorted(words for _, words in rows)

    def other_engines(self) -> int:
        """How many rows other versions of the engine wrote; they are kept and not used."""
        return len(self._rows("SELECT engine, job, result, checksum FROM results WHERE engine != ?", self.engine))

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


def _checksum(*parts: object) -> str:
    """16 hexadecimal digits of what a row says."""
    return hashlib.sha256(repr(parts).encode(errors="replace")).hexdigest()[:16]


def _row(*parts: object) -> tuple[object, ...]:
    """A row with its checksum."""
    return (*parts, _checksum(*parts))
