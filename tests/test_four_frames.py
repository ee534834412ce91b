"""The picture in four frames: its numbers are the report's, its curves are densities, its words stay inside and apart."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np
import paper_folder
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from figures import album, collection, four_frames


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return collection.read(paper_folder.shared()).main


def test_posteriors_are_densities_and_the_corrected_one_is_the_nearer(report: dict[str, Any]) -> None:
    y = report["curves"]["posteriors"]["y"]
    for here in report["curves"]["posteriors"]["at"]:
        curves = {"q": here["q"], "p": here["p"], **here["corrected"]}
        for name, curve in curves.items():
            # The curves jump at class edges, so the trapezoid errs by a step of the grid times the jump.
            jump = float(np.abs(np.diff(curve)).max()) * (y[1] - y[0])
            assert np.trapezoid(curve, y) == pytest.approx(1, abs=20 * jump + 1e-3), name
        away = {name: np.trapezoid(np.abs(np.subtract(curve, here["q"])), y) for name, curve in curves.items()}
        assert away["16"] < away["p"]


def test_the_caption_has_the_numbers_of_the_report(report: dict[str, Any]) -> None:
    caption = four_frames.caption(report)
    row = next(row for row in report["quantities"]["per_classes"] if row["classes"] == 4)
    for value in (report["quantities"]["price"], row["corrected_excess"], row["remainder"]):
        assert f"{value:.3g}" in caption
    data = four_frames.data(report)
    assert sum(data["p_class"]) == pytest.approx(1)
    assert len(data["posterior_corrected"]) == len(data["y"])
    assert "four_frames" in album.names(report)


def test_words_stay_inside_and_apart(report: dict[str, Any]) -> None:
    drawn = four_frames.figure(report)
    canvas = FigureCanvasAgg(drawn)
    canvas.draw()
    width, height = drawn.get_size_inches() * drawn.dpi
    texts = [text for text in drawn.findobj(Text) if text.get_visible() and text.get_text().strip()]
    boxes = [(text.get_text(), text.get_window_extent(canvas.get_renderer())) for text in texts]
    for words, box in boxes:
        assert -2 <= box.x0 <= box.x1 <= width + 2, words
        assert -2 <= box.y0 <= box.y1 <= height + 2, words
    for (first, a), (second, b) in itertools.combinations(boxes, 2):
        across, along = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(across, along) <= 2, f"{first!r} runs into {second!r}"


def test_what_cannot_be_drawn_is_left_out(report: dict[str, Any]) -> None:
    assert four_frames.drawable(report)
    older = copy.deepcopy(report)
    for here in older["curves"]["posteriors"]["at"]:
        del here["corrected"]
    infinite = {**report, "quantities": {**report["quantities"], "price": "infinite"}}
    discrete = {**report, "law": {**report["law"], "discrete": True}}
    for other in (older, infinite, discrete, {}):
        assert not four_frames.drawable(other)
