"""The edge: a report as JSON. The figures and every other reader of a saved report start from it.

No time stamps and no durations: same seed, same bytes, but for what `made` says of the sources and the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from numerics import provenance
from numerics.evidence import Evidence
from numerics.laws.law import Law
from numerics.posterior.records import PerClasses, Quantities
from numerics.records import Check
from numerics.verify import curves
from numerics.verify.falsify import Falsification
from numerics.verify.verification import Verification

SCHEMA = "verify/1"
SCHEMA_FALSIFY = "falsify/1"
QUANTITIES = ("kl_labels", "kl_inputs", "price", "squared_error_price", "balanced_risk")
PER_CLASSES = ("class_part", "within_part", "remainder", "corrected_excess", "corrected_squared_error")


def plain(value: Any) -> Any:
    """Records as dictionaries, field by field, and sequences of them as lists; a check leaves out `classes` and `where` where it has none."""
    if is_dataclass(value) and not isinstance(value, type):
        members = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        absent = {"classes": None, "where": ""} if isinstance(value, Check) else {}
        return {name: member for name, member in members.items() if name not in absent or member != absent[name]}
    if isinstance(value, Mapping):
        return {key: plain(member) for key, member in value.items()}
    return [plain(member) for member in value] if isinstance(value, list | tuple) else value


def quantities(numbers: Quantities) -> dict[str, Any]:
    """The numbers of the world, with the errors beside them under `errors`, and words for what is infinite under `notes`."""

    def part(side: str) -> dict[str, Any]:
        def of(record: Quantities | PerClasses, names: tuple[str, ...]) -> dict[str, float]:
            return {name: getattr(getattr(record, name), side) for name in names}

        per = [{"classes": entry.classes, **of(entry, PER_CLASSES)} for entry in numbers.per_classes]
        return {**of(numbers, QUANTITIES), "per_classes": per}

    return {**part("value"), "errors": part("error"), "notes": dict(numbers.notes)}


def law(label_law: Law) -> dict[str, Any]:
    """The label law in words and numbers; `labels` says what a file held."""
    return {
        "name": label_law.name,
        "support": [float(label_law.origin + end) for end in label_law.support],
        "discrete": label_law.discrete,
        "unsampled": list(label_law.unsampled),
        **({"description": label_law.description} if label_law.description else {}),
        **({"labels": label_law.report.as_json()} if label_law.report is not None else {}),
    }


def bin_masses(evidence: Evidence) -> list[dict[str, Any]]:
    """Masses of the classes under both laws for each K; for labels from a file the shares of the labels themselves beside them."""
    labels = evidence.world.law.report

    def row(entry: PerClasses) -> dict[str, Any]:
        bins = entry.bins
        edges = [float(evidence.world.law.origin + edge) for edge in bins.edges]
        masses = {"classes": entry.classes, "edges": edges, "q": bins.q, "p": bins.p}
        if labels is None:
            return masses
        shares = labels.empirical_masses(bins.edges)
        return {**masses, "empirical": shares, "largest_gap": float(max(abs(bins.p - shares)))}

    return [row(entry) for entry in evidence.quantities.per_classes]


def drawn(evidence: Evidence, results: tuple[str, ...]) -> dict[str, Any]:
    """The curves by figure: those of the whole run, those of single results, and the fitted numbers where there are any."""
    lines = curves.curves(evidence, results)
    means = plain(lines.means)
    return {
        "noise": {} if lines.noise is None else plain(lines.noise),
        "map": plain(lines.map),
        "posteriors": plain(lines.posteriors),
        "means": {**means, "corrected": {str(mean.classes): mean.values for mean in lines.means.corrected}},
        "bounds": dict(lines.bounds),
        "risk": plain(lines.risk),
        **lines.results,
        **({"fits": {"per_classes": plain(lines.fits)}} if lines.fits else {}),
    }


LABELS = {
    "map": ("x", "y"),
    "posteriors": ("y", "at"),
    "means": ("x", "balanced", "imbalanced", "corrected"),
    "best_classes": ("best_edges", "equal_width_edges", "equal_frequency_edges"),
    "discretisation": ("at",),
}
"""By figure, what is a label or an input; of a list of records its `x`."""


def placed(lines: dict[str, Any], origin: float) -> dict[str, Any]:
    """The curves with labels and inputs as the user counts them, from zero."""
    if origin == 0.0:
        return lines

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: moved(part) for key, part in value.items()}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [{**part, "x": part["x"] + origin} for part in value]
        return np.asarray(value) + origin

    return {
        figure: {key: moved(part) if key in LABELS.get(figure, ()) else part for key, part in content.items()}
        if isinstance(content, dict)
        else content
        for figure, content in lines.items()
    }


def report(verification: Verification, command: str) -> dict[str, Any]:
    """The whole report, keys in the order of the schema, further ones after them.

    Args:
      command: what was typed.
    """
    question, evidence = verification.question, verification.evidence
    world = evidence.world
    return {
        "schema": SCHEMA,
        "density": world.law.name,
        "channel": {"name": world.channel.name, "noise": float(world.channel.noise)},
        "classes": list(world.classes),
        "versions": provenance.versions(),
        "seeds": evidence.seeds if evidence.fits is not None else 0,
        "quantities": quantities(evidence.quantities),
        "checks": plain(verification.checks),
        "status": verification.status,
        "seed": question.seed,
        "results": list(question.only),
        "law": law(world.law),
        "bin_masses": bin_masses(evidence),
        "central": plain(verification.extra_term),
        "curves": placed(drawn(evidence, question.only), float(world.law.origin)),
        "made": provenance.made(command, {"verify": question.seed}),
    }


def falsification(answer: Falsification) -> dict[str, Any]:
    """What became of the wrong versions."""
    return {
        "schema": SCHEMA_FALSIFY,
        "density": answer.density,
        "falsifiers": plain(answer.trials),
        "status": answer.status,
    }
