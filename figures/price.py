"""Figure `price`: what imbalance costs against the noise of the channel."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from figures import style


def drawable(report: dict[str, Any]) -> bool:
    return bool(report.get("curves", {}).get("noise"))


def figure(report: dict[str, Any]) -> Figure:
    drawing, axes = style.new_figure(height=2.8)
    sweep = report["curves"]["noise"]
    ceiling = report["quantities"]["kl_labels"]
    axes.plot(
        sweep["noise"], style.finite(sweep["price"]), color=style.IMBALANCED, marker="o", label="price $E_q\\Delta$"
    )
    axes.plot(
        sweep["noise"],
        style.finite(sweep["kl_inputs"]),
        color=style.BALANCED,
        linestyle="--",
        label=r"$\mathrm{KL}(q_x\|p_x)$: what inputs reveal",
    )
    if not isinstance(ceiling, str):
        axes.axhline(ceiling, color=style.BOUND, linestyle=":", label=r"$\mathrm{KL}(q_y\|p_y)$: most it can cost")
    axes.axvline(report["channel"]["noise"], color=style.BOUND, linewidth=0.6)
    style.noise_axis(axes, sweep["noise"])
    axes.set_xlabel("noise $s$ of the channel (line: this report)")
    axes.set_ylabel("nats")
    axes.set_ylim(bottom=0)
    style.legend_above(axes, columns=1)
    return drawing


def data(report: dict[str, Any]) -> dict[str, list[Any]]:
    return dict(report["curves"]["noise"])


def caption(report: dict[str, Any]) -> str:
    quantities = report["quantities"]
    return (
        f"price. What imbalance costs the best predictor in log-loss, against the noise of the {report['channel']['name'].replace('gaussian', 'Gaussian')} "
        f"channel, label density {report['density']}. At s = {style.number(report['channel']['noise'])} the price is "
        f"{style.number(quantities['price'], 4)} nats of at most {style.number(quantities['kl_labels'], 4)}. Without noise "
        "nothing is paid: inputs that determine the label make the two posteriors equal."
    )
