"""Wrong versions of a statement, made from the statement: each must be refused by its proof, and by numbers in some world.

Example: of `E_q Delta = KL(q_y||p_y) - KL(q_x||p_x)` one mutant reads `E_q Delta = KL(q_y||p_y) + KL(q_x||p_x)`, another takes p_x for q_x.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, islice
from typing import TypeAlias

from theory.axioms import Monomial, Unprovable, all_positive, form
from theory.certificate import NOT_NEGATIVE, Certificate, certifies, visibly_not_negative, with_atom
from theory.numbers import Real
from theory.printing import over, text, variables
from theory.statement import Equality, Statement, sides
from theory.terms import (
    KL,
    ONE,
    Apply,
    Atom,
    C,
    Density,
    Divergence,
    E,
    Extreme,
    Field,
    Law,
    Mean,
    Named,
    Number,
    Power,
    Product,
    Restricted,
    Sum,
    Term,
    X,
    Y,
    children,
    p,
    q,
    r,
    rebuilt,
    replaced,
)
from theory.words import D, R, V, W, Z, anything, channel_ratio, f, f_p, f_q, phat, proxy, shift
from theory.worlds import CHANNELS, Evaluation, World, drawn, real

OTHER_LAWS: dict[str, tuple[Law, ...]] = {"q": (p,), "p": (q,), "phat": (p, q)}
OTHER_WORDS: dict[Term, Term] = {f_q: f_p, f_p: f_q}
SHIFTED = E(shift**2)
LABEL_SHIFT = "without label shift"
FIRST = 32
"""Worlds that a mutant is tried in before its truth is: few of the false ones get past them."""
Known: TypeAlias = tuple[tuple[Term, Certificate], ...]


@dataclass(frozen=True)
class Mutant:
    """A statement with one mistake.

    Attributes:
      mistake: what is wrong with it, in words.
      statement: the wrong version.
    """

    mistake: str
    statement: Statement


def mutants(statement: Statement) -> list[Mutant]:
    """All wrong versions of a statement, each once, the true one not among them."""
    seen = {statement}
    kept = []
    for mutant in _all(statement):
        if mutant.statement not in seen:
            seen.add(mutant.statement)
            kept.append(mutant)
    return kept


def _all(statement: Statement) -> Iterator[Mutant]:
    for side in ("left", "right"):
        whole = statement.left if side == "left" else statement.right
        for mistake, wrong in _terms(whole):
            changed = replace(statement, left=wrong) if side == "left" else replace(statement, right=wrong)
            yield Mutant(f"{side}: {mistake}", changed)
    if statement.relation != "=":
        yield Mutant("the relation reversed", replace(statement, left=statement.right, right=statement.left))
    if statement.equality is not None:
        for side in ("left", "right"):
            whole = getattr(statement.equality, side)
            for other in (Z, R, V, ONE):
                if other != whole:
                    moved = replace(statement.equality, **{side: other})
                    yield Mutant(f"equality: {text(other)} for {text(whole)}", replace(statement, equality=moved))
    for each in sorted(atoms(statement.left) | atoms(statement.right), key=text):
        if isinstance(each, Restricted):
            free = Atom(each.name, each.latex, over(each), all_positive(form(each)))
            left, right = (replaced(side, each, free) for side in (statement.left, statement.right))
            yield Mutant(f"without what is assumed of {each.name}", replace(statement, left=left, right=right))
    if statement.world is None and channel_ratio not in atoms(statement.left) | atoms(statement.right):
        left, right = (replaced(side, r, anything) for side in (statement.left, statement.right))
        same = statement.equality
        equality = same and Equality(replaced(same.left, r, anything), replaced(same.right, r, anything))
        certificate = with_atom(statement.certificate, r, anything)
        changed = replace(statement, left=left, right=right, certificate=certificate, equality=equality)
        yield Mutant(LABEL_SHIFT, changed)


def _terms(whole: Term) -> Iterator[tuple[str, Term]]:
    """A term with one mistake somewhere in it."""
    if not isinstance(whole, Sum) and whole != Number(Fraction(0)):
        yield f"{text(whole)} twice", Product((Number(Fraction(2)), whole))
        yield f"half of {text(whole)}", Product((Number(Fraction(1, 2)), whole))
    yield from _inside(whole)


def _inside(whole: Term) -> Iterator[tuple[str, Term]]:
    if isinstance(whole, Restricted):
        return
    yield from _here(whole)
    parts = children(whole)
    for i, part in enumerate(parts):
        for mistake, wrong in _inside(part):
            yield mistake, rebuilt(whole, (*parts[:i], wrong, *parts[i + 1 :]))


def _here(whole: Term) -> Iterator[tuple[str, Term]]:
    """Mistakes at the root of a term."""
    match whole:
        case Sum(terms):
            for i, each in enumerate(terms):
                before, after = terms[:i], terms[i + 1 :]
                yield f"{text(each)} with the other sign", Sum((*before, -each, *after))
                yield f"{text(each)} left out", Sum((*before, *after)) if len(terms) > 2 else (*before, *after)[0]
                yield f"{text(each)} twice", Sum((*before, 2 * each, *after))
                yield f"half of {text(each)}", Sum((*before, each * Fraction(1, 2), *after))
        case Number(value) if value not in (-1, 0, 1):
            yield f"{2 * value} for {value}", Number(2 * value)
            yield f"{value / 2} for {value}", Number(value / 2)
        case Power(base, exponent) if not isinstance(base, Number):
            for power in (exponent - 1, exponent + 1):
                yield f"{text(base)} to the power {power}, not {exponent}", Power(base, power)
        case Named() if whole in OTHER_WORDS:
            yield f"{text(OTHER_WORDS[whole])} for {text(whole)}", OTHER_WORDS[whole]
        case Mean(argument, given, law):
            for other in OTHER_LAWS.get(law.name, ()):
                yield f"the mean under {other.name}, not {law.name}", Mean(argument, given, other)
            for fewer in _fewer(given):
                yield (
                    f"the mean given {variables(fewer) or 'nothing'}, not {variables(given)}",
                    Mean(argument, fewer, law),
                )
        case Divergence(above, below, of, given):
            name = text(whole)
            yield f"{name} in the other direction", Divergence(below, above, of, given)
            for other in OTHER_LAWS.get(above.name, ()):
                if other != below:
                    yield f"{other.name} for {above.name} in {name}", Divergence(other, below, of, given)
            for other in OTHER_LAWS.get(below.name, ()):
                if other != above:
                    yield f"{other.name} for {below.name} in {name}", Divergence(above, other, of, given)
            for fewer in _fewer(given):
                yield f"{name} given {variables(fewer) or 'nothing'}", Divergence(above, below, of, fewer)
            for other_field in (Y, X, C):
                if other_field != of and not other_field <= given:
                    yield (
                        f"{variables(other_field)} for {variables(of)} in {name}",
                        Divergence(above, below, other_field, given),
                    )
        case Density(law, of, given):
            for other in OTHER_LAWS.get(law.name, ()):
                yield f"{other.name} for {law.name} in {text(whole)}", Density(other, of, given)
            for fewer in _fewer(given):
                yield f"{text(whole)} given {variables(fewer) or 'nothing'}", Density(law, of, fewer)
        case Extreme(argument, upper, given):
            yield f"{'inf' if upper else 'sup'} for {'sup' if upper else 'inf'}", Extreme(argument, not upper, given)


def _fewer(given: Field) -> list[Field]:
    """A condition with one variable dropped."""
    smaller = []
    if given >= X:
        smaller.append(given - X)
    if given >= C:
        smaller.append(given - Y)
    return smaller


def true_as_well(statement: Statement, wrong: Statement, known: Known = ()) -> str:
    """Why a mutant of a true statement is true as well, proved by the axioms; empty where they do not show it.

    An inequality is shown by writing its gap, or what its gap has more than that of the true statement, as a sum of terms that are visibly
    not negative.

    Args:
      known: terms that are not negative, each with its certificate.
    """
    if wrong.proved():
        return "its proof holds as well"
    if wrong.relation != "<=" or wrong.world is not None or statement.world is not None:
        return ""
    if statement.equality is not None:
        # Equality moves with the gap, unless the gap is the same up to a factor.
        same = wrong.equality == statement.equality and statement.proved()
        scaled = cone(wrong.gap, [statement.gap]) if same else None
        return f"its gap is {scaled[0][0]} times the true one" if scaled else ""
    if visibly_grows(statement.gap, wrong.gap):
        return "weaker: the gap grows by products that are not negative"
    candidates = _candidates(known, statement, wrong)
    for gap, lead in ((wrong.gap - statement.gap, "weaker: the gap grows by "), (wrong.gap, "its gap is ")):
        terms = cone(gap, candidates)
        if terms is not None:
            return lead + (text(Sum(tuple(Product((Number(scale), each)) for scale, each in terms))) if terms else "0")
    return ""


def visibly_grows(gap: Term, wider: Term) -> bool:
    """Whether a gap has more than another, by products that are visibly not negative."""
    try:
        return visibly_not_negative(form(wider - gap))
    except Unprovable:
        return False


def _candidates(known: Known, *statements: Statement) -> list[Term]:
    """Terms that are visibly not negative: every divergence, and what stands in the statements; times D^2, a proxy or a mean square that stands there."""
    known = (*NOT_NEGATIVE, *known)
    plain = [term for term, certificate in known if certifies(certificate, term)]
    laws = (q, p, phat)
    plain += [KL(v, w, of) for v in laws for w in laws for of in (Y, X, C) if v != w]
    plain += [KL(v, w, Y, given=X) for v in laws for w in laws if v != w]
    plain += [W, KL(q, p, X, given=C)]
    sides = [side for statement in statements for side in (statement.left, statement.right)]
    own = [each for side in sides for each in _addends(side) if not_negative(each, known)]
    inside = set().union(*map(atoms, sides))
    # The chain rule: a divergence of labels is one of classes and one within classes.
    plain += [KL(d.above, d.below, Y, given=d.given | C) for d in inside if isinstance(d, Divergence) and d.of == Y]
    plain.append(ONE)
    scales = [scale for atom, scale in ((D, Power(D, 2)), (proxy, proxy), (SHIFTED, SHIFTED)) if atom in inside]
    return [*own, *plain, *(Product((scale, each)) for scale in scales for each in plain)]


def atoms(whole: Term) -> set[Term]:
    """A term and all terms inside it, those in the densities of laws too."""
    parts = [*children(whole)]
    match whole:
        case Divergence(above, below):
            parts += [above.density, below.density]
        case Density(law) | Mean(_, _, law):
            parts += [law.density]
    return {whole} | {atom for part in parts for atom in atoms(part)}


def cone(gap: Term, candidates: list[Term], most: int = 3) -> list[tuple[Fraction, Term]] | None:
    """A sum of at most `most` candidates with positive rational factors that equals the gap, by the axioms; None if none is seen."""
    try:
        goal = dict(form(gap))
        rows: list[tuple[Term, dict[Monomial, Fraction]]] = []
        for each in candidates:
            vector = dict(form(each))
            if vector and set(vector) & set(goal) and all(vector != other for _, other in rows):
                rows.append((each, vector))
    except Unprovable:
        return None
    if not goal:
        return []
    for size in range(1, most + 1):
        for chosen in combinations(rows, size):
            scales = _solved([vector for _, vector in chosen], goal)
            if scales is not None and all(scale > 0 for scale in scales):
                return [(scale, each) for scale, (each, _) in zip(scales, chosen, strict=True)]
    return None


def _solved(vectors: list[dict[Monomial, Fraction]], goal: dict[Monomial, Fraction]) -> list[Fraction] | None:
    """The factors with which the vectors add up to the goal, exactly; None where there are none or many."""
    keys = set(goal).union(*vectors)
    rows = [[vector.get(key, Fraction(0)) for vector in vectors] + [goal.get(key, Fraction(0))] for key in keys]
    size = len(vectors)
    for column in range(size):
        pivot = next((i for i in range(column, len(rows)) if rows[i][column]), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        lead = rows[column][column]
        rows[column] = [entry / lead for entry in rows[column]]
        for i, row in enumerate(rows):
            if i != column and row[column]:
                rows[i] = [a - row[column] * b for a, b in zip(row, rows[column], strict=True)]
    return None if any(row[size] for row in rows[size:]) else [row[size] for row in rows[:size]]


def _addends(*sides: Term) -> Iterator[Term]:
    for side in sides:
        match side:
            case Sum(terms):
                yield from _addends(*terms)
            case Product((Number(), *rest)) if rest:
                yield from _addends(rest[0] if len(rest) == 1 else Product(tuple(rest)))
            case _:
                yield side


def not_negative(whole: Term, known: Known = NOT_NEGATIVE) -> bool:
    """Whether a term is visibly not negative as it is written: a divergence, an even power, a mean or product of such, or one that is known."""
    certificate = dict(known).get(whole)
    if certificate is not None and certifies(certificate, whole):
        return True
    match whole:
        case Divergence():
            return True
        case Number(value):
            return value >= 0
        case Power(base, exponent) if exponent % 2 == 0:
            return True
        case Sum(parts) | Product(parts) if all(not_negative(part, known) for part in parts):
            return True
        case Apply(function, _) if function.nonnegative:
            return True
        case Power(base) | Mean(base) | Named(definition=base) if not_negative(base, known):
            return True
    try:
        return visibly_not_negative(form(whole))
    except Unprovable:
        return False


def worlds(label_shift: bool = True) -> Iterator[Evaluation[Real]]:
    """Worlds to refute a wrong version in: a few of each kind, then such as come close to the bounds, then more of small size."""
    for seed in range(8):
        yield _values(seed, 6, 1e-2, CHANNELS[seed % 4], label_shift)
    if label_shift:
        yield _symmetric()
        for seed in range(24):
            yield _sharp(seed)
        yield _rare()
        yield _small_errors()
        for seed in range(12):
            yield _reversed(seed)
    for seed in range(8, 160):
        yield _values(seed, 2 + seed % 3, 1e-4, CHANNELS[seed % 4], label_shift)


@functools.cache
def _values(seed: int, most: int, least: float, channel: str, label_shift: bool) -> Evaluation[Real]:
    return Evaluation(drawn(seed, most, least, channel, label_shift))


@functools.cache
def _sharp(seed: int) -> Evaluation[Real]:
    """Two labels far apart or close, q and p nearly equal, inputs that say little: where bounds by D and by divergences are tight."""
    length = (Fraction(1, 64), Fraction(1), Fraction(1024))[seed % 3]
    side = Fraction((1, -1)[seed // 3 % 2], (128, 4096)[seed // 6 % 2])
    said = (Fraction(0), Fraction(1, 4))[seed // 12]
    half = Fraction(1, 2)

    def row(*entries: Fraction) -> tuple[Real, ...]:
        return tuple(map(Real.of, entries))

    k = (row(half + said, half - said), row(half - said, half + said))
    q, p = row(half, half), row(half - side, half + side)
    return Evaluation(
        World(f"sharp world {seed}", q, p, k, (0, seed // 2 % 2), row(Fraction(0), length), (0, 0), Real, seed=seed)
    )


@functools.cache
def _symmetric() -> Evaluation[Real]:
    """Inputs that tell the labels apart and have one law all the same: q_x = p_x without silence."""
    tenths = tuple(Real.of(Fraction(tenth, 10)) for tenth in (1, 8, 5, 9))
    third, (one, eight, five, nine) = Real.of(Fraction(1, 3)), tenths
    k = ((nine, one), (five, five), (one, nine))
    labels = tuple(Real(value) for value in (0.0, 1.0, 2.0))
    return Evaluation(World("symmetric world", (third,) * 3, (one, eight, one), k, (0, 0, 1), labels, (0, 1), Real))


@functools.cache
def _reversed(seed: int) -> Evaluation[Real]:
    """What is common under one law is rare under the other, inputs say nothing, and models may be almost certain."""

    def row(*entries: int) -> tuple[Real, ...]:
        return tuple(Real.of(Fraction(entry, 256)) for entry in entries)

    k, labels = (row(256),) * 2, row(0, 256)
    return Evaluation(
        World(f"reversed world {seed}", row(255, 1), row(1, 255), k, (0, 1), labels, (0,), Real, seed=seed, spread=200)
    )


@functools.cache
def _small_errors() -> Evaluation[Real]:
    """Two labels of one class, 1/4 and 1/2 above any prediction, so that an error is larger than its square; an input that says nothing."""
    whole = (Real(1.0),)
    third, two = (Real.of(Fraction(thirds, 3)) for thirds in (1, 2))
    world = World("small errors", (third, two), (two, third), (whole, whole), (0, 0), whole * 2, (0,), Real)
    prediction = Evaluation(world).number(f)
    labels = tuple(prediction + Real(above) for above in (0.25, 0.5))
    return Evaluation(replace(world, labels=labels))


@functools.cache
def _rare() -> Evaluation[Real]:
    """A rare class of two labels whose ratios are 2 and 4, so that its least ratio is above 1; inputs that say nothing."""

    def row(*entries: int) -> tuple[Real, ...]:
        return tuple(Real.of(Fraction(entry, 32)) for entry in entries)

    k = (row(16, 16),) * 3
    return Evaluation(World("a rare class", row(30, 1, 1), row(26, 2, 4), k, (0, 1, 1), row(0, 32, 64), (0, 0), Real))


def refuted(statement: Statement, label_shift: bool = True, most: int | None = None) -> str:
    """The name of a world (of the first `most`) in which a statement is false; empty where none is seen."""
    if statement.world is not None:
        values = Evaluation(real(statement.world))
        return statement.world.name if sides(statement, values).refuted else ""
    both = {channel_ratio} & (atoms(statement.left) | atoms(statement.right))
    decided = False
    for values in islice(worlds(label_shift and not both), most):
        outcome = sides(statement, values)
        decided = decided or outcome.decided
        if outcome.refuted:
            return values.world.name
    return "" if decided else "it has no value"
