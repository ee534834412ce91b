"""The page: formulas, links, contrast; then a real browser: silence on the console, no request, no sideways scroll, keys."""

from __future__ import annotations

import copy
import csv
import dataclasses
import itertools
import json
import re
import shutil
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import browser
import paper_folder
import pytest

from figures import __main__ as figures_main
from figures import collection, page, page_answer, page_ledger, study_attribution, study_residuals, style, tables
from figures.page_maths import UnknownCommand, mathml
from figures.page_typeset import typeset
from numerics import provenance
from theory import ledger
from unskew.ground import command

LEAST_CONTRAST = 4.5  # WCAG 2, level AA, text of normal size
CSS = Path(__file__).resolve().parent.parent / "figures" / "page.css"


@pytest.fixture(scope="session")
def folder() -> Path:
    return paper_folder.shared()


@pytest.fixture(scope="session")
def text(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ledger.LEMMAS + ledger.RESULTS)
def test_every_formula_of_the_ledger_is_well_formed(name: str) -> None:
    for claim in ledger.load(name).claims:
        found = ElementTree.fromstring(mathml(claim.latex))
        assert "\\" not in "".join(found.itertext()), claim.latex
        arities = {"mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3}
        for element in found.iter():
            assert len(element) == arities.get(element.tag, len(element)), claim.latex


def test_formulas_mean_what_they_say() -> None:
    assert mathml(r"\frac1w", display=False) == "<math><mrow><mfrac><mn>1</mn><mi>w</mi></mfrac></mrow></math>"
    assert mathml("l'^2", display=False).count("<msup>") == 1
    assert "<munder>" in mathml(r"\sup_k x")
    assert mathml(r"W \le q_c", display=False).endswith("<mo>≤</mo><msub><mi>q</mi><mi>c</mi></msub></mrow></math>")


@pytest.mark.parametrize("wrong", [r"\nonsense x", r"\frac{1", "{", r"\left", r"\mathcal{Q}"])
def test_unknown_or_broken_formulas_are_refused(wrong: str) -> None:
    with pytest.raises((UnknownCommand, ValueError, KeyError)):
        mathml(wrong)


class Outline(HTMLParser):
    """Ids, links and tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.append((tag, given))
        if "id" in given:
            self.ids.append(given["id"])
        self.links += [value for name, value in given.items() if name in ("href", "src", "xlink:href", "action")]


def test_nothing_points_outside_and_every_link_has_a_target(text: str) -> None:
    outline = Outline()
    outline.feed(text)
    assert len(outline.ids) == len(set(outline.ids))
    for link in outline.links:
        assert link.startswith(("#", "data:")), link
        if link.startswith("#"):
            assert link[1:] in outline.ids, link
    assert not re.search(r"@import|url\((?!#)", text)
    policy = next(given for tag, given in outline.tags if given.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"].startswith("default-src 'none'")


def test_page_has_its_parts(text: str) -> None:
    for name in (
        "explorable",
        "answer",
        "figures",
        "weights",
        "columns",
        "study",
        "advice",
        "unknown",
        "claims",
        "reproduce",
    ):
        assert f"<section id='{name}'" in text
    answer = re.search(r"<ol class='answer'>(.*?)</ol>", text, re.DOTALL)
    assert answer is not None
    assert answer.group(1).count("<li>") == 6
    claims = sum(len(ledger.load(name).claims) for name in ledger.LEMMAS + ledger.RESULTS)
    assert text.count("<details class='claim'") == claims
    assert "does not change this" in answer.group(1)
    assert "nothing can be concluded" in text  # the stand-in study is one epoch long
    words = re.sub(r"<math.*?</math>", "", text, flags=re.DOTALL)
    assert not re.search(r">\s*(nan|inf|None)\s*<", words)


def test_captions_and_densities_are_typeset_and_name_no_code(text: str) -> None:
    assert typeset("never more than W, 0.2 at K = 16; a 1-D study, 'x'") == (
        "never more than <math><mrow><mi>W</mi></mrow></math>, 0.2 at <math><mrow><mi>K</mi><mo>=</mo><mn>16</mn></mrow></math>; a 1-D study, &#x27;x&#x27;"
    )
    assert (
        typeset("reg_cls <b>")
        == "“squared error times <math><mrow><mi>λ</mi></mrow></math> plus cross-entropy” &lt;b&gt;"
    )
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", text, re.DOTALL)
    assert len(captions) >= 8
    assert not [caption for caption in captions if re.search(r"\w_\w", re.sub(r"<math.*?</math>", "", caption))]
    assert page.formula("p(u) proportional to 0.05 + 56*u*(1 - u)**6").count("<msup>") == 1
    assert page.formula("p(y) proportional to <script>") == "p(y) proportional to &lt;script&gt;"
    assert page.formula("p(u) proportional to 1/(u + 0.05)**2").startswith("<math>")


def test_why_not_weights_is_answered_with_numbers(folder: Path) -> None:
    found = dataclasses.replace(collection.read(folder), field=None)
    numbers = found.advise["sample"]["imbalance"]
    assert f"count like {numbers['n_eff']:.0f} balanced ones" in page_answer.weights(found)
    assert "real tables" not in page_answer.weights(found)
    row = {"name": "weights", "change": -0.1, "low": -0.2, "high": 0.05, "verdict": "no effect"}
    with_field = dataclasses.replace(
        found, field={"tables": [{}, {}], "contrasts": [row, {**row, "name": "classes_weights", "low": "undefined"}]}
    )
    words = page_answer.weights(with_field)
    assert (
        "On 2 real tables weights against squared error alone changes the balanced error by −10 % [−20 %, 5 %] (no effect)."
        in words
    )
    assert "corrected classes" not in words


def test_a_failing_check_is_shown_and_harm_is_told(folder: Path) -> None:
    found = collection.read(folder)
    assert "no case among the 1 density here" in page_answer.harm(found)
    assert ">FAILS" not in page_ledger.ledger(found, {})
    report = copy.deepcopy(found.main)
    entry = report["quantities"]["per_classes"][0]
    entry["corrected_excess"] = 2 * report["quantities"]["price"]
    wrong = next(
        check for check in report["checks"] if check["evidence"] == "quadrature" and check["status"] == "holds"
    )
    wrong["status"] = "fails"
    spoilt = dataclasses.replace(found, verify={"skewed": report})
    assert "in 1 of the 3 pairs of density and K" in page_answer.harm(spoilt)
    ledger_text = page_ledger.ledger(spoilt, {})
    row = ledger_text[ledger_text.index(f"id='claim-{wrong['result']}.{wrong['claim']}'") :].split("</details>")[0]
    assert "<span class='fails'>fails</span></summary>" in row
    assert "FAILS for skewed" in row
    rows = {(line[0], line[1]): line for line in tables.ledger(spoilt).rows}
    assert "fails" in rows[wrong["result"], wrong["claim"]]


def test_page_and_document_say_how_they_were_made(folder: Path, text: str) -> None:
    found = collection.read(folder)
    typed = dataclasses.replace(
        found, stamp={**found.stamp, "command": "python -m numerics.paper --labels <a>_b.csv:y"}
    )
    assert "<code id='typed'>python -m numerics.paper --labels &lt;a&gt;_b.csv:y</code>" in page.reproduce(typed)
    assert f"<code id='typed'>{found.stamp['command']}</code>" in text
    document = page.document(typed, folder, [])
    assert r"made by \texttt{python -m numerics.paper --labels \textless{}a\textgreater{}\_b.csv:y}" in document
    seeds = "; ".join(f"{name}: {value}" for name, value in found.stamp["seeds"].items())
    assert f"seeds: {seeds}" in document
    assert f"Seeds: {seeds}." in text
    assert page.stamp_words(found).endswith(f"; drawn at commit {provenance.commit()}")
    here = dataclasses.replace(found, stamp={**found.stamp, "commit": provenance.commit()})
    assert "drawn at" not in page.stamp_words(here)
    assert "drawn at" not in text


def test_a_draft_without_fitted_models_says_so(folder: Path) -> None:
    found = collection.read(folder)
    assert all(not report["seeds"] for report in found.verify.values())
    assert "No models were fitted" in page.counts(found)
    assert "No models were fitted" in page.document(found, folder, []).split(r"\end{abstract}")[0]
    fitted = dataclasses.replace(found, verify={"skewed": {**found.main, "seeds": 8}})
    assert "No models were fitted" not in page.counts(fitted)
    assert "No models were fitted" not in page.document(fitted, folder, [])


def test_reasons_begin_with_a_capital(text: str) -> None:
    reasons = re.findall(r"<span class='verdict'>[^<]*</span>\. (.)", text)
    assert reasons
    assert all(first == first.upper() for first in reasons)
    assert page.sentence("no effect is left") == "No effect is left"
    assert page.sentence("reg_cls does not differ from reg") == "Here, reg_cls does not differ from reg"
    assert page.sentence("p = 0.005 alone") == "Here, p = 0.005 alone"


def test_words_of_small_numbers() -> None:
    assert [style.percent(value) for value in (-0.001, 0.001, 0.0, -0.0, 0.006, -0.24, 1.0, "undefined")] == [
        "less than 0.5 %", "less than 0.5 %", "0 %", "0 %", "1 %", "-24 %", "100 %", "undefined",
    ]  # fmt: skip
    assert [page_answer.epochs(count) for count in (1, 80)] == ["1 epoch", "80 epochs"]


def columns(path: Path) -> dict[str, list[str]]:
    """A csv by its columns, without its comment."""
    head, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines()[1:])
    return dict(zip(head, map(list, zip(*rows, strict=True)), strict=True))


def test_numeric_columns_hold_numbers(folder: Path) -> None:
    numeric = {
        "figures/study_attribution.csv": ("value", "low", "high", "loss_scale", "total"),
        "figures/study_samplings.csv": ("classes", "value", "low", "high", "runs"),
        "tables/class_rules.csv": ("n", "kl", "n_eff", "noise", "cost_squared", "classes_advised", "W_advised"),
        "tables/densities.csv": ("price", "price_squared_error", "classes", "W"),
    }
    for file, names in numeric.items():
        found = columns(folder / file)
        for name in names:
            for cell in found[name]:
                assert cell == "" or float(cell) == float(cell), (file, name)
    for path in (folder / "tables").glob("*.csv"):
        found = columns(path)
        assert not [name for name in found if re.search(r"[ ,]", name)], path
        # A spreadsheet takes 3/3 for a day in March.
        assert not [cell for cells in found.values() for cell in cells if re.fullmatch(r"\d+/\d+", cell)], path


def test_residuals_stand_beside_their_labels() -> None:
    example = {"arms": {"reg": {"bin_bias": [0.1, -0.2, "undefined", 0.3]}, "reg_cls": {"bin_bias": None}}}
    assert study_residuals.data({"example": example}) == {
        "label": [0.125, 0.375, 0.625, 0.875],
        "reg": [0.1, -0.2, None, 0.3],
    }


def test_a_share_that_may_be_of_nothing_is_no_number(folder: Path) -> None:
    report = copy.deepcopy(collection.read(folder).study)
    assert report is not None
    cells = [cell for cell in report["cells"] if cell["metric"] == "test_mse" and cell["attribution"]]
    cells[0]["attribution"] |= {"value": "undefined", "low": "undefined", "high": "undefined", "note": "undefined: x"}
    found = study_attribution.data(report)
    assert [found[name][0] for name in ("value", "low", "high", "note")] == [None, None, None, "undefined: x"]
    assert "no share (the total effect may be zero)" in study_attribution.caption(report)


BROKEN = [
    ("stamp.json", "command"),
    ("stamp.json", "seeds"),
    ("stamp.json", None),
    ("runs/theory.json", None),
    ("runs/verify-skewed.json", "quantities"),
    ("runs/study/report.json", "cells"),
    ("figures/offset.txt", ""),
]


@pytest.mark.parametrize(("name", "entry"), BROKEN)
def test_a_broken_write_up_gets_one_line(
    name: str,
    entry: str | None,
    folder: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    copied = tmp_path / "copy"
    shutil.copytree(folder, copied)
    path = copied / name
    if entry == "":
        path.write_text("")
    else:
        content = json.loads(path.read_text()) if entry else {}
        content.pop(entry, None)
        path.write_text(json.dumps(content))
    monkeypatch.setattr(sys, "argv", ["figures", "--page" if entry == "" else "--all", str(copied)])
    with pytest.raises(SystemExit) as ended:
        command.run("python -m figures", figures_main.main)
    error = capsys.readouterr().err
    assert ended.value.code == 2, error
    assert error.count("\n") == 1
    assert str(copied) in error


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def themes() -> list[dict[str, str]]:
    found = [
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", line))
        for line in CSS.read_text().splitlines()
        if "--ground:" in line
    ]
    assert len(found) == 3
    return found


def test_contrast_of_the_palette() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21, rel=4 * 2**-52)
    light, by_system, by_button = themes()
    assert by_system == by_button
    for theme in (light, by_system):
        for ground, colour in itertools.product(("ground", "card"), ("text", "muted", "link", "holds", "fails")):
            assert contrast(theme[ground], theme[colour]) >= LEAST_CONTRAST, (ground, colour)
        for ground, colour in itertools.product(("ground", "card"), ("q", "p", "c", "w")):
            assert contrast(theme[ground], theme[colour]) >= 3, (ground, colour)  # lines
        assert contrast(theme["ground"], theme["focus"]) >= 3  # not text


needs_browser = pytest.mark.skipif(browser.program() is None, reason="no Chromium on this machine")


@pytest.fixture
def phone(folder: Path) -> Iterator[browser.Page]:
    with browser.Page(browser.address(folder / "report.html"), width=400) as page:
        yield page


@needs_browser
def test_browser_phone_is_silent_alone_and_does_not_scroll_sideways(phone: browser.Page) -> None:
    width = "Math.max(document.documentElement.scrollWidth, document.body.scrollWidth)"
    assert phone.run("innerWidth") == 400
    assert phone.run(width) <= 400
    assert phone.run("document.querySelectorAll('details').forEach(row => row.open = true)") is None
    assert phone.run(width) <= 400
    assert phone.run("document.querySelectorAll('math').length") > 100
    # A formula, a table or a wide drawing may scroll inside its frame, which then takes the focus.
    frames = (
        "[...document.querySelectorAll('.scroll, .maths, .drawing.wide, pre')].every(frame => frame.tabIndex === 0)"
    )
    assert phone.run(frames)
    assert phone.run(
        "[...document.querySelectorAll('.drawing:not(.wide)')].every(it => it.scrollWidth <= it.clientWidth)"
    )
    assert phone.console == []
    assert [address for address in phone.requests if not address.startswith(("file:", "data:"))] == []
    assert len([address for address in phone.requests if address.startswith("file:")]) == 1


@needs_browser
def test_browser_keys_open_a_claim_filter_the_ledger_and_change_the_theme(phone: browser.Page) -> None:
    def until(words: str, most: int = 60) -> None:
        for _ in range(most):
            phone.press("Tab")
            if phone.run(words):
                return
        raise AssertionError(f"Tab does not reach {words}")

    until("document.activeElement.className === 'skip'", 1)
    until("document.activeElement.id === 'theme'")
    outline = "parseFloat(getComputedStyle(document.activeElement).outlineWidth)"
    assert phone.run(outline) >= 2
    for wanted in ("light", "dark", None):
        phone.press(" ")
        assert phone.run("document.documentElement.getAttribute('data-theme')") == wanted
    until("document.activeElement.dataset.filter === 'words'")
    phone.type("plain cross")
    shown = "document.querySelectorAll('details.claim:not([hidden])').length"
    assert 0 < phone.run(shown) < 20
    assert phone.run("document.getElementById('shown').textContent").startswith(f"{phone.run(shown)} of ")
    until("document.activeElement.type === 'reset'")
    phone.press("Enter")
    phone.run("new Promise(done => setTimeout(done, 50))")
    assert phone.run(shown) > 100
    until("document.activeElement.tagName === 'SUMMARY'")
    phone.press("Enter")
    assert phone.run("document.activeElement.parentElement.open")
    unnamed = "[...document.querySelectorAll('input, select, button')].filter(it => !it.labels?.length && !it.textContent.trim()).length"
    assert phone.run(unnamed) == 0
    assert phone.console == []


@needs_browser
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_browser_picture_plays_once_where_motion_is_welcome(folder: Path, motion: str) -> None:
    with browser.Page(browser.address(folder / "report.html"), motion=motion) as page:
        frames = "[...document.querySelectorAll('[id^=four_frames-frame-]')]"
        assert page.run(f"{frames}.length") == 4
        page.run("document.getElementById('picture').scrollIntoView()")
        page.run("new Promise(done => setTimeout(done, 300))")
        running = page.run("document.getAnimations().length")
        assert (running > 0, page.run("document.getElementById('play').hidden")) == (
            (True, False) if motion == "no-preference" else (False, True)
        )
        page.run("Promise.all(document.getAnimations().map(one => one.finished)).then(() => null)")
        assert page.run(f"{frames}.every(one => getComputedStyle(one).opacity === '1')")
        assert page.console == []


@needs_browser
def test_browser_tables_fit_their_frames_and_proofs_their_column(folder: Path) -> None:
    for width in (1280, 400):
        with browser.Page(browser.address(folder / "report.html"), width=width) as page:
            page.run("document.querySelectorAll('details').forEach(row => row.open = true)")
            cut = "[...document.querySelectorAll('.scroll, .proof')].filter(it => it.scrollWidth > it.clientWidth + 1).map(it => it.getAttribute('aria-label'))"
            assert page.run(cut) == []


CONTRAST = r"""
(() => {
  const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, place) => sum + v * [.2126, .7152, .0722][place], 0);
  const ground = node => { for (; node; node = node.parentElement) { const c = parse(getComputedStyle(node).backgroundColor);
    if (c.length === 3 || c[3] === 1) { return c; } } return [255, 255, 255]; };
  let least = 99, worst = '';
  document.querySelectorAll('details').forEach(row => row.open = true);
  document.querySelectorAll('body *').forEach(node => {
    if (node.closest('svg, script, .skip') || ![...node.childNodes].some(n => n.nodeType === 3 && n.data.trim())) { return; }
    const pair = [light(parse(getComputedStyle(node).color)), light(ground(node))].sort((a, b) => b - a);
    const ratio = (pair[0] + .05) / (pair[1] + .05);
    if (ratio < least) { least = ratio; worst = node.outerHTML.slice(0, 200); }
  });
  return [least, worst];
})()
"""


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_browser_contrast_of_every_text(folder: Path, scheme: str) -> None:
    with browser.Page(browser.address(folder / "report.html"), scheme=scheme) as page:
        ground = page.run("getComputedStyle(document.body).backgroundColor")
        assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 22, 26)")
        least, worst = page.run(CONTRAST)
        assert least >= LEAST_CONTRAST, worst


HOSTILE = [
    "<script>document.title='run'</script>",
    "'\"><img src=x onerror=alert(1)>",
    "</style><script>alert(1)</script>",
    "--><script>alert(1)</script><!--",
    "javascript:alert(1)",
    r"\input{/etc/passwd}",
    r"\immediate\write18{touch run}",
    r"}\catcode`\%=12 \openin1=/etc/passwd",
    "%\n\\def\\x{}\n\n\\end{document}",
    "^^5cinput{/etc/passwd}",
    r"$\undefined{$",
    '=HYPERLINK("http://x", 1)',
    "=cmd|' /C calc'!A0",
    "+1+cmd|' /C calc'!A0",
    "-1+cmd|' /C calc'!A0",
    "@SUM(1,=1+1)",
    "\t=1+1",
    "a,=1+1;=2",
    "\x1b[31m\u202e\x00\ud800",
]
FREE = ("density", "source", "column", "reference", "description", "command")
"""Entries of reports that hold what a user typed."""


def filled(value: object, name: str) -> object:
    """A report with a user's words replaced."""
    if isinstance(value, dict):
        return {
            key: name if key in FREE and isinstance(entry, str) else filled(entry, name) for key, entry in value.items()
        }
    if isinstance(value, list):
        return [filled(entry, name) for entry in value]
    return value


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_names_are_inert_in_page_document_and_tables(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / "figures").symlink_to(folder / "figures")
    found = collection.read(folder)
    hostile = dataclasses.replace(
        found,
        verify={key: filled(report, name) for key, report in found.verify.items()},
        study=filled(found.study, name),
        advise={
            key: filled({**report, "labels": {**report["labels"], "source": f"{name}:{name}"}}, name)
            for key, report in {**found.advise, "1-mine": found.advise["sample"]}.items()
        },
        stamp={**found.stamp, "command": name, "commands": {"advise": name}, "seeds": {"study": name}},
    )
    page.write(hostile, tmp_path)

    outline = Outline()
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    outline.feed(text)
    tags = [tag for tag, _ in outline.tags]
    assert (tags.count("script"), tags.count("style")) == (1, 1)
    assert not {"img", "iframe", "object", "embed", "base", "form"} & set(tags) - {"form"}
    assert not [entry for _, given in outline.tags for entry in given if entry.startswith("on") or entry == "style"]
    assert all(link.startswith(("#", "data:")) for link in outline.links)
    sources = dict(re.findall(r"<(style|script)>(.*?)</\1>", text, re.DOTALL))
    policy = next(given["content"] for _, given in outline.tags if given.get("http-equiv") == "Content-Security-Policy")
    assert policy == page.policy(sources["style"], sources["script"])
    assert "unsafe" not in policy

    latex = [(tmp_path / "main.tex"), *(tmp_path / "tables").glob("*.tex")]
    commands = re.compile(r"\\(?:immediate|write|openin|catcode|undefined|def|end\{document\}|input)|\^\^")
    for path in latex:
        body = path.read_text(encoding="utf-8")
        lines = [line for line in body.splitlines() if not line.startswith("%")]
        used = [word for line in lines for word in commands.findall(line)]
        ours = ["\\input"] * len(re.findall(r"^\\input\{(?:theory|tables/\w+)\.tex\}$", body, re.M))
        assert used == ([*ours, "\\end{document}"] if path.name == "main.tex" else [])
        # A blank line would end the argument that a name stands in.
        assert not re.search(r"\\texttt\{[^}]*\n\n", body)
        assert body.isascii() or all(character.isprintable() or character == "\n" for character in body)

    for path in (tmp_path / "tables").glob("*.csv"):
        body = path.read_text(encoding="utf-8")
        for row in csv.reader(body.splitlines()):
            for cell in row:
                formula = re.match(r"[=+@\t\r-]", cell.strip(" "))
                assert not formula or re.fullmatch(r"-(\w+|[\d.e+-]+)", cell), (path.name, cell)
    assert not (tmp_path / "run").exists()
