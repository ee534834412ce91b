"""What all commands share: exit codes, one-line errors, Ctrl-C, a closed pipe.

Light on purpose: a command's `--help` must answer at once, so nothing heavy is imported here.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from unskew.ground.refusals import InputError

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


PLACES = ("--out", "--json", "--store", "--workers", "--scheduler")
"""Options that say where a result goes or who works on it, never what comes out: with their value left out of the command that a report names."""


def typed(program: str, arguments: Sequence[str]) -> str:
    """A command as a report names it: what settles the result, with files outside the working folder by their names alone, since a path says something about a machine."""
    kept, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in PLACES:
            if not equals and rest:
                rest.pop(0)
        elif word != "--quiet":
            kept.append(f"{name}={nameless(value)}" if equals and name.startswith("--") else nameless(word))
    return shlex.join([*program.split(), *kept])


def nameless(argument: str) -> str:
    """`labels:/home/me/ages.csv:age` as `labels:ages.csv:age`; anything else as it is."""
    match = re.fullmatch(r"(labels:)?(.*?)(:[^:/\\]*)?", argument, re.DOTALL)
    before, path, column = ("", argument, "") if match is None else match.groups("")
    parts = re.split(r"[/\\]", path)
    outside = path.startswith(("/", "~")) or ".." in parts or re.match(r"[A-Za-z]:[/\\]", path)
    return f"{before}{parts[-1]}{column}" if outside and parts[-1] else argument


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
