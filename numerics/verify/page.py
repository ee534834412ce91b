"""What a reader sees of a run: heading, tables, summary line; and of a run of wrong versions. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from numerics.records import Check
from numerics.verify.request import Request
from numerics.verify.table import (
    STYLES,
    central_table,
    check_tables,
    console,
    counts,
    new_table,
    number,
    remarks,
    show,
    show_table,
    small,
    wrapped,
)


def whole(
    request: Request, made: Mapping[str, Any], checks: Sequence[Check], titles: Mapping[str, str], saved: Sequence[str]
) -> None:
    """Everything a reader sees, the summary line last."""
    printer = console()
    if not request.quiet:
        heading(printer, made)
        check_tables(printer, checks, titles)
        central_table(printer, made["central"])
        show(printer, "", *(f"written: {line}" for line in saved))
    else:
        remarks(printer, [check for check in checks if check.status == "fails"])
    verdict = "HOLDS" if made["status"] == "holds" else "FAILS"
    show(printer, f"{verdict}: {made['density']}: {counts(checks)}", style=STYLES[made["status"]])


def heading(printer: Console, made: Mapping[str, Any]) -> None:
    """What was run, and the numbers of the world."""
    law, channel, numbers = made["law"], made["channel"], made["quantities"]
    low, high = law["support"]
    show(printer, f"{made['density']} on [{low:g}, {high:g}]: {law.get('description', '')}".rstrip(": "), style="bold")
    show(printer, *(f"  {line}" for line in law.get("labels", {}).get("words", ())))
    gaps = [(row["largest_gap"], row["classes"]) for row in made["bin_masses"] if "largest_gap" in row]
    if gaps and not law["discrete"]:
        gap, K = max(gaps)
        show(
            printer, f"  class masses of this density and shares of the labels differ by at most {small(gap)} (K = {K})"
        )
    show(printer, *(f"  p is zero, q is not: {line}" for line in law["unsampled"]))
    show(
        printer, f"  channel {channel['name']}, noise {channel['noise']:g}; K = {', '.join(map(str, made['classes']))}"
    )
    names = {
        "kl_labels": "KL(q_y||p_y)",
        "kl_inputs": "KL(q_x||p_x)",
        "price": "price E_q Delta",
        "squared_error_price": "squared-error price",
        "balanced_risk": "R_q(f_q)",
    }
    show(printer, "  " + "; ".join(f"{words} = {number(numbers[key])}" for key, words in names.items()))
    for words in dict.fromkeys(numbers["notes"].values()):
        keys = ", ".join(key for key, found in numbers["notes"].items() if found == words)
        show(printer, wrapped(printer, f"  {keys}: {words}"))


def falsified(request: Request, rows: Sequence[Mapping[str, Any]]) -> None:
    """Every wrong version and the check that rejected it, the summary line last."""
    printer = console()
    missed = [row for row in rows if not row["caught"]]
    if not request.quiet:
        table = new_table([("result", "left"), ("wrong version", "left"), ("", "left"), ("caught by", "left")], printer)
        for row in rows:
            verdict = "caught" if row["caught"] else "missed"
            table.add_row(row["result"], row["wrong"], Text(verdict, style=STYLES[verdict]), caught_by(row))
        show_table(printer, table)
    for row in missed:
        show(printer, f"MISSED: {row['result']}: {row['wrong']}", style=STYLES["missed"])
    verdict = "FAILS" if missed or not rows else "HOLDS"
    show(printer, f"{verdict}: {len(rows) - len(missed)} of {len(rows)} wrong versions rejected")


def caught_by(row: Mapping[str, Any]) -> str:
    """The claim whose check failed first, by which evidence, and how many failed besides."""
    if not row["caught"]:
        return ""
    first = row["by"][0]
    if "residual" in first:
        return f"{first['claim']}, symbolic: left over {first['residual'][:60]}"
    at = f", K = {first['classes']}" if "classes" in first else ""
    more = f" and {len(row['by']) - 1} more" if len(row["by"]) > 1 else ""
    return f"{first['claim']}{at}, {'+'.join(row['evidence'])}: {number(first['theory'])} against {number(first['numeric'])}{more}"
