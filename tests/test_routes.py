"""Routes to a number: one list of terms, numbers that agree within their errors, code that none of them shares."""

from __future__ import annotations

import ast
from itertools import combinations
from pathlib import Path

import pytest
from worlds import evidence

from numerics.evidence import Evidence
from numerics.routes import certified, closed_form, noise, quadrature
from numerics.routes.route import NeedsClasses, NotReached, Route
from theory.printing import text
from theory.terms import Term
from theory.words import price

ROUTES = Path(quadrature.__file__).resolve().parent
TERMS: tuple[Term, ...] = tuple(
    dict.fromkeys(
        (
            *quadrature.WORLD,
            *quadrature.CLASSES,
            *certified.LABELS,
            *certified.INPUTS,
            *certified.CLASSES,
            *certified.CORRECTIONS,
            *closed_form.WORLD,
            *closed_form.CLASSES,
        )
    )
)
"""Every term that some route has a number of its own for."""


def routes(run: Evidence) -> tuple[Route, ...]:
    return (*quadrature.routes(run), certified.route(run), closed_form.route(run), noise.route(run))


def numbers(route: Route, term: Term, run: Evidence) -> dict[int | None, tuple[float, float]]:
    """The route's estimates by K (None where the term speaks of no classes); empty where it has none."""
    estimates = {}
    for classes in (None, *run.world.classes):
        try:
            estimate = route.number(term, classes)
        except (NeedsClasses, NotReached):
            continue
        estimates[classes] = (estimate.value, estimate.error)
        if classes is None:
            break
    return estimates


@pytest.mark.parametrize("density", ["skewed", "exp(-6*y)"])
@pytest.mark.parametrize("term", TERMS, ids=text)
def test_each_pair_of_routes_agrees(term: Term, density: str) -> None:
    run = evidence(density)
    known = [numbers(route, term, run) for route in routes(run)]
    assert any(known)
    for first, second in combinations(known, 2):
        for classes in set(first) & set(second):
            (one, error), (other, other_error) = first[classes], second[classes]
            assert abs(one - other) <= error + other_error


def test_the_price_of_an_exponential_density_has_five_routes() -> None:
    run = evidence("exp(-6*y)")
    values = [numbers(route, price, run)[None] for route in routes(run)]
    assert len(set(values)) == 5


def test_a_term_without_a_number_says_so() -> None:
    from theory.terms import KL, Y, q
    from theory.words import phat

    with pytest.raises(NotReached, match=r"KL\(phat_y\|\|q_y\)"):
        certified.route(evidence("skewed")).number(KL(phat, q, Y))


def test_no_route_imports_another() -> None:
    names = {path.stem for path in ROUTES.glob("*.py")} - {"__init__", "route"}
    for name in names:
        tree = ast.parse((ROUTES / f"{name}.py").read_text(encoding="utf-8"))
        modules = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert not {f"numerics.routes.{other}" for other in names - {name}} & modules
