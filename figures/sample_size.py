"""Figure `sample_size`: the label bound with estimated class priors against the number of classes, for several sample sizes."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

DASHES = ("-", "--", "-.", (0, (1, 1)))
MARKERS = ("o", "s", "^", "D")


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("sample_size"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.9)
    curves = report["curves"]["sample_size"]
    classes = curves["classes"]
    axes.plot(classes, style.finite(curves["remainder"]), color=style.REMAINDER, linestyle=":", label="$W$ alone")
    for sample, dash, marker in zip(curves["samples"], DASHES, MARKERS, strict=True):
        power = len(str(sample["n"])) - 1
        bound = style.finite(sample["bound"])
        axes.plot(classes, bound, color=style.CORRECTED, linestyle=dash, label=f"$n = 10^{power}$")
        place = min(range(len(bound)), key=bound.__getitem__)
        axes.plot([classes[place]], [bound[place]], color=style.CORRECTED, marker=marker, linestyle="none")
        best = sample.get("best")
        if best and classes[0] <= best <= classes[-1]:
            axes.axvline(best, color=style.BOUND, linestyle=dash, linewidth=0.7)
    axes.set_yscale("log")
    style.classes_axis(axes, classes)
    axes.set_ylabel("$W$ + expected penalty (nats)")
    style.legend_above(axes, columns=3)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["sample_size"]
    columns = {"classes": curves["classes"], "remainder": curves["remainder"]}
    columns |= {f"bound_{sample['n']}": sample["bound"] for sample in curves["samples"]}
    best = [sample["best"] for sample in curves["samples"] if "best" in sample]
    numbers = [sample["n"] for sample in curves["samples"] if "best" in sample]
    return columns | ({"best_number_n": numbers, "best_number": best} if best else {})


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["sample_size"]
    text = (
        f"sample_size. W plus what class priors estimated from n labels cost on average, label density {report['density']}; "
        "symbols: the best K among those drawn."
    )
    best = [(sample["n"], sample["best"]) for sample in curves["samples"] if "best" in sample]
    if best:
        text += " Grey lines: K*, " + ", ".join(f"{style.number(value)} for n = {n}" for n, value in best)
        text += ", where W follows its asymptote."
    return text
