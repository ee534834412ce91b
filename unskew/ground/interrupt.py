"""Ctrl-C and SIGTERM that leave at once.

An exception raised by a signal inside native code (an import of a compiled library, XLA's garbage collection hook, an integrand called by
Arb) is swallowed there, or brings the process down with a stack dump. So the handler raises nothing: it ends the process, with one line and
exit code 130. That is safe at any moment, since files are replaced whole and a store keeps whole chunks.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

INTERRUPTED = 130
CLEAR = "\x1b[?25h\r\x1b[K"
"""On a terminal: shows the cursor, which a progress bar may have hidden, and wipes its line."""


@dataclass
class _Leave:
    """What a signal does: one record a process, as its handlers are.

    Attributes:
      program: the command's name.
      words: what to say besides that it was interrupted.
      processes: ended with this one.
      holding: do not leave now, remember it.
      pending: a signal came while holding.
    """

    program: str = ""
    words: Callable[[], str] = str
    processes: list[subprocess.Popen[Any]] = field(default_factory=list)
    holding: bool = False
    pending: bool = False

    def now(self, *_: Any) -> None:
        """The signal handler."""
        if self.holding:
            self.pending = True
            return
        for process in self.processes:
            # Asked, not killed: it may have processes of its own.
            process.terminate()
        with suppress(OSError):
            clear = CLEAR if os.isatty(2) else ""
            os.write(2, f"{clear}{self.program}: interrupted{self.words()}\n".encode())
        os._exit(INTERRUPTED)


_LEAVE = _Leave()


@contextmanager
def at_once(program: str) -> Iterator[None]:
    """Within the block both signals end the process; outside the main thread, where signals cannot be caught, nothing changes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    _LEAVE.program = program
    before = {number: signal.signal(number, _LEAVE.now) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def held_back() -> Iterator[None]:
    """Within the block a signal waits for the end of the block."""
    _LEAVE.holding = True
    try:
        yield
    finally:
        _LEAVE.holding = False
        if _LEAVE.pending:
            _LEAVE.now()


@contextmanager
def saying(words: Callable[[], str]) -> Iterator[None]:
    """Within the block a signal says this too: what is kept, and how to go on."""
    before, _LEAVE.words = _LEAVE.words, words
    try:
        yield
    finally:
        _LEAVE.words = before


@contextmanager
def child(command: list[str], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """A process that is gone when the block ends, however it ends; options are those of `Popen`, streams are text in UTF-8."""
    with subprocess.Popen(command, encoding="utf-8", errors="replace", **options) as process:
        _LEAVE.processes.append(process)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            _LEAVE.processes.remove(process)
