"""Ctrl-C that leaves at once.

An exception raised by a signal inside a callback from native code (XLA's garbage collection hook, an integrand called by Arb) is swallowed there,
or brings the process down with a stack dump. So the handler raises nothing: it ends the process, with one line and exit code 130. Files are
written with the signal held back, each of them whole.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from unskew.ground import command

SHOW_CURSOR = "\x1b[?25h"


@dataclass
class Leave:
    """What to do on Ctrl-C.

    Attributes:
      program: the command's name.
      processes: ended with this one.
      holding: do not leave now, remember it.
      pending: Ctrl-C came while holding.
    """

    program: str
    processes: list[subprocess.Popen[Any]] = field(default_factory=list)
    holding: bool = False
    pending: bool = False

    def now(self, *_: Any) -> None:
        """The signal handler."""
        if self.holding:
            self.pending = True
            return
        for process in self.processes:
            process.kill()
        # A progress bar may have hidden the cursor.
        cursor = SHOW_CURSOR if sys.stderr.isatty() else ""
        os.write(2, f"{cursor}{self.program}: interrupted\n".encode())
        os._exit(command.INTERRUPTED)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """Within the block Ctrl-C waits for the end of the block."""
        self.holding = True
        try:
            yield
        finally:
            self.holding = False
            if self.pending:
                self.now()


@contextmanager
def at_once(program: str) -> Iterator[Leave]:
    """Within the block Ctrl-C ends the process; outside the main thread, where signals cannot be caught, nothing changes."""
    leave = Leave(program)
    if threading.current_thread() is not threading.main_thread():
        yield leave
        return
    before = signal.signal(signal.SIGINT, leave.now)
    try:
        yield leave
    finally:
        signal.signal(signal.SIGINT, before)
