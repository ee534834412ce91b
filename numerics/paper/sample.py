"""`python -m numerics.paper.sample NAME N SEED FILE`: labels drawn from a named density, as csv with the column `y`."""

from __future__ import annotations

import sys

from unskew.ground import command, files
from unskew.ground.numbers import whole

PROGRAM = "python -m numerics.paper.sample"


def main(arguments: list[str]) -> int:
    """Writes the file.

    Raises:
      InputError: a name, a number or a file that cannot be.
    """
    parse = command.Parser(prog=PROGRAM, description="Draw labels from a named density.")
    for name in ("name", "n", "seed", "file"):
        parse.add_argument(name)
    options = parse.parse_args(arguments)
    count, seed = whole(options.n, "n", 1, 10_000_000), whole(options.seed, "seed", 0, 2**31 - 1)
    from numerics import runtime
    from numerics.laws import densities

    law = densities.named(options.name, densities.UNIT)
    runtime.start()
    import jax

    labels = law.sample(jax.random.key(seed), count)
    files.write_text(options.file, "y\n" + "".join(f"{float(label)!r}\n" for label in labels.tolist()))
    return command.HOLDS


if __name__ == "__main__":
    command.run(PROGRAM, lambda: main(sys.argv[1:]))
