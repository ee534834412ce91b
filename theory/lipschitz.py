"""lipschitz: among Lipschitz functions of a uniform variable, the straight line has the largest log E e^l - E l."""

from __future__ import annotations

from itertools import pairwise, permutations

from sympy import QQ, Symbol, diff, exp, sinh, symbols
from sympy.polys.rings import ring

from theory.gibbs import gap, t
from theory.record import Claim, Falsifier, Residual, Result, Step

y, g = symbols("y g", real=True)
L, d = symbols("L d", positive=True)
u = Symbol("u", positive=True)


def straddled(circular: bool = False, neighbours: bool = True) -> Residual:
    """Every gap between neighbouring sorted values is contained in a step of the sequence, for all orders of up to 5 values."""
    for size in (2, 3, 4, 5):
        for order in permutations(range(size)):
            steps = list(pairwise(order)) if neighbours else [(order[0], order[1])]
            covered = {gap for a, b in steps for gap in range(min(a, b), max(a, b))}
            yield covered == set(range(size - 1 + circular))


def association(half: int = 2) -> Residual:
    """n^2 Cov(a, b) against a sum of products of differences."""
    for size in (2, 3, 4):
        _, *gens = ring([f"a{i}" for i in range(size)] + [f"b{i}" for i in range(size)], QQ)
        a, b = gens[:size], gens[size:]
        covariance = size * sum((p * q for p, q in zip(a, b, strict=True)), a[0] * 0) - sum(a, a[0] * 0) * sum(
            b, b[0] * 0
        )
        products = sum(((a[i] - a[j]) * (b[i] - b[j]) for i in range(size) for j in range(size)), a[0] * 0)
        yield covariance - products * QQ(1, half)


def tangent(order: int = 1) -> Residual:
    """e^g - 1 - g is the gap of gibbs at t = e^g."""
    return exp(g) - 1 - order * g - gap().subs(t, exp(g))


def line(half: int = 2) -> Residual:
    primitive = exp(L * y) / L
    mean = (primitive.subs(y, d / half) - primitive.subs(y, -d / half)) / d
    width = L * d / 2
    return [diff(primitive, y) - exp(L * y), (mean - sinh(width) / width).rewrite(exp), (d / 2) ** 2 - (-d / 2) ** 2]


RESULT = Result(
    name="lipschitz",
    title="The straight line is the worst Lipschitz function",
    question="How large can log E e^l - E l be for a Lipschitz function of a uniform variable?",
    assumptions=("y uniform on an interval of length d", "|l(y) - l(z)| <= L |y - z|"),
    claims=(
        Claim(
            name="line_is_worst",
            kind="upper bound",
            statement="log E e^l - E l <= log(sinh(u)/u) with u = L d/2, with equality for l = L y.",
            latex=r"\log E\,e^{l} - E\,l \le \log\frac{\sinh u}{u}, \quad u = \frac{L d}{2}, \qquad \text{equality for } l = L y",
            proof=(
                Step(
                    "Take the values of l at the n midpoints of a grid; steps of the sequence are at most L d/n. Sorted, its steps are "
                    "no larger: the gap between two neighbours in size lies within a step of the sequence (all orders of up to 5 "
                    "values). So l may be taken as increasing, with steps from 0 to L d/n.",
                    straddled,
                ),
                Step(
                    "Then L y - l is increasing too, and two increasing sequences have Cov(a, b) = (1/2n^2) sum_ij (a_i - a_j)(b_i - b_j) "
                    ">= 0, a sum of products of one sign (2, 3, 4 values).",
                    association,
                ),
                Step(
                    "With g = L y - l, centred: e^g >= 1 + g, because e^g - 1 - g is t - 1 - log t at t = e^g (gibbs, log_bound). So "
                    "E e^(l + g) >= E e^l + Cov(e^l, g) >= E e^l, while E(l + g) = E l. Let n grow.",
                    tangent,
                ),
                Step(
                    "For the line, the mean of e^(L y) over an interval of length d about 0 is sinh(u)/u, and E l = 0.",
                    line,
                ),
            ),
            falsifiers=(
                Falsifier("whole width", "u = L d in place of L d/2", lambda: line(1)),
                Falsifier(
                    "covariance", "the covariance is taken for the whole sum of products", lambda: association(1)
                ),
                Falsifier(
                    "one step", "the first step alone is taken to cover all gaps", lambda: straddled(neighbours=False)
                ),
                Falsifier("steeper tangent", "e^g >= 1 + 2 g", lambda: tangent(2)),
            ),
        ),
    ),
    source="this project; rearrangement and Chebyshev's association inequality are classical",
    lemma=True,
)
