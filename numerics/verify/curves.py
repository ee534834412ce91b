"""What the figures draw, beyond the numbers of the report: plain lists, computed once and saved, so that figures compute nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from numerics import checks, quadrature
from numerics.channels import Channel
from numerics.checks.linear_predictor import class_errors, direct_risks, line
from numerics.evidence import Evidence

LEAST_NOISE = 1 / 100
"""Of the support: the plain rule of the sweep is a full matrix, and below this the price has all but vanished."""
NOISE_FACTORS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
MAP_INPUTS, MAP_LABELS = 97, 65
"""Points of the map of the extra error term: finer than a printed column shows."""


def curves(evidence: Evidence, results: Sequence[str] = checks.RESULTS) -> dict[str, Any]:
    """Curves by figure, see `figures`; the later results have theirs beside their checks, drawn for the `results` asked for."""
    from numerics.checks.fitted import measured

    drawn = {
        "noise": noise(evidence),
        "map": area(evidence),
        "posteriors": posteriors(evidence),
        "means": means(evidence),
        "bounds": bounds(evidence),
        "risk": risk(evidence),
    }
    for name in results:
        own = getattr(checks.load(name), "curves", None)
        drawn |= {name: own(evidence)} if own else {}
    if evidence.fits is None:
        return drawn
    per = []
    for K in evidence.world.classes:
        entry = {
            name: measured(evidence, quantity, K)
            for name, quantity in (
                ("plain", "plain_excess"),
                ("corrected", "corrected_excess"),
                ("corrected_squared_error", "corrected_squared_error"),
            )
        }
        if all(entry.values()):
            per.append({"classes": K, **entry})
    return {**drawn, "fits": {"per_classes": per}} if per else drawn


def noise(evidence: Evidence) -> dict[str, list[float]]:
    """The price against the scale of the channel's noise, the run's own among them; empty where the price is infinite.

    A picture needs no error estimate: KL(q_x||p_x) by one plain rule in numpy, good to about 1e-8.
    """
    here, labels = evidence.world, evidence.quantities.kl_labels.value
    if not math.isfinite(evidence.quantities.price.value):
        return {}
    rows = []
    for factor in NOISE_FACTORS:
        if factor != 1 and factor * here.channel.noise < LEAST_NOISE * here.law.length:
            continue
        if factor == 1:
            inputs = evidence.quantities.kl_inputs.value
        else:
            inputs = _kl_inputs(here.law, Channel(here.channel.name, factor * here.channel.noise))
        rows.append((factor * here.channel.noise, labels - inputs, inputs))
    return {name: [row[i] for row in rows] for i, name in enumerate(("noise", "price", "kl_inputs"))}


def _kl_inputs(law: Any, channel: Channel) -> float:
    nodes = law.nodes((), 8, min(2 * channel.noise, law.length / 64))
    low, high = (float(end) for end in law.support)
    reach = channel.reach(1e-12)
    near = min(6 * channel.noise, reach)
    core = quadrature.split([low - near, low, high, high + near], channel.noise)
    tail = near * (reach / near) ** (np.arange(1, 13) / 12) if reach > near else np.empty(0)
    x, weight = (
        part.ravel() for part in quadrature.composite(np.concatenate([low - tail[::-1], core, high + tail]), 8)
    )
    kernel = np.exp(channel.log_density(x[:, None], nodes.y[None, :]))
    q, p = kernel @ nodes.weight, kernel @ (nodes.weight * np.exp(nodes.log_ratio))
    there = (q > 0) & (p > 0)
    return float(weight[there] @ (q[there] * np.log(q[there] / p[there])))


def area(evidence: Evidence) -> dict[str, Any]:
    """Delta(x, y) on a grid, and the balanced joint density there."""
    arrays, here = evidence.quantities.curves, evidence.world
    columns = np.unique(np.linspace(0, len(arrays["x"]) - 1, MAP_INPUTS).round().astype(int))
    rows = np.unique(np.linspace(0, len(arrays["y"]) - 1, min(MAP_LABELS, len(arrays["y"]))).round().astype(int))
    x, y = arrays["x"][columns], arrays["y"][rows]
    joint = np.exp(here.channel.log_density(x[:, None], y[None, :])) / here.law.length
    return {"x": x, "y": y, "extra_error": arrays["delta"][np.ix_(columns, rows)], "joint": joint}


def posteriors(evidence: Evidence) -> dict[str, Any]:
    """Both posteriors at three inputs."""
    arrays = evidence.quantities.curves
    at = [
        {"x": float(x), "q": q, "p": p}
        for x, q, p in zip(arrays["chosen_x"], arrays["posterior_q"], arrays["posterior_p"], strict=True)
    ]
    return {"y": arrays["y"], "at": at}


def means(evidence: Evidence) -> dict[str, Any]:
    """The conditional means of both worlds and of the corrected models."""
    arrays = evidence.quantities.curves
    corrected = {str(K): row for K, row in zip(arrays["classes"], arrays["f_hat"], strict=True)}
    return {"x": arrays["x"], "balanced": arrays["f_q"], "imbalanced": arrays["f_p"], "corrected": corrected}


def bounds(evidence: Evidence) -> dict[str, list[float]]:
    """The bounds on W for each K, as they were checked."""
    from numerics.checks.remainder import bound_values

    return bound_values(evidence)


def risk(evidence: Evidence) -> dict[str, Any]:
    """The three terms of the balanced risk of the least-squares line under p."""
    here = evidence.world
    model = line(here)
    risk_q, risk_p = direct_risks(here, model)
    per = []
    for entry in evidence.quantities.per_classes:
        errors_q, errors_p = (
            np.array([e.value for e in errors]) for errors in class_errors(here, model, entry.bins.edges)
        )
        per.append(
            {
                "classes": entry.classes,
                "balanced_risk": risk_q.value,
                "imbalanced_risk": risk_p.value,
                "between": float(np.sum((entry.bins.q - entry.bins.p) * errors_p)),
                "within": float(np.sum(entry.bins.q * (errors_q - errors_p))),
            }
        )
    return {"predictor": "the least-squares line under p", "per_classes": per}


LABELS = {
    "map": ("x", "y"),
    "posteriors": ("y", "at"),
    "means": ("x", "balanced", "imbalanced", "corrected"),
    "best_classes": ("best_edges", "equal_width_edges", "equal_frequency_edges"),
    "discretisation": ("at",),
}
"""By figure, what is a label or an input; of a list of records its `x`."""


def placed(drawn: dict[str, Any], origin: float) -> dict[str, Any]:
    """The curves with labels and inputs as the user counts them, from zero."""
    if origin == 0.0:
        return drawn

    def moved(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: moved(part) for key, part in value.items()}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return [{**part, "x": part["x"] + origin} for part in value]
        return np.asarray(value) + origin

    return {
        figure: {key: moved(part) if key in LABELS.get(figure, ()) else part for key, part in content.items()}
        if isinstance(content, dict)
        else content
        for figure, content in drawn.items()
    }
