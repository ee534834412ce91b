"""The answer as plain data: what `--json` writes, what figures are drawn from."""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics import provenance
from numerics.advise import classes_file
from numerics.advise.answer import Answer
from numerics.advise.channel import Prediction
from numerics.advise.options import Options
from numerics.advise.recommend import threshold
from unskew.ground import command

SCHEMA = "advise/1"
BARS = 100

PLAIN = (
    "A plain cross-entropy term does not move the optimum in the population: with capacity to spare it buys nothing of this. The numbers are for"
    " the prior-corrected term, the prediction made of the corrected classes and the regression within them; where it is said, of their centres."
    " What a plain term does in practice is capacity, optimisation or regularisation."
)


def build(options: Options, found: Answer) -> dict[str, Any]:
    """The report.

    Args:
      found: numbers; infinities become words when the report is written.
    """
    cells, advice, one = found.cells, found.recommendation, found.imbalance
    total = float(found.remainders[advice.kind].remainder[0])
    return {
        "schema": SCHEMA,
        "version": classes_file.version(),
        "labels": {
            "source": command.nameless(cells.labels.where),
            "n": cells.n,
            "missing": cells.labels.missing,
            "support": [float(end) for end in cells.labels.support],
            "discrete": cells.discrete,
            "words": [_nameless(words) for words in cells.labels.words],
        },
        "reference": cells.reference,
        "imbalance": {
            "kl": one.kl,
            "kl_reversed": one.kl_reversed,
            "chi_square": one.chi_square,
            "ratio": one.ratio,
            "n_eff": one.effective,
            "price_is_infinite": bool(cells.unsampled),
            "unsampled": list(cells.unsampled),
            "hidden_in_cells": cells.hidden,
        },
        "remainder": {kind: _rows(found, kind) for kind in found.remainders},
        "epsilon": float(options.epsilon),
        "rules": {
            "epsilon": found.rules.by_epsilon,
            "sample_size": found.rules.by_sample,
            "sample_size_formula": found.rules.by_formula,
            "bin_width": found.rules.by_noise,
            "bin_width_threshold": threshold(),
            "finest": found.rules.finest,
            "most": found.rules.most,
        },
        "recommended": {
            "verdict": advice.verdict,
            "kind": advice.kind,
            "classes": advice.classes,
            "W": advice.remainder,
            "penalty": advice.penalty,
            "kl_classes": advice.kl_classes,
            "reasons": list(advice.reasons),
            "definition": classes_file.as_json(_classes(found)),
        },
        "bounds": {"least": -advice.remainder, "most": total, "uninformative_inputs": advice.kl_classes},
        "noise": None if advice.prediction is None else _prediction(advice.prediction),
        "alternatives": list(found.alternatives),
        "noises": [_prediction(prediction) for prediction in found.noises],
        "histogram": _histogram(found),
        "edges": {kind: _edges(found, kind) for kind in found.remainders},
        "warnings": list(found.warnings),
        "plain": PLAIN,
        "made": provenance.made(options.command, {"bootstrap": options.seed}),
    }


def _nameless(words: str) -> str:
    """A sentence with the files in it by their names alone."""
    return " ".join(command.nameless(part.rstrip(",")) + "," * part.endswith(",") for part in words.split(" "))


def _classes(found: Answer) -> classes_file.Classes:
    advice = found.recommendation
    return classes_file.make(found.cells, advice.edges, advice.kind, advice.remainder)


def _rows(found: Answer, kind: str) -> list[dict[str, Any]]:
    table = found.remainders[kind]
    return [
        {
            "asked": int(table.asked[place]),
            "classes": int(table.used[place]),
            "W": float(table.remainder[place]),
            "low": low,
            "high": high,
            "penalty": float(table.penalty[place]),
            "width": float(table.width[place]),
        }
        for place, (low, high) in found.shown[kind]
    ]


def _prediction(one: Prediction) -> dict[str, Any]:
    return {
        "noise": one.noise,
        "price": one.price,
        "corrected_excess": list(one.corrected),
        "benefit": [one.price - excess for excess in one.corrected],
        "squared_error_price": one.squared_price,
        "corrected_squared_error": list(one.squared_corrected),
        "decoded_squared_error": list(one.squared_decoded),
        "balanced_risk": one.balanced_risk,
        "error": one.error,
        "squared_error_error": one.squared_error,
        "upper_bounds": one.at_most,
    }


def _edges(found: Answer, kind: str) -> list[float]:
    """The edges of this kind with as many classes as are recommended, or the next that exist."""
    table = found.remainders[kind]
    places = np.flatnonzero(table.used >= found.recommendation.classes)
    place = int(places[0]) if len(places) else int(np.argmax(table.used))
    return found.cells.edges[list(found.edges[kind][place])].tolist()


def _histogram(found: Answer) -> dict[str, Any]:
    """Label counts in bars, and both densities (per label unit; per label where discrete)."""
    cells = found.cells
    if cells.discrete and len(cells.y) <= 2 * BARS:
        return {"y": cells.y.tolist(), "counts": cells.counts.tolist(), "p": cells.p.tolist(), "q": cells.q.tolist()}
    ends = np.linspace(cells.edges[0], cells.edges[-1], BARS + 1)
    place = np.clip(np.searchsorted(ends, cells.y, side="right") - 1, 0, BARS - 1)
    counts, p, q = (np.bincount(place, column, BARS) for column in (cells.counts, cells.p, cells.q))
    return {
        "y": ((ends[1:] + ends[:-1]) / 2).tolist(),
        "counts": counts.astype(int).tolist(),
        "p": p.tolist(),
        "q": q.tolist(),
    }
