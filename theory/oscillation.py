"""oscillation: two means of one function differ by at most its oscillation times the total variation."""

from __future__ import annotations

from itertools import chain, combinations

from sympy import QQ
from sympy.polys.rings import ring

from theory.record import Claim, Falsifier, Residual, Result, Step


def split(sign: int = 1, rest: int = 1) -> Residual:
    """osc TV - (E_a g - E_b g) over every possible set {a > b} of 2 and of 3 atoms."""
    for size in (2, 3):
        names = [f"a{i}" for i in range(1, size)] + [f"b{i}" for i in range(1, size)]
        numbers, *gens = ring([*names, *(f"s{i}" for i in range(size)), "osc", "low"], QQ)
        osc, low = gens[-2:]
        above = gens[-2 - size : -2]  # g_i - low, between 0 and osc
        a, b = gens[: size - 1], gens[size - 1 : 2 * size - 2]
        a, b = [*a, 1 - sum(a, numbers.zero)], [*b, 1 - sum(b, numbers.zero)]
        subsets = chain.from_iterable(combinations(range(size), k) for k in range(size + 1))
        for larger in subsets:
            variation = sum((a[i] - b[i] for i in larger), numbers.zero)
            means = sum(((a[i] - b[i]) * (low + above[i]) for i in range(size)), numbers.zero)
            terms = sum(
                (
                    (osc - above[i]) * (a[i] - b[i]) * sign if i in larger else above[i] * (b[i] - a[i]) * rest
                    for i in range(size)
                ),
                numbers.zero,
            )
            yield osc * variation - means - terms


RESULT = Result(
    name="oscillation",
    title="Means under two laws",
    question="How far apart are the means of one function under two laws?",
    assumptions=("g takes values in [low, low + osc]",),
    claims=(
        Claim(
            name="means",
            kind="upper bound",
            statement="|E_a g - E_b g| <= osc(g) TV(a, b).",
            latex=r"|E_a g - E_b g| \le \mathrm{osc}(g)\,\mathrm{TV}(a, b)",
            proof=(
                Step(
                    "With s = g - low: osc TV - (E_a g - E_b g) = sum over {a > b} of (osc - s_i)(a_i - b_i) plus sum over the rest of "
                    "s_i (b_i - a_i), products of factors that are not negative (2 and 3 atoms, every set {a > b}). Exchange a and b "
                    "for the other sign.",
                    split,
                ),
            ),
            falsifiers=(
                Falsifier("sign", "the first sum is taken off", lambda: split(sign=-1)),
                Falsifier("dropped", "the second sum is left out", lambda: split(rest=0)),
            ),
        ),
    ),
    source="standard",
    lemma=True,
)
