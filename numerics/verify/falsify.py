"""`--falsify`: every wrong version of every statement, symbolic and numeric, and which check rejected it."""

from __future__ import annotations

from typing import Any

from numerics import checks
from numerics.evidence import Evidence
from numerics.verify.request import Request
from unskew.ground import command, files


def numeric(request: Request, evidence: Evidence) -> list[dict[str, Any]]:
    """The wrong versions of the numeric checks: each runs the same code with a knob turned, and is caught when a check fails."""
    rows = []
    for name in request.only:
        module = checks.load(name)
        # Rejecting means nothing where the true version fails as well.
        rows += [
            {
                "result": name,
                "name": "true version",
                "wrong": f"nothing, and yet {check.claim} fails",
                "caught": False,
                "evidence": [check.evidence],
                "by": [check.as_json()],
            }
            for check in module.checks(evidence)
            if check.status == "fails"
        ]
        for falsifier in module.FALSIFIERS:
            failed = [check for check in falsifier.checks(evidence) if check.status == "fails"]
            rows.append(
                {
                    "result": name,
                    "name": falsifier.name,
                    "wrong": falsifier.wrong,
                    "caught": bool(failed),
                    "evidence": sorted({check.evidence for check in failed}),
                    "by": [check.as_json() for check in failed],
                }
            )
    return rows


def symbolic(request: Request, ledger: dict[str, Any]) -> list[dict[str, Any]]:
    """The wrong versions of the proofs."""
    return [
        {
            "result": entry["result"],
            "name": entry["name"],
            "wrong": entry["wrong"],
            "caught": entry["caught"],
            "evidence": ["symbolic"],
            "by": [{"claim": entry["claim"], "residual": entry["residual"]}],
        }
        for entry in ledger["falsifiers"]
        if entry["result"] in request.only
    ]


def falsify(request: Request, evidence: Evidence, ledger: dict[str, Any]) -> int:
    """Runs and prints them all.

    Returns:
      the exit code: 0 when every wrong version is rejected.
    """
    from numerics.verify import page

    every = [*symbolic(request, ledger), *numeric(request, evidence)]
    rows = [row for name in request.only for row in every if row["result"] == name]
    missed = [row for row in rows if not row["caught"]]
    made = {
        "schema": "falsify/1",
        "density": evidence.world.law.name,
        "falsifiers": rows,
        "status": "fails" if missed or not rows else "holds",
    }
    if request.json is not None:
        files.write_json(request.json, made)
    if request.json != "-":
        page.falsified(request, rows)
    return command.HOLDS if made["status"] == "holds" else command.FAILS
