"""`python -m benchmarks NAME`: speed as ratios within one run, next to the goals."""

from __future__ import annotations

import sys
from importlib import import_module

from unskew.ground import command

BENCHMARKS = {
    "verify": "the verifier",
    "study": "the engine of the 1-D study",
    "fuzz": "whether random densities are judged rightly or refused",
    "alarms": "how often the statistical checks raise a false alarm",
    "unskew": "the library and its command",
    "field": "the field study",
}


def main() -> int:
    """Hands the rest of the command line to the benchmark named first."""
    parser = command.Parser(prog="python -m benchmarks", description=__doc__)
    names = "; ".join(f"{name}: {what}" for name, what in BENCHMARKS.items())
    parser.add_argument("name", choices=BENCHMARKS, help=names)
    options = parser.parse_args(sys.argv[1:2])
    return int(import_module(f"benchmarks.{options.name}").main(sys.argv[2:]))


if __name__ == "__main__":
    command.run("benchmarks", main)
