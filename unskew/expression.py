"""A typed density of the label: a whitelist over Python's syntax tree, evaluated with NumPy; nothing typed is ever executed."""

from __future__ import annotations

import ast
import operator
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unskew.ground.refusals import InputError

LONGEST = 500
DEEPEST = 40
LARGEST_POWER = 64
Function = Callable[[np.ndarray], np.ndarray]

BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}
CALLS = {name: getattr(np, name) for name in ("exp", "log", "sqrt", "abs", "sin", "cos", "tanh")}
PAIRS = {"min": np.minimum, "max": np.maximum}
REMEDY = f"use y, numbers, + - * / **, pi and {' '.join([*CALLS, *PAIRS])}"


@dataclass(frozen=True)
class Typed:
    """A typed density: a function of `y`, and the syntax tree that it was made from, for bounds."""

    tree: ast.AST
    function: Function

    def __call__(self, y: np.ndarray) -> np.ndarray:
        return self.function(y)


def density(text: str) -> Typed:
    """The function of `y` that a text such as `exp(-6*y)` stands for.

    Raises:
      InputError: anything but what `REMEDY` lists.
    """
    if not 0 < len(text.strip()) <= LONGEST:
        raise InputError(f"--target of {len(text)} characters", f"write 1 to {LONGEST}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text.strip(), mode="eval").body
        return Typed(tree, _function(tree, 0))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise InputError(f"--target {text[:60]!r} is no file and no expression", REMEDY) from None


def _function(node: ast.AST, depth: int) -> Function:
    if depth > DEEPEST:
        raise InputError("--target is nested too deeply", REMEDY)
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300:
        constant = float(value)
        return lambda y: np.full_like(y, constant)
    if isinstance(node, ast.Name) and node.id == "y":
        return lambda y: y
    if isinstance(node, ast.Name) and node.id == "pi":
        return lambda y: np.full_like(y, np.pi)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner, sign = _function(node.operand, depth + 1), -1.0 if isinstance(node.op, ast.USub) else 1.0
        return lambda y: sign * inner(y)
    if isinstance(node, ast.BinOp) and type(node.op) in BINARY:
        left, right = _function(node.left, depth + 1), _function(node.right, depth + 1)
        combine = BINARY[type(node.op)]
        return lambda y: combine(left(y), right(y))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        base, power = _function(node.left, depth + 1), _function(node.right, depth + 1)
        return lambda y: base(y) ** np.clip(power(y), -LARGEST_POWER, LARGEST_POWER)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if node.func.id in CALLS and len(node.args) == 1:
            call, inner = CALLS[node.func.id], _function(node.args[0], depth + 1)
            return lambda y: call(inner(y))
        if node.func.id in PAIRS and len(node.args) == 2:
            pair = PAIRS[node.func.id]
            left, right = (_function(argument, depth + 1) for argument in node.args)
            return lambda y: pair(left(y), right(y))
    raise InputError(f"--target has {ast.unparse(node)[:60]!r} in it", REMEDY)
