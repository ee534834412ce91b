"""Runs the steps that are not fresh, one after another, each in a process of its own."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from numerics import provenance
from numerics.paper import stamp
from numerics.paper.clock import Clock, usual, words
from numerics.paper.keys import PACKAGES, Keys, key
from numerics.paper.steps import Request, Step, drawing, steps
from numerics.provenance import ROOT
from unskew.ground import command, files, interrupt, own_modules
from unskew.ground.refusals import InputError

OURS = ("figures", "tables", "main.tex", "report.html", "theory.tex")


def run(request: Request, dry: bool = False) -> int:
    """Runs what is missing.

    Returns:
      0 where every check holds, 1 where one fails.

    Raises:
      InputError: bad input, or a command that ended with an error.
    """
    folder = request.out
    check(request)
    plan = steps(request)
    if not dry:
        files.make_folder(folder / "runs")
    keys = Keys(folder)
    commit = provenance.commit()
    codes, ran = [], 0
    last = drawing(request, tuple(folder / name for step in plan for name in step.writes))
    # What a later step reads may yet change, so this is what has to run at least; drawing follows any of it.
    waiting = [step for step in plan if not keys.fresh(step, key(step, folder))]
    clock = Clock([*waiting, *last] if waiting else [*last])
    for step in plan:
        code, fresh = perform(step, keys, dry, commit, clock)
        codes.append(code)
        ran += not fresh
    if not dry:
        keys.forget([step.name for step in (*plan, *last)])
        stamp.write(folder, [*plan, *last], commit, request.command)
    for step in last:
        _, fresh = perform(step, keys, dry, commit, clock)
        ran += not fresh
    if dry:
        if not ran:
            print("nothing to do", file=sys.stderr)
        return command.HOLDS
    held = "every check holds" if not any(codes) else "A CHECK FAILS"
    print(
        f"{folder}/report.html, main.tex, figures, tables; {ran or 'no'} of {len(plan) + len(last)} steps run; {held}"
    )
    return command.FAILS if any(codes) else command.HOLDS


def check(request: Request) -> None:
    """Refuses before any work what could not end well.

    Raises:
      InputError: a folder with files of somebody else's where the write-up would stand, or a store or published runs that cannot be read.
    """
    folder = request.out
    if folder.resolve() in (ROOT, *(ROOT / name for name in PACKAGES)):
        raise InputError(f"--out {folder} holds the sources", "name a folder of its own, such as results/paper")
    standing = [name for name in OURS if (folder / name).exists()]
    if standing and not (folder / "runs" / "keys.json").is_file():
        raise InputError(f"--out {folder} has a {standing[0]} that this command did not write", "name an empty folder")
    if request.store is not None and (request.store.is_dir() or not request.store.absolute().parent.is_dir()):
        raise InputError(f"--store {request.store} is a folder or lies in none", "name a file in a folder that exists")
    if request.published is not None:
        from numerics.study import published

        published.read(request.published)


def perform(
    step: Step, keys: Keys, dry: bool = False, commit: str = "unknown", clock: Clock | None = None
) -> tuple[int, bool]:
    """Runs a step unless it is fresh.

    Args:
      commit: what the step's files are to name, so that all of a run name one.
      clock: of the whole run; by default of this step alone.

    Returns:
      its exit code, and whether it was fresh.

    Raises:
      InputError: the command ended with an error, or did not write what it should.
    """
    value = key(step, keys.folder)
    if keys.fresh(step, value):
        return keys.code(step), True
    clock = clock or Clock([step])
    print(f"{step.name}: {step.words} ({words(clock.left())})", file=sys.stderr, flush=True)
    if dry:
        clock.done(step, usual(step))
        return 0, False
    begun = time.monotonic()
    before = {name: (keys.folder / name).stat().st_mtime_ns for name in step.writes if (keys.folder / name).exists()}
    options = {"cwd": keys.folder, "env": environment(commit), "stdout": subprocess.DEVNULL}
    with interrupt.child(step.command, **options) as process:
        wait(process, step, clock)
    clock.done(step, time.monotonic() - begun)
    if process.returncode == command.BAD_INPUT:
        # The step has said why, in one line.
        raise SystemExit(command.BAD_INPUT)
    again = f"run 'cd {keys.folder} && {shlex.join(['python', *step.arguments, *step.unkeyed])}' to see why"
    if process.returncode not in (command.HOLDS, *((command.FAILS,) if step.judges else ())):
        raise InputError(f"{step.name} ended with {process.returncode}", again)
    stale = [
        name
        for name in step.writes
        if not (path := keys.folder / name).is_file() or before.get(name) == path.stat().st_mtime_ns
    ]
    if stale:
        raise InputError(f"{step.name} did not write {stale[0]}", again)
    if step.name == "theory":
        frameless(keys.folder, provenance.made(stamp.shown(step), {}, commit))
    if step.name == "study":
        # Its figures are drawn with all others; what is here is the report and its tables.
        for path in (keys.folder / "runs" / "study").iterdir():
            if path.is_file() and path.relative_to(keys.folder).as_posix() not in step.writes:
                path.unlink()
    written = (*step.writes, *drawn(keys.folder, step.fills))
    keys.keep(step, value, process.returncode, written)
    return process.returncode, False


def wait(process: subprocess.Popen[str], step: Step, clock: Clock) -> None:
    """Waits for a step; on a terminal a line says how long it has run and how long is left, and is gone at the end."""
    if not sys.stderr.isatty():
        process.wait()
        return
    begun = time.monotonic()
    while True:
        try:
            process.wait(timeout=1)
            break
        except subprocess.TimeoutExpired:
            elapsed = time.monotonic() - begun
            sys.stderr.write(f"\r  {step.name}: {elapsed:.0f} s, {words(clock.left(elapsed))}\x1b[K")
            sys.stderr.flush()
    sys.stderr.write("\r\x1b[K")


def environment(commit: str) -> dict[str, str]:
    """The environment of a step: this project is found from any folder, sums do not depend on the hash seed, and the commit is named."""
    return {**own_modules.environment(), "PYTHONHASHSEED": "0", provenance.COMMIT: commit}


def drawn(folder: Path, name: str) -> list[str]:
    """The files of this folder of the write-up, relative to it; none where no folder is named."""
    inside = [] if not name else [path for path in (folder / name).iterdir() if path.is_file()]
    return [path.relative_to(folder).as_posix() for path in inside]


def frameless(folder: Path, origin: dict[str, Any]) -> None:
    """Takes the seconds out of the ledger (they would differ between two runs) and the preamble off the statements, which `main.tex` includes.

    Both then say what they were made from: `theory` imports SymPy alone and cannot.
    """
    path = folder / "runs" / "theory.json"
    ledger = json.loads(path.read_text(encoding="utf-8"))
    for result in ledger["results"]:
        for claim in result["claims"]:
            claim.pop("seconds", None)
    files.write_json(path, {**ledger, "made": origin})
    text = (folder / "theory.tex").read_text(encoding="utf-8")
    body = re.search(r"\\maketitle\n(.*)\\end\{document\}", text, re.DOTALL)
    if body is None:
        raise InputError("theory.tex has no document", "report this")
    files.write_text(folder / "theory.tex", provenance.comment(provenance.line(origin), "%") + body.group(1))
