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
\setlength{\textwidth}{16cm}
\setlength{\oddsidemargin}{0cm}
\setlength{\textheight}{22cm}
\setlength{\topmargin}{-1cm}
\sloppy
\newtheorem{result}{Result}
\newtheorem{lemma}{Lemma}
\title{Statements of the ledger}
\date{}
\begin{document}
\maketitle
\noindent Labels $y$ in $[a, b]$ of length $D$, inputs $x$, one channel $k(x|y)$; balanced world $q(y)\,k(x|y)$, imbalanced world
$p(y)\,k(x|y)$; $r = p/q$ on labels, $l = \log r$, $Z(x) = p(x)/q(x)$. Classes $B_c$ partition the labels, $c(y)$ is the class of
$y$, $C = c(y)$; $q_c, p_c$ are class masses, $q_{y|c}, q_{x|c}$ the laws within a class, $d$ the largest width,
$w_c = \sup_{B_c} l - \inf_{B_c} l$. $\Delta(x, y) = \log Z(x) - l(y)$ is the extra error term,
$\Delta_{\mathrm{in}} = \log q(y|x, c)/p(y|x, c)$ its within-class part, $f_q, f_p$ are the conditional means, $R_q, R_p$ the mean
squared errors. Divergences are in nats.

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
