"""The report for readers: a table on a terminal, aligned plain text in a pipe. Nothing is computed here."""

from __future__ import annotations

import math
import sys
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from numerics.records import Check
from unskew.ground import command

WIDTH_IN_A_PIPE = 1000
"""Wider than any row: a pipe is never wrapped or cut."""
TEXT_WIDTH = 140
STYLES = {"holds": "green", "fails": "bold red", "not_applicable": "yellow", "caught": "green", "missed": "bold red"}
RELATIONS = {"identity": "=", "upper bound": "≥", "asymptotic": "→", "counterexample": "<"}
"""Between the theory's number, on the left, and the number found."""


class _Console(Console):
    """A console that leaves a closed pipe to `unskew.ground.command.run`; Rich would exit with 1, which says that a check fails."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console(stream: IO[str] | None = None) -> Console:
    """A console for standard output; in a pipe of a fixed width, so that nothing depends on the terminal of the day."""
    stream = stream or sys.stdout
    if stream.isatty():
        return _Console(file=stream, highlight=False)
    return _Console(file=stream, highlight=False, width=WIDTH_IN_A_PIPE, no_color=True, force_terminal=False)


def number(value: float) -> str:
    """Seven digits; words for what is not finite."""
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    if 1e-2 <= abs(value) < 1e7:
        return f"{value:.{max(0, 6 - math.floor(math.log10(abs(value))))}f}"
    return f"{value:.6e}"


def small(value: float) -> str:
    """An error or a tolerance: two digits."""
    return "exact" if value == 0 else "" if math.isnan(value) else f"{value:.1e}"


def new_table(columns: Sequence[tuple[str, JustifyMethod]], printer: Console) -> Table:
    """An empty table; `columns` are (heading, justification)."""
    from rich import box

    table = Table(box=box.SIMPLE_HEAD if printer.is_terminal else None, pad_edge=False, header_style="bold")
    for heading, justify in columns:
        narrow = justify == "left" and printer.is_terminal
        table.add_column(heading, justify=justify, no_wrap=not narrow, overflow="fold" if narrow else "ellipsis")
    return table


def show(printer: Console, *lines: str, style: str = "") -> None:
    """Plain lines, never wrapped in a pipe; user text can act neither as markup nor as control codes."""
    for line in lines:
        for part in line.split("\n"):
            printer.print(Text(command.one_line(part), style=style), soft_wrap=True)


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
    """One table a result: the run's own world with both numbers of each comparison side by side; above it what is proved, below it
    what was compared on other worlds and the words of what fails or does not apply."""
    for name in dict.fromkeys(check.result for check in checks):
        group = [check for check in checks if check.result == name]
        show(printer, "", f"{name}: {titles.get(name, '')}".rstrip(": "), style="bold")
        proved = [check for check in group if check.evidence == "symbolic" and check.status == "holds"]
        if proved:
            show(printer, wrapped(printer, f"  proved (symbolic, exact): {', '.join(check.claim for check in proved)}"))
        own = [
            check
            for check in group
            if check.evidence != "symbolic" and not check.where and check.status != "not_applicable"
        ]
        own = side_by_side(own)
        if own:
            show_table(printer, numbers(printer, own))
        elsewhere(printer, [check for check in group if check.where])
        remarks(printer, group)


def side_by_side(checks: Sequence[Check]) -> list[Check]:
    """The checks with those of one claim together, by evidence and subject, K rising within; claims in the order in which they came."""
    claims = list(dict.fromkeys(check.claim for check in checks))
    subjects = list(dict.fromkeys((check.evidence, check.note) for check in checks))
    return sorted(checks, key=lambda check: (claims.index(check.claim), subjects.index((check.evidence, check.note))))


def wrapped(printer: Console, line: str) -> str:
    """The line, broken at the console's width with a hanging indent."""
    return textwrap.fill(
        line, min(max(printer.width, 40), TEXT_WIDTH), subsequent_indent="    ", break_on_hyphens=False
    )


def numbers(printer: Console, checks: Sequence[Check]) -> Table:
    """Claims with the theory's number and the one found."""
    headings = ["claim", "K", "theory", "", "found", "error", "tolerance", "evidence", "status", "about"]
    justify: list[JustifyMethod] = [
        "left",
        "right",
        "right",
        "center",
        "right",
        "right",
        "right",
        "left",
        "left",
        "left",
    ]
    if not printer.is_terminal or printer.width >= 140:
        table = new_table(list(zip(headings, justify, strict=True)), printer)
    else:
        table = new_table(list(zip(headings[:-1], justify[:-1], strict=True)), printer)
    for check in checks:
        cells = (
            check.claim,
            "" if check.classes is None else str(check.classes),
            number(check.theory),
            RELATIONS[check.kind],
            number(check.numeric),
            small(check.error),
            small(check.tolerance),
            check.evidence,
            Text(check.status, style=STYLES[check.status]),
            Text(check.note),
        )
        table.add_row(*cells[: len(table.columns)])
    return table


def elsewhere(printer: Console, checks: Sequence[Check]) -> None:
    """One line for each other world: how many comparisons hold there, of which claims. The numbers are in the report."""
    for where in dict.fromkeys(check.where for check in checks):
        there = [check for check in checks if check.where == where and check.status == "holds"]
        if there:
            claims = ", ".join(dict.fromkeys(check.claim for check in there))
            show(printer, wrapped(printer, f"  {len(there)} more hold on {where}: {claims}"))


def remarks(printer: Console, checks: Iterable[Check]) -> None:
    """What fails, one line each, and what does not apply, one line for each reason."""
    reasons: dict[str, dict[str, set[int]]] = {}
    for check in checks:
        at = "" if check.classes is None else f" (K = {check.classes})"
        if check.status == "fails":
            show(printer, wrapped(printer, f"  FAILS: {check.claim}{at}: {said(check)}"), style=STYLES["fails"])
        elif check.status == "not_applicable":
            classes = reasons.setdefault(check.note, {}).setdefault(check.claim, set())
            classes |= {check.classes} if check.classes is not None else set()
    for reason, claims in reasons.items():
        names = ", ".join(
            claim + (f" (K = {', '.join(map(str, sorted(classes)))})" if classes else "")
            for claim, classes in claims.items()
        )
        show(printer, wrapped(printer, f"  not applicable: {names}: {reason}"), style=STYLES["not_applicable"])


def said(check: Check) -> str:
    """The words of a check that fails: by which evidence, the two numbers, and the world, if it is another one."""
    at = f" ({check.where})" if check.where else ""
    if check.evidence == "symbolic":
        return f"symbolic: {check.note}{at}"
    told = f"{number(check.theory)} {RELATIONS[check.kind]} {number(check.numeric)} is off by more than {small(check.tolerance)}"
    return f"{check.evidence}: {told}; {check.note}{at}"


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
        [
            ("K", "right"),
            ("extra term,\npredicted", "right"),
            ("extra term,\nmeasured", "right"),
            ("corrected,\npredicted", "right"),
            ("corrected,\nmeasured", "right"),
            ("W (labels\nalone)", "right"),
            ("the correction", "left"),
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
