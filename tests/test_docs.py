"""The guides: every page is in the navigation, links and anchors resolve, and the tutorial runs and ends in a gain. None of it needs MkDocs."""

from __future__ import annotations

import contextlib
import io
import json
import pydoc
import re
from html import escape
from importlib import import_module
from pathlib import Path

import pytest

import numerics.verify
import unskew
from numerics.verify import notebook

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def navigation() -> list[str]:
    nav = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2].partition("\nplugins:")[0]
    return re.findall(r": (\S+\.(?:md|ipynb))$", nav, re.MULTILINE)


def prose(path: Path) -> str:
    """A page's text without its code."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path: Path) -> set[str]:
    """Its headings as a renderer names them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


PAGES = sorted([*DOCS.rglob("*.md"), *DOCS.rglob("*.ipynb"), *ROOT.glob("*.md")])


def test_the_navigation_lists_every_page_once() -> None:
    pages = [path.relative_to(DOCS).as_posix() for path in PAGES if path.is_relative_to(DOCS)]
    assert sorted(navigation()) == pages


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_resolve(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = page if not name else page.parent / name
        assert target.is_file(), link
        assert not page.is_relative_to(DOCS) or target.resolve().is_relative_to(DOCS), (
            f"{link} is no page of the guides"
        )
        if anchor:
            assert anchor in anchors(target), link


def resolves(name: str) -> bool:
    """Whether a dotted name is a package, a module (whose own library may be absent), or an attribute of one."""
    path = ROOT.joinpath(*name.split("."))
    module, _, attribute = name.rpartition(".")
    return path.is_dir() or path.with_suffix(".py").is_file() or hasattr(import_module(module), attribute)


def test_reference_pages_name_what_is_public() -> None:
    for page in (DOCS / "api").glob("*.md"):
        names = re.findall(r"^::: ([\w.]+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        assert names
        assert [name for name in names if not resolves(name)] == []
    listed = re.search(r"members: \[([^\]]+)\]", (DOCS / "api" / "unskew.md").read_text(encoding="utf-8"))
    assert listed is not None
    assert sorted(listed.group(1).split(", ")) == sorted(unskew.__all__)


def test_the_tutorial_prints_what_it_shows_and_ends_in_a_gain() -> None:
    pytest.importorskip("sklearn", reason="the tutorial's regressor is of scikit-learn, which is not installed")
    cells = json.loads((DOCS / "tutorial.ipynb").read_text(encoding="utf-8"))["cells"]
    scope: dict[str, object] = {"__name__": "tutorial"}
    for number, cell in enumerate(cells):
        if cell["cell_type"] != "code":
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile("".join(cell["source"]), f"tutorial, cell {number}", "exec"), scope)
        shown = "".join(line for output in cell["outputs"] for line in output["text"])
        # Figures are rounded for the page; trees may differ in the last one between processors, words may not.
        assert re.sub(r"-?\d+(\.\d+)?", "#", printed.getvalue()) == re.sub(r"-?\d+(\.\d+)?", "#", shown)
    before, saved, half = (
        scope["before"],
        scope["saved"],
        1.96 * scope["saved"].std(ddof=1) / len(scope["saved"]) ** 0.5,
    )
    assert saved.mean() - half > 0.2 * before.mean()
    price = scope["price"]
    assert price.before.low < before.mean() < price.before.high
    assert price.after.low < scope["after"].mean() < price.after.high


def test_help_of_the_library_shows_what_is_public() -> None:
    shown = pydoc.render_doc(unskew, renderer=pydoc.plaintext)
    own = shown.partition("\nCLASSES\n")[2]
    assert re.findall(r"^    class (\w+)", own, re.MULTILINE) == sorted(
        name for name in unskew.__all__ if name[0].isupper()
    )
    assert re.findall(r"^    (\w+)\(", own.partition("\nFUNCTIONS\n")[2], re.MULTILINE) == ["price", "target_law"]
    assert "\nDATA\n" not in own


def test_help_of_the_verifier_shows_what_is_public() -> None:
    shown = pydoc.render_doc(numerics.verify, renderer=pydoc.plaintext)
    assert re.findall(r"^    (\w+)\(", shown.partition("\nFUNCTIONS\n")[2], re.MULTILINE) == ["check"]
    assert "\nCLASSES\n" not in shown


def test_a_notebook_shows_the_report_as_tables() -> None:
    report = numerics.verify.check(density="exp(-6*y)", only=["price"], fit=False)
    html = report._repr_html_()
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    assert len(rows) == 2 + 2 + len(report.extra_term)
    assert f"<td>price</td><td>{report.results[0].proved} of {report.results[0].claims}</td>" in rows[1]
    assert html.count(escape(report.last_line.text)) == 1
    # The density is the user's text.
    assert "<b>" not in notebook.table([["a"]], [["<b>"]])
