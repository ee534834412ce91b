"""Figures of the study: at most five series, names that do not overlap, drawn functions apart from the paper's, words from the report."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from study_fake import fake

from figures import study, study_attribution, study_pairs, study_residuals, study_samplings, style
from numerics.study import families, grid, options, verdict_report
from numerics.study.arms import NAMES as ARMS
from numerics.study.published import Published


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    words = ["--preset", "severe", "--classes", "4", "64", "--functions", "4", "--drawn", "5", "--seeds", "1"]
    cells = grid.cells(options.read(words))
    jobs = grid.jobs(cells)
    results = {job.text(): result for job, result in zip(jobs, fake(jobs), strict=True)}
    return verdict_report.build(cells, results, engine=1)


def texts(drawing: Any) -> list[str]:
    return [text.get_text() for axes in drawing.axes for text in axes.texts]


def test_samplings_draws_five_arms_and_names_each(report: dict[str, Any]) -> None:
    drawing = study_samplings.figure(report)
    assert len(drawing.axes) == 2  # one row a group
    for axes in drawing.axes:
        names = [text.get_text() for text in axes.texts]
        assert sorted(names) == sorted(study.ARMS[arm][3] for arm in study_samplings.SHOWN)
    assert len(study_samplings.SHOWN) <= 5
    assert set(study_samplings.data(report)["arm"]) == set(ARMS)
    assert [axes.get_title() for axes in drawing.axes] == ["clean: severe", "clean, 5 drawn functions: severe"]


def test_residuals_draw_five_arms_and_keep_all_in_the_csv() -> None:
    arms = {arm: {"curve": [0.0], "bin_bias": [0.1, "undefined", -0.1]} for arm in ARMS}
    example = {"arms": arms, "function": 4, "sampling": "severe", "classes": 64}
    names = texts(study_residuals.figure({"example": example}))
    assert sorted(names) == sorted(study.ARMS[arm][3] for arm in study_residuals.SHOWN)
    assert len(study_residuals.SHOWN) <= 5
    assert set(study_residuals.data({"example": example})) == {"label", *ARMS}


def test_names_beside_lines_keep_their_distance_and_order() -> None:
    drawing, axes = style.new_figure()
    axes.set_ylim(0, 2)
    heights = [1.0, 1.01, 0.99, 0.2, float("nan")]
    style.label_lines(axes, [(height, str(height), "black") for height in heights])
    drawing.draw_without_rendering()
    places = sorted((text.xy[1], float(text.get_text())) for text in axes.texts)
    assert len(places) == 4
    assert [height for _, height in places] == sorted(heights[:4])
    boxes = sorted((text.get_window_extent() for text in axes.texts), key=lambda box: box.y0)
    assert all(above.y0 >= below.y1 for below, above in itertools.pairwise(boxes))


def test_shares_have_a_key_and_captions_say_what_intervals_are(report: dict[str, Any]) -> None:
    assert "share that the loss scale explains:" in texts(study_attribution.figure(report))
    for module in (study_samplings, study_pairs, study_attribution):
        assert "95 % intervals: bootstrap over functions, then seeds" in module.caption(report)
    assert "clean, 5 drawn functions, severe" in study_attribution.caption(report)


def test_rows_of_csv_say_which_cell_they_are_of(report: dict[str, Any]) -> None:
    pairs = study_pairs.data(report)
    assert set(zip(pairs["functions"], pairs["drawn"], strict=True)) == {(4, False), (5, True)}
    assert len(pairs["detectable"]) == len(pairs["holm"])


def test_the_published_share_is_taken_of_this_cells_errors() -> None:
    import numpy as np

    cell = grid.cells(options.read(["--preset", "severe", "--classes", "4", "64", "--arms", "reg", "reg_cls"]))[0]
    reg, both = np.full((2, 1, 3), 0.5), np.full((2, 1, 3), 0.4)
    both[..., 2] = 0.0  # K = 1024, which this cell does not have
    published = {"severe": Published(reg, both, (4, 64, 1024))}
    found = verdict_report.yardstick(published, cell, 0.3)
    assert found == pytest.approx({"share": 0.2, "difference": 0.06})
    assert verdict_report.yardstick(published, cell, None) is None
    assert verdict_report.yardstick({}, cell, 0.3) is None
    assert verdict_report.yardstick(None, cell, 0.3) is None


def test_families_are_those_of_the_report(report: dict[str, Any]) -> None:
    cells = grid.cells(options.read(["--preset", "severe", "--classes", "4", "64", "--functions", "4", "--drawn", "5"]))
    sizes = families.sizes(cells, ("test_mse",))
    assert [family["size"] for family in report["families"]] == list(sizes.values())
    for cell in report["cells"]:
        for row in cell["contrasts"]:
            assert row["family"] == len(
                [
                    other
                    for same in report["cells"]
                    for other in same["contrasts"]
                    if same["drawn"] == cell["drawn"]
                    and (other["classes"] is None) == (row["classes"] is None)
                    and (other["role"] == "description") == (row["role"] == "description")
                ]
            )
