"""The field study's report for people, and as csv."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from numerics.field.protocol import CONTROLS

Record = Mapping[str, Any]


def text(record: Record) -> str:
    """Verdicts first, then the table, then predictions."""
    lines = [*verdicts(record), "", *matrix(record), "", *foretold(record), ""]
    if record["splits"] != record["protocol_splits"]:
        lines.append(f"{record['splits']} splits, not the protocol's {record['protocol_splits']}.")
    lines += [f"skipped: {name} ({reason})" for name, reason in record["skipped"].items()]
    lines += [f"left out: {reason}" for reason in record["left_out"]]
    return "\n".join([*lines, ""])


def verdicts(record: Record) -> list[str]:
    """One line a contrast."""
    count = len(record["tables"])
    lines = [
        f"Balanced squared error over {count} tables (change [95 %], Holm over {len(record['contrasts'])} questions):"
    ]
    for row in record["contrasts"]:
        control = " (a control of the first)" if row["name"] in CONTROLS[1:] else ""
        lines.append(
            f"  {row['verdict']:9}  {row['arm']} against {row['base']}: {percent(row['change'])} [{percent(row['low'])}, {percent(row['high'])}], "
            f"p = {row['holm']:.2g}, lower on {row['tables_below']} of {count}{control}"
        )
    return lines


def matrix(record: Record) -> list[str]:
    """Arms by tables."""
    tables = record["tables"]
    over = {row["arm"]: row for row in record["arms_over_tables"]}
    rows = [("balanced error, MSE = 1", *(one["name"] for one in tables), "over tables", "plain")]
    for arm in record["arms"]:
        cells = []
        plain = []
        for one in tables:
            row = next((row for row in one["arms"] if row["arm"] == arm), None)
            if row is None:
                cells.append("")
                continue
            best = "*" if one["best"] == arm else ""
            plain.append(math.log(row["errors"]["plain"]))
            cells.append(f"{best}{row['relative']:.2f}±{(row['high'] - row['low']) / 2:.2f}")
        overall = f"{1 + over[arm]['change']:.3f}" if arm in over else "1"
        rows.append((arm, *cells, overall, f"{math.exp(sum(plain) / len(plain)):.3f}" if plain else ""))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        ).rstrip()
        for row in rows
    ]
    note = "* least on that table (chosen on the rows that it is measured on); ± half of the 95 % interval over splits; over tables and plain: geometric means, plain is the ordinary squared error."
    return [*lines, note]


def foretold(record: Record) -> list[str]:
    """Coverage and slope of each kind of prediction."""
    lines = ["Predicted from validation rows, measured on test rows:"]
    for kind in record["predictions"]:
        slope = kind["slope"]
        coverage = "" if kind["coverage"] is None else (
            f"{100 * kind['coverage']['value']:.1f} % of splits agree at 95 % (goal 92 to 98 %; "
            f"the stated interval alone holds {100 * kind['inside']['value']:.1f} %), "
        )  # fmt: skip
        lines.append(
            f"  {kind['words']}: {coverage}slope over tables {slope['value']:.2f} [{slope['low']:.2f}, {slope['high']:.2f}] (goal .9 to 1.1)"
        )
    together = record["together"]["slopes"]
    words = {"correction": "the correction of HL-Gauss", "plain_term": "the published plain term"}
    for key, what in words.items():
        slope = together[key]
        lines.append(
            f"  for each percent of the price of imbalance, {what} changes balanced error by {slope['value']:+.2f} % [{slope['low']:+.2f}, {slope['high']:+.2f}] (a description)"
        )
    return lines


def percent(value: float) -> str:
    """A relative change."""
    return f"{100 * value:+.1f} %"


def table(record: Record) -> str:
    """Every arm on every table as csv."""
    scores = ("balanced", "absolute", "sera", "many", "medium", "few", "plain")
    rows: list[Sequence[Any]] = [
        (
            "table",
            "arm",
            "relative",
            "low",
            "high",
            "holm",
            "best",
            *(f"relative_{name}" for name in scores[1:]),
            "balanced",
        )
    ]
    for one in record["tables"]:
        for row in one["arms"]:
            rest = (row["errors"].get(name, "") for name in scores[1:])
            rows.append(
                (
                    one["name"],
                    row["arm"],
                    row["relative"],
                    row["low"],
                    row["high"],
                    row["holm"],
                    one["best"] == row["arm"],
                    *rest,
                    row["balanced"],
                )
            )
    return _csv(rows)


def predictions(record: Record) -> str:
    """Every prediction with its measurement as csv, shares of the balanced error before."""
    rows: list[Sequence[Any]] = [
        ("kind", "arm", "table", "split", "predicted", "low", "high", "measured", "measured_low", "measured_high")
    ]
    for kind in record["predictions"]:
        for one in kind["tables"]:
            rows += [
                (kind["name"], kind["arm"], one["name"], number, *split["predicted"], *split["measured"])
                for number, split in enumerate(one["splits"])
            ]
    return _csv(rows)


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows(rows)
    return stream.getvalue()
