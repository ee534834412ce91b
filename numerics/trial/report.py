"""What a trial says: records for `--json`, three lines and a table for people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from numerics.study.statistics import holm
from numerics.trial import score
from numerics.trial.experiment import Gain, Scores, Trial
from numerics.trial.score import LEVEL, Interval
from numerics.trial.table import Table

SCHEMA = "trial/1"


@dataclass(frozen=True)
class Row:
    """One remedy: balanced and plain squared error, the change of the balanced one as a share of the base's, and Holm's p-value of that over all remedies."""

    name: str
    validation: float
    balanced: Interval
    plain: Interval
    change: Interval
    holm: float

    @property
    def established(self) -> bool:
        """Whether it has less balanced error than the base, all remedies taken into account."""
        return self.holm <= LEVEL and self.change.value < 0


@dataclass(frozen=True)
class Foretold:
    """A gain in balanced squared error: predicted from validation rows, measured on test rows.

    Predictions and their ends are medians over splits: where one validation row stands alone in its stretch, the prediction of that split is that row's.
    """

    predicted: float
    predicted_low: float
    predicted_high: float
    measured: Interval
    share: Interval
    splits_inside: int


@dataclass(frozen=True)
class Report:
    """A trial in numbers.

    Attributes:
      label: its name.
      rows: of the table; of a split: training, validation, test.
      remedies: the base first.
      best: the remedy with the least balanced error on validation rows (median over splits), so that its test errors are not flattered by the choice.
      saving, cost: see `experiment.Trial`; `share` is of the base's balanced error.
    """

    schema: str
    label: str
    inputs: int
    left_out: tuple[str, ...]
    rows: int
    train: int
    validation: int
    test: int
    splits: int
    classes: tuple[int, int]
    remedies: tuple[Row, ...]
    best: str
    saving: Foretold
    cost: Foretold


def build(table: Table, trial: Trial) -> Report:
    """The report of a trial."""
    train, validation, test = trial.rows
    base = trial.scores[0]

    def over(values: np.ndarray) -> Interval:
        return score.resampled(values, test, train)

    change = [over((one.balanced - base.balanced) / base.balanced.mean()) for one in trial.scores]
    adjusted = [1.0, *holm([one.p for one in change[1:]])]

    def row(one: Scores, share: Interval, p: float) -> Row:
        return Row(one.name, float(np.median(one.validation)), over(one.balanced), over(one.plain), share, p)

    def foretold(gain: Gain) -> Foretold:
        inside = int(np.sum((gain.low <= gain.measured) & (gain.measured <= gain.high)))
        return Foretold(
            float(np.median(gain.predicted)),
            float(np.median(gain.low)),
            float(np.median(gain.high)),
            over(gain.measured),
            over(gain.measured / base.balanced.mean()),
            inside,
        )

    remedies = tuple(map(row, trial.scores, change, adjusted))
    best = min(remedies, key=lambda one: one.validation)
    return Report(
        SCHEMA,
        table.label,
        len(table.inputs),
        table.left_out,
        len(table.y),
        train,
        validation,
        test,
        len(base.balanced),
        trial.classes,
        remedies,
        best.name,
        foretold(trial.saving),
        foretold(trial.cost),
    )


def text(report: Report) -> str:
    """Three lines and a table."""
    base = report.remedies[0]
    best = next(row for row in report.remedies if row.name == report.best)
    cost, saving = report.cost, report.saving
    first = (
        f"Imbalance costs a network trained with squared error {_share(cost.share)} of its balanced error: "
        f"{cost.measured.value:.4g} {_ends(cost.measured)}, and {cost.predicted:.4g} [{cost.predicted_low:.4g}, {cost.predicted_high:.4g}] were predicted from validation rows."
    )
    if not best.established:
        second = f"Keep it: no remedy is established to lower the balanced error ({best.name} came first on validation rows)."
    elif best is report.remedies[-1]:
        second = "Recalibrate it: of all remedies that came first on validation rows, and nothing is trained again."
    else:
        second = f"Train {best.name}: of all remedies it came first on validation rows."
    takes = "That takes" if best.established else "It takes"
    third = (
        f"{takes} the balanced squared error from {base.balanced.value:.4g} to {best.balanced.value:.4g} ({_share(best.change)}) and the plain one from "
        f"{base.plain.value:.4g} to {best.plain.value:.4g}. Recalibration alone saves {saving.measured.value:.4g} {_ends(saving.measured)}; "
        f"{saving.predicted:.4g} [{saving.predicted_low:.4g}, {saving.predicted_high:.4g}] were predicted."
    )
    head = ("remedy", "balanced squared error", "change [95 %]", "plain squared error")
    rows = [
        (
            row.name + (" *" if row.established else ""),
            f"{row.balanced.value:.4g}",
            "" if row is base else _share(row.change),
            f"{row.plain.value:.4g}",
        )
        for row in report.remedies
    ]
    widths = [max(len(cells[column]) for cells in (head, *rows)) for column in range(len(head))]
    table = [
        "  ".join(
            [cells[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))]
        ).rstrip()
        for cells in (head, *rows)
    ]
    left_out = f"; left out: {', '.join(report.left_out)}" if report.left_out else ""
    note = (
        f"* less than squared error, all remedies taken into account (Holm). {report.splits} splits of {report.rows} rows into {report.train} to train, "
        f"{report.validation} to validate, {report.test} to test; {report.inputs} inputs{left_out}."
    )
    return "\n".join([first, second, third, "", *table, "", note, ""])


def _ends(interval: Interval) -> str:
    return f"[{interval.low:.4g}, {interval.high:.4g}]"


def _share(interval: Interval) -> str:
    return f"{100 * interval.value:.1f} % [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"
