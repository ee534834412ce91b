"""The symbolic proofs, re-run by `python -m theory` in a process of its own, so that they take the second core.

Started first and collected last. What comes back is data (claims with their status), turned into checks with evidence `symbolic`:
`theory` is 0, `numeric` the number of proof steps whose residual is not exactly zero.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from numerics.records import Check
from unskew.ground import own_modules


@dataclass(frozen=True)
class Proofs:
    """Proofs under way; `collect` waits for them."""

    process: subprocess.Popen[str]

    def collect(self) -> dict[str, Any]:
        """The ledger as `python -m theory --json -` prints it.

        Raises:
          RuntimeError: the prover broke; a failed proof is no such case, it comes back as a claim that fails.
        """
        output, problems = self.process.communicate()
        try:
            ledger: dict[str, Any] = json.loads(output)
        except json.JSONDecodeError as problem:
            raise RuntimeError(
                f"python -m theory ended with {self.process.returncode}: {problems.strip()}"
            ) from problem
        return ledger


@contextmanager
def started(names: Sequence[str], falsify: bool) -> Iterator[Proofs]:
    """Starts the prover; whatever happens, it is gone when the block ends."""
    command = [*own_modules.command("theory"), *names, "--json", "-", *(["--falsify"] if falsify else [])]
    process = subprocess.Popen(
        command, env=own_modules.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield Proofs(process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def checks(ledger: dict[str, Any]) -> list[Check]:
    """One check per claim."""
    found: list[Check] = []
    for result in ledger["results"]:
        for claim in result["claims"]:
            wrong = [step["text"] for step in claim["steps"] if not step["holds"]]
            holds = claim["status"] == "holds" and not wrong and bool(claim["steps"])
            found.append(
                Check(
                    result=result["name"],
                    claim=claim["name"],
                    kind=claim["kind"],
                    evidence="symbolic",
                    theory=0.0,
                    numeric=float(len(wrong) if claim["steps"] else 1),
                    error=0.0,
                    tolerance=0.0,
                    status="holds" if holds else "fails",
                    note="; ".join(wrong) if wrong else f"{len(claim['steps'])} proof steps re-run",
                )
            )
    return found
