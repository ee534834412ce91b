"""estimation: what an estimated posterior costs, on tables and trained models; the adviser's formula beside the theory's."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from worlds import evidence, holds, rejected

from numerics.checks import estimation, trained_classes
from numerics.laws import densities
from theory.estimation import QUADRATIC, QUADRATIC_CLASSES, QUADRATIC_MEAN, p_xc, q_cx
from theory.numbers import Real
from theory.terms import E
from theory.worlds import World, exact
from unskew import cells as fine
from unskew import classes, labels
from unskew.estimation import BEYOND, costs
from unskew.label_files.column import column_of


@pytest.mark.parametrize("density", [*densities.NAMES, "exp(-6*y)"])
def test_checks_hold(density: str) -> None:
    holds("estimation", density)


def test_every_check_can_fail() -> None:
    """Each check of the skewed density is rejected by a wrong version, not only one of its neighbours."""
    own, wrong = rejected("estimation", "skewed")
    assert own <= wrong


def test_the_sum_of_the_sheet_is_wrong_for_classes() -> None:
    """With q(c|x) in the place of phat(c|x): 2.6 % off in a world whose inputs tell the labels of a class apart, where exact expectations say so."""
    own = estimation.leading(QUADRATIC_CLASSES.right, estimation.CLASSES).value
    sheet = estimation.leading(E((1 - q_cx) / p_xc), estimation.CLASSES).value / 2
    n = 512
    exactly = n * estimation.expected("classes", n).value
    assert abs(exactly - own) < 0.3 * abs(exactly - sheet)


def test_monte_carlo_of_the_sheet() -> None:
    """A table of 3 by 4 with 200,000 samples: the mean excess of drawn tables within four standard errors of the sum."""
    world = exact(
        "three labels, four inputs",
        q="1/3 1/3 1/3",
        p="1/10 1/5 7/10",
        k=("2/5 3/10 1/5 1/10", "1/4 1/4 1/4 1/4", "1/10 1/5 3/10 2/5"),
        classes=(0, 1, 2),
        labels="0 1 2",
    )
    own, n = estimation.table(world), 200_000
    counts = np.random.default_rng(0).multinomial(n, own.p.ravel(), size=20_000).reshape(-1, *own.p.shape)
    values = n * estimation.cost(own, "excess", counts / n).sum(axis=1)
    expected = estimation.leading(QUADRATIC.right, world).value
    assert abs(values.mean() - expected) < 4 * values.std() / math.sqrt(len(values)) + 10 * expected / (n * own.p.min())


def test_what_the_library_charges_is_the_ledgers_sum() -> None:
    """Labels 0 to 5 with Gaussian noise 1: the table of inputs by hand, the sums by the ledger's evaluation, the library by its own."""
    values = np.repeat(np.arange(6.0), [400, 300, 150, 80, 40, 30])
    cells, edges, noise = fine.make(labels.labels_of(column_of(values, "y"))), (0, 2, 3, 6), 1.0
    ends = np.arange(-BEYOND, 6 + BEYOND) * noise
    ends = [-math.inf, *ends[1:-1], math.inf]

    def below(distance: float) -> float:
        return math.erfc(-distance / math.sqrt(2)) / 2

    rows = [[abs(below(-abs(b - y)) - below(-abs(a - y))) if (a - y) * (b - y) > 0 else below(b - y) - below(a - y) for a, b in pairwise(ends)] for y in range(6)]  # fmt: skip
    world = World(
        "six labels",
        *(tuple(map(Real, law.tolist())) for law in (cells.q, cells.p)),
        tuple(tuple(map(Real, row)) for row in rows),
        (0, 0, 1, 2, 2, 2),
        tuple(map(Real, map(float, range(6)))),
        tuple(range(len(rows[0]))),
        Real,
    )
    (charged,) = costs(cells, [edges], noise)
    for library, term in ((charged.log, QUADRATIC_CLASSES.right), (charged.squared, QUADRATIC_MEAN.right)):
        assert library == pytest.approx(estimation.leading(term, world).value / len(values), rel=1e-9)


def test_few_samples_carry_few_classes() -> None:
    """The choice in log-loss grows with the sample; priors alone would have let 12 through where 2 are best."""
    noise, chosen = 0.1, []
    for n in (300, 3_000, 300_000):
        u = (np.arange(n) + 0.5) / n
        chosen.append(len(classes.Classes.fit(-np.log1p(-u * -math.expm1(-3.0)) / 3.0, noise, "log").p))
    assert chosen[0] < chosen[1] < chosen[2]
    assert chosen[0] <= 2


def test_tables_of_samples_lose_what_is_expected_where_they_are_filled() -> None:
    """32,000 samples: within 25 % of the expected cost on top of what is lost anyway; at 500 with twelve classes it is less than half of it."""
    grid = trained_classes.table_of(evidence("skewed").world)
    for K, n, low, high in ((4, 32_000, 0.75, 1.25), (6, 32_000, 0.75, 1.25), (12, 500, 0.2, 0.5)):
        left = trained_classes.expected(grid, K, 10**12).log
        mean = np.mean([each.log for each in trained_classes.measured(grid, K, n, "table")])
        assert low < (mean - left) / (trained_classes.expected(grid, K, n).log - left) < high


def test_the_best_number_for_trained_models_follows_the_expected_one() -> None:
    """A network on 500 samples: two classes, which the ledger's cost says, and not the six that estimated priors alone allow."""
    grid = trained_classes.table_of(evidence("skewed").world)
    loss = {K: np.mean([each.log for each in trained_classes.measured(grid, K, 500, "network")]) for K in (2, 6)}
    own = {K: trained_classes.expected(grid, K, 500).log for K in trained_classes.COUNTS}
    priors = {K: trained_classes.priors_only(grid, K, 500) for K in trained_classes.COUNTS}
    assert min(own, key=own.__getitem__) == 2
    assert min(priors, key=priors.__getitem__) == 6
    assert loss[2] < loss[6]
