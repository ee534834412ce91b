"""The report for readers: a table on a terminal, aligned plain text in a pipe. Nothing is computed here."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from numerics.records import Check

WIDTH_IN_A_PIPE = 160
STYLES = {"holds": "green", "fails": "bold red", "not_applicable": "yellow", "caught": "green", "missed": "bold red"}
RELATIONS = {"identity": "=", "upper bound": "≥", "asymptotic": "→", "counterexample": "<"}
"""Between the theory's number, on the left, and the number found."""


def console(stream: IO[str] | None = None) -> Console:
    """A console for standard output; in a pipe of a fixed width, so that nothing depends on the terminal of the day."""
    stream = stream or sys.stdout
    if stream.isatty():
        return Console(file=stream, highlight=False)
    return Console(file=stream, highlight=False, width=WIDTH_IN_A_PIPE, no_color=True, force_terminal=False)


def number(value: float) -> str:
    """Seven digits; words for what is not finite."""
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.6f}" if 1e-2 <= abs(value) < 1e4 else f"{value:.5e}"


def small(value: float) -> str:
    """An error or a tolerance: two digits."""
    return "exact" if value == 0 else "" if math.isnan(value) else f"{value:.1e}"


def new_table(columns: Sequence[tuple[str, str]], printer: Console) -> Table:
    """An empty table; `columns` are (heading, justification)."""
    from rich import box

    table = Table(box=box.SIMPLE_HEAD if printer.is_terminal else None, pad_edge=False, header_style="bold")
    for heading, justify in columns:
        table.add_column(heading, justify=justify, no_wrap=not printer.is_terminal)  # type: ignore[arg-type]
    return table


def show(printer: Console, *lines: str, style: str = "") -> None:
    """Plain lines, never wrapped in a pipe; user text cannot act as markup."""
    for line in lines:
        printer.print(Text(line, style=style), soft_wrap=True)


def show_table(printer: Console, table: Table) -> None:
    """The table, without the spaces that pad its last column in a pipe."""
    if printer.is_terminal:
        printer.print(table)
        return
    with printer.capture() as capture:
        printer.print(table)
    for line in capture.get().splitlines():
        show(printer, line.rstrip())


def check_tables(printer: Console, checks: Sequence[Check], titles: Mapping[str, str]) -> None:
    """One table a result, both numbers of each comparison side by side; the words of what does not apply or fails below it."""
    for name in dict.fromkeys(check.result for check in checks):
        group = [check for check in checks if check.result == name]
        show(printer, "", f"{name}: {titles.get(name, '')}".rstrip(": "), style="bold")
        table = new_table(
            [
                ("claim", "left"),
                ("K", "right"),
                ("theory", "right"),
                ("", "center"),
                ("found", "right"),
                ("error", "right"),
            ]
            + [("tolerance", "right"), ("evidence", "left"), ("status", "left")],
            printer,
        )
        for check in group:
            if check.status == "not_applicable":
                continue
            symbolic = check.evidence == "symbolic"
            table.add_row(
                check.claim,
                "" if check.classes is None else str(check.classes),
                "" if symbolic else number(check.theory),
                "" if symbolic else RELATIONS[check.kind],
                check.note if symbolic else number(check.numeric),
                "" if symbolic else small(check.error),
                "exact" if symbolic else small(check.tolerance),
                check.evidence,
                Text(check.status, style=STYLES[check.status]),
            )
        show_table(printer, table)
        remarks(printer, group)


def remarks(printer: Console, checks: Iterable[Check]) -> None:
    """One line for each check that fails or does not apply; those with the same words are joined."""
    joined: dict[tuple[str, str, str], list[int]] = {}
    for check in checks:
        if check.status != "holds":
            joined.setdefault((check.status, check.claim, check.note), []).extend(
                [check.classes] if check.classes is not None else []
            )
    for (status, claim, note), classes in joined.items():
        at = f" (K = {', '.join(map(str, classes))})" if classes else ""
        words = {"fails": "FAILS", "not_applicable": "not applicable"}[status]
        show(printer, f"  {words}: {claim}{at}: {note}", style=STYLES[status])


def interval(entry: Mapping[str, float] | None) -> str:
    """A mean with the half-width of its interval."""
    if entry is None:
        return "not fitted"
    return f"{number(entry['mean'])} ± {small((entry['high'] - entry['low']) / 2)}"


def central_table(printer: Console, rows: Sequence[Mapping[str, Any]]) -> None:
    """The four numbers of the question, for each K: the extra error term predicted and measured, what the corrected model is left
    with, and what the labels alone certify."""
    show(
        printer,
        "",
        "The extra error term, and what the classification term leaves of it (nats under the balanced law)",
        style="bold",
    )
    table = new_table(
        [("K", "right"), ("extra term, predicted", "right"), ("extra term, measured", "right")]
        + [
            ("corrected, predicted", "right"),
            ("corrected, measured", "right"),
            ("W (labels alone)", "right"),
            ("", "left"),
        ],
        printer,
    )
    for row in rows:
        table.add_row(
            str(row["classes"]),
            number(row["extra_predicted"]),
            interval(row["extra_measured"]),
            number(row["corrected_predicted"]),
            interval(row["corrected_measured"]),
            number(row["remainder"]),
            row["verdict"],
        )
    show_table(printer, table)


def counts(checks: Sequence[Check]) -> str:
    """How many hold, fail, do not apply, and by which evidence the holding ones."""
    by = {
        kind: sum(c.evidence == kind and c.status == "holds" for c in checks)
        for kind in ("symbolic", "certified", "quadrature", "fitted")
    }
    held = sum(by.values())
    fails = sum(check.status == "fails" for check in checks)
    skipped = sum(check.status == "not_applicable" for check in checks)
    kinds = ", ".join(f"{count} {kind}" for kind, count in by.items() if count)
    return f"{held} checks hold ({kinds}), {fails} fail, {skipped} do not apply"
