"""All networks of a run, one after another: each is written when it is done, and the report is made of what is there."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from numerics import provenance
from numerics.study import protocol
from unskew.ground import files
from unskew.ground.refusals import InputError

KINDS = ("true", "permuted", "soft")
SCHEMA = "first_order/1"


@dataclass(frozen=True)
class Options:
    """What is run: see the command's help."""

    functions: int
    width: int
    decay: float
    points: int
    classes: tuple[int, ...]
    samplings: tuple[str, ...]

    def check(self) -> None:
        """Refuses what cannot be run.

        Raises:
          InputError: naming the option.
        """
        if not 1 <= self.functions <= len(protocol.FUNCTIONS):
            raise InputError(f"--functions {self.functions}", f"give 1 to {len(protocol.FUNCTIONS)}")
        if not 1 <= self.width <= 65:
            raise InputError(f"--width {self.width}", "give 1 to 65")
        if not 0 < self.decay < 1:
            raise InputError(f"--decay {self.decay}", "give a positive one below 1: without it no minimum is isolated")
        if not 32 <= self.points <= 20_000:
            raise InputError(f"--points {self.points}", "give 32 to 20000")
        for count in self.classes:
            if not 2 <= count <= 1024:
                raise InputError(f"--classes {count}", "give 2 to 1024")
        for name in self.samplings:
            if name not in protocol.SAMPLINGS:
                raise InputError(f"--samplings {name[:30]!r}", f"use {', '.join(protocol.SAMPLINGS)}")


def run(options: Options, folder: Path) -> int:
    """Computes what is missing, with progress and time left on standard error, then writes and prints the report."""
    options.check()
    import jax

    jax.config.update("jax_enable_x64", True)
    files.make_folder(folder)
    cells = [(sampled, function) for function in range(options.functions) for sampled in options.samplings]
    rows, begun, done = [], time.monotonic(), 0
    for place, (sampled, function) in enumerate(cells):
        path = folder / f"{sampled}-{function}-{options.width}-{options.decay:g}-{options.points}.json"
        stored = json.loads(path.read_text()) if path.is_file() else None
        if stored is None or stored["classes"] != list(options.classes):
            stored = cell(options, sampled, function)
            files.write_json(path, stored)
            done += 1
            left = (time.monotonic() - begun) / done * (len(cells) - place - 1)
            print(f"{place + 1} of {len(cells)} networks, {left / 60:.1f} min left", file=sys.stderr)
        rows.append(stored)
    report = {
        "schema": SCHEMA,
        "options": asdict(options),
        "networks": rows,
        "summary": list(summary(rows)),
        "made": provenance.made("python -m numerics.first_order", {"function": list(range(options.functions))}),
    }
    files.write_json(folder / "report.json", report)
    show(report, folder)
    return 0


def cell(options: Options, sampled: str, function: int) -> dict[str, Any]:
    """One network: its minimum and the effects of all plain terms on it."""
    from numerics.first_order import effect, network

    own = network.data(sampled, function, 0, options.points)
    net = network.network(options.width, options.decay)
    at = effect.minimum(net, own, options.decay, network.initial(function, 0, options.width))
    effects = [
        {"classes": count, "kind": kind, **asdict(effect.effect(net, own, at, count, kind, function))}
        for count in options.classes
        for kind in KINDS
        if at.real
    ]
    return {
        "sampling": sampled,
        "function": function,
        "classes": list(options.classes),
        "gradient": at.gradient,
        "least": at.least,
        "real": at.real,
        "loss": float(net.loss(at.theta, own.x, own.y)),
        "risk": float(net.risk(at.theta, own.uniform_x, own.uniform_y)),
        "effects": effects,
    }


def summary(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """By sampling and kind: the mean slope over functions (class counts averaged first) over the risk, with its Student interval, and agreement."""
    from scipy import stats

    for sampled in dict.fromkeys(row["sampling"] for row in rows):
        for kind in KINDS:
            slopes, errors, helps, terms = [], [], 0, 0
            for row in rows:
                own = [each for each in row["effects"] if row["sampling"] == sampled and each["kind"] == kind]
                if own:
                    slopes.append(float(np.mean([each["predicted"] for each in own])) / row["risk"])
                    errors += [
                        abs(each["measured"] / each["predicted"] - 1) for each in own if each["measured"] is not None
                    ]
                    terms += len(own)
                    helps += sum(each["predicted"] < 0 for each in own)
            if not slopes:
                continue
            few = len(slopes) < 2
            spread = float("nan") if few else float(np.std(slopes, ddof=1)) / len(slopes) ** 0.5
            half = None if few else float(stats.t.ppf(0.975, len(slopes) - 1)) * spread
            yield {
                "sampling": sampled,
                "kind": kind,
                "networks": len(slopes),
                "slope": float(np.mean(slopes)),
                "half": half,
                "helps": helps,
                "terms": terms,
                "measured": len(errors),
                "median_error": float(np.median(errors)) if errors else None,
                "largest_error": max(errors, default=None),
            }


def measured(row: dict[str, Any]) -> str:
    """What training on says of the prediction, in words."""
    if not row["measured"]:
        return "measured in none"
    return f"measured in {row['measured']}, differs by {row['median_error']:.1e} (median), {row['largest_error']:.1e} at most"


def show(report: dict[str, Any], folder: Path) -> None:
    """Prints the report, what is wrong with it first."""
    rows = report["networks"]
    lost = [row for row in rows if not row["real"]]
    print(
        f"{len(rows) - len(lost)} of {len(rows)} networks reached a minimum (no slope, positive curvature); the others are left out"
    )
    print("d log R_q/d lambda at 0, mean over functions; below zero a plain term helps")
    for row in report["summary"]:
        interval = (
            "" if row["half"] is None else f" [{row['slope'] - row['half']:.3g}, {row['slope'] + row['half']:.3g}]"
        )
        print(
            f"  {row['sampling']:<9} {row['kind']:<9} {row['slope']:.3g}{interval}, helps in {row['helps']} of {row['terms']}; "
            f"{measured(row)}"
        )
    print(f"written to {folder}/report.json")
