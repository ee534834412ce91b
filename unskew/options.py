"""What the user asked for, checked before anything is read. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
from contextlib import suppress
from dataclasses import dataclass

from unskew.ground.numbers import number, whole
from unskew.ground.refusals import InputError


@dataclass(frozen=True)
class Options:
    """One question.

    Attributes:
      file: `FILE[:COLUMN]` of labels alone, or the held-out rows; `-` is standard input.
      label, prediction: columns of held-out pairs, or None.
      probabilities: npz with `probabilities` (n, K) and `edges` (K + 1,) for the held-out rows, or None.
      training: `FILE[:COLUMN]` of the training labels; None takes the held-out ones.
      target: `uniform`, `FILE[:COLUMN]`, a density in `y`, or `predictions:FILE[:COLUMN]`.
      support: ends of the label interval, or None for the training labels' own.
      noise: how far apart labels of one input lie, label units, or None; for labels alone.
      score: `squared` or `absolute` error, averaged as the target weighs labels; for held-out rows.
      seed: of the bootstrap.
      as_named: take label and prediction as they are named even where they look swapped.
      command: what was typed, for the report.
    """

    file: str
    label: str | None = None
    prediction: str | None = None
    probabilities: str | None = None
    training: str | None = None
    target: str = "uniform"
    support: tuple[float, float] | None = None
    noise: float | None = None
    score: str = "squared"
    seed: int = 0
    as_named: bool = False
    command: str = ""

    @property
    def inputs(self) -> list[str]:
        """The files that are read, so that none of them is written."""
        from unskew.label_files.reader import split

        files = [name for name in (self.probabilities,) if name is not None]
        for spec in (self.file, self.training, self.target.removeprefix("predictions:")):
            # What is no file is refused, or read as an expression, where it is read.
            with suppress(InputError):
                files.append(split(spec or "")[0])
        return files

    @property
    def has_predictions(self) -> bool:
        return self.prediction is not None or self.probabilities is not None


def from_arguments(arguments: argparse.Namespace, command: str = "") -> Options:
    """Checks what can be checked without reading.

    Raises:
      InputError: naming the option and what to give instead.
    """
    if arguments.prediction is not None and arguments.probabilities is not None:
        raise InputError("--prediction and --probabilities", "give one of them")
    if (arguments.prediction is not None or arguments.probabilities is not None) and arguments.label is None:
        raise InputError("predictions without --label", "name the column of held-out labels")
    if arguments.label is not None and arguments.prediction is None and arguments.probabilities is None:
        raise InputError(
            "--label without predictions", "add --prediction COLUMN or --probabilities FILE, or write FILE:COLUMN"
        )
    if arguments.prediction is not None and arguments.prediction == arguments.label:
        raise InputError(f"--label and --prediction are both {arguments.label!r}", "name two columns")
    support = None
    if arguments.support is not None:
        low, high = (float(number(text, "--support")) for text in arguments.support)
        if low >= high:
            raise InputError(
                f"--support {' '.join(arguments.support)}", "give the lower end first, the upper end second"
            )
        support = (low, high)
    noise = None if arguments.noise is None else float(number(arguments.noise, "--noise"))
    if noise is not None and noise <= 0:
        raise InputError(f"--noise {arguments.noise}", "give a positive scale in label units")
    if arguments.score != "squared" and arguments.label is None:
        raise InputError(
            f"--score {arguments.score} with labels alone", "add --prediction COLUMN or --probabilities FILE"
        )
    if noise is not None and arguments.label is not None:
        raise InputError("--noise with predictions", "leave it out: the predictions tell the noise")
    if arguments.target.startswith("predictions:") and arguments.prediction is None:
        raise InputError(f"--target {arguments.target}", "it needs held-out pairs: --label and --prediction")
    return Options(
        file=arguments.file,
        label=arguments.label,
        prediction=arguments.prediction,
        probabilities=arguments.probabilities,
        training=arguments.training,
        target=arguments.target,
        support=support,
        noise=noise,
        score=arguments.score,
        seed=whole(arguments.seed, "--seed", 0, 2**31 - 1),
        as_named=arguments.as_named,
        command=command,
    )
