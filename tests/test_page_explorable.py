"""The explorable: its numbers beside the certified ones in two JavaScript engines, its size, and a person's ways of moving it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import browser
import javascript
import numpy as np
import paper_folder
import pytest

from figures import page_explorable
from numerics.certified.certificates import certificates
from numerics.channels import Channel
from numerics.expression.tree import constant
from numerics.laws import densities
from numerics.laws.density import Density, Piece
from numerics.posterior.quantities import quantities
from numerics.world import World

MOST_BYTES = 20 * 1024
CLOSE = 1e-6
"""Relative. A picture needs 1e-4; the sums on the grid come to 2e-8 of every number here, so this leaves room for other settings of the sliders."""


@dataclass(frozen=True)
class Setting:
    """Where the sliders stand. `share` of the labels follows the shape, the others are even."""

    shape: str
    share: Fraction
    noise: float
    classes: int

    @property
    def density(self) -> Density:
        """The same law in the house's own form, with exact constants."""
        if self.share == 1:
            return densities.named(self.shape)
        if self.shape == "skewed":  # its shape has the integral 1.05
            return densities.typed(
                f"{float((1 - self.share) * 105 / 100)} + {float(self.share)}*({densities.SHAPES['skewed']})"
            )
        whole = densities.named(self.shape)
        half = densities.HALF_WIDTHS[self.shape]
        heights = [Fraction(densities.FLOOR_DRAWS), densities.FLOOR_DRAWS + densities.PEAK_DRAWS / (2 * half)]
        total = heights[0] * (1 - 2 * half) + heights[1] * 2 * half
        mixed = [(1 - self.share) + self.share * height / total for height in heights]
        pieces = tuple(
            Piece(piece.lower, piece.upper, constant(mixed[number == 1])) for number, piece in enumerate(whole.pieces)
        )
        return Density("mixed", whole.support, pieces)

    @property
    def world(self) -> World:
        return World(self.density, Channel("gaussian", self.noise), (self.classes,))


SETTINGS = [
    *(Setting("skewed", Fraction(1), noise, classes) for noise, classes in ((0.03, 2), (0.1, 8), (0.3, 4), (1.0, 16))),
    *(Setting("bimodal", Fraction(1), noise, classes) for noise, classes in ((0.03, 16), (0.1, 4), (0.5, 3))),
    *(Setting("mild", Fraction(1), noise, classes) for noise, classes in ((0.03, 4), (0.15, 12), (0.6, 2))),
    *(Setting("severe", Fraction(1), noise, classes) for noise, classes in ((0.0625, 16), (0.2, 6), (1.0, 3))),
    *(Setting("skewed", Fraction(share, 100), noise, classes) for share, noise, classes in ((90, 0.05, 6), (50, 0.2, 12), (10, 0.1, 8))),
    *(Setting("moderate", Fraction(share, 100), noise, classes) for share, noise, classes in ((100, 0.1, 8), (60, 0.05, 4), (30, 0.3, 16), (5, 0.15, 12))),
]  # fmt: skip


def words(setting: Setting) -> str:
    """The page's numbers at a setting, as an expression."""
    law = f"explorable.laws(explorable.SHAPES.{setting.shape}, {float(setting.share)!r})"
    row = f"all.rows[explorable.COUNTS.indexOf({setting.classes})]"
    return (
        f"(() => {{ const all = explorable.prices({law}, {setting.noise!r}), row = {row};"
        " return [all.divergence, all.price, all.squared, row.remainder, row.excess, row.squared, Math.max(...row.mass), all.risk]; })()"
    )


NAMES = ("KL of the labels", "price", "squared-error price", "W", "what is left", "what is left, squared")


@pytest.fixture(scope="session")
def certified() -> list[list[float]]:
    found = []
    for setting in SETTINGS:
        made = certificates(setting.world)
        inputs, own = made.inputs, made.per_classes[0]
        assert inputs is not None
        assert made.kl_labels is not None
        assert own.remainder is not None
        fixed = inputs.corrections[0]
        found.append(
            [
                float(ball.midpoint)
                for ball in (
                    made.kl_labels,
                    inputs.price,
                    inputs.squared_error_price,
                    own.remainder,
                    fixed.corrected_excess,
                    fixed.corrected_squared_error,
                )
            ]
        )
    return found


def compare(shown: list[list[float]], certified: list[list[float]]) -> None:
    assert len(shown) == len(certified) == 20
    for setting, mine, exact in zip(SETTINGS, shown, certified, strict=True):
        for name, value, number in zip(NAMES, mine, exact, strict=False):
            assert value == pytest.approx(number, rel=CLOSE, abs=0), (setting, name)


needs_node = pytest.mark.skipif(javascript.program() is None, reason="no node on this machine")
needs_browser = pytest.mark.skipif(browser.program() is None, reason="no Chromium on this machine")


@needs_node
def test_numbers_are_the_certified_ones(certified: list[list[float]]) -> None:
    compare(javascript.value(("page_numbers.js",), f"[{', '.join(map(words, SETTINGS))}]"), certified)


@needs_node
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Math.exp(-value)", "Math.exp(value)"),
        ("law.l[j]); });", "law.l[j] / 2); });"),
        ("INPUTS = 400", "INPUTS = 20"),
    ],
)
def test_a_wrong_formula_is_noticed(
    right: str, wrong: str, certified: list[list[float]], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    source = (javascript.FIGURES / "page_numbers.js").read_text(encoding="utf-8")
    assert right in source
    (tmp_path / "page_numbers.js").write_text(source.replace(right, wrong), encoding="utf-8")
    monkeypatch.setattr(javascript, "FIGURES", tmp_path)
    shown = javascript.value(("page_numbers.js",), f"[{', '.join(map(words, SETTINGS))}]")
    with pytest.raises(AssertionError):
        compare(shown, certified)


@needs_node
def test_long_tail_beside_quadrature_and_a_drawn_law_beside_its_own_formula() -> None:
    # The long tail has no certified price (p(x) has no closed form), so the quadrature stands in.
    setting = Setting("longtail", Fraction(1), 0.1, 8)
    found = quantities(setting.world, with_curves=False)
    own = found.per_classes[0]
    exact = [
        found.kl_labels,
        found.price_by_tilt,
        found.squared_error_price,
        own.remainder,
        own.corrected_excess_by_tilt,
        own.corrected_squared_error,
    ]
    shown = javascript.value(("page_numbers.js",), words(setting))
    for value, number in zip(shown, exact, strict=False):
        assert number.error < 1e-7 * number.value
        assert value == pytest.approx(number.value, rel=1e-4, abs=0)
    assert shown[7] == pytest.approx(found.balanced_risk.value, rel=CLOSE)
    # A straight line from 0.4 to 1.6 is a density that can be typed.
    line = [0.4 + 1.2 * knot / 32 for knot in range(33)]
    drawn = f"explorable.prices(explorable.laws(explorable.drawn({line}), 1), 0.1)"
    typed = quantities(World(densities.typed("0.4 + 1.2*y"), Channel("gaussian", 0.1), (8,)), with_curves=False)
    both = javascript.value(
        ("page_numbers.js",), f"(() => {{ const all = {drawn}; return [all.price, all.rows[5].excess]; }})()"
    )
    assert both[0] == pytest.approx(typed.price_by_tilt.value, rel=CLOSE)
    assert both[1] == pytest.approx(typed.per_classes[0].corrected_excess_by_tilt.value, rel=CLOSE)


@needs_node
def test_means_at_an_input_are_those_of_the_quadrature() -> None:
    curves = quantities(Setting("skewed", Fraction(1), 0.1, 8).world).curves
    place = int(np.argmin(np.abs(curves["x"] - 0.5)))
    shown = javascript.value(
        ("page_numbers.js",),
        f"(() => {{ const law = explorable.laws(explorable.SHAPES.skewed, 1), found = explorable.posteriors(law, 0.1, {float(curves['x'][place])!r}, explorable.prices(law, 0.1).rows[5]);"
        " return [found.balanced.mean, found.imbalanced.mean, found.corrected.mean]; })()",
    )
    exact = [curves["f_q"][place], curves["f_p"][place], curves["f_hat"][0][place]]
    assert shown == pytest.approx(exact, rel=CLOSE)


def test_scripts_are_small_and_need_no_page_for_their_arithmetic() -> None:
    sizes = [(javascript.FIGURES / name).stat().st_size for name in page_explorable.SCRIPTS]
    assert sum(sizes) <= MOST_BYTES
    assert "document" not in (javascript.FIGURES / "page_numbers.js").read_text(encoding="utf-8")
    assert set(page_explorable.SHAPES) - {"drawn"} == set(densities.NAMES) - {"uniform"}


@pytest.fixture(scope="session")
def report() -> str:
    return browser.address(paper_folder.shared() / "report.html")


@pytest.fixture
def page(report: str) -> Iterator[browser.Page]:
    with browser.Page(report, width=1280) as opened:
        yield opened


@needs_browser
def test_browser_shows_the_certified_numbers(page: browser.Page, certified: list[list[float]]) -> None:
    compare([page.run(words(setting)) for setting in SETTINGS], certified)
    assert page.console == []


WAIT = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def part(name: str) -> str:
    return f"document.querySelector('#explorable [data-part=\"{name}\"]')"


@needs_browser
def test_browser_keys_move_every_control_and_a_reader_hears_it(page: browser.Page) -> None:
    assert page.run("!document.getElementById('explorable').hidden")
    spoken = {page.run(f"{part('words')}.textContent")}
    for name, key in (("share", "ArrowLeft"), ("noise", "ArrowRight"), ("count", "ArrowRight")):
        page.run(f"{part(name)}.focus()")
        page.press(key)
        page.run(WAIT)
        text = page.run(f"{part('words')}.textContent")
        assert text not in spoken, name
        spoken.add(text)
        assert page.run(f"{part(name)}.labels[0].textContent.length") > 5
    page.run(f"{part('x')}.focus()")
    before = page.run(f"{part('means')}.textContent")
    page.press("ArrowLeft")
    page.run("new Promise(done => setTimeout(done, 600))")
    assert page.run(f"{part('means')}.textContent") != before
    assert page.run(f"{part('spoken')}.textContent") == page.run(f"{part('words')}.textContent")
    assert page.run(f"{part('posterior')}.getAttribute('aria-label')").startswith("Posterior at input 0.7")
    assert page.console == []


@needs_browser
def test_browser_stories_and_losses_say_what_the_numbers_say(page: browser.Page) -> None:
    page.run("document.querySelector('[data-story=hurts]').click()")
    page.run(WAIT)
    assert "such wide classes harm" in page.run(f"{part('words')}.textContent")
    page.run("document.querySelector('[data-story=gives]').click()")
    page.run(WAIT)
    assert "% is given back" in page.run(f"{part('words')}.textContent")
    page.run(f"{part('loss')}.value = 'squared'; {part('loss')}.dispatchEvent(new Event('input'))")
    page.run(WAIT)
    assert "of squared error" in page.run(f"{part('words')}.textContent")
    page.run(f"{part('share')}.value = 0; {part('share')}.dispatchEvent(new Event('input'))")
    page.run(WAIT)
    assert page.run(f"{part('words')}.textContent") == "Balanced labels: imbalance costs nothing."
    assert "NaN" not in page.run("document.getElementById('explorable').innerHTML")
    assert page.console == []


@needs_browser
def test_browser_pointer_drags_the_input_and_draws_a_density(page: browser.Page) -> None:
    page.run(f"{part('laws')}.scrollIntoView()")
    frame = json.loads(page.run(f"JSON.stringify({part('posterior')}.getBoundingClientRect())"))
    page.drag([(frame["x"] + frame["width"] * share, frame["y"] + 60) for share in (0.3, 0.4, 0.5)])
    page.run(WAIT)
    # The panel's axis runs from 44 to 332 of its 340 units.
    assert float(page.run(f"{part('x-value')}.textContent")) == pytest.approx((170 - 44) / 288, abs=0.01)
    page.run(f"{part('shape')}.value = 'drawn'; {part('shape')}.dispatchEvent(new Event('input'))")
    page.run(WAIT)
    before = page.run(f"{part('words')}.textContent")
    frame = json.loads(page.run(f"JSON.stringify({part('laws')}.getBoundingClientRect())"))
    page.drag([(frame["x"] + frame["width"] * share, frame["y"] + frame["height"] * 0.2) for share in (0.6, 0.7, 0.9)])
    page.run(WAIT)
    drawn = page.run(f"{part('words')}.textContent")
    assert drawn != before
    page.run(f"{part('laws')}.focus()")
    for key in itertools.repeat("ArrowUp", 3):
        page.press(key)
    page.run(WAIT)
    assert page.run(f"{part('words')}.textContent") != drawn
    assert "NaN" not in page.run("document.getElementById('explorable').innerHTML")
    assert page.console == []
