"""The verifier: one label density in, every statement set against its numbers, by four kinds of evidence, and one verdict.

`check(density="exp(-6*y)", noise=0.1)` answers in Python what `python -m numerics.verify` prints.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numerics.verify.verification import Verification

__all__ = ["check"]


def check(
    density: str = "skewed",
    *,
    support: tuple[float, float] | None = None,
    noise: float | None = None,
    channel: str = "gaussian",
    classes: Sequence[int] | None = None,
    only: Sequence[str] = (),
    fit: bool = True,
    seeds: int | None = None,
    seed: int = 0,
    full: bool = False,
) -> Verification:
    """Verifies every statement for one label density. JAX is switched to double precision for this.

    Args:
      density: a name such as `skewed`, an expression in `y`, or `labels:FILE[:COLUMN]`.
      support: the ends of the label interval; by default (0, 1), or the labels' own.
      noise: scale of the channel x = y + noise * e in label units; by default a tenth of the support.
      channel: `gaussian`, `logistic` or `student`.
      classes: numbers of equal-width classes; by default 4, 8, 16, 32, 64.
      only: these results alone.
      fit: fit models too, which takes some seconds.
      seeds: fitted repetitions, 8 by default.
      seed: what all random keys are made from.
      full: the long Monte Carlo too.

    Returns:
      the report; it prints as the table that the command shows.

    Raises:
      InputError: a density, support, noise, channel, result or number that cannot be.
    """
    from numerics.verify import proofs
    from numerics.verify.request import CLASSES, FEWEST_SEEDS, Question, in_order
    from numerics.verify.verification import verify
    from unskew.ground.refusals import InputError

    try:
        ends = None if support is None else (Fraction(str(support[0])), Fraction(str(support[1])))
        scale = None if noise is None else Fraction(str(noise))
    except ValueError as problem:
        raise InputError(f"noise {noise}, support {support}", "give finite numbers") from problem
    question = Question(
        density=density,
        support=ends,
        noise=scale,
        channel=channel,
        classes=CLASSES if classes is None else tuple(sorted(set(classes))),
        seeds=FEWEST_SEEDS if seeds is None else seeds,
        seed=seed,
        only=in_order(list(only)),
        fit=fit,
        full=full,
    )
    with proofs.started(question.only) as proving:
        return verify(question, proving)
