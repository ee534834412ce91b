"""Tables of a write-up as csv (all digits) and LaTeX (booktabs): saved numbers side by side, none computed."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figures import study, style
from figures.collection import Collection, Report
from numerics import provenance
from unskew.ground import files

NAMES = ("ledger", "densities", "study_arms", "study_contrasts", "study_published", "class_rules")
EVIDENCE = ("symbolic", "certified", "quadrature", "fitted")


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
      name: of its files.
      caption: a sentence.
      head: column names for reading.
      columns: column names for programs.
      rows: cells; numbers keep their digits in the csv.
      long: may run over several pages.
    """

    name: str
    caption: str
    head: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    long: bool = False


_SPECIAL = {
    "\n": " ", "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}",
    "−": "$-$", "–": "--", "±": r"$\pm$", "×": r"$\times$", "²": "$^2$", "≤": r"$\le$", "≥": r"$\ge$", "“": "``", "”": "''",
    "λ": r"$\lambda$", "μ": r"$\mu$", "σ": r"$\sigma$", "κ": r"$\kappa$", "Δ": r"$\Delta$", "ε": r"$\varepsilon$",
}  # fmt: skip


def escaped(text: str) -> str:
    """Plain text as LaTeX text; `?` for what pdflatex has no letter for (file names may hold anything)."""
    return "".join(_SPECIAL.get(character, character if _has_letter(character) else "?") for character in text)


def _has_letter(character: str) -> bool:
    """ASCII, and the letters of Latin-1 that LaTeX's first font has: with an accent, or one of a few."""
    accented = ord(character) < 256 and unicodedata.decomposition(character)[:2] == "00"
    return character.isprintable() and (character.isascii() or accented or character in "ÆØßæø§")


def shown(value: Any) -> str:
    """A cell for reading: four digits, words as they are, nothing for nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return style.number(value, 4) if isinstance(value, float) else str(value)


def interval(row: Report, value: str = "value") -> str:
    """`value [low, high]`."""
    return f"{shown(row[value])} [{shown(row['low'])}, {shown(row['high'])}]"


def used(check: Report) -> float:
    """How much of its tolerance a check uses up: 1 is all of it. Far below where an inequality holds with room.

    A strict inequality needs its tolerance on the other side: it is at the edge at -1.
    """
    beyond = check["numeric"] - check["theory"]
    match check["kind"]:
        case "upper bound":
            pass
        case "counterexample":
            beyond = -beyond
        case _:
            beyond = abs(beyond)
    # Without a tolerance, equality is the closest call there is.
    return beyond / check["tolerance"] if check["tolerance"] else math.copysign(math.inf, beyond or 1.0)


def tightest(checks: Sequence[Report]) -> Report | None:
    """The closest call: the numerical check that comes nearest to its tolerance."""
    able = [check for check in checks if check["evidence"] != "symbolic"]
    able = [check for check in able if all(isinstance(check[name], float) for name in ("theory", "numeric", "tolerance"))]  # fmt: skip
    return max(able, key=used, default=None)


def status(checks: Sequence[Report]) -> str:
    """`fails` as soon as one fails; `not applicable` where none applies."""
    found = {check["status"] for check in checks}
    return "fails" if "fails" in found else "holds" if "holds" in found else "not applicable"


def of_claim(found: Collection, result: str, claim: str) -> list[tuple[str, Report]]:
    """All checks of a claim with the name of their report."""
    return [
        (name, check)
        for name, report in found.verify.items()
        for check in report["checks"]
        if check["result"] == result and check["claim"] == claim
    ]


def evidence(checks: Sequence[Report]) -> dict[str, tuple[int, int]]:
    """By kind of evidence: how many checks hold, of how many that apply."""
    counted = {}
    for kind in EVIDENCE:
        applying = [check for check in checks if check["evidence"] == kind and check["status"] != "not_applicable"]
        if applying:
            counted[kind] = (sum(check["status"] == "holds" for check in applying), len(applying))
    return counted


def ledger(found: Collection) -> Table:
    """Every claim with its kind and what stands for it."""
    rows = []
    for result in found.theory["results"]:
        for claim in result["claims"]:
            checks = [check for _, check in of_claim(found, result["name"], claim["name"])]
            counted = evidence([check for check in checks if check["evidence"] != "symbolic"])
            near = tightest([check for check in checks if check["status"] == "holds"])
            numbers = ("", "", "") if near is None else (near["theory"], near["numeric"], near["tolerance"])
            counts = tuple(f"{held} of {of}" if (of := counted.get(kind, (0, 0))[1]) else "" for kind in EVIDENCE[1:] for held in [counted.get(kind, (0, 0))[0]])  # fmt: skip
            proof = f"{sum(step['holds'] for step in claim['steps'])} of {len(claim['steps'])}"
            verdict = status([{"status": claim["status"]}, *checks])
            rows.append((result["name"], claim["name"], claim["kind"], proof, *counts, verdict, *numbers))
    densities = ", ".join(report["density"] for report in found.verify.values())
    return Table(
        "ledger",
        f"Every claim, with the proof steps that were re-run and the numerical checks that hold, of those that apply, over the densities {densities}. "
        "Last columns: the closest call, the comparison that came nearest to its tolerance.",
        ("result", "claim", "kind", "proof", *EVIDENCE[1:], "status", "theory", "numeric", "tolerance"),
        ("result", "claim", "kind", "proof", *EVIDENCE[1:], "status", "theory", "numeric", "tolerance"),
        tuple(rows),
        long=True,
    )


def densities(found: Collection) -> Table:
    """Price and remainder of every density."""
    rows = []
    for report in found.verify.values():
        numbers = report["quantities"]
        for entry in numbers["per_classes"]:
            rows.append(
                (
                    report["density"],
                    numbers["kl_labels"],
                    numbers["price"],
                    numbers["squared_error_price"],
                    entry["classes"],
                    entry["remainder"],
                    entry["corrected_excess"],
                    entry["corrected_squared_error"],
                )
            )
    return Table(
        "densities",
        f"What imbalance costs, and what is left after the prior correction (noise {found.main['channel']['noise']:g}, log-loss in nats).",
        ("density", "KL labels", "price", "price, squared", "K", "W", "corrected", "corrected, squared"),
        (
            "density",
            "kl_labels",
            "price",
            "price_squared_error",
            "classes",
            "W",
            "corrected",
            "corrected_squared_error",
        ),
        tuple(rows),
        long=True,
    )


def study_arms(report: Report) -> Table:
    """Test error of every arm by sampling."""
    rows = []
    for cell in report["cells"]:
        if cell["metric"] == "test_mse":
            setting = study.group_words(study.group(cell))
            for row in cell["arms"]:
                if row["classes"] is None:
                    rows.append(
                        (setting, cell["sampling"], row["arm"], row["value"], row["low"], row["high"], row["runs"])
                    )
    return Table(
        "study_arms",
        f"Mean test error of every arm with {round(100 * report['level'])} % intervals over functions, class counts averaged.",
        ("setting", "sampling", "arm", "mean", "low", "high", "runs"),
        ("setting", "sampling", "arm", "mean", "low", "high", "runs"),
        tuple(rows),
        long=True,
    )


def study_contrasts(report: Report) -> Table:
    """The claim and its controls, with the verdict."""
    rows = []
    for cell in report["cells"]:
        if cell["metric"] != "test_mse":
            continue
        for row in cell["contrasts"]:
            if row["classes"] is None and row["role"] in ("claim", "control"):
                ends = (row["difference"], row["low"], row["high"], row["holm"], row["detectable"])
                last = cell["verdict"] if row["role"] == "claim" else ""
                setting = study.group_words(study.group(cell))
                rows.append((setting, cell["sampling"], f"{row['base']} - {row['arm']}", *ends, last))
    return Table(
        "study_contrasts",
        "Matched differences of test error (positive: the second arm is better), their intervals, Holm-adjusted p, the smallest difference that the design would have detected, and the verdict on the claim.",
        ("setting", "sampling", "difference", "mean", "low", "high", "Holm p", "detectable", "verdict"),
        ("setting", "sampling", "difference", "mean", "low", "high", "holm_p", "detectable", "verdict"),
        tuple(rows),
    )


def study_published(report: Report) -> Table | None:
    """Published runs beside ours at the same class counts, where they were given."""
    rows = []
    for cell in report["cells"]:
        for name, entry in (cell.get("published") or {}).items():
            if isinstance(entry, dict) and name in ("reg", "reg_cls", "effect"):
                sides = (interval(entry["ours"]), interval(entry["published"]), interval(entry["gap"]))
                rows.append((cell["sampling"], name, *sides))
    if not rows:
        return None
    return Table(
        "study_published",
        "Ours beside the published runs at the same class counts; effect: reg minus reg_cls.",
        ("sampling", "quantity", "ours", "published", "ours - published"),
        ("sampling", "quantity", "ours", "published", "gap"),
        tuple(rows),
    )


def sources(reports: Mapping[str, Report]) -> dict[str, str]:
    """What to call each column of labels: its file's name and its own; a number tells those apart that agree in both, since reports leave folders out."""
    named, seen = {}, Counter[str]()
    for name, report in reports.items():
        source = str(report["labels"]["source"])
        file, mark, column = source.rpartition(":")
        words = f"{Path(file).name}, {column}" if mark and "/" not in column else Path(source).name
        seen[words] += 1
        named[name] = words if seen[words] == 1 else f"{words} ({seen[words]})"
    return named


def class_rules(found: Collection) -> Table | None:
    """What labels alone say about classes, for each column of labels."""
    rows = []
    named = sources(found.advise)
    for name, report in found.advise.items():
        classes, labels, squared = report["classes"], report["labels"], report["squared_error"]
        rows.append(
            (
                "drawn, longtail" if name == "sample" else named[name],
                labels["n"],
                report["imbalance"]["kl"],
                report["imbalance"]["n_eff"],
                report["noise"],
                squared["most"],
                squared["after_decoded"],
                classes["classes"],
                classes["remainder"],
            )
        )
    if not rows:
        return None
    return Table(
        "class_rules",
        "Columns of labels: imbalance, what it costs the best predictor in squared error at the stated noise (empty: not known; then the most over noises), what is left of that when corrected "
        "classes are decoded to their centres, their number, and W.",
        ("labels", "n", "KL", "n_eff", "noise", "costs", "left", "K advised", "W at K advised"),
        ("labels", "n", "kl", "n_eff", "noise", "cost_squared", "left_squared", "classes_advised", "W_advised"),
        tuple(rows),
    )


def tables(found: Collection) -> list[Table]:
    """All tables that the results have."""
    made: list[Table | None] = [ledger(found), densities(found)]
    if found.study is not None:
        made += [study_arms(found.study), study_contrasts(found.study), study_published(found.study)]
    made.append(class_rules(found))
    return [table for table in made if table is not None]


def as_csv(table: Table) -> str:
    """All digits."""
    return style.csv_text([table.columns, *table.rows])


def as_latex(table: Table) -> str:
    """A table with its caption and its name as label; a long one breaks over pages."""
    numeric = [all(isinstance(row[place], int | float) or row[place] in ("", None) for row in table.rows) for place in range(len(table.head))]  # fmt: skip
    columns = "@{}" + "".join("r" if right else "l" for right in numeric) + "@{}"
    head = " & ".join(map(escaped, table.head)) + r" \\"
    rows = [" & ".join(escaped(shown(cell)) for cell in row) + r" \\" for row in table.rows]
    caption = rf"\caption{{{escaped(table.caption)}}}\label{{tab:{table.name}}}"
    size = r"\tiny" if len(table.head) > 9 else r"\scriptsize"
    if table.long:
        begin = [
            rf"\begingroup{size}\setlength{{\tabcolsep}}{{3pt}}",
            rf"\begin{{longtable}}{{{columns}}}",
            caption + r"\\",
        ]
        body = [r"\toprule", head, r"\midrule", r"\endfirsthead", r"\toprule", head, r"\midrule", r"\endhead"]
        return "\n".join([*begin, *body, *rows, r"\bottomrule", r"\end{longtable}", r"\endgroup", ""])
    begin = [r"\begin{table}[htbp]", rf"\centering{size}\setlength{{\tabcolsep}}{{3pt}}", caption]
    body = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule", head, r"\midrule", *rows, r"\bottomrule", r"\end{tabular}"]
    return "\n".join([*begin, *body, r"\end{table}", ""])


def write(made: Sequence[Table], folder: Path, line: str = "") -> None:
    """Writes `NAME.csv` and `NAME.tex` of every table into `folder/tables`, under a comment with the line that says what they were made from."""
    target = files.make_folder(folder / "tables")
    for table in made:
        files.write_text(target / f"{table.name}.csv", provenance.comment(line) + as_csv(table))
        files.write_text(target / f"{table.name}.tex", provenance.comment(line, "%") + as_latex(table))
    for name in set(NAMES) - {table.name for table in made}:
        for suffix in ("csv", "tex"):
            (target / f"{name}.{suffix}").unlink(missing_ok=True)
