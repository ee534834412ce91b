"""A report as a notebook shows it: the summary of the command, its tables as tables. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from numerics.verify import extra_term, summary
from numerics.verify.result_summary import ResultSummary
from numerics.verify.table import Line


def html(
    heading: Iterable[Line],
    results: Iterable[ResultSummary],
    failures: Iterable[Line],
    rows: Iterable[extra_term.Row],
    verdict: Line,
) -> str:
    """The question, one row a result, what fails, the extra error term for each K, the verdict."""
    return (
        f"<p>{'<br>'.join(escape(line.text) for line in heading)}</p>"
        f"{table([summary.TITLES], map(summary.cells, results))}"
        f"{''.join(f'<p>{escape(line.text)}</p>' for line in failures)}"
        f"<p><b>{escape(summary.EXTRA_TERM)}</b></p>"
        f"{table(summary.EXTRA_TERM_TITLES, map(summary.extra_term_cells, rows))}"
        f"<p><b>{escape(verdict.text)}</b></p>"
    )


def table(heads: Sequence[Sequence[str]], rows: Iterable[Sequence[str]]) -> str:
    """Rows of text as a table, headings on top."""
    return f"<table><thead>{_rows(heads, 'th')}</thead><tbody>{_rows(rows, 'td')}</tbody></table>"


def _rows(rows: Iterable[Sequence[str]], tag: str) -> str:
    return "".join(f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in row)}</tr>" for row in rows)
