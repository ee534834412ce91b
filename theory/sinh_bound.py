"""sinh_bound: the logarithm of sinh(u)/u grows, and stays below u^2/6."""

from __future__ import annotations

from sympy import QQ, Symbol
from sympy.polys.ring_series import rs_exp, rs_log, rs_trunc
from sympy.polys.rings import ring

from theory.record import Claim, Falsifier, Residual, Result, Step

n = Symbol("n", integer=True, nonnegative=True)
TERMS = 8


def recursion(shift: int = 3) -> Residual:
    """sinh'' = sinh as a recursion of the coefficients a_n of sinh(u)/u, and the first terms against the exponential."""
    _, u = ring("u", QQ)
    order = 2 * TERMS + 2
    sinh = (rs_exp(u, u, order) - rs_exp(-u, u, order)) * QQ(1, 2)
    a, total = QQ(1), u * 0
    for k in range(TERMS + 1):
        total += a * u ** (2 * k + 1)
        a = a / QQ((2 * k + 2) * (2 * k + shift))
    return rs_trunc(sinh - total, u, order)


def termwise(sixth: int = 6) -> Residual:
    """1/ratio of successive coefficients: of sinh(u)/u against exp(u^2/sixth)."""
    excess = (2 * n + 2) * (2 * n + 3) - sixth * (n + 1)
    product = 4 * n * (n + 1)
    return [excess - product, product.is_nonnegative]


def limit(sixth: int = 6, next_term: int = 180) -> Residual:
    _, u = ring("u", QQ)
    ratio = sum((u ** (2 * k) * QQ(1, _odd_factorial(k)) for k in range(4)), u * 0)
    return rs_log(ratio, u, 6) - QQ(1, sixth) * u**2 + QQ(1, next_term) * u**4


def _odd_factorial(k: int) -> int:
    """(2k + 1)!"""
    product = 1
    for factor in range(2, 2 * k + 2):
        product *= factor
    return product


RECURSION = Step(
    "sinh(u)/u = sum_n a_n u^(2n) with a_0 = 1 and a_n = a_(n+1) (2n + 2)(2n + 3), from sinh'' = sinh; the first nine terms agree "
    "with (e^u - e^-u)/2 exactly.",
    recursion,
)

RESULT = Result(
    name="sinh_bound",
    title="A Gaussian bound on sinh(u)/u",
    question="How does log(sinh(u)/u) compare with a parabola?",
    assumptions=("u > 0",),
    claims=(
        Claim(
            name="increasing",
            kind="upper bound",
            statement="log(sinh(u)/u) is increasing in u > 0.",
            latex=r"0 < u < v \;\Rightarrow\; \log\frac{\sinh u}{u} < \log\frac{\sinh v}{v}",
            proof=(
                Step(RECURSION.text + " All coefficients are positive, so every term grows with u.", recursion),
                Step("The factor (2n + 2)(2n + 3) is positive.", lambda: [((2 * n + 2) * (2 * n + 3)).is_positive]),
            ),
            falsifiers=(
                Falsifier("recursion", "(2n + 2)(2n + 1) in the recursion", lambda: recursion(1)),
                Falsifier("cosh", "(2n + 2)(2n + 2) in the recursion", lambda: recursion(2)),
            ),
        ),
        Claim(
            name="sixth",
            kind="upper bound",
            statement="log(sinh(u)/u) <= u^2/6.",
            latex=r"\log\frac{\sinh u}{u} \le \frac{u^2}{6}",
            proof=(
                RECURSION,
                Step(
                    "e^(u^2/6) = sum_n b_n u^(2n) with b_0 = 1 and b_n = b_(n+1) 6 (n + 1); "
                    "(2n + 2)(2n + 3) - 6 (n + 1) = 4 n (n + 1) >= 0, so a_n <= b_n for every n.",
                    termwise,
                ),
            ),
            falsifiers=(
                Falsifier("eighth", "u^2/8 in place of u^2/6", lambda: termwise(8)),
                Falsifier("tenth", "u^2/10 in place of u^2/6", lambda: termwise(10)),
            ),
        ),
        Claim(
            name="small_argument",
            kind="asymptotic",
            statement="log(sinh(u)/u) / (u^2/6) -> 1 as u -> 0.",
            latex=r"\log\frac{\sinh u}{u} \Big/ \frac{u^2}{6} \to 1 \quad (u \to 0)",
            proof=(Step("log(sinh(u)/u) = u^2/6 - u^4/180 + O(u^6), by the exact series.", limit),),
            falsifiers=(
                Falsifier("third", "u^2/3", lambda: limit(3)),
                Falsifier("next term", "the next term with the other sign", lambda: limit(next_term=-180)),
            ),
        ),
    ),
    source="standard",
    lemma=True,
)
