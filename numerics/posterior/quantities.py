"""Every number of Part I by quadrature over labels and inputs: `quantities(world)`.

The labels' integrals come from `numerics.posterior.label_side`, the integrands over x from `numerics.posterior.rows`. Here they are put on panels in x, by two
orders (in x and in y at once), and turned into estimates: value, and an error that is the distance of the two orders, a rounding term and
a bound of the tails in x.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from numerics import deadline, quadrature
from numerics.posterior import label_side as labels
from numerics.posterior.arrays import Prepared, evaluate, prepare
from numerics.posterior.label_side import INFINITE, UNDEFINED, BinSide
from numerics.posterior.records import PerClasses, Quantities
from numerics.quadrature import EPSILON, ROUNDING
from numerics.records import Estimate
from numerics.world import World

TAIL = 1e-18
INPUT_ORDERS = (16, 11)
TARGET = 1e-10
MOST_INPUTS = 60_000


def quantities(here: World, *, with_curves: bool = True) -> Quantities:
    """All numbers of a world; see `Quantities`.

    Integrands over x are refined (panels halved) until the price and the squared-error price are known to `TARGET` of their scale or x has
    `MOST_INPUTS` nodes; what is then left shows in the errors.
    """
    side = labels.label_side(here.law, here.classes, here.channel.noise)
    prepared = [prepare(here, side, index) for index in range(len(side.rule.nodes))]
    width = 1.0
    while True:
        panels = input_panels(here, width)
        before = deadline.left()
        fields = _integrals(here, side, prepared, panels)
        rough = max(
            fields["price_by_tilt"].error / (1.0 + side.log_ratio_span),
            fields["squared_error_price"].error / here.law.length**2,
        )
        if rough < TARGET or 2 * len(panels) * INPUT_ORDERS[0] > MOST_INPUTS:
            break
        # Twice as many inputs take twice as long; half of what is left belongs to the checks.
        if 2 * (before - deadline.left()) > deadline.left() / 2:
            break
        width /= 2
    per = fields.pop("per")
    notes = _infinities(here, side, fields, per)
    curves = {}
    if with_curves:
        from numerics.posterior.curves import curves as draw

        curves = draw(here, prepared[0])
    return Quantities(
        kl_labels=side.kl_labels,
        kl_labels_reversed=side.kl_labels_reversed,
        chi_square=side.chi_square,
        slope_square=side.slope_square,
        lipschitz=side.lipschitz,
        log_ratio_low=side.log_ratio_low,
        log_ratio_high=side.log_ratio_high,
        per_classes=tuple(PerClasses(**entry) for entry in per),
        notes=notes,
        curves=curves,
        **fields,
    )


def input_panels(here: World, width: float) -> np.ndarray:
    """Panel edges in x: `width` noises wide over the labels and 6 noises beyond, then on to where less than `TAIL` mass is left,
    growing by half each for the channel with power-law tails."""
    noise = here.channel.noise
    low, high = (float(end) for end in here.law.support)
    reach = here.channel.reach(TAIL)
    core = min(6 * noise, reach)
    inner = quadrature.split([low - core, low, high, high + core], width * noise)
    growth = 1.5 if here.channel.name == "student" else 1.0
    beyond, step = [core], width * noise
    while beyond[-1] < reach:
        step *= growth
        beyond.append(min(beyond[-1] + step, reach))
    out = np.array(beyond[1:])
    return np.concatenate([low - out[::-1], inner, high + out])


class _Integrals:
    """Sums over x panels of the integrands, for both orders at once."""

    def __init__(self, here: World, prepared: list[Prepared], panels: np.ndarray) -> None:
        self.sides = []
        self.length = here.law.length
        for index, order in enumerate(INPUT_ORDERS):
            x, weight = quadrature.composite(panels, order)
            out = evaluate(prepared[min(index, len(prepared) - 1)], x.ravel(), weight.ravel())
            self.sides.append((out, weight.ravel() * out["density"], order))

    def __call__(self, term: Callable[[Any], np.ndarray], size: Callable[[Any], Any] | float, tail: float) -> Estimate:
        """E_{q(x)} of `term(out)`; `size` is the size of the terms that rounding acts on (a number, or a function of `out`)."""
        sums = [(term(out) * mass).reshape(-1, order).sum(axis=1) for out, mass, order in self.sides]
        out, mass, _ = self.sides[0]
        magnitude = float(np.sum(mass * size(out))) if callable(size) else size
        return quadrature.estimate(sums, magnitude, tail)

    def totals(self, name: str, row: int) -> list[Estimate]:
        """E_q[(y - f_p(x))^2; bin] or E_p, one estimate a bin; `evaluate` has already summed over x."""
        length = self.length
        fine, coarse = (out["totals"][name][row] for out, _, _ in self.sides)
        return [
            quadrature.estimate([np.array([a]), np.array([b])], length**2, length**2 * TAIL)
            for a, b in zip(fine, coarse, strict=True)
        ]

    def square(self, shift: Callable[[Any], np.ndarray], unit: float, most: float) -> Estimate:
        """E_{q(x)} shift^2. Each shift is known to `ROUNDING` units of `unit`, its square to twice the shift times that; `most` bounds the
        shift in the tails."""

        def size(out: Any) -> Any:
            return 2 * np.abs(shift(out)) * unit + ROUNDING * EPSILON * unit**2

        return self(lambda out: shift(out) ** 2, size, most**2 * TAIL)


def _integrals(here: World, side: labels.LabelSide, prepared: list[Prepared], panels: np.ndarray) -> dict[str, Any]:
    """All fields of `Quantities` that need inputs, and `per`, a list of dictionaries for `PerClasses`."""
    integral = _Integrals(here, prepared, panels)
    length, span = here.law.length, side.log_ratio_span
    # |log Z|, |E l| <= sup |l| at every x, so an integrand of the log kind is at most twice the span of l in the tails.
    logs, log_tail = 1.0 + span, 2.0 * (1.0 + span) * TAIL + side.log_ratio_error
    # A constant error of l cancels between log Z and E l, but not in a KL.
    bare_tail = 2.0 * (1.0 + span) * TAIL
    square, square_tail = length**2, length**2 * TAIL
    kl_inputs = integral(lambda out: -out["log_z"], logs, log_tail)
    kl_inputs_reversed = integral(lambda out: np.exp(out["log_z"]) * out["log_z"], logs, log_tail)
    balanced = integral(lambda out: out["variance_q"], square, square_tail)
    transferred = integral(lambda out: out["risk_p_under_q"], square, square_tail)
    kappa_size = _kappa_size(here, side)
    per = [_per_classes(here, side, integral, row) for row in range(len(side.bins))]
    for entry in per:
        entry["class_part_by_chain"] = entry["kl_classes"] - kl_inputs + entry["kl_inputs_within"]
    return {
        "kl_inputs": kl_inputs,
        "kl_inputs_reversed": kl_inputs_reversed,
        "price": integral(lambda out: out["price"], logs, log_tail),
        "price_by_tilt": integral(
            lambda out: out["price_accurate"],
            lambda out: _tilt_size(out["price_accurate"], out["log_z"], span),
            bare_tail,
        ),
        "price_by_difference": side.kl_labels - kl_inputs,
        "training_extra": integral(lambda out: out["training_extra"], logs, log_tail),
        "training_extra_by_difference": kl_inputs_reversed - side.kl_labels_reversed,
        "squared_error_price": integral.square(lambda out: out["f_p"] - out["f_q"], length, length),
        "squared_error_price_by_covariance": integral.square(
            lambda out: out["pull"], length * _inherited(span), length
        ),
        "squared_error_price_by_risk": transferred - balanced,
        "balanced_risk": balanced,
        "transferred_risk": transferred,
        "imbalanced_risk": integral(lambda out: out["variance_p"] * np.exp(out["log_z"]), square, square_tail),
        "curvature_square": integral.square(lambda out: out["kappa"], *kappa_size),
        "curvature_square_by_parts": integral.square(lambda out: out["kappa_by_parts"], *kappa_size),
        "per": per,
    }


def _per_classes(here: World, side: labels.LabelSide, integral: _Integrals, row: int) -> dict[str, Any]:
    """The fields of `PerClasses` for one partition, but for `class_part_by_chain`."""
    bins = side.bins[row]
    length, span = here.law.length, side.log_ratio_span
    logs, log_tail = 1.0 + span, 2.0 * (1.0 + span) * TAIL + side.log_ratio_error
    oscillation = float(np.max(bins.oscillation))

    # fhat - f_q = E[(y - f_q)(rhat/Zhat - 1)], and lhat has mean exponential 1 on each bin, so it lies within +-w_c everywhere.
    most = length * min(1.0, math.expm1(min(2 * oscillation, 1.0)))

    def value(name: str) -> Callable[[Any], np.ndarray]:
        return lambda out: out["per"][name][:, row]

    def excess_size(out: Any) -> Any:
        return _tilt_size(value("corrected_excess_accurate")(out), value("log_z_corrected")(out), oscillation)

    inputs_within = integral(value("inputs_within"), logs, log_tail)
    corrected_inputs = integral(lambda out: -value("log_z_corrected")(out), logs, log_tail)
    entry: dict[str, Any] = {
        "classes": bins.classes,
        "bins": bins,
        "class_part": integral(value("class_part"), logs, log_tail),
        "within_part": integral(value("within_part"), logs, log_tail),
        "within_part_by_difference": bins.remainder - inputs_within,
        "kl_inputs_within": inputs_within,
        "remainder": bins.remainder,
        "remainder_by_difference": bins.remainder_by_difference,
        "corrected_excess": integral(value("corrected_excess"), logs, log_tail),
        "corrected_excess_by_tilt": integral(
            value("corrected_excess_accurate"), excess_size, 2.0 * (1.0 + span) * TAIL
        ),
        "corrected_excess_by_difference": bins.remainder - corrected_inputs,
        "kl_inputs_corrected": corrected_inputs,
        "kl_classes": bins.kl_classes,
        "corrected_squared_error": integral.square(value("pull_hat"), length * _inherited(oscillation), most),
        "corrected_squared_error_by_means": integral.square(lambda out: value("f_hat")(out) - out["f_q"], length, most),
    }
    for world_name, masses in (("q", bins.q), ("p", bins.p)):
        entry[f"errors_{world_name}"] = tuple(
            part.scaled(1 / float(mass)) if mass > 0 else UNDEFINED
            for part, mass in zip(integral.totals(f"squares_{world_name}", row), masses, strict=False)
        )
    return entry


def _kappa_size(here: World, side: labels.LabelSide) -> tuple[float, float]:
    """For kappa = E[l' (1 + (y - f_q) d/dy log k)]: the size that rounding acts on, and a bound in the tails (|d/dy log k| is |x - y|/s^2
    for the Gaussian channel, whose square doubles the tail at most, and below 1.2/s for the others)."""
    if not (math.isfinite(side.slope_square.value) and math.isfinite(side.lipschitz.value)):
        return 0.0, 0.0
    length, noise = here.law.length, here.channel.noise
    steepest = here.channel.reach(TAIL) / noise**2 if here.channel.name == "gaussian" else 1.2 / noise
    size = math.sqrt(max(side.slope_square.value, 0.0)) * (1 + length / noise)
    return size, math.sqrt(2) * side.lipschitz.value * (1 + length * steepest)


def _inherited(oscillation: float) -> float:
    """The relative size of rounding in E[g (e^t - 1)]/Z where |Z - 1| < NEAR: E|e^t - 1| is at most expm1 of the oscillation and at most Z + 1."""
    from numerics.posterior.rows import NEAR

    return min(math.expm1(min(oscillation, 2.0)), 1.0 + 1.0 / NEAR)


def _tilt_size(kl: np.ndarray, log_z: np.ndarray, oscillation: float) -> np.ndarray:
    """The size that rounding acts on in a KL from the form E[e^t - 1 - t] - (z - log(1 + z)), z = Z - 1: both terms are sums of one sign,
    z inherits the cancellation among e^t - 1 (at most expm1 of the oscillation, or 1/NEAR + 1) but enters with slope z/(1 + z).
    Far from Z = 1 the plain logarithms are used."""
    from numerics.posterior.rows import NEAR

    z = np.expm1(np.minimum(log_z, 1.0))
    return np.where(
        np.abs(z) < NEAR, kl + z * z + np.abs(z) * _inherited(oscillation) / NEAR, 1.0 + oscillation + np.abs(log_z)
    )


def _infinities(
    here: World, side: labels.LabelSide, fields: dict[str, Any], per: list[dict[str, Any]]
) -> dict[str, str]:
    """Sets what is infinite or undefined to just that, in place, and says why, by field name."""
    notes: dict[str, str] = {}
    if here.law.discrete:
        notes["slope_square"] = notes["lipschitz"] = "undefined: discrete labels have no slope of the log ratio"
        notes["curvature_square"] = "undefined: discrete labels have no slope of the log ratio"
        fields["curvature_square"] = fields["curvature_square_by_parts"] = UNDEFINED
    if here.law.graded:
        notes["lipschitz"] = "infinite: the slope of the log density is unbounded at a root"
        notes["curvature_square"] = "undefined by parts: the slope of the log density is unbounded at a root"
        fields["curvature_square_by_parts"] = UNDEFINED
    if math.isinf(side.slope_square.value):
        notes["slope_square"] = "infinite: the slope of the log density is unbounded at a root"
    if math.isfinite(side.kl_labels.value):
        return notes
    where = "; ".join(map(str, here.law.unsampled)) or "some labels"
    never = f"labels that are never sampled (p = 0 < q): {where}"
    for name in ("price", "price_by_tilt", "price_by_difference"):
        fields[name] = INFINITE
        notes[name] = f"infinite: {never}"
    notes["kl_labels"] = notes["lipschitz"] = f"infinite: {never}"
    notes["slope_square"] = notes["curvature_square"] = f"undefined: {never}"
    fields["curvature_square"] = fields["curvature_square_by_parts"] = UNDEFINED
    for entry in per:
        bins: BinSide = entry["bins"]
        empty = bool(np.any(bins.p <= 0))
        if empty:
            undefined = [name for name in entry if isinstance(entry[name], Estimate) and name != "kl_classes"]
            for name in undefined:
                entry[name] = UNDEFINED
            entry["class_part"] = entry["class_part_by_chain"] = entry["kl_classes"] = INFINITE
            notes[f"per_classes {bins.classes}"] = "class part infinite, the rest undefined: a class is never sampled"
        else:
            for name in ("within_part", "within_part_by_difference", "remainder", "remainder_by_difference"):
                entry[name] = INFINITE
            for name in ("corrected_excess", "corrected_excess_by_tilt", "corrected_excess_by_difference"):
                entry[name] = INFINITE
            notes[f"per_classes {bins.classes}"] = f"within part, remainder and corrected excess infinite: {never}"
    return notes
