"""The published per-run test errors: read, checked, put through the same statistics as ours.

The file is csv with the columns `sampling, function, dataset_seed, classes, mse_reg, mse_regcls`; more columns are ignored. Each published pair
has its own `reg` run (ours share one over the class counts), which changes nothing below: the mean over class counts is taken first.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numerics.study import statistics
from unskew.ground.refusals import InputError

COLUMNS = ("sampling", "function", "dataset_seed", "classes", "mse_reg", "mse_regcls")
REMEDY = "give a csv file with one row per run and the columns " + ", ".join(COLUMNS)


@dataclass(frozen=True)
class Published:
    """Published errors of one sampling.

    Attributes:
      reg, reg_cls: `(functions, seeds, class counts)`.
      classes: the class counts, rising.
    """

    reg: np.ndarray
    reg_cls: np.ndarray
    classes: tuple[int, ...]


def read(path: Path | str) -> dict[str, Published]:
    """Reads the file.

    Raises:
      InputError: it cannot be read, lacks a column, has a cell that is no finite number, or a grid with holes or doubles.
    """
    try:
        with open(path, newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            absent = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if absent:
                raise InputError(f"{path} has no column {absent[0]!r}", REMEDY)
            rows = list(reader)
    except OSError as problem:
        raise InputError(f"cannot read {path}: {problem.strerror}", REMEDY) from problem
    except (UnicodeDecodeError, csv.Error) as problem:
        raise InputError(f"{path} is not csv text ({problem})", REMEDY) from problem
    runs: dict[str, dict[tuple[int, int, int], tuple[float, float]]] = {}
    for line, row in enumerate(rows, start=2):
        try:
            function, seed, classes = (int(row[name]) for name in ("function", "dataset_seed", "classes"))
            pair = float(row["mse_reg"]), float(row["mse_regcls"])
        except (TypeError, ValueError):
            raise InputError(f"{path}, line {line}: a cell is no number", REMEDY) from None
        if not all(map(math.isfinite, pair)) or min(pair) < 0:
            raise InputError(f"{path}, line {line}: an error is negative or not finite", "mend or remove the row")
        group = runs.setdefault(row["sampling"], {})
        if (function, seed, classes) in group:
            raise InputError(f"{path}, line {line}: the same run twice", "keep one row for each run")
        group[function, seed, classes] = pair
    if not runs:
        raise InputError(f"{path} has no rows", REMEDY)
    return {sampling: _array(path, sampling, group) for sampling, group in runs.items()}


def _array(path: Path | str, sampling: str, group: dict[tuple[int, int, int], tuple[float, float]]) -> Published:
    axes = [sorted({key[axis] for key in group}) for axis in range(3)]
    if len(group) != math.prod(map(len, axes)):
        raise InputError(
            f"{path}: the runs of {sampling!r} do not fill their grid", "give every function, seed and class count"
        )
    values = np.array([[[group[f, s, k] for k in axes[2]] for s in axes[1]] for f in axes[0]])
    return Published(values[..., 0], values[..., 1], tuple(axes[2]))


def analyse(published: Mapping[str, Published]) -> list[dict[str, Any]]:
    """The claim `reg - reg_cls` on the published runs alone, Holm over the samplings."""
    rows: list[dict[str, Any]] = []
    for sampling, runs in published.items():
        difference = (runs.reg - runs.reg_cls).mean(axis=2)
        average = statistics.mean(difference)
        relative = statistics.ratio(-difference, runs.reg.mean(axis=2))
        low, high = statistics.t_interval(difference)
        rows.append(
            {
                "sampling": sampling,
                "reg": float(runs.reg.mean()),
                "reg_cls": float(runs.reg_cls.mean()),
                "difference": average.value,
                "low": average.low,
                "high": average.high,
                "p": average.p,
                "relative": {
                    "value": relative.value,
                    "low": relative.low,
                    "high": relative.high,
                    "note": relative.note,
                },
                "win_rate": statistics.win_rate(runs.reg, runs.reg_cls),
                "pairs": int(runs.reg.size),
                "student_low": low,
                "student_high": high,
            }
        )
    for row, adjusted in zip(rows, statistics.holm([row["p"] for row in rows]), strict=True):
        row["holm"] = adjusted
    return rows


def effect(published: Mapping[str, Published], sampling: str, classes: tuple[int, ...]) -> float | None:
    """The effect `reg - reg_cls` as a share of `reg`, at those of the class counts that the file has; None where it has none."""
    runs = published.get(sampling)
    columns = [] if runs is None else [runs.classes.index(count) for count in classes if count in runs.classes]
    if runs is None or not columns:
        return None
    reg, both = (float(side[..., columns].mean()) for side in (runs.reg, runs.reg_cls))
    return (reg - both) / reg if reg else None


def beside(
    published: Mapping[str, Published], sampling: str, classes: tuple[int, ...], reg: np.ndarray, reg_cls: np.ndarray
) -> dict[str, Any] | None:
    """Published and our means and effects on the runs that both have; None when the file lacks the sampling, a class count or a function.

    Args:
      classes: our class counts.
      reg: ours, `(F, S, 1)`.
      reg_cls: ours, `(F, S, K)`.

    Returns:
      Means of both, and ours minus published with intervals, paired by function: of `reg`, `reg_cls` and the effect `reg - reg_cls`.
    """
    runs = published.get(sampling)
    if runs is None or not set(classes) <= set(runs.classes) or reg.shape[0] > runs.reg.shape[0]:
        return None
    columns = [runs.classes.index(count) for count in classes]
    functions, seeds = reg.shape[0], min(reg.shape[1], runs.reg.shape[1])
    theirs = [side[:functions, :seeds, columns].mean(axis=2) for side in (runs.reg, runs.reg_cls)]
    ours = [side[:, :seeds].mean(axis=2) for side in (reg, reg_cls)]
    result: dict[str, Any] = {"functions": functions, "seeds": seeds, "classes": list(classes)}
    pairs = {
        "reg": (ours[0], theirs[0]),
        "reg_cls": (ours[1], theirs[1]),
        "effect": (ours[0] - ours[1], theirs[0] - theirs[1]),
    }
    for name, (our, their) in pairs.items():
        gap = statistics.mean(our - their)
        result[name] = {"ours": _interval(our), "published": _interval(their), "gap": _plain(gap)}
    for name, (first, second) in {"ours": ours, "published": theirs}.items():
        relative = statistics.ratio(second - first, first)
        result.setdefault("relative", {})[name] = {"value": relative.value, "low": relative.low, "high": relative.high}
    return result


def _plain(average: statistics.Mean) -> dict[str, float]:
    return {"value": average.value, "low": average.low, "high": average.high, "p": average.p}


def _interval(values: np.ndarray) -> dict[str, float]:
    return _plain(statistics.mean(values))
