"""From labels to an answer: everything that a report says, computed."""

from __future__ import annotations

from dataclasses import dataclass

from numerics.advise import cells as fine
from numerics.advise import classes, interval
from numerics.advise.cells import Cells
from numerics.advise.channel import Prediction, least_noise
from numerics.advise.classes import Edges, Remainder
from numerics.advise.imbalance import Imbalance, imbalance
from numerics.advise.options import KINDS, Options
from numerics.advise.recommend import Recommendation, Rules, predicted, recommend, rules
from numerics.label_files.column import Column

SHOWN = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
NOISES = tuple(2.0 ** (2 * step / 3) for step in range(-12, 1))
"""As shares of the label range, for the table over noises."""


@dataclass(frozen=True)
class Answer:
    """What was found.

    Attributes:
      cells, imbalance: the labels.
      remainders: by kind, every K looked at; `edges` likewise.
      shown: for each kind, the places in `remainders` that are reported, and the intervals of W there.
      rules, recommendation: of the kind asked for.
      alternatives: K of the partitions that `noises` compares with the recommended one.
      noises: predictions over noises, for the recommended classes and then the alternatives.
      warnings: sentences.
    """

    cells: Cells
    imbalance: Imbalance
    remainders: dict[str, Remainder]
    edges: dict[str, list[Edges]]
    shown: dict[str, list[tuple[int, tuple[float, float]]]]
    rules: Rules
    recommendation: Recommendation
    alternatives: tuple[int, ...]
    noises: tuple[Prediction, ...]
    warnings: tuple[str, ...]


def answer(column: Column, options: Options) -> Answer:
    """Answers for one column of labels.

    Raises:
      InputError: labels or reference that cannot be used.
    """
    made = fine.make(column, options.reference, options.support)
    numbers = imbalance(made)
    remainders, edges = {}, {}
    for kind in KINDS:
        remainders[kind], edges[kind] = classes.remainder(made, kind, options.most_classes)
    epsilon, noise = float(options.epsilon), None if options.noise is None else float(options.noise)
    mine, own = remainders[options.edges], edges[options.edges]
    named = rules(made, mine, numbers, epsilon, noise)
    advice = recommend(made, mine, own, named, epsilon, noise)
    places = {kind: _places(remainders, kind, advice.classes) for kind in KINDS}
    found = iter(interval.intervals(made, [edges[kind][k] for kind in KINDS for k in places[kind]], options.seed))
    shown = {kind: [(place, next(found)) for place in places[kind]] for kind in KINDS}
    others = _alternatives(mine, own, advice)
    shares = [share * made.length for share in NOISES if share * made.length >= least_noise(made)]
    noises = predicted(made, [advice.edges, *others], shares)
    from numerics.advise.warn import warnings

    said = warnings(made, numbers, mine, named, advice, tuple(noises), options)
    return Answer(
        made,
        numbers,
        remainders,
        edges,
        shown,
        named,
        advice,
        tuple(len(other) - 1 for other in others),
        tuple(noises),
        tuple(said),
    )


def _places(remainders: dict[str, Remainder], kind: str, advised: int) -> list[int]:
    """Which K of a kind are reported; beyond the first that cannot be had any more nothing changes but the joining."""
    most = max(int(table.used.max()) for table in remainders.values())
    last = next((count for count in SHOWN if count >= most), SHOWN[-1])
    wanted = {*(count for count in SHOWN if count <= last), advised}
    return [place for place, count in enumerate(remainders[kind].asked.tolist()) if count in wanted]


def _alternatives(found: Remainder, edges: list[Edges], advice: Recommendation) -> list[Edges]:
    """A quarter, half and twice as many classes, where they exist and differ."""
    wanted = [max(2, advice.classes // 4), max(2, advice.classes // 2), 2 * advice.classes]
    kept: dict[int, Edges] = {}
    for count in wanted:
        places = [place for place, used in enumerate(found.used.tolist()) if used >= count]
        if places and len(edges[places[0]]) - 1 not in (advice.classes, 1):
            kept[len(edges[places[0]]) - 1] = edges[places[0]]
    return [kept[count] for count in sorted(kept)]
