"""`python -m figures DIR`: redraws every figure of a saved result; `--all`: a whole write-up. Draws only; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from unskew.ground import command, files
from unskew.ground.refusals import InputError


def read_report(folder: Path) -> dict[str, Any]:
    """The `report.json` of a results folder.

    Raises:
      InputError: it is absent, not JSON, or not a report.
    """
    path = folder / "report.json"
    remedy = "name a folder written with '--out' by a command of this project"
    report = files.read_json(path, remedy)
    if "schema" not in report:
        raise InputError(f"{path} is not a report", remedy)
    return report


@contextmanager
def complete(folder: Path) -> Iterator[None]:
    """Turns what a saved number that is absent, or is none, raises while it is drawn into one line.

    Raises:
      InputError: so it was.
    """
    try:
        yield
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError, StopIteration) as problem:
        what = f"{problem} is missing" if isinstance(problem, KeyError) else f"{type(problem).__name__}, {problem}"
        raise InputError(
            f"{folder}: it does not hold what is drawn ({what})", "make it again with this version"
        ) from problem


def write_up(folder: Path, *, redraw: bool) -> int:
    """Figures, tables, `main.tex` and `report.html` in a folder that `python -m numerics.paper` has filled.

    Raises:
      InputError: something is missing.
    """
    from figures import collection, page

    with complete(folder):
        found = collection.read(folder)
        if redraw:
            for _ in collection.draw(found, folder):
                pass
        page.write(found, folder)
    return command.HOLDS


def main() -> int:
    parser = command.Parser(prog="python -m figures", description="Redraw the figures of saved results.")
    parser.add_argument(
        "folder",
        metavar="DIR",
        type=command.path,
        help="folder with report.json; with --all, with runs/ and stamp.json",
    )
    parser.add_argument("--only", nargs="+", metavar="NAME", help="draw these figures only")
    parser.add_argument("--all", action="store_true", help="a write-up: figures, tables, main.tex, report.html")
    parser.add_argument("--page", action="store_true", help="as --all, with the figures as they are")
    parser.add_argument("--quiet", action="store_true", help="do not list the files")
    options = parser.parse_args()
    if options.all or options.page:
        if options.only:
            raise InputError("--only", "leave it out with --all and --page")
        return write_up(options.folder, redraw=options.all)
    report = read_report(options.folder)

    from figures import album

    with complete(options.folder):
        for path in album.draw_all(report, options.folder, options.only):
            if not options.quiet:
                print(path)
    return command.HOLDS


if __name__ == "__main__":
    command.run("python -m figures", main)
