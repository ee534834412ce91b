"""The table of claims in the notes is in step with the ledger and with the rooms it names."""

from __future__ import annotations

import re
from pathlib import Path

from numerics.verify import summary
from theory import ledger
from theory.formula import Formula
from theory.statement import Statement

ROOT = Path(__file__).resolve().parent.parent
ROW = re.compile(r"^\| `(\w+)\.(\w+)` \| ([a-z ]+) \| ([a-z, ]+) \| `(\w+)` \| \*(\w+)\* \|$", re.MULTILINE)
README = re.compile(r"^\| `(\w+)` \| ([^|]+) \| \[notes\]\(paper_notes\.md#(\w+)\) \|$", re.MULTILINE)
EVIDENCE = ("symbolic", "certified", "quadrature", "fitted")


def rows() -> list[tuple[str, ...]]:
    return ROW.findall((ROOT / "paper_notes.md").read_text(encoding="utf-8"))


def test_table_lists_every_claim_once_with_its_kind() -> None:
    listed = [(result, claim, kind) for result, claim, kind, *_ in rows()]
    expected = [(name, claim.name, claim.kind) for name in ledger.RESULTS for claim in ledger.load(name).claims]
    assert listed == expected


def test_table_names_rooms_that_exist() -> None:
    notes = (ROOT / "paper_notes.md").read_text(encoding="utf-8")
    for result, _, _, evidence, figure, section in rows():
        assert result == figure == section
        assert f"\n## {section}\n" in notes
        for room in ("theory", "numerics/checks", "figures"):
            assert (ROOT / room / f"{result}.py").exists()
        assert (ROOT / "tests" / f"test_{result}.py").exists()
        found = evidence.split(", ")
        assert found[0] == "symbolic"
        assert found == [kind for kind in EVIDENCE if kind in found]


def test_numeric_evidence_is_claimed_only_where_a_check_speaks_of_the_claim() -> None:
    """A claim with evidence besides its proof is evaluated as a statement or named in the checks of its result, and one without is neither."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "numerics" / "checks").glob("*.py")}
    checks = "\n".join(texts.values())
    # `statements.add` evaluates every statement, and `formulas.lines` gives every formula of the result.
    kinds = {
        result: (Statement, Formula) if "formulas.lines(result)" in texts[result] else (Statement,)
        for result in ledger.RESULTS
    }
    stated = {
        (result, claim.name)
        for result in ledger.RESULTS
        for claim in ledger.load(result).claims
        if any(isinstance(line, kinds[result]) for line in claim.lines)
    }
    for result, claim, _, evidence, *_ in rows():
        spoken = (result, claim) in stated or f'"{claim}"' in checks
        assert spoken == (evidence != "symbolic"), f"{result}.{claim}"


def test_table_of_the_readme_lists_every_result_once() -> None:
    found = README.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    assert [name for name, *_ in found] == list(ledger.RESULTS)
    assert all(name == section for name, _, section in found)


def test_the_readme_fits_its_page() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 150
    assert [line for line in lines if len(line) > 120] == []
    assert any("make verify" in line for line in lines[:25])


def test_the_sample_of_the_verifier_has_its_columns_and_explains_each() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(r"\s+".join(map(re.escape, summary.TITLES)), text)
    for title in summary.TITLES:
        assert f"\n- `{title.partition(' (')[0]}`: " in text
    shown = re.findall(r"^(\w+) +(\d+) of (\d+) ", text, re.MULTILINE)
    assert len(shown) == 4
    assert [(name, int(proved), int(claims)) for name, proved, claims in shown] == [
        (name, len(ledger.load(name).claims), len(ledger.load(name).claims)) for name, *_ in shown
    ]
