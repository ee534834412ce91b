"""Bounds of a typed density between two labels, by interval arithmetic over its syntax tree.

Example: between .5 and .75, `y*(1 - y)` lies between .5*.25 and .75*.5. A spike between two sampled labels shows in the upper bound, however narrow it is.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
LARGEST_POWER = 64
"""Of `unskew.expression`."""


@dataclass(frozen=True)
class Between:
    """Bounds, one pair for each interval; infinite where there is none."""

    low: Array
    high: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "low", np.where(np.isnan(self.low), -np.inf, self.low))
        object.__setattr__(self, "high", np.where(np.isnan(self.high), np.inf, self.high))


def bounds(tree: ast.AST, low: Array, high: Array) -> Between:
    """Bounds of an expression that `unskew.expression` allows, on each interval from `low` to `high`."""
    with np.errstate(all="ignore"):
        return _bounds(tree, Between(low, high))


def _bounds(node: ast.AST, y: Between) -> Between:
    match node:
        case ast.Constant(value=int() | float() as value):
            return Between(np.full_like(y.low, float(value)), np.full_like(y.low, float(value)))
        case ast.Name(id="y"):
            return y
        case ast.Name(id="pi"):
            return Between(np.full_like(y.low, np.pi), np.full_like(y.low, np.pi))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _bounds(operand, y)
            return Between(-inner.high, -inner.low)
        case ast.UnaryOp(operand=operand):
            return _bounds(operand, y)
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(op, _bounds(left, y), _bounds(right, y))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _called(name, [_bounds(argument, y) for argument in arguments])
    raise TypeError(ast.dump(node))


def _combined(op: ast.operator, u: Between, v: Between) -> Between:
    match op:
        case ast.Add():
            return Between(u.low + v.low, u.high + v.high)
        case ast.Sub():
            return Between(u.low - v.high, u.high - v.low)
        case ast.Mult():
            return _corners(np.multiply, u, v)
        case ast.Div():
            safe = (v.low > 0) | (v.high < 0)
            # A denominator that only touches zero keeps its sign.
            reached = Between(np.where(v.low == 0, 0.0, v.low), np.where(v.high == 0, -0.0, v.high))
            quotient = _corners(np.divide, u, reached)
            one_sided = safe | (((v.low >= 0) | (v.high <= 0)) & ~((v.low == 0) & (v.high == 0)))
            return Between(np.where(one_sided, quotient.low, -np.inf), np.where(one_sided, quotient.high, np.inf))
    return _power(u, Between(*(np.clip(end, -LARGEST_POWER, LARGEST_POWER) for end in (v.low, v.high))))


def _corners(function: Callable[[Array, Array], Array], u: Between, v: Between) -> Between:
    ends = [function(a, b) for a in (u.low, u.high) for b in (v.low, v.high)]
    return Between(np.minimum.reduce(ends), np.maximum.reduce(ends))


def _power(base: Between, power: Between) -> Between:
    """A power is monotone in base and exponent apart for positive bases; for whole exponents also on either side of zero."""
    positive = _corners(np.power, Between(np.maximum(base.low, 0.0), base.high), power)
    whole = (power.low == power.high) & (power.low == np.round(power.low))
    n = np.where(whole, power.low, 1.0)
    ends = np.power(base.low, n), np.power(base.high, n)
    crosses = (base.low < 0) & (base.high > 0)
    low = np.where(crosses & (n % 2 == 0), np.where(n > 0, 0.0, np.minimum(*ends)), np.minimum(*ends))
    high = np.where(crosses & (n < 0), np.inf, np.maximum(*ends))
    low = np.where(crosses & (n < 0) & (n % 2 != 0), -np.inf, low)
    fine = base.low >= 0
    return Between(
        np.where(whole, low, np.where(fine, positive.low, -np.inf)),
        np.where(whole, high, np.where(fine, positive.high, np.inf)),
    )


def _called(name: str, arguments: list[Between]) -> Between:
    u = arguments[0]
    match name:
        case "exp" | "tanh":
            return Between(*(getattr(np, name)(end) for end in (u.low, u.high)))
        case "log" | "sqrt":
            function = getattr(np, name)
            return Between(function(np.maximum(u.low, 0.0)), function(np.maximum(u.high, 0.0)))
        case "abs":
            ends = np.abs(u.low), np.abs(u.high)
            return Between(np.where((u.low < 0) & (u.high > 0), 0.0, np.minimum(*ends)), np.maximum(*ends))
        case "sin":
            return _wave(u, np.pi / 2)
        case "cos":
            return _wave(Between(u.low + np.pi / 2, u.high + np.pi / 2), np.pi / 2)
    v = arguments[1]
    pair = np.minimum if name == "min" else np.maximum
    return Between(pair(u.low, v.low), pair(u.high, v.high))


def _wave(u: Between, crest: float) -> Between:
    """sin: 1 where a crest lies inside, -1 where a trough does, else the ends."""
    turn = 2 * np.pi
    ends = np.sin(u.low), np.sin(u.high)

    def holds(place: float) -> Array:
        return ~(np.floor((u.high - place) / turn) < np.ceil((u.low - place) / turn))

    return Between(
        np.where(holds(-crest), -1.0, np.minimum(*ends)),
        np.where(holds(crest), 1.0, np.maximum(*ends)),
    )


SHARE = 1 / 16
"""Bounds this close, as a share of the value and of the mean density, say enough about a stretch of labels."""
MISSED = 1e-3
"""Of all mass: what a feature between the sampled labels may hold unseen."""
MOST = 200_000
ROUNDS = 60


def hidden(tree: ast.AST, edges: Array, sampled: Array) -> float | None:
    """A label near which the sampled masses of the cells miss a feature, or may miss one; None where the bounds confirm them.

    Cells are halved where their bounds are wide, until they are close or halving does not help.
    """
    low, high = edges[:-1], edges[1:]
    owner = np.arange(len(low))
    mean = float(sampled.sum()) / float(edges[-1] - edges[0])
    least, most = np.zeros(len(low)), np.zeros(len(low))
    for _ in range(ROUNDS):
        value = bounds(tree, low, high)
        settled = np.isfinite(value.high) & (value.high - value.low <= SHARE * (mean + np.abs(value.high)))
        for total, bound in ((least, value.low), (most, value.high)):
            np.add.at(total, owner[settled], (bound * (high - low))[settled])
        low, high, owner = low[~settled], high[~settled], owner[~settled]
        if not len(low) or 2 * len(low) > MOST:
            break
        middle = (low + high) / 2
        low, high, owner = np.append(low, middle), np.append(middle, high), np.append(owner, owner)
    if len(low):
        return float(low[0])
    off = np.maximum(np.maximum(least - sampled, sampled - most), 0.0)
    return float(edges[np.argmax(off)]) if off.sum() > MISSED * sampled.sum() else None
