"""Figure `predictions`: what unlabelled inputs of the training law tell of the price, and of what classes leave, by how many there are."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("predictions"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.6)
    curves = report["curves"]["predictions"]
    for key, colour, dash, words in (
        ("price", style.IMBALANCED, "-", "price $E_q\\Delta$"),
        ("left", style.CORRECTED, "--", f"left by {curves['classes']} corrected classes"),
    ):
        low, high = ends(curves, key)
        axes.fill_between(curves["inputs"], low, high, color=colour, alpha=0.25, linewidth=0)
        axes.plot(curves["inputs"], [curves[key]] * len(curves["inputs"]), color=colour, linestyle=dash, label=words)
    axes.axhline(0, color=style.BOUND, linewidth=0.6)
    axes.set_xscale("log")
    axes.set_xlim(curves["inputs"][0], curves["inputs"][-1])
    axes.set_xlabel("unlabelled inputs drawn from $p$")
    axes.set_ylabel("nats under $q$")
    style.legend_above(axes)
    return drawing


def ends(curves: dict[str, Any], key: str) -> tuple[list[float], list[float]]:
    """The ends of a band of two standard errors."""
    errors = curves[f"{key}_error"]
    return [curves[key] - error for error in errors], [curves[key] + error for error in errors]


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    curves = report["curves"]["predictions"]
    columns = {"inputs": curves["inputs"]}
    for key in ("price", "left"):
        low, high = ends(curves, key)
        columns |= {key: [curves[key]] * len(low), f"{key}_low": low, f"{key}_high": high}
    return columns


def caption(report: dict[str, Any]) -> str:
    curves = report["curves"]["predictions"]
    # The band shrinks with the square root of the number of inputs.
    least = next(
        (n for n, error in zip(curves["inputs"], curves["price_error"], strict=True) if error < curves["price"]), None
    )
    told = f"{least} inputs tell the price from zero" if least else "so few inputs do not tell the price from zero"
    return (
        "predictions. A model that is right about p(y|x) tells what imbalance costs it from inputs of the training law alone, without labels "
        f"and without the channel. Label density {report['density']}; bands are two standard errors. The price is {style.number(curves['price'])} nats, "
        f"of which {curves['classes']} corrected classes leave {style.number(curves['left'])}; {told}."
    )
