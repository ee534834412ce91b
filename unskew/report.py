"""Answers as plain data: what `--json` writes."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from unskew import classes as class_files
from unskew.from_labels import LabelAnswer
from unskew.ground import command
from unskew.inputs import HeldOut
from unskew.options import Options
from unskew.remedies import Comparison, Remedy

SCHEMA = "unskew/1"
POINTS = 2000
SHOWN = 200
"""Points of a map in a report."""


def of_rows(options: Options, held: HeldOut, found: Comparison) -> dict[str, Any]:
    """The report of held-out rows."""
    shift, price = held.shift, found.price
    recalibration = price.recalibration
    assert recalibration is not None
    at = np.unique(np.linspace(0, len(recalibration.corrected.knots) - 1, SHOWN).astype(int))
    return {
        **_head(options),
        "input": "probabilities" if held.probabilities is not None else "predictions",
        "rows": price.rows,
        "training": {"source": command.nameless(held.training), "n": shift.n},
        "imbalance": {"kl": shift.kl, "n_eff": shift.effective_sample_size},
        "stretches": {
            "edges": shift.edges,
            "p": shift.p,
            "q": shift.q,
            "rows": price.balanced.held,
            "errors": {
                "before": price.balanced.stretches[:, 0],
                "after": price.balanced.stretches[:, 1],
            },
            "unknown": list(price.unknown),
            "empty": shift.empty,
        },
        "target": None
        if held.law is None
        else {
            "masses": held.law.masses.masses,
            "low": held.law.low,
            "high": held.law.high,
            "groups": held.law.groups,
            "error": held.law.error,
            "identified": held.law.identified,
        },
        "points": _points(held),
        "cost": asdict(price.cost) | {"share": asdict(price.cost_share)},
        "before": asdict(price.before),
        "plain": {"before": price.balanced.plain[0], "after": price.balanced.plain[1]},
        "recommended": found.best.name,
        "remedies": [_remedy(one) for one in found.remedies],
        "map": {
            "prediction": recalibration.corrected.knots[at],
            "corrected": recalibration.corrected.values[at],
            "plain": recalibration.plain.values[at],
            "monotone": recalibration.corrected.monotone,
            "window": recalibration.corrected.share,
        },
    }


def _points(held: HeldOut) -> dict[str, Any]:
    """Some of the rows, evenly over the file, for a figure."""
    step = -(-len(held.y) // POINTS)
    return {"label": held.y[::step], "prediction": held.t[::step]}


def _head(options: Options) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "version": class_files.version(),
        "command": options.command,
        "source": command.nameless(options.file),
        "reference": command.nameless(options.target),
        "seed": options.seed,
    }


def _remedy(one: Remedy) -> dict[str, Any]:
    return {
        "name": one.name,
        "error": asdict(one.error),
        "saving": asdict(one.saving) | {"share": asdict(one.saving_share)},
        "confidence": one.confidence,
        "retrains": one.retrains,
        "detail": one.detail,
    }


def of_labels(options: Options, found: LabelAnswer) -> dict[str, Any]:
    """The report of labels alone."""
    cells, one, most = found.cells, found.imbalance, found.most
    report = cells.labels.report
    return {
        **_head(options),
        "input": "labels",
        "labels": {
            "source": command.nameless(f"{report.source}:{report.column}" if report.column else report.source),
            "n": report.used,
            "missing": report.missing,
            "support": [float(end) for end in cells.labels.support],
            "discrete": cells.discrete,
        },
        "imbalance": {
            "kl": one.kl,
            "kl_reversed": one.kl_reversed,
            "chi_square": one.chi_square,
            "ratio": one.ratio,
            "n_eff": one.effective,
            "unsampled": list(cells.unsampled),
        },
        "noise": found.noise,
        "squared_error": {
            "bound": found.bound,
            "most": most.squared_price,
            "most_at_noise": most.noise,
            "after": most.squared_corrected[0],
            "after_decoded": most.squared_decoded[0],
            "unavoidable": most.balanced_risk,
        },
        "classes": class_files.as_json(found.classes),
        "penalty": found.penalty,
        "noises": [
            {
                "noise": one.noise,
                "price": one.price,
                "corrected_excess": one.corrected[0],
                "squared_error_price": one.squared_price,
                "corrected_squared_error": one.squared_corrected[0],
                "decoded_squared_error": one.squared_decoded[0],
                "upper_bounds": one.at_most,
            }
            for one in found.predictions
        ],
    }
