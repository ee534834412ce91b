"""Numbers that a user types, exact."""

from __future__ import annotations

import re
from fractions import Fraction

from unskew.ground.refusals import InputError

# A short exponent: Fraction("1e999999999") would fill the memory before anything could refuse it.
NUMBER = re.compile(r"[+-]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][+-]?\d{1,2})?|[+-]?\d{1,30}/\d{1,30}")


def number(text: str, option: str) -> Fraction:
    """An exact number from decimal or fraction notation.

    Raises:
      InputError: it is no number, or not a finite one.
    """
    if not NUMBER.fullmatch(text.strip()) or re.search(r"/0+$", text.strip()):
        raise InputError(f"{option} {text}", "give a finite number such as 0.1, 1e-3 or 1/3")
    return Fraction(text.strip())


def whole(text: str, option: str, least: int, most: int) -> int:
    """A whole number within limits.

    Raises:
      InputError: it is none, or outside.
    """
    if not re.fullmatch(r"[+-]?\d{1,18}", text.strip()) or not least <= int(text) <= most:
        raise InputError(f"{option} {text}", f"give a whole number from {least} to {most}")
    return int(text)
