"""The report of the field study: errors by table and arm, contrasts over tables, predictions beside measurements. Same store, same bytes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.special import stdtrit

from numerics.field import protocol
from numerics.field.data import Data
from numerics.field.protocol import ARMS, CONTRASTS, LEVEL, Measure, hit, verdict
from numerics.study import statistics
from numerics.trial import score

SCHEMA = "field/1"
Array = np.ndarray
Chunks = Sequence[Sequence[Mapping[str, Any]]]
ERRORS = ("balanced", "absolute", "sera", "many", "medium", "few", "plain")


@dataclass(frozen=True)
class Source:
    """A source and the results of its chunks, each over splits."""

    data: Data
    chunks: Chunks

    def errors(self, name: str) -> dict[str, Array]:
        """One score of every arm, (splits,); nan where a split has no such row."""
        values: dict[str, list[float]] = {}
        for chunk in self.chunks:
            for result in chunk:
                for arm, scores in result["scores"].items():
                    one = scores[name]
                    values.setdefault(arm, []).append(math.nan if one is None else one)
        return {arm.name: np.array(values[arm.name]) for arm in ARMS if arm.name in values}

    @property
    def facts(self) -> Mapping[str, Any]:
        """What the first split says of its rows."""
        return next(dict(result["table"]) for chunk in self.chunks for result in chunk if "table" in result)


GAINS: tuple[tuple[str, str, str], ...] = (
    ("saving", "MSE", "recalibrating the squared-error network"),
    ("cost", "MSE", "imbalance alone, squared-error network"),
    ("saving", "trees", "recalibrating the trees"),
    ("division", "HL-Gauss", "dividing the class probabilities by r, from validation pairs"),
    ("theorem", "HL-Gauss", "the same, if the probabilities are right"),
)
"""Name in the store, arm, words."""


def build(sources: Sequence[Source], skipped: Mapping[str, str], splits: int) -> dict[str, Any]:
    """The whole report."""
    return {
        "schema": SCHEMA,
        "splits": splits,
        "protocol_splits": protocol.SPLITS,
        "skipped": dict(skipped),
        "left_out": list(protocol.LEFT_OUT),
        "arms": [arm.name for arm in ARMS],
        "tables": [table(source) for source in sources],
        "arms_over_tables": family([("MSE", arm.name, "") for arm in ARMS if arm.name != "MSE"], sources),
        "contrasts": contrasts(sources),
        "predictions": [gains(sources, *kind) for kind in GAINS],
        "together": together(sources),
    }


def table(source: Source) -> dict[str, Any]:
    """One table: every arm's errors relative to the squared-error network's, with intervals over splits and Holm over its arms."""
    facts = source.facts
    errors = {name: source.errors(name) for name in ERRORS}
    base = errors["balanced"]["MSE"]

    def over(values: Array) -> score.Interval:
        return score.resampled(values, facts["test"], facts["train"])

    changes = {arm: over(values / base.mean() - base / base.mean()) for arm, values in errors["balanced"].items()}
    names = [arm for arm in changes if arm != "MSE"]
    adjusted = dict(zip(names, statistics.holm([changes[arm].p for arm in names]), strict=True))
    rows = []
    for arm, change in changes.items():
        relative = {
            name: float(np.nanmean(errors[name][arm]) / np.nanmean(errors[name]["MSE"]))
            for name in ERRORS
            if np.isfinite(errors[name][arm]).any()
        }
        rows.append(
            {
                "arm": arm,
                "relative": 1 + change.value,
                "low": 1 + change.low,
                "high": 1 + change.high,
                "holm": adjusted.get(arm, 1.0),
                "errors": relative,
                "balanced": float(errors["balanced"][arm].mean()),
            }
        )
    best = rows[int(np.argmin([one.value for one in changes.values()]))]
    one = source.data
    networks = [
        result
        for chunk in source.chunks
        for result in chunk
        if not any(arm.startswith("trees") for arm in result["scores"])
    ]
    late = [result["epoch"] >= protocol.EPOCHS - 2 for result in networks]
    return {
        "name": one.name,
        "label": one.table.label,
        "rows": one.rows,
        "used": len(one.table.y),
        "train": facts["train"],
        "test": facts["test"],
        "inputs": len(one.table.inputs),
        "left_out": list(one.table.left_out),
        "stretches": one.stretches,
        "digest": one.digest,
        "kl": facts["kl"],
        "effective": facts["effective"],
        "share_of_variance": float(1 - errors["plain"]["MSE"].mean() / facts["variance"]),
        "stopped_late": float(np.mean(late)),
        "best": best["arm"],
        "arms": rows,
    }


def logarithms(sources: Sequence[Source], base: str, arm: str) -> Array:
    """(tables, splits) logarithms of the ratio of balanced errors."""
    rows = []
    for source in sources:
        errors = source.errors("balanced")
        rows.append(np.log(errors[arm] / errors[base]))
    return np.stack(rows)


def family(pairs: Sequence[tuple[str, str, str]], sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Comparisons over tables, Holm over all of them.

    Args:
      pairs: base, arm and a name.
    """
    means = [statistics.mean(logarithms(sources, base, arm)) for base, arm, _ in pairs]
    adjusted = statistics.holm([one.p for one in means])
    rows = []
    for (base, arm, name), one, holm in zip(pairs, means, adjusted, strict=True):
        rows.append(
            {
                "name": name or arm,
                "base": base,
                "arm": arm,
                "change": math.expm1(one.value),
                "low": math.expm1(one.low),
                "high": math.expm1(one.high),
                "p": one.p,
                "holm": holm,
                "verdict": verdict(one.value, one.low, one.high, holm),
                "tables_below": int((logarithms(sources, base, arm).mean(1) < 0).sum()),
            }
        )
    return rows


def contrasts(sources: Sequence[Source]) -> list[dict[str, Any]]:
    """The protocol's contrasts; the published term helps only if its controls say so too."""
    rows = family([(one.base, one.arm, one.name) for one in CONTRASTS], sources)
    for row, one in zip(rows, CONTRASTS, strict=True):
        row["question"] = one.question
    controls = [row["verdict"] for row in rows if row["name"] in protocol.CONTROLS]
    if rows[0]["verdict"] == "helps" and any(word != "helps" for word in controls):
        rows[0]["verdict"] = "undecided"
    return rows


def gains(sources: Sequence[Source], name: str, arm: str, words: str) -> dict[str, Any]:
    """Predicted and measured gains of one kind: by table, coverage and slope over tables."""
    tables = []
    for source in sources:
        of_arm = [result for chunk in source.chunks for result in chunk if arm in result["scores"]]
        values = np.array([result["gains"][name] for result in of_arm])
        before = float(source.errors("balanced")[arm].mean())
        tables.append(_gain(source.data.name, values, before, exact=name == "theorem"))
    hits = np.array([one["hits"] for one in tables])
    stated = np.array([one["inside"] for one in tables])
    predicted, measured = (np.array([one[key] for one in tables]) for key in ("predicted", "measured"))
    return {
        "name": name,
        "arm": arm,
        "words": words,
        "coverage": _student(hits) if name != "theorem" else None,
        "inside": _student(stated) if name != "theorem" else None,
        "coverage_goal": protocol.COVERAGE,
        "slope": _slope(predicted, measured),
        "slope_goal": protocol.SLOPE,
        "tables": tables,
    }


def together(sources: Sequence[Source]) -> dict[str, Any]:
    """What corrected and plain classes change beside squared error, against the price of imbalance, measured: a description, not in the protocol.

    The 1-D study's labels have no noise, so its price is zero; here is what the tables say where the price tends to zero.
    """
    rows = []
    for source in sources:
        errors = source.errors("balanced")
        base = errors["MSE"].mean()
        cost = np.mean([result["gains"]["cost"][3] for chunk in source.chunks for result in chunk if "table" in result])
        rows.append(
            {
                "name": source.data.name,
                "price": float(cost / base),
                "correction": float(errors["HL-Gauss, corrected"].mean() / errors["HL-Gauss"].mean() - 1),
                "corrected": float(errors["HL-Gauss, corrected"].mean() / base - 1),
                "plain_term": float(errors["MSE + CE"].mean() / base - 1),
            }
        )
    price = np.array([row["price"] for row in rows])
    slopes = {
        key: _slope(price, np.array([row[key] for row in rows])) for key in ("correction", "corrected", "plain_term")
    }
    return {"tables": rows, "slopes": slopes}


def _gain(name: str, values: Array, before: float, exact: bool) -> dict[str, Any]:
    """One table: means over splits as shares of the balanced error before, and how often prediction and measurement agree."""
    pairs = [(Measure(*row[:3]), Measure(*row[3:])) for row in values.tolist()]
    inside = [predicted.low <= measured.value <= predicted.high for predicted, measured in pairs]
    share = values / before
    return {
        "name": name,
        "predicted": float(share[:, 0].mean()),
        "measured": float(share[:, 3].mean()),
        "hits": math.nan if exact else float(np.mean([hit(*pair) for pair in pairs])),
        "inside": math.nan if exact else float(np.mean(inside)),
        "splits": [{"predicted": row[:3], "measured": row[3:]} for row in share.tolist()],
    }


def _student(values: Array) -> dict[str, float]:
    """A mean over tables with Student's interval."""
    count = len(values)
    half = _half(count - 1, float(values.std(ddof=1)) / math.sqrt(count)) if count > 1 else math.nan
    mean = float(values.mean())
    return asdict(Measure(mean, mean - half, mean + half))


def _slope(x: Array, y: Array) -> dict[str, float]:
    """The least-squares slope of y on x with Student's interval; nan below three points."""
    if len(x) < 3:
        return asdict(Measure(math.nan, math.nan, math.nan))
    centred = x - x.mean()
    slope = float(centred @ y / (centred @ centred))
    rest = y - y.mean() - slope * centred
    error = math.sqrt(float(rest @ rest) / (len(x) - 2) / float(centred @ centred))
    half = _half(len(x) - 2, error)
    return asdict(Measure(slope, slope - half, slope + half))


def _half(freedom: int, error: float) -> float:
    return float(stdtrit(freedom, 1 - LEVEL / 2)) * error
