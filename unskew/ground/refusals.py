"""Bad input, said in one line.

Every command raises `InputError` for what its user can mend; `unskew.ground.command.run` turns it into one line on stderr and exit code 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class InputError(Exception):
    """Input that the user can mend.

    Args:
      culprit: what is wrong, naming the file, option or value.
      remedy: what to do about it.
    """

    def __init__(self, culprit: str, remedy: str) -> None:
        super().__init__(f"{culprit}: {remedy}")
        self.culprit = culprit
        self.remedy = remedy


@contextmanager
def readable(source: object, kind: str, remedy: str) -> Iterator[None]:
    """Says that a file of somebody else's cannot be read, whatever its parser raises within the block.

    Parsers of binary formats raise a dozen types on damaged bytes (`struct.error`, `zlib.error`, `SyntaxError`, `RecursionError`,
    `NotImplementedError`, ...), which change with their versions, so all of them are taken; keep anything but parsing out of the block.

    Args:
      source: the file, for the message.
      kind: what it should be: `npz`, `parquet`, `JSON`.
      remedy: what to do about it.
    """
    try:
        yield
    except (InputError, MemoryError):
        raise
    except Exception as problem:
        if isinstance(problem, OSError) and problem.strerror:
            raise InputError(f"cannot read {source}: {problem.strerror}", remedy) from problem
        if "Object arrays" in str(problem) or "pickled" in str(problem):
            raise InputError(f"{source} holds pickled objects, which are never loaded", remedy) from None
        raise InputError(f"{source} is not a whole {kind} file ({problem})", remedy) from problem
