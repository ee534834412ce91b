"""`python -m numerics.field`."""

from __future__ import annotations

from unskew.ground import command


def main() -> int:
    """Reads the arguments, then runs; everything heavy is imported once they are good."""
    from numerics.field import options

    request = options.read()
    from numerics.field import session

    return session.run(request)


if __name__ == "__main__":
    from numerics.field.options import PROGRAM

    command.run(PROGRAM, main)
