"""The ledger of a page: one row a claim, which opens into statement, proof steps and evidence."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from figures import tables
from figures.collection import Collection, Report
from figures.page_maths import mathml

WORDS = {
    "symbolic": "proved step by step by a machine",
    "certified": "enclosed by ball arithmetic",
    "quadrature": "quadrature with its own error",
    "fitted": "fitted models with intervals, or gradient descent with its step taken to zero",
}


def options(values: Sequence[str], words: str) -> str:
    """The options of a choice."""
    return f'<option value="">{words}</option>' + "".join(
        f'<option value="{escape(value)}">{escape(value)}</option>' for value in values
    )


def controls(found: Collection) -> str:
    """The filter; shown once the script runs, since it does nothing without it."""
    results = [result["name"] for result in sorted(found.theory["results"], key=lambda result: bool(result["lemma"]))]
    kinds = list(dict.fromkeys(claim["kind"] for result in found.theory["results"] for claim in result["claims"]))
    fields = (
        ("result", options(results, "all results")),
        ("kind", options(kinds, "all kinds")),
        ("evidence", options(list(WORDS), "all evidence")),
    )
    chosen = "".join(
        f'<label>{name}<select data-filter="{name}">{content}</select></label>' for name, content in fields
    )
    return (
        '<form class="filter" id="filter" role="search" hidden><label>words<input type="search" data-filter="words" autocomplete="off"></label>'
        f'{chosen}<button type="reset">show all</button><output id="shown" aria-live="polite"></output></form>'
    )


def proof(claim: Report) -> str:
    """The steps of the proof."""
    steps = "".join(
        f"<li>{escape(step['text'])} <span class='{'holds' if step['holds'] else 'fails'}'>{'holds' if step['holds'] else 'FAILS'}</span></li>"
        for step in claim["steps"]
    )
    return f"<h4>Proof, re-run for this page</h4><ol>{steps}</ol>"


def numbers(checks: Sequence[tuple[str, Report]]) -> str:
    """What each kind of numerical evidence found, and the closest call: the comparison nearest to its tolerance."""
    rows = []
    for kind in tables.EVIDENCE[1:]:
        mine = [(name, check) for name, check in checks if check["evidence"] == kind]
        counted = tables.evidence([check for _, check in mine]).get(kind)
        if counted is None:
            continue
        near = tables.tightest([check for _, check in mine if check["status"] == "holds"])
        shown = (
            ("", "", "")
            if near is None
            else tuple(tables.shown(near[name]) for name in ("theory", "numeric", "tolerance"))
        )
        densities = len({name for name, check in mine if check["status"] != "not_applicable"})
        cells = (WORDS[kind], f"{counted[0]} of {counted[1]}", str(densities), *shown)
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    failing = "".join(
        f"<li class='fails'>FAILS for {escape(name)}: theory {escape(tables.shown(check['theory']))}, numeric {escape(tables.shown(check['numeric']))}, "
        f"tolerance {escape(tables.shown(check['tolerance']))}. {escape(check['note'])}</li>"
        for name, check in checks
        if check["status"] == "fails"
    )
    apart = dict.fromkeys(check["note"] for _, check in checks if check["status"] == "not_applicable" and check["note"])
    notes = "".join(f"<li>not applicable: {escape(note)}</li>" for note in apart)
    lists = f"<ul>{failing}{notes}</ul>" if failing or notes else ""
    if not rows:
        return lists or "<p>No numerical check: the proof stands alone.</p>"
    head = "".join(
        f"<th scope='col'>{name}</th>"
        for name in ("evidence", "hold", "densities", "closest call: theory", "numeric", "tolerance")
    )
    return f"<h4>Numbers</h4><div class='scroll' tabindex='0' role='region' aria-label='numerical checks'><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{lists}"


def row(found: Collection, result: Report, claim: Report, drawn: bool) -> str:
    """One claim."""
    checks = tables.of_claim(found, result["name"], claim["name"])
    apart = [check for _, check in checks if check["evidence"] != "symbolic"]
    status = tables.status([{"status": claim["status"]}, *(check for _, check in checks)])
    kinds = ["symbolic", *tables.evidence(apart)]
    chips = "".join(f"<span class='chip'>{kind}</span>" for kind in kinds)
    assumed = [*result["assumptions"], *claim["assumptions"]]
    body = [
        f"<p>{escape(claim['statement'])}</p>",
        f"<div class='maths' tabindex='0' role='region' aria-label='formula'>{mathml(claim['latex'])}</div>",
    ]
    if assumed:
        body.append(f"<p><strong>Assumed:</strong> {escape('; '.join(assumed))}.</p>")
    body += [proof(claim), numbers([(name, check) for name, check in checks if check["evidence"] != "symbolic"])]
    if drawn:
        body.append(f"<p><a href='#figure-{result['name']}'>Figure {result['name']}</a></p>")
    name = f"{result['name']}.{claim['name']}"
    return (
        f"<details class='claim' id='claim-{name}' data-result='{result['name']}' data-kind='{claim['kind']}' data-evidence='{' '.join(kinds)}'>"
        f"<summary><span class='name'>{name.replace('.', '.<wbr>').replace('_', '_<wbr>')}</span><span class='kind'>{claim['kind']}</span><span class='chips'>{chips}</span>"
        f"<span class='{'holds' if status == 'holds' else 'fails'}'>{status}</span></summary><div class='body'>{''.join(body)}</div></details>"
    )


def ledger(found: Collection, drawn: set[str]) -> str:
    """The whole ledger."""
    ordered = sorted(found.theory["results"], key=lambda result: bool(result["lemma"]))
    rows = [row(found, result, claim, result["name"] in drawn) for result in ordered for claim in result["claims"]]
    head = "<div class='head' aria-hidden='true'><span>claim</span><span>kind</span><span>evidence</span><span>status</span></div>"
    return f"{controls(found)}<div class='ledger' id='ledger'>{head}{''.join(rows)}</div>"
