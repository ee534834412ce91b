"""Tables and lines of text: styled on a terminal, aligned and plain in a pipe. Nothing is computed here."""

from __future__ import annotations

import math
import sys
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from numerics.records import Check
from unskew.ground import command

if TYPE_CHECKING:
    from rich.console import Console, JustifyMethod
    from rich.table import Table

WIDTH = 100
"""Columns of a summary."""
WIDTH_IN_A_PIPE = 1000
"""Wider than any row of a table: a pipe is never wrapped or cut."""
STYLES = {"holds": "green", "fails": "bold red", "not_applicable": "yellow", "caught": "green", "missed": "bold red"}
RELATIONS = {"identity": "=", "upper bound": "≥", "asymptotic": "→", "counterexample": "<"}
"""Between the theory's number, on the left, and the measured one."""


@dataclass(frozen=True)
class Line:
    """A line of text and its style on a terminal."""

    text: str
    style: str = ""


def write(lines: Iterable[Line]) -> None:
    """Lines on standard output; user text can act neither as markup nor as control codes."""
    if sys.stdout.isatty():
        printer = console()
        for line in lines:
            show(printer, line.text, style=line.style)
        return
    sys.stdout.write("".join(f"{command.one_line(line.text)}\n" for line in lines))


def filled(text: str, indent: str = "  ", most: int = 0, width: int = WIDTH) -> list[Line]:
    """A text in lines that hang by `indent`.

    Args:
      most: lines; what is beyond is cut. 0 for all.
    """
    lines = textwrap.wrap(text, width, subsequent_indent=indent, break_on_hyphens=False, max_lines=most or None)
    return [Line(line) for line in lines]


def aligned(rows: Sequence[Sequence[str]], justify: str) -> list[str]:
    """Rows of cells as lines, two spaces between columns.

    Args:
      justify: `l` or `r` for each column.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(justify))]
    return [
        "  ".join(
            cell.ljust(width) if side == "l" else cell.rjust(width)
            for cell, width, side in zip(row, widths, justify, strict=True)
        ).rstrip()
        for row in rows
    ]


def number(value: float, digits: int = 7) -> str:
    """So many digits; words for what is not finite."""
    if math.isnan(value):
        return "undefined"
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    if 1e-2 <= abs(value) < 1e7:
        return f"{value:.{max(0, digits - 1 - math.floor(math.log10(abs(value))))}f}"
    return f"{value:.{digits - 1}e}"


def small(value: float) -> str:
    """An error or a tolerance: two digits."""
    return "exact" if value == 0 else "" if math.isnan(value) else f"{value:.1e}"


def failure(check: Check) -> str:
    """A check that fails, in words: by which evidence, the two numbers, and the world, if it is another one."""
    classes = "" if check.classes is None else f" (K = {check.classes})"
    world = f" ({check.where})" if check.where else ""
    if check.evidence == "symbolic":
        return f"FAILS: {check.claim}{classes}: symbolic: {check.note}{world}"
    sides = f"{number(check.theory)} {RELATIONS[check.kind]} {number(check.numeric)}"
    return f"FAILS: {check.claim}{classes}: {check.evidence}: {sides} is off by more than {small(check.tolerance)}; {check.note}{world}"


def console(stream: IO[str] | None = None) -> Console:
    """A console for standard output; in a pipe of a fixed width, so that nothing depends on the terminal of the day."""
    from rich.console import Console

    class Unbroken(Console):
        """Leaves a closed pipe to `unskew.ground.command.run`; Rich would exit with 1, which says that a check fails."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = stream or sys.stdout
    if stream.isatty():
        return Unbroken(file=stream, highlight=False)
    return Unbroken(file=stream, highlight=False, width=WIDTH_IN_A_PIPE, no_color=True, force_terminal=False)


def new_table(columns: Sequence[tuple[str, JustifyMethod]], printer: Console) -> Table:
    """An empty table; `columns` are (heading, justification)."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD if printer.is_terminal else None, pad_edge=False, header_style="bold")
    for heading, justify in columns:
        narrow = justify == "left" and printer.is_terminal
        table.add_column(heading, justify=justify, no_wrap=not narrow, overflow="fold" if narrow else "ellipsis")
    return table


def show(printer: Console, *lines: str, style: str = "") -> None:
    """Plain lines, never wrapped in a pipe; user text can act neither as markup nor as control codes."""
    from rich.text import Text

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
