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


def of_rows(options: Options, sample: HeldOut, comparison: Comparison) -> dict[str, Any]:
    """The report of held-out rows."""
    shift, price = sample.shift, comparison.price
    recalibration = price.recalibration
    assert recalibration is not None
    at = np.unique(np.linspace(0, len(recalibration.corrected.knots) - 1, SHOWN).astype(int))
    return {
        **_head(options),
        "score": options.score,
        "input": "probabilities" if sample.probabilities is not None else "predictions",
        "rows": price.rows,
        "training": {"source": command.nameless(sample.training), "n": shift.n},
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
        if sample.law is None
        else {
            "masses": sample.law.masses.masses,
            "low": sample.law.low,
            "high": sample.law.high,
            "groups": sample.law.groups,
            "error": sample.law.error,
            "identified": sample.law.identified,
        },
        "points": _points(sample),
        "cost": asdict(price.cost) | {"share": asdict(price.cost_share)},
        "before": asdict(price.before),
        "plain": {"before": price.balanced.plain[0], "after": price.balanced.plain[1]},
        "recommended": comparison.best.name,
        "remedies": [_remedy(one) for one in comparison.remedies],
        "map": {
            "prediction": recalibration.corrected.knots[at],
            "corrected": recalibration.corrected.values[at],
            "plain": recalibration.plain.values[at],
            "monotone": recalibration.corrected.monotone,
            "window": recalibration.corrected.share,
        },
    }


def _points(sample: HeldOut) -> dict[str, Any]:
    """Some of the rows, evenly over the file, for a figure."""
    step = -(-len(sample.y) // POINTS)
    return {"label": sample.y[::step], "prediction": sample.t[::step]}


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


def of_labels(options: Options, answer: LabelAnswer) -> dict[str, Any]:
    """The report of labels alone."""
    cells, one, most = answer.cells, answer.imbalance, answer.most
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
        "noise": answer.noise,
        "squared_error": {
            "bound": answer.bound,
            "most": most.squared_price,
            "most_at_noise": most.noise,
            "after": most.squared_corrected[0],
            "after_decoded": most.squared_decoded[0],
            "unavoidable": most.balanced_risk,
        },
        "classes": class_files.as_json(answer.classes),
        "penalty": answer.penalty,
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
            for one in answer.predictions
        ],
    }
