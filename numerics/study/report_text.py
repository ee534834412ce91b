"""A report as text for people and as csv for machines. Nothing is computed here."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any


def number(value: Any, digits: int = 4) -> str:
    """A number, or a word where it is none."""
    if value is None or math.isnan(value):
        return "undefined"
    return f"{value:.{digits}f}" if math.isfinite(value) and abs(value) < 1e4 else f"{value:.3g}"


def percent(value: Any) -> str:
    """A share as a percentage with its sign."""
    return number(value) if value is None or not math.isfinite(value) else f"{100 * value:+.1f} %"


def interval(entry: Mapping[str, Any], digits: int = 4) -> str:
    """`[low, high]`."""
    return f"[{number(entry['low'], digits)}, {number(entry['high'], digits)}]"


def grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned columns, the first to the left."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    return [
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *rows)
    ]


def condition_words(condition: Mapping[str, Any]) -> str:
    """A condition on one line."""
    layers = "-".join(map(str, condition["hidden"]))
    return (
        f"{condition['setting']}, {condition['optimizer']} {condition['learning_rate']:g}, lambda {condition['scale']:g}, "
        f"decay {condition['decay']:g}, noise {condition['noise']:g}, hidden {layers}, {condition['epochs']} epochs"
    )


def _power(cell: Mapping[str, Any], power: float) -> str:
    """What the column *detectable* means, and the published effect to set it beside."""
    sought = cell["yardstick"]
    words = "no published effect to compare with"
    if sought is not None:
        words = f"the published effect is {100 * sought['share']:.1f} % of reg, here {number(sought['difference'])}"
    return f"detectable: the smallest true difference established with probability {power:g} after Holm; {words}"


def _cell(cell: Mapping[str, Any], power: float) -> list[str]:
    functions = f"{cell['functions']} {'drawn functions' if cell['drawn'] else 'functions of the paper'}"
    title = f"{condition_words(cell['condition'])} | {cell['sampling']} | {functions} | {cell['metric']}"
    lines = [title, "-" * len(title)]
    arms = [
        (row["arm"], number(row["value"]), interval(row), str(row["runs"]), str(row["diverged"]))
        for row in cell["arms"]
        if row["classes"] is None
    ]
    lines += [*grid(("arm", "mean", "95 % interval", "runs", "diverged"), arms), ""]
    contrasts = [
        (
            f"{row['name']}: {row['base']} - {row['arm']}",
            number(row["difference"]),
            interval(row),
            percent(row["relative"]["value"]),
            f"{100 * row['win_rate']:.0f} %",
            number(row["p"]),
            number(row["holm"]),
            "none" if row["detectable"] == math.inf else number(row["detectable"]),
        )
        for row in cell["contrasts"]
        if row["classes"] is None
    ]
    head = (
        "contrast (positive: the second is better)",
        "mean",
        "95 % interval",
        "change",
        "wins",
        "p",
        "Holm",
        "detectable",
    )
    lines += grid(head, contrasts)
    lines.append(_power(cell, power))
    share = cell["attribution"]
    if share is not None:
        words = share["note"] or f"{percent(share['value'])} [{percent(share['low'])}, {percent(share['high'])}]"
        lines.append(f"attribution: share of reg - reg_cls that the loss scale alone explains: {words}")
    beside = cell.get("published")
    if beside is not None:
        rows = [
            (
                name,
                *(
                    f"{number(beside[name][side]['value'])} {interval(beside[name][side])}"
                    for side in ("ours", "published", "gap")
                ),
            )
            for name in ("reg", "reg_cls", "effect")
        ]
        lines += ["", *grid(("beside the published runs", "ours", "published", "ours - published"), rows)]
    return [*lines, f"verdict: {cell['verdict']} ({cell['reason']})", ""]


def _map(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    if not entries:
        return ["map: no condition has the arms reg, reg_scaled, reg_cls and reg_cls_placebo", ""]
    shown = [entry for entry in entries if entry["effect"] != "none"]
    lines = [
        f"map: {len(entries)} conditions; plain classification has an effect that neither scale nor placebo explains in {len(shown)} "
        "(Holm over all of them)"
    ]
    rows = [
        (
            f"{condition_words(entry['condition'])}, {entry['sampling']}, K = {entry['classes']}",
            entry["effect"],
            percent(entry["relative"]["value"]),
            number(entry["holm"]),
        )
        for entry in shown
    ]
    return [*lines, *(grid(("condition", "error", "change", "Holm"), rows) if rows else []), ""]


def _published(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    body = [
        (
            row["sampling"],
            number(row["reg"]),
            number(row["reg_cls"]),
            f"{number(row['difference'])} {interval(row)}",
            f"{percent(row['relative']['value'])} [{percent(row['relative']['low'])}, {percent(row['relative']['high'])}]",
            f"{100 * row['win_rate']:.0f} %",
            number(row["holm"]),
        )
        for row in rows
    ]
    head = ("sampling", "reg", "reg_cls", "reg - reg_cls", "change", "wins", "Holm")
    return ["published runs alone, same statistics (functions are the clusters)", *grid(head, body), ""]


def text(report: Mapping[str, Any]) -> str:
    """The report for a terminal; the summary comes last."""
    lines: list[str] = []
    for cell in report["cells"]:
        lines += _cell(cell, report["power"])
    if "published" in report:
        lines += _published(report["published"])
    if "map" in report:
        lines += _map(report["map"])
    tally: dict[str, int] = {}
    for cell in report["cells"]:
        tally[cell["verdict"]] = tally.get(cell["verdict"], 0) + 1
    counts = ", ".join(f"{count} {name}" for name, count in sorted(tally.items()))
    lines.append(f"{report['trainings']} trainings, {report['diverged']} diverged; verdicts: {counts}")
    return "\n".join(lines) + "\n"


def table(report: Mapping[str, Any]) -> str:
    """Every arm's mean and every contrast as csv, numbers with all their digits."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    fields = ("setting", "optimizer", "learning_rate", "scale", "decay", "noise", "hidden", "epochs", "batch", "dtype")
    columns = ("row", "name", "base", "arm", "classes", "value", "low", "high", "p", "holm", "detectable")
    more = ("relative", "relative_low", "relative_high", "win_rate", "runs", "diverged", "verdict")
    writer.writerow((*fields, "sampling", "functions", "drawn", "metric", *columns, *more))
    for cell in report["cells"]:
        condition = {**cell["condition"], "hidden": "-".join(map(str, cell["condition"]["hidden"]))}
        head = (*(condition[name] for name in fields), cell["sampling"])
        head = (*head, cell["functions"], cell["drawn"], cell["metric"])
        for row in cell["arms"]:
            values = (row["value"], row["low"], row["high"])
            classes = "all" if row["classes"] is None else row["classes"]
            writer.writerow(
                (*head, "mean", "", "", row["arm"], classes, *values, *[""] * 7, row["runs"], row["diverged"], "")
            )
        for row in cell["contrasts"]:
            relative = row["relative"]
            pooled = row["classes"] is None
            writer.writerow(
                (
                    *(*head, "contrast", row["name"], row["base"], row["arm"], "all" if pooled else row["classes"]),
                    *(row["difference"], row["low"], row["high"], row["p"], row["holm"], row["detectable"]),
                    *(relative["value"], relative["low"], relative["high"], row["win_rate"], row["pairs"]),
                    row["diverged_base"] + row["diverged_arm"],
                    cell["verdict"] if pooled and row["name"] == "claim" else "",
                )
            )
    return stream.getvalue()
