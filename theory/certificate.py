"""Why an inequality holds for every law: its gap is a sum of means of products that are visibly not negative.

Example: `E_q Delta >= 0` has the certificate `E[gibbs(Z/r)]`, the mean of `t - 1 - log t` at `t = Z/r`. The calculus checks that the gap equals
that mean; the lemma *gibbs* says that `t - 1 - log t` is not negative.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from theory.axioms import Form, Given, Monomial, Symbol, Unprovable, all_positive, form, known, positive
from theory.terms import (
    NOTHING,
    Atom,
    E,
    Extreme,
    Field,
    Law,
    Product,
    Term,
    X,
    exp,
    inf,
    log,
    p,
    r,
    replaced,
    sup,
    term,
)
from theory.words import (
    D,
    V,
    Z,
    a,
    class_part,
    divergence_at_x,
    error_p,
    error_q,
    odds,
    price,
    proxy,
    shift,
    slope,
    specht,
    tanh_quarter,
    within_part,
    y,
)


def visibly_not_negative(polynomial: Form) -> bool:
    """Whether no coefficient is negative, and no symbol or its power."""
    return all(coefficient > 0 and _not_negative(monomial) for monomial, coefficient in polynomial)


def _not_negative(monomial: Monomial) -> bool:
    return all(exponent % 2 == 0 or positive(symbol) or _at_least_zero(symbol) for symbol, exponent in monomial)


def _at_least_zero(symbol: Symbol) -> bool:
    match symbol:
        case Atom(low=low):
            return low is not None and low >= 0
        case Given(inside, _):
            return _not_negative(inside)
    return False


@dataclass(frozen=True)
class Positive:
    """A term whose form shows that it is not negative: `r/Z`, which is positive, or the square of any atom, which may be zero."""

    term: Term

    def holds(self) -> bool:
        return visibly_not_negative(form(self.term))


@dataclass(frozen=True)
class Square:
    """The square of a term."""

    root: Term

    @property
    def term(self) -> Term:
        return self.root**2

    def holds(self) -> bool:
        return True


@dataclass(frozen=True)
class Slack:
    """What is between a term and its supremum or infimum."""

    bound: Extreme

    @property
    def term(self) -> Term:
        gap = self.bound - self.bound.argument
        return gap if self.bound.upper else -gap

    def holds(self) -> bool:
        return True


@dataclass(frozen=True)
class Low:
    """What is between a bounded atom and its least value."""

    atom: Atom

    @property
    def term(self) -> Term:
        return self.atom - (self.atom.low or 0)

    def holds(self) -> bool:
        return self.atom.low is not None


@dataclass(frozen=True)
class High:
    """What is between the largest value of a bounded atom and the atom."""

    atom: Atom

    @property
    def term(self) -> Term:
        return (self.atom.high or 0) - self.atom

    def holds(self) -> bool:
        return self.atom.high is not None


@dataclass(frozen=True)
class Inside:
    """(y - a)(a + D - y): not negative, since labels lie in [a, a + D]."""

    @property
    def term(self) -> Term:
        return (y - a) * (a + D - y)

    def holds(self) -> bool:
        return True


INSIDE = Inside()


@dataclass(frozen=True)
class End:
    """y - a, or a + D - y: not negative, since labels lie in [a, a + D]."""

    upper: bool

    @property
    def term(self) -> Term:
        return a + D - y if self.upper else y - a

    def holds(self) -> bool:
        return True


@dataclass(frozen=True)
class Nearer:
    """The square of what is between two medians, or of D, minus the square of what one misses the label by more than the other: not negative,
    since |y - a| and |y - b| differ by |a - b| at most, and medians lie in [a, a + D]. A larger distance than |med_p - med_q| does as well."""

    within: Atom

    @property
    def term(self) -> Term:
        return self.within**2 - (error_p - error_q) ** 2

    def holds(self) -> bool:
        return self.within in (shift, D)


@dataclass(frozen=True)
class Median:
    """E_p[|y - med_q| - |y - med_p| | x], or the same with p and q exchanged: not negative, which is what a median means."""

    law: Law

    @property
    def term(self) -> Term:
        gap = error_q - error_p if self.law.name == "p" else error_p - error_q
        return E(gap, X, self.law)

    def holds(self) -> bool:
        return self.law.name in ("p", "q")


@dataclass(frozen=True)
class SubGaussian:
    """sigma^2 t^2/2 - log E_p[e^(t (y - f_p)) | x]: not negative for any t that x determines, which is what the proxy sigma^2 of p(y|x) means."""

    t: Term
    law: Law = p

    @property
    def term(self) -> Term:
        centred = y - E(y, X, self.law)
        return proxy * self.t**2 / 2 - log(E(exp(self.t * centred), X, self.law))

    def holds(self) -> bool:
        return all(known(symbol) <= X for monomial, _ in form(self.t) for symbol, _ in monomial)


@dataclass(frozen=True)
class Lemma:
    """A pointwise inequality between numbers: `term >= 0` for all values of the parameters.

    Attributes:
      name: where it is proved: a claim of the ledger, as `gibbs.log_bound`.
      parameters: constants; one that is declared positive may be replaced by a positive term only.
      term: what is not negative.
      domain: terms in the parameters that must not be negative either; an instance says why they are not.
    """

    name: str
    parameters: tuple[Atom, ...]
    term: Term
    domain: tuple[Term, ...] = ()

    def __call__(self, *arguments: Term, domain: tuple[Piece, ...] = ()) -> Instance:
        return Instance(self, tuple(map(term, arguments)), domain)


@dataclass(frozen=True)
class Instance:
    """A lemma with terms in place of its parameters.

    Attributes:
      domain: for each term of the lemma's domain the product that it equals, of factors that are not negative.
    """

    lemma: Lemma
    arguments: tuple[Term, ...]
    domain: tuple[Piece, ...] = ()

    @property
    def term(self) -> Term:
        return self._at(self.lemma.term)

    def _at(self, whole: Term) -> Term:
        for parameter, argument in zip(self.lemma.parameters, self.arguments, strict=True):
            whole = replaced(whole, parameter, argument)
        return whole

    def holds(self) -> bool:
        pairs = zip(self.lemma.parameters, self.arguments, strict=True)
        return all(all_positive(form(argument)) for parameter, argument in pairs if parameter.positive) and all(
            piece.holds() and not form(self._at(condition) - piece.product)
            for condition, piece in zip(self.lemma.domain, self.domain, strict=True)
        )


@dataclass(frozen=True)
class Piece:
    """E_q[product of factors | given], each factor not negative; so it may be a factor itself."""

    factors: tuple[Factor, ...]
    given: Field = NOTHING

    @property
    def product(self) -> Term:
        return Product(tuple(factor.term for factor in self.factors))

    @property
    def term(self) -> Term:
        return E(self.product, self.given)

    def holds(self) -> bool:
        return all(factor.holds() for factor in self.factors)


Factor: TypeAlias = (
    "Positive | Square | Slack | Low | High | End | Inside | Nearer | Median | SubGaussian | Instance | Piece"
)
Certificate: TypeAlias = tuple[Piece, ...]


def lemmas(certificate: Certificate) -> Iterator[Lemma]:
    """The lemmas that a certificate leans on."""
    for piece in certificate:
        for factor in piece.factors:
            if isinstance(factor, Instance):
                yield factor.lemma
            elif isinstance(factor, Piece):
                yield from lemmas((factor,))


def certifies(certificate: Certificate, gap: Term) -> bool:
    """Whether the gap equals the certificate for every law, and every factor is visibly not negative."""
    try:
        rest = gap
        for piece in certificate:
            rest = rest - piece.term
        return all(piece.holds() for piece in certificate) and not form(rest)
    except Unprovable:
        return False


def with_atom(certificate: Certificate, old: Atom, new: Term) -> Certificate:
    """The certificate with an atom replaced everywhere."""

    def moved_law(law: Law) -> Law:
        return Law(law.name, law.latex, replaced(law.density, old, new))

    def factor(kept: Factor) -> Factor:
        match kept:
            case Positive(whole):
                return Positive(replaced(whole, old, new))
            case Square(root):
                return Square(replaced(root, old, new))
            case Slack(bound):
                return Slack(Extreme(replaced(bound.argument, old, new), bound.upper, bound.given))
            case Instance(lemma, arguments, domain):
                moved = tuple(replaced(argument, old, new) for argument in arguments)
                return Instance(lemma, moved, with_atom(domain, old, new))
            case SubGaussian(multiplier, law):
                return SubGaussian(replaced(multiplier, old, new), moved_law(law))
            case Median(law):
                return Median(moved_law(law))
            case Piece():
                return with_atom((kept,), old, new)[0]
        return kept

    return tuple(Piece(tuple(map(factor, piece.factors)), piece.given) for piece in certificate)


t = Atom("t", "t", NOTHING, positive=True)
u = Atom("u", "u", NOTHING, positive=True)
v = Atom("v", "v", NOTHING)
GIBBS = Lemma("gibbs.log_bound", (t,), t - 1 - log(t))
"""`t - 1 - log t >= 0`, zero at t = 1 alone."""
PINSKER = Lemma("pinsker.pointwise", (u, v), u * log(u) - u + 1 - 2 * v * (u - 1) + Fraction(2, 3) * v**2 * (u + 2))
"""`u log u - u + 1 - 2 v (u - 1) + (2/3) v^2 (u + 2) >= 0`: what Pinsker's inequality is a mean of."""

rho = Atom("rho", r"\rho", NOTHING, positive=True)
omega = Atom("omega", r"\omega", NOTHING, positive=True)
w = Atom("w", "w", NOTHING)
CHORD = Lemma("specht.chord", (rho, omega), log(rho) - slope(log(omega)) * (rho - 1), (rho - 1, omega - rho))
"""The logarithm is above its chord: log rho >= (rho - 1) log(omega)/(omega - 1) for 1 <= rho <= omega."""
TANGENT = Lemma("specht.tangent", (t, w), specht(w) - log(t) + slope(w) * (t - 1))
"""log t <= h(w) + (t - 1) w/(e^w - 1): a tangent of the logarithm."""
EIGHTH = Lemma("specht.at_most_eighth", (w,), w**2 / 8 - specht(w))
"""h(w) <= w^2/8."""

low, high = Atom("m", "m", NOTHING, positive=True), Atom("M", "M", NOTHING, positive=True)
near, far = Atom("s", "s", NOTHING), Atom("z", "z", NOTHING)
BETWEEN = Lemma(
    "tanh_bound.pointwise",
    (near, far, rho, low, high),
    (near + far) * (tanh_quarter(log(high / low)) - (1 / low - 1) * odds(log(high / low)) * (rho - 1))
    - near * (1 - rho),
    (near, far, rho - low, high - rho, 1 - low, high - 1),
)
"""(s + z) (tanh(w/4) - (1/m - 1)(rho - 1)/(e^w - 1)) >= s (1 - rho), w = log(M/m), for s, z >= 0 and rho and 1 in [m, M]."""


def largest_gap(variable: Term, given: Field = NOTHING) -> Certificate:
    """h(w) - (log E[v|S] - E[log v|S]) for a positive variable v, as a mean over S; w is the range of log v given S."""
    lowest, highest, mean = inf(variable, given), sup(variable, given), E(variable, given)
    above = Piece((Positive(1 / lowest), Slack(lowest)))
    below = Piece((Positive(1 / lowest), Slack(highest)))
    chord = CHORD(variable / lowest, highest / lowest, domain=(above, below))
    return Piece((chord,)), Piece((TANGENT(mean / lowest, log(highest / lowest)),))


def gibbs(ratio: Term, weight: Term | int = 1, given: Field = NOTHING) -> Piece:
    """E[weight (t - 1 - log t) | given] at a positive ratio t."""
    return Piece((Positive(term(weight)), GIBBS(ratio)), given)


def square(root: Term, weight: Term | int = 1, given: Field = NOTHING) -> Piece:
    """E[weight root^2 | given]."""
    return Piece((Positive(term(weight)), Square(root)), given)


def pinsker(
    density: Term,
    scale: Term | int = 1,
    variable: Term = y - a - D / 2,
    length: Term = D,
    inside: Factor = INSIDE,
    slope: Term | None = None,
    given: Field = NOTHING,
) -> Certificate:
    """scale times L^2/2 KL(q(y|x)||s(y|x)) - (E_s[v|x] - E_q[v|x])^2, averaged over q(x), for the law s with a density: why the first is the larger.

    With u = q(y|x)/s(y|x) and b = 2 (E_q[v|x] - E_s[v|x])/L^2: the lemma at (u, b v), and what b^2 v^2 falls short of b^2 L^2/4, each averaged
    under s(y|x).

    Args:
      variable: v, between -L/2 and L/2; by default the label, from the middle of its interval.
      length: L.
      inside: L^2/4 - v^2.
      slope: another b; then L^2/2 (KL - 2 b (E_q[v|x] - E_s[v|x]) + b^2 L^2/2) is the larger.
      given: what is known, X for a bound at every input.
    """
    normaliser = E(density, X)
    ratio = normaliser / density
    if slope is None:
        slope = 2 * (E(variable, X) - E(variable * density, X) / normaliser) / length**2
    half = length**2 / 2 * scale / ratio
    return (
        Piece((Positive(half), PINSKER(ratio, slope * variable)), given),
        Piece((Positive(half * Fraction(2, 3) * (ratio + 2)), Square(slope), inside), given),
    )


NOT_NEGATIVE: tuple[tuple[Term, Certificate], ...] = (
    (price, (gibbs(r / Z),)),
    (divergence_at_x, (gibbs(r / Z, given=X),)),
    (class_part, (gibbs(V / Z),)),
    (within_part, (gibbs(r / V),)),
)
"""Words that are divergences without being written as one, each with its certificate."""


def larger_under_p(given: Field) -> Certificate:
    """E_q log E_p[r|S] - E_q log E_q[r|S] >= 0, since E_p[r|S] = E_q[r^2|S]/E_q[r|S] is at least E_q[r|S]."""
    mean, square_mean = E(r, given), E(r**2, given)
    return gibbs(mean**2 / square_mean), square(r - mean, 1 / square_mean)


LARGER_UNDER_P = larger_under_p(X)
"""E_q log E_p[r|x] - E_q log Z >= 0."""
