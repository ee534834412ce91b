"""What all commands share: exit codes, one-line errors, standard streams in any state, a closed pipe.

Light on purpose: a command's `--help` must answer at once, so nothing heavy is imported here.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from unskew.ground import interrupt
from unskew.ground.refusals import InputError

HOLDS = 0
FAILS = 1
BAD_INPUT = 2
INTERRUPTED = interrupt.INTERRUPTED
PIPE_CLOSED = 141
"""What a shell reports for `cat` or `yes` before `head`: 128 and the number of SIGPIPE. Not 1, which says that a check fails."""

LONGEST = 300
"""Letters of a culprit, and of a remedy, that an error line shows."""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one line and exit code 2."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message, f"see '{self.prog} --help'")

    def _parse_optional(self, arg_string: str):  # type: ignore[no-untyped-def]  # its type changes with the Python version
        """`-:COLUMN` is a column of standard input, no option."""
        return None if arg_string.startswith("-:") else super()._parse_optional(arg_string)


def name(text: str) -> str:
    """An argument type: the name of a file, `-` included; an empty one would be the working folder."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty")
    return text


def path(text: str) -> Path:
    """An argument type: `name` as a path."""
    return Path(name(text))


def one_line(text: str) -> str:
    """The text on one line, control characters escaped, so that hostile input cannot write to the terminal."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def shortened(text: str, most: int = LONGEST) -> str:
    """The text on one line, its middle left out where it has more letters than `most`."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[: 2 * most // 3]} ... {line[5 - most // 3 :]}"


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


SEPARATORS = re.escape(os.sep + (os.altsep or ""))


def nameless(argument: str) -> str:
    """`labels:/home/me/ages.csv:age` as `labels:ages.csv:age`; anything else as it is."""
    match = re.fullmatch(rf"(labels:)?(.*?)(:[^:{SEPARATORS}]*)?", argument, re.DOTALL)
    before, path, column = ("", argument, "") if match is None else match.groups("")
    parts = re.split(f"[{SEPARATORS}]", path)
    outside = os.path.isabs(path) or path.startswith("~") or ".." in parts
    return f"{before}{parts[-1]}{column}" if outside and parts[-1] else argument


def run(program: str, main: Callable[[], int]) -> NoReturn:
    """Runs a command's `main` and exits with its code.

    Args:
      program: the command's name, put before an error.
      main: returns an exit code; may raise `InputError` (exit 2, one line on stderr). Ctrl-C and SIGTERM leave at once (exit 130).
    """
    open_streams()
    with interrupt.at_once(program):
        code = _code(program, main)
    sys.exit(code)


def open_streams() -> None:
    """Makes the standard streams fit to be written: letters that they cannot encode are replaced, and closed ones lead nowhere.

    A closed descriptor would be the next one that is opened, a store for example, and what is printed would go there.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, number)
            if nowhere != number:
                os.close(nowhere)
            if number:
                setattr(sys, name, open(number, "w", encoding="utf-8", closefd=False))  # noqa: SIM115 - until the end
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def _code(program: str, main: Callable[[], int]) -> int:
    try:
        try:
            code = main()
        except SystemExit as ending:
            # `--help`, whose text is not flushed yet.
            code = ending.code if isinstance(ending.code, int) else HOLDS
        sys.stdout.flush()
        return code
    except InputError as problem:
        say(f"{program}: {shortened(problem.culprit)}: {shortened(problem.remedy)}")
        return BAD_INPUT
    except MemoryError:
        say(f"{program}: memory is full: ask for less, or give it more")
        return BAD_INPUT
    except KeyboardInterrupt:
        say(f"{program}: interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _silence(sys.stdout, sys.stderr)
        return PIPE_CLOSED
    except OSError as problem:
        # Files say which they are, and become an `InputError` where they are written; what is left is a standard stream.
        if problem.filename is not None or problem.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
            raise
        _silence(sys.stdout)
        say(f"{program}: cannot write standard output: {problem.strerror}: send it where there is room")
        return BAD_INPUT


def say(line: str) -> None:
    """One line on standard error, if it can still be written."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _silence(sys.stderr)


def _silence(*streams: object) -> None:
    """Leads streams nowhere, so that the interpreter's own flush at exit does not fail on what they still hold."""
    for stream in streams:
        with suppress(AttributeError, OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())  # type: ignore[attr-defined]
            os.close(nowhere)
