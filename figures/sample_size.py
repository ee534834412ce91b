"""Figure `sample_size`: what class priors estimated from n labels add to W, and the number of classes that is best for n labels."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

DRAWN = (10**3, 10**4, 10**5, 10**6)
DASHES = ("-", "--", "-.", (0, (1, 1)))


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("sample_size"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, (top, bottom) = style.new_figure(height=4.2, nrows=2, height_ratios=(3, 2))
    curves = report["curves"]["sample_size"]
    classes, remainder = curves["classes"], style.finite(curves["remainder"])
    top.plot(classes, remainder, color=style.REMAINDER, linestyle=":")
    labels = [(remainder[-1], "$W$", style.REMAINDER)]
    samples = [sample for sample in curves["samples"] if sample["n"] in DRAWN]
    for sample, dash in zip(samples, DASHES, strict=True):
        bound = style.finite(sample["bound"])
        top.plot(classes, bound, color=style.CORRECTED, linestyle=dash)
        if sample["least"]:
            least = sample["least"]
            top.plot([least["classes"]], [least["value"]], color=style.CORRECTED, marker="o", linestyle="none")
        labels.append((bound[-1], f"$n = 10^{power(sample['n'])}$", style.CORRECTED))
    top.set_yscale("log")
    style.classes_axis(top, style.doublings(classes))
    top.set_ylabel("$W$ + penalty (nats)")
    style.label_lines(top, labels)
    columns = data(report)
    bottom.plot(
        columns["n"],
        style.finite(columns["best_classes"]),
        color=style.CORRECTED,
        marker="o",
        linestyle="none",
        label="least of the curve",
    )
    if "formula_classes" in columns:
        bottom.plot(
            columns["n"], columns["formula_classes"], color=style.BOUND, linestyle="--", label="$K^*$ of the formula"
        )
    bottom.set_xscale("log")
    bottom.set_yscale("log")
    bottom.set_xlabel("labels $n$")
    bottom.set_ylabel("best $K$")
    bottom.minorticks_off()
    bottom.legend(loc="upper left")
    return drawing


def power(n: int) -> int:
    """The exponent of a power of ten."""
    return len(str(n)) - 1


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["sample_size"]
    columns = {"classes": curves["classes"], "remainder": curves["remainder"]}
    columns |= {f"bound_{sample['n']}": sample["bound"] for sample in curves["samples"]}
    columns["n"] = [sample["n"] for sample in curves["samples"]]
    columns["best_classes"] = [sample["least"] and sample["least"]["classes"] for sample in curves["samples"]]
    best = [sample["best"] for sample in curves["samples"] if "best" in sample]
    return columns | ({"formula_classes": best} if best else {})


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["sample_size"]
    inside = [sample for sample in curves["samples"] if sample["least"]]
    text = (
        f"sample_size. Top: W plus what class priors estimated from n labels cost on average, label density {report['density']}. "
        "Dots: the least of each curve among the K drawn. Bottom: that K against n"
    )
    if inside and "best" in inside[0]:
        ends = [inside[0], inside[-1]] if len(inside) > 1 else inside
        words = " and ".join(
            f"{sample['least']['classes']} beside {style.number(sample['best'])} for n = 10^{power(sample['n'])}"
            for sample in ends
        )
        text += f", and K*, which grows like the cube root of n: {words}. K* takes W at its asymptote, so it holds for large n"
    return text + "."
