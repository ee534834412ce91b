"""`report.html` and `main.tex`: one page and one document from saved results, figures that are drawn already, and nothing from the network."""

from __future__ import annotations

import base64
import hashlib
import re
from html import escape
from pathlib import Path

from figures import album, page_answer, page_columns, page_explorable, page_ledger, tables
from figures.collection import Collection
from figures.page_figures import STUDIED, captions, figure, folded, html_table, svg, titles
from figures.page_maths import mathml
from figures.page_typeset import ARMS, typeset
from figures.study import group, group_words
from numerics import provenance
from unskew.ground import files

HERE = Path(__file__).resolve().parent
TITLE = "Why classification helps regression"
FIRST = ("field", "recalibration", "study_attribution", "offset", "price", "best_classes", "sample_size", "bin_width")
"""The figures in the text are the first `SHOWN` of these that there are; the others are folded under the question that they answer."""
SHOWN = 6

SCRIPTS = ("page.js", *page_explorable.SCRIPTS, *page_columns.SCRIPTS)
"""In the order in which they run; one file, so that the policy names one hash."""


def policy(css: str, script: str) -> str:
    """The content security policy of a page with this style sheet and this script: the browser runs these two and nothing else, whatever a name in the page says, and fetches nothing."""

    def own(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    return f"default-src 'none'; style-src {own(css)}; script-src {own(script)}; img-src data:; base-uri 'none'; form-action 'none'"


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
        f"<li><strong>{escape(group_words(group(cell)))}, {escape(cell['sampling'])}:</strong> <span class='verdict'>{escape(cell['verdict'])}</span>. {typeset(sentence(cell['reason']))}.</li>"
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


def section(name: str, title: str, content: str) -> str:
    """A section with a heading that can be linked to."""
    return f"<section id='{name}' aria-labelledby='{name}-title'><h2 id='{name}-title'>{title}</h2>{content}</section>"


SYMBOLS = (
    ("x, y", "input and label; D is the length of the label interval"),
    (
        "q, p",
        "the balanced and the imbalanced law: the score is taken under one, the training data come from the other",
    ),
    ("r = p/q, \\; l = \\log r", "how over-represented a label is in training"),
    ("q(y|x), \\; p(y|x)", "what an input says of its label in either world: the posteriors"),
    ("f_q, \\; f_p", "their means: the best predictions"),
    ("K", "the number of classes, which are intervals of labels"),
    ("W", "what is left inside the classes at most, known from the labels alone, in nats"),
    ("n_{\\text{eff}}", "how many balanced labels the imbalanced ones are worth"),
)
"""The symbols of the page, in LaTeX, and what they stand for."""


def symbols() -> str:
    """The box of symbols."""
    rows = "".join(f"<dt>{mathml(latex, display=False)}</dt><dd>{typeset(words)}</dd>" for latex, words in SYMBOLS)
    return f"<details class='symbols'><summary>Symbols</summary><dl>{rows}</dl></details>"


def formula(description: str) -> str:
    """A density's description, its expression set as a formula where it is one."""
    name, _, expression = description.partition(" proportional to ")
    if not re.fullmatch(r"(exp|[\du.+\-*/() ])+", expression):
        return escape(description)
    latex = re.sub(r"\*\*(\d+)", r"^{\1}", expression).replace("*", r"\,").replace("exp", r"\exp")
    return mathml(rf"{name} \propto {latex}", display=False)


def skewed(found: Collection) -> str:
    """The main label law, drawn by its classes and written out."""
    report = found.main
    finest = max(report["bin_masses"], key=lambda row: row["classes"])
    heights = [p / q if q else 0.0 for p, q in zip(finest["p"], finest["q"], strict=True)]
    low, length, top = finest["edges"][0], finest["edges"][-1] - finest["edges"][0], max(heights) or 1.0
    ends = [240 * (edge - low) / length for edge in finest["edges"]]
    bars = "".join(
        f"<rect x='{left:.1f}' width='{right - left - 1:.1f}' y='{44 - 42 * height / top:.1f}' height='{42 * height / top:.1f}'/>"
        for left, right, height in zip(ends[:-1], ends[1:], heights, strict=True)
    )
    flat = f"<path d='M0 {44 - 42 / top:.1f}H240'/>"
    words = formula(str(report["law"].get("description") or report["density"]))
    return f"<svg class='spark' viewBox='0 0 240 46' role='img' aria-label='the label law by classes, and the balanced one as a line'>{bars}{flat}</svg> {words}; the line is the balanced law."


def field(found: Collection) -> str:
    """Verdicts of the field study; nothing where it was not run."""
    if found.field is None:
        return ""
    items = "".join(
        f"<li><strong>{escape(row['question'])}</strong> <span class='verdict'>{escape(row['verdict'])}</span>. {escape(row['arm'])} against {escape(row['base'])}: "
        f"{100 * row['change']:+.1f} % balanced squared error, lower on {row['tables_below']} of {len(found.field['tables'])} tables.</li>"
        for row in found.field["contrasts"]
    )
    return f"<h3>On real tables</h3><ul>{items}</ul>"


def page(found: Collection, folder: Path) -> str:
    """The whole page."""
    drawn, called = captions(found, folder), titles(found)
    first = [name for name in FIRST if name in drawn][:SHOWN]
    answer = "".join(
        f"<li><strong>{escape(one.lead)}</strong> {typeset(one.shortly)}<details><summary>more</summary><p>{typeset(one.fully)} <a href='#{one.shown[0]}'>{one.shown[1]}</a></p></details></li>"
        for one in page_answer.answers(found)
    )
    unknown = "".join(f"<li>{typeset(sentence)}</li>" for sentence in page_answer.UNKNOWN)
    rules = tables.class_rules(found)
    text = "".join(figure(folder, name, drawn[name], called[name]) for name in first)
    studied = "".join(
        folded(folder, name, drawn[name], called[name]) for name in drawn if name in STUDIED and name not in first
    )
    under = {
        name: f"<p><a href='#figure-{name}'>Figure: {escape(called[name])}</a></p>"
        if name in first
        else folded(folder, name, drawn[name], called[name])
        for name in drawn
        if name not in album.PICTURES
    }
    sections = [
        ("answer", "The answer", f"<p>“Skewed” labels are those of this law: {skewed(found)}</p><ol class='answer'>{answer}</ol><p class='muted'>{escape(counts(found))}</p>"),
        ("figures", "The answer in figures", f"<div class='gallery'>{text}</div>"),
        ("weights", "Why not weights?", f"<p>{typeset(page_answer.weights(found))} <a href='#question-sample_size'>The variance, proved</a>.</p>"),
        ("study", "The published claim, with controls", study(found) + field(found) + studied),
        ("advice", "Advice for a column of labels", html_table(rules) if rules else "<p>No labels were given.</p>"),
        ("unknown", "What is not known", f"<ul>{unknown}</ul>"),
        ("claims", "Every question, with proofs and numbers", f"<p>Every claim opens into its formula, proof and numbers.</p>{page_ledger.ledger(found, under)}<details><summary>all densities, all numbers of classes</summary>{html_table(tables.densities(found))}</details>"),
        ("reproduce", "How to reproduce", reproduce(found)),
    ]  # fmt: skip
    css, script = (
        "\n" + "".join((HERE / name).read_text(encoding="utf-8") for name in names)
        for names in (("page.css",), SCRIPTS)
    )
    pictures = "".join(figure(folder, name, drawn[name], called[name]) for name in album.PICTURES if name in drawn)
    if pictures:
        play = "<button type='button' id='play' hidden>play</button>"
        sections = [("picture", "The idea in four frames", f"<div class='gallery'>{pictures}</div>{play}"), *sections]
    opened = [("explorable", "Try it"), ("columns", "Your own two columns"), *(entry[:2] for entry in sections)]
    links = "".join(
        f"<a href='#{name}'{' hidden' if name in ('explorable', 'columns') else ''}>{title}</a>"
        for name, title in opened
    )
    return (
        f"<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n<meta http-equiv='Content-Security-Policy' content=\"{policy(css, script)}\">\n"
        f"<meta name='viewport' content='width=device-width, initial-scale=1'>\n<meta name='color-scheme' content='light dark'>\n<title>{TITLE}</title>\n<link rel='icon' href='data:,'>\n"
        f"<style>{css}</style>\n</head>\n<body>\n<a class='skip' href='#answer'>skip to the answer</a>\n"
        f"<header><h1>{TITLE}</h1><p>{escape(page_answer.QUESTION)}</p><nav aria-label='sections'>{links}</nav>"
        "<button type='button' id='theme' hidden>theme: as the system</button></header>\n"
        f"<main>\n{symbols()}\n{page_explorable.explorable()}\n{chr(10).join(section(*entry) for entry in sections[:4])}\n{page_columns.columns()}\n{chr(10).join(section(*entry) for entry in sections[4:])}\n</main>\n"
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
