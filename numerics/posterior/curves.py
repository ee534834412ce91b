"""Arrays for the figures: means, posteriors and the extra error term on grids."""

from __future__ import annotations

import numpy as np

from numerics.laws.density import Density
from numerics.posterior.arrays import Prepared, evaluate
from numerics.world import World

INPUTS = 193
LABELS = 129


def curves(here: World, prepared: Prepared) -> dict[str, np.ndarray]:
    """Arrays by name.

    Returns:
      `x` (n,), 3 noises beyond the support on both sides; `y` (k,), inside the support (a discrete law: its atoms); `log_ratio` l (k,); `density_q`, `density_p`
      (n,) of x; `f_q`, `f_p` (n,); `f_hat` (counts, n), row i for `classes[i]`; `log_z` (n,); `price_at_x` (n,), KL(q(y|x)||p(y|x)); `delta` (n, k), the
      extra error term log Z(x) - l(y); `chosen_x` (3,) and the posteriors there, `posterior_q`, `posterior_p` (3, k): densities in y (masses
      for a discrete law); `posterior_corrected` (counts, 3, k).
    """
    low, high = (float(end) for end in here.law.support)
    noise = here.channel.noise
    x = np.linspace(low - 3 * noise, high + 3 * noise, INPUTS)
    chosen = low + (high - low) * np.array([0.2, 0.5, 0.8])
    out = evaluate(prepared, np.concatenate([x, chosen]))
    y, weight, log_ratio = _labels(here)
    n = len(x)
    with np.errstate(divide="ignore"):
        kernel = (
            np.exp(here.channel.log_density(chosen[:, None], y[None, :]) - np.log(out["density"][n:, None])) * weight
        )
    log_z = out["log_z"]
    lowered = np.where(np.isfinite(log_ratio), log_ratio, np.nan)
    posterior_p = kernel * np.exp(log_ratio - log_z[n:, None])
    from numerics import world

    rows = []
    for row, edges in enumerate(here.edges):
        mass = prepared.arrays["log_mass"][row][world.bin_index(edges, y)]
        rows.append(kernel * np.exp(log_ratio - mass - out["per"]["log_z_corrected"][n:, row, None]))
    return {
        "x": x,
        "y": y,
        "log_ratio": log_ratio,
        "classes": np.array(here.classes),
        "density_q": out["density"][:n],
        "density_p": out["density"][:n] * np.exp(log_z[:n]),
        "f_q": out["f_q"][:n],
        "f_p": out["f_p"][:n],
        "f_hat": out["per"]["f_hat"][:n].T,
        "log_z": log_z[:n],
        "price_at_x": out["price"][:n],
        "delta": log_z[:n, None] - lowered[None, :],
        "chosen_x": chosen,
        "posterior_q": kernel,
        "posterior_p": posterior_p,
        "posterior_corrected": np.stack(rows),
    }


def _labels(here: World) -> tuple[np.ndarray, np.ndarray | float, np.ndarray]:
    """Labels to draw at, q there (density, or masses of a discrete law), and l."""
    if here.law.discrete:
        nodes = here.law.nodes((), 1, float("inf"))
        return nodes.y, nodes.weight, nodes.log_ratio
    assert isinstance(here.law, Density)
    low, high = (float(end) for end in here.law.support)
    # Midpoints, so that no label lies on an end or on a jump at a round number.
    y = low + (high - low) * (np.arange(LABELS) + 0.5) / LABELS
    density = 1.0 / here.law.length
    return y, density, np.asarray(here.law.log_density(y)) - np.log(density)
