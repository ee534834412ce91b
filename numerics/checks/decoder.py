"""decoder: from a class predictor to a value; how large the squared error can be when the cross-entropy is small."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import numpy as np

from numerics.checks.common import Page, rounded
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON
from numerics.records import Check, Estimate, Falsifier
from numerics.world import World, bin_index

RESULT = "decoder"
INPUTS = 129
LABEL_ORDER = 6
UNEQUAL = (0.0, 0.1, 0.35, 1.0)
"""Edges of classes of unequal width, as shares of the support."""
MISSES = (0.0, 0.2, 0.9)
RANGES = (0.3, 2.0, 5.0)


@dataclass(frozen=True)
class Grid:
    """A world cut down to finitely many inputs and labels, on which every bound holds exactly as it does on the whole.

    Attributes:
      y: labels, (n,).
      q, p: joint masses, (inputs, n) each.
      low, high: ends of Y.
    """

    y: np.ndarray
    q: np.ndarray
    p: np.ndarray
    low: float
    high: float


@dataclass(frozen=True)
class Decoded:
    """What a class predictor is worth on a grid, under q.

    Attributes:
      hard, soft: R_q of the argmax decoder and of the mean of centres.
      errors: Err_c, (bins,).
      entropy_q, entropy_p: CE_c under q_{y|c} and p_{y|c}, (bins,).
      miss, miss_square: E_q v and E_q v^2, v = 1 - phat(c|x).
      mass: q_c, (bins,).
    """

    hard: float
    soft: float
    errors: np.ndarray
    entropy_q: np.ndarray
    entropy_p: np.ndarray
    miss: float
    miss_square: float
    mass: np.ndarray


def grid(here: World) -> Grid:
    """Equally spaced inputs from four noises below the labels to four above, quadrature nodes or atoms as labels."""
    low, high = (float(end) for end in here.law.support)
    reach = 4 * here.channel.noise
    nodes = here.law.nodes((), LABEL_ORDER, here.law.length / 64)
    x = np.linspace(low - reach, high + reach, INPUTS)
    kernel = np.exp(here.channel.log_density(x[:, None], nodes.y[None, :]))
    q = kernel / kernel.sum(axis=0) * nodes.weight
    ratio = np.exp(nodes.log_ratio)
    p = q * ratio
    return Grid(nodes.y, q / q.sum(), p / p.sum(), low, high)


def posterior(joint: np.ndarray, place: np.ndarray, number: int) -> np.ndarray:
    """Class probabilities at each input, (inputs, bins); equal ones where an input never occurs."""
    sums = joint @ np.eye(number)[place]
    total = sums.sum(axis=1, keepdims=True)
    return np.where(total > 0, sums / np.where(total > 0, total, 1.0), 1 / number)


def decode(here: Grid, edges: np.ndarray, predicted: np.ndarray) -> Decoded:
    """Evaluates a class predictor, shape (inputs, bins), by plain sums over inputs and labels."""
    number = len(edges) - 1
    centres = (edges[1:] + edges[:-1]) / 2
    place = np.searchsorted(edges[1:-1], here.y, side="right")
    hard, soft = centres[predicted.argmax(axis=1)], predicted @ centres
    own = predicted[:, place]
    loss = -np.log(np.maximum(own, 1e-300))
    members = np.eye(number)[place]
    mass_q, mass_p = here.q.sum(axis=0) @ members, here.p.sum(axis=0) @ members

    def by_class(joint: np.ndarray, mass: np.ndarray, term: np.ndarray) -> np.ndarray:
        sums: np.ndarray = (joint * term).sum(axis=0) @ members
        return np.where(mass > 0, sums / np.where(mass > 0, mass, 1.0), np.nan)

    wrong = predicted.argmax(axis=1)[:, None] != place[None, :]
    return Decoded(
        hard=float((here.q * (here.y[None, :] - hard[:, None]) ** 2).sum()),
        soft=float((here.q * (here.y[None, :] - soft[:, None]) ** 2).sum()),
        errors=by_class(here.q, mass_q, wrong),
        entropy_q=by_class(here.q, mass_q, loss),
        entropy_p=by_class(here.p, mass_p, loss),
        miss=float((here.q * (1 - own)).sum()),
        miss_square=float((here.q * (1 - own) ** 2).sum()),
        mass=mass_q,
    )


@dataclass(frozen=True)
class Knobs:
    """The bounds with what may be mistaken in them; see `checks`."""

    cross: float
    tie: float
    middle: float
    transport: float
    widest: bool
    beyond: float
    by_width: bool
    uniform: bool

    def hard(self, d: float, D: float, errors: Any) -> Any:
        """d^2/4 + D (D - d) sum q_c Err_c."""
        return d * d / 4 + self.beyond * self.cross * D * (D - d) * errors

    def soft(self, d: float, D: float, miss: Any, miss_square: Any) -> Any:
        """d^2/4 + d (D - d) E v + (D - d)^2 E v^2."""
        return d * d / 4 + self.beyond * (self.middle * d * (D - d) * miss + (D - d) ** 2 * miss_square)

    def soft_by_cross_entropy(self, d: float, D: float, entropy: Any) -> Any:
        """d^2/4 + D (D - d) sum q_c CE_c."""
        return d * d / 4 + self.beyond * (d if self.by_width else D) * (D - d) * entropy

    def tied(self, classes: int) -> float:
        """The least loss of an input whose argmax is wrong."""
        return math.log(classes) if self.uniform else self.tie


def checks(
    evidence: Evidence,
    *,
    cross: float = 1.0,
    tie: float = math.log(2),
    middle: float = 1.0,
    transport: float = 1.0,
    widest: bool = False,
    beyond: float = 1.0,
    by_width: bool = False,
    uniform: bool = False,
    narrowest: bool = False,
) -> list[Check]:
    """The bounds for the class posterior of p, plain and corrected, on the run's labels; worlds that attain them; one that breaks a version.

    Args:
      cross: factor of D (D - d) sum q_c Err_c; 1 in the theorem.
      tie: Err_c <= CE_c/this; log 2 in the theorem.
      middle: factor of d (D - d) E v for the soft decoder; 1 in the theorem.
      transport: CE_c^q <= e^(this w_c) CE_c^p; 1 in the theorem.
      widest: take the widest bin for the narrowest in the bound for unequal widths.
      beyond: factor of all that stands beside d^2/4; 1 in the theorem.
      by_width: put d (D - d) for D (D - d) before the cross-entropy.
      uniform: Err_c <= CE_c/log K, as if a wrong argmax left the true class no more than 1/K.
      narrowest: claims that the example with two bins breaks the bound with the narrowest bin as well.
    """
    page = Page(evidence, RESULT)
    knobs = Knobs(cross, tie, middle, transport, widest, beyond, by_width, uniform)
    here, D = grid(evidence.world), evidence.world.law.length
    for entry in evidence.quantities.per_classes:
        edges = np.array([float(edge) for edge in entry.bins.edges])
        if len(edges) < 3:
            continue
        _fitted(page, entry.classes, edges, D, knobs)
        for name, predicted in predictors(here, edges, entry.bins.q, entry.bins.p):
            made = decode(here, edges, predicted)
            _bounds(page, entry.classes, made, edges, D, name, entry.bins.oscillation, knobs)
    edges = here.low + np.array(UNEQUAL) * D
    place = bin_index(edges.tolist(), here.y)
    if len(set(place.tolist())) == 3:
        predicted = posterior(here.p, place, 3)
        _unequal(page, decode(here, edges, predicted), edges, D, "p(c|x), unequal widths", widest)
    with page.elsewhere("labels at an end of Y"):
        _attained(page, knobs)
    with page.elsewhere("bins [0, 9/10) and [9/10, 1], labels at 0, always decoded to the second"):
        made = decode(
            Grid(np.zeros(1), np.ones((1, 1)), np.ones((1, 1)), 0.0, 1.0),
            np.array([0, 0.9, 1.0]),
            np.array([[0.0, 1.0]]),
        )
        note = "R_q exceeds the bound with d the largest width in both terms"
        told = 361 / 400 if narrowest else 121 / 400
        page.add("widest_bin_fails", "counterexample", rounded(told), rounded(made.hard, 16), note)
        _unequal(page, made, np.array([0, 0.9, 1.0]), 1.0, "the narrowest bin in the second term", widest)
    return page.checks


def predictors(here: Grid, edges: np.ndarray, q: np.ndarray, p: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """The class posterior of p, and the same corrected for the prior."""
    plain = posterior(here.p, np.searchsorted(edges[1:-1], here.y, side="right"), len(edges) - 1)
    if not np.all(p > 0):
        return [("p(c|x)", plain)]
    corrected = plain * (q / p)
    return [("p(c|x)", plain), ("corrected", corrected / corrected.sum(axis=1, keepdims=True))]


def _bounds(
    page: Page,
    K: int,
    made: Decoded,
    edges: np.ndarray,
    D: float,
    name: str,
    oscillation: np.ndarray,
    knobs: Knobs,
) -> None:
    there = np.isfinite(made.entropy_q)
    error = float(made.mass[there] @ made.errors[there])
    entropy = float(made.mass[there] @ made.entropy_q[there])
    d = float(np.max(np.diff(edges)))
    equal = np.ptp(np.diff(edges)) <= 16 * EPSILON * D
    off = 64 * EPSILON * D * D

    def bound(value: float) -> Estimate:
        return Estimate(value, off * (1 + abs(entropy)))

    if equal:
        hard, soft = Estimate(made.hard, off), Estimate(made.soft, off)
        page.add(
            "hard",
            "upper bound",
            bound(knobs.hard(d, D, error)),
            hard,
            f"R_q by argmax of {name}",
            classes=K,
        )
        told = knobs.soft(d, D, made.miss, made.miss_square)
        page.add("soft", "upper bound", bound(told), soft, f"R_q by mean of centres, {name}", classes=K)
        told = knobs.soft_by_cross_entropy(d, D, entropy)
        page.add("soft_by_cross_entropy", "upper bound", bound(told), soft, name, classes=K)
    else:
        _unequal(page, made, edges, D, name, knobs.widest, K)
    tie = knobs.tied(len(edges) - 1)
    # The class that comes closest to its bound.
    closest = int(np.nanargmax(np.where(there, made.errors - made.entropy_q / tie, np.nan)))
    page.add(
        "errors_by_cross_entropy",
        "upper bound",
        rounded(float(made.entropy_q[closest]) / tie, 64, 1 + float(made.entropy_q[closest])),
        rounded(float(made.errors[closest]), 64, 1.0),
        f"class {closest + 1}, {name}",
        classes=K,
    )
    usable = there & np.isfinite(made.entropy_p) & np.isfinite(oscillation)
    if not usable.any():
        page.skip("transport", "upper bound", "infinite: the log ratio has no finite range on any class", classes=K)
        return
    log_room = np.where(
        usable,
        knobs.transport * oscillation
        + np.log(np.maximum(made.entropy_p, 1e-300))
        - np.log(np.maximum(made.entropy_q, 1e-300)),
        np.inf,
    )
    closest = int(np.argmin(log_room))
    told = math.exp(min(knobs.transport * float(oscillation[closest]), 700.0)) * float(made.entropy_p[closest])
    page.add(
        "transport",
        "upper bound",
        rounded(told, 256, told),
        rounded(float(made.entropy_q[closest]), 64),
        f"CE_c^q, class {closest + 1}, {name}",
        classes=K,
    )


def _fitted(
    page: Page,
    K: int,
    edges: np.ndarray,
    D: float,
    knobs: Knobs,
) -> None:
    """Trained class networks: each repetition's own numbers, the one that comes nearest to its bound; the mean and its interval in words."""
    fits = page.evidence.fits
    if fits is None:
        return
    from numerics.fits.decoded import Decoded
    from numerics.fits.summary import quantile

    if K not in fits.decoded:
        page.skip("hard", "upper bound", fits.note("class_excess", K) or "not fitted", "fitted", K)
        return
    own = {part.name: np.array([getattr(one, part.name) for one in fits.decoded[K]]) for part in fields(Decoded)}
    d = float(np.max(np.diff(edges)))
    # The rule's inputs and labels are a finite world, on which the bounds hold; its mass is off by what the rule leaves out.
    rounding = 4096 * EPSILON * (1 + float(own["entropy"].max()))
    off = D * D * (float(np.abs(own["off"]).max()) + rounding)
    bounds = {
        "hard": knobs.hard(d, D, own["errors"]),
        "soft": knobs.soft(d, D, own["miss"], own["miss_square"]),
        "soft_by_cross_entropy": knobs.soft_by_cross_entropy(d, D, own["entropy"]),
    }
    if np.ptp(np.diff(edges)) > 16 * EPSILON * D:
        narrow = d if knobs.widest else float(np.min(np.diff(edges)))
        bounds = {"unequal_widths": d * d / 4 + ((D - narrow / 2) ** 2 - d * d / 4) * own["errors"]}
    for claim, bound in bounds.items():
        risk = own["hard" if claim in ("hard", "unequal_widths") else "soft"]
        nearest = int(np.argmax(risk - bound))
        half = quantile(len(risk), len(fits.quantities)) * float(risk.std(ddof=1)) / math.sqrt(len(risk))
        page.add(
            claim,
            "upper bound",
            Estimate(float(bound[nearest]), off),
            Estimate(float(risk[nearest]), off),
            f"trained networks: R_q on average {risk.mean():.6g} +- {half:.1e} over {len(risk)} seeds; the one nearest to its bound",
            source="fitted",
            classes=K,
        )
    tie = knobs.tied(len(edges) - 1)
    nearest = int(np.argmax(own["nearest_error"] - own["nearest_loss"] / tie))
    page.add(
        "errors_by_cross_entropy",
        "upper bound",
        Estimate(float(own["nearest_loss"][nearest]) / tie, rounding),
        Estimate(float(own["nearest_error"][nearest]), rounding),
        "trained networks: Err_c of the class and seed nearest to CE_c/log 2",
        source="fitted",
        classes=K,
    )
    if not np.all(np.isfinite(own["transport_room"])):
        page.skip("transport", "upper bound", "infinite: p never samples some labels", "fitted", K)
        return
    # The networks' rooms are known with w_c and without, nothing between.
    room = own["transport_room"] if knobs.transport else -own["loss_ratio"]
    page.add(
        "transport",
        "upper bound",
        Estimate(0.0, 0.0),
        Estimate(-float(room.min()), rounding),
        "trained networks: largest log(CE_c^q/CE_c^p) - w_c of any class and seed",
        source="fitted",
        classes=K,
    )


def _unequal(
    page: Page, made: Decoded, edges: np.ndarray, D: float, name: str, widest: bool, K: int | None = None
) -> None:
    widths = np.diff(edges)
    narrow, wide = float(widths.max() if widest else widths.min()), float(widths.max())
    there = np.isfinite(made.errors)
    error = float(made.mass[there] @ made.errors[there])
    told = wide**2 / 4 + ((D - narrow / 2) ** 2 - wide**2 / 4) * error
    off = 64 * EPSILON * D * D
    page.add("unequal_widths", "upper bound", Estimate(told, off), Estimate(made.hard, off), name, classes=K)


def _attained(page: Page, knobs: Knobs) -> None:
    """One label at 0 in [0, 1], two bins; and a class of two labels whose loss falls on the rarer one under p."""
    edges, one = np.array([0.0, 0.5, 1.0]), np.ones((1, 1))
    point = Grid(np.zeros(1), one, one, 0.0, 1.0)
    for v in MISSES:
        made = decode(point, edges, np.array([[1 - v, v]]))
        soft = knobs.soft(0.5, 1.0, v, v * v)
        page.add("soft_attained", "identity", rounded(soft), rounded(made.soft, 16), f"v = {v:g}")
        page.add("soft", "upper bound", rounded(soft), rounded(made.soft, 16), f"v = {v:g}")
        told = knobs.soft_by_cross_entropy(0.5, 1.0, -math.log1p(-v))
        page.add("soft_by_cross_entropy", "upper bound", rounded(told, 8), rounded(made.soft, 16), f"v = {v:g}")
        told = knobs.hard(0.5, 1.0, float(v > 0.5))
        page.add("hard", "upper bound", rounded(told), rounded(made.hard, 16), f"v = {v:g}")
    # A tie counts as an error, as the bound must allow for either way of breaking it; a third class takes no part in it.
    middle = Grid(np.array([0.5]), one, one, 0.0, 1.0)
    made = decode(middle, np.linspace(0, 1, 4), np.array([[0.5, 0.5, 0.0]]))
    told = float(made.entropy_q[1]) / knobs.tied(3)
    found = Estimate(float(made.errors[1]), 0.0)
    page.add("errors_by_cross_entropy", "upper bound", rounded(told, 8), found, "a tie at 1/2 of two classes of three")
    for w in RANGES:
        q = np.array([0.999, 0.001])
        p = q * np.array([math.exp(w), 1.0])
        p = p / p.sum()
        top = math.exp(knobs.transport * w) * p[1]
        note = f"the whole loss on the rarer of two labels, w = {w:g}"
        page.add("transport", "upper bound", rounded(float(top), 16), rounded(float(q[1]), 16), note)


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: R_q of both decoders of the plain and the corrected class posterior against K, and the soft bound."""
    here, rows = grid(evidence.world), []
    for entry in evidence.quantities.per_classes:
        edges = np.array([float(edge) for edge in entry.bins.edges])
        D, d = evidence.world.law.length, max(high - low for low, high in pairwise(edges.tolist()))
        if len(edges) < 3:
            continue
        row: dict[str, Any] = {"classes": entry.classes, "quantisation": d * d / 4}
        for name, predicted in predictors(here, edges, entry.bins.q, entry.bins.p):
            made = decode(here, edges, predicted)
            key = "plain" if name == "p(c|x)" else name
            row[f"{key}_hard"], row[f"{key}_soft"] = made.hard, made.soft
            row[f"{key}_bound"] = d * d / 4 + d * (D - d) * made.miss + (D - d) ** 2 * made.miss_square
        rows.append(row)
    return {"per_classes": rows, "balanced_risk": evidence.quantities.balanced_risk.value} if rows else {}


FALSIFIERS = (
    Falsifier(RESULT, "cross", "four fifths of D (D - d)", lambda evidence: checks(evidence, cross=0.8)),
    Falsifier(RESULT, "tie", "Err_c <= CE_c", lambda evidence: checks(evidence, tie=1.0)),
    Falsifier(RESULT, "middle", "without d (D - d) E v", lambda evidence: checks(evidence, middle=0.0)),
    Falsifier(RESULT, "transport", "e^(w/2) for e^w", lambda evidence: checks(evidence, transport=0.5)),
    Falsifier(RESULT, "same loss", "CE_c^q <= CE_c^p, e^w left out", lambda evidence: checks(evidence, transport=0.0)),
    Falsifier(
        RESULT,
        "width",
        "R_q is at most d^2/4, however often the class is wrong",
        lambda evidence: checks(evidence, beyond=0.0),
    ),
    Falsifier(RESULT, "factor", "d (D - d) before the cross-entropy", lambda evidence: checks(evidence, by_width=True)),
    Falsifier(RESULT, "uniform", "Err_c <= CE_c/log K", lambda evidence: checks(evidence, uniform=True)),
    Falsifier(
        RESULT,
        "narrowest",
        "the example breaks the bound with the narrowest bin",
        lambda evidence: checks(evidence, narrowest=True),
    ),
    Falsifier(RESULT, "widest", "d the largest width in both terms", lambda evidence: checks(evidence, widest=True)),
)
