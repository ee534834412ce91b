"""What a reader sees of a run first: the question, one line a result, the extra error term, the verdict. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from numerics.evidence import Evidence
from numerics.records import Check, EvidenceKind
from numerics.verify.extra_term import Measured, Row
from numerics.verify.result_summary import ResultSummary, Verdict, closeness
from numerics.verify.table import STYLES, WIDTH, Line, aligned, failure, filled, number

QUESTION = "What does label imbalance cost, and how much of that does a classification term take off?"
NUMBERS = {
    "kl_labels": "KL(q_y||p_y)",
    "kl_inputs": "KL(q_x||p_x)",
    "price": "price E_q Delta",
    "squared_error_price": "squared-error price",
    "balanced_risk": "R_q(f_q)",
}
KINDS: tuple[EvidenceKind, ...] = ("certified", "quadrature", "fitted")
TITLES = ("result", "proved", *KINDS, "n/a", "closest call (of tolerance)")
EXTRA_TERM = "The extra error term, and what the classification term leaves of it (nats under the balanced law)"
EXTRA_TERM_TITLES = (
    ("", "extra term,", "", "corrected,", "", "W, from", "the correction"),
    ("K", "predicted", "measured", "predicted", "measured", "labels", "takes off"),
)
MOST_OF_LABELS, MOST_OF_NUMBERS = 1, 3
"""Remarks in the heading, a line each; the rest is for `--verbose`."""
MOST_FAILURES = 6
LEAST_NAME = 8
"""Characters of the density's name that the last line keeps."""


def heading(evidence: Evidence) -> list[Line]:
    """What was run, and the numbers of the world."""
    world, numbers = evidence.world, evidence.quantities
    law = world.law
    low, high = (float(end) for end in law.support)
    title = f"{law.name} on [{low:g}, {high:g}], channel {world.channel.name}, noise {world.channel.noise:g}; K = "
    values = [f"{words} = {number(getattr(numbers, name).value)}" for name, words in NUMBERS.items()]
    lines = [Line(QUESTION, "bold"), *filled(title + ", ".join(map(str, world.classes)), most=2)]
    lines += filled(f"  {law.description}", most=2) if law.description else []
    lines += first(law.report.words[1:] if law.report is not None else [], MOST_OF_LABELS)
    if law.report is not None and not law.discrete:
        gaps = (max(abs(e.bins.p - law.report.empirical_masses(e.bins.edges))) for e in numbers.per_classes)
        lines += filled(f"  class masses of this density and shares of the labels differ by at most {max(gaps):.1e}")
    if law.unsampled:
        lines += filled(f"  p is zero, q is not: {'; '.join(law.unsampled)}", most=1)
    return [
        *lines,
        *(Line(f"  {'; '.join(part)}") for part in (values[:3], values[3:])),
        *first(notes(numbers.notes), MOST_OF_NUMBERS),
    ]


def notes(words: Mapping[str, str]) -> list[str]:
    """Why numbers are infinite or undefined, and which.

    Args:
      words: the reason by the name of the number.
    """
    return [
        f"{reason} ({', '.join(name for name, other in words.items() if other == reason)})"
        for reason in dict.fromkeys(words.values())
    ]


def first(remarks: Sequence[str], most: int) -> list[Line]:
    """The first remarks, a line each, and how many more there are."""
    more = len(remarks) - most
    lines = [line for remark in remarks[:most] for line in filled(f"  {remark}", most=1)]
    return lines + ([Line(f"  and {more} more: --verbose")] if more > 0 else [])


def results(summaries: Sequence[ResultSummary]) -> list[Line]:
    """One line a result: proofs, checks that hold by evidence, what does not apply, the closest call."""
    lines = aligned([TITLES, *(cells(entry) for entry in summaries)], "lrrrrrl")
    styles = ["bold", *("" if not entry.failures else STYLES["fails"] for entry in summaries)]
    return [Line(text[:WIDTH], style) for text, style in zip(lines, styles, strict=True)]


def cells(entry: ResultSummary) -> tuple[str, ...]:
    """One result under `TITLES`."""
    counts = (str(entry.holding[kind] or "-") for kind in KINDS)
    return (
        entry.result,
        f"{entry.proved} of {entry.claims}",
        *counts,
        str(entry.skipped or "-"),
        f"FAILS: {len(entry.failures)} of its checks" if entry.failures else _closest(entry.closest),
    )


def _closest(check: Check | None) -> str:
    if check is None:
        return ""
    return f"{closeness(check):4.0%}  {check.claim}" + ("" if check.classes is None else f", K = {check.classes}")


def failures(checks: Iterable[Check], most: int = 0) -> list[Line]:
    """What fails, and how many more there are than `most`."""
    failing = [check for check in checks if check.status == "fails"]
    shown = failing[: most or None]
    lines = [Line(line.text, STYLES["fails"]) for check in shown for line in filled(failure(check))]
    more = len(failing) - len(shown)
    return lines + ([Line(f"and {more} more fail: --verbose", STYLES["fails"])] if more else [])


def extra_term(table: Sequence[Row]) -> list[Line]:
    """The four numbers of the question, for each K: the extra error term predicted and measured, what the corrected model is left
    with, and what the labels alone certify."""
    lines = aligned([*EXTRA_TERM_TITLES, *(extra_term_cells(row) for row in table)], "rrrrrrl")
    return [Line(EXTRA_TERM, "bold"), *(Line(text, "bold") for text in lines[:2]), *(Line(text) for text in lines[2:])]


def extra_term_cells(row: Row) -> tuple[str, ...]:
    """One number of classes under `EXTRA_TERM_TITLES`."""
    return (
        str(row.classes),
        number(row.extra_predicted, 5),
        interval(row.extra_measured),
        number(row.corrected_predicted, 5),
        interval(row.corrected_measured),
        number(row.remainder, 5),
        row.verdict.removeprefix("offsets "),
    )


def interval(entry: Measured | None) -> str:
    """A mean with the half-width of its interval."""
    if entry is None:
        return "not fitted"
    return f"{number(entry.mean, 4)} ± {(entry.high - entry.low) / 2:.0e}"


def last_line(name: str, status: Verdict, checks: Sequence[Check]) -> Line:
    """Whether everything holds, and how many checks.

    Args:
      name: of the density; cut where the line would be too wide.
    """
    words, total = "HOLDS" if status == "holds" else "FAILS", counts(checks)
    room = max(WIDTH - len(f"{words}: : {total}"), LEAST_NAME)
    shown = name if len(name) <= room else f"{name[: room - 3]}..."
    return Line(f"{words}: {shown}: {total}", STYLES[status])


def counts(checks: Sequence[Check]) -> str:
    """How many hold, fail, do not apply, and by which evidence the holding ones."""
    by = {
        kind: sum(check.evidence == kind and check.status == "holds" for check in checks)
        for kind in ("symbolic", *KINDS)
    }
    fails = sum(check.status == "fails" for check in checks)
    skipped = sum(check.status == "not_applicable" for check in checks)
    kinds = ", ".join(f"{count} {kind}" for kind, count in by.items() if count)
    return f"{sum(by.values())} hold ({kinds}), {fails} fail, {skipped} n/a"
