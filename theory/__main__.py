"""`python -m theory`: the ledger with its proofs re-run, as text, JSON or LaTeX; its axioms; its wrong versions."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from theory import ledger
from unskew.ground import command, files
from unskew.ground.refusals import InputError

if TYPE_CHECKING:
    from theory.claim import Claim
    from theory.mutate import Mutation
    from theory.prove import Outcome
    from theory.record import Result

WIDTH = 100
"""Columns of a line at most."""


def parser() -> command.Parser:
    """The command's arguments."""
    parser = command.Parser(prog="python -m theory", description="Re-runs the symbolic proofs and prints the ledger.")
    parser.add_argument(
        "names", nargs="*", metavar="RESULT", help="results or lemmas (default: all); of one, its claims too"
    )
    parser.add_argument("--axioms", action="store_true", help="print what every proof rests on")
    parser.add_argument("--mutate", action="store_true", help="make and run the wrong versions; none may survive")
    parser.add_argument("--verbose", action="store_true", help="every claim with its proof, every wrong version")
    parser.add_argument(
        "--latex", type=command.name, metavar="FILE", help="write the statements as a LaTeX document; - for stdout"
    )
    parser.add_argument(
        "--json",
        type=command.name,
        metavar="FILE",
        help="write what was proved as JSON; - for stdout; with --mutate the wrong versions too",
    )
    return parser


def claim_json(claim: Claim, outcome: Outcome) -> dict[str, Any]:
    """A claim and what its proof came to, as plain values."""
    return {
        "name": claim.name,
        "kind": claim.kind,
        "scope": claim.scope,
        "statement": claim.statement,
        "latex": claim.latex,
        "assumptions": list(claim.assumptions),
        "status": outcome.status,
        "seconds": round(outcome.seconds, 6),
        "steps": [step._asdict() for step in outcome.steps],
    }


def as_json(results: list[Result], outcomes: dict[str, list[Outcome]], mutations: Sequence[Mutation]) -> dict[str, Any]:
    """The whole ledger as plain values; of the wrong versions those that are wrong, or were not seen to be true."""
    records = []
    for result in results:
        record = {key: value for key, value in vars(result).items() if key != "claims"}
        record["assumptions"] = list(result.assumptions)
        record["claims"] = [claim_json(*pair) for pair in zip(result.claims, outcomes[result.name], strict=True)]
        records.append(record)
    wrong = [
        {
            "result": mutation.result,
            "claim": mutation.claim,
            "name": mutation.mistake,
            "wrong": mutation.text,
            "caught": mutation.status == "refused",
            "residual": mutation.by,
        }
        for mutation in mutations
        if mutation.status != "true as well"
    ]
    return {"results": records, "falsifiers": wrong}


def wrapped(text: str, indent: str, width: int) -> str:
    """The text in lines of at most `width`, each but the first indented; long words are kept whole."""
    return textwrap.fill(text, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def table(results: list[Result], outcomes: dict[str, list[Outcome]], mutations: Sequence[Mutation]) -> str:
    """One line a result: claims proved, by scope; wrong versions, where they were run."""
    from theory.claim import SCOPES

    head = f"{'result':17} {'proved':>8}  {'every law':>9}  {'closed form':>11}  {'these sizes':>11}  {'seconds':>7}"
    lines = [head + ("   refused  true as well  survived" if mutations else "")]
    for result in results:
        proofs = outcomes[result.name]
        held = sum(outcome.status == "holds" for outcome in proofs)
        scopes = Counter(claim.scope for claim in result.claims)
        counts = "  ".join(f"{scopes[name] or '-':>{size}}" for name, size in zip(SCOPES, (9, 11, 11), strict=True))
        seconds = sum(outcome.seconds for outcome in proofs)
        line = f"{result.name:17} {held:>2} of {len(proofs):>2}  {counts}  {seconds:>7.2f}"
        if mutations:
            verdicts = Counter(mutation.status for mutation in mutations if mutation.result == result.name)
            line += (
                f"  {verdicts['refused']:>8}  {verdicts['true as well'] or '-':>12}  {verdicts['survived'] or '-':>8}"
            )
        lines.append(line)
    return "\n".join(lines)


def in_brief(result: Result, outcomes: list[Outcome], width: int) -> str:
    """The claims of one result, a line each."""
    lines = [f"{result.name}: {result.title}"]
    for claim, outcome in zip(result.claims, outcomes, strict=True):
        lines.append(f"  {outcome.status}  {claim.name}: {claim.statement}")
    return "\n".join(line if len(line) <= width else f"{line[: width - 4]} ..." for line in lines)


def left_over(outcome: Outcome, width: int) -> str:
    """What keeps a proof from closing: its first step that fails."""
    step = next((step for step in outcome.steps if not step.holds), None)
    why = f"[FAILS] {step.text} left over: {step.residual}" if step else "nothing is proved"
    return wrapped(f"{outcome.result}.{outcome.claim}: {why}", "  ", width)


def in_full(result: Result, outcomes: list[Outcome], width: int) -> str:
    """One result with its assumptions and every proof step."""
    lines = [f"{result.name}: {result.title}", wrapped("  Question: " + result.question, "    ", width)]
    lines += [wrapped("  Assumed: " + text, "    ", width) for text in result.assumptions]
    lines += [wrapped("  Source: " + result.source, "    ", width), ""]
    for claim, outcome in zip(result.claims, outcomes, strict=True):
        lines.append(f"  {claim.name} ({claim.kind}, {claim.scope}): {outcome.status}, {outcome.seconds:.3f} s")
        lines.append(wrapped("    " + claim.statement, "    ", width))
        lines += [wrapped("    Also assumed: " + text, "      ", width) for text in claim.assumptions]
        for number, step in enumerate(outcome.steps, 1):
            lines.append(wrapped(f"    {number}. [{'holds' if step.holds else 'FAILS'}] {step.text}", "       ", width))
            if not step.holds:
                lines.append(wrapped(f"       left over: {step.residual}", "       ", width))
        lines.append("")
    return "\n".join(lines)


def proofs(results: list[Result], outcomes: dict[str, list[Outcome]]) -> str:
    """How many claims hold, for whom, and which have a smaller scope than what they say."""
    every = [(result, claim) for result in results for claim in result.claims]
    proved = [outcome for result in results for outcome in outcomes[result.name]]
    held = sum(outcome.status == "holds" for outcome in proved)
    scopes = Counter(claim.scope for _, claim in every)
    counts = ", ".join(f"{count} {name}" for name, count in sorted(scopes.items()))
    gaps = [f"{result.name}.{claim.name}" for result, claim in every if claim.scope == "these sizes only"]
    text = f"{held} of {len(proved)} claims hold ({counts}), {sum(outcome.seconds for outcome in proved):.2f} s"
    failed = [f"{outcome.result}.{outcome.claim}" for outcome in proved if outcome.status != "holds"]
    return "\n".join(
        [text]
        + [wrapped(f"gaps, proved for these sizes only: {', '.join(gaps)}", "  ", WIDTH)] * bool(gaps)
        + [wrapped(f"FAIL: {', '.join(failed)}", "  ", WIDTH)] * bool(failed)
    )


def wrong_versions(results: list[Result], mutations: Sequence[Mutation], verbose: bool) -> str:
    """How many wrong versions were made and what became of them; each survivor by name."""
    from theory.mutate import superfluous

    verdicts = Counter(mutation.status for mutation in mutations)
    lines = []
    for mutation in mutations:
        if verbose or mutation.status == "survived":
            verdict = mutation.status.upper() if mutation.status == "survived" else mutation.status
            name = f"{mutation.result}.{mutation.claim}: {mutation.mistake}: {mutation.text}"
            lines.append(wrapped(f"{verdict}  {name}", "    ", WIDTH))
            why = "its proof holds, and " if mutation.proof and mutation.status == "survived" else ""
            lines.append(wrapped(f"    {why}{mutation.by}", "    ", WIDTH))
    idle = superfluous(results, mutations)
    if idle:
        lines.append(wrapped(f"label shift is superfluous for {', '.join(idle)}", "  ", WIDTH))
    counts = ", ".join(f"{verdicts[name]} {name}" for name in ("refused", "true as well", "survived"))
    return "\n".join([*lines, f"{len(mutations)} wrong versions made: {counts}"])


def axioms(results: list[Result]) -> tuple[str, bool]:
    """The axioms, and the lemmas that certificates lean on; whether all of these are proved."""
    from theory.axioms import AXIOMS
    from theory.certificate import lemmas
    from theory.printing import text
    from theory.prove import proved
    from theory.statement import Statement

    uses = Counter(
        lemma
        for result in results
        for claim in result.claims
        for lemma in {
            lemma for line in claim.lines if isinstance(line, Statement) for lemma in lemmas(line.certificate)
        }
    )
    lines = ["A proof for every law rests on these axioms and on nothing else:"]
    lines += [wrapped(f"  {number}. {axiom}", "     ", WIDTH) for number, axiom in enumerate(AXIOMS, 1)]
    lines += ["", "Inequalities between numbers, each proved as a lemma of the ledger:"]
    every = True
    for lemma, count in sorted(uses.items(), key=lambda use: use[0].name):
        holds = proved(*lemma.name.split("."))
        every = every and holds
        ranges = ", ".join(f"{atom.name} > 0" if atom.positive else f"any {atom.name}" for atom in lemma.parameters)
        verdict = "proved" if holds else "NOT PROVED"
        use = f"  {lemma.name}: {text(lemma.term)} >= 0 for {ranges} ({verdict}; {count} claims use it)"
        lines.append(wrapped(use, "    ", WIDTH))
    return "\n".join(lines), every


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
    """Returns the exit code: 0 all hold and no wrong version survives, 1 otherwise.

    Raises:
      InputError: bad arguments, or a file that cannot be written.
    """
    options = parser().parse_args(arguments)
    results = load(options.names)
    files.check_file("--json", options.json)
    files.check_file("--latex", options.latex, [options.json] if options.json else [])
    if options.axioms:
        text, holds = axioms(results)
        print(text)
        return command.HOLDS if holds else command.FAILS
    if options.latex:
        from theory.latex import document

        files.write(options.latex, document(results))
        if not (options.json or options.mutate or options.names):
            return command.HOLDS

    import sympy  # noqa: F401 - so that the first proof is not charged for the import

    from theory.mutate import every
    from theory.prove import prove

    outcomes = {result.name: prove(result) for result in results}
    mutations = every(results) if options.mutate else []
    if options.json:
        files.write_json(options.json, as_json(results, outcomes, mutations))
    if "-" not in (options.json, options.latex):
        width = min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH)
        if options.verbose:
            print("\n".join(in_full(result, outcomes[result.name], width) for result in results))
        else:
            print(table(results, outcomes, mutations) + "\n")
            few = results if len(results) == 1 else []
            print("".join(in_brief(result, outcomes[result.name], width) + "\n\n" for result in few), end="")
            failed = (outcome for result in results for outcome in outcomes[result.name] if outcome.status == "fails")
            print("".join(left_over(outcome, width) + "\n" for outcome in failed), end="")
        print(proofs(results, outcomes))
        if options.mutate:
            print(wrong_versions(results, mutations, options.verbose))
    held = all(outcome.status == "holds" for claims in outcomes.values() for outcome in claims)
    survived = any(mutation.status == "survived" for mutation in mutations)
    return command.HOLDS if held and not survived else command.FAILS


if __name__ == "__main__":
    command.run("theory", lambda: main(sys.argv[1:]))
