"""The checks that follow from statements: both sides of each, by every pair of routes that reach them, and in finite worlds.

Nothing is typed here twice: a check reads the statement from the ledger, and a wrong version of the statement gives the wrong checks.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, TypeVar

import numpy as np

from numerics.checks import fitted
from numerics.checks.common import Page
from numerics.evidence import Evidence
from numerics.fits import Fits
from numerics.quadrature import EPSILON
from numerics.records import Estimate, EvidenceKind, Kind
from numerics.routes import certified, class_sums, closed_form, noise, quadrature
from numerics.routes.route import NeedsClasses, NotReached, Route
from theory import mutate
from theory.claim import Claim, Worded
from theory.formula import Formula, value
from theory.numbers import Real
from theory.printing import text
from theory.record import Result
from theory.statement import Statement, agree, sides
from theory.terms import KL, C, E, Number, Term, X, Y, p, q
from theory.words import at_phat, class_part, corrected_excess, f_p, f_q, price, within_part
from theory.worlds import Evaluation, World, exact, real

KINDS: dict[str, Kind] = {"=": "identity", "<=": "upper bound", "<": "counterexample"}

GENERIC = exact(
    "five labels, four inputs, two classes",
    q="1/8 1/4 1/4 1/8 1/4",
    p="3/8 1/16 1/4 1/4 1/16",
    k=("1/2 1/4 1/8 1/8", "1/4 1/2 1/8 1/8", "1/8 1/4 3/8 1/4", "1/8 1/8 1/4 1/2", "1/16 3/16 1/4 1/2"),
    classes=(0, 0, 1, 1, 1),
    labels="0 1 3 4 6",
    predictions=(0, 1, 1, 0),
)
"""Nothing special: every identity has all of its terms."""


@lru_cache(maxsize=1)
def finite_worlds() -> tuple[World, ...]:
    """The worlds on which every statement is evaluated, whatever the density of the run."""
    from theory.offset import REVEALED
    from theory.price import THREE

    return tuple(map(real, (THREE, REVEALED, GENERIC)))


def add(page: Page, result: Result, further: Iterable[tuple[Route, Route]] = ()) -> None:
    """Writes down the checks of every statement of a result.

    Args:
      further: routes of the left and of the right side, beside those that every result has.
    """
    pairs = [*route_pairs(page.evidence), *further]
    worlds = [Evaluation(world) for world in finite_worlds()]
    for claim in result.claims:
        for line in claim.lines:
            if isinstance(line, Statement):
                add_line(page, claim.name, line, pairs, worlds)


def add_line(
    page: Page,
    claim: str,
    statement: Statement,
    pairs: list[tuple[Route, Route]],
    worlds: Sequence[Evaluation[Real]] = (),
) -> None:
    """Writes down the checks of one statement.

    Args:
      worlds: evaluators of `finite_worlds`, where they know something already.
    """
    if statement.world is None:
        _by_routes(page, claim, statement, pairs)
        _by_fits(page, claim, statement)
        _by_fits_alone(page, claim, statement)
    if statement.world is not None:
        worlds = [Evaluation(real(statement.world))]
    for values in worlds or map(Evaluation, finite_worlds()):
        in_world(page, claim, statement, values)


FITTED: dict[Term, tuple[str, ...]] = {
    price: ("extra_term", "plain_excess"),
    corrected_excess: ("corrected_excess",),
    class_part: ("class_excess",),
    KL(q, p, C, given=X): ("class_excess",),
    within_part: ("within_excess",),
    KL(q, p, Y, given=X | C): ("within_excess",),
    at_phat(E((f_p - f_q) ** 2)): ("corrected_squared_error",),
    E((f_p - f_q) ** 2): ("squared_error", "histogram_squared_error"),
}
"""What is trained, by the term that it measures."""


LineKind = TypeVar("LineKind", Statement, Formula, Worded)


def lines(result: Result, claim: str, kind: type[LineKind]) -> Iterator[LineKind]:
    """The lines of one kind that a result's claim has. A wrong version of another line has none of them."""
    for each in result.claims:
        if each.name == claim:
            yield from (line for line in each.lines if isinstance(line, kind))


def side(expression: Any, **numbers: float) -> Estimate:
    """A side of a formula at numbers, by the names of its symbols; doubles have rounded the numbers that it is made of."""
    number, size = value(expression, numbers)
    return Estimate(number, 64 * EPSILON * size)


def _by_fits(page: Page, claim: str, statement: Statement) -> None:
    """An equation one of whose sides is measured on trained models, against its other side by quadrature."""
    if page.evidence.fits is None or statement.relation != "=":
        return
    for measured, other in ((statement.left, statement.right), (statement.right, statement.left)):
        for name in FITTED.get(measured, ()):
            _by_fit(page, page.evidence.fits, claim, name, other)


def _by_fit(page: Page, fits: Fits, claim: str, name: str, other: Term) -> None:
    first, _ = quadrature.routes(page.evidence)
    for classes in (None, *page.evidence.world.classes):
        entry = fits.find(name, classes)
        if entry is None:
            continue
        try:
            expected = first.number(other, classes)
        except (NeedsClasses, NotReached):
            continue
        # What the family cannot represent is known without training: the statement is expected to hold up to just that.
        gap = entry.representation_gap
        page.add(
            claim,
            "identity",
            Estimate(expected.value + gap, expected.error),
            fitted.interval(fits, entry),
            f"{name}, {fits.seeds} seeds; the family's optimum lies {gap:.1e} away, which is added",
            source="fitted",
            classes=classes,
        )


def _by_fits_alone(page: Page, claim: str, statement: Statement) -> None:
    """An equation both of whose sides are measured, on models that are trained apart: nothing makes the two agree but that both are right.

    The intervals of a run hold all together (in 99 runs of a hundred), so their sums are allowed.
    """
    fits = page.evidence.fits
    if fits is None or statement.relation != "=":
        return

    def lookup(whole: Term, classes: int | None) -> Estimate | None:
        name = FITTED.get(whole, ("",))[0]
        entry = fits.find(name, classes) or fits.find(name, None)
        if entry is None:
            return None
        # What the family cannot represent is known without training, and taken off.
        return fitted.interval(fits, entry) - Estimate(entry.representation_gap, 0.0)

    trained = Route("trained models", "fitted", lookup)
    for classes in page.evidence.world.classes:
        try:
            left, right = trained.number(statement.left, classes), trained.number(statement.right, classes)
        except (NeedsClasses, NotReached):
            continue
        _write(page, claim, statement, left, right, trained, trained, classes)


def route_pairs(evidence: Evidence) -> Iterator[tuple[Route, Route]]:
    """The routes of the left and of the right side. Each route beyond the first is set against the first, and against itself."""
    first, second = quadrature.routes(evidence)
    balls, closed = certified.route(evidence), closed_form.route(evidence)
    sums = class_sums.route(evidence)
    yield from ((first, first), (second, first), (balls, first), (balls, balls), (first, balls))
    yield from ((closed, closed), (first, closed), (sums, sums))
    over_noise = noise.route(evidence)
    yield from ((over_noise, first), (over_noise, balls))


def _by_routes(page: Page, claim: str, statement: Statement, pairs: list[tuple[Route, Route]]) -> None:
    seen: set[tuple[int | None, str, Estimate, Estimate]] = set()
    reached, missing = False, None
    for left_route, right_route in pairs:
        if isinstance(statement.left, Number) and left_route is not right_route:
            continue  # a number is no route's own
        for classes in (None, *page.evidence.world.classes):
            try:
                left = left_route.number(statement.left, classes)
                right = right_route.number(statement.right, classes)
            except NeedsClasses:
                continue
            except NotReached as reason:
                missing = missing or reason
                break
            reached = True
            key = (classes, source(left_route, right_route), left, right)
            # One number against itself says nothing; nor does the same pair of numbers twice.
            if left is not right and key not in seen:
                seen.add(key)
                _write(page, claim, statement, left, right, left_route, right_route, classes)
            if classes is None:
                break
    if not reached:
        page.skip(claim, KINDS[statement.relation], f"by routes: {missing}; evaluated in finite worlds")


def _write(
    page: Page,
    claim: str,
    statement: Statement,
    left: Estimate,
    right: Estimate,
    left_route: Route,
    right_route: Route,
    classes: int | None,
) -> None:
    if not quadrature.finite(left, right):
        page.skip(
            claim,
            KINDS[statement.relation],
            quadrature.why_not_finite(page.evidence, classes),
            source(left_route, right_route),
            classes,
        )
        return
    names = left_route.name if left_route is right_route else f"{left_route.name} | {right_route.name}"
    page.add(
        claim,
        KINDS[statement.relation],
        right,
        left,
        f"{text(statement.left)} {statement.relation} {text(statement.right)}; {names}",
        source=source(left_route, right_route),
        classes=classes,
    )


def source(left: Route, right: Route) -> EvidenceKind:
    """The kind of evidence of two routes: a certificate's, where one of them is one."""
    return left.evidence if right.evidence == "quadrature" else right.evidence


def _from_table(table: Mapping[Term, Estimate], whole: Term, _: int | None) -> Estimate | None:
    return table.get(whole)


def by_tables(
    page: Page,
    claim: str,
    statement: Statement,
    tables: Iterable[Mapping[Term, Estimate]],
    name: str,
    classes: int | None = None,
    evidence: EvidenceKind = "quadrature",
) -> None:
    """A statement by the table in which it comes nearest to failing, of those that reach both of its sides."""
    reached: list[tuple[Estimate, Estimate]] = []
    for table in tables:
        route = Route(name, evidence, partial(_from_table, table))
        try:
            reached.append((route.number(statement.left), route.number(statement.right)))
        except NotReached:
            continue
    if not reached:
        return
    gaps = [left.value - right.value for left, right in reached]
    nearest = int(np.argmax(np.abs(gaps) if statement.relation == "=" else gaps))
    left, right = reached[nearest]
    # A strict inequality is a counterexample, whose larger side is the number that must exceed.
    first, second = (left, right) if statement.relation == "<" else (right, left)
    note = f"{text(statement.left)} {statement.relation} {text(statement.right)}; {name}"
    page.add(claim, KINDS[statement.relation], first, second, note, source=evidence, classes=classes)


def in_world(page: Page, claim: str, statement: Statement, values: Evaluation[Real]) -> None:
    """The statement in one finite world, by plain loops, at the pair where the sides are farthest from agreeing; from both sides where the two terms
    agree on which its equality hangs."""
    both = sides(statement, values)
    left, right = Estimate(both.left.value, both.left.error), Estimate(both.right.value, both.right.error)
    if not quadrature.finite(left, right):
        return
    kind, note = KINDS[statement.relation], f"{text(statement.left)} {statement.relation} {text(statement.right)}"
    with page.elsewhere(values.world.name):
        # A strict inequality is a counterexample, whose larger side is the number that must exceed.
        first, second = (left, right) if statement.relation == "<" else (right, left)
        page.add(claim, kind, first, second, note)
        if statement.equality is not None and agree(statement.equality, values):
            page.add(
                claim,
                kind,
                left,
                right,
                f"{note}, from above, since {text(statement.equality.left)} = {text(statement.equality.right)}",
            )


@dataclass(frozen=True)
class WrongResult:
    """A result of which one statement is replaced by a mutant, the others left out.

    Attributes:
      true, line: the claim as it stands, and the line of it that is mutated.
      mistake, wrong: what is wrong, in words, and the mutant.
      result: the wrong result.
    """

    true: Claim
    line: Statement | Formula
    mistake: str
    wrong: Statement | Formula
    result: Result

    def needs_no_rejection(self) -> bool:
        """Whether the mutant is true too, or is refuted in other finite worlds than those of a run."""
        return mutate.judged(self.result.name, self.true, self.line, self.mistake, self.wrong).status != "survived"


def wrong_results(result: Result) -> Iterator[WrongResult]:
    """Every mutant of every statement and formula of a result."""
    for claim in result.claims:
        for line in claim.lines:
            if not isinstance(line, Worded):
                for mistake, wrong in mutate.wrong_lines(line):
                    changed = replace(result, claims=(replace(claim, lines=(wrong,)),))
                    yield WrongResult(claim, line, mistake, wrong, changed)
