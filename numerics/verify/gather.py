"""The evidence that a question needs: label law, quadrature, certificates, fitted models."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from numerics import deadline, runtime
from numerics.verify.request import Question
from unskew.ground.refusals import InputError

if TYPE_CHECKING:
    from numerics.evidence import Evidence
    from numerics.laws.law import Law

Tick = Callable[[int, int, str], None]
"""Called with (done, total, what is being done)."""

DEVICES = 2
FINEST, COARSEST = 500, 1000
LABELS = "labels:"
SHOWN = 60


def gather(question: Question, progress: AbstractContextManager[Tick | None] | None = None) -> Evidence:
    """World, quadrature, certificates and fits of a question.

    Args:
      progress: entered around the fits; yields what is called as they go on.

    Raises:
      InputError: a density, support, channel or noise that cannot be.
    """
    from numerics.laws.density import Density

    law = label_law(question)
    # A kernel estimate is a series about its own ends, and stays where it is.
    if isinstance(law, Density) and law.report is None:
        law = law.from_lower_end()
    runtime.start(devices=DEVICES)
    from numerics.certified.certificates import certificates
    from numerics.channels import Channel
    from numerics.evidence import Evidence
    from numerics.posterior.quantities import quantities
    from numerics.verify import agreement
    from numerics.world import World

    length = law.support[1] - law.support[0]
    noise = length / 10 if question.noise is None else question.noise
    if not length / FINEST <= noise <= length * COARSEST:
        raise InputError(
            f"noise {float(noise):g} on a support of length {float(length):g}",
            f"give between 1/{FINEST} of the length (quadrature grows with the square) and {COARSEST} times it",
        )
    world = World(law, Channel(question.channel, float(noise)), question.classes)
    numbers, enclosures = quantities(world), certificates(world)
    if not law.discrete:
        try:
            agreement.refuse_disagreement(numbers, enclosures)
        except InputError as problem:
            raise InputError(f"{shown(question)}: {problem.culprit}", problem.remedy) from problem
    fits = None
    if question.fit:
        from numerics.fits import fits as fit

        with progress or nullcontext() as tick, deadline.stopped():
            fits = fit(world, question.seeds, question.seed, progress=tick)
    return Evidence(world, numbers, enclosures, fits, question.seeds, question.full)


def gathered(question: Question, progress: AbstractContextManager[Tick | None] | None = None) -> Evidence:
    """`gather`; a density that takes longer than the caller's budget is refused.

    Raises:
      InputError: it does; or see `gather`.
    """
    try:
        return gather(question, progress)
    except deadline.OutOfTime:
        culprit = f"{shown(question)} is not decided within {deadline.BUDGET:g} s of processor time"
        raise InputError(culprit, "give a density with fewer features, a shorter support or more noise") from None


def shown(question: Question) -> str:
    """The density as it was typed, shortened."""
    text = question.density
    return f"--density {text if len(text) <= SHOWN else text[:SHOWN] + '...'}"


def label_law(question: Question) -> Law:
    """The label law that a question names.

    Raises:
      InputError: no such density, a refused expression, or a file without usable labels.
    """
    from numerics.laws import densities

    text, support = question.density, question.support or densities.UNIT
    if text in densities.NAMES:
        return densities.named(text, support)
    if text.isidentifier() and text not in ("y", "pi"):
        raise InputError(shown(question), f"use {', '.join(densities.NAMES)}, an expression in y, or labels:FILE")
    try:
        if text.startswith(LABELS):
            from numerics.laws.labels import from_file

            return from_file(text.removeprefix(LABELS), question.support)
        return densities.typed(text, support)
    except InputError as problem:
        raise InputError(f"{shown(question)}: {problem.culprit}", problem.remedy) from problem
