"""Densities as people type them and worse, drawn from a seed, and what is true of them by mpmath.

Each density is text in `y` on a support, with the places and widths of its features. The reference evaluates the text with mpmath's own functions (never our parser),
on panels that it grades itself towards the features; nothing is shared with the code under test.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import mpmath
import numpy as np

DIGITS = 40
NOISE = 0.1
"""Of the channel, as a share of the support."""
CLASSES = 8
ORDERS = (20, 14)
NARROWEST, WIDEST_LOG = 1e-4, 30.0
"""Of the densities that must run: width of features as a share of the support, and the range of the logarithm."""


@dataclass(frozen=True)
class Feature:
    """Where, as a share of the support, and how wide; a width of 0 is a root, of 1 a kink."""

    place: float
    width: float


@dataclass(frozen=True)
class Generated:
    """One density.

    Attributes:
      kind: of its family, for counting.
      text: in `y`.
      support: exact ends.
      features: to which the reference grades its panels.
      panels: least number of panels that the reference needs besides.
      ordinary: must run: positive, range below e^30, features wider than 1e-4 of the support.
    """

    kind: str
    text: str
    support: tuple[Fraction, Fraction]
    features: tuple[Feature, ...]
    panels: int
    ordinary: bool


@dataclass(frozen=True)
class Shape:
    """A density on the unit interval, in `u`."""

    kind: str
    text: str
    features: tuple[Feature, ...] = ()
    panels: int = 8
    ordinary: bool = True


def decimal(value: float, digits: int = 4) -> str:
    """As one would type it."""
    return f"{value:.{digits}g}"


def _log_uniform(dice: random.Random, low: float, high: float) -> float:
    return float(10 ** dice.uniform(np.log10(low), np.log10(high)))


def _place(dice: random.Random) -> str:
    return decimal(dice.uniform(0.02, 0.98), dice.choice([2, 4, 6]))


def _smooth(dice: random.Random) -> Shape:
    a, b, c = (decimal(dice.uniform(0.1, 5)) for _ in range(3))
    n = dice.randint(2, 8)
    text = dice.choice(
        [
            f"exp(-{a}*u)",
            f"{a} + {b}*u + {c}*u**2",
            f"0.05 + 56*u*(1 - u)**{n}",
            f"1/(u + {a})**{n}",
            f"{a} + sin({b}*u)**2",
            f"exp({a}*u - {b}*u**2) + {c}",
            f"log(u + 1 + {a})",
            f"1 + tanh({a}*(u - 0.5))**2",
            f"{a}",
            f"1 + {decimal(_log_uniform(dice, 1e-12, 1e-2))}*u",
        ]
    )
    return Shape("smooth", text, (Feature(0.0, 1e-3),))


def _root_at_end(dice: random.Random) -> Shape:
    u = dice.choice(["u", "(1 - u)"])
    c = decimal(_log_uniform(dice, 1e-3, 2))
    text = dice.choice(
        [
            f"sqrt({u}) + {c}",
            f"exp(sqrt({u}))",
            f"{u}**(1/3) + {c}",
            f"{u}**(3/4) + {c}",
            f"{u}**1.5 + {c}",
            f"exp(-3*{u}**0.5)",
        ]
    )
    return Shape("root at an end", text, (Feature(0.0, 0.0), Feature(1.0, 0.0)))


def _root_inside(dice: random.Random) -> Shape:
    c, d = _place(dice), decimal(_log_uniform(dice, 1e-2, 2))
    text = dice.choice(
        [
            f"sqrt(abs(u - {c})) + {d}",
            f"abs(u - {c})**(3/4) + {d}",
            f"exp(-sqrt(abs(u - {c})))",
            f"abs(u - {c})**1.5 + {d}",
        ]
    )
    return Shape("root inside", text, (Feature(float(c), 0.0),))


def _kink(dice: random.Random) -> Shape:
    c, d, e = _place(dice), decimal(_log_uniform(dice, 1e-2, 2)), _place(dice)
    text = dice.choice(
        [
            f"abs(u - {c}) + {d}",
            f"max(u, {c}) + {d}",
            f"min(u, {c}) + {d}",
            f"exp(-3*abs(u - {c}))",
            f"max({d}, 1 - 4*abs(u - {c}))",
            f"max(u - {c}, {e} - u, {d})",
            f"min(1, max(u, {c})) + {d}",
            f"abs(abs(u - {c}) - 0.1) + {d}",
        ]
    )
    points = {float(c), float(e), float(c) - 0.1, float(c) + 0.1}
    points |= {float(c) + s * (1 - float(d)) / 4 for s in (-1, 1)} | {float(c) + float(d), float(e) - float(d)}
    points.add((float(c) + float(e)) / 2)
    return Shape("kink", text, tuple(Feature(p, 1.0) for p in points if 0 < p < 1))


def _touching(dice: random.Random) -> Shape:
    c, d = _place(dice), decimal(_log_uniform(dice, 1e-2, 2))
    text = dice.choice(
        [
            f"abs((u - {c})**2) + {d}",
            f"max((u - {c})**2, 0) + {d}",
            f"max(u, u) + {d}",
            f"max(u, min(u, {c})) + {d}",
            f"abs(u) + {d}",
            f"max(u, 0) + {d}",
            f"min(u**2, u) + {d}",
            f"abs((u - {c})**3) + {d}",
            f"max(1 - (u - {c})**2, 1) + {d}",
            f"sqrt((u - {c})**2) + {d}",
            f"abs(sin(pi*u)) + {d}",
            f"max(2*u, u + u) + {d}",
            f"max(exp(-u), 1 - u) + {d}",
        ]
    )
    return Shape("branches that touch or coincide", text, (Feature(float(c), 1.0),))


def _crossing(dice: random.Random) -> Shape:
    k = dice.randint(3, 40)
    d = decimal(_log_uniform(dice, 1e-2, 2))
    text = dice.choice(
        [f"abs(sin({k}*u)) + {d}", f"max(sin({k}*u), cos({k}*u)) + 1 + {d}", f"min(sin({k}*u), 0.5) + 1 + {d}"]
    )
    roots = {
        (np.pi * j + o) / k for j in range(-1, k) for o in (0.0, np.pi / 4, np.arcsin(0.5), np.pi - np.arcsin(0.5))
    }
    return Shape("branches that cross often", text, tuple(Feature(float(r), 1.0) for r in roots if 0 < r < 1), k)


def _peak(dice: random.Random) -> Shape:
    c, w = _place(dice), _log_uniform(dice, 1e-8, 1e-1)
    height, floor = _log_uniform(dice, 1e-2, 1e6), decimal(_log_uniform(dice, 1e-6, 1))
    h, a = decimal(height), decimal(1 / w**2)
    text = dice.choice(
        [
            f"{floor} + {h}*exp(-{a}*(u - {c})**2)",
            f"{floor} + {h}/(1 + {a}*(u - {c})**2)",
            f"1 + {floor} + tanh({decimal(1 / w)}*(u - {c}))",
            f"exp(-{decimal(1 / w)}*abs(u - {c})) + {floor}",
            f"1/((u - {c})**2 + {decimal(w**2)})",
        ]
    )
    span = np.log(max(height, 2, 1 / w**2 if text.startswith("1/((") else 0)) - np.log(float(floor))
    # A Gaussian bump that towers over its floor has features as narrow as its width over the root of twice that logarithm.
    narrow = w / (1 + np.sqrt(2 * abs(span)))
    return Shape("peak or step", text, (Feature(float(c), w / 30),), 8, narrow > NARROWEST and span < WIDEST_LOG)


def _oscillation(dice: random.Random) -> Shape:
    k = _log_uniform(dice, 1, 1e6)
    a = decimal(dice.uniform(0.1, 3))
    text = dice.choice(
        [
            f"{decimal(float(a) * 1.1)} + {a}*sin({decimal(k)}*u)",
            f"exp({a}*cos({decimal(k)}*u))",
            f"2 + sin({decimal(k)}*u)*cos(3*u)",
        ]
    )
    return Shape("oscillation", text, (), int(k) + 8, 1 / k > NARROWEST)


def _cancellation(dice: random.Random) -> Shape:
    e, k = decimal(_log_uniform(dice, 1e-12, 1e-2)), dice.randint(1, 15)
    text = dice.choice(
        [
            f"1.000001 - cos({e}*u)",
            f"exp({e}*u) - 1 + {e}",
            f"sin(1e{k}*pi + u) + 1.5",
            f"(1 + u*{e}) - 1 + {e}/10",
            f"2 + sin(1e{k} + u)",
            f"(1 + u)**3 - 1 - 3*u + {decimal(_log_uniform(dice, 1e-6, 1))}",
            f"sqrt(1 + {e}*u) - 1 + {e}",
            f"1e{k} + u - (1e{k} - 1)",
        ]
    )
    return Shape("cancellation", text, (Feature(0.0, 1e-5),))


def _range(dice: random.Random) -> Shape:
    k = decimal(dice.uniform(20, 700))
    text = dice.choice(
        [
            f"exp(-{k}*u)",
            f"exp({k}*u)",
            f"exp(-{k}*(u - 0.3)**2)",
            f"exp(-{k}*u) + 1e-9",
            f"1e300*exp(-{k}*u)",
            f"exp(-{k}*sqrt(u))",
        ]
    )
    return Shape(
        "wide range", text, (Feature(0.0, 0.0), Feature(0.3, 1e-3), Feature(min(1.0, 21 / float(k)), 1e-3)), 64, False
    )


def _mixed(dice: random.Random) -> Shape:
    first, second = (dice.choice([_smooth, _root_at_end, _root_inside, _kink, _peak])(dice) for _ in range(2))
    sign = dice.choice(["+", "*"])
    return Shape(
        "mixed",
        f"({first.text}) {sign} ({second.text})",
        first.features + second.features,
        max(first.panels, second.panels),
        first.ordinary and second.ordinary and sign == "+",
    )


FAMILIES: tuple[Callable[[random.Random], Shape], ...] = (
    _smooth, _root_at_end, _root_inside, _kink, _touching, _crossing, _peak, _oscillation, _cancellation, _range, _mixed,
)  # fmt: skip


def generate(seed: int) -> Generated:
    """The density of a seed."""
    dice = random.Random(seed)
    shape = FAMILIES[seed % len(FAMILIES)](dice)
    lower, length = Fraction(0), Fraction(1)
    if dice.random() < 0.4:
        length = Fraction(10) ** dice.randint(-9, 12)
        if dice.random() < 0.5:
            lower = dice.choice([-1, 1]) * length * dice.choice([1, 3, 10, 1000, 10**6, 10**9])
    return Generated(
        shape.kind,
        _placed(shape.text, lower, length),
        (lower, lower + length),
        shape.features,
        shape.panels,
        shape.ordinary,
    )


def _placed(text: str, lower: Fraction, length: Fraction) -> str:
    if lower == 0 and length == 1:
        return text.replace("u", "y")
    moved = "y" if lower == 0 else f"(y - {lower})" if lower > 0 else f"(y + {-lower})"
    scaled = moved if length == 1 else f"{moved}*{length.denominator}" if length < 1 else f"{moved}/{length}"
    return re.sub(r"\bu\b", f"({scaled})", text)


@dataclass(frozen=True)
class Reference:
    """Numbers in nats, each with a bound of its error; `remainder` is W of `CLASSES` equal bins, `price` under Gaussian noise of `NOISE` of the support."""

    kl_labels: tuple[float, float]
    kl_labels_reversed: tuple[float, float]
    remainder: tuple[float, float]
    price: tuple[float, float]


_NUMBER = re.compile(r"(?<![A-Za-z_])(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def function(text: str) -> Callable[[Any], Any]:
    """The text as a function of an mpmath number."""
    names = {name: getattr(mpmath, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh", "mpf", "pi")}
    names |= {"abs": abs, "min": min, "max": max}
    body = _NUMBER.sub(lambda match: f"mpf('{match.group(0)}')", text)
    density: Callable[[Any], Any] = eval(f"lambda y: {body}", {"__builtins__": {}, **names})
    return density


def cuts(density: Generated) -> list[Any]:
    """Ends of the reference's panels, on the unit interval."""
    mpf = mpmath.mpf
    points = {
        mpf(i) / max(density.panels, CLASSES * -(-density.panels // CLASSES))
        for i in range(CLASSES * -(-density.panels // CLASSES) + 1)
    }
    for feature in density.features:
        place = mpf(repr(feature.place))
        points.add(place)
        least = max(feature.width, 2.0**-60)
        step = mpf(least)
        while step < 1:
            points |= {place - step, place + step}
            step *= 2 if feature.width == 0 else mpf("1.5")
    return sorted(point for point in points if 0 <= point <= 1)


def reference(density: Generated) -> Reference:
    """What is true of a density, by mpmath on graded panels and two orders."""
    with mpmath.workdps(DIGITS):
        f = function(density.text)
        low, high = (mpmath.mpf(end.numerator) / end.denominator for end in density.support)
        ends = cuts(density)
        orders = [_numbers(f, low, high, ends, order) for order in ORDERS]
    fine, coarse = orders
    span = 1.0 + float(np.ptp(fine[4]))
    rounding = (1e-13 * span,) * 4
    return Reference(*((a, 4 * abs(a - b) + r) for a, b, r in zip(fine[:4], coarse[:4], rounding, strict=True)))


def _numbers(
    f: Callable[[Any], Any], low: Any, high: Any, ends: list[Any], order: int
) -> tuple[float, float, float, float, np.ndarray]:
    """KL(q_y||p_y), KL(p_y||q_y), W, the price, and l at the nodes."""
    nodes, weights = np.polynomial.legendre.leggauss(order)
    # Gauss-Legendre nodes good to 16 digits integrate to 16 digits.
    y, w, logs = [], [], []
    for left, right in pairwise(ends):
        half, middle = (right - left) / 2, (right + left) / 2
        for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            u = middle + half * node
            y.append(float(u))
            w.append(float(half) * weight)
            logs.append(mpmath.log(f(low + (high - low) * u)))
    top = max(logs)
    l = np.array([float(value - top) for value in logs])
    y, w = np.array(y), np.array(w)
    w = w / w.sum()
    mass = float(w @ np.exp(l))
    l = l - np.log(mass)
    r = np.exp(l)
    place = np.minimum((y * CLASSES).astype(int), CLASSES - 1)
    q_c, p_c, mean = (np.bincount(place, part, CLASSES) for part in (w, w * r, w * l))
    return -float(w @ l), float((w * r) @ l), float(np.sum(q_c * np.log(p_c / q_c) - mean)), _price(y, w, l), l


def _price(y: np.ndarray, w: np.ndarray, l: np.ndarray) -> float:
    """E_{q(x)} [log E_{q(y|x)} r - E_{q(y|x)} l], on Gauss-Legendre panels of a third of a noise."""
    nodes, weights = np.polynomial.legendre.leggauss(16)
    edges = np.linspace(-9.5 * NOISE, 1 + 9.5 * NOISE, int(3 * (1 / NOISE + 19)) + 1)
    half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
    x, v = (middle + half * nodes).ravel(), (half * weights).ravel()
    total = 0.0
    for chunk in np.array_split(np.arange(len(x)), max(1, len(x) * len(y) // 4_000_000)):
        log_kernel = -((x[chunk, None] - y) ** 2) / (2 * NOISE**2)
        kernel = np.exp(log_kernel) * w
        evidence = kernel.sum(axis=1)
        shifted = l - l.max()
        tilted = np.log(kernel @ np.exp(shifted)) + l.max() - np.log(evidence)
        total += float(v[chunk] @ (evidence * (tilted - (kernel @ l) / evidence)))
    return total / (NOISE * np.sqrt(2 * np.pi))
