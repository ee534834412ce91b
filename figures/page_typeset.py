"""Words of captions and sentences with their symbols set as formulas, and names of arms as words."""

from __future__ import annotations

import re
from html import escape

from figures.page_maths import mathml

FORMULAS = {
    "Delta(x, y) = log Z(x) - l(y)": r"\Delta(x, y) = \log Z(x) - l(y)",
    "(d^2/24) E l'^2": r"\tfrac{d^2}{24}\,E\,l'^2",
    "(d^4/144) E kappa^2": r"\tfrac{d^4}{144}\,E\,\kappa^2",
    "E_p Err": r"E_p\,\text{Err}",
    "sup(1/r)": r"\sup(1/r)",
    "p = (4/5, 1/5)": r"p = (4/5, 1/5)",
    "q = (1/2, 1/2)": r"q = (1/2, 1/2)",
    "p(y|x)": "p(y|x)",
    "q(y|x)": "q(y|x)",
    "n_eff": r"n_{\text{eff}}",
    "1/K²": "1/K^2",
    "1/K": "1/K",
    "1/r": "1/r",
}
"""What captions write in plain letters, longest first where one holds another."""
SIGNS = {"<=": r"\le", ">=": r"\ge", "=": "=", "<": "<", ">": ">"}

_FORMULA = "|".join(re.escape(words) for words in sorted(FORMULAS, key=len, reverse=True))
# A symbol alone, or set equal to a number; not a letter of a word, a name in quotes or `1-D`.
_SYMBOL = r"(?<![\w'’.\-/&;])([KWDpqrsxynltd]|λ)(?:\s*(<=|>=|=|<|>)\s*(\d+(?:\.\d+)?(?:e-?\d+)?))?(?![\w'’\-(/])"
_PATTERN = re.compile(f"({_FORMULA})|{_SYMBOL}")

ARMS = {
    "reg": "squared error alone",
    "reg_scaled": "squared error times λ, no classes: the control for the loss scale",
    "reg_nodecay": "squared error alone, no weight decay",
    "reg_cls": "squared error times λ plus cross-entropy: the paper's method",
    "reg_cls_nodecay": "the paper's method, no weight decay",
    "reg_cls_corrected": "the paper's method with a prior-corrected cross-entropy",
    "reg_cls_placebo": "the paper's method with classes permuted over samples",
    "reg_weighted": "squared error with importance weights",
    "cls_decoded": "cross-entropy alone, the value decoded from the classes",
}
"""What was trained, in words."""


def _number(text: str) -> str:
    mantissa, _, power = text.partition("e")
    return f"{mantissa} \\times 10^{{{int(power)}}}" if power else text


def _set(match: re.Match[str]) -> str:
    formula, symbol, sign, number = match.groups()
    latex = FORMULAS[formula] if formula else {"λ": r"\lambda"}.get(symbol, symbol)
    if sign:
        latex += f" {SIGNS[sign]} {_number(number)}"
    return mathml(latex, display=False)


def typeset(text: str) -> str:
    """Text for a page: escaped, symbols as formulas, arms by what they are."""
    named = re.sub(
        r"\b(?:reg|cls)(?:_\w+)?\b",
        lambda match: f"“{plain(match.group(0))}”" if match.group(0) in ARMS else match.group(0),
        text,
    )
    parts, place = [], 0
    for match in _PATTERN.finditer(named):
        parts += [escape(named[place : match.start()]), _set(match)]
        place = match.end()
    return "".join([*parts, escape(named[place:])])


def plain(arm: str) -> str:
    """An arm in words, without what it is for."""
    return ARMS[arm].split(":", 1)[0]
