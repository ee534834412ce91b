"""Statements about numbers: `left relation right` between SymPy expressions, on a domain, with a proof that reads both sides.

Example: `1 - pi = 1/(1 + W0(...))` of *gradient_flow*. Such a statement speaks of closed forms, not of laws; its proof is calculus.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal

import mpmath
import sympy
from sympy.printing.str import StrPrinter

from theory import matrices
from theory.residual import Residual, examine

Relation = Literal["=", "<=", "<", "~"]
LATEX: dict[str, str] = {"=": "=", "<=": r"\le", "<": "<", "~": r"\sim"}
DIGITS = 40
GUARD = 12
"""Digits beyond, in which an integral is summed."""
TRIALS = 24


@dataclass(frozen=True)
class Range:
    """Where a symbol lives: an open interval of rational ends, or of integers.

    Attributes:
      low, high: ends between which trial values are drawn; the proof must hold beyond where the symbol's assumptions say so.
    """

    symbol: sympy.Symbol
    low: Fraction | int
    high: Fraction | int


@dataclass(frozen=True)
class Step:
    """One step of a proof.

    Attributes:
      text: the sentence that a reader sees.
      residual: recomputes the step from the formula; what it returns must be exactly zero, or True.
    """

    text: str
    residual: Callable[[Formula], Residual | Iterable[Residual]]


@dataclass(frozen=True)
class Formula:
    """`left relation right` for all values of the symbols; `~` says that the ratio of the sides tends to 1.

    Attributes:
      ranges: where the symbols live, for trials.
      proof: steps, at least one of which reads each side.
      limit: for `~`: the symbol and where it goes (0 or oo).
      lead: words that the text begins with; lead_latex: the same in LaTeX.
      name: what the left side is printed as, where it is a quantity computed from its definition; name_latex: the same in LaTeX.
    """

    left: sympy.Expr
    relation: Relation
    right: sympy.Expr
    ranges: tuple[Range, ...]
    proof: tuple[Step, ...]
    limit: tuple[sympy.Symbol, Any] | None = None
    lead: str = ""
    lead_latex: str = ""
    name: str = ""
    name_latex: str = ""

    @property
    def text(self) -> str:
        """In plain text."""
        towards = f" as {self.limit[0]} -> {_PRINTER.doprint(self.limit[1])}" if self.limit else ""
        return f"{self.lead}{self.name or _PRINTER.doprint(self.left)} {self.relation} {_PRINTER.doprint(self.right)}{towards}"

    @property
    def latex(self) -> str:
        """In LaTeX, without delimiters."""
        arrow = rf"\quad({sympy.latex(self.limit[0])} \to {sympy.latex(self.limit[1])})" if self.limit else ""
        return f"{self.lead_latex}{self.name_latex or sympy.latex(self.left)} {LATEX[self.relation]} {sympy.latex(self.right)}{arrow}"

    def proved(self) -> bool:
        """Whether every step comes to exactly zero or True."""
        return all(holds for _, holds, _ in self.steps())

    def steps(self) -> Iterator[tuple[str, bool, str]]:
        """Each step's sentence, whether it holds, and what is left over."""
        for step in self.proof:
            yield step.text, *examine(step.residual(self))

    def left_over(self) -> str:
        """What is left over by the first step that does not hold; "0" where all do."""
        return next((residual for _, holds, residual in self.steps() if not holds), "0")


class _Printer(StrPrinter):
    """Powers as `^`, sums as a reader writes them."""

    def _print_Pow(self, expr: Any, rational: bool = False) -> str:
        text: str = super()._print_Pow(expr, rational)
        return text.replace("**", "^")

    def _print_Sum(self, expr: Any) -> str:
        (index, low, high), *_ = expr.limits
        end = "" if high == sympy.oo else f"^{self._print(high)}"
        return f"sum_{{{index}>={low}}}{end} ({self._print(expr.function)})"

    def _print_LambertW(self, expr: Any) -> str:
        return f"W0({self._print(expr.args[0])})"


_PRINTER = _Printer()


def numbers(formula: Formula) -> Iterator[dict[sympy.Symbol, sympy.Rational]]:
    """Trial values of the symbols, the same at every call."""
    for trial in range(TRIALS):
        source = random.Random(f"formula {trial}")
        point = {}
        for each in formula.ranges:
            if each.symbol.is_integer:
                point[each.symbol] = sympy.Integer(source.randint(int(each.low), int(each.high)))
            else:
                share = Fraction(source.randint(1, 255), 256)
                value = Fraction(each.low) + (Fraction(each.high) - Fraction(each.low)) * share
                point[each.symbol] = sympy.Rational(value.numerator, value.denominator)
        yield point


def refuted(formula: Formula) -> str:
    """Values at which a formula is false, in words; empty where none are seen. Numbers have 40 digits."""
    if any(not symbol.is_commutative for symbol in (formula.left - formula.right).free_symbols):
        return matrices.refuted(formula.left, formula.right, TRIALS)
    symbols = [each.symbol for each in formula.ranges]
    with mpmath.workdps(DIGITS):
        try:
            left, right = (sympy.lambdify(symbols, side, "mpmath") for side in (formula.left, formula.right))
        except Exception as problem:  # a mutant may leave what SymPy can print
            return f"it has no value: {type(problem).__name__}"
        for point in numbers(formula):
            values = [_exact(point[symbol]) for symbol in symbols]
            try:
                sides = left(*values), right(*values)
            except (ZeroDivisionError, ValueError):
                continue
            if any(isinstance(side, mpmath.mpc) and abs(side.imag) > 0 for side in sides):
                return f"a side is not real at {_where(point)}"
            if formula.limit is not None:
                if _parts(formula, left, right, point):
                    return f"the ratio does not tend to 1 at {_where(point)}"
            elif _false(formula.relation, mpmath.mpf(sides[0].real), mpmath.mpf(sides[1].real)):
                return _where(point)
    return ""


def _exact(value: sympy.Rational) -> Any:
    return mpmath.mpf(int(value.p)) / int(value.q)


def _where(point: dict[sympy.Symbol, sympy.Rational]) -> str:
    return ", ".join(f"{symbol} = {value}" for symbol, value in point.items()) or "the numbers themselves"


def _false(relation: Relation, left: Any, right: Any) -> bool:
    slack = mpmath.mpf(10) ** (8 - DIGITS) * (1 + abs(left) + abs(right))
    if relation == "=":
        return bool(abs(left - right) > slack)
    return bool(left - right > slack) if relation == "<=" else bool(left - right >= -slack)


def _parts(formula: Formula, left: Callable[..., Any], right: Callable[..., Any], point: dict[Any, Any]) -> bool:
    """Whether the ratio of the sides keeps away from 1 on the way to the limit: 100 times nearer must bring it at least 4 times nearer to 1."""
    assert formula.limit is not None
    symbol, end = formula.limit
    distances = []
    for scale in (10**4, 10**6):
        near = {**point, symbol: sympy.Rational(1, scale) if end == 0 else sympy.Integer(scale)}
        values = [_exact(near[each.symbol]) for each in formula.ranges]
        below = right(*values)
        if below == 0:
            return True
        distances.append(abs(left(*values) / below - 1))
    return bool(distances[1] > mpmath.mpf(10) ** (8 - DIGITS) and distances[1] * 4 > distances[0])


def mutants(formula: Formula) -> list[tuple[str, Formula]]:
    """Wrong versions of a formula, each once, with what is wrong in words."""
    seen, kept = {(formula.left, formula.relation, formula.right)}, []
    for mistake, wrong in _all(formula):
        key = (wrong.left, wrong.relation, wrong.right)
        if key not in seen and not {sympy.nan, sympy.zoo} & {wrong.left, wrong.right}:
            seen.add(key)
            kept.append((mistake, wrong))
    return kept


def _all(formula: Formula) -> Iterator[tuple[str, Formula]]:
    for side, other in (("left", formula.right), ("right", formula.left)):
        whole = getattr(formula, side)
        plain = replace(formula, name="", name_latex="") if side == "left" else formula
        # Of `0 <= a` the double says the same.
        if whole != 0 and other != 0:
            yield f"{side}: twice", replace(plain, **{side: 2 * whole})
            yield f"{side}: half", replace(plain, **{side: whole / 2})
        # A left side with a name is computed from its definition: there is nothing typed in it to get wrong.
        for mistake, wrong in () if plain is not formula and formula.name else _inside(whole):
            yield f"{side}: {mistake}", replace(plain, **{side: wrong})
    if formula.relation in ("<=", "<"):
        # The name is of the old left side.
        yield "the relation reversed", replace(formula, left=formula.right, right=formula.left, name="", name_latex="")


def _inside(whole: sympy.Expr) -> Iterator[tuple[str, sympy.Expr]]:
    text = _PRINTER.doprint
    if isinstance(whole, sympy.Add):
        for i, each in enumerate(whole.args):
            rest = whole.args[:i] + whole.args[i + 1 :]
            yield f"{text(each)} with the other sign", sympy.Add(*rest, -each)
            yield f"{text(each)} left out", sympy.Add(*rest)
            yield f"{text(each)} twice", sympy.Add(*rest, 2 * each)
    if isinstance(whole, sympy.Rational) and whole not in (-1, 0, 1):
        yield f"{2 * whole} for {whole}", 2 * whole
        yield f"{whole / 2} for {whole}", whole / 2
    if isinstance(whole, sympy.Pow) and whole.exp.is_Integer:
        for other in (whole.exp - 1, whole.exp + 1):
            yield f"{text(whole.base)} to the power {other}, not {whole.exp}", whole.base**other
    if isinstance(whole, sympy.Sum | sympy.Integral):
        for mistake, wrong in _inside(whole.function):
            yield mistake, whole.func(wrong, *whole.limits)
        return
    if whole in matrices.OTHER:
        yield f"{matrices.OTHER[whole]} for {whole}", matrices.OTHER[whole]
    for i, each in enumerate(whole.args):
        if isinstance(whole, sympy.Pow) and i == 1 and whole.exp.is_Integer:
            continue
        for mistake, wrong in _inside(each):
            try:
                yield mistake, whole.func(*whole.args[:i], wrong, *whole.args[i + 1 :])
            except (TypeError, ValueError):
                continue


def true_as_well(formula: Formula, wrong: Formula) -> str:
    """Why a mutant is true as well; empty where it is not shown: its own proof holds, or its gap is larger by a term whose sign SymPy knows."""
    if wrong.proved():
        return "its proof holds as well"
    if formula.relation in ("<=", "<") and wrong.relation == formula.relation and wrong.left != formula.right:
        more = sympy.factor((wrong.right - wrong.left) - (formula.right - formula.left))
        if more.is_nonnegative:
            return f"weaker: the gap grows by {_PRINTER.doprint(more)}"
    return ""


def value(side: sympy.Expr, numbers: Mapping[str, float]) -> tuple[float, float]:
    """A side at numbers, rounded from 40 digits, and the size of its largest term; nan where it is not real. Names it lacks are left out."""
    with mpmath.workdps(DIGITS):
        point = {symbol: sympy.Float(numbers[symbol.name], DIGITS) for symbol in side.free_symbols}
        terms = [_digits(term.subs(point)) for term in sympy.Add.make_args(side)]
        number = sympy.Add(*terms).evalf(DIGITS)
        if not number.is_Float:
            return math.nan, math.inf
        return float(number), max(abs(complex(term)) for term in terms)


@lru_cache(maxsize=1024)
def _digits(term: sympy.Expr) -> sympy.Expr:
    """A term without symbols to 40 digits."""
    integrals = {whole: _integral(whole) for whole in term.atoms(sympy.Integral)}
    return term.xreplace(integrals).evalf(DIGITS)


def _integral(whole: sympy.Integral) -> sympy.Expr:
    """An integral to 40 digits: its integrand compiled, which takes a tenth of SymPy's time; left to SymPy where its error says that this is not enough."""
    (variable, *ends), *further = whole.limits
    if further or len(ends) != 2 or whole.function.atoms(sympy.Integral) or whole.free_symbols:
        return whole
    with mpmath.workdps(DIGITS + GUARD):
        integrand = sympy.lambdify(variable, whole.function, "mpmath")
        number, error = mpmath.quad(
            integrand, [mpmath.mpmathify(end.evalf(DIGITS + GUARD)) for end in ends], error=True
        )
        good = mpmath.isfinite(number) and error <= abs(number) * mpmath.mpf(10) ** -DIGITS
        return sympy.Float(number, DIGITS + GUARD) if good else whole
