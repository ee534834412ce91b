"""`python -m theory`: the ledger with its proofs re-run, as text, JSON or LaTeX."""

from __future__ import annotations

import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, Any

from theory import ledger
from unskew.ground import command, files
from unskew.ground.refusals import InputError

if TYPE_CHECKING:
    from theory.claim import Claim as NewClaim
    from theory.prove import FalsifierOutcome, Outcome
    from theory.record import Claim, Result


def parser() -> command.Parser:
    """The command's arguments."""
    parser = command.Parser(prog="python -m theory", description="Re-runs the symbolic proofs and prints the ledger.")
    parser.add_argument("names", nargs="*", metavar="RESULT", help="results or lemmas (default: all)")
    parser.add_argument(
        "--latex", type=command.name, metavar="FILE", help="write the statements as a LaTeX document; - for stdout"
    )
    parser.add_argument(
        "--json",
        type=command.name,
        metavar="FILE",
        help="write what was proved as JSON; - for stdout; with --falsify also the wrong versions",
    )
    parser.add_argument("--falsify", action="store_true", help="run the wrong versions; each must be rejected")
    return parser


def claim_json(claim: Claim | NewClaim, outcome: Outcome) -> dict[str, Any]:
    """A claim and what its proof came to, as plain values."""
    return {
        "name": claim.name,
        "kind": claim.kind,
        "statement": claim.statement,
        "latex": claim.latex,
        "assumptions": list(claim.assumptions),
        "status": outcome.status,
        "seconds": round(outcome.seconds, 6),
        "steps": [step._asdict() for step in outcome.steps],
    }


def as_json(
    results: list[Result], outcomes: dict[str, list[Outcome]], falsifiers: list[FalsifierOutcome]
) -> dict[str, Any]:
    """The whole ledger as plain values."""
    records = []
    for result in results:
        record = {key: value for key, value in vars(result).items() if key != "claims"}
        record["assumptions"] = list(result.assumptions)
        record["claims"] = [claim_json(*pair) for pair in zip(result.claims, outcomes[result.name], strict=True)]
        records.append(record)
    wrong = [
        {
            "result": entry.result,
            "claim": entry.claim,
            "name": entry.falsifier,
            "wrong": entry.wrong,
            "caught": entry.caught,
            "residual": entry.residual,
        }
        for entry in falsifiers
    ]
    return {"results": records, "falsifiers": wrong}


def wrapped(text: str, indent: str, width: int) -> str:
    """The text in lines of at most `width`, each but the first indented; long words are kept whole."""
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def table(results: list[Result], outcomes: dict[str, list[Outcome]], width: int) -> str:
    """One row a claim: name, kind, status, seconds, and the statement below."""
    lines = []
    for result in results:
        lines.append(f"{result.name} ({'lemma' if result.lemma else 'result'}): {result.title}")
        for claim, outcome in zip(result.claims, outcomes[result.name], strict=True):
            lines.append(f"  {outcome.status:5}  {claim.kind:14}  {claim.name:32} {outcome.seconds:7.3f} s")
            lines.append(wrapped("         " + claim.statement, "         ", width))
        lines.append("")
    return "\n".join(lines)


def in_full(result: Result, outcomes: list[Outcome], width: int) -> str:
    """One result with its assumptions and every proof step."""
    lines = [f"{result.name}: {result.title}", wrapped("  Question: " + result.question, "    ", width)]
    lines += [wrapped("  Assumed: " + text, "    ", width) for text in result.assumptions]
    lines += [wrapped("  Source: " + result.source, "    ", width), ""]
    for claim, outcome in zip(result.claims, outcomes, strict=True):
        lines.append(f"  {claim.name} ({claim.kind}): {outcome.status}, {outcome.seconds:.3f} s")
        lines.append(wrapped("    " + claim.statement, "    ", width))
        lines += [wrapped("    Also assumed: " + text, "      ", width) for text in claim.assumptions]
        for number, step in enumerate(outcome.steps, 1):
            lines.append(wrapped(f"    {number}. [{'holds' if step.holds else 'FAILS'}] {step.text}", "       ", width))
            if not step.holds:
                lines.append(wrapped(f"       left over: {step.residual}", "       ", width))
        lines.append("")
    return "\n".join(lines)


def rejected(falsifiers: list[FalsifierOutcome], width: int) -> str:
    """One row a wrong version, with what it left over."""
    lines = []
    for entry in falsifiers:
        verdict = "caught" if entry.caught else "MISSED"
        lines.append(wrapped(f"{verdict}  {entry.result}.{entry.claim}: {entry.wrong}", "        ", width))
        lines.append(wrapped(f"        left over: {entry.residual}", "        ", width))
    return "\n".join(lines) + "\n"


def load(names: list[str]) -> list[Result]:
    """The named results, or the whole ledger, in its order.

    Raises:
      InputError: a name is not in the ledger, or its file is missing.
    """
    known = ledger.LEMMAS + ledger.RESULTS
    for name in names:
        if name not in known:
            raise InputError(f"no result named {name!a}", "'python -m theory' lists them all")
    try:
        return [ledger.load(name) for name in known if not names or name in names]
    except LookupError as problem:
        raise InputError(str(problem), "mend its file") from problem


def main(arguments: list[str]) -> int:
    """Returns the exit code: 0 all hold and every wrong version is caught, 1 otherwise.

    Raises:
      InputError: bad arguments, or a file that cannot be written.
    """
    options = parser().parse_args(arguments)
    results = load(options.names)
    files.check_file("--json", options.json)
    files.check_file("--latex", options.latex, [options.json] if options.json else [])
    if options.latex:
        from theory.latex import document

        files.write(options.latex, document(results))
        if not (options.json or options.falsify or options.names):
            return command.HOLDS

    import sympy  # noqa: F401 - so that the first proof is not charged for the import

    from theory.prove import falsify, prove

    outcomes = {result.name: prove(result) for result in results}
    falsifiers = [entry for result in results for entry in falsify(result)] if options.falsify else []
    every = [outcome for claims in outcomes.values() for outcome in claims]
    held = sum(outcome.status == "holds" for outcome in every)
    caught = sum(entry.caught for entry in falsifiers)
    if options.json:
        files.write_json(options.json, as_json(results, outcomes, falsifiers))
    if "-" not in (options.json, options.latex):
        width = min(shutil.get_terminal_size((120, 24)).columns, 120)
        if options.names:
            print("\n".join(in_full(result, outcomes[result.name], width) for result in results))
        else:
            print(table(results, outcomes, width))
        if options.falsify:
            print(rejected(falsifiers, width))
        seconds = sum(outcome.seconds for outcome in every)
        summary = f"{held} of {len(every)} claims hold, {seconds:.2f} s"
        print(f"{summary}; {caught} of {len(falsifiers)} wrong versions caught" if falsifiers else summary)
    return command.HOLDS if held == len(every) and caught == len(falsifiers) else command.FAILS


if __name__ == "__main__":
    command.run("theory", lambda: main(sys.argv[1:]))
