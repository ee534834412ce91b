"""Typed text into an expression tree: a whitelist over Python's syntax tree; nothing typed is ever executed.

The text is capped and its characters checked before Python's parser (never its compiler) sees it; then each syntax
node is either on the list below or refused by name.
"""

from __future__ import annotations

import ast
import re
import warnings
from fractions import Fraction

from numerics.expression.tree import (
    FUNCTIONS,
    PI,
    ZERO,
    Call,
    Constant,
    Expression,
    Label,
    call,
    depends_on_label,
    negate,
)
from unskew.ground.refusals import InputError

LONGEST = 500
DEEPEST = 40
MOST_NODES = 300
LARGEST_EXPONENT = 64
LARGEST_BITS = 1000
"""Of a constant's numerator or denominator; so every constant is a finite double."""

_CHARACTERS = re.compile(r"[A-Za-z0-9 .+\-*/(),]*")
_NUMBER = re.compile(r"(\d{1,320}\.?\d{0,320}|\.\d{1,320})([eE][+-]?\d{1,3})?")
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "**",
}
_NAMES = f"use y, numbers, + - * / **, pi and {' '.join(FUNCTIONS)}"


def parse(text: str) -> Expression:
    """Reads an expression in `y`.

    Args:
      text: at most `LONGEST` characters: numbers (exact, also `1e-3`), `y`, `pi`, `+ - * / **`, `exp log sqrt sin cos
        tanh abs min max`.

    Raises:
      InputError: anything else, or over a cap; names what and where.
    """
    if len(text) > LONGEST:
        raise InputError(f"expression of {len(text)} characters", f"write at most {LONGEST}")
    if not text.strip():
        raise InputError("empty expression", 'write one such as "exp(-6*y)"')
    matched = _CHARACTERS.match(text)
    end = matched.end() if matched else 0
    if end < len(text):
        hint = "write ** for a power" if text[end] == "^" else _NAMES
        raise InputError(f"character {text[end]!a} at position {end + 1} of the expression", hint)
    source = text.strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, mode="eval")
        if sum(1 for _ in ast.walk(tree)) > MOST_NODES:
            raise InputError("expression with too many parts", "write a shorter one")
        return _read(tree.body, source, 1)
    except SyntaxError as problem:
        place = f" at position {problem.offset}" if problem.offset else ""
        raise InputError(f"expression {source!r} does not parse{place}", 'write one such as "exp(-6*y)"') from None
    except (RecursionError, MemoryError, ValueError):
        raise InputError("expression nested too deeply", f"use at most {DEEPEST} levels") from None
    except ZeroDivisionError:
        raise InputError(f"expression {source!r} divides by zero", "take the zero out") from None


def _read(node: ast.expr, source: str, depth: int) -> Expression:
    if depth > DEEPEST:
        raise InputError("expression nested too deeply", f"use at most {DEEPEST} levels")
    match node:
        case ast.Constant():
            return _number(source[node.col_offset : node.end_col_offset])
        case ast.Name(id="y"):
            return Label()
        case ast.Name(id="pi"):
            return PI
        case ast.Name(id=name):
            what = f"function {name} without arguments" if name in FUNCTIONS else f"name {name!r}"
            raise InputError(f"{what} in the expression", _NAMES)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return negate(_read(operand, source, depth + 1))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _read(operand, source, depth + 1)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            sides = _read(left, source, depth + 1), _read(right, source, depth + 1)
            return _operation(_OPERATORS[type(operator)], *sides)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
            least, most = FUNCTIONS[name]
            if not least <= len(arguments) <= most:
                wanted = str(least) if least == most else f"{least} to {most}"
                raise InputError(f"{name} with {len(arguments)} arguments in the expression", f"give it {wanted}")
            return call(name, *(_read(argument, source, depth + 1) for argument in arguments))
        case ast.Call(func=ast.Name(id=name)) if name not in FUNCTIONS:
            raise InputError(f"function {name!r} in the expression", _NAMES)
    kind = type(node.op).__name__ if isinstance(node, ast.BinOp | ast.UnaryOp) else type(node).__name__
    raise InputError(f"{kind} at position {node.col_offset + 1} of the expression is not allowed", _NAMES)


def _number(written: str) -> Constant:
    if not _NUMBER.fullmatch(written):
        raise InputError(f"number {written[:40]!r} in the expression", "write a decimal such as 0.05 or 1e-3")
    return _capped(Constant(Fraction(written)))


def _capped(constant: Constant) -> Constant:
    value = constant.value
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > LARGEST_BITS:
        raise InputError("constant in the expression out of range", f"keep it below 2**{LARGEST_BITS}")
    return constant


def _operation(operator: str, left: Expression, right: Expression) -> Expression:
    if operator == "**":
        return _power(left, right)
    if operator == "/" and right == ZERO:
        raise ZeroDivisionError
    # Only constants are folded here: 0*log(y) must still answer for where log(y) is defined.
    if isinstance(left, Constant) and isinstance(right, Constant):
        match operator:
            case "+":
                return _capped(Constant(left.value + right.value))
            case "-":
                return _capped(Constant(left.value - right.value))
            case "*":
                return _capped(Constant(left.value * right.value))
            case _:
                return _capped(Constant(left.value / right.value))
    return Call(operator, (left, right))


def _power(base: Expression, exponent: Expression) -> Expression:
    if not isinstance(exponent, Constant):
        if isinstance(base, Constant) and base.value > 0 and depends_on_label(exponent):
            return call("exp", Call("*", (exponent, call("log", base))))
        raise InputError("exponent that is not a number in the expression", "write exp(exponent*log(base)) instead")
    value = exponent.value
    if abs(value) > LARGEST_EXPONENT or value.denominator > LARGEST_EXPONENT:
        written = str(value) if len(str(value)) < 20 else "a huge one"
        raise InputError(f"exponent {written} in the expression", f"keep it within {LARGEST_EXPONENT}")
    if isinstance(base, Constant) and value.denominator == 1:
        if base.value == 0 and value < 0:
            raise ZeroDivisionError
        return _capped(Constant(base.value**value.numerator))
    return Call("**", (base, exponent))
