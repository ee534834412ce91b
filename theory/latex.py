"""All statements as one LaTeX document: article and amsmath, nothing else."""

from __future__ import annotations

from collections.abc import Iterable

from theory.record import Result

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}

_HEAD = r"""\documentclass{article}
\usepackage{amsmath}
\newtheorem{result}{Result}
\newtheorem{lemma}{Lemma}
\title{Statements of the ledger}
\date{}
\begin{document}
\maketitle
"""


def escaped(text: str) -> str:
    """Plain text as LaTeX text."""
    return "".join(_SPECIAL.get(character, character) for character in text)


def section(result: Result) -> str:
    """One result: its title, question, assumptions, and its claims as displayed equations."""
    kind = "lemma" if result.lemma else "result"
    lines = [rf"\begin{{{kind}}}[{{{escaped(result.title)}}}]\label{{{result.name}}}", escaped(result.question)]
    if result.assumptions:
        lines.append("Assumed: " + escaped("; ".join(result.assumptions)) + ".")
    for claim in result.claims:
        also = f" (also assumed: {escaped('; '.join(claim.assumptions))})" if claim.assumptions else ""
        lines += ["", rf"\smallskip\noindent\emph{{{escaped(claim.name)}}}, {claim.kind}{also}:"]
        lines += [r"\begin{equation*}", claim.latex, r"\end{equation*}"]
    lines += [f"Source: {escaped(result.source)}.", rf"\end{{{kind}}}", ""]
    return "\n".join(lines)


def document(results: Iterable[Result]) -> str:
    """The whole document."""
    return _HEAD + "\n".join(map(section, results)) + "\\end{document}\n"
