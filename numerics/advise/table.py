"""The report for readers. Nothing is computed here."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from numerics.verify.table import console, new_table, show, show_table

WIDTH = 110
VERDICTS = {
    "classes": "add a prior-corrected classification term with {classes} classes ({kind} edges)",
    "depends": "{classes} classes ({kind} edges) if inputs are noisy enough: see the table over noises, or give --noise",
    "none": "no classification term",
}


def whole(report: dict[str, Any], saved: Sequence[str], *, quiet: bool) -> None:
    """Prints the report; `saved` is what was written and, after it, the snippets, which `quiet` leaves to their files."""
    printer = console()
    if not quiet:
        show(printer, *(f"{line}." for line in report["labels"]["words"]))
        _imbalance(printer, report)
        _remainder(printer, report)
        _noises(printer, report)
    _answer(printer, report)
    for warning in report["warnings"]:
        show(printer, *_wrapped(f"warning: {warning}."), style="yellow")
    if not quiet:
        show(printer, "", *_wrapped(report["plain"]))
    if saved:
        show(printer, "", *(saved[:1] if quiet else saved))


def _wrapped(line: str) -> list[str]:
    return textwrap.wrap(line, WIDTH, subsequent_indent="  ", break_on_hyphens=False)


def number(value: Any, digits: int = 4) -> str:
    """A few digits; words pass through, None is a dash."""
    if value is None:
        return "-"
    if isinstance(value, str | int):
        return str(value)
    return "-" if value != value else "infinite" if value in (float("inf"), float("-inf")) else f"{value:.{digits}g}"


def _imbalance(printer: Any, report: dict[str, Any]) -> None:
    found, n = report["imbalance"], report["labels"]["n"]
    show(printer, "", f"imbalance against the reference ({report['reference']})", style="bold")
    kl = "infinite" if found["price_is_infinite"] else f"{number(found['kl'])} nats"
    show(
        printer,
        f"  KL(q_y||p_y) {kl}: the most that imbalance can cost in log-loss; reversed {number(found['kl_reversed'])}",
        f"  largest to least p/q {number(found['ratio'], 3)}; chi-square {number(found['chi_square'])}:"
        f" {n} labels are worth n_eff = {number(found['n_eff'])} balanced ones",
    )


def _remainder(printer: Any, report: dict[str, Any]) -> None:
    show(
        printer,
        "",
        "what K classes leave at most: W of these labels [95 % for the law behind them, sampling bias taken off] + estimating the masses",
        style="bold",
    )
    kinds = list(report["remainder"])
    asked = sorted({row["asked"] for kind in kinds for row in report["remainder"][kind]})
    table = new_table([("K", "right"), *((kind, "left") for kind in kinds)], printer)
    for count in asked:
        cells = []
        for kind in kinds:
            row = next((row for row in report["remainder"][kind] if row["asked"] == count), None)
            if row is None:
                cells.append("")
                continue
            left = "" if row["classes"] == count else f" ({row['classes']} left)"
            cells.append(
                f"{number(row['W'], 3)} [{number(row['low'], 3)}, {number(row['high'], 3)}] + {number(row['penalty'], 2)}{left}"
            )
        table.add_row(str(count), *cells)
    show_table(printer, table)


def _noises(printer: Any, report: dict[str, Any]) -> None:
    count = report["recommended"]["classes"]
    show(
        printer,
        "",
        f"if labels of one input spread by s (Gaussian): price, and what {count} classes make of it",
        style="bold",
    )
    headings = ("s", "price", "left after", "saved", "K needed", "squared: price", "left after", "decoded")
    table = new_table([(heading, "right") for heading in headings], printer)
    low, high = report["labels"]["support"]
    for one in report["noises"]:
        needed = (high - low) / (report["rules"]["bin_width_threshold"] * one["noise"])
        table.add_row(
            number(one["noise"], 3),
            number(one["price"], 3),
            number(one["corrected_excess"][0], 3),
            f"{one['benefit'][0]:+.3g}",
            str(int(-(-needed // 1))),
            number(one["squared_error_price"], 3),
            number(one["corrected_squared_error"][0], 3),
            number(one["decoded_squared_error"][0], 3),
        )
    show_table(printer, table)
    show(printer, "  squared: error above the best balanced predictor's; decoded: when only the class centres are used")


def _answer(printer: Any, report: dict[str, Any]) -> None:
    advice, rules, bounds = report["recommended"], report["rules"], report["bounds"]
    show(printer, "", f"advice: {VERDICTS[advice['verdict']].format(**advice)}", style="bold")
    for reason in advice["reasons"]:
        show(printer, *_wrapped(f"  because {reason}"))
    named = [
        f"W <= {number(report['epsilon'])}: {number(rules['epsilon'])}",
        f"sample_size: {number(rules['sample_size'])} (formula {number(rules['sample_size_formula'], 3)})",
        f"bin_width: {number(rules['bin_width']) if rules['bin_width'] else 'needs --noise'}",
        f"labels allow: {number(rules['most'])}",
    ]
    show(printer, f"  classes by rule: {'; '.join(named)}")
    show(
        printer,
        *_wrapped(
            f"  from labels alone the correction buys between {number(bounds['least'], 3)} and {number(bounds['most'], 3)} nats"
            f" (price <= KL(q_y||p_y), what is left <= W); {number(bounds['uninformative_inputs'], 3)} where inputs say least"
        ),
    )
    one = report["noise"]
    if one is not None:
        words = "at most " if one["upper_bounds"] else ""
        show(
            printer,
            *_wrapped(
                f"  at noise {number(one['noise'], 3)}: price {words}{number(one['price'])} nats, left {words}{number(one['corrected_excess'][0])};"
                f" in squared error {words}{number(one['squared_error_price'])} and {number(one['corrected_squared_error'][0])}"
                f" ({number(one['decoded_squared_error'][0])} when classes are decoded to their centres), on top of {number(one['balanced_risk'])} that no predictor avoids"
            ),
        )
