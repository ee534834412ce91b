"""A hook of MkDocs: formulas become MathML when the pages are built, so that they need neither a script nor a network."""

from __future__ import annotations

import html
import re
from typing import Any

from figures.page_maths import mathml

FORMULA = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)


def on_page_content(content: str, /, **_: Any) -> str:
    """Each formula that `pymdownx.arithmatex` marked, as MathML."""
    return FORMULA.sub(lambda found: mathml(html.unescape(found[3]), display=found[2] == "["), content)
