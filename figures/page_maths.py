"""LaTeX of the ledger's statements as MathML, which browsers set without help from the network.

Only what the statements use is known; an unknown command is an error, so that a new statement cannot turn into a wrong formula.
"""

from __future__ import annotations

import re
from html import escape

TOKEN = re.compile(r"\\[a-zA-Z]+|\\.|[{}^_&]|\s+|\d+(?:\.\d+)?|'+|.")

IDENTIFIERS = {
    "alpha": "α", "beta": "β", "chi": "χ", "delta": "δ", "Delta": "Δ", "kappa": "κ", "lambda": "λ", "mu": "μ",
    "phi": "φ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ", "theta": "θ", "varepsilon": "ε", "infty": "∞",
    "ell": "ℓ", "epsilon": "ϵ", "gamma": "γ", "eta": "η", "omega": "ω", "psi": "ψ", "xi": "ξ", "nu": "ν", "zeta": "ζ",
    "Lambda": "Λ", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω", "Gamma": "Γ", "varphi": "ϕ",
}  # fmt: skip
OPERATORS = {
    "Rightarrow": "⇒", "cdot": "⋅", "cup": "∪", "forall": "∀", "ge": "≥", "iff": "⟺", "in": "∈", "le": "≤",
    "ldots": "…", "nabla": "∇", "longrightarrow": "⟶", "partial": "∂", "propto": "∝", "sim": "∼", "to": "→", "top": "⊤", "int": "∫",
    "{": "{", "}": "}", "|": "‖", "neq": "≠", "ne": "≠", "approx": "≈", "times": "×", "pm": "±", "subset": "⊂",
    "dots": "…", "cap": "∩", "setminus": "∖", "equiv": "≡", "lfloor": "⌊", "rfloor": "⌋", "langle": "⟨", "rangle": "⟩",
    "mid": "|", "circ": "∘",
}  # fmt: skip
BIG = {"sum": "∑", "prod": "∏"}
FUNCTIONS = ("coth", "log", "sinh", "tanh", "exp", "cosh", "sin", "cos", "det", "tr")
LIMITS = ("inf", "max", "min", "sup", "lim")
SPACES = {"quad": "1em", "qquad": "2em", ",": "0.17em", ";": "0.28em", ":": "0.22em", " ": "0.3em", "!": "-0.17em"}
SIZES = ("Big", "Bigl", "Bigr", "big", "bigl", "bigr", "left", "middle", "right")


class UnknownCommand(ValueError):
    """A command that this converter does not know."""


def tag(name: str, content: str, **attributes: str) -> str:
    """One element."""
    written = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{written}>{content}</{name}>"


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, text: str) -> None:
        self.tokens = TOKEN.findall(text)
        self.place = 0

    def peek(self) -> str | None:
        """The next token that is not space, or None at the end."""
        while self.place < len(self.tokens) and self.tokens[self.place].isspace():
            self.place += 1
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def next(self) -> str:
        token = self.peek()
        if token is None:
            raise ValueError("the formula ends too early")
        self.place += 1
        return token

    def row(self, end: str | None = None) -> str:
        """Everything up to `end` (taken) or the end of the text."""
        parts = []
        while (token := self.peek()) != end:
            if token is None:
                raise ValueError(f"no {end} closes the group")
            parts.append(self.scripted())
        if end is not None:
            self.next()
        return "".join(parts)

    def group(self) -> str:
        """One argument: a group in braces or a single token; `\\frac1w` has two of one digit."""
        token = self.next()
        if token == "{":
            return tag("mrow", self.row("}"))
        if token.isdigit() and len(token) > 1:
            self.tokens[self.place - 1] = token[1:]
            self.place -= 1
            token = token[0]
        return self.atom(token)

    def raw(self) -> str:
        """The letters of a group, spaces kept."""
        if self.next() != "{":
            raise ValueError("a group is expected")
        parts = []
        while (token := self.tokens[self.place]) != "}":
            parts.append(token)
            self.place += 1
        self.place += 1
        return "".join(parts)

    def scripted(self) -> str:
        """An atom with what stands above and below it; a little space after a function's name."""
        token = self.next()
        base, below, above = self.atom(token), "", ""
        while (mark := self.peek()) is not None and (mark in ("_", "^", r"\limits") or set(mark) == {"'"}):
            self.next()
            if mark == r"\limits":
                continue  # below and above is where the scripts of sums go anyhow
            if mark == "_":
                below = self.group()
            elif mark == "^":
                above += self.group()
            else:
                above += tag("mo", "′" * len(mark))
        if "mrow" not in above and above.count("<m") > 1:
            above = tag("mrow", above)
        name = token[1:] if token.startswith("\\") else ""
        limits = name in BIG or name in LIMITS
        if below and above:
            base = tag("munderover" if limits else "msubsup", base + below + above)
        elif below:
            base = tag("munder" if limits else "msub", base + below)
        elif above:
            base = tag("mover" if limits else "msup", base + above)
        return base + (tag("mspace", "", width="0.17em") if name in FUNCTIONS else "")

    def atom(self, token: str) -> str:
        """One token, with the arguments that it takes."""
        if token == "{":
            return tag("mrow", self.row("}"))
        if token[0].isdigit():
            return tag("mn", token)
        if token[0].isalpha():
            return tag("mi", token)
        if not token.startswith("\\"):
            return tag("mo", escape({"-": "−", "*": "∗"}.get(token, token)), **_fence(token))
        return self.command(token[1:])

    def command(self, name: str) -> str:
        """A command."""
        if name in IDENTIFIERS:
            return tag("mi", IDENTIFIERS[name])
        if name in OPERATORS:
            return tag("mo", OPERATORS[name], **_fence(OPERATORS[name]))
        if name in BIG:
            return tag("mo", BIG[name], movablelimits="false")
        if name in FUNCTIONS or name in LIMITS:
            return tag("mi", name)
        if name in SPACES:
            return tag("mspace", "", width=SPACES[name])
        if name in ("frac", "tfrac", "dfrac"):
            content = self.group() + self.group()
            small = tag("mfrac", content)
            return tag("mstyle", small, displaystyle="false") if name == "tfrac" else small
        if name == "sqrt":
            return tag("msqrt", self.group())
        if name in ("hat", "bar", "tilde"):
            return tag("mover", self.group() + tag("mo", {"hat": "^", "bar": "¯", "tilde": "~"}[name]), accent="true")
        if name == "text":
            return tag("mtext", escape(self.raw()).replace(" ", "\u00a0"))
        if name in ("mathrm", "operatorname"):
            return tag("mi", escape(self.raw().strip()), mathvariant="normal")
        if name == "mathcal":
            return tag("mi", {"N": "𝒩", "L": "ℒ", "O": "𝒪"}[self.raw().strip()])
        if name in SIZES:
            fence = self.next()
            shown = {"\\|": "‖", "\\{": "{", "\\}": "}", ".": ""}.get(fence, fence)
            if len(shown) > 1:
                raise UnknownCommand(f"\\{name}{fence}")
            form = (
                "prefix" if name in ("left", "bigl", "Bigl") else "postfix" if name in ("right", "bigr", "Bigr") else ""
            )
            size = "1.8em" if name.startswith("Big") else "1.2em"
            extra = {} if name in ("left", "middle", "right") else {"minsize": size, "maxsize": size}
            return tag("mo", escape(shown), stretchy="true", **({"form": form} if form else {}), **extra)
        raise UnknownCommand(f"\\{name}")


def _fence(token: str) -> dict[str, str]:
    """Brackets and bars keep their size unless told otherwise; bars and slashes stand without space."""
    if token in "()[]{}":
        return {"stretchy": "false"}
    if token in "|‖/":
        return {"stretchy": "false", "lspace": "0.1em", "rspace": "0.1em"}
    return {}


def mathml(latex: str, display: bool = True) -> str:
    """A formula in display-maths LaTeX (no delimiters) as a `<math>` element.

    Raises:
      UnknownCommand: a command that is not known.
      ValueError: braces that do not match.
    """
    reader = _Reader(latex)
    content = tag("mrow", reader.row())
    attributes = {"display": "block"} if display else {}
    return tag("math", content, **attributes)
