"""The trust base against numbers: every rewriting is carried out on random finite worlds, before and after.

The worlds have up to 40 labels and inputs, five classes, masses down to 1e-12, noisy, deterministic, silent and sparse channels. Numbers
carry a bound of their own rounding error, so two numbers agree when they are no farther apart than their errors together.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import pytest

from theory import axioms, certificate, ledger, pointwise, specht
from theory.axioms import Form, Monomial, Unprovable, form
from theory.formula import Formula
from theory.mutants import LABEL_SHIFT, mutants
from theory.numbers import Real
from theory.printing import text
from theory.statement import Statement, sides
from theory.terms import (
    ALL,
    KL,
    NOTHING,
    Apply,
    Atom,
    C,
    Density,
    E,
    Field,
    Function,
    Law,
    Mean,
    Named,
    Power,
    Product,
    Restricted,
    T,
    Term,
    X,
    Y,
    children,
    inf,
    log,
    p,
    q,
    r,
    sup,
    term,
)
from theory.words import D, R, V, Z, Zhat, f, f_hat, f_p, f_q, phat, y
from theory.worlds import CHANNELS, Evaluation, drawn, real
from theory.written_back import of_form, of_monomial

FIELDS: tuple[Field, ...] = (NOTHING, X, T, C, C | T, X | C, Y, Y | T, ALL)
class_model = Atom("a(c|x)/q(c|x)", "a", X | C, positive=True, unit=X)
within_model = Atom("b(y|x,c)/q(y|x,c)", "b", ALL, positive=True, unit=X | C)
any_ratio = Atom("g(x,y)", "g", ALL, positive=True)
guess = Atom("m(t)", "m", T)
LAWS = (q, p, phat, Law("a", "a", class_model), Law("b", "b", within_model), Law("s", "s", any_ratio))
"""The last one's density has a mean other than 1: its law is that of the weights, normalised."""
POSITIVE: tuple[Term, ...] = (
    r,
    R,
    Z,
    V,
    Zhat,
    class_model,
    within_model,
    any_ratio,
    D,
    term(Fraction(2, 3)),
    E(r, T),
    E(r**2, X),
)
REAL: tuple[Term, ...] = (y, f, guess, f_q, f_p, f_hat, E(y, C), E(y * r, X | C))
root = Function("root", "root", lambda value: abs(value) ** 0.5, lambda value: value**0.5, positive=True)


def positive_product(dice: random.Random) -> Term:
    """A product of positive words, some in the denominator."""
    return Product(
        tuple(Power(dice.choice(POSITIVE), dice.choice((-2, -1, 1, 1, 1, 2))) for _ in range(dice.randint(1, 3)))
    )


def drawn_term(dice: random.Random, depth: int) -> Term:
    """A random term in which every construct of the language may stand."""

    def inner() -> Term:
        return drawn_term(dice, depth - 1)

    def law() -> Law:
        return dice.choice(LAWS)

    def field() -> Field:
        return dice.choice(FIELDS)

    if depth == 0:
        return dice.choice((dice.choice(POSITIVE), dice.choice(REAL), log(positive_product(dice))))
    makers: tuple[Callable[[], Term], ...] = (
        lambda: inner() + inner(),
        lambda: inner() - inner(),
        lambda: inner() * inner(),
        lambda: positive_product(dice) * inner(),
        lambda: E(inner(), field(), law()),
        lambda: E(positive_product(dice) * inner(), field(), law()),
        lambda: E(E(inner(), field()) * inner(), field()),
        lambda: inner() ** 2,
        lambda: KL(law(), law(), dice.choice((X, Y, C, T, X | C)), dice.choice((NOTHING, X, C, T))),
        lambda: Density(law(), dice.choice((X, Y, C)), field()),
        lambda: log(E(positive_product(dice), field(), law())),
        lambda: dice.choice((sup, inf))(inner(), field()),
        lambda: log(sup(positive_product(dice), field())) * inner(),
        lambda: Apply(root, positive_product(dice)),
    )  # fmt: skip
    return dice.choice(makers)()


def drawn_terms(count: int, depth: int = 2, longest: int = 40) -> Iterator[Term]:
    """Random terms that the axioms have words for, the same at every call; forms of more than `longest` products are left out for speed."""
    seed = 0
    while count:
        whole = drawn_term(random.Random(f"term {seed}"), depth)
        seed += 1
        try:
            if len(form(whole)) > longest:
                continue
        except Unprovable:
            continue
        count -= 1
        yield whole


WORLDS = [drawn(seed, 40 if seed < 4 else 8, 1e-12 if seed % 2 else 1e-3, CHANNELS[seed % 4]) for seed in range(8)]
VALUES = [Evaluation(world) for world in WORLDS]
SMALL = VALUES[4:]


@dataclass
class Tally:
    """How often two terms were compared, and how often with so little error that the comparison says something."""

    compared: int = 0
    sharp: int = 0


def apart(before: Term, after: Term, values: Evaluation[Real], tally: Tally) -> bool:
    """Whether two terms differ somewhere by more than their errors."""
    left, right = values.table(before), values.table(after)
    differ = False
    for pair in left:
        error = left[pair].error + right[pair].error
        gap = abs(left[pair].value - right[pair].value)
        tally.compared += 1
        tally.sharp += error < 1e-6 * (abs(left[pair].value) + abs(right[pair].value))
        differ = differ or gap > error
    return differ


# Terms before and after


def unequal(terms: Iterator[Term], worlds: list[Evaluation[Real]]) -> tuple[list[str], Tally]:
    """The terms whose form has another value."""
    tally = Tally()
    wrong = [
        f"{text(whole)} in {values.world.name}"
        for whole in terms
        for values in worlds
        if apart(whole, of_form(form(whole)), values, tally)
    ]
    return wrong, tally


def test_a_form_has_the_value_of_its_term() -> None:
    wrong, tally = unequal(drawn_terms(120), VALUES[:2] + SMALL)
    assert not wrong
    # Half of the comparisons at least are of numbers that are known to six digits.
    assert tally.sharp > tally.compared / 2


def test_a_form_written_back_has_the_same_form() -> None:
    for whole in drawn_terms(200):
        assert form(of_form(form(whole))) == form(whole), text(whole)


# Each rule by itself


@dataclass(frozen=True)
class Rewriting:
    """One application of a rule: the term before, and after."""

    rule: str
    before: Term
    after: Term


def rewritings(terms: Iterator[Term], patch: pytest.MonkeyPatch) -> set[Rewriting]:
    """Every application of a rule while the terms are brought to their forms."""
    seen: set[Rewriting] = set()

    def mean(monomial: Monomial, given: Field) -> Term:
        return Mean(of_monomial(monomial), given, q)

    split, opened, folded = axioms._split, axioms._opened, axioms._folded
    density, logarithm, inverse = axioms.density, axioms.logarithm, axioms.inverse

    def record(rule: str, before: Term, after: Term) -> None:
        seen.add(Rewriting(rule, before, after))

    def splitting(monomial: Monomial, given: Field) -> tuple[Monomial, Monomial]:
        out, rest = split(monomial, given)
        record("pull-out", mean(monomial, given), of_monomial(out) * mean(rest, given))
        return out, rest

    def opening(monomial: Monomial, given: Field) -> Monomial | None:
        after = opened(monomial, given)
        if after is not None:
            dropped = any(isinstance(symbol, Atom) for symbol, _ in monomial - after)
            record("unit density" if dropped else "tower", mean(monomial, given), mean(after, given))
        return after

    def folding(monomial: Monomial, given: Field) -> Form:
        after = folded(monomial, given)
        record("fold", mean(monomial, given), of_form(after))
        return after

    def dividing(law: Law, of: Field, given: Field) -> Form:
        after = density(law, of, given)
        record("quotient of densities", Density(law, of, given) / Density(q, of, given), of_form(after))
        return after

    def taking_logarithms(inside: Form) -> Form:
        after = logarithm(inside)
        record("logarithm", log(of_form(inside)), of_form(after))
        return after

    def inverting(inside: Form) -> Form:
        after = inverse(inside)
        record("inverse", 1 / of_form(inside), of_form(after))
        return after

    names = ("_split", "_opened", "_folded", "density", "logarithm", "inverse")
    for name, wrapped in zip(names, (splitting, opening, folding, dividing, taking_logarithms, inverting), strict=True):
        patch.setattr(axioms, name, wrapped)
    forget()
    for whole in terms:
        form(whole)
    patch.undo()
    forget()
    return seen


def forget() -> None:
    """Empties the caches of the trust base."""
    axioms.form.cache_clear()
    axioms._mean.cache_clear()


RULES = ("pull-out", "tower", "unit density", "fold", "quotient of densities", "logarithm", "inverse")


def ledger_terms() -> Iterator[Term]:
    """Both sides of all statements for every law, and what their certificates add up."""
    for _, line in statements():
        if line.world is None:
            yield from (line.left, line.right, *(piece.term for piece in line.certificate))


def test_every_rule_keeps_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    every = rewritings(iter([*drawn_terms(150), *ledger_terms()]), monkeypatch)
    for rule in RULES:
        tally = Tally()
        steps = [step for step in every if step.rule == rule]
        assert len(steps) >= 10, rule
        dice = random.Random(rule)
        for step in dice.sample(sorted(steps, key=lambda step: text(step.before)), min(len(steps), 60)):
            for values in (dice.choice(VALUES[:4]), dice.choice(SMALL)):
                assert not apart(step.before, step.after, values, tally), (
                    f"{rule}: {text(step.before)} | {text(step.after)}"
                )
        assert tally.sharp > tally.compared / 2, rule


# Planted bugs


def fold_that_ignores_knowledge(monomial: Monomial, given: Field) -> Form:
    """E[b g|S] taken as E[b|S] E[g|S]."""
    out = frozenset([(axioms.UNIT, Fraction(1))])
    for factor in monomial:
        out = axioms.product(
            out, frozenset([(frozenset([(axioms.Given(frozenset([factor]), given), 1)]), Fraction(1))])
        )
    return out


def known_too_much(symbol: axioms.Symbol) -> Field:
    """A mean taken as known whatever one knows."""
    return NOTHING if isinstance(symbol, axioms.Given | axioms.LogOf) else symbol.field


def opened_too_soon(monomial: Monomial, given: Field) -> Monomial | None:
    """A density dropped beside factors that depend on it."""
    for symbol, exponent in sorted(monomial, key=axioms.spelled):
        if exponent == 1 and isinstance(symbol, Atom) and symbol.unit is not None:
            return monomial - {(symbol, exponent)}
    return None


def quotient_upside_down(law: Law, of: Field, given: Field) -> Form:
    """E[w|S]/E[w|T,S] for the density of T given S."""
    whole = form(law.density)
    return axioms.product(axioms.mean(whole, given), axioms.inverse(axioms.mean(whole, of | given)))


PLANTED = (
    ("_folded", fold_that_ignores_knowledge),
    ("known", known_too_much),
    ("_opened", opened_too_soon),
    ("density", quotient_upside_down),
)


@pytest.mark.parametrize(("name", "bug"), PLANTED)
def test_a_planted_bug_is_noticed(monkeypatch: pytest.MonkeyPatch, name: str, bug: Callable[..., object]) -> None:
    terms = list(drawn_terms(60))
    monkeypatch.setattr(axioms, name, bug)
    forget()
    try:
        assert unequal(iter(terms), SMALL)[0]
    finally:
        monkeypatch.undo()
        forget()


# The ledger


def statements() -> Iterator[tuple[str, Statement]]:
    """Every statement of terms, with the name of its claim."""
    for name in ledger.LEMMAS + ledger.RESULTS:
        for claim in ledger.load(name).claims:
            yield from ((f"{name}.{claim.name}", line) for line in claim.lines if isinstance(line, Statement))


def test_every_statement_holds_as_numbers() -> None:
    for name, line in statements():
        worlds = VALUES if line.world is None else [Evaluation(real(line.world))]
        for values in worlds:
            assert not sides(line, values).refuted, f"{name} in {values.world.name}: {line.text}"


def test_what_holds_without_label_shift_does_so_as_numbers() -> None:
    worlds = [Evaluation(drawn(seed, 8, 1e-3, CHANNELS[seed % 4], label_shift=False)) for seed in range(8)]
    for name, line in statements():
        for mutant in mutants(line):
            if mutant.mistake == LABEL_SHIFT and mutant.statement.proved():
                assert not any(sides(mutant.statement, values).refuted for values in worlds), name


def inside(whole: Term) -> Iterator[Term | Law]:
    """A term and everything in it, densities of laws too."""
    yield whole
    laws = [part for part in vars(whole).values() if isinstance(part, Law)]
    for law in laws:
        yield law
        yield from inside(law.density)
    for part in children(whole):
        yield from inside(part)


def test_a_name_means_one_thing() -> None:
    """Atoms are evaluated and all things printed by their names, so that two of one name would be one to a reader and two to the prover."""
    for kind in (Atom, Named, Law):
        meanings: dict[tuple[bool, str], Term | Law] = {}
        for name, line in statements():
            # A lemma speaks of any l, a result of log r.
            lemma = name.split(".")[0] in ledger.LEMMAS
            for part in {*inside(line.left), *inside(line.right)}:
                # One whose definition is an assumption (any f this far from y) may be written through its free parts in several ways.
                # The imbalanced law has another density where the channels may differ; worlds know its masses without it.
                free = isinstance(part, Restricted) or (isinstance(part, Law) and part.name in ("p", "phat"))
                if isinstance(part, kind) and not free:
                    assert meanings.setdefault((lemma, part.name), part) == part, f"{name}: {part.name}"


def test_laws_have_the_densities_that_they_declare() -> None:
    """The masses of q, p and phat are computed without their densities; the two must agree."""
    for values in VALUES:
        balanced = values.masses(q)
        for law in (q, p, phat):
            masses, density = values.masses(law), values.table(law.density)
            for pair, mass in masses.items():
                other = balanced[pair] * density[pair]
                assert abs(mass.value - other.value) <= mass.error + other.error


def test_bounds_of_rounding_errors_are_bounds() -> None:
    """Random sums, products, quotients and powers of floats against rational arithmetic."""
    dice = random.Random("rounding")
    for _ in range(200):
        close, exact = Real(1.0), Fraction(1)
        for _ in range(30):
            value = dice.choice((-1, 1)) * 10 ** dice.uniform(-12, 3)
            do = dice.choice(("+", "-", "*", "/"))
            part, whole = Real(value), Fraction(value)
            close = {"+": close.__add__, "-": close.__sub__, "*": close.__mul__, "/": close.__truediv__}[do](part)
            exact = {"+": exact.__add__, "-": exact.__sub__, "*": exact.__mul__, "/": exact.__truediv__}[do](whole)
        assert abs(Fraction(close.value) - exact) <= Fraction(close.error)


# Lemmas

PLACES = {"specht.chord": (1 + specht.s, 1 + specht.s + specht.t)}
"""Where a formula proves a lemma at other symbols than its parameters, which then fill its domain."""
LEMMAS = [each for each in vars(certificate).values() if isinstance(each, certificate.Lemma)]


@pytest.mark.parametrize("lemma", LEMMAS, ids=lambda lemma: lemma.name)
def test_a_lemma_is_what_the_claim_of_its_name_proves(
    lemma: certificate.Lemma, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Certificates lean on the term of a lemma: the claim must say of this very term that it is not negative."""
    result, name = lemma.name.split(".")
    (claim,) = [each for each in ledger.load(result).claims if each.name == name]
    (line,) = claim.lines
    assert line.proved()
    if isinstance(line, Formula):
        parameters = tuple(map(pointwise.symbol, lemma.parameters))
        place = dict(zip(parameters, PLACES.get(lemma.name, parameters), strict=True))
        assert (line.left, line.relation) == (0, "<=")
        assert line.right == pointwise.expression(lemma.term).subs(place, simultaneous=True)
        return
    assert f"0 <= {text(lemma.term)}" in line.text
    monkeypatch.setattr(importlib.import_module(f"theory.{result}"), "BETWEEN", replace(lemma, term=2 * lemma.term))
    assert not line.proved()
