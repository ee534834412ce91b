"""What the tests of the results share: evidence of the named densities, and random finite worlds with extremes."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
from hypothesis import strategies as st

from numerics import checks
from numerics.certified.certificates import certificates
from numerics.channels import Channel
from numerics.evidence import Evidence
from numerics.finite import FiniteWorld
from numerics.laws import densities
from numerics.posterior.quantities import quantities
from numerics.records import Check
from numerics.world import World as Run
from theory.numbers import Exact
from theory.worlds import World

EPSILON = float(np.finfo(float).eps)


@lru_cache(maxsize=16)
def evidence(density: str, classes: tuple[int, ...] = (1, 4, 16), noise: float = 0.1) -> Evidence:
    """Quadrature and certificates of a density on [0, 1], without fits."""
    unit = (Fraction(0), Fraction(1))
    law = densities.named(density, unit) if density in densities.NAMES else densities.typed(density, unit)
    here = Run(law, Channel("gaussian", noise), classes)
    return Evidence(here, quantities(here), certificates(here))


def failing(made: list[Check]) -> list[Check]:
    """Those that fail."""
    return [check for check in made if check.status == "fails"]


def holds(result: str, density: str) -> None:
    """Every check of a result holds for a density, and something is checked."""
    own = checks.run(result, evidence(density))
    assert not failing(own)
    assert sum(check.status == "holds" for check in own) > 3


def holds_and_rejects(result: str, density: str) -> None:
    """Every check of a result holds for a density, something is checked, and each wrong version is rejected."""
    holds(result, density)
    run = evidence(density)
    wrong = list(checks.wrong_versions(result, run))
    assert len(wrong) >= 2
    for name, text, changed in wrong:
        assert failing(changed), f"{result}: {name} ('{text}') was not rejected for {density}"


def rejected(result: str, density: str) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """The claims and kinds of evidence of all checks, and of those that some wrong version makes fail."""
    return rejected_by(result, evidence(density))


def rejected_by(result: str, run: Evidence) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """The same on a run's evidence."""
    own = {(check.claim, check.evidence) for check in checks.run(result, run) if check.status == "holds"}
    wrong = {
        (check.claim, check.evidence)
        for _, _, changed in checks.wrong_versions(result, run)
        for check in failing(changed)
    }
    return own, wrong


def finite(world: World[Exact]) -> FiniteWorld:
    """An exact world of the ledger, as plain loops have it."""
    q, p, labels = (np.array([float(each.real().value) for each in row]) for row in (world.q, world.p, world.labels))
    k = np.array([[each.real().value for each in row] for row in world.k])
    bins = tuple(tuple(i for i, c in enumerate(world.classes) if c == own) for own in sorted(set(world.classes)))
    return FiniteWorld(q, p, k, labels, bins)


@st.composite
def masses(draw: st.DrawFn, size: int) -> np.ndarray:
    """A probability vector with entries down to 1e-12 of the largest."""
    exponents = draw(st.lists(st.floats(-12, 0), min_size=size, max_size=size))
    raw = [10.0**exponent for exponent in exponents]
    return np.array(raw) / math.fsum(raw)


@st.composite
def finite_worlds(draw: st.DrawFn, channel: str | None = None, bins: str | None = None) -> FiniteWorld:
    """A finite world: 2 to 5 labels, 1 to 4 inputs; `channel` is generic, deterministic (x a function of y) or silent (x says nothing);
    `bins` is one, all (a class for each label) or some."""
    n, m = draw(st.integers(2, 5)), draw(st.integers(1, 4))
    kind = channel or draw(st.sampled_from(["generic", "generic", "deterministic", "silent"]))
    if kind == "generic":
        k = np.stack([draw(masses(m)) for _ in range(n)])
    elif kind == "silent":
        k = np.tile(draw(masses(m)), (n, 1))
    else:
        k = np.eye(m)[draw(st.lists(st.integers(0, m - 1), min_size=n, max_size=n))]
    parts = bins or draw(st.sampled_from(["one", "all", "some", "some"]))
    place = {"one": [0] * n, "all": list(range(n))}.get(parts) or draw(
        st.lists(st.integers(0, n - 1), min_size=n, max_size=n)
    )
    partition = tuple(tuple(i for i in range(n) if place[i] == c) for c in sorted(set(place)))
    y = np.sort(np.array(draw(st.lists(st.integers(-50, 50), min_size=n, max_size=n, unique=True)), float))
    same = draw(st.booleans()) and draw(st.booleans())
    q = draw(masses(n))
    return FiniteWorld(q, q.copy() if same else draw(masses(n)), k, y, partition)


def slack(here: FiniteWorld, functions: int = 4) -> float:
    """Rounding of an identity in nats between `functions` of `numerics.finite`.

    Each is an exact sum (fsum) of at most n m terms, weight times logarithm, with weights that sum to 1. A logarithm is at most
    `log(1e12) + log(n)` and some more for products of two small probabilities; its argument is a quotient of sums of n products, good to
    n + 6 roundings; the weight is as good.
    """
    largest = 1.0 + 2 * abs(math.log(1e-12)) + math.log(len(here.q))
    return functions * 2 * (len(here.q) + 6) * EPSILON * largest


def square_slack(here: FiniteWorld, functions: int = 3) -> float:
    """The same for squared errors: terms of at most the square of the largest label difference, means good to n + 6 roundings of the
    largest label."""
    size = float(np.ptp(here.y)) + float(np.max(np.abs(here.y)))
    return functions * 4 * (len(here.q) + 6) * EPSILON * size**2
