"""`python -m numerics.study`: the paper's 1-D study with controls."""

from __future__ import annotations

from numerics.study import options
from unskew.ground import command


def main() -> int:
    """Reads the command line, trains what is missing, reports."""
    request = options.read()
    from numerics.study import session

    return session.run(request)


if __name__ == "__main__":
    command.run(options.PROGRAM, main)
