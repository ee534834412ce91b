"""What a reader sees of `--falsify`: one line a result, what was missed, the verdict; every wrong version with `--verbose`. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence

from numerics.verify.falsify import Falsification, Residual, Trial
from numerics.verify.table import STYLES, Line, aligned, filled, number, write


def show(answer: Falsification, *, quiet: bool, verbose: bool) -> None:
    """Prints it."""
    lines = [] if quiet else every(answer.trials) if verbose else by_result(answer.trials)
    write([*lines, *missed(answer), verdict(answer)])


def by_result(trials: Sequence[Trial]) -> list[Line]:
    """How many wrong versions each result has, and how many were rejected by proof and by numbers."""
    rows = [("result", "wrong versions", "rejected by proof", "by numbers")]
    for result in dict.fromkeys(trial.result for trial in trials):
        own = [trial for trial in trials if trial.result == result]
        proofs = sum(trial.caught and trial.evidence == ("symbolic",) for trial in own)
        rows.append((result, str(len(own)), str(proofs), str(sum(trial.caught for trial in own) - proofs)))
    return [*(Line(text) for text in aligned(rows, "lrrr")), Line("")]


def every(trials: Sequence[Trial]) -> list[Line]:
    """Every wrong version and the check that rejected it."""
    rows = [(trial.result, trial.wrong, "caught" if trial.caught else "missed", caught_by(trial)) for trial in trials]
    return [Line(text, STYLES[row[2]]) for text, row in zip(aligned(rows, "llll"), rows, strict=True)]


def missed(answer: Falsification) -> list[Line]:
    """The wrong versions that nothing rejected."""
    lines = [line for trial in answer.missed for line in filled(f"MISSED: {trial.result}: {trial.wrong}")]
    return [Line(line.text, STYLES["missed"]) for line in lines]


def verdict(answer: Falsification) -> Line:
    """The last line."""
    words, total = "HOLDS" if answer.status == "holds" else "FAILS", len(answer.trials)
    return Line(f"{words}: {total - len(answer.missed)} of {total} wrong versions rejected", STYLES[answer.status])


def caught_by(trial: Trial) -> str:
    """The claim whose check failed first, by which evidence, and how many failed besides."""
    if not trial.caught:
        return ""
    check = trial.by[0]
    if isinstance(check, Residual):
        return f"{check.claim}, symbolic: left over {check.residual[:60]}"
    classes = f", K = {check.classes}" if check.classes is not None else ""
    more = f" and {len(trial.by) - 1} more" if len(trial.by) > 1 else ""
    sides = f"{number(check.theory)} against {number(check.numeric)}"
    return f"{check.claim}{classes}, {'+'.join(trial.evidence)}: {sides}{more}"
