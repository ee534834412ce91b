"""Two columns of one's own in the page: the same numbers as the library, and nothing leaves the browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import browser
import javascript
import numpy as np
import paper_folder
import pytest

import unskew
from unskew import fit, intervals, pricing

CLOSE = 1e-9
"""Relative: the same arithmetic in the same order, but for the order of long sums."""


def longtail(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    y = 0.05 / (1 - random.random(rows) / 1.05) - 0.05
    x = y + 0.15 * random.normal(size=rows)
    return y, 0.15 + 0.5 * x + 0.2 * np.maximum(x - 0.4, 0)


def ages(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Whole numbers; a few stretches hold hardly any."""
    y, t = longtail(rows, seed)
    return np.round(20 + 80 * y), 20 + 70 * t


def grades(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Five labels, and a prediction that goes down where the label goes up."""
    random = np.random.default_rng(seed)
    y = random.choice([1.0, 2.0, 3.0, 4.0, 5.0], rows, p=[0.5, 0.3, 0.1, 0.06, 0.04])
    return y, np.where(y < 3, y, 6 - y) + 0.3 * random.normal(size=rows)


CASES = {
    "long tail": longtail(2000, 0),
    "few rows": longtail(60, 1),
    "ages": ages(900, 2),
    "grades, not monotone": grades(1500, 3),
    "more rows than are sampled": longtail(70_000, 4),
}


def shown(y: np.ndarray, t: np.ndarray) -> Any:
    probe = np.linspace(t.min() - 0.1, t.max() + 0.1, 40).tolist()
    return javascript.value(
        ("page_recalibration.js",),
        f"(() => {{ const y = {y.tolist()}, t = {t.tolist()}, f = columns.price(y, t); return {{kl: f.law.kl, effective: f.law.effective, means: f.means,"
        f" deviation: f.deviation, stretches: f.stretches, w: [1, 2, 3, 5, 8, 20, 40].map(k => columns.remainder(f.law, k)),"
        f" corrected: [...columns.predict(f.corrected, {probe})], plain: [...columns.predict(f.plain, {probe})]}}; }})()",
    )


@pytest.mark.skipif(javascript.program() is None, reason="no node on this machine")
@pytest.mark.parametrize("name", CASES)
def test_numbers_are_those_of_the_library(name: str) -> None:
    y, t = CASES[name]
    found = shown(y, t)
    shift = unskew.LabelShift(y)
    price = unskew.price(shift, y, t)
    maps = price.recalibration
    assert maps is not None

    def same(mine: Any, theirs: Any) -> None:
        np.testing.assert_allclose(np.array(mine, float), theirs, rtol=CLOSE, atol=CLOSE * float(np.ptp(y)) ** 2)

    same(found["kl"], shift.kl)
    same(found["effective"], shift.effective_sample_size)
    for key, value in (
        ("before", price.before),
        ("after", price.after),
        ("saving", price.saving),
        ("cost", price.cost),
    ):
        same(found["means"][key], value.value)
    same(found["stretches"]["before"], price.balanced.stretches[:, 0])
    same(found["stretches"]["after"], price.balanced.stretches[:, 1])
    probe = np.linspace(t.min() - 0.1, t.max() + 0.1, 40)
    same(found["corrected"], maps.corrected(probe))
    same(found["plain"], maps.plain(probe))
    same(found["corrected"], maps.predict(probe))
    low, high = float(shift.edges[0]), float(shift.edges[-1])
    for count, mine in zip([1, 2, 3, 5, 8, 20, 40], found["w"], strict=True):
        q, p = shift.masses(np.linspace(low, high, count + 1)) if count > 1 else (np.ones(1), np.ones(1))
        inside = q > 0
        same(mine, max(0.0, shift.kl - float(np.sum(q[inside] * np.log(q[inside] / p[inside])))))
    # The deviation is that of the rows, which the bootstrap estimates from 1000 resamples: within four of its standard errors, 1/sqrt(2000) each.
    stretch = shift.stretch_of(y)
    pairs = fit.pairs_for(shift, y, t, "squared")
    losses = pricing.of_fits(fit.maps(pairs), pairs)
    resampled = intervals.balanced(losses, 3, stretch, shift.q, shift.inverse, 0).resampled
    for key, column in (("before", resampled[0]), ("saving", resampled[0] - resampled[1])):
        # In groups of ten rows the mean of a resample is a quotient, which is linear to first order only.
        assert found["deviation"][key] == pytest.approx(column.std(), rel=4 / np.sqrt(2000) + 0.05), key


@pytest.mark.skipif(javascript.program() is None, reason="no node on this machine")
def test_a_wrong_weight_is_noticed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = (javascript.FIGURES / "page_recalibration.js").read_text(encoding="utf-8")
    assert "curve(pairs, y, t, law, law.inverse)" in source
    wrong = source.replace("curve(pairs, y, t, law, law.inverse)", "curve(pairs, y, t, law, law.p)")
    (tmp_path / "page_recalibration.js").write_text(wrong, encoding="utf-8")
    monkeypatch.setattr(javascript, "FIGURES", tmp_path)
    with pytest.raises(AssertionError):
        test_numbers_are_those_of_the_library("long tail")


@pytest.mark.skipif(javascript.program() is None, reason="no node on this machine")
@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "There is nothing in it"),
        ("label,prediction\n", "a header and no rows"),
        ("label,prediction\n1,2\n3\n", "Line 3 has 1 cells, the first line 2"),
        ("label,prediction\n1,2\nx,3\n", "Line 3, label: “x” is no number"),
        ("1\n1\n1\n", "All labels are equal"),
        ("label,prediction\n1,2\n2,3\n", "2 pairs: give at least 30"),
    ],
)
def test_bad_input_gets_one_line(text: str, words: str) -> None:
    script = (
        f"(() => {{ try {{ const all = columns.read({json.dumps(text)}), y = columns.numbers(all, 0);"
        " if (all.names.length > 1) columns.price(y, columns.numbers(all, 1)); else columns.shift(y); return 'accepted'; }"
        " catch (problem) { if (!(problem instanceof columns.Refusal)) throw problem; return problem.message; } })()"
    )
    assert words in javascript.value(("page_recalibration.js",), script)


needs_browser = pytest.mark.skipif(browser.program() is None, reason="no Chromium on this machine")


@needs_browser
def test_browser_answers_pasted_rows_and_asks_nobody(tmp_path: Path) -> None:
    y, t = CASES["long tail"]
    text = "age,predicted\n" + "".join(
        f"{label!r},{guess!r}\n" for label, guess in zip(y.tolist(), t.tolist(), strict=True)
    )
    price = unskew.price(unskew.LabelShift(y), y, t)
    with browser.Page(browser.address(paper_folder.shared() / "report.html"), width=400) as page:
        page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        part = "document.querySelector('#columns [data-part={}]')".format
        paste = f"{part('text')}.value = {json.dumps(text)}; {part('text')}.dispatchEvent(new Event('input'))"
        page.run(paste)
        answer = page.run(f"{part('answer')}.textContent")
        for value in (price.before.value, price.after.value, price.cost.value):
            assert f"{float(f'{value:.3g}')}" in answer
        assert page.run(f"{part('label')}.selectedOptions[0].textContent") == "age"
        assert page.run("document.querySelectorAll('#columns svg').length") == 3
        page.run(f"{part('more')}.open = true")
        assert page.run("document.documentElement.scrollWidth") <= 400
        page.run(f"{part('save')}.click()")
        saved = tmp_path / "corrected.csv"
        for _ in range(100):
            if saved.is_file() and saved.stat().st_size > len(text):
                break
            page.run("new Promise(done => setTimeout(done, 100))")
        rows = np.loadtxt(saved, delimiter=",", skiprows=1)
        assert price.recalibration is not None
        np.testing.assert_allclose(rows[:, 2], price.recalibration.predict(t), rtol=CLOSE)
        page.run(f"{part('prediction')}.value = ''; {part('prediction')}.dispatchEvent(new Event('input'))")
        assert "balanced ones" in page.run(f"{part('answer')}.textContent")
        page.run(f"{part('example')}.click()")
        assert "% less." in page.run(f"{part('answer')}.textContent")
        assert page.console == []
        refused = "fetch('https://example.org/').then(() => 'sent', () => 'refused')"
        assert page.run(refused) == "refused"
        assert [address for address in page.requests if not address.startswith(("file:", "data:", "blob:"))] == []
        assert any("Content Security Policy" in line for line in page.console)
