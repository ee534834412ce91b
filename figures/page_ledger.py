"""The ledger of a page: the questions, under each its figure and its claims, each of which opens into statement, proof and numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape

from figures import page_figures, tables
from figures.collection import Collection, Report
from figures.page_maths import mathml
from figures.page_typeset import typeset

WORDS = {
    "symbolic": "proved step by step by a machine",
    "certified": "enclosed by ball arithmetic",
    "quadrature": "quadrature with its own error",
    "fitted": "fitted models with intervals, or gradient descent with its step taken to zero",
}
SCOPES = {
    "every law": "proved for every law",
    "closed form": "proved in closed form",
    "these sizes only": "proved for these small sizes only, a gap",
}
CHECKED = {"certified": "by certified numbers", "quadrature": "by quadrature", "fitted": "on fitted models"}
HEAD = ("evidence", "hold", "densities", "closest call: theory", "numeric", "tolerance")
LONG = 160
"""Letters from which on a step of a proof is set in a frame of its own."""


def options(values: Mapping[str, str], words: str) -> str:
    """The options of a choice, by value."""
    return f'<option value="">{words}</option>' + "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>' for value, text in values.items()
    )


def ordered(found: Collection) -> list[Report]:
    """The results, lemmas last."""
    return sorted(found.theory["results"], key=lambda result: bool(result["lemma"]))


def controls(found: Collection) -> str:
    """The filter; shown once the script runs, since it does nothing without it."""
    claims = [claim for result in found.theory["results"] for claim in result["claims"]]
    kinds = dict.fromkeys(claim["kind"] for claim in claims)
    fields = (
        ("result", options({result["name"]: result["title"] for result in ordered(found)}, "all results")),
        ("kind", options({kind: kind for kind in kinds}, "all kinds")),
        ("scope", options(SCOPES, "all scopes")),
        ("evidence", options(WORDS, "all evidence")),
    )
    chosen = "".join(
        f'<label>{name}<select data-filter="{name}">{content}</select></label>' for name, content in fields
    )
    return (
        '<form class="filter" id="filter" role="search" hidden><label>words<input type="search" data-filter="words" autocomplete="off"></label>'
        f'{chosen}<button type="reset">show all</button><output id="shown" aria-live="polite"></output></form>'
    )


def human(name: str) -> str:
    """`label_minus_input` as `Label minus input`."""
    words = name.replace("_", " ")
    return words[0].upper() + words[1:]


def step(found: Collection, one: Report) -> str:
    """A step of a proof: lemmas by their titles, long terms in a frame."""
    titles = {result["name"]: result["title"] for result in found.theory["results"]}
    text = escape(one["text"])

    def link(match: re.Match[str]) -> str:
        result, claim = match.groups()
        known = result in titles
        return (
            f"<a href='#claim-{result}.{claim}'>{escape(titles[result])}: {human(claim).lower()}</a>"
            if known
            else match.group(0)
        )

    text = re.sub(r"\b([a-z_]+)\.([a-z_]+)\b", link, text)
    if len(one["text"]) > LONG:
        text = f"<span class='term'>{text}</span>"
    state = "holds" if one["holds"] else "fails"
    return f"<li>{text} <span class='{state}'>{'holds' if one['holds'] else 'FAILS'}</span></li>"


def proof(found: Collection, claim: Report) -> str:
    """The steps of the proof."""
    steps = "".join(step(found, one) for one in claim["steps"])
    return f"<h4>Proof, re-run for this page</h4><p>It is {SCOPES.get(claim['scope'], claim['scope'])}.</p><ol class='proof'>{steps}</ol>"


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
        rows.append(f"<tr>{''.join(page_figures.cells(HEAD, cells))}</tr>")
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
    head = "".join(f"<th scope='col'>{name}</th>" for name in HEAD)
    return f"<h4>Numbers</h4><div class='scroll' tabindex='0' role='region' aria-label='numerical checks'><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>{lists}"


def summary(claim: Report, counted: Mapping[str, tuple[int, int]]) -> str:
    """A claim in one sentence: its kind, its scope, and what its numbers say."""
    kind = f"{claim['kind'][0].upper()}{claim['kind'][1:]}"
    words = f"{kind}, {SCOPES.get(claim['scope'], claim['scope'])}"
    checked = [f"{CHECKED[name]} ({held} of {all_})" for name, (held, all_) in counted.items() if name in CHECKED]
    return words + (f"; checked {', '.join(checked)}" if checked else "; without a numerical check") + "."


def row(found: Collection, result: Report, claim: Report) -> str:
    """One claim."""
    checks = tables.of_claim(found, result["name"], claim["name"])
    apart = [check for _, check in checks if check["evidence"] != "symbolic"]
    status = tables.status([{"status": claim["status"]}, *(check for _, check in checks)])
    counted = tables.evidence(apart)
    assumed = [*result["assumptions"], *claim["assumptions"]]
    body = [
        f"<div class='maths' tabindex='0' role='region' aria-label='formula'>{mathml(claim['latex'])}</div>",
        f"<p class='muted'>In letters: {escape(claim['statement'])}</p>",
    ]
    if assumed:
        body.append(f"<p><strong>Assumed:</strong> {escape('; '.join(assumed))}.</p>")
    body += [proof(found, claim), numbers([(name, check) for name, check in checks if check["evidence"] != "symbolic"])]
    name = f"{result['name']}.{claim['name']}"
    return (
        f"<details class='claim' id='claim-{name}' data-result='{result['name']}' data-kind='{claim['kind']}' data-scope='{claim['scope']}' data-evidence='{' '.join(['symbolic', *counted])}'>"
        f"<summary><span class='name'>{human(claim['name'])}</span><span class='kind'>{escape(summary(claim, counted))}</span>"
        f"<span class='{'holds' if status == 'holds' else 'fails'}'>{status}</span></summary><div class='body'>{''.join(body)}</div></details>"
    )


def ledger(found: Collection, figures: Mapping[str, str]) -> str:
    """The whole ledger.

    Args:
      figures: what to show of a result's figure under its question, by the result's name.
    """
    parts = []
    for result in ordered(found):
        rows = "".join(row(found, result, claim) for claim in result["claims"])
        lemma = "Lemma: " if result["lemma"] else ""
        parts.append(
            f"<div class='question' id='question-{result['name']}'><h3>{typeset(result['question'])}</h3><p class='muted'>{lemma}{escape(result['title'])}</p>"
            f"{figures.get(result['name'], '')}{rows}</div>"
        )
    return f"{controls(found)}<div class='ledger' id='ledger'>{''.join(parts)}</div>"
