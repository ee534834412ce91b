"""One run of the verifier: gather the evidence, check, report. The proofs run beside it in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from numerics import checks, deadline, runtime
from numerics.records import Check, not_applicable
from numerics.verify import interrupt, proofs
from numerics.verify.request import PROGRAM, Request
from unskew.ground import command, files
from unskew.ground.refusals import InputError

DEVICES = 2
FINEST, COARSEST = 500, 1000
LABELS = "labels:"
SHOWN = 60
SLOW = "give a density with fewer features, a shorter support or more noise"


def run(request: Request) -> int:
    """Runs a request; Ctrl-C ends it at once.

    Returns:
      the exit code.

    Raises:
      InputError: before anything is written.
    """
    _writable(request)
    with interrupt.at_once(PROGRAM) as leave, proofs.started(request.only, request.falsify) as proving:
        leave.processes.append(proving.process)
        with deadline.within(deadline.BUDGET):
            try:
                evidence = gather(request)
            except deadline.OutOfTime:
                raise InputError(
                    f"{shown(request)} is not decided within {deadline.BUDGET:g} s of processor time", SLOW
                ) from None
            if request.falsify:
                from numerics.verify import falsify

                with deadline.stopped():
                    return falsify.falsify(request, evidence, proving.collect())
            found = [check for name in request.only for check in decided(name, evidence)]
        ledger = proving.collect()
        from numerics.verify import page, report

        symbolic = proofs.checks(ledger)
        ordered = [check for name in request.only for check in (*symbolic, *found) if check.result == name]
        made = report.build(request, evidence, ordered)
        with leave.held_back():
            saved = write(request, made)
    if request.json == "-":
        sys.stdout.write(files.json_text(made))
    else:
        page.whole(request, made, ordered, {entry["name"]: entry["question"] for entry in ledger["results"]}, saved)
    return command.HOLDS if made["status"] == "holds" else command.FAILS


def decided(name: str, evidence: Any) -> list[Check]:
    """The checks of a result; where the run's time is spent, one that says so in their place."""
    try:
        return list(checks.load(name).checks(evidence))
    except deadline.OutOfTime:
        why = f"not decided: the {deadline.BUDGET:g} s of processor time of a run are spent; run it with --only {name}"
        return [not_applicable(name, "all", "identity", "quadrature", why)]


def write(request: Request, made: dict[str, Any]) -> list[str]:
    """Writes what `--json` and `--out` ask for.

    Returns:
      what was written, one phrase each.
    """
    saved = [] if request.out is None else save(request.out, made)
    if request.json not in (None, "-"):
        files.write_json(str(request.json), made)
        saved.append(str(request.json))
    return saved


def gather(request: Request) -> Any:
    """World, quadrature, certificates and fits of a request.

    Raises:
      InputError: a density, support, channel or number of classes that cannot be.
    """
    law = label_law(request)
    if not law.discrete and law.report is None:
        law = law.from_lower_end()
    runtime.start(devices=DEVICES)
    from numerics.certified.certificates import certificates
    from numerics.channels import Channel
    from numerics.evidence import Evidence
    from numerics.posterior.quantities import quantities
    from numerics.verify import agreement
    from numerics.world import World

    length = law.support[1] - law.support[0]
    noise = length / 10 if request.noise is None else request.noise
    if not length / FINEST <= noise <= length * COARSEST:
        raise InputError(
            f"noise {float(noise):g} on a support of length {float(length):g}",
            f"give between 1/{FINEST} of the length (quadrature grows with the square) and {COARSEST} times it",
        )
    here = World(law, Channel(request.channel, float(noise)), request.classes)
    found, certified = quantities(here), certificates(here)
    if not law.discrete:
        try:
            agreement.refuse_disagreement(found, certified)
        except InputError as problem:
            raise InputError(f"{shown(request)}: {problem.culprit}", problem.remedy) from problem
    fits = None
    if request.fit:
        from numerics.fits import fits as fit

        with progress(request) as tick, deadline.stopped():
            fits = fit(here, request.seeds, request.seed, progress=tick)
    return Evidence(here, found, certified, fits, request.seeds, request.full)


def shown(request: Request) -> str:
    """The density as it was typed, shortened."""
    text = request.density
    return f"--density {text if len(text) <= SHOWN else text[:SHOWN] + '...'}"


def label_law(request: Request) -> Any:
    """The label law that `--density` and `--support` name.

    Raises:
      InputError: no such density, a refused expression, or a file without usable labels.
    """
    from numerics.laws import densities

    text, support = request.density, request.support or densities.UNIT
    if text in densities.NAMES:
        return densities.named(text, support)
    if text.isidentifier() and text not in ("y", "pi"):
        raise InputError(shown(request), f"use {', '.join(densities.NAMES)}, an expression in y, or labels:FILE")
    try:
        if text.startswith(LABELS):
            from numerics.laws.labels import from_file

            return from_file(text.removeprefix(LABELS), request.support)
        return densities.typed(text, support)
    except InputError as problem:
        raise InputError(f"{shown(request)}: {problem.culprit}", problem.remedy) from problem


@contextmanager
def progress(request: Request) -> Iterator[Any]:
    """Progress of the fits on standard error, on a terminal only; yields a function of (done, total, words)."""
    if request.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("fitting", total=None)
        yield lambda done, total, words: bar.update(task, completed=done, total=total, description=words)


def _writable(request: Request) -> None:
    """Refuses an output that could not be written, before the work.

    Raises:
      InputError: the folder of `--json` does not exist or is not writable, or `--out` is or lies in something that is no folder.
    """
    if request.json not in (None, "-"):
        path = Path(str(request.json))
        if path.is_dir():
            raise InputError(f"--json {path} is a folder", "name a file in it")
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise InputError(
                f"--json {path}: cannot write into {path.parent}", "name a folder that exists and can be written"
            )
    if request.out is not None:
        standing = next(folder for folder in (request.out, *request.out.absolute().parents) if folder.exists())
        if not standing.is_dir() or not os.access(standing, os.W_OK):
            raise InputError(
                f"--out {request.out}: cannot make a folder at {standing}", "name a folder that can be written"
            )


def save(folder: Path, made: dict[str, Any]) -> list[str]:
    """Writes arrays, report and figures, each file whole or not at all; the report last but for the figures, which are drawn from it.

    Returns:
      what was written, one phrase each.
    """
    import numpy as np

    files.make_folder(folder)
    content = BytesIO()
    np.savez_compressed(content, **arrays(made))
    files.write_bytes(folder / "arrays.npz", content.getvalue())
    files.write_json(folder / "report.json", made)
    drawn = subprocess.run([sys.executable, "-m", "figures", str(folder)], capture_output=True, text=True, check=False)
    if drawn.returncode:
        raise InputError(f"the figures of {folder} could not be drawn", drawn.stderr.strip().splitlines()[-1])
    return [f"{folder}/report.json", f"{folder}/arrays.npz", f"{len(drawn.stdout.split())} figure files in {folder}"]


def arrays(made: dict[str, Any]) -> dict[str, Any]:
    """The report's curves as arrays, keys joined by points."""
    import numpy as np

    found: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                walk(f"{prefix}.{key}" if prefix else key, item)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for index, item in enumerate(value):
                walk(f"{prefix}.{index}", item)
        elif not isinstance(value, str) and value is not None:
            found[prefix] = np.asarray(value, float)

    walk("", made["curves"])
    return found
