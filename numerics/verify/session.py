"""One run of the command: the proofs beside it in a process of their own, the answer on standard output and in files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from numerics.verify import proofs, saved
from numerics.verify.gather import Tick
from numerics.verify.request import Request
from unskew.ground import command, files, interrupt


def run(request: Request) -> int:
    """Runs a request.

    Returns:
      the exit code.

    Raises:
      InputError: before anything is written.
    """
    saved.refuse_early(request)
    with proofs.started(request.question.only, request.falsify) as prover:
        status = falsify(request, prover) if request.falsify else verify(request, prover)
    return command.HOLDS if status == "holds" else command.FAILS


def verify(request: Request, prover: proofs.Prover) -> str:
    """Verifies, writes and prints.

    Returns:
      `holds` or `fails`.
    """
    from numerics.verify import summary, table, verification

    answer = verification.verify(request.question, prover, progress(request))
    report: dict[str, Any] = {}
    # What the figures draw is computed for a file alone.
    if request.json is not None or request.out is not None:
        from numerics.verify import report_json

        report = report_json.report(answer, request.command)
    with interrupt.held_back():
        paths = saved.save(request, report)
    if request.json == "-":
        files.write_json("-", report)
    elif request.quiet:
        table.write([*summary.failures(answer.checks), answer.last_line])
    elif request.verbose:
        from numerics.verify import details

        details.show_all(answer, paths)
    else:
        table.write(answer.lines(paths))
    return answer.status


def falsify(request: Request, prover: proofs.Prover) -> str:
    """Runs the wrong versions, writes and prints.

    Returns:
      `holds` when each is rejected, else `fails`.
    """
    from numerics.verify import falsify, rejections, report_json

    answer = falsify.falsify(request.question, prover, progress(request))
    if request.json is not None:
        report = report_json.falsification(answer)
        files.write_json(request.json, report)
        if request.json == "-":
            return answer.status
    rejections.show(answer, quiet=request.quiet, verbose=request.verbose)
    return answer.status


@contextmanager
def progress(request: Request) -> Iterator[Tick | None]:
    """Progress of the fits on standard error, on a terminal only; yields a function of (done, total, words)."""
    if request.quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(file=sys.stderr), transient=True) as bar:
        task = bar.add_task("fitting", total=None)
        yield lambda done, total, words: bar.update(task, completed=done, total=total, description=words)
