"""The symbolic proofs, re-run by `python -m theory` in a process of its own, so that they take the second core.

Started first and collected last. What comes back becomes records here and nowhere else.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from numerics.records import Check, Kind
from unskew.ground import interrupt, own_modules


@dataclass(frozen=True)
class Proof:
    """The proof of one claim, re-run.

    Attributes:
      result, claim, kind: as in the ledger.
      holds: whether the prover says so.
      steps: how many steps it has.
      failures: the sentences of the steps whose residual is not exactly zero.
    """

    result: str
    claim: str
    kind: Kind
    holds: bool
    steps: int
    failures: tuple[str, ...]

    @property
    def check(self) -> Check:
        """The proof as a check: `theory` is 0, `numeric` the number of steps that fail (1 where there is no step)."""
        proved = self.holds and not self.failures and self.steps > 0
        return Check(
            result=self.result,
            claim=self.claim,
            kind=self.kind,
            evidence="symbolic",
            theory=0.0,
            numeric=float(len(self.failures) if self.steps else 1),
            error=0.0,
            tolerance=0.0,
            status="holds" if proved else "fails",
            note="; ".join(self.failures) or f"{self.steps} proof steps re-run",
        )


@dataclass(frozen=True)
class WrongProof:
    """A wrong version of a claim, given to its proof.

    Attributes:
      name, wrong: its name, and what is wrong with it.
      caught: whether the proof rejects it.
      residual: what was left over.
    """

    result: str
    claim: str
    name: str
    wrong: str
    caught: bool
    residual: str


@dataclass(frozen=True)
class Ledger:
    """What the prover says.

    Attributes:
      questions: (result, question) in the order of the ledger.
      proofs: of all claims.
      wrong_versions: empty unless they were run.
    """

    questions: tuple[tuple[str, str], ...]
    proofs: tuple[Proof, ...]
    wrong_versions: tuple[WrongProof, ...]


@dataclass(frozen=True)
class Prover:
    """Proofs under way; `collect` waits for them."""

    process: subprocess.Popen[str]

    def collect(self) -> Ledger:
        """The ledger.

        Raises:
          RuntimeError: the prover broke; a failed proof is no such case, it comes back as a claim that fails.
        """
        output, problems = self.process.communicate()
        try:
            return ledger(json.loads(output))
        except json.JSONDecodeError as problem:
            raise RuntimeError(
                f"python -m theory ended with {self.process.returncode}: {problems.strip()}"
            ) from problem


def ledger(document: dict[str, Any]) -> Ledger:
    """Records from what `python -m theory --json -` prints."""
    results = document["results"]
    return Ledger(
        tuple((result["name"], result["question"]) for result in results),
        tuple(
            Proof(
                result["name"],
                claim["name"],
                claim["kind"],
                claim["status"] == "holds",
                len(claim["steps"]),
                tuple(step["text"] for step in claim["steps"] if not step["holds"]),
            )
            for result in results
            for claim in result["claims"]
        ),
        tuple(WrongProof(**entry) for entry in document["falsifiers"]),
    )


@contextmanager
def started(results: Sequence[str], falsify: bool = False) -> Iterator[Prover]:
    """Starts the prover; whatever happens, it is gone when the block ends."""
    command = [*own_modules.command("theory"), *results, "--json", "-", *(["--mutate"] if falsify else [])]
    with interrupt.child(
        command, env=own_modules.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        yield Prover(process)
