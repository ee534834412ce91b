"""Figure `first_order_networks`: the predicted first order of a plain term beside the one measured by training on, network by network."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style

LOOKS = {"true": ("o", style.CLASS_PART), "soft": ("^", style.CORRECTED), "permuted": ("x", style.IMBALANCED)}


def drawable(report: dict[str, Any]) -> bool:
    return any(network["effects"] for network in report.get("networks", ()))


def _points(report: dict[str, Any], kind: str) -> list[tuple[float, float]]:
    """Slopes of log R_q in the weight."""
    return [
        (effect["predicted"] / network["risk"], effect["measured"] / network["risk"])
        for network in report["networks"]
        for effect in network["effects"]
        if effect["kind"] == kind and effect["measured"] is not None
    ]


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.8)
    everything = [value for kind in LOOKS for point in _points(report, kind) for value in point]
    ends = [min(everything), max(everything)]
    axes.plot(ends, ends, color=style.BOUND, linewidth=0.7, label="as predicted")
    for kind, (marker, colour) in LOOKS.items():
        points = _points(report, kind)
        axes.plot(
            [point[0] for point in points],
            [point[1] for point in points],
            color=colour,
            marker=marker,
            fillstyle="none",
            linestyle="none",
            label=f"{kind} classes" if kind != "soft" else "soft labels",
        )
    axes.axhline(0, color=style.BOUND, linewidth=0.5, linestyle=":")
    axes.axvline(0, color=style.BOUND, linewidth=0.5, linestyle=":")
    axes.set_xscale("symlog", linthresh=0.01)
    axes.set_yscale("symlog", linthresh=0.01)
    axes.set_xlabel(r"predicted $d\log R_q/d\lambda$ at $\lambda = 0$")
    axes.set_ylabel("measured by training on")
    style.legend_above(axes)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    rows = [(network, effect) for network in report["networks"] for effect in network["effects"]]
    columns: dict[str, list[Any]] = {
        key: [network[key] for network, _ in rows] for key in ("sampling", "function", "risk")
    }
    return columns | {
        key: [effect[key] for _, effect in rows]
        for key in ("classes", "kind", "predicted", "measured", "weight", "training")
    }


def caption(report: dict[str, Any]) -> str:
    networks = report["networks"]
    real = sum(network["real"] for network in networks)
    options = report["options"]
    parts = [
        f"{kind}: below zero in {sum(point[0] < 0 for point in points)} of {len(points)}"
        for kind in LOOKS
        if (points := _points(report, kind))
    ]
    return (
        f"first_order_networks. Networks 1-6-{options['width']}-1 with a smooth rectifier at a minimum of their training loss ({real} of {len(networks)} reached one; decay "
        f"{options['decay']:g}, {options['points']} points). The slope of the balanced risk in the weight of a plain term, predicted from two gradients and the Hessian, and "
        f"measured by training on at small weights of both signs. Below zero the term helps. {'; '.join(parts)}."
    )
