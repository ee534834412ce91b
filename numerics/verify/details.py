"""`--verbose`: the summary, then every comparison with both its numbers, result by result. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

from numerics.records import Check
from numerics.verify import summary
from numerics.verify.result_summary import ResultSummary
from numerics.verify.table import RELATIONS, STYLES, Line, console, filled, new_table, number, show, show_table, small
from numerics.verify.verification import Verification

COLUMNS: tuple[tuple[str, JustifyMethod], ...] = (
    ("claim", "left"),
    ("K", "right"),
    ("theory", "right"),
    ("", "center"),
    ("measured", "right"),
    ("error", "right"),
    ("tolerance", "right"),
    ("evidence", "left"),
    ("status", "left"),
    ("about", "left"),
)
ROOM_FOR_NOTES = 140
"""Columns of a terminal that has room for the last column."""


def show_all(answer: Verification, saved: Sequence[str]) -> None:
    """The summary, the details, and the verdict once more, so that it is in sight at either end."""
    printer = console()
    for line in answer.lines(saved):
        show(printer, line.text, style=line.style)
    _lines(printer, [Line(""), *(Line(f"  {remark}") for remark in remarks_of_world(answer))])
    for entry in answer.results:
        show_result(printer, entry, [check for check in answer.checks if check.result == entry.result])
    _lines(printer, [Line(""), answer.last_line])


def remarks_of_world(answer: Verification) -> list[str]:
    """What the summary has no room for: all that is said of the labels, and of infinite numbers."""
    law = answer.evidence.world.law
    return [
        *(law.report.words if law.report is not None else ()),
        *(f"p is zero, q is not: {line}" for line in law.unsampled),
        *summary.notes(answer.evidence.quantities.notes),
    ]


def show_result(printer: Console, entry: ResultSummary, checks: Sequence[Check]) -> None:
    """What is proved of a result, the run's own world with both numbers of each comparison, other worlds, and what fails or does not apply."""
    show(printer, "", f"{entry.result}: {entry.question}".rstrip(": "), style="bold")
    proofs = [check.claim for check in checks if check.evidence == "symbolic" and check.status == "holds"]
    if proofs:
        _lines(printer, filled(f"  proved (symbolic, exact): {', '.join(proofs)}", "    "))
    own = [c for c in checks if c.evidence != "symbolic" and not c.where and c.status != "not_applicable"]
    if own:
        show_table(printer, numbers(printer, side_by_side(own)))
    _lines(printer, elsewhere(checks))
    _lines(printer, summary.failures(checks))
    _lines(printer, not_applicable(checks))


def _lines(printer: Console, lines: Iterable[Line]) -> None:
    for line in lines:
        show(printer, line.text, style=line.style)


def side_by_side(checks: Sequence[Check]) -> list[Check]:
    """The checks with those of one claim together, by evidence and subject, K rising within; claims in the order in which they came."""
    claims = list(dict.fromkeys(check.claim for check in checks))
    subjects = list(dict.fromkeys((check.evidence, check.note) for check in checks))
    return sorted(checks, key=lambda check: (claims.index(check.claim), subjects.index((check.evidence, check.note))))


def numbers(printer: Console, checks: Sequence[Check]) -> Table:
    """Claims with the theory's number and the measured one."""
    roomy = not printer.is_terminal or printer.width >= ROOM_FOR_NOTES
    columns = COLUMNS if roomy else COLUMNS[:-1]
    table = new_table(columns, printer)
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
        table.add_row(*cells[: len(columns)])
    return table


def elsewhere(checks: Sequence[Check]) -> list[Line]:
    """For each other world how many comparisons hold there, of which claims. The numbers are in the report."""
    holding = [check for check in checks if check.where and check.status == "holds"]
    lines = []
    for world in dict.fromkeys(check.where for check in holding):
        claims = [check.claim for check in holding if check.where == world]
        lines += filled(f"  {len(claims)} more hold on {world}: {', '.join(dict.fromkeys(claims))}", "    ")
    return lines


def not_applicable(checks: Iterable[Check]) -> list[Line]:
    """What does not apply, a line for each reason."""
    skipped = [check for check in checks if check.status == "not_applicable"]
    lines = []
    for reason in dict.fromkeys(check.note for check in skipped):
        own = [check for check in skipped if check.note == reason]
        names = [_with_classes(claim, own) for claim in dict.fromkeys(check.claim for check in own)]
        lines += filled(f"  not applicable: {', '.join(names)}: {reason}", "    ")
    return [Line(line.text, STYLES["not_applicable"]) for line in lines]


def _with_classes(claim: str, checks: Sequence[Check]) -> str:
    classes = sorted({check.classes for check in checks if check.claim == claim and check.classes is not None})
    return claim + (f" (K = {', '.join(map(str, classes))})" if classes else "")
