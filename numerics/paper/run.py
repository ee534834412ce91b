"""Runs the steps that are not fresh, one after another, each in a process of its own."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from numerics import provenance
from numerics.paper import stamp
from numerics.paper.keys import PACKAGES, Kept, key
from numerics.paper.steps import Asked, Step, drawing, steps
from numerics.provenance import ROOT
from unskew.ground import command, files, own_modules
from unskew.ground.refusals import InputError

OURS = ("figures", "tables", "main.tex", "report.html", "theory.tex")


def run(asked: Asked, dry: bool = False) -> int:
    """Runs what is missing.

    Returns:
      0 where every check holds, 1 where one fails.

    Raises:
      InputError: bad input, or a command that ended with an error.
    """
    folder = asked.out
    check(asked)
    planned = steps(asked)
    if not dry:
        files.make_folder(folder / "runs")
    kept = Kept(folder)
    commit = provenance.commit()
    codes, ran = [], 0
    for step in planned:
        code, fresh = perform(step, kept, dry, commit)
        codes.append(code)
        ran += not fresh
    last = drawing(asked, tuple(folder / name for step in planned for name in step.writes))
    if not dry:
        kept.forget([step.name for step in (*planned, *last)])
        stamp.write(folder, [*planned, *last], commit, asked.command)
    for step in last:
        _, fresh = perform(step, kept, dry, commit)
        ran += not fresh
    if dry:
        if not ran:
            print("nothing to do", file=sys.stderr)
        return command.HOLDS
    held = "every check holds" if not any(codes) else "A CHECK FAILS"
    print(
        f"{folder}/report.html, main.tex, figures, tables; {ran or 'no'} of {len(planned) + len(last)} steps run; {held}"
    )
    return command.FAILS if any(codes) else command.HOLDS


def check(asked: Asked) -> None:
    """Refuses before any work what could not end well.

    Raises:
      InputError: a folder with files of somebody else's where the write-up would stand, or a store or published runs that cannot be read.
    """
    folder = asked.out
    if folder.resolve() in (ROOT, *(ROOT / name for name in PACKAGES)):
        raise InputError(f"--out {folder} holds the sources", "name a folder of its own, such as results/paper")
    standing = [name for name in OURS if (folder / name).exists()]
    if standing and not (folder / "runs" / "keys.json").is_file():
        raise InputError(f"--out {folder} has a {standing[0]} that this command did not write", "name an empty folder")
    if asked.store is not None and (asked.store.is_dir() or not asked.store.absolute().parent.is_dir()):
        raise InputError(f"--store {asked.store} is a folder or lies in none", "name a file in a folder that exists")
    if asked.published is not None:
        from numerics.study import published

        published.read(asked.published)


def perform(step: Step, kept: Kept, dry: bool = False, commit: str = "unknown") -> tuple[int, bool]:
    """Runs a step unless it is fresh.

    Args:
      commit: what the step's files are to name, so that all of a run name one.

    Returns:
      its exit code, and whether it was fresh.

    Raises:
      InputError: the command ended with an error, or did not write what it should.
    """
    value = key(step, kept.folder)
    if kept.fresh(step, value):
        return kept.code(step), True
    print(f"{step.name}: {step.words}", file=sys.stderr, flush=True)
    if dry:
        return 0, False
    before = {name: (kept.folder / name).stat().st_mtime_ns for name in step.writes if (kept.folder / name).exists()}
    done = subprocess.run(
        step.command, cwd=kept.folder, env=environment(commit), stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode == command.BAD_INPUT:
        # The step has said why, in one line.
        raise SystemExit(command.BAD_INPUT)
    again = f"run 'cd {kept.folder} && {shlex.join(['python', *step.arguments, *step.unkeyed])}' to see why"
    if done.returncode not in (command.HOLDS, *((command.FAILS,) if step.judges else ())):
        raise InputError(f"{step.name} ended with {done.returncode}", again)
    stale = [
        name
        for name in step.writes
        if not (path := kept.folder / name).is_file() or before.get(name) == path.stat().st_mtime_ns
    ]
    if stale:
        raise InputError(f"{step.name} did not write {stale[0]}", again)
    if step.name == "theory":
        frameless(kept.folder, provenance.made(stamp.shown(step), {}, commit))
    if step.name == "study":
        # Its figures are drawn with all others; what is here is the report and its tables.
        for path in (kept.folder / "runs" / "study").iterdir():
            if path.is_file() and path.relative_to(kept.folder).as_posix() not in step.writes:
                path.unlink()
    written = (*step.writes, *drawn(kept.folder, step.fills))
    kept.keep(step, value, done.returncode, written)
    return done.returncode, False


def environment(commit: str) -> dict[str, str]:
    """The environment of a step: this project is found from any folder, sums do not depend on the hash seed, and the commit is named."""
    return {**own_modules.environment(), "PYTHONHASHSEED": "0", provenance.COMMIT: commit}


def drawn(folder: Path, name: str) -> list[str]:
    """The files of this folder of the write-up, relative to it; none where no folder is named."""
    inside = [] if not name else [path for path in (folder / name).iterdir() if path.is_file()]
    return [path.relative_to(folder).as_posix() for path in inside]


def frameless(folder: Path, made: dict[str, Any]) -> None:
    """Takes the seconds out of the ledger (they would differ between two runs) and the preamble off the statements, which `main.tex` includes.

    Both then say what they were made from: `theory` imports SymPy alone and cannot.
    """
    path = folder / "runs" / "theory.json"
    ledger = json.loads(path.read_text(encoding="utf-8"))
    for result in ledger["results"]:
        for claim in result["claims"]:
            claim.pop("seconds", None)
    files.write_json(path, {**ledger, "made": made})
    text = (folder / "theory.tex").read_text(encoding="utf-8")
    body = re.search(r"\\maketitle\n(.*)\\end\{document\}", text, re.DOTALL)
    if body is None:
        raise InputError("theory.tex has no document", "report this")
    files.write_text(folder / "theory.tex", provenance.comment(provenance.line(made), "%") + body.group(1))
