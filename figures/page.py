"""`report.html` and `main.tex`: one page and one document from saved results, figures that are drawn already, and nothing from the network."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from pathlib import Path

from figures import album, page_answer, page_columns, page_explorable, page_ledger, tables
from figures.collection import Collection
from figures.study import group, group_words
from numerics import provenance
from unskew.ground import files
from unskew.ground.refusals import InputError

HERE = Path(__file__).resolve().parent
TITLE = "Why classification helps regression"
WIDE = 400
"""Drawings wider than this (points) are two columns wide and scroll inside their frame on a phone."""

FIRST = ("study_attribution", "offset")
"""The answer in two figures; the others follow by section."""

SCRIPTS = ("page.js", *page_explorable.SCRIPTS, *page_columns.SCRIPTS)
"""In the order in which they run; one file, so that the policy names one hash."""

ARMS = {
    "reg": "squared error alone",
    "reg_scaled": "squared error times λ, no classes: the control for the loss scale",
    "reg_nodecay": "squared error alone, no weight decay",
    "reg_cls": "squared error times λ plus cross-entropy: the paper's method",
    "reg_cls_nodecay": "the paper's method, no weight decay",
    "reg_cls_corrected": "the paper's method with a prior-corrected cross-entropy",
    "reg_cls_placebo": "the paper's method with classes permuted over samples",
    "reg_weighted": "squared error with importance weights",
    "cls_decoded": "cross-entropy alone, the value decoded from the classes",
}
"""What was trained, in words."""


def policy(css: str, script: str) -> str:
    """The content security policy of a page with this style sheet and this script: the browser runs these two and nothing else, whatever a name in the page says, and fetches nothing."""

    def own(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return f"default-src 'none'; style-src {own(css)}; script-src {own(script)}; img-src data:; base-uri 'none'; form-action 'none'"


def attributes(match: re.Match[str]) -> str:
    """`style="fill: none; stroke: #000"` as `fill="none" stroke="#000"`: the policy forbids styles in attributes, and a drawing needs none."""
    parts = [part.partition(":") for part in match.group(1).split(";") if part.strip()]
    return "".join(
        f' {name}="{value}"' for name, value in {name.strip(): value.strip() for name, _, value in parts}.items()
    )


def svg(path: Path, name: str, words: str) -> str:
    """A drawing of matplotlib for a page: no prologue, ids of its own, a name for readers that do not see it.

    Raises:
      InputError: it is not there or is none.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(r"<svg[ >].*</svg>", text, re.DOTALL)
    if found is None:
        raise InputError(f"{path} is no drawing", "run 'python -m figures --all DIR'")
    body = re.sub(r"<metadata>.*?</metadata>|<style[^>]*>.*?</style>", "", found.group(0), flags=re.DOTALL)
    body = re.sub(r'\sstyle="([^"]*)"', attributes, body)
    body = re.sub(r'\bid="', f'id="{name}-', body)
    body = re.sub(r'(href="|url\()#', rf"\1#{name}-", body)
    box = re.search(r'viewBox="0 0 ([\d.]+)', body)
    wide = box is not None and float(box.group(1)) > WIDE
    head = re.sub(r'\s(width|height)="[^"]*"', "", body[: body.index(">")])
    label = escape(words, quote=True)
    frame = 'drawing wide" tabindex="0' if wide else "drawing"
    return (
        f'<div class="{frame}" role="img" aria-label="{label}">{head} aria-hidden="true"{body[body.index(">") :]}</div>'
    )


def captions(found: Collection, folder: Path) -> dict[str, str]:
    """The captions of the figures that are drawn, by name, without the name in front: results in the ledger's order, study, advice.

    Raises:
      InputError: a caption is empty.
    """
    results = [result["name"] for result in found.theory["results"]]
    texts = {}
    for name in (*results, *album.STUDY, *album.FIELD):
        path = folder / "figures" / f"{name}.txt"
        if not path.is_file():
            continue
        words = path.read_text(encoding="utf-8").split("\n")[0].removeprefix(f"{name}. ")
        if not words:
            raise InputError(f"{path} holds no caption", "run 'python -m figures --all DIR'")
        texts[name] = words
    return texts


def figure(folder: Path, name: str, caption: str) -> str:
    """One figure with its caption."""
    drawing = svg(folder / "figures" / f"{name}.svg", name, f"Figure {name}: {caption}")
    return f"<figure id='figure-{name}'>{drawing}<figcaption><strong>{name}</strong> {escape(caption)}</figcaption></figure>"


def html_table(table: tables.Table) -> str:
    """A table that scrolls inside its frame where it is too wide."""
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in table.head)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(tables.shown(cell))}</td>" for cell in row) + "</tr>" for row in table.rows
    )
    label = escape(table.name, quote=True)
    return (
        f"<div class='scroll' tabindex='0' role='region' aria-label='table {label}'><table><caption>{escape(table.caption)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def counts(found: Collection) -> str:
    """How much stands behind the page, in one sentence."""
    claims = [claim for result in found.theory["results"] for claim in result["claims"]]
    checks = [
        check for report in found.verify.values() for check in report["checks"] if check["evidence"] != "symbolic"
    ]
    applying = [check for check in checks if check["status"] != "not_applicable"]
    held = sum(check["status"] == "holds" for check in applying)
    proved = sum(claim["status"] == "holds" for claim in claims)
    densities = f"{len(found.verify)} label {'density' if len(found.verify) == 1 else 'densities'}"
    return (
        f"{proved} of {len(claims)} claims have a proof that was re-run for this page; {held} of {len(applying)} numerical checks hold, on {densities}"
        f" ({len(checks) - len(applying)} more do not apply, with the reason beside them).{page_answer.draft(found)}"
    )


def stamp_words(found: Collection) -> str:
    """Commit and versions in one line."""
    versions = ", ".join(f"{name} {version}" for name, version in found.stamp["versions"].items())
    now = provenance.commit()
    drawn = "" if now == found.stamp["commit"] else f"; drawn at commit {now}"
    return f"commit {found.stamp['commit']}; {versions}{drawn}"


def seed_words(found: Collection) -> str:
    """What random numbers began with, by what they are for."""
    return "; ".join(f"{name}: {value}" for name, value in found.stamp["seeds"].items())


def reproduce(found: Collection) -> str:
    """How to make all of this again."""
    steps = "\n".join(found.stamp["commands"].values())
    seeds = seed_words(found)
    return (
        "<p>This command made everything on this page; what is there and was made from the same inputs is kept. <code>make paper</code> runs it without options.</p>"
        f"<pre tabindex='0'><code id='typed'>{escape(found.stamp['command'])}</code></pre>"
        f"<details><summary>what it runs</summary><pre tabindex='0'><code>{escape(steps)}</code></pre></details>"
        f"<p>Seeds: {escape(seeds)}.</p><p id='stamp'>Made from {escape(stamp_words(found))}.</p>"
    )


def sentence(words: str) -> str:
    """Words with a capital in front; a name or a symbol keeps its letters."""
    first = words.split(" ", 1)[0]
    if first in ARMS or len(first) < 2:
        return f"Here, {words}"
    return first[0].upper() + words[1:]


def study(found: Collection) -> str:
    """Verdicts, reasons, numbers."""
    if found.study is None:
        return "<p>The study was not run for this page.</p>"
    items = [
        f"<li><strong>{escape(group_words(group(cell)))}, {escape(cell['sampling'])}:</strong> <span class='verdict'>{escape(cell['verdict'])}</span>. {escape(sentence(cell['reason']))}.</li>"
        for cell in found.study["cells"]
        if cell["metric"] == "test_mse"
    ]
    epochs = {cell["condition"]["epochs"] for cell in found.study["cells"]}
    short = (
        "<p class='fails'>Trained for one epoch only: a draft, from which nothing can be concluded.</p>"
        if epochs == {1}
        else ""
    )
    parts = [tables.study_contrasts(found.study), tables.study_published(found.study)]
    arms = "".join(f"<dt>{name}</dt><dd>{escape(words)}</dd>" for name, words in ARMS.items())
    folded = f"<details><summary>every arm: test error by sampling</summary>{html_table(tables.study_arms(found.study))}</details>"
    return (
        f"{short}<p>The verdict was fixed before the runs: <em>replicated</em> only if the claim and every control (equal loss scale without classes, permuted classes, no weight decay) "
        f"leave a difference; <em>confounded</em> if a control leaves none; <em>undecided</em> if the smallest effect that the design would have detected is larger than the published one.</p><ul>{''.join(items)}</ul><details><summary>names of the arms</summary><dl>{arms}</dl></details>"
        f"{''.join(html_table(part) for part in parts if part is not None)}{folded}"
    )


def field(found: Collection) -> str:
    """Verdicts of the field study."""
    if found.field is None:
        return ""
    rows = found.field["contrasts"]
    items = [
        f"<li><strong>{escape(row['question'])}</strong> <span class='verdict'>{escape(row['verdict'])}</span>. {escape(row['arm'])} against {escape(row['base'])}: "
        f"{100 * row['change']:+.1f} % balanced squared error, lower on {row['tables_below']} of {len(found.field['tables'])} tables.</li>"
        for row in rows
    ]
    return f"<ul>{''.join(items)}</ul>"


def section(name: str, title: str, content: str) -> str:
    """A section with a heading that can be linked to."""
    return f"<section id='{name}' aria-labelledby='{name}-title'><h2 id='{name}-title'>{title}</h2>{content}</section>"


def page(found: Collection, folder: Path) -> str:
    """The whole page."""
    drawn = captions(found, folder)
    shown_first = [name for name in FIRST if name in drawn]
    later = [name for name in drawn if name not in shown_first]
    studied = [name for name in later if name in album.STUDY]
    fielded = [name for name in later if name in album.FIELD]
    results = [name for name in later if name not in (*studied, *fielded)]
    answer = "".join(
        f"<li><strong>{escape(lead)}</strong> {escape(sentence)}</li>"
        for lead, sentence in page_answer.sentences(found)
    )
    unknown = "".join(f"<li>{escape(sentence)}</li>" for sentence in page_answer.UNKNOWN)
    rules = tables.class_rules(found)

    def gallery(names: list[str]) -> str:
        return f"<div class='gallery'>{''.join(figure(folder, name, drawn[name]) for name in names)}</div>"

    sections = [
        ("answer", "The answer", f"<ol class='answer'>{answer}</ol><p class='muted'>{escape(counts(found))}</p>{gallery(shown_first)}"),
        ("unknown", "What is not known", f"<ul>{unknown}</ul>"),
        ("figures", "The results, one figure each", gallery(results) + f"<details><summary>all densities, all numbers of classes</summary>{html_table(tables.densities(found))}</details>"),
        ("study", "The published claim, with controls", study(found) + gallery(studied)),
        *([("field", "Real tables", field(found) + gallery(fielded))] if fielded else []),
        ("advice", "Advice for a column of labels", html_table(rules) if rules else "<p>No labels were given.</p>"),
        ("claims", "Ledger", "<p>Every claim opens into its statement, proof and numbers.</p>" + page_ledger.ledger(found, set(drawn))),
        ("reproduce", "How to reproduce", reproduce(found)),
    ]  # fmt: skip
    css, script = (
        "\n" + "".join((HERE / name).read_text(encoding="utf-8") for name in names)
        for names in (("page.css",), SCRIPTS)
    )
    links = "".join(f"<a href='#{name}'>{title}</a>" for name, title, _ in sections)
    return (
        f"<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n<meta http-equiv='Content-Security-Policy' content=\"{policy(css, script)}\">\n"
        f"<meta name='viewport' content='width=device-width, initial-scale=1'>\n<meta name='color-scheme' content='light dark'>\n<title>{TITLE}</title>\n<link rel='icon' href='data:,'>\n"
        f"<style>{css}</style>\n</head>\n<body>\n<a class='skip' href='#answer'>skip to the answer</a>\n"
        f"<header><h1>{TITLE}</h1><p>{escape(page_answer.QUESTION)}</p><nav aria-label='sections'>{links}</nav>"
        "<button type='button' id='theme' hidden>theme: as the system</button></header>\n"
        f"<main>\n{page_explorable.explorable()}\n{page_columns.columns()}\n{chr(10).join(section(*entry) for entry in sections)}\n</main>\n"
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def document(found: Collection, folder: Path, made: list[tables.Table]) -> str:
    """`main.tex`: statements, figures and tables of the folder, in the template's frame."""
    graphics: list[str] = []
    width = "[width=\\textwidth]"
    for name, caption in captions(found, folder).items():
        # In its own size, so that letters have the size they were made for; two columns are wider than this text.
        wide = 'class="drawing wide"' in svg(folder / "figures" / f"{name}.svg", name, "")
        graphics.append(
            "\\begin{figure}[tbp]\n\\centering\n"
            f"\\includegraphics{width if wide else ''}{{figures/{name}.pdf}}\n"
            f"\\caption{{{tables.escaped(caption)}}}\\label{{fig:{name}}}\n\\end{{figure}}\n"
            # LaTeX holds back a limited number of floats.
            + ("\\clearpage\n" if len(graphics) % 8 == 7 else "")
        )
    stamp = [
        tables.escaped(stamp_words(found)),
        tables.escaped(f"seeds: {seed_words(found)}"),
        f"made by \\texttt{{{tables.escaped(found.stamp['command'])}}}, which ran:",
        *(f"\\texttt{{{tables.escaped(words)}}}" for words in found.stamp["commands"].values()),
    ]
    filled = {
        "ANSWER": tables.escaped(" ".join(sentence for _, sentence in page_answer.sentences(found)) + page_answer.draft(found)),
        "FIGURES": "".join(graphics),
        "TABLES": "".join(f"\\input{{tables/{table.name}.tex}}\n" for table in made),
        "STAMP": " \\\\\n".join(stamp),
    }  # fmt: skip
    text = (HERE / "main.tex").read_text(encoding="utf-8").split("\n", 1)
    body = re.sub(r"@([A-Z]+)@", lambda match: filled[match.group(1)], text[1])
    return f"{text[0]}\n{body}"


def write(found: Collection, folder: Path) -> None:
    """Writes tables, `main.tex` and `report.html`; the figures must be drawn already."""
    made = tables.tables(found)
    tables.write(made, folder, album.origin({"made": found.stamp}))
    files.write_text(folder / "main.tex", document(found, folder, made))
    files.write_text(folder / "report.html", page(found, folder))
