"""estimation: what it costs that the posterior is estimated from n samples, exactly for small tables, by Monte Carlo, and on trained models."""

from __future__ import annotations

import math
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from numerics.checks import statements, trained_classes
from numerics.checks.common import Page
from numerics.checks.limits import quotient, richardson
from numerics.checks.sample_size import FALSE_ALARM, normal_quantile
from numerics.evidence import Evidence
from numerics.quadrature import EPSILON, SAFETY
from numerics.records import Check, Estimate
from theory.estimation import n_samples
from theory.mutants import atoms
from theory.numbers import Exact, Real
from theory.record import Result
from theory.statement import Statement
from theory.terms import Term
from theory.worlds import Evaluation, World, exact, real

ONE = Estimate(1.0, 0.0)
SIZES = (64, 128, 256, 512)
"""n of the exact expectations, each a sum over n^2/2 pairs of counts for each input."""
RARE, REPLICATES = (50.0, 800.0), 20_000
"""n p(x, y) of the rarest cell at the two n of a Monte Carlo; samples drawn for each."""
LABELS = exact(
    "two labels, two inputs", q="1/2 1/2", p="1/3 2/3", k=("3/5 2/5", "1/3 2/3"), classes=(0, 1), labels="0 1"
)
CLASSES = exact(
    "three labels in two classes, two inputs",
    q="1/4 1/4 1/2",
    p="1/2 1/12 5/12",
    k=("4/5 1/5", "1/5 4/5", "1/2 1/2"),
    classes=(0, 0, 1),
    labels="0 1 2",
)
"""Inputs tell the labels of a class apart, so the corrected posterior of the classes is not the balanced one."""
TABLES = {"excess": LABELS, "classes": CLASSES, "mean": CLASSES}
"""Where each claim's expectation is computed exactly, and drawn."""


class Table(NamedTuple):
    """What a table of samples is scored in.

    Attributes:
      p: law of the cells (inputs, classes) that are counted.
      q: balanced law of the same cells.
      served: what exact counts serve, given the input.
      centre: the balanced mean label of each class, at every input.
    """

    p: np.ndarray
    q: np.ndarray
    served: np.ndarray
    centre: np.ndarray


def table(world: World[Any]) -> Table:
    """The table of a finite world: its labels' classes by its inputs. By arrays, not by the calculus."""
    q, p, y = (np.array([entry.real().value for entry in row]) for row in (world.q, world.p, world.labels))
    k = np.array([[entry.real().value for entry in row] for row in world.k])
    members = np.eye(max(world.classes) + 1)[list(world.classes)]
    balanced, trained = (k.T * q) @ members, (k.T * p) @ members
    served = trained * (q @ members) / (p @ members)
    centre = np.broadcast_to((q * y) @ members / (q @ members), balanced.shape)
    return Table(trained, balanced, served / served.sum(axis=1, keepdims=True), centre)


def cost(own: Table, claim: str, shares: np.ndarray) -> np.ndarray:
    """What tables of samples lose beyond exact counts, input by input: (samples, inputs).

    Args:
      claim: of the ledger: `mean` in squared error, the others in log-loss.
      shares: frequencies, (samples, inputs, classes).
    """
    mended = own.served * shares / own.p
    mended = mended / mended.sum(axis=2, keepdims=True)
    if claim == "mean":
        away: np.ndarray = ((mended - own.served) * own.centre).sum(axis=2)
        return away**2 * own.q.sum(axis=1)
    # log(1 + e) of what is near 1 keeps its digits.
    loss: np.ndarray = -np.log1p((mended - own.served) / own.served)
    return (loss * own.q).sum(axis=2)


def checks(evidence: Evidence, result: Result) -> list[Check]:
    """Every statement in finite worlds; each expected cost exactly for tables of four cells and by Monte Carlo, against the limit that the ledger
    states; with `full` on models trained on classes, at several n."""
    page = Page(evidence, result.name)
    statements.add(page, result)
    for claim, world in TABLES.items():
        for line in statements.lines(result, claim, Statement):
            if n_samples in atoms(line.right):
                with page.elsewhere(world.name), suppress(ValueError):
                    limit = leading(line.right, world)
                    _expectation(page, claim, limit)
                    if evidence.fits is not None or evidence.full:
                        _monte_carlo(page, claim, limit)
    return page.checks


def leading(term: Term, world: World[Any]) -> Estimate:
    """n times a term of the ledger in a finite world."""
    near: World[Real] = real(world) if world.kind is Exact else world
    values: Evaluation[Real] = Evaluation(near, {n_samples: dict.fromkeys(near.pairs(), Real(1.0))})
    number = values.number(term)
    return Estimate(number.value, number.error)


@lru_cache(maxsize=16)
def expected(claim: str, n: int) -> Estimate:
    """The sum over inputs of E[cost at x | both cells of x filled], over all counts of its two cells in n samples.

    That the other inputs' cells are filled too changes it by what is exponentially small in n.
    """
    from scipy.special import gammaln, xlogy

    own = table(TABLES[claim])
    first, second = np.nonzero(np.arange(1, n)[:, None] + np.arange(1, n) <= n)
    counts = np.stack([first + 1, second + 1], axis=1)
    rest = n - counts.sum(axis=1)
    coefficient = gammaln(n + 1) - gammaln(counts + 1).sum(axis=1) - gammaln(rest + 1)
    total = size = 0.0
    for x, cells in enumerate(own.p):
        log_mass = coefficient + xlogy(counts, cells).sum(axis=1) + xlogy(rest, 1 - cells.sum())
        mass = np.exp(log_mass - log_mass.max())
        row = Table(*(part[x : x + 1] for part in own))
        terms = mass / mass.sum() * cost(row, claim, counts[:, None, :] / n)[:, 0]
        total, size = total + float(terms.sum()), size + float(np.abs(terms).sum())
    # Logarithms of factorials are known to some units of their size, n log n, and a common error drops out in the normalisation.
    return Estimate(total, (16 + 4 * n * math.log(n)) * EPSILON * size)


def _expectation(page: Page, claim: str, limit: Estimate) -> None:
    ratios = [quotient(expected(claim, n).scaled(float(n)), limit) for n in SIZES]
    note = f"n times E[cost | cells of x filled], n = {SIZES[0]} to {SIZES[-1]}, extrapolated, over its limit"
    page.add(claim, "asymptotic", ONE, richardson(ratios, 2, (1, 2)), note)


@lru_cache(maxsize=16)
def drawn(claim: str, seed: int) -> tuple[tuple[float, float], ...]:
    """n times the mean cost of drawn tables and its standard error, at the two n of `RARE`."""
    own, means = table(TABLES[claim]), []
    for place, rare in enumerate(RARE):
        n = math.ceil(rare / own.p.min())
        generator = np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, place])))
        counts = generator.multinomial(n, own.p.ravel(), size=REPLICATES)
        counts = counts[(counts > 0).all(axis=1)]
        values = n * cost(own, claim, counts.reshape(-1, *own.p.shape) / n).sum(axis=1)
        means.append((float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5))
    return tuple(means)


def _monte_carlo(page: Page, claim: str, limit: Estimate) -> None:
    """At the two n, the next order taken off: an order further is smaller by the ratio of the two."""
    growth = RARE[1] / RARE[0]
    (first, second), errors = ([part / limit.value for part in parts] for parts in zip(*drawn(claim, 0), strict=True))
    ratio = (growth * second - first) / (growth - 1)
    deviation = math.hypot(growth * errors[1], errors[0]) / (growth - 1)
    quantile = normal_quantile(FALSE_ALARM / len(TABLES))
    error = quantile * deviation + SAFETY * abs(ratio - second) / growth + limit.error / abs(limit.value)
    note = f"n times the mean cost over its limit; {REPLICATES} tables for each of two n, 1/n^2 taken off"
    page.add(claim, "asymptotic", ONE, Estimate(ratio, error), note, source="fitted")


def curves(evidence: Evidence) -> dict[str, Any]:
    """For the picture: corrected excess and the cost of estimating against the number of classes, and trained models where they are."""
    return trained_classes.curves(evidence)
