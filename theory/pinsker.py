"""pinsker: a divergence bounds the total variation."""

from __future__ import annotations

from itertools import combinations

from sympy import QQ, Rational, diff, log, symbols
from sympy.polys.ring_series import rs_log
from sympy.polys.rings import ring

from theory.logarithms import Part, divergence, gibbs_terms, total, weights
from theory.record import Claim, Falsifier, Residual, Result, Step

a, b = symbols("a b", positive=True)


def two_points(constant: int = 2) -> Residual:
    """f(b) = kl(a||b) - 2 (a - b)^2: zero at b = a, and f'(b) (b - a) an explicit square over b (1 - b)."""
    f = a * log(a / b) + (1 - a) * log((1 - a) / (1 - b)) - constant * (a - b) ** 2
    return [f.subs(b, a), diff(f, b) * (b - a) * b * (1 - b) - ((b - a) * (1 - 2 * b)) ** 2]


def merge(weight: int = 1) -> Residual:
    """KL minus that of two merged atoms is a sum of divergences, for every two-way split of three atoms."""
    first, second = weights(3, "a", "b")
    for size in (1, 2):
        for chosen in combinations(range(3), size):
            sides = [list(chosen), [i for i in range(3) if i not in chosen]]
            masses = [(total([first[i] for i in side]), total([second[i] for i in side])) for side in sides]
            parts = [
                Part(A if weight else B, [first[i] / A for i in side], [second[i] / B for i in side])
                for side, (A, B) in zip(sides, masses, strict=True)
            ]
            inner, equal = gibbs_terms(parts)
            merged = divergence([A for A, _ in masses], [B for _, B in masses])
            yield divergence(first, second) - merged - inner
            yield equal


def centred(constant: int = 2, sign: int = -1) -> Residual:
    """KL(1/2 || 1/2 + e) = -(1/2) log(1 - 4 e^2) = 2 e^2 + 4 e^4 + ..."""
    _, e = ring("e", QQ)
    return rs_log(1 + sign * 4 * e**2, e, 6) * QQ(-1, 2) - constant * e**2 - 4 * e**4


def halves(sign: int = -1) -> Residual:
    e = symbols("e", positive=True)
    product = (Rational(1, 2) + e) * (Rational(1, 2) - e)
    return 4 * product - (1 + sign * 4 * e**2)


RESULT = Result(
    name="pinsker",
    title="Pinsker's inequality",
    question="How far apart can two laws of small divergence be?",
    assumptions=("laws on the same atoms; TV is half the sum of |a_i - b_i|",),
    claims=(
        Claim(
            name="two_points",
            kind="upper bound",
            statement="2 (a - b)^2 <= a log(a/b) + (1 - a) log((1 - a)/(1 - b)) for a, b in (0, 1).",
            latex=r"2(a - b)^2 \le a\log\frac ab + (1 - a)\log\frac{1 - a}{1 - b} \quad (0 < a, b < 1)",
            proof=(
                Step(
                    "The difference f(b) is zero at b = a, and f'(b) (b - a) = (b - a)^2 (1 - 2b)^2 / (b (1 - b)) >= 0: f falls "
                    "before a and rises after.",
                    two_points,
                ),
            ),
            falsifiers=(
                Falsifier("four", "4 (a - b)^2", lambda: two_points(4)),
                Falsifier("three", "3 (a - b)^2", lambda: two_points(3)),
            ),
        ),
        Claim(
            name="total_variation",
            kind="upper bound",
            statement="2 TV(a, b)^2 <= KL(a||b).",
            latex=r"2\,\mathrm{TV}(a, b)^2 \le \mathrm{KL}(a\|b)",
            proof=(
                Step(
                    "Merging atoms into {a > b} and the rest lowers KL by a sum of divergences (every split of 3 atoms; log_sum), and "
                    "TV is the difference of the masses of {a > b}: two_points does the rest.",
                    merge,
                ),
            ),
            falsifiers=(
                Falsifier("weight", "the inner divergences are weighted with b", lambda: merge(0)),
                Falsifier("four", "two_points with 4", lambda: two_points(4)),
            ),
        ),
        Claim(
            name="sharp",
            kind="asymptotic",
            statement="KL / (2 TV^2) -> 1 for a = (1/2, 1/2), b = (1/2 + e, 1/2 - e), e -> 0.",
            latex=r"\frac{\mathrm{KL}\big((\tfrac12, \tfrac12)\,\|\,(\tfrac12 + e, \tfrac12 - e)\big)}{2 e^2} \to 1 "
            r"\quad (e \to 0)",
            proof=(
                Step("KL = -(1/2) log(4 (1/2 + e)(1/2 - e)) and 4 (1/2 + e)(1/2 - e) = 1 - 4 e^2.", halves),
                Step("-(1/2) log(1 - 4 e^2) = 2 e^2 + 4 e^4 + O(e^6), while TV = e.", centred),
            ),
            falsifiers=(
                Falsifier("one", "KL ~ e^2", lambda: centred(1)),
                Falsifier("sign", "log(1 + 4 e^2)", lambda: centred(sign=1)),
            ),
        ),
    ),
    source="Pinsker 1964, with the constant of Csiszar and Kullback",
    lemma=True,
)
