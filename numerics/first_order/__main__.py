"""`python -m numerics.first_order`: the predicted and the measured effect of a small plain term on networks of the 1-D study."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from unskew.ground.refusals import InputError


def parser() -> argparse.ArgumentParser:
    """The options."""
    parse = argparse.ArgumentParser(prog="python -m numerics.first_order", description=__doc__)
    add = parse.add_argument
    add("--functions", type=int, default=3, help="of the study's ten functions, the first so many (3)")
    add("--width", type=int, default=5, help="features of the last hidden layer (5; the study's network has 15)")
    add("--decay", type=float, default=1e-3, help="L2 decay beside a squared error of weight one (0.001)")
    add("--points", type=int, default=256, help="training points, and points of the uniform sampling (256)")
    add("--classes", type=int, nargs="+", default=[4, 16, 64], help="class counts (4 16 64)")
    add("--samplings", nargs="+", default=["uniform", "mild", "moderate", "severe"], help="samplings (all four)")
    add("--out", default="results/first_order", help="folder; a run that was stopped goes on where it was")
    return parse


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        from numerics.first_order.job import Options, run

        return run(
            Options(
                options.functions,
                options.width,
                options.decay,
                options.points,
                tuple(options.classes),
                tuple(options.samplings),
            ),
            Path(options.out),
        )
    except InputError as problem:
        print(problem, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
