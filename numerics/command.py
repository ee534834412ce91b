"""What all commands share: exit codes, one-line errors, Ctrl-C, a closed pipe.

Light on purpose: a command's `--help` must answer at once, so nothing heavy is imported here.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import NoReturn

from numerics.problems import InputError

HOLDS = 0
FAILS = 1
BAD_INPUT = 2
INTERRUPTED = 130


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line and exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message, f"see '{self.prog} --help'")


def one_line(text: str) -> str:
    """The text on one line, control characters escaped, so that hostile input cannot write to the terminal."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def run(program: str, main: Callable[[], int]) -> NoReturn:
    """Runs a command's `main` and exits with its code.

    Args:
      program: the command's name, put before an error.
      main: returns an exit code; may raise `InputError` (exit 2, one line on stderr), `KeyboardInterrupt` (exit 130).
    """
    try:
        code = main()
        sys.stdout.flush()
    except InputError as problem:
        print(f"{program}: {one_line(str(problem))}", file=sys.stderr)
        code = BAD_INPUT
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) went away: no traceback, and none from the interpreter's own flush at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    sys.exit(code)
