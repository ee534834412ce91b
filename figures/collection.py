"""The saved results that a write-up is made of, read from one folder: `runs/*.json` and the stamp. Read, not computed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from figures import album
from unskew.ground import files
from unskew.ground.refusals import InputError

Report = dict[str, Any]
MAIN = "skewed"


@dataclass(frozen=True)
class Collection:
    """What was found.

    Attributes:
      theory: the ledger with its proofs, as `python -m theory --json` writes it.
      verify: reports by the name of their file, the one with fitted models first.
      study: the study's report, or None; field: the field study's, or None.
      advise: reports by the name of their file.
      stamp: commit, versions, seeds, commands.
    """

    theory: Report
    verify: dict[str, Report]
    study: Report | None
    field: Report | None
    advise: dict[str, Report]
    stamp: Report

    @property
    def main(self) -> Report:
        """The report that the figures of the results are drawn from."""
        return next(iter(self.verify.values()))


def _json(path: Path) -> Report:
    return files.read_json(path, "run 'python -m numerics.paper' to make it")


def read(folder: Path) -> Collection:
    """Reads a folder that `python -m numerics.paper` has filled.

    Raises:
      InputError: a file is absent or is not what it should be.
    """
    runs = folder / "runs"
    verify = {path.stem.removeprefix("verify-"): _json(path) for path in sorted(runs.glob("verify-*.json"))}
    if not verify:
        raise InputError(f"{runs} has no verify-*.json", "run 'python -m numerics.paper' to make it")
    order = sorted(verify, key=lambda name: (not verify[name]["seeds"], name != MAIN, name))
    study, field = (runs / name / "report.json" for name in ("study", "field"))
    advise = {path.stem.removeprefix("advise-"): _json(path) for path in sorted(runs.glob("advise-*.json"))}
    return Collection(
        _json(runs / "theory.json"),
        {name: verify[name] for name in order},
        _json(study) if study.is_file() else None,
        _json(field) if field.is_file() else None,
        dict(sorted(advise.items(), key=lambda item: (item[0] != "sample", item[0]))),
        _json(folder / "stamp.json"),
    )


def figures(found: Collection) -> Iterator[tuple[str, Report]]:
    """Every figure that can be drawn, once, with the report it is drawn from: the first that has its numbers."""
    groups = (
        ((*album.VERIFY, *album.PICTURES), list(found.verify.values())),
        (album.STUDY, [] if found.study is None else [found.study]),
        (album.FIELD, [] if found.field is None else [found.field]),
    )
    for names, reports in groups:
        for name in names:
            module = importlib.import_module(f"figures.{name}")
            report = next((report for report in reports if module.drawable(report)), None)
            if report is not None:
                yield name, report


def draw(found: Collection, folder: Path) -> Iterator[Path]:
    """Draws every figure into `folder/figures`, as SVG too; figures of an earlier run that are no more are taken away, and nothing else."""
    target = files.make_folder(folder / "figures")
    kept = set()
    for name, report in figures(found):
        for path in album.draw_all(report, target, [name], svg=True):
            kept.add(path)
            yield path
    for name in (*album.VERIFY, *album.PICTURES, *album.STUDY, *album.FIELD):
        for suffix in ("pdf", "png", "svg", "csv", "txt"):
            path = target / f"{name}.{suffix}"
            if path not in kept:
                path.unlink(missing_ok=True)
