"""The report: everything a run found, as plain data. The figures and every other reader start from it.

No time stamps and no durations: same seed, same bytes, but for what `made` says of the sources and the command.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numerics import provenance
from numerics.evidence import Evidence
from numerics.records import Check
from numerics.verify import central, curves
from numerics.verify.request import Request

SCHEMA = "verify/1"
QUANTITIES = ("kl_labels", "kl_inputs", "price", "squared_error_price", "balanced_risk")
PER_CLASSES = ("class_part", "within_part", "remainder", "corrected_excess", "corrected_squared_error")


def verdict(checks: Sequence[Check]) -> str:
    """`holds` when at least one check holds and none fails, else `fails`."""
    statuses = {check.status for check in checks}
    return "fails" if "fails" in statuses or "holds" not in statuses else "holds"


def quantities(evidence: Evidence) -> dict[str, Any]:
    """The numbers of the world, with the errors beside them under `errors`, and words for what is infinite under `notes`."""
    found = evidence.quantities
    return {
        **{name: getattr(found, name).value for name in QUANTITIES},
        "per_classes": [
            {"classes": entry.classes, **{name: getattr(entry, name).value for name in PER_CLASSES}}
            for entry in found.per_classes
        ],
        "errors": {
            **{name: getattr(found, name).error for name in QUANTITIES},
            "per_classes": [
                {"classes": entry.classes, **{name: getattr(entry, name).error for name in PER_CLASSES}}
                for entry in found.per_classes
            ],
        },
        "notes": dict(found.notes),
    }


def law(evidence: Evidence) -> dict[str, Any]:
    """The label law in words and numbers; `labels` tells what was found in a file."""
    found = evidence.world.law
    record: dict[str, Any] = {
        "name": found.name,
        "support": [float(found.origin + end) for end in found.support],
        "discrete": found.discrete,
        "unsampled": list(found.unsampled),
    }
    description = getattr(found, "description", "")
    if description:
        record["description"] = description
    labels = getattr(found, "report", None)
    if labels is not None:
        record["labels"] = labels.as_json()
    return record


def bin_masses(evidence: Evidence) -> list[dict[str, Any]]:
    """Masses of the classes under both laws for each K; for labels from a file the shares of the labels themselves beside them."""
    labels = getattr(evidence.world.law, "report", None)
    rows = []
    for entry in evidence.quantities.per_classes:
        row: dict[str, Any] = {
            "classes": entry.classes,
            "edges": [float(evidence.world.law.origin + edge) for edge in entry.bins.edges],
            "q": entry.bins.q,
            "p": entry.bins.p,
        }
        if labels is not None:
            row["empirical"] = labels.empirical_masses(entry.bins.edges)
            row["largest_gap"] = float(max(abs(row["p"] - row["empirical"])))
        rows.append(row)
    return rows


def build(request: Request, evidence: Evidence, checks: Sequence[Check]) -> dict[str, Any]:
    """The whole report, keys in the order of the schema, further ones after them."""
    channel = evidence.world.channel
    return {
        "schema": SCHEMA,
        "density": evidence.world.law.name,
        "channel": {"name": channel.name, "noise": float(channel.noise)},
        "classes": list(evidence.world.classes),
        "versions": provenance.versions(),
        "seeds": evidence.seeds if evidence.fits is not None else 0,
        "quantities": quantities(evidence),
        "checks": [check.as_json() for check in checks],
        "status": verdict(checks),
        "seed": request.seed,
        "results": list(request.only),
        "law": law(evidence),
        "bin_masses": bin_masses(evidence),
        "central": central.rows(evidence),
        "curves": curves.placed(curves.curves(evidence, request.only), float(evidence.world.law.origin)),
        "made": provenance.made(request.command, {"verify": request.seed}),
    }
